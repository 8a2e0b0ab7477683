"""`connector org`: organizations."""

from __future__ import annotations

import json

import click

from connector.cli import output
from connector.cli.common import Tools, opens, organization
from connector.cli.output import Shown, moment
from connector.membership.roles import PRESETS
from connector.organizations import export, organizations
from connector.organizations.organizations import OrganizationView


@click.group()
def org() -> None:
    """Organizations: create, list, show, export."""


@org.command()
@opens
@click.argument("slug")
@click.option("--name", required=True, help="The name people read.")
@click.option("--owner", metavar="EMAIL", required=True, help="The founder; you vouch for the address.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="oagents", show_default=True, help="The roles to start with.")
def create(at_hand: Tools, slug: str, name: str, owner: str, preset: str) -> Shown:
    """Make an organization with its roles and its founder."""
    made = organizations.create(at_hand.database, slug, name, owner, preset, base_url=at_hand.settings.base_url)
    later = (
        f"Made {made.slug} ({made.id}); {owner} owns it, and signs in with this link, once, within 24 hours:\n\n"
        f"  {made.sign_in_url}\n\nNext, a domain of its own and an identity provider:"
        f"\n  connector domain add {slug} DOMAIN --verified\n  connector connection create {slug} --name NAME --idp okta"
    )
    return Shown(made, later)


@org.command("list")
@opens
def list_(at_hand: Tools) -> Shown:
    """All organizations, oldest first."""
    found = organizations.list_(at_hand.database)
    rows = [(each.slug, each.name, each.mode, each.preset, moment(each.created_at), each.id) for each in found]
    empty = "No organizations yet. Make one: connector org create SLUG --name NAME --owner EMAIL"
    return Shown(output.items(found), output.table(("SLUG", "NAME", "MODE", "PRESET", "CREATED", "ID"), rows, empty=empty))


@org.command()
@opens
@organization
def show(at_hand: Tools, organization: OrganizationView) -> Shown:
    """One organization."""
    facts = [
        ("id", organization.id),
        ("slug", organization.slug),
        ("name", organization.name),
        ("members come", "from the identity provider (sso)" if organization.mode == "sso" else "by invitation"),
        ("roles", organization.preset),
        ("created", moment(organization.created_at)),
    ]
    return Shown(organization, output.aligned(facts))


@org.command("export")
@opens
@organization
def export_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """Everything kept about an organization, as JSON, without secrets."""
    exported = export.export(at_hand.database, organization.id)
    return Shown(exported, json.dumps(output.jsonable(exported), ensure_ascii=False, indent=2))
