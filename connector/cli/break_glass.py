"""`connector break-glass`: the owners who come in on the day the identity provider fails."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, opens, organization
from connector.cli.output import Shown, moment
from connector.organizations import break_glass as owners
from connector.organizations.organization_rows import OrganizationView


@click.group("break-glass")
def break_glass() -> None:
    """Break-glass owners: one to three owners outside the identity provider."""


@break_glass.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The break-glass owners, oldest first, and how many recovery codes they have left."""
    found = owners.list_(at_hand.database, organization.id)
    rows = [(each.email, each.name, each.status, moment(each.since), str(each.codes)) for each in found]
    empty = (
        f"None yet; the founder becomes one when SSO is turned on. Name one: connector break-glass add {organization.slug} EMAIL"
    )
    return Shown(output.items(found), output.table(("EMAIL", "NAME", "STATUS", "SINCE", "CODES LEFT"), rows, empty=empty))


@break_glass.command()
@opens
@organization
@click.argument("email")
def add(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Name an active member as break-glass owner; they are an owner then."""
    named = owners.add(at_hand.database, organization.id, email)
    text = (
        f"{email} is a break-glass owner of {organization.slug}, whom the identity provider cannot touch.\n"
        f"They sign in with an e-mail link and a recovery code: connector owner codes {organization.slug} {email}"
    )
    return Shown(named, text)


@break_glass.command()
@opens
@organization
@click.argument("email")
def remove(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Take break-glass back, with the codes and what is open by it."""
    owners.remove(at_hand.database, organization.id, email)
    return Shown({"email": email, "removed": True}, f"{email} is no break-glass owner of {organization.slug} any more.")
