"""`connector grant`: what teams, and everybody, may do with a resource."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown
from connector.membership.access import GRANTED
from connector.organizations import grants
from connector.organizations.grants import GrantView
from connector.organizations.organization_rows import OrganizationView


@click.group()
def grant() -> None:
    """Grants: add, list, remove. TEAM is an id or a slug, or `org:*` for everybody but guests."""


@grant.command()
@opens
@organization
@click.argument("team")
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.option("--permission", type=click.Choice(GRANTED), default="write", show_default=True, help="What they may do.")
def add(at_hand: Tools, organization: OrganizationView, team: str, kind: str, id_: str, permission: str) -> Shown:
    """Grant a team a resource; again, with another permission, changes the grant."""
    home, what = (at_hand.database, organization.id), (kind, id_, permission)
    view = grants.grant_everybody(*home, *what) if team == grants.EVERYBODY else grants.grant_team(*home, team, *what)
    return Shown(view, f"{view.subject} has {view.permission} on {kind} {id_}.")


@grant.command("list")
@opens
@organization
@click.argument("team")
def list_(at_hand: Tools, organization: OrganizationView, team: str) -> Shown:
    """What a team is granted, oldest first."""
    home = (at_hand.database, organization.id)
    if team == grants.EVERYBODY:
        found = every(lambda after: grants.to_everybody(*home, limit=1000, after=after))
    else:
        found = every(lambda after: grants.to_team(*home, team, limit=1000, after=after))
    return Shown(output.items(found), _table(found))


@grant.command()
@opens
@organization
@click.argument("team")
@click.argument("grant")
def remove(at_hand: Tools, organization: OrganizationView, team: str, grant: str) -> Shown:
    """Take a grant from a team, by its id."""
    if team == grants.EVERYBODY:
        grants.revoke_everybody(at_hand.database, organization.id, grant)
    else:
        grants.revoke_team(at_hand.database, organization.id, team, grant)
    return Shown({"grant": grant, "removed": True}, f"The grant {grant} is removed.")


def _table(found: list[GrantView]) -> str:
    rows = [(each.id, each.resource_kind, each.resource_id, each.permission) for each in found]
    return output.table(("GRANT", "KIND", "ID", "PERMISSION"), rows, empty="Nothing is granted.")
