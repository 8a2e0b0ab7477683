"""Sequence numbers of events: without gaps, never changed, in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import Connection, insert, select

from connector.organizations import organizations
from connector.provisioning import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support.racing import race

NOW = datetime.now(UTC)


@pytest.fixture
def acme(database: Database) -> str:
    """An organization, whose own first events are numbered already."""
    return _organization(database, "acme")


@pytest.fixture
def server(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL only, where transactions run side by side; SQLite's writers are serial, so that none commits late."""
    database = Database.open(postgres_url)
    yield database
    database.close()


def _organization(database: Database, slug: str) -> str:
    made = organizations.create(database, slug, slug, f"owner@{slug}.example").id
    relay.relay(database)
    return made


def _write(tx: Connection, organization: str, *kinds: str, at: datetime = NOW) -> None:
    for kind in kinds:
        row = {"id": new_id(), "organization_id": organization, "kind": kind, "payload": {}, "created_at": at}
        tx.execute(insert(t.OutboxEvent).values(**row))


def _numbered(database: Database, organization: str) -> list[tuple[str, int | None]]:
    """The events of the test by their number."""
    event = t.OutboxEvent
    found = select(event.kind, event.sequence).where(event.organization_id == organization, event.kind.like("e%"))
    with database.read() as tx:
        return [(kind, number) for kind, number in tx.execute(found.order_by(event.sequence, event.id))]


def test_every_organization_counts_on_its_own(database: Database, acme: str) -> None:
    """One after the other, from where it stopped."""
    other = _organization(database, "other")
    with database.engine.begin() as tx:
        _write(tx, acme, "e1", "e2")
        _write(tx, other, "e1")
        _write(tx, acme, "e3")
    assert relay.relay(database) == 4
    assert relay.relay(database) == 0
    [(_, first), *_] = _numbered(database, acme)
    assert first is not None
    assert _numbered(database, acme) == [("e1", first), ("e2", first + 1), ("e3", first + 2)]
    assert [kind for kind, _ in _numbered(database, other)] == ["e1"]


def test_an_event_that_commits_late_gets_a_late_number(server: Database) -> None:
    """Its id is older than that of an event already numbered and read: it comes after it, and changes nothing of it."""
    database, acme = server, _organization(server, "acme")
    begun, go_on = Event(), Event()

    def slow() -> None:
        with database.engine.begin() as tx:
            _write(tx, acme, "e-late")
            begun.set()
            go_on.wait(10)

    writer = Thread(target=slow)
    writer.start()
    begun.wait(10)
    with database.engine.begin() as tx:
        _write(tx, acme, "e-early")
    relay.relay(database)
    [first, waiting] = [*_numbered(database, acme), ("e-late", None)]
    go_on.set()
    writer.join()
    relay.relay(database)
    assert waiting == ("e-late", None)
    assert _numbered(database, acme) == [first, ("e-late", (first[1] or 0) + 1)]


def test_many_events_are_numbered_in_batches_without_a_gap(database: Database, acme: str) -> None:
    """More than one batch long."""
    with database.engine.begin() as tx:
        _write(tx, acme, *(f"e{number:04}" for number in range(relay.BATCH + 5)))
    assert relay.relay(database) == relay.BATCH + 5
    numbered = _numbered(database, acme)
    assert [kind for kind, _ in numbered] == [f"e{number:04}" for number in range(relay.BATCH + 5)]
    numbers = [number for _, number in numbered]
    assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers)))


def test_two_relays_at_once_leave_no_gap_and_number_nothing_twice(database: Database, acme: str) -> None:
    """The lease makes it rare; the numbers do not depend on it."""
    for _ in range(10):
        with database.engine.begin() as tx:
            _write(tx, acme, *(f"e{number}" for number in range(20)))
        counted, refused = race([lambda: relay.relay(database)] * 4)
        assert (sum(counted), refused) == (20, [])
    numbers = [number or 0 for _, number in _numbered(database, acme)]
    assert numbers == list(range(numbers[0], numbers[0] + 200))


def test_old_events_are_swept_and_counting_goes_on(database: Database, acme: str) -> None:
    """After 30 days; what has no number yet stays, and so does the newest number, from which the next is counted."""
    long_ago = NOW - timedelta(days=30, seconds=1)
    with database.engine.begin() as tx:
        _write(tx, acme, "e-old", at=long_ago)
        _write(tx, acme, "e-last", at=long_ago)
    relay.relay(database)
    last = _numbered(database, acme)[-1][1] or 0
    with database.engine.begin() as tx:
        _write(tx, acme, "e-unnumbered", at=long_ago)
    relay.sweep(database, NOW)
    assert [kind for kind, _ in _numbered(database, acme) if kind != "e-unnumbered"] == ["e-last"]
    relay.relay(database)
    assert ("e-unnumbered", last + 1) in _numbered(database, acme)


def test_events_are_kept_for_thirty_days(database: Database, acme: str) -> None:
    """Not a second less."""
    with database.engine.begin() as tx:
        _write(tx, acme, "e1", "e2", at=NOW - timedelta(days=30) + timedelta(seconds=1))
    relay.relay(database)
    relay.sweep(database, NOW)
    assert len(_numbered(database, acme)) == 2
