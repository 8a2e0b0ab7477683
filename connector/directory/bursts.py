"""BURSTS: when many people went out at once, as long as it was not long ago and some of them are still out. `burst.py` tells it
when it happens, and `restore.py` brings them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select

from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.hot import Hot

RECENT = timedelta(days=3)
"""How long it is spoken of: after that it was meant so."""


@dataclass(frozen=True, slots=True)
class Burst:
    """People went out at once: at which connection, how many of how many when it was told, since when, and how many of those who
    went out since then are out still."""

    connection: str
    people: int
    of: int
    since: datetime
    still: int


_TOLD = Hot(
    select(t.OutboxEvent.payload, t.OutboxEvent.created_at)
    .where(t.OutboxEvent.organization_id == bindparam("organization"))
    .where(t.OutboxEvent.once >= "burst:", t.OutboxEvent.once < "burst;", t.OutboxEvent.created_at > bindparam("recent"))
    .order_by(t.OutboxEvent.created_at.desc())
    .limit(1)
)
_SUSPENDED = select(func.count()).where(
    t.Suspension.connection_id == bindparam("connection"),
    t.Suspension.created_at >= bindparam("since"),
    t.Suspension.cause == "directory",
)
_DELETED = select(func.count()).where(
    t.Tombstone.connection_id == bindparam("connection"),
    t.Tombstone.deleted_at >= bindparam("since"),
    t.Tombstone.kind == "user",
    t.Tombstone.restored_at.is_(None),
    t.Tombstone.left.is_not(None),
)
_STILL = Hot(select((_SUSPENDED.scalar_subquery() + _DELETED.scalar_subquery()).label("still")))


def latest(glance: Glance, now: datetime) -> Burst | None:
    """The latest burst of the organization; None when it is long ago, or everybody is back."""
    told = glance.read(_TOLD, {"organization": glance.organization_id, "recent": now - RECENT})
    if not told:
        return None
    said = told[0].payload
    connection, since = said["target"].removeprefix("connection:"), datetime.fromisoformat(said["since"])
    still = still_out(glance, connection, since)
    return Burst(connection, said["people"], said["of"], since, still) if still else None


def still_out(glance: Glance, connection_id: str, since: datetime) -> int:
    """How many of those whom a connection put out since then are out."""
    return int(glance.read(_STILL, {"connection": connection_id, "since": since})[0].still)
