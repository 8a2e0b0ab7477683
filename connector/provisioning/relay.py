"""The relay numbers outbox events after their commit, per organization, so that a reader of the numbers misses none.

A number given inside the writing transaction would be seen in the order of commits and not of numbers: a reader at 7 could pass
by a 6 that commits later. The relay sees only what is committed, and numbers it by id, after everything numbered before.
One process relays at a time (`lease.py`); should two ever overlap, the unique key on (organization, sequence) turns one back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, func, select, update

from connector.storage.database import Database
from connector.storage.tables import OutboxEvent

BATCH = 1_000
"""Events numbered in one transaction: on SQLite every writer waits for it."""

KEPT = timedelta(days=30)

TO_OWNERS = ("guard.last_owner",)
"""Changes that the owners hear of beside the alerts, which are all the events with `once`."""

TO_PEOPLE = ("invitation.ended", "address.unverified")
"""Changes that those hear of whom they are about."""

Tell = Callable[[Connection, Sequence[str]], object]
"""What is done with the ids of events that somebody should hear of, in the transaction that numbers them."""


def relay(database: Database, tell: Tell | None = None) -> int:
    """Number all committed events that have no number yet; returns how many. Raises Unavailable."""
    numbered = 0
    while _waiting(database):
        numbered += database.write(lambda tx: _number(tx, tell))
    return numbered


def _number(tx: Connection, tell: Tell | None) -> int:
    numbered = tx.execute(_NUMBER.returning(OutboxEvent.id, OutboxEvent.kind, OutboxEvent.once)).all()
    told = sorted(row.id for row in numbered if row.once is not None or row.kind in (*TO_OWNERS, *TO_PEOPLE))
    if told and tell is not None:
        tell(tx, told)
    return len(numbered)


def _waiting(database: Database) -> bool:
    with database.read() as tx:
        return tx.execute(select(OutboxEvent.id).where(OutboxEvent.sequence.is_(None)).limit(1)).first() is not None


def sweep(database: Database, now: datetime) -> int:
    """Delete events older than KEPT; returns how many. Raises Unavailable.

    The newest number of every organization stays, however old: the next number is counted from it and must not begin anew.
    """
    later = OutboxEvent.__table__.alias("later")
    followed = exists().where(later.c.organization_id == OutboxEvent.organization_id, later.c.sequence > OutboxEvent.sequence)
    old = (OutboxEvent.created_at < now - KEPT, OutboxEvent.sequence.is_not(None), followed)
    return database.write(lambda tx: tx.execute(delete(OutboxEvent).where(*old)).rowcount)


_EVENT = OutboxEvent.__table__
_BEFORE = _EVENT.alias("before")
_UNNUMBERED = select(_EVENT.c.id, _EVENT.c.organization_id).where(_EVENT.c.sequence.is_(None))
_FRESH = _UNNUMBERED.order_by(_EVENT.c.id).limit(BATCH).subquery()
_LAST = (
    select(func.coalesce(func.max(_BEFORE.c.sequence), 0))
    .where(_BEFORE.c.organization_id == _FRESH.c.organization_id, _BEFORE.c.sequence.is_not(None))  # so there is an index
    .correlate(_FRESH)
    .scalar_subquery()
)
_PLACE = func.row_number().over(partition_by=_FRESH.c.organization_id, order_by=_FRESH.c.id)
_NUMBERS = select(_FRESH.c.id, (_LAST + _PLACE).label("number")).subquery()
_NUMBER = (
    update(OutboxEvent)
    .values(sequence=_NUMBERS.c.number)
    # "is null" once more: a row that another relay numbered while this one waited for it keeps its number
    .where(OutboxEvent.id == _NUMBERS.c.id, OutboxEvent.sequence.is_(None))
)
