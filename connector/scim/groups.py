"""/Groups: one function per operation of RFC 7644 section 3. Members are loaded only when they are to be shown."""

from __future__ import annotations

from connector.directory import groups
from connector.directory.model import Document, GroupPatch, PushedGroup, ReplaceMembers, StoredGroup
from connector.scim import listing
from connector.scim.documents import read_group
from connector.scim.exchange import NOTHING, Answer, Exchange
from connector.scim.patch import group_patch
from connector.scim.rendering import Projection, render_group
from connector.scim.schemas import GROUP
from connector.scim.versions import version_of


def find(exchange: Exchange) -> Answer:
    """GET /Groups (section 3.4.2); Entra and Okta ask with `excludedAttributes=members`."""
    return listing.find(exchange, GROUP)


def create(exchange: Exchange) -> Answer:
    """POST /Groups (section 3.3): 201 with the whole resource and its address."""
    projection = exchange.projection(GROUP)
    pushed, members = read_group(exchange.body())
    group = groups.create_group(exchange.database, exchange.client, pushed, members or (), identity=exchange.identity)
    return _answer(exchange, group, projection, 201, f"{exchange.base}/Groups/{group.id}")


def get(exchange: Exchange, group_id: str) -> Answer:
    """GET /Groups/{id} (section 3.4.1); 304 when the client has this version (section 3.14)."""
    projection = exchange.projection(GROUP)
    group = groups.get_group(exchange.database, exchange.client, group_id, with_members=projection.wants("members"))
    if exchange.knows(version_of(group)):
        return Answer(304, version=version_of(group))
    return _answer(exchange, group, projection)


def replace(exchange: Exchange, group_id: str) -> Answer:
    """PUT /Groups/{id} (section 3.5.1): what is left out is unassigned, members too."""
    projection = exchange.projection(GROUP)
    pushed, members = read_group(exchange.body())

    def edit(_: Document) -> PushedGroup:
        return pushed

    change = GroupPatch(edit, (ReplaceMembers(members or ()),))
    with_members = projection.wants("members")
    group = groups.edit_group(
        exchange.database,
        exchange.client,
        group_id,
        change,
        verb="replace",
        with_members=with_members,
        answered=200,
        check=exchange.check(),
    )
    return _answer(exchange, group, projection)


def patch(exchange: Exchange, group_id: str) -> Answer:
    """PATCH /Groups/{id} (section 3.5.2): 204, so that a large group is not read for each member; with `attributes` 200."""
    projection = exchange.projection(GROUP)
    change = group_patch(exchange.body(), group_id)
    shown = projection.included is not None
    with_members = shown and projection.wants("members")
    answered = 200 if shown else 204
    group = groups.edit_group(
        exchange.database,
        exchange.client,
        group_id,
        change,
        verb="patch",
        with_members=with_members,
        answered=answered,
        check=exchange.check(),
    )
    return _answer(exchange, group, projection) if shown else Answer(204, version=version_of(group))


def delete(exchange: Exchange, group_id: str) -> Answer:
    """DELETE /Groups/{id} (section 3.6)."""
    groups.delete_group(exchange.database, exchange.client, group_id, check=exchange.check())
    return NOTHING


def _answer(
    exchange: Exchange, group: StoredGroup, projection: Projection, status: int = 200, location: str | None = None
) -> Answer:
    return Answer(status, render_group(group, exchange.base, projection), location, version_of(group))
