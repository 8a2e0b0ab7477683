"""The provisioning log as it is read."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from connector.directory import log, newest
from connector.errors import Invalid
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world
from tests.support.statements import statements


def test_the_provisioning_log_tells_the_newest_of_one_connection(database: Database) -> None:
    """Newest first, of this connection only."""
    okta = world.live(database)
    entra = okta.another()
    for name in ("ada", "bob", "cleo"):
        okta.create(name)
    entra.create("dora")
    newest = log.list_(database, okta.organization, okta.connection, limit=2)
    assert [item.meaning for item in newest.items] == ["create user cleo", "create user bob"]
    [staged] = entra.log()
    assert (staged.meaning, staged.status, staged.changes) == ("create user dora", 201, ())


def test_what_was_written_is_read_back_as_it_was(database: Database) -> None:
    """Times are aware and in UTC; a change tells whom, what, before, after and why."""
    acme = world.live(database)
    acme.create("ada")
    moment = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    with database.engine.begin() as tx:
        tx.execute(update(t.ProvisioningLog).values(at=moment))
    [item] = acme.log()
    assert item.at == moment
    assert set(item.changes[0]) == {"email", "target", "before", "after", "because"}
    assert (item.expected, item.advice) == ("", "")


def test_the_log_of_all_connections_is_one_list(database: Database) -> None:
    """Whatever the connection, the newest come first, and pages meet without a gap."""
    okta = world.live(database)
    entra = okta.another()
    for name in ("ada", "bob", "cleo"):
        okta.create(name)
        entra.create(name)
    first = log.list_(database, okta.organization, None, limit=4)
    second = log.list_(database, okta.organization, None, limit=4, after=first.next)
    told = [(item.connection, item.meaning) for item in (*first.items, *second.items)]
    pushed = [(home.connection, f"create user {name}") for name in ("ada", "bob", "cleo") for home in (okta, entra)]
    assert told == pushed[::-1]
    assert second.next is None


def test_the_log_is_searched_by_meaning_outcome_and_time(database: Database) -> None:
    """Filters hold together; what stands in the text for a search is no wildcard."""
    acme = world.live(database)
    for name in ("ada", "bob", "a_a"):
        acme.create(name)
    refused: dict[str, Any] = {"status": 409, "arrived": "Taken.", "expected": "another", "advice": "Look."}
    log.record_refusal(database, acme.client, meaning="create user ADA", **refused)

    def found(**filters: Any) -> list[str]:
        return [item.meaning for item in log.list_(database, acme.organization, None, limit=9, **filters).items]

    assert found(q="ada") == ["create user ADA", "create user ada"]
    assert found(q="ada", refused=True) == ["create user ADA"]
    assert found(q="a_a", refused=False) == ["create user a_a"]
    [newest] = log.list_(database, acme.organization, acme.connection, limit=1).items
    assert found(until=newest.at)[0] == "create user a_a"
    assert found(since=newest.at) == ["create user ADA"]


def test_a_search_among_very_many_goes_on_page_by_page(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks through a bounded number of entries, and says where to look on when too few of them were right."""
    acme = world.live(database)
    for name in ("ada", "bob", "cleo", "dora", "emil"):
        acme.create(name)
    monkeypatch.setattr(newest, "LOOKED", 2)
    pages, after = [], None
    for _ in range(4):
        page = log.list_(database, acme.organization, acme.connection, limit=5, q="ada", after=after)
        pages.append([item.meaning for item in page.items])
        after = page.next
        if after is None:
            break
    assert pages == [[], [], ["create user ada"]]


def test_pages_of_the_log_take_the_same_statements_whatever_there_is(database: Database) -> None:
    """Two more connections and twenty more requests make no statement more."""
    acme = world.live(database)
    acme.create("ada")

    def sent() -> int:
        with statements(database.engine) as seen:
            log.list_(database, acme.organization, None, limit=50, q="user", refused=False)
        return len(seen)

    before = sent()
    for number in range(10):
        acme.create(f"n{number}")
    acme.another().create("zoe")
    assert sent() == before


@pytest.mark.parametrize("place", ["nonsense", "2026-11-22", "2026-11-22T00:00:00Z \x00", "0001-01-01T00:00:00+23:00 x"])
def test_a_page_that_begins_nowhere_is_refused(database: Database, place: str) -> None:
    """Whatever stands in the address, it is no failure of the database."""
    acme = world.live(database)
    with contextlib.suppress(Invalid):
        assert log.list_(database, acme.organization, None, limit=5, after=place).items == ()
