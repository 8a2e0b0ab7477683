"""`connector org mode`: by invitation, or through an identity provider."""

from __future__ import annotations

import click

from connector.cli.common import Tools, opens, organization, planned, yes_option
from connector.cli.connection import warn_untested
from connector.cli.output import Shown
from connector.directory.model import Document
from connector.organizations.organization_rows import OrganizationView


@click.command()
@opens
@organization
@click.argument("mode", type=click.Choice(("invitation", "sso")))
@click.option("--connection", metavar="CONNECTION", help="To sso: the connection to activate.")
@click.option("--keep", is_flag=True, help="To sso: what was given by hand stays, instead of being handed over to the rules.")
@yes_option
def mode(at_hand: Tools, organization: OrganizationView, mode: str, connection: str | None, keep: bool, yes: bool) -> Shown:
    """Switch how members come.

    On the way back to invitations nobody active loses access: what rules gave stays, connections become drafts, and who has no
    verified address is mailed a link that verifies it.
    """
    given: Document = {"mode": mode, "connection": connection, "keep": keep}
    shown = planned(at_hand, organization, "mode", given, do=yes)
    if connection:
        warn_untested(at_hand, connection)
    return shown
