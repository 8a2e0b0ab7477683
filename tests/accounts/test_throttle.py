"""Throttles: so many at once, then one per interval, counted by the database for everybody together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from connector.accounts import throttle
from connector.accounts.throttle import LIMITS, Limit
from connector.errors import TooMany
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support.racing import race

NOW = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def asked(database: Database, kind: str, key: str, at: datetime, times: int) -> int:
    """Ask so many times at that moment; return how many were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            throttle.spend(database, kind, key, at)
        except TooMany:
            continue
        allowed += 1
    return allowed


def rows(database: Database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.Throttle)).scalar_one()


@pytest.mark.parametrize("kind", ["link_per_email", "code_try", "login_page"])
def test_a_burst_is_allowed_and_then_one_per_interval(database: Database, kind: str) -> None:
    """What is allowed comes back one by one, and not before its time."""
    limit = LIMITS[kind]
    assert asked(database, kind, "ada", NOW, limit.burst + 3) == limit.burst
    assert asked(database, kind, "ada", NOW + limit.interval - SECOND / 100, 1) == 0
    assert asked(database, kind, "ada", NOW + limit.interval + SECOND / 100, 2) == 1
    assert asked(database, kind, "ada", NOW + 4 * limit.interval + SECOND / 100, 9) == 3
    assert asked(database, kind, "ada", NOW + timedelta(days=1), limit.burst + 3) == limit.burst


def test_over_a_long_time_the_rate_is_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked ten times a second for two minutes: the burst, and one per second; rounding must not add up."""
    monkeypatch.setitem(LIMITS, "login_page", Limit(60, 60, burst=10))
    allowed = sum(asked(database, "login_page", "ada", NOW + SECOND * i / 10, 1) for i in range(1200))
    assert 10 + 119 <= allowed <= 10 + 120


def test_a_refusal_says_when_to_try_again(database: Database) -> None:
    """Retry-After in whole seconds: at that moment it is allowed."""
    asked(database, "link_per_email", "ada", NOW, 5)
    with pytest.raises(TooMany) as refused:
        throttle.spend(database, "link_per_email", "ada", NOW + 30 * SECOND)
    assert (refused.value.code, refused.value.retry_after) == ("too_many_requests", 150)
    assert asked(database, "link_per_email", "ada", NOW + 180 * SECOND, 1) == 1


def test_kinds_and_keys_are_counted_apart_and_not_kept_as_they_are(database: Database) -> None:
    """Somebody else's requests, and other ones, cost nothing here."""
    assert asked(database, "link_per_email", "ada@acme.example", NOW, 6) == 5
    assert asked(database, "link_per_email", "bob@acme.example", NOW, 1) == 1
    assert asked(database, "code_try", "ada@acme.example", NOW, 1) == 1
    with database.read() as tx:
        assert not any("acme" in key for key in tx.execute(select(t.Throttle.key)).scalars())


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("c1 2001:db8::1", "c1 2001:db8::2", True),
        ("c1 2001:db8::1", "c2 2001:db8::1", False),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
def test_an_ipv6_address_counts_as_its_network(database: Database, one: str, other: str, together: bool) -> None:
    """A subscriber has 2^64 addresses (RFC 6177): counted singly, no limit would ever be reached."""
    assert asked(database, "link_per_email", one, NOW, 5) == 5
    assert asked(database, "link_per_email", other, NOW, 5) == (0 if together else 5)


def test_racing_requests_are_counted_each(fresh_url: str) -> None:
    """24 threads of two processes' worth of Database: as many as the burst get through, whoever they are."""
    databases = [Database.open(fresh_url), Database.open(fresh_url)]
    try:
        verbs = [partial(throttle.spend, databases[i % 2], "code_try", "192.0.2.1", NOW) for i in range(24)]
        allowed, refused = race(verbs)
    finally:
        for each in databases:
            each.close()
    assert (len(allowed), set(refused)) == (20, {"too_many_requests"})


def test_what_is_rolled_back_was_not_counted(database: Database) -> None:
    """Inside a transaction that fails."""

    def work(tx: object) -> None:
        throttle.spend_in(tx, "code_try", "ada", NOW)  # type: ignore[arg-type]
        raise RuntimeError("the rest went wrong")

    with pytest.raises(RuntimeError):
        database.write(work)
    assert rows(database) == 0


def test_rows_that_are_paid_back_are_swept(database: Database) -> None:
    """And no others: what was asked a moment ago still counts."""
    asked(database, "login_page", "ada", NOW, 1)
    asked(database, "link_per_email", "ada", NOW, 5)
    throttle.sweep(database, NOW + 10 * SECOND)
    assert rows(database) == 1
    assert asked(database, "link_per_email", "ada", NOW + 10 * SECOND, 1) == 0


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_every_interval_is_a_whole_number_of_milliseconds(limit: Limit) -> None:
    """SQLite's reckoning knows no smaller ones: a third of one would be lost every time."""
    assert limit.interval % timedelta(milliseconds=1) == timedelta(0)
