"""Projects of an organization, and who is in them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from connector.api.messages import Body
from connector.api.operation import Call, operation
from connector.api.paging import Listing
from connector.organizations import projects
from connector.organizations.places import PlaceMember
from connector.organizations.projects import ProjectView
from connector.provisioning.acting import MEMBER
from connector.provisioning.pages import Page

_TAG = "Projects"
_PROJECT = {"project_not_found": 404}


class NewProject(Body):
    """What a project is called; without a slug one is made of the name."""

    name: str = Field(max_length=400, examples=["Website"])
    slug: str | None = Field(default=None, max_length=100, examples=["website"])


class ProjectChange(Body):
    """What is to change."""

    name: str = Field(max_length=400, examples=["Shop and website"])


class ProjectRole(Body):
    """What somebody is to be in the project: viewers read what stands in it, members write, admins run it."""

    role: Literal["viewer", "member", "admin"] = "member"


@operation(
    "POST",
    "/api/orgs/<o>/projects",
    tag=_TAG,
    summary="Make a project",
    permission=projects.CREATES,
    body=NewProject,
    answer=ProjectView,
    status=201,
    errors={"name_invalid": 400, "slug_invalid": 400, "slug_taken": 409, "not_enabled": 403},
    idempotent=True,
    etag=True,
)
def create(call: Call, o: str, body: NewProject) -> ProjectView:
    """Who makes it becomes its admin. More than one needs the entitlement `projects`."""
    home = call.organization(o)
    return projects.create(call.database, home, body.name, slug=body.slug, actor=call.actor, once=call.once)


@operation(
    "GET",
    "/api/orgs/<o>/projects",
    tag=_TAG,
    summary="List the projects you may see",
    permission=MEMBER,
    query=Listing,
    answer=Page[ProjectView],
)
def list_(call: Call, o: str, query: Listing) -> Page[ProjectView]:
    """Those you are in, and all for roles that hold projects.read_all; oldest first."""
    return projects.list_(call.database, call.organization(o), limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "GET",
    "/api/orgs/<o>/projects/<project>",
    tag=_TAG,
    summary="Show a project",
    permission=MEMBER,
    answer=ProjectView,
    errors=_PROJECT,
    etag=True,
)
def show(call: Call, o: str, project: str) -> ProjectView:
    """One that you may not see does not exist for you."""
    return projects.show(call.database, call.organization(o), project, actor=call.actor)


@operation(
    "PATCH",
    "/api/orgs/<o>/projects/<project>",
    tag=_TAG,
    summary="Rename a project",
    permission=MEMBER,
    body=ProjectChange,
    answer=ProjectView,
    errors=_PROJECT | {"name_invalid": 400},
    etag=True,
)
def rename(call: Call, o: str, project: str, body: ProjectChange) -> ProjectView:
    """For its admins, and for roles that hold org.update or resources.admin_all. The slug stays."""
    return projects.rename(call.database, call.organization(o), project, body.name, actor=call.actor, seen=call.seen)


@operation(
    "DELETE",
    "/api/orgs/<o>/projects/<project>",
    tag=_TAG,
    summary="Delete a project",
    permission=MEMBER,
    answer=None,
    status=204,
    errors=_PROJECT | {"default_project": 409, "project_not_empty": 409},
    etag=True,
)
def delete(call: Call, o: str, project: str) -> None:
    """With its places and API keys, for who may rename it. Not the default one, nor one with resources or that rules give."""
    projects.delete(call.database, call.organization(o), project, actor=call.actor, seen=call.seen)


@operation(
    "GET",
    "/api/orgs/<o>/projects/<project>/members",
    tag=_TAG,
    summary="List the members of a project",
    permission=MEMBER,
    query=Listing,
    answer=Page[PlaceMember],
    errors=_PROJECT,
)
def list_project_members(call: Call, o: str, project: str, query: Listing) -> Page[PlaceMember]:
    """In the order in which they joined the organization."""
    home = call.organization(o)
    return projects.members_of(call.database, home, project, limit=query.limit, after=query.after, actor=call.actor)


@operation(
    "PUT",
    "/api/orgs/<o>/projects/<project>/members/<user_id>",
    tag=_TAG,
    summary="Put somebody into a project, or change their role there",
    permission=MEMBER,
    body=ProjectRole,
    answer=PlaceMember,
    errors=_PROJECT | {"not_a_member": 409, "managed_by_idp": 409, "member_ambiguous": 409},
)
def put_project_member(call: Call, o: str, project: str, user_id: str, body: ProjectRole) -> PlaceMember:
    """For who may rename it. A place that a rule gave is changed at the identity provider."""
    return projects.set_member(call.database, call.organization(o), project, user_id, body.role, actor=call.actor)


@operation(
    "DELETE",
    "/api/orgs/<o>/projects/<project>/members/<user_id>",
    tag=_TAG,
    summary="Take somebody out of a project, or leave it",
    permission=MEMBER,
    answer=None,
    status=204,
    errors=_PROJECT | {"member_not_found": 404, "managed_by_idp": 409, "default_project": 409, "member_ambiguous": 409},
)
def remove_project_member(call: Call, o: str, project: str, user_id: str) -> None:
    """For who may rename it, and for everybody themselves. In the default project everybody stays."""
    projects.remove_member(call.database, call.organization(o), project, user_id, actor=call.actor)
