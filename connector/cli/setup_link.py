"""`connector setup-link`: links with which somebody without an account prepares connections."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown, moment
from connector.directory import setup_links
from connector.organizations.organization_rows import OrganizationView


@click.group("setup-link")
def setup_link() -> None:
    """Set-up links of an organization.

    Whoever holds one prepares connections, their rules and domains, without an account. Going live is left to the owners. At most
    five live at once.
    """


@setup_link.command()
@opens
@organization
@click.option("--name", metavar="NAME", default="", help='For whom it is, such as "IT of Acme".')
@click.option("--days", metavar="N", type=int, default=setup_links.DAYS, show_default=True, help="How long it lives.")
def create(at_hand: Tools, organization: OrganizationView, name: str, days: int) -> Shown:
    """Make a link, shown this once."""
    made = setup_links.create(at_hand.database, organization.id, base_url=at_hand.settings.base_url, name=name, days=days)
    facts = output.aligned([("link", made.url), ("expires", moment(made.expires_at)), ("id", made.id)], indent="  ")
    return Shown(made, f"Send it to whoever sets up the identity provider. It is shown this once.\n\n{facts}")


@setup_link.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """Links, oldest first, for a month dead ones too."""
    found = every(lambda after: setup_links.list_(at_hand.database, organization.id, after=after))
    rows = [
        (each.id, f"…{each.hint}", each.name or None, each.created_by or "operator", each.state, *_times(each)) for each in found
    ]
    heads = ("ID", "LINK", "NAME", "MADE BY", "STATE", "EXPIRES", "LAST USED")
    empty = f"No set-up links. Make one: connector setup-link create {organization.slug}"
    return Shown(output.items(found), output.table(heads, rows, empty=empty))


def _times(view: setup_links.SetupLinkView) -> tuple[str, str]:
    return moment(view.expires_at), moment(view.last_used_at)


@setup_link.command()
@opens
@click.argument("link")
def revoke(at_hand: Tools, link: str) -> Shown:
    """End a link at once."""
    setup_links.revoke(at_hand.database, setup_links.organization_of(at_hand.database, link), link)
    return Shown({"id": link, "state": "revoked"}, f"Set-up link {link} is revoked.")
