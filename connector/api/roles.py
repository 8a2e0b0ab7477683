"""The roles of an organization over HTTP: what there are, and others in their place."""

from __future__ import annotations

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.plans import OF_ROLES, DryRun, PlanAnswer, planned
from connector.organizations import catalogue
from connector.organizations.catalogue import AT_MOST, HIGHEST, CatalogueView

TAG = "Roles"


class NewRole(Body):
    """A role. Every one holds `org.read`, and the top one everything: they need not be listed there."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,38}$", examples=["owner"])
    rank: int = Field(ge=1, le=HIGHEST, description="Higher ones win; each rank once, the top role's above all.", examples=[20])
    top: bool = Field(default=False, description="The one that always has an active holder.", examples=[True])
    can_own: bool = Field(default=True, description="Whether its holders may own things.")
    org_visible: bool = Field(default=True, description="Whether its holders see more than their projects.")
    permissions: list[str] = Field(
        default_factory=list, max_length=100, description="What it may.", examples=[["members.manage", "role.assign:owner"]]
    )


class NewRoles(Body):
    """The whole catalogue: what is left out is gone."""

    roles: list[NewRole] = Field(
        min_length=1,
        max_length=AT_MOST,
        examples=[[{"name": "owner", "rank": 20, "top": True}, {"name": "member", "rank": 10, "permissions": ["org.read"]}]],
    )
    default_role: str | None = Field(default=None, description="Else the one of today.", examples=["member"])


@operation("GET", "/api/orgs/<o>/roles", tag=TAG, summary="Roles", permission="org.read", answer=CatalogueView)
def list_roles(call: Call, o: str) -> CatalogueView:
    """Highest first, with what each may."""
    return catalogue.show(call.database, call.organization(o), actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/roles",
    tag=TAG,
    summary="Replace the roles",
    permission="org.update",
    body=NewRoles,
    query=DryRun,
    answer=PlanAnswer,
    errors=OF_ROLES,
)
def replace_roles(call: Call, o: str, body: NewRoles, query: DryRun) -> PlanAnswer:
    """By those who hold the top role. Everybody has what their rows come to in the new catalogue, at once; a role that members,
    invitations or rules hold stays."""
    return planned(call, o, "roles", body.model_dump(), query)
