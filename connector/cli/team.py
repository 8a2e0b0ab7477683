"""`connector team`: groups of members that hold grants."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown
from connector.membership.mapping import TEAM_LEVELS
from connector.organizations import teams
from connector.organizations.organization_rows import OrganizationView
from connector.organizations.places import PlaceMember
from connector.organizations.teams import TeamDetail


@click.group()
def team() -> None:
    """Teams: make, list, show, rename, remove, and who is in them."""


@team.command()
@opens
@organization
@click.argument("name")
@click.option("--slug", metavar="SLUG", help="Its short name, instead of one made of the name.")
def create(at_hand: Tools, organization: OrganizationView, name: str, slug: str | None) -> Shown:
    """Make a team."""
    return _shown(teams.create(at_hand.database, organization.id, name, slug=slug))


@team.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The organization's teams, oldest first."""
    found = every(lambda after: teams.list_(at_hand.database, organization.id, limit=1000, after=after))
    rows = [(each.slug, each.name, each.id) for each in found]
    empty = "No teams. Make one: connector team create ORG NAME"
    return Shown(output.items(found), output.table(("SLUG", "NAME", "ID"), rows, empty=empty))


@team.command()
@opens
@organization
@click.argument("team")
def show(at_hand: Tools, organization: OrganizationView, team: str) -> Shown:
    """A team with its members and what it is granted."""
    return _shown(teams.show(at_hand.database, organization.id, team))


@team.command()
@opens
@organization
@click.argument("team")
@click.argument("name")
def rename(at_hand: Tools, organization: OrganizationView, team: str, name: str) -> Shown:
    """Give a team another name; its slug stays."""
    return _shown(teams.rename(at_hand.database, organization.id, team, name))


@team.command()
@opens
@organization
@click.argument("team")
def remove(at_hand: Tools, organization: OrganizationView, team: str) -> Shown:
    """Delete a team with its grants, unless a rule gives it."""
    teams.delete(at_hand.database, organization.id, team)
    return Shown({"team": team, "removed": True}, f"{team} is removed.")


@team.command("set-member")
@opens
@organization
@click.argument("team")
@click.argument("email")
@click.option("--role", type=click.Choice(TEAM_LEVELS), default="member", show_default=True, help="Their role in the team.")
def set_member(at_hand: Tools, organization: OrganizationView, team: str, email: str, role: str) -> Shown:
    """Put a member of the organization into a team, or change their role there."""
    return one_member(teams.set_member(at_hand.database, organization.id, team, email, role), team)


@team.command("remove-member")
@opens
@organization
@click.argument("team")
@click.argument("email")
def remove_member(at_hand: Tools, organization: OrganizationView, team: str, email: str) -> Shown:
    """Take somebody out of a team."""
    teams.remove_member(at_hand.database, organization.id, team, email)
    return Shown({"team": team, "email": email, "removed": True}, f"{email} is out of {team}.")


def one_member(member: PlaceMember, place: str) -> Shown:
    """Somebody in a team or project."""
    return Shown(member, f"{called(member)} is {member.role} of {place}.")


def called(member: PlaceMember) -> str:
    """Their address, else their name, else their id."""
    return member.email or member.name or member.user_id


def _shown(view: TeamDetail) -> Shown:
    facts = [("slug", view.slug), ("id", view.id), ("members", str(view.member_count)), ("grants", str(view.grant_count))]
    parts = [click.style(view.name, bold=True) + "\n" + output.aligned(facts, indent="  ")]
    if view.members:
        people = [(called(each), each.role, "by a rule" if each.managed else "by hand") for each in view.members]
        parts.append(click.style("Members", bold=True) + "\n" + output.aligned(people, indent="  "))
    if view.grants:
        granted = [(f"{each.resource_kind}:{each.resource_id}", each.permission, each.id) for each in view.grants]
        parts.append(click.style("Grants", bold=True) + "\n" + output.aligned(granted, indent="  "))
    return Shown(view, "\n\n".join(parts))
