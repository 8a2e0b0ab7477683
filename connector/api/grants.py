"""What everybody of an organization is granted; what a team is granted stands in `teams.py`."""

from __future__ import annotations

from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.api.teams import TeamGrant
from connector.organizations import grants
from connector.organizations.grants import GrantView
from connector.provisioning.pages import Page

_TAG = "Grants"


@operation(
    "GET",
    "/api/orgs/<o>/grants",
    tag=_TAG,
    summary="List what everybody is granted",
    permission=grants.SEES,
    query=Listing,
    answer=Page[GrantView],
)
def list_(call: Call, o: str, query: Listing) -> Page[GrantView]:
    """Oldest first. What teams are granted is listed with them."""
    home = call.organization(o)
    return grants.to_everybody(call.database, home, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/grants",
    tag=_TAG,
    summary="Grant everybody a resource",
    permission=grants.ADMINISTERS,
    body=TeamGrant,
    answer=GrantView,
    errors={"resource_not_found": 404, "not_owned_here": 409, "kind_unknown": 422},
)
def put(call: Call, o: str, body: TeamGrant) -> GrantView:
    """Every member of today and of tomorrow, but guests. Granting again changes the permission, and the id stays."""
    what = (body.resource_kind, body.resource_id, body.permission)
    return grants.grant_everybody(call.database, call.organization(o), *what, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/grants/<grant>",
    tag=_TAG,
    summary="Take a grant from everybody",
    permission=grants.ADMINISTERS,
    answer=None,
    status=204,
    errors={"grant_not_found": 404},
)
def remove(call: Call, o: str, grant: str) -> None:
    """What teams and people were given stays."""
    grants.revoke_everybody(call.database, call.organization(o), grant, actor=call.actor)
