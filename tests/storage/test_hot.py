"""What every request runs goes by an index on SQLite too, where nobody tells the planner how many rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import connector
from connector.accounts import keys, profile, sessions
from connector.directory import (
    access,
    burst,
    bursts,
    connection_health,
    documents,
    groups,
    home_realm,
    lookups,
    members,
    recognition,
    requests,
    sign_in,
    sign_on,
    signing_keys,
    users,
    warnings,
)
from connector.organizations import check, entitlements, here, mine, reach, settings, single_org, summary
from connector.provisioning import acting, apply, facts, once, setting, setup_link, testimony
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.tables import metadata

PUSHING: tuple[ModuleType, ...] = (access, apply, burst, facts, groups, lookups, members, setting, users)
SIGNING_IN: tuple[ModuleType, ...] = (
    documents, home_realm, keys, mine, recognition, requests, sessions, sign_in, sign_on, signing_keys, testimony,
)  # fmt: skip
ASKING: tuple[ModuleType, ...] = (acting, check, entitlements, here, once, profile, reach, settings, setup_link, single_org)
WATCHING: tuple[ModuleType, ...] = (bursts, connection_health, summary, warnings)
EVERYBODY = {
    "_ALL",
    "_ALL_USERS",
    "_ALL_MEMBERS",
    "_ALL_PLACES",
    "_ALL_SAID",
    "_ALL_CLAIMED",
    "_FROM_START",
    "_FROM_CURSOR",
    "_COUNTS",
}
"""What reads or counts everybody, or a page of them, may walk through a table."""


def hot_statements() -> Iterator[tuple[str, Hot]]:
    """Every statement of the rooms that serve pushes and sign-ins, and of what says who asks and what they may, by its name."""
    for room in (*PUSHING, *SIGNING_IN, *ASKING, *WATCHING):
        for name, value in vars(room).items():
            several = value.items() if isinstance(value, dict) else [("", value)]
            for key, statement in several:
                if isinstance(statement, Hot) and name not in EVERYBODY and key != "postgresql":
                    yield f"{room.__name__.rpartition('.')[2]}.{name} {key}".strip(), statement


def test_every_room_with_such_statements_is_among_them() -> None:
    """But the corridor, whose statements are locks of PostgreSQL."""
    files = [path for path in Path(connector.__file__).parent.rglob("*.py") if path.stem not in ("hot", "corridor")]
    rooms = [room.__file__ for room in (*PUSHING, *SIGNING_IN, *ASKING, *WATCHING)]
    assert sorted(str(path) for path in files if " Hot(" in path.read_text()) == sorted(map(str, rooms))


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
