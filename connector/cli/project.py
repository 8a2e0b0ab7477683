"""`connector project`: workspaces of an organization with members of their own."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown
from connector.cli.team import called, one_member
from connector.membership.mapping import PROJECT_LEVELS
from connector.organizations import projects
from connector.organizations.organization_rows import OrganizationView
from connector.organizations.projects import ProjectView


@click.group()
def project() -> None:
    """Projects: make, list, show, rename, remove, and who is in them."""


@project.command()
@opens
@organization
@click.argument("name")
@click.option("--slug", metavar="SLUG", help="Its short name, instead of one made of the name.")
def create(at_hand: Tools, organization: OrganizationView, name: str, slug: str | None) -> Shown:
    """Make a project."""
    return _shown(projects.create(at_hand.database, organization.id, name, slug=slug))


@project.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The organization's projects, oldest first."""
    found = every(lambda after: projects.list_(at_hand.database, organization.id, limit=1000, after=after))
    rows = [(each.slug, each.name, "everybody is in it" if each.is_default else "", each.id) for each in found]
    empty = "No projects. Make one: connector project create ORG NAME"
    return Shown(output.items(found), output.table(("SLUG", "NAME", "", "ID"), rows, empty=empty))


@project.command()
@opens
@organization
@click.argument("project")
def show(at_hand: Tools, organization: OrganizationView, project: str) -> Shown:
    """A project."""
    return _shown(projects.show(at_hand.database, organization.id, project))


@project.command()
@opens
@organization
@click.argument("project")
@click.argument("name")
def rename(at_hand: Tools, organization: OrganizationView, project: str, name: str) -> Shown:
    """Give a project another name; its slug stays."""
    return _shown(projects.rename(at_hand.database, organization.id, project, name))


@project.command()
@opens
@organization
@click.argument("project")
def remove(at_hand: Tools, organization: OrganizationView, project: str) -> Shown:
    """Delete a project and its keys, unless it has resources or a rule gives it."""
    projects.delete(at_hand.database, organization.id, project)
    return Shown({"project": project, "removed": True}, f"{project} is removed.")


@project.command()
@opens
@organization
@click.argument("project")
def members(at_hand: Tools, organization: OrganizationView, project: str) -> Shown:
    """Who is in a project."""
    found = every(lambda after: projects.members_of(at_hand.database, organization.id, project, limit=1000, after=after))
    rows = [(called(each), each.role, "by a rule" if each.managed else "by hand or by joining") for each in found]
    return Shown(output.items(found), output.table(("EMAIL", "ROLE", "GIVEN"), rows, empty="Nobody is in it."))


@project.command("set-member")
@opens
@organization
@click.argument("project")
@click.argument("email")
@click.option("--role", type=click.Choice(PROJECT_LEVELS), default="member", show_default=True, help="Their role there.")
def set_member(at_hand: Tools, organization: OrganizationView, project: str, email: str, role: str) -> Shown:
    """Put a member of the organization into a project, or change their role there."""
    return one_member(projects.set_member(at_hand.database, organization.id, project, email, role), project)


@project.command("remove-member")
@opens
@organization
@click.argument("project")
@click.argument("email")
def remove_member(at_hand: Tools, organization: OrganizationView, project: str, email: str) -> Shown:
    """Take somebody out of a project."""
    projects.remove_member(at_hand.database, organization.id, project, email)
    return Shown({"project": project, "email": email, "removed": True}, f"{email} is out of {project}.")


def _shown(view: ProjectView) -> Shown:
    facts = [("slug", view.slug), ("id", view.id), ("everybody is in it", "yes" if view.is_default else "no")]
    return Shown(view, click.style(view.name, bold=True) + "\n" + output.aligned(facts, indent="  "))
