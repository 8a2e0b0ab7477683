"""How often somebody may ask for what costs something or could be guessed: counted in the database, for all processes together.

The generic cell rate algorithm (GCRA, ITU-T I.371 annex A): what is kept of a key is one moment, at which all it asked for is
paid back. Every time moves it on by one interval, and it may lie no further ahead than the burst. So a quiet key may ask `burst`
times at once, then once per interval. One statement decides and counts, so of racing requests none is overlooked.

Moments are the caller's: hosts whose clocks differ by some seconds count each other's requests by so much too early or too late.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from sqlalchemy import Connection, Interval, case, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.errors import TooMany
from connector.storage.database import Database
from connector.storage.tables import Throttle


@dataclass(frozen=True, slots=True)
class Limit:
    """`times` in `seconds`, and at most `burst` of them at once."""

    times: int
    seconds: int
    burst: int

    @property
    def interval(self) -> timedelta:
        return timedelta(seconds=self.seconds) / self.times


LIMITS = {
    "login_page": Limit(300, 60, burst=300),  # per address of the client: which way to sign in has an e-mail address
    "sign_on_start": Limit(1200, 60, burst=1200),  # per address: offices have one for many people
    "sign_in_failure": Limit(1200, 60, burst=1200),  # per connection and address
    "link_per_email": Limit(5, 900, burst=5),  # per e-mail address, so that nobody's mailbox is filled
    "link_per_address": Limit(100, 900, burst=100),
    "code_try": Limit(20, 900, burst=20),  # per address: mailed and recovery codes
    "invitation_page": Limit(300, 60, burst=300),  # per address: what an invitation says, and answering it
    "invitation_per_email": Limit(20, 3600, burst=20),  # per e-mail address, so that nobody's mailbox is filled
    "invitation_per_organization": Limit(1000, 3600, burst=1000),
    "invitation_resend": Limit(5, 3600, burst=5),  # per invitation
    "organization": Limit(30, 3600, burst=30),  # per person: new organizations
    "unknown_key": Limit(120, 60, burst=120),  # per address: API keys that nobody has
    "unknown_setup_link": Limit(60, 60, burst=60),  # per address: set-up links that nobody made
    "token_endpoint": Limit(120, 60, burst=120),  # per address: refused requests
}

_CHUNK = 10_000  # rows deleted in one transaction: on SQLite every writer waits for it


def spend(database: Database, kind: str, key: str, now: datetime) -> None:
    """Count one of `kind` (of LIMITS) for `key`. Raises TooMany `too_many_requests`, and then counts nothing; Unavailable."""
    database.write(lambda tx: spend_in(tx, kind, key, now))


def spend_in(tx: Connection, kind: str, key: str, now: datetime) -> None:
    """The same inside a transaction: what is rolled back was not counted."""
    limit, hashed = LIMITS[kind], _hashed(kind, key)
    ahead = now + limit.interval * (limit.burst - 1)
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    moved = case((Throttle.until < now, now + limit.interval), else_=_later(tx, limit.interval))
    counted = insert(Throttle).values(key=hashed, until=now + limit.interval)
    counted = counted.on_conflict_do_update(index_elements=["key"], set_={"until": moved}, where=Throttle.until <= ahead)
    if tx.execute(counted.returning(Throttle.key)).first() is None:
        raise _too_many(tx.execute(select(Throttle.until).where(Throttle.key == hashed)).scalar_one_or_none() or ahead, ahead)


def sweep(database: Database, now: datetime) -> None:
    """Delete the rows that are paid back: a key without a row may ask as often as one with a moment that has passed."""
    some = select(Throttle.key).where(Throttle.until <= now).limit(_CHUNK)
    # "until" once more: a row that was spent from since it was chosen stays.
    paid = delete(Throttle).where(Throttle.key.in_(some), Throttle.until <= now)
    while database.write(lambda tx: tx.execute(paid).rowcount) == _CHUNK:
        pass


def _later(tx: Connection, interval: timedelta) -> Any:
    """The kept moment and one interval, computed by the database. SQLite reckons in milliseconds, of which ours are whole ones;
    moments are kept there with six digits."""
    if tx.dialect.name == "postgresql":
        return Throttle.until + literal(interval, Interval())
    return func.strftime("%Y-%m-%d %H:%M:%f", Throttle.until, f"+{interval.total_seconds():.3f} seconds") + "000"


def _too_many(until: datetime, ahead: datetime) -> TooMany:
    seconds = max(1, math.ceil((until - ahead).total_seconds()))
    return TooMany(
        "too_many_requests",
        f"That was asked too often from here. It may be asked again in {seconds} seconds.",
        retry_after=seconds,
        expected="fewer requests",
        advice="Wait that long, then try once more.",
    )


def _hashed(kind: str, key: str) -> str:
    """Addresses of people and machines are not kept as they are."""
    told = " ".join(_network(part) for part in key.split(" "))
    return hashlib.sha256(f"{kind}\0{told}".encode(errors="replace")).hexdigest()


def _network(text: str) -> str:
    """An IPv6 address counts as its /64, which is what one subscriber has; everything else as it is."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
