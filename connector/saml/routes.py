"""SAML over HTTP: the assertion consumer service, the click that confirms an answer nobody asked for, metadata, single logout."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from connector.accounts import sessions
from connector.directory import requests, signing_keys
from connector.directory.checkup import CheckItem
from connector.directory.requests import PendingRequest
from connector.directory.sign_on_model import Binding, SamlSide, SigningKey, SignOn
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.membership.identity import LogoutHandle
from connector.saml import gate, logout, outgoing, refresh, waiting
from connector.saml.facts import facts_of, redacted, stage_of
from connector.saml.logout import LogoutRequest, Query
from connector.saml.metadata import our_metadata
from connector.saml.outgoing import Outgoing
from connector.saml.response import is_encrypted, side_of, verify
from connector.web import pages, sso
from connector.web.house import house
from connector.web.sso import Begun, Protocol

FORM = 2 * 1024 * 1024
"""Bytes of a form: a message in base64, each `+` and `/` in it quoted."""

blueprint = Blueprint("saml", __name__)


# ----------------------------------------------------------------------------------------------------------------- sign-in


def start(sign_on: SignOn, begun: Begun) -> Response:
    """Send the browser to the identity provider with an AuthnRequest, signed where that is asked for."""
    side, asked = side_of(sign_on), begun.request
    root = outgoing.authn_request(sign_on, side, asked.message_id, force_authn=asked.force_authn, now=asked.created_at)
    key = _keys()[0] if side.request_signing else None
    return _sent(Outgoing("SAMLRequest", side.sso_url, side.sso_binding, root, begun.token, key), sign_on)


@blueprint.post("/sso/<connection_id>/acs")
def acs(connection_id: str) -> Response:
    """Take a Response of the POST binding: a session and 303, a page to confirm, or a refusal with its trace."""
    sign_on = sso.load(connection_id)
    message = ""
    try:
        message, relay_state = _field("SAMLResponse"), _relay_state()
        again = sso.repost()
        if again is not None:
            return again
        side_of(sign_on)
        asked = _asked(sign_on, relay_state, message)
        if asked is None:
            return _unasked(sign_on, message, relay_state)
        since = asked.created_at if asked.force_authn else None
        keys = _keys() if is_encrypted(message) else ()
        identity = verify(message, sign_on, keys, request_id=asked.message_id, force_authn_since=since, now=_now())
    except ConnectorError as error:
        return sso.refuse(error, sign_on, stage_of(error), facts_of(message, sign_on), redacted(message))
    return sso.complete(sign_on, identity, asked)


def _asked(sign_on: SignOn, relay_state: str, message: str) -> PendingRequest | None:
    """The request that this answers; None for an answer that claims to answer none.

    Raises what `sso.pending` raises; Forbidden `unsolicited` where the connection takes no such answers.
    """
    try:
        return _for(sso.pending(sign_on.connection_id, relay_state), "sign_in", "test")
    except Forbidden as error:
        root = gate.parse(gate.from_base64(message))
        if error.code != "request_unknown" or root.get("InResponseTo") is not None:
            raise
    if not side_of(sign_on).idp_initiated or sign_on.state != "active":
        raise Forbidden(
            "unsolicited",
            "This answer was not asked for: the sign-in began at the identity provider.",
            expected="a sign-in that begins here",
            advice="Give people the login URL of the connection, or `connector connection set CONNECTION --idp-initiated`.",
        )
    return None


def _for(asked: PendingRequest, *purposes: str) -> PendingRequest:
    """The request, if it is of one of these purposes: one that waits for a click is not answered by a message. Raises Forbidden
    `request_unknown`."""
    if asked.purpose in purposes:
        return asked
    return requests.still_waits(None, connection_id=asked.connection_id, browser=None, now=_now())


def _unasked(sign_on: SignOn, message: str, relay_state: str) -> Response:
    """Verify an answer that nobody asked for, use it up, and ask the person in front of the browser whether they meant it."""
    keys = _keys() if is_encrypted(message) else ()
    identity = verify(message, sign_on, keys, request_id=None, force_authn_since=None, now=_now())
    owner, until = sign_on.connection_id, identity.message_until

    def spend(tx: Connection) -> bool:
        return requests.spend_message(tx, owner, "assertion", identity.message_id, until)

    if not house().database.write(spend):
        raise requests.replayed()
    begun = sso.begin(sign_on, "confirm", pages.asked_next(relay_state), given=waiting.write_down(identity))
    page = pages.page(
        "confirm.html",
        organization=sign_on.organization_name,
        idp=sign_on.name,
        email=identity.profile.email,
        action=house().path(f"/sso/{sign_on.connection_id}/confirm"),
        token=begun.token,
    )
    return sso.attach(page, begun)


@blueprint.post("/sso/<connection_id>/confirm")
def confirm(connection_id: str) -> Response:
    """The click: now it is a sign-in that began here, in this browser. The message was used up when it arrived."""
    sign_on = sso.load(connection_id)
    try:
        asked = _for(sso.pending(connection_id, request.form.get("token", "")), "confirm")
        identity = replace(waiting.read_again(asked.secrets), message_id=asked.message_id)
    except ConnectorError as error:
        return sso.refuse(error, sign_on, "check")
    return sso.complete(sign_on, identity, asked)


def metadata(sign_on: SignOn) -> Response:
    """Our metadata for this connection."""
    return Response(our_metadata(sign_on, _keys()), content_type="application/samlmetadata+xml")


# ------------------------------------------------------------------------------------------------------------------ logout


def log_out(sign_on: SignOn) -> Response:
    """What the identity provider says about a logout: a LogoutRequest is done and answered; a LogoutResponse ends ours."""
    side_of(sign_on)
    query = Query.of(request.query_string)
    if request.method == "GET" and "SAMLRequest" in query.parameters:
        return _logged_out(sign_on, logout.read_redirected(query, sign_on, _now()), query.value("RelayState"))
    if request.method == "POST" and "SAMLResponse" not in _form():
        asked = logout.read_posted(_field("SAMLRequest"), sign_on, _now())
        return _logged_out(sign_on, asked, request.form.get("RelayState", ""))
    return pages.redirect(house().path("/login?signed_out=1"))


def _logged_out(sign_on: SignOn, asked: LogoutRequest, relay_state: str) -> Response:
    """End what the request names, once, and answer it where the identity provider listens."""

    def work(tx: Connection) -> bool:
        if not requests.spend_message(tx, sign_on.connection_id, "logout", asked.id, asked.until):
            return False
        for index in asked.session_indexes or (None,):
            sessions.end_by_handle(tx, sign_on.connection_id, asked.name_id, index, _now())
        return True

    if not house().database.write(work):
        raise requests.replayed()
    to = _logout_address(side_of(sign_on), for_response=True)
    if to is None:
        return pages.redirect(house().path("/login?signed_out=1"))
    binding, url = to
    root = outgoing.logout_response(sign_on, url, _new_id(), asked.id, _now())
    return _sent(Outgoing("SAMLResponse", url, binding, root, relay_state[:1024], _keys()[0]), sign_on)


def leave(sign_on: SignOn, handle: LogoutHandle) -> Response | None:
    """Send the browser to the identity provider's logout, after our own session has ended; None where there is none."""
    to = None if sign_on.saml is None else _logout_address(sign_on.saml)
    if to is None or handle.name_id is None:
        return None
    binding, url = to
    root = outgoing.logout_request(sign_on, url, _new_id(), handle, _now())
    return _sent(Outgoing("SAMLRequest", url, binding, root, key=_keys()[0]), sign_on)


