"""`connector org`: organizations."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization, planned, yes_option
from connector.cli.org_mode import mode
from connector.cli.output import Shown, moment
from connector.membership.roles import PRESETS
from connector.organizations import catalogue, deletion, entitlements, export, organizations
from connector.organizations.catalogue import CatalogueView
from connector.organizations.organization_rows import OrganizationView
from connector.provisioning.acting import OPERATOR


@click.group()
def org() -> None:
    """Organizations: create, list, show, change, delete, bring back, export; their mode, their roles, and what they may use."""


org.add_command(mode)


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
        f"Made {made.slug} ({made.id}); {owner} owns it, and signs in with this link, once, within 24 hours.\n"
        f"It opens the console, while `connector serve` runs:\n\n"
        f"  {made.sign_in_url}\n\nNext, invite people:\n  connector invite {slug} EMAIL"
        f"\nor let them come from a domain of its own, through its identity provider:"
        f"\n  connector domain add {slug} DOMAIN --verified\n  connector connection create {slug} --name NAME --idp okta"
    )
    return Shown(made, later)


@org.command("list")
@opens
@click.option("--deleted", is_flag=True, help="Those that were deleted and can be brought back.")
def list_(at_hand: Tools, deleted: bool) -> Shown:
    """All organizations, oldest first."""
    found = every(
        lambda after: organizations.list_all(at_hand.database, deleted=deleted, limit=1000, after=after, actor=OPERATOR)
    )
    rows = [(each.slug, each.name, each.mode, each.preset, moment(each.created_at), each.id) for each in found]
    empty = "No organizations yet. Make one: connector org create SLUG --name NAME --owner EMAIL"
    return Shown(output.items(found), output.table(("SLUG", "NAME", "MODE", "PRESET", "CREATED", "ID"), rows, empty=empty))


@org.command()
@opens
@organization
def show(at_hand: Tools, organization: OrganizationView) -> Shown:
    """One organization."""
    return Shown(organization, _one(organization))


def _one(organization: OrganizationView) -> str:
    facts = [
        ("id", organization.id),
        ("slug", organization.slug),
        ("name", organization.name),
        ("members come", "from the identity provider (sso)" if organization.mode == "sso" else "by invitation"),
        ("roles", organization.preset),
        ("picture", organization.avatar_url),
        ("created", moment(organization.created_at)),
    ]
    return output.aligned(facts)


@org.command()
@opens
@organization
@click.option("--name", "display_name", help="The name people read.")
@click.option("--slug", help="The short name in addresses; ids stay.")
@click.option("--avatar-url", metavar="URL", help="A picture, over https; an empty one takes it away.")
def update(at_hand: Tools, organization: OrganizationView, **given: str | None) -> Shown:
    """Change name, slug or picture."""
    changes = {name: value or None for name, value in given.items() if value is not None}
    changed = organizations.change(at_hand.database, organization.id, changes)
    return Shown(changed, _one(changed))


@org.command()
@opens
@organization
def delete(at_hand: Tools, organization: OrganizationView) -> Shown:
    """Delete an organization that owns nothing; for 30 days it can be brought back."""
    deletion.remove(at_hand.database, organization.id)
    text = f"{organization.slug} is gone. Until it is swept, in 30 days: connector org restore {organization.id}"
    return Shown({"id": organization.id, "slug": organization.slug, "deleted": True}, text)


@org.command()
@opens
@click.argument("org")
def restore(at_hand: Tools, org: str) -> Shown:
    """Bring a deleted organization back as it was."""
    found = deletion.restore(at_hand.database, org)
    return Shown(found, f"{found.slug} is back; people sign in anew.")


@org.command()
@opens
@organization
@click.option(
    "--set", "file", type=click.File(encoding="utf-8"), metavar="FILE", help="Other roles: JSON as this command prints it."
)
@yes_option
def roles(at_hand: Tools, organization: OrganizationView, file: IO[str] | None, yes: bool) -> Shown:
    """The roles and what each may; with --set, others in their place, as a plan."""
    if file is not None:
        return planned(at_hand, organization, "roles", _read(file), do=yes)
    told = catalogue.show(at_hand.database, organization.id)
    return Shown(told, _roles(told))


def _read(file: IO[str]) -> dict[str, Any]:
    try:
        given = json.load(file)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise click.UsageError(f"{file.name} holds no JSON object with roles.")
    return given


def _roles(told: CatalogueView) -> str:
    rows = [
        (each.name, str(each.rank), _marks(each.name, told, top=each.top), ", ".join(each.permissions)) for each in told.roles
    ]
    return output.table(("ROLE", "RANK", "", "MAY"), rows, empty="No roles.")


def _marks(name: str, told: CatalogueView, *, top: bool) -> str:
    return "top" if top else "default" if name == told.default_role else ""


@org.command()
@opens
@organization
@click.argument("name", type=click.Choice(entitlements.NAMES))
@click.argument("switch", type=click.Choice(["on", "off"]))
def entitle(at_hand: Tools, organization: OrganizationView, name: str, switch: str) -> Shown:
    """Switch on or off what an organization may use."""
    told = entitlements.switch(at_hand.database, organization.id, {name: switch == "on"})
    return Shown(told, output.aligned([(each, "on" if on else "off") for each, on in told.items()]))


@org.command("export")
@opens
@organization
def export_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """Everything kept about an organization, as JSON, without secrets."""
    exported = export.export(at_hand.database, organization.id)
    return Shown(exported, json.dumps(output.jsonable(exported), ensure_ascii=False, indent=2))
