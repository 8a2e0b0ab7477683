"""`connector domain`: the e-mail domains of an organization."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens, organization, planned, yes_option
from connector.cli.output import Shown
from connector.directory import domain_checks, domains
from connector.directory.domains import Domain
from connector.organizations.organization_rows import OrganizationView
from connector.outbound import dns


@click.group()
def domain() -> None:
    """E-mail domains of an organization.

    Only inside a verified one are people linked by address.
    """


@domain.command()
@opens
@organization
@click.argument("domain")
@click.option("--verified", is_flag=True, help="You vouch that the domain is the organization's.")
def add(at_hand: Tools, organization: OrganizationView, domain: str, verified: bool) -> Shown:
    """Claim a domain, and with --verified vouch for it."""
    claimed = domains.add(at_hand.database, organization.id, domain, verified)
    if claimed.verified:
        return Shown(_told(claimed), f"{claimed.domain} is verified for {organization.slug}.")
    record = output.aligned([("name", claimed.record_name), ("TXT", claimed.record_value)], indent="  ")
    then = f"When it is there: connector domain verify {organization.slug} {claimed.domain}"
    vouch = f"Or vouch for it: connector domain add {organization.slug} {claimed.domain} --verified"
    text = f"{claimed.domain} is claimed, not verified. The DNS record that proves it:\n\n{record}\n\n{then}\n{vouch}"
    return Shown(_told(claimed), text)


@domain.command()
@opens
@organization
@click.argument("domain")
def verify(at_hand: Tools, organization: OrganizationView, domain: str) -> Shown:
    """Verify a claimed domain by its DNS record.

    The record is looked at daily from then on. When it is gone for 14 days, the domain is a mere claim again.
    """
    proved = domain_checks.verify(at_hand.database, organization.id, domain, dns.txt)
    return Shown(_told(proved), f"{proved.domain} is verified for {organization.slug}.")


def _told(claimed: Domain) -> dict[str, object]:
    """A domain as these commands have always printed it."""
    names = ("domain", "verified", "record_name", "record_value")
    return {name: getattr(claimed, name) for name in names}


@domain.command("list")
@opens
@organization
def list_(at_hand: Tools, organization: OrganizationView) -> Shown:
    """The organization's domains, oldest first."""
    found = every(lambda after: domains.list_(at_hand.database, organization.id, after=after))
    rows = [(each.domain, "verified" if each.verified else "claimed", each.record_name, each.record_value) for each in found]
    empty = f"No domains yet. Add one: connector domain add {organization.slug} DOMAIN --verified"
    return Shown(
        output.items(list(map(_told, found))), output.table(("DOMAIN", "STATE", "DNS NAME", "DNS TXT VALUE"), rows, empty=empty)
    )


@domain.command()
@opens
@organization
@click.argument("domain")
@yes_option
def remove(at_hand: Tools, organization: OrganizationView, domain: str, yes: bool) -> Shown:
    """Give a domain up.

    Nobody is linked by an address in it any more; who is linked stays linked.
    """
    return planned(at_hand, organization, "remove_domain", {"domain": domain}, do=yes)
