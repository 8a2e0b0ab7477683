"""`connector key`: API keys."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from connector.accounts import keys
from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown, moment
from connector.organizations import organizations

_ORG = click.option("--org", metavar="ORG", help="The organization (slug or id).")


@click.group()
def key() -> None:
    """API keys of people, sent as Authorization: Bearer.

    A key of an organization opens that organization, a personal one what its person could open after a local sign-in.
    """


@key.command()
@opens
@click.option("--person", metavar="EMAIL", required=True, help="Whose key it is; you vouch for the address.")
@_ORG
@click.option("--scopes", metavar="S", default="", help="What it is for: words with commas between.")
def create(at_hand: Tools, person: str, org: str | None, scopes: str) -> Shown:
    """Make a key, shown this once; without --org a personal one."""
    asked = [word for word in scopes.replace(",", " ").split() if word]
    made = keys.create(at_hand.database, person, datetime.now(UTC), organization_id=_organization(at_hand, org), scopes=asked)
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
    rows = [
        (each.id, f"…{each.hint}", each.person, each.organization, each.state, ", ".join(each.scopes), moment(each.last_used_at))
        for each in found
    ]
    heads = ("ID", "KEY", "PERSON", "ORGANIZATION", "STATE", "SCOPES", "LAST USED")
    return Shown(output.items(found), output.table(heads, rows, empty="No keys. Make one: connector key create --person EMAIL"))


@key.command()
@opens
@click.argument("key")
def revoke(at_hand: Tools, key: str) -> Shown:
    """End a key at once."""
    keys.revoke(at_hand.database, key)
    return Shown({"id": key, "state": "revoked"}, f"Key {key} is revoked.")


def _organization(at_hand: Tools, org: str | None) -> str | None:
    return None if org is None else organizations.find(at_hand.database, org).id
