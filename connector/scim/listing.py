"""Lists (RFC 7644 section 3.4.2): one query over one kind of resource or several, asked by GET or by a search message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from connector.directory import queries
from connector.directory.model import Part, Query, StoredGroup, StoredUser
from connector.scim.exchange import Answer, Exchange
from connector.scim.filters import parse_filter
from connector.scim.paging import ByCursor, ByIndex, next_cursor, read_window
from connector.scim.rendering import Projection, render_group, render_list, render_user
from connector.scim.schemas import ResourceSchema
from connector.scim.sorting import read_descending, read_orders

_IDENTITY = ("filter", "sortBy", "sortOrder")

Projections = Mapping[str, Projection]


def find(exchange: Exchange, *schemas: ResourceSchema) -> Answer:
    """Answer a query over the resources of these schemas with a ListResponse; an empty result is 200 with a total of 0.

    An attribute that one schema has counts as unassigned in the others (section 3.4.2.1).
    """
    projections: Projections = {schema.name: exchange.projection(schema) for schema in schemas}
    name = _name(exchange, schemas)
    window = read_window(exchange.arguments, exchange.keys, name)
    page = queries.find(exchange.database, exchange.client, _query(exchange, schemas, projections, window))
    items = [_rendered(item, exchange.base, projections) for item in page.items]
    if isinstance(window, ByIndex):
        return Answer(200, render_list(page.total, items, start_index=window.start_index))
    cursor = next_cursor(exchange.keys, name, window.count, page.end)
    return Answer(200, render_list(page.total, items, next_cursor=cursor))


def _query(exchange: Exchange, schemas: Sequence[ResourceSchema], projections: Projections, window: ByIndex | ByCursor) -> Query:
    parts = _parts(exchange.arguments, schemas)
    descending = read_descending(exchange.arguments.get("sortOrder", "ascending"))
    return Query(
        parts,
        window.count,
        start=window.start_index - 1 if isinstance(window, ByIndex) else 0,
        after=window.after if isinstance(window, ByCursor) else None,
        descending=descending and "sortBy" in exchange.arguments,
        # the groups of a user are part of its version, which is shown in meta
        with_groups=_shown(projections, "User", "groups", "meta"),
        with_members=_shown(projections, "Group", "members"),
    )


def _parts(arguments: Mapping[str, str], schemas: Sequence[ResourceSchema]) -> tuple[Part, ...]:
    text, sort_by = arguments.get("filter"), arguments.get("sortBy")
    conditions = [None if text is None else parse_filter(text, schema, schemas) for schema in schemas]
    orders = [None] * len(schemas) if sort_by is None else read_orders(sort_by, schemas)
    asked = zip(schemas, conditions, orders, strict=True)
    return tuple(Part(schema.name, condition, order) for schema, condition, order in asked)


def _shown(projections: Projections, kind: str, *attributes: str) -> bool:
    return kind in projections and any(map(projections[kind].wants, attributes))


def _name(exchange: Exchange, schemas: Sequence[ResourceSchema]) -> str:
    """What makes a list this list and no other: a cursor is good for it alone."""
    said = [exchange.arguments.get(name) for name in _IDENTITY]
    return json.dumps([exchange.client.connection_id, [schema.name for schema in schemas], *said])


def _rendered(item: StoredUser | StoredGroup, base: str, projections: Projections) -> str:
    if isinstance(item, StoredUser):
        return render_user(item, base, projections["User"])
    return render_group(item, base, projections["Group"])
