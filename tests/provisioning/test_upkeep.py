"""What time alone brings about: warnings to the owners, and forgetting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from connector.directory import tokens, upkeep
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.world import World

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def _heard(acme: World, at: datetime | None) -> None:
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Connection).where(t.Connection.id == acme.connection).values(last_heard_at=at))


def _expires(acme: World, at: datetime) -> None:
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.ScimToken).values(created_at=NOW - 365 * DAY, expires_at=at))


def _warned(acme: World, kind: str) -> int:
    return len(acme.events(kind))


def test_owners_are_warned_of_a_tokens_end_at_thirty_seven_and_one_days(database: Database) -> None:
    """Each once, however often the work runs; the sentence says what to do."""
    acme = world.staged(database)
    end = NOW + 40 * DAY
    _expires(acme, end)
    counted = []
    for before in (31, 30, 29, 8, 7, 2, 1, 0.5, -1):
        for _ in range(2):
            upkeep.run(database, end - before * DAY)
        counted.append(_warned(acme, "token.expiring"))
    assert counted == [0, 1, 1, 1, 2, 2, 3, 3, 3]
    assert [event["days"] for event in acme.events("token.expiring")] == [30, 7, 1]
    entry = acme.audit("token.expiring")[-1]
    assert entry.actor == "system"
    assert "connector token create" in entry.because[0]


def test_work_that_did_not_run_for_weeks_warns_of_the_nearest_day_only(database: Database) -> None:
    """One warning, not three at once."""
    acme = world.staged(database)
    _expires(acme, NOW + 0.5 * DAY)
    upkeep.run(database, NOW)
    assert [event["days"] for event in acme.events("token.expiring")] == [1]


def test_a_token_made_for_a_week_is_not_warned_of_when_it_is_made(database: Database) -> None:
    """Nobody is told of a month that the token never had."""
    acme = world.staged(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.ScimToken).values(created_at=NOW, expires_at=NOW + 7 * DAY))
    upkeep.run(database, NOW)
    assert _warned(acme, "token.expiring") == 0
    upkeep.run(database, NOW + 6.5 * DAY)
    assert _warned(acme, "token.expiring") == 1


@pytest.mark.parametrize("dead", ["revoked", "of a disabled connection"])
def test_a_token_that_is_of_no_use_is_not_warned_of(database: Database, dead: str) -> None:
    """Its end changes nothing."""
    acme = world.staged(database)
    _expires(acme, NOW + DAY)
    if dead == "revoked":
        tokens.revoke(database, acme.organization, acme.connection, acme.client.token_id)
    else:
        with database.engine.begin() as tx:
            tx.execute(update(t.Connection).values(state="disabled"))
    upkeep.run(database, NOW)
    assert _warned(acme, "token.expiring") == 0


@pytest.mark.parametrize(("state", "warned"), [("live", 1), ("paused", 1), ("staging", 0), ("off", 0)])
def test_a_live_directory_silent_for_a_day_is_told_of(database: Database, state: str, warned: int) -> None:
    """Live or paused, for one silence once; a staged directory may be silent."""
    acme = world.live(database)
    acme.directory(state)
    _heard(acme, NOW)
    upkeep.run(database, NOW + DAY - timedelta(seconds=1))
    assert _warned(acme, "directory.silent") == 0
    for hours in (24, 25, 49):
        upkeep.run(database, NOW + timedelta(hours=hours))
    assert _warned(acme, "directory.silent") == warned


def test_a_second_silence_is_told_of_again(database: Database) -> None:
    """The IdP spoke in between."""
    acme = world.live(database)
    for days in (0, 3):
        _heard(acme, NOW + days * DAY)
        upkeep.run(database, NOW + (days + 1) * DAY)
    assert _warned(acme, "directory.silent") == 2


def test_a_directory_that_never_spoke_is_told_of_too(database: Database) -> None:
    """A day after the connection was made."""
    acme = world.live(database)
    upkeep.run(database, NOW + 2 * DAY)
    assert [event["last_heard_at"] for event in acme.events("directory.silent")] == [None]


def test_after_ninety_days_a_tombstone_remembers_its_id_only(database: Database) -> None:
    """The id is never given again; names, roles and the rehire are forgotten, and the old account opens for nobody."""
    acme = world.live(database)
    ada = acme.create("ada", external_id="00u1")
    person = acme.person_of(ada)
    acme.delete(ada)
    upkeep.run(database, NOW + 90 * DAY - timedelta(hours=1))
    assert _stone(database) == (ada, "ada", "00u1", True)
    upkeep.run(database, NOW + 90 * DAY + timedelta(hours=1))
    assert _stone(database) == (ada, None, None, False)
    again = acme.create("ada", external_id="00u1")
    assert acme.person_of(again) not in (None, person)


def _stone(database: Database) -> tuple[str, str | None, str | None, bool]:
    with database.read() as tx:
        row = tx.execute(select(t.Tombstone)).one()
    return row.id, row.user_name_key, row.external_id, row.left is not None


def test_what_has_had_its_day_is_swept(database: Database) -> None:
    """Plans six days and access tokens a day after their end, log rows after 30 days; what is younger stays."""
    acme = world.live(database)
    acme.create("ada")
    acme.propose("rules", rules=None)
    _access_token(acme, NOW)
    for after, left in ((timedelta(hours=23), (1, 1, 2)), (6 * DAY, (1, 1, 1)), (8 * DAY, (0, 1, 1)), (31 * DAY, (0, 0, 1))):
        upkeep.sweep(database, NOW + after)
        rows = world.rows(database)
        assert (rows["stored_plan"], rows["provisioning_log"], rows["scim_token"]) == left


def _access_token(acme: World, expires: datetime) -> None:
    """An OAuth client with one access token."""
    client, home = new_id(), {"organization_id": acme.organization, "connection_id": acme.connection, "created_at": NOW}
    with acme.database.engine.begin() as tx:
        tx.execute(insert(t.ScimClient).values(id=client, secret_hash="x", **home))
        token = {"id": new_id(), "client_id": client, "token_hash": "y", "hint": "yyyy", "expires_at": expires}
        tx.execute(insert(t.ScimToken).values(**token, **home))
