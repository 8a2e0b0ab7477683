"""A request with an idempotency key makes what it makes one time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from connector.errors import Conflict
from connector.provisioning import once
from connector.provisioning.acting import MEMBER, OPERATOR, Standing, act
from connector.provisioning.corridor import Corridor
from connector.provisioning.once import Once, Replayed
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from tests.accounts.people import organization
from tests.support.racing import race

SEALER = Sealer(["a key of the installation"])
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def asked(key: str = "k", fingerprint: str = "f") -> Once:
    """A request with an idempotency key; what is kept of its answer is the id it made."""
    return Once(key, fingerprint, SEALER, str)


def make(database: Database, organization_id: str, request: Once) -> str:
    """Make a team, or say what the first such request made."""

    def work(corridor: Corridor, standing: Standing) -> str:
        made = new_id()
        row = {"id": made, "organization_id": organization_id, "slug": made, "name": "x", "is_default": False}
        corridor.insert(t.Project, [{**row, "created_at": corridor.now}])
        return made

    try:
        return act(database, organization_id, OPERATOR, MEMBER, "made", work, once=request)
    except Replayed as replayed:
        return replayed.text


def made(database: Database) -> int:
    """How many there are."""
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.Project)).scalar_one()


def test_the_same_request_again_makes_nothing_and_gets_the_same_answer(database: Database) -> None:
    """Another key makes another thing."""
    acme = organization(database, "acme")
    first = make(database, acme, asked())
    assert make(database, acme, asked()) == first
    assert make(database, acme, asked("another")) != first
    assert made(database) == 2


def test_several_at_the_same_moment_make_one(database: Database) -> None:
    """All are told of the same thing."""
    acme = organization(database, "acme")
    told, refused = race([lambda: make(database, acme, asked())] * 6)
    assert (len(set(told)), len(told), refused, made(database)) == (1, 6, [], 1)


def test_a_key_is_for_one_request_only(database: Database) -> None:
    """The same key with another body is a mistake of the client, and is told."""
    acme = organization(database, "acme")
    make(database, acme, asked())
    with pytest.raises(Conflict) as caught:
        make(database, acme, asked(fingerprint="another"))
    assert (caught.value.code, made(database)) == ("idempotency_key_reused", 1)


def test_what_failed_is_not_kept(database: Database) -> None:
    """Nothing was made, so the request may be sent again."""
    acme = organization(database, "acme")

    def failing(corridor: Corridor, standing: Standing) -> str:
        raise Conflict("slug_taken", "Taken.")

    with pytest.raises(Conflict):
        act(database, acme, OPERATOR, MEMBER, "made", failing, once=asked())
    assert make(database, acme, asked())


def test_an_answer_is_kept_sealed_and_for_a_day(database: Database) -> None:
    """A key that is shown once may stand in it; afterwards the key of the request is free again."""
    acme = organization(database, "acme")
    answer = make(database, acme, asked())
    with database.read() as tx:
        kept = tx.execute(select(t.KeptAnswer)).one()
        with pytest.raises(Replayed):
            once.find(tx, asked(), kept.created_at + timedelta(hours=23))
    assert answer not in kept.sealed
    once.sweep(database, kept.created_at + once.KEPT)
    assert make(database, acme, asked()) != answer


def test_an_answer_too_old_counts_no_more_even_before_it_is_swept(database: Database) -> None:
    """Whoever asks then makes a new thing."""

    def work(tx: object) -> bool:
        once.keep(tx, asked(), "old", NOW)  # type: ignore[arg-type]
        once.find(tx, asked(), NOW + once.KEPT)  # type: ignore[arg-type]
        once.keep(tx, asked(), "new", NOW + once.KEPT)  # type: ignore[arg-type]
        return True

    assert database.write(work)
