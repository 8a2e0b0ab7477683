"""Lists of what the IdP pushed: pages of the users and groups that conditions select, in any order, by number or by position.

A page is four statements at most, however long it is and wherever it lies: the total, the page, the groups of its users, the
members of its groups. Users and groups in one list are one UNION, so that the order goes across both.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, asc, desc, func, literal, select, union_all

from connector.directory import lookups
from connector.directory.model import Client, Page, Part, Position, Query
from connector.directory.reading import reader
from connector.storage import ordering, search
from connector.storage import tables as t
from connector.storage.conditions import Condition, Order
from connector.storage.database import Database
from connector.storage.json_nodes import Truth
from connector.storage.places import NO_KEY, Key

_STORED = 6  # columns before those of the order: the kind and what is kept


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where one kind of resource is kept, and how it is searched."""

    table: type[t.DirectoryUser] | type[t.DirectoryGroup]
    where: Callable[[Condition, str], Truth]
    key: Callable[[Order, str], Key]


_KINDS = {
    "User": _Kind(t.DirectoryUser, search.users_where, search.users_key),
    "Group": _Kind(t.DirectoryGroup, search.groups_where, search.groups_key),
}


def find(database: Database, client: Client, query: Query) -> Page:
    """Return one page of a list and the exact total.

    Raises Unavailable `directory_paused`, Invalid `invalid_filter` for a comparison that no store could make.
    """
    answer = lookups.plain(client, query)
    if answer is not None:
        with reader(database, client) as tx:
            return answer(tx)
    return search_for(database, client, query)


def search_for(database: Database, client: Client, query: Query) -> Page:
    """As `find`, for any query."""
    wanted = [(part, _wanted(client, part, database.dialect)) for part in query.parts]
    with reader(database, client) as tx:
        pages = [_candidates(query, part, where, database.dialect) for part, where in wanted]
        found = tx.execute(_in_order(query, pages)).all() if query.count else []
        total = lookups.total_told(query, found)
        if total is None:
            total = tx.execute(select(reduce(operator.add, [_counted(part, where) for part, where in wanted]))).scalar_one()
        rows = found[: query.count]
        items = lookups.resources(tx, query, rows)
    return Page(total, items, _position(rows[-1]) if len(found) > len(rows) else None)


def _wanted(client: Client, part: Part, dialect: str) -> list[Truth]:
    kind = _KINDS[part.kind]
    ours = kind.table.connection_id == client.connection_id
    return [ours] if part.condition is None else [ours, kind.where(part.condition, dialect)]


def _counted(part: Part, where: list[Truth]) -> ColumnElement[int]:
    return select(func.count()).select_from(_KINDS[part.kind].table).where(*where).scalar_subquery()


def _candidates(query: Query, part: Part, where: list[Truth], dialect: str) -> Select[*tuple[Any, ...]]:
    """The rows of one kind from which the page is taken, with what they are ordered by."""
    kind = _KINDS[part.kind]
    table = kind.table
    keys: tuple[Any, ...] = ()
    if query.is_ordered:
        keys = ordering.columns(kind.key(part.order, dialect) if part.order else NO_KEY, dialect)
    if query.after is not None:
        where = [*where, ordering.behind((*keys, table.id), query.after, descending=query.descending)]
    stored = (literal(part.kind).label("kind"), table.id, table.document, table.version, table.created_at, table.updated_at)
    return select(*stored, *(key.label(f"key{number}") for number, key in enumerate(keys))).where(*where)


def _in_order(query: Query, pages: list[Select[*tuple[Any, ...]]]) -> Select[*tuple[Any, ...]] | CompoundSelect[Any]:
    """The page and one more row, which tells whether the list goes on. Of each kind no more is sorted than the page may need."""
    names = [*[column.name for column in pages[0].selected_columns][_STORED:], "id"]
    order = [(desc if query.descending else asc)(name) for name in names]
    if len(pages) == 1:
        return pages[0].order_by(*order).offset(query.start).limit(query.count + 1)
    each = [page.order_by(*order).limit(query.start + query.count + 1) for page in pages]
    together = union_all(*(select(page.subquery()) for page in each))
    return together.order_by(*order).offset(query.start).limit(query.count + 1)


def _position(row: Row[*tuple[Any, ...]]) -> Position:
    return (*row[_STORED:], row.id)
