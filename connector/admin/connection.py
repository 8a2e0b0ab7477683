"""A CONNECTION that is set up, and how it is: heard of when, refused how often, what ends, what is held back, and bringing people
back. Its tokens, options and states have pages beside this one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response

from connector.admin.forms import text
from connector.admin.frame import Visit, done, show, visited
from connector.admin.guides import GUIDES
from connector.admin.guides.advice import reminder, silence
from connector.admin.plans import proposed
from connector.directory import checkup, connection_health, connections
from connector.directory.checkup import CheckItem
from connector.directory.connection_health import ConnectionHealth
from connector.directory.connections import ConnectionView
from connector.directory.sign_on import load, without_certificate
from connector.directory.sign_on_model import SignOn
from connector.directory.sign_on_providers import Desk, Told, setups
from connector.errors import Conflict, ConnectorError, Invalid
from connector.web import refusals

blueprint = Blueprint("connection", __name__)

SAID = {
    "applied": "It is done.",
    "refreshed": "The metadata were read again.",
    "dropped": "The certificate is not taken any more.",
    "saved": "The options are saved.",
    "token_revoked": "The token is revoked: the very next request with it is refused.",
    "client_revoked": "The client is revoked, with every token it fetched.",
}
STATES = {
    "draft": ("Draft", "", "It is being set up: nobody signs in through it yet."),
    "active": ("Active", "good", "People sign in through it."),
    "disabled": ("Disabled", "bad", "Nobody can sign in through it."),
}
DIRECTORIES = {
    "off": ("Directory off", "", "What it pushes is refused."),
    "staging": ("Directory staged", "warn", "What it pushes is kept and decides nothing yet."),
    "live": ("Directory live", "good", "It says who belongs here, and who does not any more."),
    "paused": ("Directory paused", "warn", "What it pushes waits, and is sent again once the directory is resumed."),
}
WAYS = {
    "state": ("/setup/go-live", "Go live"),
    "sign-on": ("/setup/identity-provider", "Tell us about the identity provider"),
    "test sign-in": ("/setup/test", "Test it"),
    "metadata": ("/setup/identity-provider", "Give the metadata again"),
    "certificates": ("/setup/identity-provider", "Give new metadata"),
}
"""Where a check that is not well is made well, behind the address of the connection."""

_COMMAND = re.compile(r":? connector (connection|rule|domain) .*$")


def page(visit: Visit, view: ConnectionView, template: str, tab: str, **values: Any) -> Response:
    """One of the pages of a connection, with the tabs above it."""
    guide = GUIDES[view.idp]
    return show(
        visit,
        template,
        said=SAID,
        c=view,
        at=f"/connections/{view.id}",
        tab=tab,
        called=view.name if guide.idp == "generic" else guide.name,
        guide=guide,
        states=STATES,
        directories=DIRECTORIES,
        **values,
    )


def found(visit: Visit, c: str) -> ConnectionView:
    """The connection. Raises NotFound `connection_not_found`."""
    base_url = visit.house.settings.base_url
    return connections.show(visit.database, visit.here.id, c, base_url=base_url, actor=visit.actor)


@blueprint.get("/admin/<o>/connections/<c>")
@visited
def health(visit: Visit, c: str) -> Response:
    """How it is; nobody else is asked."""
    return _health(visit, c)


@blueprint.post("/admin/<o>/connections/<c>/check")
@visited
def check(visit: Visit, c: str) -> Response:
    """The same, and its identity provider is asked what it says of itself now."""
    return _health(visit, c, asking=True)


def _health(visit: Visit, c: str, *, asking: bool = False, error: ConnectorError | None = None) -> Response:
    base_url = visit.house.settings.base_url
    seen = connection_health.show(visit.database, visit.here.id, c, base_url=base_url, now=visit.now, actor=visit.actor)
    checks, wrong = _checks(visit, c, asking=asking)
    error = error or wrong
    return page(
        visit,
        seen.connection,
        "admin/connection.html",
        "",
        status=200 if error is None else refusals.status_of(error),
        health=seen,
        checks=[each for each in checks if asking or not each.ok],
        asked=asking,
        ways=WAYS,
        plain=lambda detail: _COMMAND.sub(".", detail),
        silence=silence(seen.connection.idp, "scim") if _is_silent(seen, visit.now) else (),
        reminder=reminder(seen.connection.idp, seen.connection.sign_on),
        error=error,
    )


def _is_silent(seen: ConnectionHealth, now: datetime) -> bool:
    """Whether a live directory was not heard of for a day."""
    heard = seen.last_heard_at
    return seen.connection.directory == "live" and (heard is None or now - heard > connection_health.DAY)


def _checks(visit: Visit, c: str, *, asking: bool) -> tuple[tuple[CheckItem, ...], ConnectorError | None]:
    """What can be seen without anybody trying; and what keeps it from being looked at: a client secret that does not open."""
    house = visit.house

    def ask(of: SignOn) -> Iterable[CheckItem]:
        return house.protocols[str(of.protocol)].checks(of)

    who = (visit.database, house.sealer, visit.here.id, c)
    given = ask if asking else None
    try:
        told = checkup.look_at(*who, base_url=house.settings.base_url, now=visit.now, ask=given, actor=visit.actor)
    except Conflict as error:
        return (), error
    return told.items, None


# --------------------------------------------------------------------------------------------------- metadata and certificates


@blueprint.post("/admin/<o>/connections/<c>/metadata")
@visited
def refresh(visit: Visit, c: str) -> Response:
    """Read the metadata again from where they are, now instead of tonight."""
    house, base_url = visit.house, visit.house.settings.base_url
    seen = connection_health.show(visit.database, visit.here.id, c, base_url=base_url, now=visit.now, actor=visit.actor)
    try:
        if seen.metadata.url is None:
            raise _no_address()
        desk = Desk(house.sealer, house.fetcher, house.read_metadata)
        known = load(visit.database, house.sealer, c, base_url, now=visit.now)
        changes = setups(desk, Told(saml_metadata=seen.metadata.url), seen.connection.idp, known, visit.now)
        connections.set_(visit.database, visit.here.id, c, base_url=base_url, setups=changes, actor=visit.actor)
    except ConnectorError as error:
        return _health(visit, c, error=error)
    return done(visit, f"/connections/{c}", "refreshed")


def _no_address() -> Invalid:
    return Invalid(
        "metadata_without_address",
        "The metadata of this connection were given as a file: there is no address to read them from.",
        expected="metadata that were given by their address",
        advice="Give the new file in the set-up of the connection.",
    )


@blueprint.get("/admin/<o>/connections/<c>/certificates/<fingerprint>/drop")
@visited
def ask_to_drop(visit: Visit, c: str, fingerprint: str) -> Response:
    """Say what it does before it is done."""
    view = found(visit, c)
    chosen = next((each for each in view.certificates if each.fingerprint == fingerprint), None)
    if chosen is None:
        return done(visit, f"/connections/{c}")
    return page(visit, view, "admin/certificate_drop.html", "", certificate=chosen, last=len(view.certificates) == 1)


@blueprint.post("/admin/<o>/connections/<c>/certificates/<fingerprint>/drop")
@visited
def drop(visit: Visit, c: str, fingerprint: str) -> Response:
    """Take a certificate no longer, at once."""
    base_url = visit.house.settings.base_url
    gone = [without_certificate(fingerprint, now=visit.now)]
    connections.set_(visit.database, visit.here.id, c, base_url=base_url, setups=gone, actor=visit.actor)
    return done(visit, f"/connections/{c}", "dropped")


# ----------------------------------------------------------------------------------------------- bringing back, and confirming


@blueprint.post("/admin/<o>/connections/<c>/restore")
@visited
def restore(visit: Visit, c: str) -> Response:
    """Lead to the plan that brings back whom this connection put out since a moment."""
    try:
        return proposed(visit, "restore", {"connection": c, "since": _since()}, back=f"/connections/{c}")
    except ConnectorError as error:
        return _health(visit, c, error=error)


def _since() -> str:
    """The moment, in UTC where its zone is left out, as fields of browsers do."""
    given = text("since", most=60)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        return given  # the verb says what was expected
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


@blueprint.post("/admin/<o>/connections/<c>/confirm")
@visited
def confirm(visit: Visit, c: str) -> Response:
    """Lead to the plan of what was held back, with everything else that today's rules would change."""
    return proposed(visit, "rules", {"rules": None}, back=f"/connections/{c}")
