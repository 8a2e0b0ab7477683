"""Resources of an organization, their kinds, and what everybody of it is granted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.membership.kinds import Kind
from connector.organizations import kinds, resource_list, resources
from connector.organizations.resource_views import ResourceView
from connector.provisioning.acting import MEMBER
from connector.provisioning.pages import Page

_TAG = "Resources"
_RESOURCE = {"resource_not_found": 404}
NEW = {
    "name_invalid": 400,
    "resource_id_invalid": 400,
    "cannot_own": 403,
    "project_not_found": 404,
    "resource_exists": 409,
    "kind_unknown": 422,
    "kind_private": 422,
    "project_required": 422,
}
"""What may keep a resource from being made."""


class NewResource(Body):
    """What is made known. `id` is what the application calls it, and made here where it is left out."""

    kind: str = Field(max_length=100, examples=["agent"])
    name: str = Field(max_length=400, examples=["Report writer"])
    id: str | None = Field(default=None, max_length=400, examples=["report-writer"])
    project: str | None = Field(default=None, max_length=100, description="The id or slug of a project.", examples=["website"])


class ResourceChange(Body):
    """What is to change."""

    name: str = Field(max_length=400, examples=["Report writer, second edition"])


class ResourceFilter(Listing):
    """Which of the resources."""

    kind: str | None = Field(default=None, max_length=100, description="Of this kind.")
    project: str | None = Field(default=None, max_length=100, description="In this project: its id or slug.")
    q: str | None = Field(default=None, min_length=1, max_length=200, description="How the name or the id begins.")
    mine: bool = Field(default=False, description="Only what you may read, which everybody may ask for.")


class KindRules(Body):
    """What counts for the kind."""

    enforced: bool = Field(default=False, description="Whether grants count.")
    visibility: Literal["organization", "private"] = Field(
        default="organization", description="`private`: its maker's alone, whatever roles say."
    )
    in_project: bool = Field(default=False, description="Whether it stands inside a project.")


@operation(
    "POST",
    "/api/orgs/<o>/resources",
    tag=_TAG,
    summary="Make a resource known",
    permission=resources.CREATES,
    body=NewResource,
    answer=ResourceView,
    status=201,
    errors=NEW,
    idempotent=True,
    etag=True,
)
def create(call: Call, o: str, body: NewResource) -> ResourceView:
    """Who makes it is admin on it. Members and admins of a project make resources in it without the permission. What is of a
    private kind is its maker's own and stays theirs."""
    home, actor = call.organization(o), call.actor
    return resources.create(
        call.database, home, body.kind, body.name, id_=body.id, project=body.project, actor=actor, once=call.once
    )


@operation(
    "GET",
    "/api/orgs/<o>/resources",
    tag=_TAG,
    summary="List resources",
    permission=resource_list.READS_ALL,
    query=ResourceFilter,
    answer=Page[ResourceView],
    errors={"project_not_found": 404},
)
def list_(call: Call, o: str, query: ResourceFilter) -> Page[ResourceView]:
    """All, for who may read all; with `mine=true` those that you may read. Oldest first."""
    return listed(call, call.organization(o), query, mine=query.mine)


def listed(call: Call, organization: str, query: ResourceFilter, *, mine: bool) -> Page[ResourceView]:
    """A page of an organization's resources."""
    chosen = {"kind": query.kind, "project": query.project, "q": query.q}
    paged = {"limit": query.limit, "after": query.after}
    return resource_list.list_(call.database, organization, **chosen, **paged, mine=mine, actor=call.actor)  # type: ignore[arg-type]


@operation(
    "GET",
    "/api/orgs/<o>/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Show a resource",
    permission=MEMBER,
    answer=ResourceView,
    errors=_RESOURCE,
    etag=True,
)
def show(call: Call, o: str, kind: str, resource: str) -> ResourceView:
    """One that you may not read does not exist for you."""
    return resources.show(call.database, call.organization(o), kind, resource, actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Rename a resource",
    permission=MEMBER,
    body=ResourceChange,
    answer=ResourceView,
    errors=_RESOURCE | {"name_invalid": 400},
    etag=True,
)
def rename(call: Call, o: str, kind: str, resource: str, body: ResourceChange) -> ResourceView:
    """`write` on it is needed."""
    home = call.organization(o)
    return resources.rename(call.database, home, kind, resource, body.name, actor=call.actor, seen=call.seen)


@operation(
    "DELETE",
    "/api/orgs/<o>/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Forget a resource",
    permission=MEMBER,
    answer=None,
    status=204,
    errors=_RESOURCE,
    etag=True,
)
def delete(call: Call, o: str, kind: str, resource: str) -> None:
    """With its grants; `admin` on it is needed."""
    resources.delete(call.database, call.organization(o), kind, resource, actor=call.actor, seen=call.seen)


@operation(
    "GET",
    "/api/orgs/<o>/resource-kinds",
    tag=_TAG,
    summary="List the kinds of resources",
    permission=MEMBER,
    answer=Page[Kind],
)
def list_resource_kinds(call: Call, o: str) -> Page[Kind]:
    """All on one page, by name."""
    return Page(kinds.list_(call.database, call.organization(o), actor=call.actor), None)


@operation(
    "PUT",
    "/api/orgs/<o>/resource-kinds/<kind>",
    tag=_TAG,
    summary="Add a kind of resources, or change what counts for it",
    permission=kinds.MANAGES,
    body=KindRules,
    answer=Kind,
    errors={"kind_invalid": 400, "kind_in_use": 409, "too_many_kinds": 409},
)
def put_resource_kind(call: Call, o: str, kind: str, body: KindRules) -> Kind:
    """Whose resources of a kind are (`visibility`) stays while there are any."""
    wanted = Kind(kind, body.enforced, body.visibility, body.in_project)
    return kinds.put(call.database, call.organization(o), wanted, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/resource-kinds/<kind>",
    tag=_TAG,
    summary="Remove a kind of resources",
    permission=kinds.MANAGES,
    answer=None,
    status=204,
    errors={"kind_not_found": 404, "kind_in_use": 409},
)
def remove_resource_kind(call: Call, o: str, kind: str) -> None:
    """Not while there are resources of it."""
    kinds.delete(call.database, call.organization(o), kind, actor=call.actor)
