"""`connector owner`: what an owner needs who is locked out."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from connector.accounts import recovery
from connector.cli.common import Tools, opens, organization
from connector.cli.output import Shown
from connector.organizations.organization_rows import OrganizationView


@click.group()
def owner() -> None:
    """What an owner needs who is locked out."""


@owner.command()
@opens
@organization
@click.argument("email")
def restore(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Make a one-time link that opens the organization to one of its owners, once, within 24 hours.

    All owners are told.
    """
    url = recovery.print_link(at_hand.database, organization.id, email, at_hand.settings.base_url, datetime.now(UTC))
    return Shown({"email": email, "url": url}, f"Hand this link to {email}. It works once, within 24 hours:\n\n  {url}")


@owner.command()
@opens
@organization
@click.argument("email")
def codes(at_hand: Tools, organization: OrganizationView, email: str) -> Shown:
    """Make ten recovery codes for a break-glass owner, shown this once; the old ones are dead."""
    made = recovery.codes(at_hand.database, organization.id, email)
    listed = "\n".join(f"  {code}" for code in made)
    text = f"Print these and keep them where {email} finds them. Each is good for one use, after an e-mail link.\n\n{listed}"
    return Shown({"email": email, "codes": made}, text)
