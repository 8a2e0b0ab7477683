"""The questions that identity providers ask all day, as statements that are built once: one resource by what it is called, and
pages of everything in the order of age. Every other query goes through `queries.py`, and finds the same (a test asks both).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from connector.directory import groups, users
from connector.directory.members import members_of
from connector.directory.model import Client, GroupRef, Page, Part, Query, StoredGroup, StoredUser
from connector.membership.fold import is_storable
from connector.storage import tables as t
from connector.storage.conditions import Compare
from connector.storage.hot import Hot

_TABLES: dict[str, Any] = {"User": t.DirectoryUser, "Group": t.DirectoryGroup}
_COLUMNS = {"User": (*users.COLUMNS, users.GROUPS), "Group": groups.COLUMNS}
_NAMES: dict[tuple[str, tuple[str, ...]], Any] = {
    ("User", ("id",)): t.DirectoryUser.id,
    ("User", ("username",)): t.DirectoryUser.user_name_key,
    ("User", ("externalid",)): t.DirectoryUser.external_id,
    ("Group", ("id",)): t.DirectoryGroup.id,
    ("Group", ("displayname",)): t.DirectoryGroup.display_name_key,
    ("Group", ("externalid",)): t.DirectoryGroup.external_id,
}


def _ours(kind: str) -> Any:
    return _TABLES[kind].connection_id == bindparam("connection")


_CALLED = {
    (kind, names): Hot(select(*_COLUMNS[kind]).where(_ours(kind), column == bindparam("value")))
    for (kind, names), column in _NAMES.items()
}


def _pages(kind: str, *where: Any) -> Hot:
    page = select(*_COLUMNS[kind][:5]).where(_ours(kind), *where).order_by(_TABLES[kind].id)
    return Hot(page.offset(bindparam("start")).limit(bindparam("count")))


_FROM_START = {kind: _pages(kind) for kind in _TABLES}
_FROM_CURSOR = {kind: _pages(kind, table.id > bindparam("after")) for kind, table in _TABLES.items()}
_TOTAL = Hot(
    select(func.coalesce(func.sum(t.DirectoryTotal.total), 0).label("total")).where(
        t.DirectoryTotal.connection_id == bindparam("connection"), t.DirectoryTotal.kind == bindparam("kind")
    )
)

Answer = Callable[[Connection], Page]


def plain(client: Client, query: Query) -> Answer | None:
    """Return what answers the query, if it is one of these questions."""
    if len(query.parts) != 1 or query.is_ordered:
        return None
    part = query.parts[0]
    if part.condition is None:
        return lambda tx: _page(tx, client, query, part.kind)
    if query.after is not None:
        return None
    called = _called(part)
    return called and (lambda tx: _one(tx, client, query, part.kind, *called))


def _called(part: Part) -> tuple[Hot, str] | None:
    """The statement and the value of `name eq "value"`, for a name that is an index: at most one resource is called so."""
    asked = part.condition
    if not isinstance(asked, Compare) or asked.operator != "eq" or not isinstance(asked.value, str):
        return None
    statement = _CALLED.get((part.kind, asked.path.names))
    return (statement, asked.value) if statement is not None and is_storable(asked.value) else None


def _one(tx: Connection, client: Client, query: Query, kind: str, statement: Hot, value: str) -> Page:
    rows = statement.all(tx, {"connection": client.connection_id, "value": value})
    shown = rows[query.start : query.start + query.count]
    if kind == "User":
        found = tuple(_user(row, users.read_groups(row.groups) if query.with_groups else ()) for row in shown)
        return Page(len(rows), found, None)
    return Page(len(rows), _groups(tx, query, shown), None)


def _page(tx: Connection, client: Client, query: Query, kind: str) -> Page:
    """A page, and one row more, which tells whether the list goes on: where it does not, the total is known. Else it is the one
    that is kept: counting would cost time in proportion to the directory."""
    given = {"connection": client.connection_id, "start": query.start, "count": query.count + 1}
    if query.after is None:
        found = _FROM_START[kind].all(tx, given) if query.count else []
    else:
        found = _FROM_CURSOR[kind].all(tx, {**given, "after": query.after[-1]}) if query.count else []
    rows = found[: query.count]
    ends = 0 < len(found) <= query.count and query.after is None
    total = query.start + len(found) if ends else int(_TOTAL.all(tx, {"connection": client.connection_id, "kind": kind})[0].total)
    end = (rows[-1].id,) if len(found) > len(rows) else None
    if kind == "Group":
        return Page(total, _groups(tx, query, rows), end)
    inside = users.groups_of(tx, [row.id for row in rows]) if query.with_groups and rows else {}
    return Page(total, tuple(_user(row, inside.get(row.id, ())) for row in rows), end)


def _user(row: Any, inside: tuple[GroupRef, ...]) -> StoredUser:
    return StoredUser(row.id, row.document, row.version, row.created_at, row.updated_at, inside)


def _groups(tx: Connection, query: Query, rows: list[Any]) -> tuple[StoredGroup, ...]:
    inside = members_of(tx, [row.id for row in rows]) if query.with_members and rows else {}
    shown = query.with_members
    return tuple(
        StoredGroup(row.id, row.document, row.version, row.created_at, row.updated_at, inside.get(row.id, ()) if shown else None)
        for row in rows
    )
