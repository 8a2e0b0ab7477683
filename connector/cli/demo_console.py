"""The part of the demo that is left to whoever watches: Northwind's console, and Globex, whose identity provider waits to be
connected by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from connector.accounts import persons, recovery
from connector.cli.common import Tools
from connector.directory import domains
from connector.organizations import member_adding, organizations
from idp_fixtures.idp import Provider, serving
from idp_fixtures.people import person

FOUNDER: Final = "founder@globex.example"
EMERGENCY: Final = "emergency@globex.example"
"""An owner whom Globex's identity provider does not know: who is to come in when it fails."""

PEOPLE: Final = (
    person(FOUNDER, "Inês Duarte", "IT Admins"),
    person("kofi.mensah@globex.example", "Kofi Mensah", "IT Admins", "Platform"),
    person("linh.tran@globex.example", "Linh Trần", "Platform"),
    person("oskar.nowak@globex.example", "Oskar Nowak", "Platform"),
    person("salma.haddad@globex.example", "سلمى حداد", "Platform", "Support"),
    person("tomas.prochazka@globex.example", "Tomáš Procházka", "Support"),
    person("yui.sato@globex.example", "佐藤 結衣", "Support"),
    person("zawadi.otieno@globex.example", "Zawadi Otieno"),
)
"""Everybody at Globex, with their groups."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Addresses to open: two links that sign in, once each, and the console of Globex's identity provider."""

    northwind: str
    globex: str
    set_up: str


@contextmanager
def globex_idp() -> Iterator[Provider]:
    """Serve Globex's identity provider, which knows its people and no application."""
    with serving(Provider(PEOPLE, name="Globex ID")) as idp:
        yield idp


def doors(at_hand: Tools, northwind: str, idp: Provider) -> Doors:
    """Make Globex, by invitation with nothing connected, and the links with which the founders open their consoles. `northwind`
    is an organization's id."""
    database, base_url, now = at_hand.database, at_hand.settings.base_url, datetime.now(UTC)
    globex = organizations.create(database, "globex", "Globex", FOUNDER, base_url=base_url)
    domains.add(database, globex.id, "globex.example", verified=True)
    database.write(lambda tx: persons.find_or_make(tx, EMERGENCY, now))
    member_adding.add(database, globex.id, email=EMERGENCY, role="owner")
    link = recovery.print_link(database, northwind, "founder@northwind.example", base_url, now)
    return Doors(link, str(globex.sign_in_url), f"{idp.url}/set-up")


def told(doors: Doors) -> str:
    """Where to begin. Each link works once: whoever opens the second one is somebody else from then on."""
    lines = (
        click.style("\nOpen the console", bold=True),
        "",
        "  Northwind, as its founder: who is there and why, what was pushed, what a rule would change.",
        f"  {doors.northwind}",
        "",
        "  Globex, as its founder: nothing is connected yet. Do it yourself, in ten minutes:",
        "  Connections, Connect an identity provider, Any SAML (or Any OpenID Connect).",
        f"  {doors.globex}",
        "  What a step asks for at the identity provider is done in the console of Globex's:",
        f"  {doors.set_up}",
        f"  In the step “Keep a way in” name {EMERGENCY}, which it does not know.",
    )
    return "\n".join(lines)
