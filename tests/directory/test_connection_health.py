"""How a connection is: counted, not guessed, and with as many statements for ten people as for a thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from connector.directory import connection_health, log, traces
from connector.directory.connection_health import ConnectionHealth, Rate
from connector.directory.traces import Trace
from connector.errors import NotFound
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world
from tests.support.statements import statements
from tests.support.world import BASE, World

NOW = datetime.now(UTC)


def look(acme: World, now: datetime | None = None) -> ConnectionHealth:
    """How the connection is at a moment."""
    at = now or datetime.now(UTC)
    return connection_health.show(acme.database, acme.organization, acme.connection, base_url=BASE, now=at)


def refused(acme: World) -> None:
    """The IdP asked for something that was refused."""
    log.record_refusal(acme.database, acme.client, meaning="x", status=409, arrived="", expected="", advice="")


def tried(acme: World, code: str, at: datetime, purpose: str = "sign_in") -> None:
    """Somebody tried to sign in."""
    traces.record(acme.database, Trace(acme.connection, purpose, "done", code), at)


def test_requests_and_refusals_are_counted_by_day_and_by_week(database: Database) -> None:
    """What is older than a week counts no more, and what another connection was asked does not count."""
    acme = world.live(database)
    acme.create("ada")
    refused(acme)
    acme.another().create("zoe")
    assert look(acme).pushed == (Rate(2, 1), Rate(2, 1))
    assert look(acme, NOW + timedelta(days=2)).pushed == (Rate(0, 0), Rate(2, 1))
    assert look(acme, NOW + timedelta(days=8)).pushed == (Rate(0, 0), Rate(0, 0))


def test_sign_ins_are_counted_and_the_last_that_succeeded_is_told(database: Database) -> None:
    """A test is no sign-in of somebody, and one that was refused is not the last."""
    acme = world.live(database)
    tried(acme, "ok", NOW - timedelta(hours=3))
    tried(acme, "ok", NOW - timedelta(minutes=2), purpose="test")
    tried(acme, "blocked", NOW - timedelta(minutes=1))
    tried(acme, "ok", NOW - timedelta(days=3))
    found = look(acme)
    assert found.sign_ins == (Rate(3, 1), Rate(4, 1))
    assert found.last_sign_in_at == NOW - timedelta(hours=3)


def test_people_and_groups_are_those_that_are_there(database: Database) -> None:
    """As the lists of SCIM count them."""
    acme = world.live(database)
    acme.group("Engineering", acme.create("ada"), acme.create("bob"))
    acme.delete(acme.create("cleo"))
    found = look(acme)
    assert (found.people, found.groups) == (2, 1)


def test_a_burst_belongs_to_the_connection_where_it_was(database: Database) -> None:
    """With how many of them are out still, until all are back."""
    acme = world.live(database)
    other = acme.another()
    people = [acme.create(f"p{number}") for number in range(14)]
    began = datetime.now(UTC)
    for user in people[:11]:
        acme.edit(user, active=False)
    acme.delete(people[11])
    burst = look(acme).burst
    assert burst is not None
    assert (burst.people, burst.of, burst.still) == (11, 14, 12)
    assert look(other).burst is None
    acme.edit(people[0], active=True)
    assert getattr(look(acme).burst, "still", None) == 11
    acme.carry_out("restore", connection=acme.connection, since=(began - timedelta(minutes=1)).isoformat())
    assert look(acme).burst is None


def test_what_is_held_back_says_of_whom_and_why(database: Database) -> None:
    """Until an owner confirms it, or another says otherwise."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner_on_leave()
    acme.owner("ada")
    assert look(acme).held == ()
    acme.edit(ada, active=False)
    [held] = look(acme).held
    assert held.email == "ada@acme.example"
    assert held.reason
    acme.edit(ada, active=True)
    assert look(acme).held == ()


def test_it_is_the_same_work_for_more_people(database: Database) -> None:
    """Not a statement more, whatever was pushed."""
    acme = world.live(database)

    def sent() -> int:
        with statements(database.engine) as seen:
            look(acme)
        return len(seen)

    before = sent()
    acme.group("Engineering", *(acme.create(f"n{number}") for number in range(8)))
    assert sent() == before


def test_when_it_was_heard_of_is_told_as_it_is_kept(database: Database) -> None:
    """And a connection of another organization is not found."""
    acme = world.live(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(last_heard_at=NOW))
    assert look(acme).last_heard_at == NOW
    beta = world.staged(database, slug="beta", verified=())
    with pytest.raises(NotFound, match="no such connection"):
        connection_health.show(database, beta.organization, acme.connection, base_url=BASE, now=NOW)
