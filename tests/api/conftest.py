"""The API before an installation on each database; `tests/support/api.py` says how to use it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from connector.app import create_app
from connector.config import Settings
from connector.storage.database import Database
from tests.support.api import Api


@pytest.fixture(scope="session")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application for all tests of a worker: `api` gives it the database of the test."""
    folder: Path = tmp_path_factory.mktemp("api")
    return create_app(Settings.from_environment({"CONNECTOR_DATA_DIR": str(folder)}))


@pytest.fixture
def api(_app: Flask, database: Database) -> Api:
    """An empty installation: first on SQLite, then on PostgreSQL."""
    _app.extensions["connector"] = replace(_app.extensions["connector"], database=database)
    return Api(_app, database)
