"""`connector connection`: identity providers of an organization, and the states they go through."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from connector.cli import output
from connector.cli.common import Moment, Tools, every, opens, organization, planned, yes_option
from connector.cli.connection_test import last_test, test, trace
from connector.cli.output import Shown
from connector.cli.sign_on_options import setups, sign_on_options
from connector.directory import connections, plans
from connector.directory.connections import IDPS, JIT, CertificateView, ConnectionView
from connector.directory.model import Document
from connector.directory.sign_on import load, without_certificate
from connector.directory.states import DIRECTORIES
from connector.organizations import organizations
from connector.organizations.organization_rows import OrganizationView


@click.group()
def connection() -> None:
    """Identity providers, and the states they go through."""


connection.add_command(test)
connection.add_command(trace)


@connection.command()
@opens
@organization
@click.option("--name", required=True, help="The name people read.")
@click.option("--idp", type=click.Choice(IDPS), required=True, help="Which identity provider.")
@click.option("--jit", type=click.Choice(JIT), default="auto", show_default=True, help="Whether signing in makes members.")
@sign_on_options
def create(at_hand: Tools, organization: OrganizationView, name: str, idp: str, jit: str, **given: Any) -> Shown:
    """Make a connection; prints the addresses its identity provider needs.

    How people sign in can be told now or later, with `connection set`.
    """
    base_url = at_hand.settings.base_url
    made = connections.create(
        at_hand.database, organization.id, name, idp, jit, base_url=base_url, setups=setups(at_hand, given, idp)
    )
    then = f"connector connection test {made.id}" if made.sign_on else f"connector connection set {made.id} --saml-metadata …"
    return Shown(
        made,
        f"{_facts(made)}\n\nNext, a token for the identity provider:\n  connector token create {made.id}\n"
        f"and how people sign in:\n  {then}",
    )


@connection.command("set")
@opens
@click.argument("connection")
@click.option("--name", help="The name people read.")
@click.option("--jit", type=click.Choice(JIT), help="Whether signing in makes members.")
@sign_on_options
@click.option("--drop-certificate", metavar="FINGERPRINT", help="SAML: take a certificate no longer, at once.")
def set_(at_hand: Tools, connection: str, name: str | None, jit: str | None, drop_certificate: str | None, **given: Any) -> Shown:
    """Change the options given of a connection, all or none.

    Metadata, secrets and certificates can be changed while people sign in; certificates that new metadata name no more are
    taken for another week. The issuer is fixed once somebody has signed in.
    """
    base_url = at_hand.settings.base_url
    owner = connections.organization_of(at_hand.database, connection)
    idp = connections.show(at_hand.database, owner, connection, base_url=base_url).idp
    changes = setups(at_hand, given, idp, connection)
    if drop_certificate is not None:
        changes.append(without_certificate(drop_certificate))
    changed = connections.set_(at_hand.database, owner, connection, name=name, jit=jit, base_url=base_url, setups=changes)
    if given["subject_attribute"] and load(at_hand.database, at_hand.sealer, connection, base_url).issuer_fixed:
        click.echo("Note: people have signed in already, and were known by another subject; they may be refused now.", err=True)
    return Shown(changed, _facts(changed))


@connection.command()
@opens
@click.argument("connection")
def show(at_hand: Tools, connection: str) -> Shown:
    """One connection with its addresses and states."""
    owner = connections.organization_of(at_hand.database, connection)
    found = connections.show(at_hand.database, owner, connection, base_url=at_hand.settings.base_url)
    return Shown(found, _facts(found))


@connection.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The organization's connections, oldest first."""
    base_url = at_hand.settings.base_url
    found = every(lambda after: connections.list_(at_hand.database, organization.id, base_url=base_url, after=after))
    rows = [(each.name, each.idp, each.state, each.directory, each.jit, each.sign_on, each.id) for each in found]
    empty = f"No connections yet. Make one: connector connection create {organization.slug} --name NAME --idp okta"
    return Shown(
        output.items(found), output.table(("NAME", "IDP", "STATE", "DIRECTORY", "JIT", "SIGN-ON", "ID"), rows, empty=empty)
    )


