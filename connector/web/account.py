"""YOUR SESSIONS: the browsers you are signed in with, ending them, and signing out."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, request

from connector.accounts import sessions
from connector.accounts.sessions import Session
from connector.directory import sign_in
from connector.errors import ConnectorError, Forbidden, Unauthenticated
from connector.membership.opening import opens_personal
from connector.web import cookies, login, pages, sso
from connector.web.devices import device_name
from connector.web.house import house

blueprint = Blueprint("account", __name__)

METHODS = {
    "email_link": "e-mail link",
    "operator_link": "link from the operator",
    "oidc_local": "sign-in provider of this site",
    "break_glass": "recovery code",
    "saml": "SAML",
    "oidc": "OpenID Connect",
}
"""Ways to sign in, for people."""


@blueprint.get("/sessions")
def show() -> Response:
    """List the sessions. Through an identity provider that does not vouch for the person's own address only this one is shown."""
    session = login.current_session()
    if session is None:
        return login.to_login("/sessions")
    mine = _opens_personal(session)
    shown = sessions.list_(house().database, session.person_id, _now()) if mine else (session,)
    return pages.page(
        "sessions.html",
        leads_away=True,
        session=session,
        sessions=sorted(shown, key=lambda each: (each.id != session.id, -each.last_seen_at.timestamp())),
        mine=mine,
        device_name=device_name,
        methods=METHODS,
    )


@blueprint.post("/sessions/end")
def end() -> Response:
    """End one session (`session`), or all others (`others`).

    Raises Unauthenticated `signed_out`, Forbidden `needs_local`, NotFound `session_not_found`.
    """
    session = login.current_session()
    if session is None:
        raise Unauthenticated("signed_out", "You are signed out.", expected="a live session", advice="Sign in again.")
    if not _opens_personal(session):
        raise Forbidden(
            "needs_local",
            "Other sessions cannot be ended after signing in this way.",
            expected="a sign-in by e-mail link, or through the organization that has your e-mail domain",
            advice="Ask for a sign-in link by e-mail, then try again.",
        )
    if "others" in request.form:
        sessions.end_all(house().database, session.person_id, keep=session.id)
    else:
        sessions.end_one(house().database, session.person_id, request.form.get("session", "")[:100])
    return pages.redirect(house().path("/sessions"))


@blueprint.post("/logout")
def logout() -> Response:
    """Sign out here; then, where the identity provider offers it, there."""
    session = login.current_session()
    response = pages.redirect(house().path("/login") + "?signed_out=1")
    if session is not None:
        sessions.end(house().database, session)
        response = _leave(session) or response
    cookies.clear_session(response)
    return response


def _leave(session: Session) -> Response | None:
    """The way through the identity provider's logout; None where there is none. Best effort: who asked to be signed out is."""
    for held in session.held:
        connection_id = held.authentication.connection_id
        if held.logout is None or connection_id is None:
            continue
        with suppress(ConnectorError):
            handle = sign_in.opened_logout(house().sealer, connection_id, held.logout)
            sign_on = sso.load(connection_id)
            if left := sso.protocol_of(sign_on).leave(sign_on, handle):
                return left
    return None


def _opens_personal(session: Session) -> bool:
    return opens_personal(session.authentications, session.primary_domain_owner)


def _now() -> datetime:
    return datetime.now(UTC)
