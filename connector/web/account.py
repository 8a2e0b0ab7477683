"""YOUR ACCOUNT: what you are called, the browsers you are signed in with, ending them, and signing out."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from connector.accounts import profile, sessions
from connector.accounts.sessions import Session
from connector.directory import sign_in
from connector.errors import ConnectorError, Forbidden, Unauthenticated
from connector.membership.opening import opens_personal
from connector.web import cookies, forms, inside, login, pages, refusals, sso
from connector.web.devices import device_name
from connector.web.house import house
from connector.web.inside import signed_in

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

SAID = {"saved": "It is saved.", "ended": "Ended: nothing that comes from there is answered any more."}


@blueprint.get("/account")
@signed_in
def profile_page(session: Session) -> Response:
    """What you are called, and how you signed in."""
    return _account(session)


@blueprint.post("/account")
@signed_in
def rename(session: Session) -> Response:
    """Change name and user name, as PATCH /api/me; an empty one is taken away."""
    if not _opens_personal(session):
        return _account(session, status=403)
    wanted = {"name": forms.optional("name"), "username": forms.optional("username")}
    try:
        profile.change(house().database, session.person_id, wanted)
    except ConnectorError as error:
        return _account(session, status=refusals.status_of(error), error=error)
    return inside.done("/account", "saved")


def _account(session: Session, *, status: int = 200, error: ConnectorError | None = None) -> Response:
    known = profile.show(house().database, session.person_id)
    values: dict[str, Any] = {"profile": known, "error": error, "given": request.form if error else {}, "methods": METHODS}
    return inside.show(session, "account.html", status=status, said=SAID, **values)


@blueprint.get("/sessions")
@signed_in
def show(session: Session) -> Response:
    """List the sessions. Through an identity provider that does not vouch for the person's own address only this one is shown."""
    mine = _opens_personal(session)
    shown = sessions.list_(house().database, session.person_id, _now()) if mine else (session,)
    return inside.show(
        session,
        "sessions.html",
        said=SAID,
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
    return inside.done("/sessions", "ended")


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
