"""Documents of providers: kept for all processes, fetched by one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from connector.directory import documents
from connector.storage.database import Database
from tests.support.racing import race

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://login.example.com/keys"
OWNER = "acme-1"
SECOND = timedelta(seconds=1)


def _kept(database: Database, body: str, at: datetime = NOW) -> None:
    assert documents.claim(database, OWNER, "jwks", URL, at)
    documents.keep(database, OWNER, "jwks", URL, body, at)


def test_a_document_is_found_by_its_address(database: Database) -> None:
    """What is kept of one address is nothing to another, and nothing to another owner."""
    _kept(database, "keys")
    found = documents.read(database, OWNER, "jwks", URL)
    assert found == documents.Document("keys", NOW, NOW, None)
    assert documents.read(database, OWNER, "jwks", URL + "2") is None
    assert documents.read(database, OWNER, "discovery", URL) is None
    assert documents.read(database, "globex-1", "jwks", URL) is None


def test_a_bad_answer_never_takes_the_place_of_a_good_one(database: Database) -> None:
    """The reason is remembered beside it."""
    _kept(database, "keys")
    later = NOW + documents.COOL_DOWN
    assert documents.claim(database, OWNER, "jwks", URL, later)
    documents.fail(database, OWNER, "jwks", URL, "no answer", later)
    assert documents.read(database, OWNER, "jwks", URL) == documents.Document("keys", NOW, later, "no answer")


@pytest.mark.parametrize(("after", "allowed"), [(0, False), (29, False), (30, True), (3600, True)])
def test_the_next_try_waits_for_the_cool_down(database: Database, after: int, allowed: bool) -> None:
    """Whether the last one succeeded or failed."""
    _kept(database, "keys")
    assert documents.claim(database, OWNER, "jwks", URL, NOW + after * SECOND) is allowed


def test_another_address_is_tried_at_once_and_drops_what_was_kept(database: Database) -> None:
    """Keys of the old issuer are no keys of the new one."""
    _kept(database, "keys")
    assert documents.claim(database, OWNER, "jwks", URL + "2", NOW + SECOND)
    assert documents.read(database, OWNER, "jwks", URL) is None
    assert documents.read(database, OWNER, "jwks", URL + "2") == documents.Document(None, None, NOW + SECOND, None)


def test_an_answer_that_comes_too_late_changes_nothing(database: Database) -> None:
    """A slow process does not write over what a faster one fetched after it."""
    _kept(database, "old")
    later = NOW + documents.COOL_DOWN
    _kept(database, "new", later)
    documents.keep(database, OWNER, "jwks", URL, "older", NOW)
    documents.fail(database, OWNER, "jwks", URL, "no answer", NOW)
    assert documents.read(database, OWNER, "jwks", URL) == documents.Document("new", later, later, None)


def test_a_try_is_under_way_until_it_ends_or_its_process_is_given_up(database: Database) -> None:
    """Others wait for it meanwhile; a process that was killed is not waited for."""
    assert documents.claim(database, OWNER, "jwks", URL, NOW)
    begun = documents.read(database, OWNER, "jwks", URL)
    assert begun is not None
    assert begun.under_way(NOW + SECOND)
    assert not begun.under_way(NOW + 15 * SECOND)
    documents.fail(database, OWNER, "jwks", URL, "no answer", NOW)
    ended = documents.read(database, OWNER, "jwks", URL)
    assert ended is not None
    assert not ended.under_way(NOW + SECOND)


def test_of_many_at_once_one_may_fetch(database: Database) -> None:
    """The first time and after the cool-down."""
    for moment in (NOW, NOW + documents.COOL_DOWN):
        claims, refused = race([partial(documents.claim, database, OWNER, "jwks", URL, moment)] * 8)
        assert sorted(claims) == [False] * 7 + [True]
        assert not refused


def test_what_nobody_asks_for_is_forgotten(database: Database) -> None:
    """After a month."""
    _kept(database, "keys")
    documents.sweep(database, NOW + documents.FORGOTTEN - SECOND)
    assert documents.read(database, OWNER, "jwks", URL) is not None
    documents.sweep(database, NOW + documents.FORGOTTEN)
    assert documents.read(database, OWNER, "jwks", URL) is None
