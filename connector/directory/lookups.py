"""The questions that identity providers ask all day, as statements that are built once: one resource by what it is called, and
pages of everything in the order of age. Every other query goes through `queries.py`, and finds the same (a test asks both).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, select

from connector.directory import groups, users
from connector.directory.members import members_of
from connector.directory.model import Client, MemberRef, Page, Part, Query, StoredGroup, StoredUser
from connector.membership.fold import is_storable
from connector.storage import tables as t
from connector.storage.conditions import Compare
from connector.storage.hot import Hot

_TABLES: dict[str, Any] = {"User": t.DirectoryUser, "Group": t.DirectoryGroup}
_COLUMNS = {"User": users.COLUMNS, "Group": groups.COLUMNS}
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


def _stored(kind: str) -> tuple[Any, ...]:
    return literal(kind).label("kind"), *_COLUMNS[kind]


_BESIDE = {"User": (users.GROUPS,), "Group": ()}
_CALLED = {
    (kind, names): Hot(select(*_stored(kind), *_BESIDE[kind]).where(_ours(kind), column == bindparam("value")))
    for (kind, names), column in _NAMES.items()
}


def _pages(kind: str, *where: Any) -> Hot:
    page = select(*_stored(kind)).where(_ours(kind), *where).order_by(_TABLES[kind].id)
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
    if kind == "User" and query.with_groups:  # they came with the row
        return Page(len(rows), tuple(map(users.stored_user, shown)), None)
    return Page(len(rows), resources(tx, query, shown), None)


def _page(tx: Connection, client: Client, query: Query, kind: str) -> Page:
    given = {"connection": client.connection_id, "start": query.start, "count": query.count + 1}
    if query.after is None:
        found = _FROM_START[kind].all(tx, given) if query.count else []
    else:
        found = _FROM_CURSOR[kind].all(tx, {**given, "after": query.after[-1]}) if query.count else []
    total = total_told(query, found)
    if total is None:  # it is kept: counting would cost time in proportion to the directory
        total = int(_TOTAL.all(tx, {"connection": client.connection_id, "kind": kind})[0].total)
    rows = found[: query.count]
    return Page(total, resources(tx, query, rows), (rows[-1].id,) if len(found) > len(rows) else None)


def total_told(query: Query, found: Sequence[Any]) -> int | None:
    """The total, where a page tells it: `found` is the page, and one row more if the list goes on."""
    ends = query.after is None and 0 < len(found) <= query.count
    return query.start + len(found) if ends else None


def resources(tx: Connection, query: Query, rows: Sequence[Any]) -> tuple[StoredUser | StoredGroup, ...]:
    """Rows of users and groups (kind, id, document, version, created_at, updated_at) with what belongs to them."""
    people = [row.id for row in rows if row.kind == "User"] if query.with_groups else []
    teams = [row.id for row in rows if row.kind == "Group"] if query.with_members else []
    groups = users.groups_of(tx, people) if people else {}
    members = members_of(tx, teams) if teams else {}
    return tuple(
        StoredUser(row.id, row.document, row.version, row.created_at, row.updated_at, groups.get(row.id, ()))
        if row.kind == "User"
        else _group(row, members.get(row.id, ()) if query.with_members else None)
        for row in rows
    )


def _group(row: Any, members: tuple[MemberRef, ...] | None) -> StoredGroup:
    return StoredGroup(row.id, row.document, row.version, row.created_at, row.updated_at, members)
