"""OPTIONS of a connection: its name, who is made a member by signing in, and what is chosen beside what the provider says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from connector.admin import connection
from connector.admin.forms import text, ticked
from connector.admin.frame import Visit, done, visited
from connector.directory import connections
from connector.directory.sign_on import load
from connector.directory.sign_on_model import SignOn
from connector.directory.sign_on_providers import Desk, Told, setups
from connector.directory.sign_on_settings import CLIENT_AUTHS, Options
from connector.errors import ConnectorError
from connector.membership.profile import NAME_ID
from connector.web import refusals

blueprint = Blueprint("connection_options", __name__)

JIT = (
    ("auto", "Automatic: yes, unless its directory is live"),
    ("on", "Yes: whoever signs in with an address inside a verified domain joins"),
    ("off", "No: only whoever is a member already comes in"),
)
ABSENT = (
    ("unknown", "Nothing: what they have stays"),
    ("empty", "That they are in no group: what groups gave is withdrawn"),
)
SIGNED = (("assertion", "The assertion"), ("response", "The response around it"))
CLIENT_WAYS = tuple((each, each) for each in CLIENT_AUTHS)
SHA1_DAYS = 30
"""For how long SHA-1 is taken when it is allowed here."""


@blueprint.get("/admin/<o>/connections/<c>/options")
@visited
def look(visit: Visit, c: str) -> Response:
    """The form, as everything is now."""
    return _page(visit, c)


@blueprint.post("/admin/<o>/connections/<c>/options")
@visited
def save(visit: Visit, c: str) -> Response:
    """All or nothing; what is as it was is not told anew."""
    house, base_url = visit.house, visit.house.settings.base_url
    view = connection.found(visit, c)
    try:
        known = _known(visit, c)
        told = Told(options=_chosen(known, visit.now))
        changes = setups(Desk(house.sealer, house.fetcher, house.read_metadata), told, view.idp, known, visit.now)
        connections.set_(
            visit.database,
            visit.here.id,
            c,
            name=text("name"),
            jit=text("jit"),
            base_url=base_url,
            setups=changes,
            actor=visit.actor,
        )
    except ConnectorError as error:
        return _page(visit, c, error=error)
    return done(visit, f"/connections/{c}/options", "saved")


def _known(visit: Visit, c: str) -> SignOn:
    return load(visit.database, visit.house.sealer, c, visit.house.settings.base_url, now=visit.now)


def _page(visit: Visit, c: str, *, error: ConnectorError | None = None) -> Response:
    view = connection.found(visit, c)
    known = _known(visit, c)
    return connection.page(
        visit,
        view,
        "admin/connection_options.html",
        "options",
        status=200 if error is None else refusals.status_of(error),
        known=known,
        side=known.saml or known.oidc,
        given=_typed() if error else {"name": view.name, "jit": view.jit, **_now(known)},
        jits=JIT,
        absents=ABSENT,
        signeds=SIGNED,
        client_ways=CLIENT_WAYS,
        sha1_days=SHA1_DAYS,
        error=error,
    )


def _now(known: SignOn) -> dict[str, Any]:
    """What is chosen now, by the names of `Options`; lists as words."""
    if known.protocol is None:
        return {}
    mapping = known.mapping
    shared = {
        "groups_attribute": mapping.groups[0] if len(mapping.groups) == 1 else "",
        "absent_groups": mapping.absent_groups,
        "subject_attribute": mapping.subject,
    }
    saml, oidc = known.saml, known.oidc
    if saml is not None:
        flags = {name: getattr(saml, name) for name in ("force_authn", "idp_initiated")}
        return {**shared, **flags, "sign_requests": saml.request_signing, "signed": saml.signed, "sha1": saml.sha1_until}
    assert oidc is not None  # noqa: S101 - one of the two
    words = {"scopes": " ".join(oidc.scopes), "algorithms": " ".join(oidc.algorithms)}
    return {**shared, **words, "force_authn": oidc.force_authn, "userinfo": oidc.userinfo, "client_auth": oidc.client_auth}


def _typed() -> Mapping[str, Any]:
    """The form as it was sent."""
    return {name: value if value != "yes" else True for name, value in request.form.items()} | {"sha1": ticked("sha1")}


def _chosen(known: SignOn, now: datetime) -> Options:
    """What of the form is something else than what is so. Raises Invalid `option_invalid`."""
    before = _now(known)
    if not before:
        return Options()
    words = ("groups_attribute", "absent_groups", "subject_attribute", "signed", "client_auth")
    given: dict[str, Any] = {name: text(name) for name in words if name in before and text(name) != (before[name] or "")}
    flags = ("force_authn", "idp_initiated", "sign_requests", "userinfo")
    given |= {name: ticked(name) for name in flags if name in before and ticked(name) is not before[name]}
    for name in ("scopes", "algorithms"):
        if name in before and text(name).split() != before[name].split():
            given[name] = tuple(text(name).split())
    if "scopes" in given:
        given["scopes"] = tuple(dict.fromkeys(("openid", *given["scopes"])))
    if given.get("subject_attribute") == "":
        given["subject_attribute"] = NAME_ID
    if "sha1" in before and ticked("sha1") is not _taken(before["sha1"], now):
        given["sha1_until"] = now + timedelta(days=SHA1_DAYS) if ticked("sha1") else now
    return Options(**given)


def _taken(until: datetime | None, now: datetime) -> bool:
    return until is not None and until > now
