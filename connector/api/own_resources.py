"""Resources where one works: one's own in the personal workspace, those of the organization in its workspace (OA-1, OA-4)."""

from __future__ import annotations

from connector.api.operation import Call, operation
from connector.api.resources import NEW, NewResource, ResourceChange, ResourceFilter, listed
from connector.errors import NotFound
from connector.organizations import personal, resources
from connector.organizations.resource_views import ResourceView
from connector.provisioning.pages import Page

_TAG = "Resources"
_HERE = {"permission_missing": 403, "scope_missing": 403, "personal_closed": 403}
_ONE = _HERE | {"resource_not_found": 404}


@operation(
    "POST",
    "/api/resources",
    tag=_TAG,
    summary="Make a resource known where you work",
    body=NewResource,
    answer=ResourceView,
    status=201,
    errors=_HERE | NEW,
    idempotent=True,
    etag=True,
)
def create_workspace_resource(call: Call, body: NewResource) -> ResourceView:
    """In the personal workspace it is your own; in that of an organization as at /api/orgs/{o}/resources."""
    home = _workspace(call)
    if home is not None:
        place = {"id_": body.id, "project": body.project}
        return resources.create(call.database, home, body.kind, body.name, **place, actor=call.actor, once=call.once)
    if body.project is not None:
        raise NotFound("project_not_found", "There are no projects in the personal workspace.", expected="no project")
    creator = call.actor.name
    return personal.create(call.database, call.person_id, body.kind, body.name, creator=creator, id_=body.id, once=call.once)


@operation(
    "GET",
    "/api/resources",
    tag=_TAG,
    summary="List the resources where you work",
    query=ResourceFilter,
    answer=Page[ResourceView],
    errors=_HERE | {"project_not_found": 404},
)
def list_workspace_resources(call: Call, query: ResourceFilter) -> Page[ResourceView]:
    """In the personal workspace your own; in that of an organization those of it that you may read. Oldest first."""
    home = _workspace(call)
    if home is not None:
        return listed(call, home, query, mine=True)
    if query.project is not None:
        raise NotFound("project_not_found", "There are no projects in the personal workspace.", expected="no project")
    return personal.list_(call.database, call.person_id, kind=query.kind, q=query.q, limit=query.limit, after=query.after)


@operation(
    "GET",
    "/api/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Show a resource where you work",
    answer=ResourceView,
    errors=_ONE,
    etag=True,
)
def show_workspace_resource(call: Call, kind: str, resource: str) -> ResourceView:
    """What is somebody else's, or in another workspace, does not exist here."""
    home = _workspace(call)
    if home is not None:
        return resources.show(call.database, home, kind, resource, actor=call.actor)
    return personal.show(call.database, call.person_id, kind, resource)


@operation(
    "PATCH",
    "/api/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Rename a resource where you work",
    body=ResourceChange,
    answer=ResourceView,
    errors=_ONE | {"name_invalid": 400},
    etag=True,
)
def rename_workspace_resource(call: Call, kind: str, resource: str, body: ResourceChange) -> ResourceView:
    """In the workspace of an organization `write` on it is needed."""
    home = _workspace(call)
    if home is not None:
        return resources.rename(call.database, home, kind, resource, body.name, actor=call.actor, seen=call.seen)
    return personal.rename(call.database, call.person_id, kind, resource, body.name, seen=call.seen)


@operation(
    "DELETE",
    "/api/resources/<kind>/<resource>",
    tag=_TAG,
    summary="Forget a resource where you work",
    answer=None,
    status=204,
    errors=_ONE,
    etag=True,
)
def delete_workspace_resource(call: Call, kind: str, resource: str) -> None:
    """In the workspace of an organization `admin` on it is needed."""
    home = _workspace(call)
    if home is not None:
        resources.delete(call.database, home, kind, resource, actor=call.actor, seen=call.seen)
    else:
        personal.delete(call.database, call.person_id, kind, resource, seen=call.seen)


def _workspace(call: Call) -> str | None:
    """The organization somebody works in; None in the personal workspace, which has to open. Raises Forbidden `workspace_closed`,
    `personal_closed`."""
    home = call.workspace()
    if home is None:
        call.personal()
    return home
