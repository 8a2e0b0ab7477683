"""`connector use`: the organization that commands are about when none is named."""

from __future__ import annotations

import click

from connector.cli.common import Tools, opens
from connector.cli.current import current, keep
from connector.cli.output import Shown
from connector.organizations import organizations


@click.command()
@opens
@click.argument("org", required=False)
@click.option("--none", "forget", is_flag=True, help="No organization is current any more.")
def use(at_hand: Tools, org: str | None, forget: bool) -> Shown:
    """Make ORG the current organization, or tell which it is. --org goes before it."""
    if org is not None and forget:
        raise click.UsageError("ORG or --none, not both.")
    chosen = org or (None if forget else current(at_hand.settings))
    found = None if chosen is None else organizations.find(at_hand.database, chosen)
    if org is not None or forget:
        keep(at_hand.settings, None if found is None else found.id)
    slug = None if found is None else found.slug
    text = "No organization is current: connector use ORG" if slug is None else f"Commands are about {slug} when none is named."
    return Shown({"organization": slug, "id": None if found is None else found.id}, text)
