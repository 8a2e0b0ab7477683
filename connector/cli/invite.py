"""`connector invite` and `connector invitation`: people asked in by e-mail."""

from __future__ import annotations

import click

from connector.accounts.invitation_mail import link_url
from connector.accounts.secret import new_token
from connector.cli import output
from connector.cli.common import Tools, every, opens, organization
from connector.cli.output import Shown, moment
from connector.organizations import invitations, joining, moving
from connector.organizations.invitation_rows import InvitationView
from connector.organizations.organization_rows import OrganizationView


@click.command()
@opens
@organization
@click.argument("email")
@click.option("--role", metavar="R", help="The role they join with, instead of the default one.")
def invite(at_hand: Tools, organization: OrganizationView, email: str, role: str | None) -> Shown:
    """Invite somebody by e-mail; the link is printed as well, for you to hand over."""
    token, base_url = new_token(), at_hand.settings.base_url
    sent = (at_hand.database, at_hand.sealer, base_url, organization.id, email)
    return _with_link(invitations.invite(*sent, role=role, token=token), link_url(base_url, token))


@click.group()
def invitation() -> None:
    """Invitations: list, send again, cancel, let somebody move."""


@invitation.command("list")
@opens
@organization
@click.option("--status", type=click.Choice(invitations.STATUSES), help="Only these.")
def list_(at_hand: Tools, organization: OrganizationView, status: str | None) -> Shown:
    """The organization's invitations, oldest first."""
    found = every(lambda after: invitations.list_(at_hand.database, organization.id, limit=1000, after=after, status=status))
    rows = [
        (each.id, each.email, each.role, each.status, each.invited_by or "operator", moment(each.expires_at), _asks(each))
        for each in found
    ]
    heads = ("ID", "EMAIL", "ROLE", "STATUS", "INVITED BY", "GOOD UNTIL", "ASKS TO MOVE")
    return Shown(
        output.items(found), output.table(heads, rows, empty="No invitations. Invite somebody: connector invite ORG EMAIL")
    )


def _asks(view: InvitationView) -> str:
    return "yes" if view.move_requested else ""


@invitation.command()
@opens
@click.argument("invitation")
def cancel(at_hand: Tools, invitation: str) -> Shown:
    """Take an invitation back, by its id."""
    invitations.cancel(at_hand.database, joining.home_of(at_hand.database, invitation), invitation)
    return Shown({"id": invitation, "status": "cancelled"}, f"Invitation {invitation} is cancelled; its link is dead.")


@invitation.command()
@opens
@click.argument("invitation")
def resend(at_hand: Tools, invitation: str) -> Shown:
    """Mail a new link, by the id of the invitation; the old one is dead."""
    token, base_url = new_token(), at_hand.settings.base_url
    home = joining.home_of(at_hand.database, invitation)
    sent = (at_hand.database, at_hand.sealer, base_url, home, invitation)
    return _with_link(invitations.resend(*sent, token=token), link_url(base_url, token))


@invitation.command("approve-move")
@opens
@click.argument("invitation")
def approve_move(at_hand: Tools, invitation: str) -> Shown:
    """Let somebody in who asked to move: they leave where they belong."""
    moved = moving.approve(at_hand.database, joining.home_of(at_hand.database, invitation), invitation)
    return Shown(moved, f"{moved.email} has moved, and is {moved.role} here.")


def _with_link(made: InvitationView, url: str) -> Shown:
    told = f"{made.email} is invited as {made.role}, until {moment(made.expires_at)}. The mail is on its way; the link, for you:"
    return Shown({**output.jsonable(made), "url": url}, f"{told}\n\n  {url}")
