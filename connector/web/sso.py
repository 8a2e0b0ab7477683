"""SHARED BY SAML AND OPENID CONNECT: what happens in the browser before and after the protocol has its say.

GET  /sso/{c}/login     begin    -> the protocol sends the browser to the identity provider
GET  /sso/{c}/test      the same, for an admin, and nothing is made of it
…                       pending  -> the protocol finds what its answer belongs to, and verifies the answer
…                       complete -> a session and 303, or the result of the test
…                       refuse   -> the page, the trace, the log, all with one reference
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, request

from connector.accounts import throttle
from connector.accounts.sessions import Visitor
from connector.directory import requests, sign_in, traces, trial_record
from connector.directory import sign_on as sign_ons
from connector.directory.checkup import CheckItem
from connector.directory.requests import PendingRequest, Purpose
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import Stage, Trace
from connector.errors import Conflict, ConnectorError, Forbidden, TooMany, Unavailable
from connector.membership.fold import is_storable
from connector.membership.identity import LogoutHandle, VerifiedIdentity
from connector.web import cookies, pages, refusals, trial_page, visitors, words
from connector.web.house import house

blueprint = Blueprint("sso", __name__)

_OF_IDENTITY = frozenset(
    {"email_missing", "email_unverified", "domain_not_verified", "second_subject", "link_ambiguous", "break_glass"}
)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that begins: `token` is the state or RelayState, `browser` what the binding cookie holds."""

    token: str = field(repr=False)
    request: PendingRequest
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a protocol gives to the routes it shares with the other; each reads the current request of Flask where it needs to.

    `start` sends the browser to the identity provider (303, or a page that posts); `metadata` describes us to it; `logout`
    answers what it sends to /sso/{c}/logout; `leave` sends the browser to its logout with what was kept of the sign-in,
    or returns None where it offers none; `checks` asks the identity provider what it says of itself now.
    """

    start: Callable[[SignOn, Begun], Response]
    metadata: Callable[[SignOn], Response]
    logout: Callable[[SignOn], Response]
    leave: Callable[[SignOn, LogoutHandle], Response | None]
    checks: Callable[[SignOn], Iterable[CheckItem]]


def load(connection_id: str) -> SignOn:
    """The connection that an address names. Raises NotFound `connection_not_found`."""
    known = connection_id if is_storable(connection_id) else ""
    return sign_ons.load(house().database, house().sealer, known, house().settings.base_url)


@blueprint.get("/sso/<connection_id>/login")
def login(connection_id: str) -> Response:
    """Send the browser to the identity provider; `next` is where it goes afterwards."""
    sign_on = load(connection_id)
    try:
        if sign_on.state != "active":
            raise _closed(sign_on)
        return _sent(sign_on, "sign_in", pages.asked_next(request.args.get("next")))
    except ConnectorError as error:
        return refuse(error, sign_on, "start")


@blueprint.get("/sso/<connection_id>/test")
def test(connection_id: str) -> Response:
    """The same for whoever holds a test link, in every state of the connection."""
    sign_on = load(connection_id)
    trial_record.check_test_link(house().database, sign_on.connection_id, request.args.get("token", ""), _now())
    g.sign_on_purpose = "test"
    try:
        return _sent(sign_on, "test", "")
    except ConnectorError as error:
        return refuse(error, sign_on, "start")


@blueprint.get("/sso/<connection_id>/metadata")
def metadata(connection_id: str) -> Response:
    """Describe us to the identity provider, in every state; before a protocol is chosen, as SAML does."""
    sign_on = load(connection_id)
    return house().protocols[sign_on.protocol or "saml"].metadata(sign_on)


@blueprint.route("/sso/<connection_id>/logout", methods=["GET", "POST"])
def logout(connection_id: str) -> Response:
    """Hand on to the protocol what the identity provider says about a logout."""
    sign_on = load(connection_id)
    try:
        return protocol_of(sign_on).logout(sign_on)
    except ConnectorError as error:
        return refuse(error, sign_on, "logout")


def _sent(sign_on: SignOn, purpose: Purpose, next_path: str) -> Response:
    protocol, side = protocol_of(sign_on), sign_on.saml or sign_on.oidc
    begun = begin(sign_on, purpose, next_path, force_authn=bool(side and side.force_authn))
    return attach(protocol.start(sign_on, begun), begun)


def protocol_of(sign_on: SignOn) -> Protocol:
    """What the connection speaks. Raises Conflict `sign_on_missing`."""
    if sign_on.protocol is None:
        raise Conflict(
            "sign_on_missing",
            "This connection is not set up for signing in.",
            expected="metadata of a SAML identity provider, or issuer and client of an OpenID provider",
            advice="`connector connection set CONNECTION --saml-metadata …` or `--oidc-issuer …`.",
        )
    return house().protocols[sign_on.protocol]


def _closed(sign_on: SignOn) -> Forbidden:
    if sign_on.state == "draft":
        advice = "`connector connection activate CONNECTION`; until then `connector connection test CONNECTION`."
        return Forbidden("connection_draft", "This connection is not active yet.", expected="an active connection", advice=advice)
    advice = "`connector connection activate CONNECTION`."
    return Forbidden("connection_disabled", "This connection is disabled.", expected="an active connection", advice=advice)


def begin(
    sign_on: SignOn | None, purpose: Purpose, next_path: str, *, force_authn: bool = False, given: dict[str, str] | None = None
) -> Begun:
    """Keep a new request, bound to this browser. `sign_on` is None for the installation-wide provider; `given` as in `Sending`.

    Call `attach` on the response that carries it. Raises TooMany, Unavailable.
    """
    throttle.spend(house().database, "sign_on_start", request.remote_addr or "", _now())
    browser = cookies.new_binding()
    sending = requests.Sending(
        purpose,
        browser,
        next_path=next_path,
        organization_id=sign_on.organization_id if sign_on else None,
        connection_id=sign_on.connection_id if sign_on else None,
        force_authn=force_authn,
        version=sign_on.version if sign_on else 0,
        address=request.remote_addr or "",
        session=cookies.session_token(),
        given=given,
    )
    opened = requests.open_(house().database, house().sealer, sending, _now())
    return Begun(opened.token, opened.request, browser)


def attach(response: Response, begun: Begun) -> Response:
    """Give the browser the binding cookie of a sign-in that begins."""
    cookies.set_binding(response, begun.browser, begun.request.connection_id)
    return response


def pending(connection_id: str | None, token: str) -> PendingRequest:
    """Find the request that an answer belongs to, of this connection and this browser, in time and unused.

    Raises Forbidden `request_unknown`, `other_browser`, `request_used`, `request_expired`.
    """
    found = requests.find(house().database, house().sealer, token) if token else None
    g.sign_on_purpose = found.purpose if found else "sign_in"
    return requests.still_waits(found, connection_id=connection_id, browser=cookies.binding(), now=_now())


def repost() -> Response | None:
    """Have a browser send the current form again from a page of ours, if that will bring the binding cookie along.

    Over plain http the cookie is SameSite=Lax and stays away from what another site posts. Once is enough: `reposted` marks it.
    To loopback every browser says where it comes from (Fetch Metadata); elsewhere over http it says its origin at least.
    """
    site, foreign = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin") not in (None, house().origin)
    foreign = foreign and (site in ("cross-site", "same-site") or not house().is_loopback)
    if house().is_https or cookies.binding() is not None or not foreign or "reposted" in request.form:
        return None
    return pages.page("repost.html", action=house().path(request.path), fields=request.form.items(multi=True))


def complete(sign_on: SignOn, identity: VerifiedIdentity, pending_request: PendingRequest) -> Response:
    """Let in whom the identity provider has verified: session cookie and 303; of a test sign-in, its result. Else a refusal."""
    try:
        if pending_request.purpose == "test":
            return trial_page.result(sign_on, identity, pending_request)
        told, visitor = trial_page.facts_of(identity), _visitor(pending_request)
        entered = sign_in.sign_in(house().database, house().sealer, sign_on, identity, pending_request, visitor, _now(), told)
    except ConnectorError as error:
        return refuse(error, sign_on, _stage_of(error), trial_page.facts_of(identity))
    response = pages.redirect(pending_request.next_path or house().path("/"))
    cookies.set_session(response, entered.session_token)
    return response


def _visitor(pending_request: PendingRequest) -> Visitor:
    """Who comes back. What SAML posts from another site comes without the session cookie, which is SameSite=Lax; the request is
    bound to the browser all the same, and knows the session it set out with."""
    came = visitors.visitor()
    return came if came.session_token else replace(came, session_token=pending_request.session_token)


def _stage_of(error: ConnectorError) -> Stage:
    """How far a verified identity came that was refused all the same."""
    if error.code in ("request_used", "message_replayed"):
        return "check"
    return "identity" if error.code in _OF_IDENTITY else "entry"


def refuse(
    error: ConnectorError,
    sign_on: SignOn | None = None,
    stage: Stage = "check",
    facts: Mapping[str, Any] | None = None,
    message: str = "",
) -> Response:
    """Answer a sign-in that fails: in the trace all that is known, to the person what they can do, and in both the reference.

    `facts` and `message` must be redacted. An admin who tests sees on the page what stands in the trace.
    """
    reference = refusals.new_reference()
    purpose = g.get("sign_on_purpose", "sign_in")
    if sign_on is not None:
        trace = Trace(
            sign_on.connection_id,
            purpose,
            stage,
            error.code,
            error.detail,
            error.expected,
            error.advice,
            reference,
            facts or {},
            message,
            request.remote_addr,
        )
        error = _failed(sign_on) or error
        if not isinstance(error, TooMany):
            _traced(trace)
    said = None if purpose == "test" else (words.for_leaving if stage == "logout" else words.for_employee)(error, sign_on)
    shown = facts if purpose == "test" else None
    organization = sign_on.organization_name if sign_on else ""
    return refusals.answer(error, words=said, reference=reference, facts=shown, organization=organization)


def _failed(sign_on: SignOn) -> TooMany | None:
    """Count a failure: somebody who fails very often is told so, and fills no tables."""
    try:
        throttle.spend(house().database, "sign_in_failure", f"{sign_on.connection_id} {request.remote_addr}", _now())
    except TooMany as error:
        return error
    except Unavailable:
        pass  # what is to be said stays the same
    return None


def _traced(trace: Trace) -> None:
    """Keep the attempt; without the database the answer stands all the same, and the log has it."""
    with suppress(Unavailable):
        traces.record(house().database, trace, _now())


def _now() -> datetime:
    return datetime.now(UTC)
