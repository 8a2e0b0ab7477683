"""NEWEST: what was written down at connections, read back with the newest first: the provisioning log, and the sign-in traces.

However much is there, a page costs little: conditions that an index knows are asked of the index, others of so many entries at
most; where too few of these were right, the next page looks further back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all

from connector.provisioning import places
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page
from connector.provisioning.places import LOOKED
from connector.storage import tables as t

TOGETHER = 50
"""Connections of an organization that are read together; of one that has more, each is asked for by itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a table with `id`, `at` and `connection_id`: of one connection or (None) of all of the organization, from
    `since` on, before `until`; `known` are conditions of an index, `looked_at` those for which the row has to be read."""

    table: Any
    connection_id: str | None
    since: datetime | None = None
    until: datetime | None = None
    known: Sequence[ColumnElement[bool]] = ()
    looked_at: Sequence[ColumnElement[bool]] = ()

    @property
    def order(self) -> tuple[Any, Any]:
        """The columns in whose order they lie."""
        return self.table.at, self.table.id

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What an index answers."""
        since = [self.table.at >= self.since] if self.since else []
        until = [self.table.at < self.until] if self.until else []
        return [*self.known, *since, *until]


def read(glance: Glance, wanted: Wanted, columns: Sequence[Any], *, limit: int, after: str | None) -> Page[Any]:
    """A page of rows with these columns, `id` and `at` among them. Where `looked_at` was asked it may have fewer than `limit` and
    still a `next`. Raises Invalid `cursor_invalid`."""
    connections = _connections(glance, wanted)
    conditions = [*wanted.conditions, *places.behind(wanted.order, after)]
    floor = _floor(glance, wanted, connections, conditions) if wanted.looked_at else None
    if floor is not None:
        conditions += places.until(wanted.order, floor)
    all_ = [*conditions, *wanted.looked_at]
    found = glance.tx.execute(_merged(wanted, connections, columns, all_, limit + 1).limit(limit + 1)).all()
    if len(found) > limit:
        return Page(tuple(found[:limit]), _place(found[limit - 1]))
    return Page(tuple(found), floor)


def _place(row: Any) -> str:
    return places.place(row.at, row.id)


def _connections(glance: Glance, wanted: Wanted) -> list[str]:
    if wanted.connection_id is not None:
        return [wanted.connection_id]
    mine = select(t.Connection.id).where(t.Connection.organization_id == glance.organization_id)
    return list(glance.tx.execute(mine.order_by(t.Connection.id).limit(TOGETHER)).scalars()) or [""]


def _floor(glance: Glance, wanted: Wanted, connections: list[str], conditions: Sequence[ColumnElement[bool]]) -> str | None:
    """The place of the last row that is looked at for this page; None where they are fewer."""
    last = _merged(wanted, connections, wanted.order, conditions, LOOKED).offset(LOOKED - 1).limit(1)
    row = glance.tx.execute(last).first()
    return None if row is None else _place(row)


def _merged(
    wanted: Wanted, connections: list[str], columns: Sequence[Any], conditions: Sequence[ColumnElement[bool]], most: int
) -> Select[Any]:
    """The newest rows of these connections, `most` of each, in one order: each is read from its own part of the index."""
    parts = [_of(wanted, each, columns, conditions) for each in connections]
    if len(parts) == 1:
        return parts[0]
    every = union_all(*(select(part.limit(most).subquery()) for part in parts)).subquery()
    return select(every).order_by(every.c.at.desc(), every.c.id.desc())


def _of(wanted: Wanted, connection: str, columns: Sequence[Any], conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    mine = wanted.table.connection_id == connection
    return select(*columns).where(mine, *conditions).order_by(*(column.desc() for column in wanted.order))
