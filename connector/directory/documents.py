"""Documents that were fetched from a provider and are kept for all processes: its metadata and its keys.

A bad answer never takes the place of a good one, and whoever wants to fetch claims the try first: however many processes and
requests want a new document, the provider is asked once in a cool-down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, and_, bindparam, case, delete, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

Kind = Literal["discovery", "jwks"]

INSTALLATION = "installation"
"""The owner of what belongs to the installation-wide provider; else it is a connection's id."""

COOL_DOWN = timedelta(seconds=30)
"""Between two tries, over all processes."""

FORGOTTEN = timedelta(days=30)
"""A document that nobody asked for so long belongs to a connection that is gone, or that nobody uses."""

_UNFINISHED = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept. `body` and `fetched_at` are of the last good answer; `error` says why the last try failed."""

    body: str | None
    fetched_at: datetime | None
    tried_at: datetime
    error: str | None

    def under_way(self, now: datetime) -> bool:
        """Whether somebody is fetching it at this moment."""
        ended = self.error is not None or self.fetched_at == self.tried_at
        return not ended and self.tried_at > now - _UNFINISHED


def read(database: Database, owner: str, kind: Kind, url: str) -> Document | None:
    """What is kept of that address; None also when another address was kept. Raises Unavailable."""
    with database.read() as tx:
        row = _READ.first(tx, {"owner": owner, "kind": kind, "url": url})
    return None if row is None else Document(*row)


def claim(database: Database, owner: str, kind: Kind, url: str, now: datetime) -> bool:
    """Take the next try: True for one asker in a cool-down, who then calls `keep` or `fail`. Raises Unavailable.

    Another address than the one kept may be tried at once, and what was kept of the old one is gone.
    """
    return database.write(lambda tx: _claim(tx, owner, kind, url, now))


def _claim(tx: Connection, owner: str, kind: Kind, url: str, now: datetime) -> bool:
    row = t.ProviderDocument
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    first = insert(row).values(owner=owner, kind=kind, url=url, body=None, fetched_at=None, tried_at=now, error=None)
    other = row.url != url
    values = {
        "url": url,
        "body": case((other, null()), else_=row.body),
        "fetched_at": case((other, null()), else_=row.fetched_at),
        "tried_at": now,
        "error": None,
    }
    due = or_(other, row.tried_at <= now - COOL_DOWN)
    taken = first.on_conflict_do_update(index_elements=["owner", "kind"], set_=values, where=due)
    return tx.execute(taken.returning(row.owner)).first() is not None


def keep(database: Database, owner: str, kind: Kind, url: str, body: str, tried_at: datetime) -> None:
    """Keep a good answer to the try of that moment. Raises Unavailable."""
    _finish(database, owner, kind, url, body=body, fetched_at=tried_at, tried_at=tried_at, error=None)


def fail(database: Database, owner: str, kind: Kind, url: str, error: str, tried_at: datetime) -> None:
    """Remember why the try of that moment failed; what was kept stays. Raises Unavailable."""
    _finish(database, owner, kind, url, tried_at=tried_at, error=error)


def _finish(database: Database, owner: str, kind: Kind, url: str, **values: datetime | str | None) -> None:
    """Write the end of a try, unless a later one has begun or the address is another by now."""
    row = t.ProviderDocument
    mine = and_(row.owner == owner, row.kind == kind, row.url == url, row.tried_at <= values["tried_at"])
    database.write(lambda tx: tx.execute(update(row).where(mine).values(values)))


def sweep(database: Database, now: datetime) -> None:
    """Forget what nobody asked for in a long time. Raises Unavailable."""
    row = t.ProviderDocument
    database.write(lambda tx: tx.execute(delete(row).where(row.tried_at <= now - FORGOTTEN)))


_ROW = t.ProviderDocument
_READ = Hot(
    select(_ROW.body, _ROW.fetched_at, _ROW.tried_at, _ROW.error).where(
        _ROW.owner == bindparam("owner"), _ROW.kind == bindparam("kind"), _ROW.url == bindparam("url")
    )
)
