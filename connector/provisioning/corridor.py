"""The way in: one transaction, its locks in one order, and everything a decision needs read after them.

The order of locks is: organization, directory groups, directory users, memberships, persons; within each by id. The lock is taken
by a statement that reads nothing, because a statement that waits sees the past; mode, states and tokens are read after it.

What is to be written waits in the corridor until something is read, or until the end: then it goes in as few statements as can
be. Whatever is read sees what was written before.

The organization's lock is a transaction-level advisory lock on PostgreSQL, shared for pushes and sign-ins, exclusive for rule
edits, mode switches and any plan that may take the top role from, suspend or remove one of its holders. SQLite's
`BEGIN IMMEDIATE` is exclusive by nature.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, bindparam, func, literal_column, select
from sqlalchemy.orm import DeclarativeBase

from connector.errors import NotFound
from connector.membership.model import Mode
from connector.provisioning.setting import READ_SETTING, Setting, setting_of
from connector.storage.database import LOCK_WAIT, Database
from connector.storage.hot import Hot
from connector.storage.sets import among_these, these
from connector.storage.tables import DirectoryGroup, DirectoryTotal, Membership, Person
from connector.storage.writes import Rows, Write, table_of, write_all

Result = TypeVar("Result")
Ids = Select[str]


def _locking(key: Any) -> Ids:
    """Rows by id, in id order, FOR NO KEY UPDATE (`key_share`): rows that point at them can still be written by others."""
    rows: Ids = select(key).where(among_these(key)).order_by(key).with_for_update(key_share=True)
    return rows


_GROUPS, _PERSONS = _locking(DirectoryGroup.id), _locking(Person.id)

_LOCK = Hot(
    select(
        # Longer than the pushes inside may wait for a row, which is twice (for their turn, then for its holder): who wants to be
        # alone is not sent away before they are.
        literal_column(f"set_config('lock_timeout', '{3 * LOCK_WAIT}s', true)").label("patience"),
        func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)).label("locked"),
    )
)
_SHARE = Hot(select(func.pg_advisory_xact_lock_shared(bindparam("key", type_=BigInteger)).label("locked")))

SLOTS = 8
"""Rows that a total is the sum of."""

OPERATOR = "operator"
"""The actor of everything done at the command line."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What set a change off: the actor (`operator`, `scim:<connection id>`, `system`, or what a person is called), a sentence for
    it, from where, and the person if it was one (`acting.act`)."""

    actor: str
    sentence: str
    address: str | None = None
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is read when the lock is there: `setting.SETTING` with columns behind it, and their parameters."""

    statement: Hot
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corridor:
    """An open transaction of one organization, locked. With `preview` nothing is applied and everything is rolled back.

    `entered` is what the organization decided by when the lock was there; a verb that changes it reads it again. `beside` is the
    row that was read with it.
    """

    connection: Connection
    organization_id: str
    entered: Setting
    origin: Origin
    now: datetime
    exclusive: bool
    preview: bool
    beside: Any
    _waiting: list[Write] = field(default_factory=list)
    _last: list[Write] = field(default_factory=list)

    @property
    def mode(self) -> Mode:
        """How the organization got its members when the corridor was entered."""
        return self.entered.mode

    @property
    def tx(self) -> Connection:
        """The connection to read by: what waits to be written is written first."""
        self.flush()
        return self.connection

    def read(self, statement: Hot, given: Mapping[str, Any]) -> list[Any]:
        """Read rows; what waits is written first only if it may be part of them: of the same tables, or a deletion, which takes
        rows of other tables with it."""
        if any(write.verb == "delete" or write.table.name in statement.tables for write in self._waiting):
            self.flush()
        return statement.all(self.connection, given)

    def insert(self, table: type[DeclarativeBase], rows: Rows) -> None:
        """Insert rows, all with the same keys, before anything is read again."""
        self._wait(Write("insert", table_of(table), rows))

    def update(self, table: type[DeclarativeBase], rows: Rows, *, keys: tuple[str, ...]) -> None:
        """Update rows that `keys` find; those that wait to be inserted are inserted as they become."""
        self._wait(Write("update", table_of(table), self._merged(table_of(table), rows, keys), keys))

    def _merged(self, table: Table, rows: Rows, keys: tuple[str, ...]) -> Rows:
        """Play an update on rows that wait to be inserted into the same table, which then wait behind what the update may point
        at; returns what is left of the update."""
        for write in [write for write in self._waiting if write.table is table and write.verb == "insert"]:
            said = {tuple(row[key] for key in keys): row for row in rows}
            found = [{**row, **said.pop(tuple(row[key] for key in keys), {})} for row in write.rows]
            self._waiting.remove(write)
            self._waiting.append(replace(write, rows=found))
            rows = list(said.values())
        return rows

    def delete(self, table: type[DeclarativeBase], rows: Rows) -> None:
        """Delete the rows that equal these in the columns given."""
        self._wait(Write("delete", table_of(table), rows))

    def _wait(self, write: Write) -> None:
        if write.rows:
            self._waiting.append(write)

    def count(self, connection_id: str, kind: str, by: int) -> None:
        """Change the total of a connection's users or groups. It is written last of all, so that nobody waits for it long."""
        row = {"connection_id": connection_id, "kind": kind, "slot": secrets.randbelow(SLOTS)}
        added = {**row, "organization_id": self.organization_id, "total": by}
        self._last.append(Write("add", table_of(DirectoryTotal), [added], ("connection_id", "kind", "slot")))

    def close(self) -> None:
        """Write everything, at the end."""
        self._waiting.extend(self._last)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            writes = list(self._waiting)
            self._waiting.clear()
            write_all(self.connection, writes)

    def lock_groups(self, ids: Collection[str]) -> None:
        """Lock directory groups, in id order."""
        self._lock(_GROUPS, these(ids))

    def lock_memberships(self, scope: Ids, given: Mapping[str, Any]) -> list[str]:
        """Lock the memberships that `memberships_locked` selects, and return their ids. `given` are the query's parameters."""
        return list(self.tx.execute(scope, given).scalars())

    def lock_persons(self, ids: Collection[str]) -> None:
        """Lock persons, in id order; only when their own row or their addresses change."""
        self._lock(_PERSONS, these(ids))

    def _lock(self, rows: Ids, given: Mapping[str, Any]) -> None:
        if self.tx.dialect.name == "postgresql":
            self.tx.execute(rows, given)

    def need_exclusive(self) -> None:
        """Ask for the organization's exclusive lock: without it the transaction is rolled back and begun again with it."""
        if not self.exclusive:
            raise _NeedExclusive


