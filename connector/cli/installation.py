"""`connector installation` and `connector super-admin`: who may make organizations, and who runs the installation beside you."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown
from connector.organizations import installation as policies
from connector.organizations.installation import Founders, Policy, Switch


@click.group()
def installation() -> None:
    """Who may make organizations over HTTP; at the command line you always can."""


@installation.command()
@opens
def show(at_hand: Tools) -> Shown:
    """What holds: whether new organizations can be made over HTTP, and by whom."""
    return _shown(policies.show(at_hand.database))


@installation.command("set")
@opens
@click.option("--organizations", type=click.Choice(["on", "off"]), help="Whether new organizations can be made over HTTP at all.")
@click.option("--creation", type=click.Choice(["anyone", "super_admins"]), help="Who makes them there.")
def set_(at_hand: Tools, organizations: Switch | None, creation: Founders | None) -> Shown:
    """Say who may make organizations."""
    return _shown(policies.change(at_hand.database, organizations=organizations, creation=creation))


def _shown(policy: Policy) -> Shown:
    return Shown(policy, output.aligned([("organizations", policy.organizations), ("creation", policy.creation)]))


@click.group("super-admin")
def super_admin() -> None:
    """Super admins: people with powers over the whole installation, after a local sign-in."""


@super_admin.command("list")
@opens
def list_(at_hand: Tools) -> Shown:
    """All super admins, oldest account first."""
    found = policies.super_admins(at_hand.database)
    rows = [(each.email, each.name, each.user_id) for each in found]
    return Shown(output.items(found), output.table(("EMAIL", "NAME", "ID"), rows, empty="None. connector super-admin add EMAIL"))


@super_admin.command()
@opens
@click.argument("email")
def add(at_hand: Tools, email: str) -> Shown:
    """Name a super admin; you vouch for the address."""
    named = policies.add_super_admin(at_hand.database, email)
    return Shown(named, f"{email} is a super admin, once signed in by e-mail link or the installation-wide provider.")


@super_admin.command()
@opens
@click.argument("email")
def remove(at_hand: Tools, email: str) -> Shown:
    """Take the powers of a super admin back."""
    policies.remove_super_admin(at_hand.database, email)
    return Shown({"email": email, "removed": True}, f"{email} is no super admin any more.")
