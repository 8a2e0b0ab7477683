"""LOGOUT: the provider ends sign-ins here (OpenID Connect Back-Channel Logout 1.0), or is told that one has ended here
(RP-Initiated Logout 1.0), as far as it wants to hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.common.urls import add_params_to_uri

from connector.accounts import sessions
from connector.directory import requests
from connector.directory.sign_on_model import SignOn
from connector.errors import ConnectorError, Forbidden
from connector.membership.identity import LogoutHandle
from connector.oidc import tokens
from connector.oidc.discovery import metadata_of
from connector.oidc.flow import Progress, signed_claims
from connector.oidc.provider import Provider, of_connection
from connector.oidc.wire import Object, text_of
from connector.web.house import House

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = ("", "jwt", "logout+jwt")

OLDEST = timedelta(days=1)
"""A logout token made longer ago is refused, so that its id need not be remembered longer."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a verified logout token says: who, or which session of theirs, and what it is remembered by until when."""

    subject: str | None
    session_index: str | None
    message_id: str
    until: datetime


def end_sessions(house: House, sign_on: SignOn, token: str, progress: Progress, now: datetime) -> int:
    """Do what a logout token says, once, to what was signed in through this connection. Returns how many authentications ended.

    Raises Forbidden for what is wrong with the token and `message_replayed`; NotFound `not_oidc`; Upstream, Unavailable.
    """
    said = read_logout_token(house, of_connection(sign_on), token, progress, now)
    connection_id = sign_on.connection_id

    def work(tx: Any) -> int:
        if not requests.spend_message(tx, connection_id, "logout_token", said.message_id, said.until):
            raise requests.replayed()
        return sessions.end_by_handle(tx, connection_id, said.subject, said.session_index, now)

    progress.stage = "logout"
    return house.database.write(work)


def read_logout_token(house: House, provider: Provider, token: str, progress: Progress, now: datetime) -> LoggedOut:
    """Verify a logout token (section 2.6). Raises Forbidden, Upstream, Unavailable."""
    progress.stage = "fetch"
    metadata = metadata_of(house.database, house.fetcher, provider, now)
    header, claims = signed_claims(house, provider, metadata, token, progress, now)
    progress.stage = "check"
    if header.type not in TYPES:
        raise _refused("`typ` logout+jwt")
    tokens.check_sender(claims, provider.side)
    tokens.check_times(claims, now)
    return _read(claims, now)


def _read(claims: Object, now: datetime) -> LoggedOut:
    """What makes a logout token one: the event, an id, somebody to log out, and no nonce, which is for ID tokens."""
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise _refused(f"events with {EVENT}")
    if "nonce" in claims:
        raise _refused("no nonce")
    if "sub" in claims:
        tokens.check_subject(claims)
    subject, index = text_of(claims.get("sub")) or None, text_of(claims.get("sid"), 255) or None
    if subject is None and index is None:
        raise _refused("sub or sid")
    message_id, issued = text_of(claims.get("jti"), 255), tokens.moment_of(claims, "iat")
    if not message_id or issued is None:
        raise _refused("jti and iat")
    if issued + OLDEST <= now:
        raise _refused("a token made within the last day")
    return LoggedOut(subject, index, message_id, min(tokens.ends_at(claims), issued + OLDEST))


def _refused(expected: str) -> Forbidden:
    return Forbidden(
        "oidc_logout_token",
        "What arrived is no logout token of the provider.",
        expected=expected,
        advice="Check at the provider that this address is the app's back-channel logout URI.",
    )


def leave_url(house: House, sign_on: SignOn, handle: LogoutHandle, now: datetime) -> str | None:
    """Return where the browser goes to be logged out at the provider; None where it offers no such thing, or is away: who signs
    out here is signed out here in any case."""
    try:
        provider = of_connection(sign_on)
        endpoint = metadata_of(house.database, house.fetcher, provider, now).end_session_endpoint
    except ConnectorError:
        return None
    if endpoint is None:
        return None
    told = {"client_id": provider.side.client_id, "post_logout_redirect_uri": sign_on.addresses["logout_url"]}
    hint = {"id_token_hint": handle.hint} if handle.hint else {}
    url: str = add_params_to_uri(endpoint, [*told.items(), *hint.items()])
    return url