@dataclass(frozen=True, slots=True)
class Glance:
    """Reading one organization without locks: for lists and explanations, which decide nothing."""

    tx: Connection
    organization_id: str

    def read(self, statement: Hot, given: Mapping[str, Any]) -> list[Any]:
        """Read rows."""
        return statement.all(self.tx, given)


def memberships_locked(*where: ColumnElement[bool]) -> Ids:
    """The query that locks memberships, in id order, and returns their ids."""
    return select(Membership.id).where(*where).order_by(Membership.id).with_for_update(key_share=True, of=Membership)


class _NeedExclusive(Exception):
    """Raised inside a shared corridor whose plan turned out to need the exclusive lock."""


class _Previewed(Exception):
    """Carries the result of a preview out of its transaction, which is rolled back."""

    def __init__(self, result: object) -> None:
        self.result = result


def enter(
    database: Database,
    organization_id: str,
    origin: Origin,
    work: Callable[[Corridor], Result],
    *,
    exclusive: bool = False,
    preview: bool = False,
    opening: Opening | None = None,
) -> Result:
    """Run `work` inside the corridor of an organization, in one transaction.

    `work` may run more than once (a lost race, or because it needs the exclusive lock) and has no effect outside the transaction.
    Raises NotFound `organization_not_found`, Unavailable, and whatever `work` raises; nothing is applied then.
    """

    def transaction(tx: Connection) -> Result:
        lock_organization(tx, organization_id, exclusive=exclusive)
        corridor = _open(tx, organization_id, origin, exclusive, preview, opening or Opening(READ_SETTING))
        result = work(corridor)
        corridor.close()
        if preview:
            raise _Previewed(result)
        return result

    try:
        return database.write(transaction)
    except _NeedExclusive:
        return enter(database, organization_id, origin, work, exclusive=True, preview=preview, opening=opening)
    except _Previewed as previewed:
        return previewed.result  # type: ignore[return-value]


@contextmanager
def open_new(tx: Connection, organization_id: str, origin: Origin) -> Iterator[Corridor]:
    """The corridor of an organization inside a transaction that is open: of one it has just inserted, or of a second one. Its
    lock is exclusive; whoever enters several takes their locks in the order of their ids first."""
    lock_organization(tx, organization_id, exclusive=True)
    corridor = _open(tx, organization_id, origin, exclusive=True, preview=False, opening=Opening(READ_SETTING))
    yield corridor
    corridor.close()


def lock_organization(tx: Connection, organization_id: str, *, exclusive: bool) -> None:
    """Take the organization's lock, shared or exclusive, until the end of the transaction."""
    if tx.dialect.name != "postgresql":
        return
    key = int.from_bytes(hashlib.sha256(organization_id.encode()).digest()[:8], "big", signed=True)
    (_LOCK if exclusive else _SHARE).all(tx, {"key": key})


def _open(tx: Connection, organization_id: str, origin: Origin, exclusive: bool, preview: bool, opening: Opening) -> Corridor:
    row = opening.statement.first(tx, {**opening.given, "organization": organization_id})
    if row is None:
        raise NotFound("organization_not_found", "This organization does not exist.")
    alone = exclusive or tx.dialect.name == "sqlite"
    return Corridor(tx, organization_id, setting_of(row), origin, _now(), alone, preview, row)


def _now() -> datetime:
    """The moment of a change, to the millisecond: what SCIM tells of it can then be compared with what is stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
