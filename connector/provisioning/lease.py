"""Who does the periodic work, once for all processes: a row that its holder renews and anybody takes once it ran out.

The time is that of the database, so that hosts whose clocks differ agree on it. SQLite has no clock of its own and one host only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import Connection, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.storage.database import Database
from connector.storage.tables import Lease

LIFE = timedelta(seconds=30)
"""How long a holder that died keeps the work from being done."""


def hold(database: Database, name: str, holder: str, *, life: timedelta = LIFE) -> bool:
    """Take or renew the lease `name`; True when `holder` has it now, for `life`. Raises Unavailable."""
    return database.write(lambda tx: _hold(tx, name, holder, life))


def _hold(tx: Connection, name: str, holder: str, life: timedelta) -> bool:
    now = _now(tx)
    values = {"holder": holder, "until": now + life}
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    mine = or_(Lease.until <= now, Lease.holder == holder)
    taken = insert(Lease).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values, where=mine)
    return tx.execute(taken.returning(Lease.holder)).first() is not None


def release(database: Database, name: str, holder: str) -> None:
    """Let the lease go if `holder` has it, so that nobody waits for its end. Raises Unavailable."""
    database.write(lambda tx: tx.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder)))


def _now(tx: Connection) -> datetime:
    if tx.dialect.name == "postgresql":
        return cast(datetime, tx.execute(select(func.clock_timestamp())).scalar_one())
    return datetime.now(UTC)
