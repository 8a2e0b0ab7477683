"""The databases every test may ask for.

- `database`: an open, migrated, empty `Database`; the test runs twice, on SQLite and on PostgreSQL.
- `fresh_url`: the URL of such a database, not opened, on either; for tests that start processes of their own.
- `sqlite_url`, `postgres_url`: the same on one of them, for what only that one can do.

PostgreSQL is a real one that the run starts itself (`support/postgres.py`), or the server at CONNECTOR_TEST_DATABASE_URL, whose
user must be allowed to create databases. No fixture sets the clock: what depends on time takes `now` as an argument.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy.engine import make_url

from connector.storage.database import Database
from tests.support import databases, postgres

DIRECTORY = pytest.StashKey[Path]()

# A busy machine makes single examples slow; that says nothing about the program.
hypothesis.settings.register_profile("connector", deadline=None)
hypothesis.settings.load_profile("connector")


def pytest_configure(config: pytest.Config) -> None:
    """The first process of the run makes the directory; its workers are told where it is."""
    told = getattr(config, "workerinput", {}).get("connector_directory")
    config.stash[DIRECTORY] = Path(told) if told else postgres.new_directory()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the directory of the run is."""
    node.workerinput["connector_directory"] = str(node.config.stash[DIRECTORY])


def pytest_unconfigure(config: pytest.Config) -> None:
    """When the first process of the run ends, so does PostgreSQL, and the directory goes."""
    if hasattr(config, "workerinput"):
        return
    directory = config.stash[DIRECTORY]
    given = _given_server()
    if given and (directory / "template.lock").exists():
        databases.drop_template(directory, given)
    postgres.stop(directory)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line that tests were skipped for want of a browser, and how to get one."""
    reasons = {str(each.longrepr[2]).removeprefix("Skipped: ") for each in terminalreporter.stats.get("skipped", ())}
    for reason in reasons:
        if "Chromium" in reason:
            terminalreporter.write_line(reason, yellow=True)


def _given_server() -> str | None:
    url = os.environ.get("CONNECTOR_TEST_DATABASE_URL")
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False) if url else None


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """The directory of this test run, shared by its workers."""
    return pytestconfig.stash[DIRECTORY]


@pytest.fixture(scope="session")
def postgres_server(run_directory: Path) -> str:
    """The URL of a running PostgreSQL server, at a database to give commands in."""
    return _given_server() or postgres.start(run_directory)


@pytest.fixture(scope="session")
def _postgres_of_worker(run_directory: Path, postgres_server: str) -> Iterator[str]:
    """The database that the tests of one worker empty and fill in turn."""
    yield from _cloned(run_directory, postgres_server)


@pytest.fixture
def postgres_url(run_directory: Path, postgres_server: str) -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database that no other test has touched."""
    yield from _cloned(run_directory, postgres_server)


@pytest.fixture
def sqlite_url(run_directory: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    return databases.copy_sqlite(databases.sqlite_template(run_directory), tmp_path / "connector.db")


def _cloned(directory: Path, server: str) -> Iterator[str]:
    url = databases.clone_postgresql(server, databases.postgresql_template(directory, server))
    yield url
    databases.drop_postgresql(server, databases.name_in(url))


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database, first on SQLite, then on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database, open: first on SQLite, then on PostgreSQL."""
    on_sqlite = request.param == "sqlite"
    opened = Database.open(request.getfixturevalue("sqlite_url" if on_sqlite else "_postgres_of_worker"))
    if not on_sqlite:
        databases.empty_postgresql(opened)
    yield opened
    opened.close()
