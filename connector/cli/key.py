"""`connector key`: API keys."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from connector.accounts import keys
from connector.accounts.keys import KeyView
from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown, moment
from connector.organizations import organizations

_ORG = click.option("--org", metavar="ORG", help="The organization (slug or id).")


@click.group()
def key() -> None:
    """API keys of people, sent as Authorization: Bearer.

    A key of an organization opens that organization, one of a project that project, and a personal one what its person could
    open after a local sign-in.
    """


@key.command()
@opens
@click.option("--person", metavar="EMAIL", required=True, help="Whose key it is; you vouch for the address.")
@_ORG
@click.option("--project", metavar="PROJECT", help="A project of the organization (slug or id): the key outlives the person.")
@click.option("--name", metavar="NAME", default="", help="What it is called in lists.")
@click.option("--scopes", metavar="S", default="", help="What it is limited to: permissions, or personal, with commas between.")
def create(at_hand: Tools, person: str, org: str | None, project: str | None, name: str, scopes: str) -> Shown:
    """Make a key, shown this once; without --org a personal one."""
    if project is not None and org is None:
        raise click.UsageError("A project of which organization? Give --org ORG.")
    home = {"organization_id": _organization(at_hand, org), "project": project}
    asked = scopes.replace(",", " ").split()
    made = keys.create(at_hand.database, person, datetime.now(UTC), **home, name=name, scopes=asked)
    facts = output.aligned([("key", made.key), ("id", made.id)], indent="  ")
    return Shown(made, f"The key is shown this once.\n\n{facts}")


@key.command("list")
@opens
@click.option("--person", metavar="EMAIL", help="The keys of this person.")
@_ORG
def list_(at_hand: Tools, person: str | None, org: str | None) -> Shown:
    """Keys, oldest first, dead ones too."""
    if person is None and org is None:
        raise click.UsageError("Whose keys? Give --person EMAIL or --org ORG.")
    found = keys.list_(at_hand.database, email=person, organization_id=_organization(at_hand, org))
    rows = [(each.id, f"…{each.hint}", each.name or None, each.person, _home(each), each.state, *_limits(each)) for each in found]
    heads = ("ID", "KEY", "NAME", "PERSON", "ORGANIZATION", "STATE", "SCOPES", "LAST USED")
    return Shown(output.items(found), output.table(heads, rows, empty="No keys. Make one: connector key create --person EMAIL"))


@key.command()
@opens
@click.argument("key")
def revoke(at_hand: Tools, key: str) -> Shown:
    """End a key at once."""
    keys.revoke(at_hand.database, key)
    return Shown({"id": key, "state": "revoked"}, f"Key {key} is revoked.")


def _home(view: KeyView) -> str | None:
    """The organization, with the project behind it."""
    return f"{view.organization}/{view.project}" if view.project else view.organization


def _limits(view: KeyView) -> tuple[str, str]:
    return ", ".join(view.scopes), moment(view.last_used_at)


def _organization(at_hand: Tools, org: str | None) -> str | None:
    return None if org is None else organizations.find(at_hand.database, org).id
