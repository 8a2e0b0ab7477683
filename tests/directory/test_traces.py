"""Sign-in traces as admins read them: of one connection or of all, filtered, in pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.directory import traces
from connector.directory.traces import Trace, TraceItem
from connector.storage.database import Database
from tests.support import world
from tests.support.statements import statements
from tests.support.world import World

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def tried(acme: World, code: str, minutes: int, **said: Any) -> None:
    """An attempt so many minutes ago."""
    trace = Trace(acme.connection, said.pop("purpose", "sign_in"), said.pop("stage", "done"), code, **said)
    traces.record(acme.database, trace, NOW - timedelta(minutes=minutes))


def read(acme: World, connection: str | None = None, **asked: Any) -> list[TraceItem]:
    """What an operator reads."""
    return list(traces.list_(acme.database, acme.organization, connection, **asked).items)


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        ({}, [1, 2, 3, 4]),
        ({"refused": True}, [2, 4]),
        ({"refused": False}, [1, 3]),
        ({"purpose": "test"}, [3]),
        ({"stage": "entry"}, [2]),
        ({"stage": "entry", "refused": False}, []),
        ({"reference": "ab12"}, [4]),
        ({"reference": "ab"}, []),
        ({"since": NOW - timedelta(minutes=2)}, [1, 2]),
        ({"until": NOW - timedelta(minutes=2)}, [3, 4]),
    ],
)
def test_filters_hold_together_newest_first(database: Database, asked: dict[str, Any], minutes: list[int]) -> None:
    """From `since` on, before `until`; a reference only whole."""
    acme = world.live(database)
    tried(acme, "ok", 1)
    tried(acme, "blocked", 2, stage="entry")
    tried(acme, "ok", 3, purpose="test")
    tried(acme, "saml_audience", 4, stage="check", reference="ab12")
    assert [(NOW - each.at).seconds // 60 for each in read(acme, **asked)] == minutes


def test_connections_are_read_together_and_alone(database: Database) -> None:
    """In one order, page by page, with the same statements however many there are."""
    acme = world.live(database)
    other = acme.another()
    for minute in range(6):
        tried(acme if minute % 2 else other, "ok", minute)
    first = traces.list_(database, acme.organization, None, limit=4)
    second = traces.list_(database, acme.organization, None, limit=4, after=first.next)
    together = [(NOW - each.at).seconds // 60 for each in (*first.items, *second.items)]
    assert together == [0, 1, 2, 3, 4, 5]
    assert {each.connection for each in read(acme, other.connection)} == {other.connection}
    with statements(database.engine) as few:
        read(acme, limit=1)
    for minute in range(10):
        tried(acme, "ok", minute)
    with statements(database.engine) as more:
        read(acme, limit=10)
    assert len(more) == len(few)
