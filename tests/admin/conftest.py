"""The console before an empty installation on SQLite; `tests/support/console.py` says how to use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from connector.app import create_app
from connector.config import Settings
from connector.storage.database import Database
from tests.support.console import Console


@pytest.fixture(scope="session")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application for all tests of a worker: `console` gives it the database of the test."""
    folder: Path = tmp_path_factory.mktemp("console")
    return create_app(Settings.from_environment({"CONNECTOR_DATA_DIR": str(folder)}))


@pytest.fixture
def console(_app: Flask, sqlite_url: str) -> Iterator[Console]:
    """The console of an empty installation. Pages are tested on SQLite: the verbs behind them are tested on both databases."""
    opened = Database.open(sqlite_url)
    _app.extensions["connector"] = replace(_app.extensions["connector"], database=opened)
    yield Console(_app, opened)
    opened.close()
