"""Teams of an organization, who is in them and what they are granted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.organizations import grants, team_rows, teams
from connector.organizations.grants import GrantView
from connector.organizations.places import PlaceMember
from connector.organizations.teams import TeamDetail, TeamView
from connector.provisioning.pages import Page

_TAG = "Teams"
_TEAM = {"team_not_found": 404}
_RUN = _TEAM | {"not_maintainer": 403}


class NewTeam(Body):
    """What a team is called; without a slug one is made of the name."""

    name: str = Field(max_length=400, examples=["Engineering"])
    slug: str | None = Field(default=None, max_length=100, examples=["engineering"])


class TeamChange(Body):
    """What is to change."""

    name: str = Field(max_length=400, examples=["Platform engineering"])


class TeamRole(Body):
    """What somebody is to be in the team."""

    role: Literal["maintainer", "member"] = "member"


class TeamGrant(Body):
    """What the team may do with which resource."""

    resource_kind: str = Field(max_length=100, examples=["agent"])
    resource_id: str = Field(max_length=400, examples=["report-writer"])
    permission: Literal["read", "write", "admin"] = "write"


@operation(
    "POST",
    "/api/orgs/<o>/teams",
    tag=_TAG,
    summary="Make a team",
    permission=team_rows.RUNS,
    body=NewTeam,
    answer=TeamDetail,
    status=201,
    errors={"name_invalid": 400, "slug_invalid": 400, "slug_taken": 409},
    idempotent=True,
    etag=True,
)
def create(call: Call, o: str, body: NewTeam) -> TeamDetail:
    """A slug made of the name is one that no team has; one that is asked for must be free."""
    home = call.organization(o)
    return teams.create(call.database, home, body.name, slug=body.slug, actor=call.actor, once=call.once)


@operation(
    "GET", "/api/orgs/<o>/teams", tag=_TAG, summary="List teams", permission=team_rows.SEES, query=Listing, answer=Page[TeamView]
)
def list_(call: Call, o: str, query: Listing) -> Page[TeamView]:
    """Oldest first."""
    return teams.list_(call.database, call.organization(o), limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "GET",
    "/api/orgs/<o>/teams/<team>",
    tag=_TAG,
    summary="Show a team with its members and grants",
    permission=team_rows.SEES,
    answer=TeamDetail,
    errors=_TEAM,
    etag=True,
)
def show(call: Call, o: str, team: str) -> TeamDetail:
    """The first 200 members and grants; `member_count` and `grant_count` say how many there are, the lists below have all."""
    return teams.show(call.database, call.organization(o), team, actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>/teams/<team>",
    tag=_TAG,
    summary="Rename a team",
    permission=team_rows.RUNS,
    body=TeamChange,
    answer=TeamDetail,
    errors=_RUN | {"name_invalid": 400, "managed_by_idp": 409},
    etag=True,
)
def rename(call: Call, o: str, team: str, body: TeamChange) -> TeamDetail:
    """For its maintainers as well. The slug stays. A team that rules give is named at the identity provider."""
    return teams.rename(call.database, call.organization(o), team, body.name, actor=call.actor, seen=call.seen)


@operation(
    "DELETE",
    "/api/orgs/<o>/teams/<team>",
    tag=_TAG,
    summary="Delete a team",
    permission=team_rows.RUNS,
    answer=None,
    status=204,
    errors=_TEAM | {"managed_by_idp": 409},
    etag=True,
)
def delete(call: Call, o: str, team: str) -> None:
    """With its places and grants. Not while rules give it: they would make it again."""
    teams.delete(call.database, call.organization(o), team, actor=call.actor, seen=call.seen)


@operation(
    "GET",
    "/api/orgs/<o>/teams/<team>/members",
    tag=_TAG,
    summary="List the members of a team",
    permission=team_rows.SEES,
    query=Listing,
    answer=Page[PlaceMember],
    errors=_TEAM,
)
def list_team_members(call: Call, o: str, team: str, query: Listing) -> Page[PlaceMember]:
    """In the order in which they joined the organization."""
    home = call.organization(o)
    return teams.members_of(call.database, home, team, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/teams/<team>/members/<user_id>",
    tag=_TAG,
    summary="Put somebody into a team, or change their role there",
    permission=team_rows.RUNS,
    body=TeamRole,
    answer=PlaceMember,
    errors=_RUN | {"not_a_member": 409, "managed_by_idp": 409, "member_ambiguous": 409},
)
def put_team_member(call: Call, o: str, team: str, user_id: str, body: TeamRole) -> PlaceMember:
    """For its maintainers as well. A place that a rule gave is changed at the identity provider."""
    return teams.set_member(call.database, call.organization(o), team, user_id, body.role, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/teams/<team>/members/<user_id>",
    tag=_TAG,
    summary="Take somebody out of a team, or leave it",
    permission=team_rows.RUNS,
    answer=None,
    status=204,
    errors=_RUN | {"member_not_found": 404, "managed_by_idp": 409, "member_ambiguous": 409},
)
def remove_team_member(call: Call, o: str, team: str, user_id: str) -> None:
    """For its maintainers as well, and for everybody themselves."""
    teams.remove_member(call.database, call.organization(o), team, user_id, actor=call.actor)


@operation(
    "GET",
    "/api/orgs/<o>/teams/<team>/grants",
    tag="Grants",
    summary="List what a team is granted",
    permission=grants.SEES,
    query=Listing,
    answer=Page[GrantView],
    errors=_TEAM,
)
def list_team_grants(call: Call, o: str, team: str, query: Listing) -> Page[GrantView]:
    """Oldest first."""
    home = call.organization(o)
    return grants.to_team(call.database, home, team, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/teams/<team>/grants",
    tag="Grants",
    summary="Grant a team a resource",
    permission=team_rows.RUNS,
    body=TeamGrant,
    answer=GrantView,
    errors=_RUN | {"resource_not_found": 404, "not_owned_here": 409, "kind_unknown": 422},
)
def put_team_grant(call: Call, o: str, team: str, body: TeamGrant) -> GrantView:
    """There is one grant for each team and resource: granting again changes its permission, and the id stays. For maintainers of
    the team who are admin on the resource as well."""
    what = (body.resource_kind, body.resource_id, body.permission)
    return grants.grant_team(call.database, call.organization(o), team, *what, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/teams/<team>/grants/<grant>",
    tag="Grants",
    summary="Take a grant from a team",
    permission=team_rows.RUNS,
    answer=None,
    status=204,
    errors=_RUN | {"grant_not_found": 404},
)
def remove_team_grant(call: Call, o: str, team: str, grant: str) -> None:
    """For its maintainers as well."""
    grants.revoke_team(call.database, call.organization(o), team, grant, actor=call.actor)