@connection.command()
@opens
@click.argument("connection")
@click.option("--keep", is_flag=True, help="What was given by hand stays, instead of being handed over to the rules.")
@yes_option
def activate(at_hand: Tools, connection: str, keep: bool, yes: bool) -> Shown:
    """Take a connection live, with its staged directory.

    The first one turns the organization to sso: members come from its identity provider from then on.
    """
    shown = _planned(at_hand, connection, "activate", {"connection": connection, "keep": keep}, yes)
    warn_untested(at_hand, connection)
    return shown


def warn_untested(at_hand: Tools, connection: str) -> None:
    """Say where nobody could sign in through a connection, or nobody has tried: the operator vouches for it."""
    found = load(at_hand.database, at_hand.sealer, connection, at_hand.settings.base_url)
    if found.protocol is None:
        click.echo("Note: this connection has no sign-on side; only break-glass owners will be able to sign in.", err=True)
    elif not last_test(at_hand, found).ok:
        note = f"Note: no test sign-in has passed with today's setup. Try it: connector connection test {connection}"
        click.echo(note, err=True)


@connection.command()
@opens
@click.argument("connection")
def disable(at_hand: Tools, connection: str) -> Shown:
    """End a connection's say, until it is activated again.

    Its directory must be out of live first.
    """
    owner = connections.organization_of(at_hand.database, connection)
    plans.carry_out(at_hand.database, owner, "disable", {"connection": connection})
    disabled = connections.show(at_hand.database, owner, connection, base_url=at_hand.settings.base_url)
    return Shown(disabled, _facts(disabled))


@connection.command()
@opens
@click.argument("connection")
@click.argument("state", type=click.Choice(DIRECTORIES))
@click.option("--keep", is_flag=True, help="Out of live: what its rules gave is kept as given by hand.")
@yes_option
def directory(at_hand: Tools, connection: str, state: str, keep: bool, yes: bool) -> Shown:
    """Move the directory of a connection: off, staging, live or paused."""
    return _planned(at_hand, connection, "directory", {"connection": connection, "directory": state, "keep": keep}, yes)


@connection.command()
@opens
@click.argument("connection")
@click.option("--since", type=Moment(), required=True, help="Such as 2026-11-21T09:30:00Z.")
@yes_option
def restore(at_hand: Tools, connection: str, since: datetime, yes: bool) -> Shown:
    """Bring back everyone put out since a time.

    It lasts until the identity provider next speaks of them.
    """
    return _planned(at_hand, connection, "restore", {"connection": connection, "since": since.isoformat()}, yes)


@connection.command()
@opens
@click.argument("connection")
@click.option("--withdraw/--keep", "withdraw", default=None, help="Take back what its rules gave, or keep it as given by hand.")
@yes_option
def delete(at_hand: Tools, connection: str, withdraw: bool | None, yes: bool) -> Shown:
    """Delete a connection with all it pushed."""
    if withdraw is None:
        raise click.UsageError("What becomes of what its rules gave? Give --withdraw or --keep.")
    return _planned(at_hand, connection, "delete_connection", {"connection": connection, "keep": not withdraw}, yes)


def _planned(at_hand: Tools, connection_id: str, kind: str, given: Document, yes: bool) -> Shown:
    owner = connections.organization_of(at_hand.database, connection_id)
    return planned(at_hand, organizations.find(at_hand.database, owner), kind, given, do=yes)


def _facts(view: ConnectionView) -> str:
    facts = [
        ("id", view.id),
        ("name", view.name),
        ("identity provider", view.idp),
        ("state", view.state),
        ("directory", view.directory),
        ("authority", f"{view.authority} (who decides groups, role and status)"),
        ("jit", view.jit),
        ("sign-on", view.sign_on or "not set up"),
        *([("issuer", view.issuer)] if view.issuer else []),
        *(("certificate", _certificate(each)) for each in view.certificates),
    ]
    addresses = [
        ("SCIM base URL", view.scim_base_url),
        ("login URL", view.login_url),
        ("ACS URL", view.acs_url),
        ("entity id", view.entity_id),
        ("metadata URL", view.metadata_url),
        ("redirect URI", view.redirect_uri),
        ("logout URL", view.logout_url),
        ("back-channel", view.backchannel_logout_url),
    ]
    return output.aligned(facts) + "\n\nAddresses for the identity provider:\n" + output.aligned(addresses, indent="  ")


def _certificate(each: CertificateView) -> str:
    leaving = f", taken until {output.moment(each.leaves_at)}" if each.leaves_at else ""
    return f"{each.fingerprint[:16]}… ends {each.not_after:%Y-%m-%d}{leaving}"