def _logout_address(side: SamlSide, *, for_response: bool = False) -> tuple[Binding, str] | None:
    if side.slo_url is None:
        return None
    return side.slo_binding, (side.slo_response_url or side.slo_url) if for_response else side.slo_url


# ------------------------------------------------------------------------------------------------------------------ shared


def _sent(message: Outgoing, sign_on: SignOn) -> Response:
    if message.binding == "redirect":
        return pages.redirect(outgoing.redirect_address(message))
    return pages.auto_post(message.url, outgoing.form_fields(message), organization=sign_on.organization_name)


def _field(name: str) -> str:
    """The one field of this name. Raises Invalid `saml_missing`, TooLarge `saml_too_large`."""
    given = _form().getlist(name)
    if len(given) != 1 or not given[0]:
        raise Invalid(
            "saml_missing",
            f"The form has no {name}, or several.",
            expected=f"one field {name}, by HTTP POST",
            advice="At the identity provider, choose the HTTP-POST binding for this address.",
        )
    return str(given[0])


def _relay_state() -> str:
    """The RelayState, empty where there is none. Raises Invalid `saml_missing` for two: nobody could say which counts."""
    return _field("RelayState") if any(_form().getlist("RelayState")) else ""


def _form() -> MultiDict[str, str]:
    request.max_form_memory_size = request.max_content_length = FORM
    try:
        return request.form
    except RequestEntityTooLarge:
        raise gate.too_large() from None


def _keys() -> tuple[SigningKey, ...]:
    return signing_keys.all_(house().database, house().sealer, house().settings.base_url)


def _new_id() -> str:
    return f"_{secrets.token_hex(20)}"


def _now() -> datetime:
    return datetime.now(UTC)


def checks(sign_on: SignOn) -> tuple[CheckItem, ...]:
    """What the identity provider says of itself now."""
    return refresh.checks(house().database, house().fetcher, sign_on, _now())


protocol = Protocol(start=start, metadata=metadata, logout=log_out, leave=leave, checks=checks)
