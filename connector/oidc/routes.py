"""ROUTES of OpenID Connect.

GET  /sso/{c}/callback              the provider's answer to a sign-in through a connection
POST /sso/{c}/backchannel-logout    the provider ends sign-ins
GET  /login/oidc                    sign in to the installation itself, where the operator has named a provider
GET  /login/callback                and its answer
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from connector.accounts import local
from connector.directory import requests
from connector.directory.checkup import CheckItem
from connector.directory.documents import INSTALLATION
from connector.directory.requests import PendingRequest
from connector.directory.sign_on_model import SignOn
from connector.errors import Conflict, ConnectorError, Invalid, NotFound
from connector.membership.identity import LogoutHandle
from connector.membership.profile import default_mapping, read_profile
from connector.oidc import flow, logout, tokens
from connector.oidc.checks import static_checks
from connector.oidc.client import published_keys
from connector.oidc.flow import Progress, Verified
from connector.oidc.identity import as_attributes, identity_of
from connector.oidc.provider import Provider, of_connection, of_installation
from connector.web import cookies, pages, sso, visitors
from connector.web.house import house
from connector.web.sso import Begun, Protocol

blueprint = Blueprint("oidc", __name__)


def start(sign_on: SignOn, begun: Begun) -> Response:
    """Send the browser to the provider. Raises ConnectorError."""
    return _sent(of_connection(sign_on), begun)


def metadata(sign_on: SignOn) -> Response:
    """Our keys, where the provider needs them to know us. Raises NotFound `no_metadata` otherwise: it is told a redirect URI."""
    side = of_connection(sign_on).side
    keys = flow.our_keys(house(), side)
    if not keys:
        raise NotFound(
            "no_metadata",
            "An OpenID provider needs no metadata of connector.",
            expected="a SAML connection, or a client that authenticates by private_key_jwt",
            advice="`connector connection show CONNECTION` prints the redirect URI for the provider.",
        )
    return jsonify(published_keys(keys))


def logged_out(_sign_on: SignOn) -> Response:
    """Where the provider sends the browser after a logout that began here: it is signed out already."""
    return pages.redirect(house().path("/login") + "?signed_out=1")


def leave(sign_on: SignOn, handle: LogoutHandle) -> Response | None:
    """Send the browser to be logged out at the provider as well, if that offers it."""
    url = logout.leave_url(house(), sign_on, handle, _now())
    return pages.redirect(url) if url else None


def checks(sign_on: SignOn) -> tuple[CheckItem, ...]:
    """What the provider says of itself now."""
    return tuple(CheckItem(*each) for each in static_checks(sign_on, house().fetcher))


protocol = Protocol(start, metadata, logged_out, leave, checks)
"""What OpenID Connect gives to the routes that it shares with SAML."""


@blueprint.get("/sso/<connection_id>/callback")
def callback(connection_id: str) -> Response:
    """Let in whom the provider has authenticated, or refuse."""
    sign_on, progress = sso.load(connection_id), Progress()
    try:
        provider = of_connection(sign_on)
        pending, verified = _answered(provider, sign_on.connection_id, sign_on.version, progress)
        identity = identity_of(sign_on, provider, verified.token, verified.claims)
    except ConnectorError as error:
        return sso.refuse(error, sign_on, progress.stage, progress.facts, progress.message)
    return sso.complete(sign_on, identity, pending)


@blueprint.get("/login/oidc")
def login() -> Response:
    """Begin to sign in to the installation itself; `next` is where the browser goes afterwards."""
    try:
        provider = of_installation(house().settings)
        begun = sso.begin(None, "local", pages.asked_next(request.args.get("next")))
        return sso.attach(_sent(provider, begun), begun)
    except ConnectorError as error:
        return sso.refuse(error, None, "start")


@blueprint.get("/login/callback")
def login_callback() -> Response:
    """Sign in whom the installation-wide provider has authenticated, or refuse."""
    progress = Progress()
    try:
        provider = of_installation(house().settings)
        pending, verified = _answered(provider, None, 0, progress)
        token = _entered(provider, verified)
    except ConnectorError as error:
        return sso.refuse(error, None, progress.stage, progress.facts)
    response = pages.redirect(pending.next_path or house().path("/"))
    cookies.set_session(response, token)
    return response


@blueprint.post("/sso/<connection_id>/backchannel-logout")
def backchannel_logout(connection_id: str) -> Response:
    """End what the provider says has ended (Back-Channel Logout 1.0 sections 2.5 and 2.8)."""
    sign_on, progress = sso.load(connection_id), Progress()
    try:
        sent = request.form.getlist("logout_token")
        if len(sent) != 1:
            raise Invalid("oidc_answer_malformed", "This is no logout.", expected="one logout_token in a form")
        logout.end_sessions(house(), sign_on, sent[0], progress, _now())
    except ConnectorError as error:
        return _logout_refused(sso.refuse(error, sign_on, progress.stage, progress.facts, progress.message), error)
    return Response(status=200, headers={"Cache-Control": "no-store"})


def _logout_refused(told: Response, error: ConnectorError) -> Response:
    """The refusal as a provider reads it: 400, unless it had better try again."""
    answer = jsonify(error="invalid_request", error_description=f"{error.detail} Expected: {error.expected}.")
    answer.status_code = told.status_code if told.status_code in (429, 503) else 400
    for name in ("X-Connector-Error", "X-Connector-Reference", "Retry-After"):
        if name in told.headers:
            answer.headers[name] = told.headers[name]
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sent(provider: Provider, begun: Begun) -> Response:
    return pages.redirect(flow.authorization_url(house(), provider, begun.request, begun.token, _now()))


def _answered(provider: Provider, connection_id: str | None, version: int, progress: Progress) -> tuple[PendingRequest, Verified]:
    """Find what was asked, spend it, and turn the answer into verified claims. The request comes back spent."""
    now = _now()
    answer = flow.read_answer(request.args.to_dict(flat=False))
    pending = sso.pending(connection_id, answer.state)
    requests.spend_alone(house().database, pending.handle, now)
    if pending.version != version:
        raise Conflict(
            "issuer_changed",
            "The connection was changed during this sign-in.",
            expected="the connection as it was when the sign-in began",
            advice="Sign in again.",
        )
    return pending, flow.exchange(house(), provider, pending, answer, progress, now)


def _entered(provider: Provider, verified: Verified) -> str:
    """Sign in locally; the ID token is spent with it. Returns the session's token."""
    claims, now = verified.claims, _now()
    profile = read_profile(default_mapping("generic", "oidc"), attributes=as_attributes(claims))
    message_id, until = tokens.fingerprint(verified.token), tokens.ends_at(claims)
    issuer, subject, visitor = provider.side.issuer, claims["sub"], visitors.visitor()

    def work(tx: Any) -> str:
        if not requests.spend_message(tx, INSTALLATION, "id_token", message_id, until):
            raise requests.replayed()
        who = (profile.email, profile.email_verified, profile.display_name)
        return local.enter(tx, issuer, subject, *who, visitor, now)

    return house().database.write(work)


def _now() -> datetime:
    return datetime.now(UTC)
