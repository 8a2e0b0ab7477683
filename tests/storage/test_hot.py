"""What every request runs goes by an index on SQLite too, where nobody tells the planner how many rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from connector.accounts import keys, sessions
from connector.directory import access, burst, groups, lookups, members, users
from connector.organizations import mine
from connector.provisioning import facts, setting
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.tables import metadata

EVERYBODY = {"_ALL_USERS", "_ALL_MEMBERS", "_ALL_PLACES", "_FROM_START", "_FROM_CURSOR"}
"""What reads everybody, or a page of them, may walk through a table."""


def hot_statements() -> Iterator[tuple[str, Hot]]:
    """Every statement of the rooms that serve pushes, and of what says who asks, by its name."""
    rooms: tuple[ModuleType, ...] = (access, burst, facts, groups, keys, lookups, members, mine, sessions, setting, users)
    for room in rooms:
        for name, value in vars(room).items():
            several = value.items() if isinstance(value, dict) else [("", value)]
            for key, statement in several:
                if isinstance(statement, Hot) and name not in EVERYBODY and key != "postgresql":
                    yield f"{room.__name__.rpartition('.')[2]}.{name} {key}".strip(), statement


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Database]:
    """A migrated SQLite file without statistics."""
    database = Database.open(sqlite_url)
    yield database
    database.close()


@pytest.mark.parametrize("statement", [pytest.param(hot, id=name) for name, hot in hot_statements()])
def test_no_table_is_walked_through(on_sqlite: Database, statement: Hot) -> None:
    """Each row: a statement; its plan searches every table, and memberships by more than their organization."""
    with on_sqlite.read() as tx:
        text = statement.form(tx.dialect).text
        driver = tx.connection.driver_connection
        assert driver is not None
        plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {text}", ["[]"] * text.count("?")).fetchall()]
    walked = [line for line in plan if re.match(rf"SCAN ({'|'.join(metadata.tables)})\b", line)]
    assert walked == []
    assert not [line for line in plan if re.fullmatch(r"SEARCH membership USING .*\(organization_id=\?\)", line)]
