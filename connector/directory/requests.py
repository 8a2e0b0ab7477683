"""Sign-ins that were sent to an IdP and wait for its answer, and messages that are good for one use.

A request is found by the hash of its token (OpenID Connect `state`, SAML RelayState), belongs to one connection and one browser,
and is spent by one conditional statement: inside the transaction that makes the session, or before a code is exchanged.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from connector.errors import Forbidden
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.sealing import Sealer
from connector.storage.writes import insert_rows

Purpose = Literal["sign_in", "test", "local", "confirm"]

LIFE = timedelta(minutes=10)
KEPT = timedelta(hours=1)
"""How long a request is known after its end: so long its browser hears "expired" and not "unknown"."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A sign-in under way. `message_id` is the ID of the AuthnRequest; `secrets` what only we know (`nonce`, `code_verifier`,
    perhaps `session`; of purpose `confirm` the identity that waits). `version` is that of the sign-on side when it was sent."""

    handle: str
    connection_id: str | None
    purpose: Purpose
    message_id: str
    browser_hash: str
    next_path: str
    force_authn: bool
    version: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    secrets: dict[str, str] = field(repr=False)

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return self.secrets["nonce"]

    @property
    def code_verifier(self) -> str:
        """The PKCE verifier (RFC 7636 section 4.1)."""
        return self.secrets["code_verifier"]

    @property
    def session_token(self) -> str | None:
        """The session that the browser had when it set out: its cookie does not come along with what another site posts."""
        return self.secrets.get("session")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new request and its token, which only the browser and the IdP see."""

    token: str = field(repr=False)
    request: PendingRequest


@dataclass(frozen=True, slots=True)
class Sending:
    """What a request is made of. `browser` is the value of the binding cookie, `session` that of the session cookie; `given`
    replaces nonce, verifier and session (purpose `confirm`)."""

    purpose: Purpose
    browser: str = field(repr=False)
    next_path: str = "/"
    organization_id: str | None = None
    connection_id: str | None = None
    force_authn: bool = False
    version: int = 0
    address: str = ""
    session: str | None = field(default=None, repr=False)
    given: dict[str, str] | None = field(default=None, repr=False)


def hashed(token: str) -> str:
    """What is kept of a token or of a browser's cookie: 256 random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def open_(database: Database, sealer: Sealer, sending: Sending, now: datetime) -> Opened:
    """Keep a request before it is sent. Raises Unavailable."""
    token = secrets.token_urlsafe(32)
    handle = hashed(token)
    known = sending.given or {"nonce": secrets.token_urlsafe(32), "code_verifier": secrets.token_urlsafe(48), **_session(sending)}
    row = {
        "handle": handle,
        "organization_id": sending.organization_id,
        "connection_id": sending.connection_id,
        "purpose": sending.purpose,
        "message_id": f"_{secrets.token_hex(20)}",
        "browser_hash": hashed(sending.browser),
        "next_path": sending.next_path,
        "force_authn": sending.force_authn,
        "version": sending.version,
        "created_at": now,
        "expires_at": now + LIFE,
        "used_at": None,
    }
    kept = {**row, "address": sending.address, "sealed": sealer.seal(json.dumps(known), _about(handle))}
    database.write(lambda tx: tx.execute(insert(t.SignOnRequest).values(kept)))
    return Opened(token, _request(row, known))


def _session(sending: Sending) -> dict[str, str]:
    return {"session": sending.session} if sending.session else {}


def find(database: Database, sealer: Sealer, token: str) -> PendingRequest | None:
    """The request of this token, also when it has ended or was used; None when there never was one, or long ago."""
    with database.read() as tx:
        row = _FIND.first(tx, {"handle": hashed(token)})
    if row is None:
        return None
    return _request(row._asdict(), json.loads(sealer.open(row.sealed, _about(row.handle))))


def still_waits(
    request: PendingRequest | None, *, connection_id: str | None, browser: str | None, now: datetime
) -> PendingRequest:
    """Return the request if it may be answered here and now: of this connection, asked for by this browser, unspent, in time.

    Raises Forbidden `request_unknown` (also for another connection's), `other_browser`, `request_used`, `request_expired`.
    """
    again = "Go back to the application and sign in again."
    if request is None or request.connection_id != connection_id:
        detail = "This answer belongs to no sign-in that was started here."
        raise Forbidden("request_unknown", detail, expected="the state or RelayState of a sign-in under way", advice=again)
    if browser is None or not secrets.compare_digest(hashed(browser), request.browser_hash):
        detail = "This sign-in was started in another browser."
        advice = "Sign in again, in one browser from beginning to end, with cookies allowed."
        raise Forbidden("other_browser", detail, expected="the cookie of the browser that started it", advice=advice)
    if request.used_at is not None:
        raise used()
    if request.expires_at <= now:
        detail = "This sign-in took too long and has expired."
        raise Forbidden("request_expired", detail, expected=f"an answer within {LIFE.seconds // 60} minutes", advice=again)
    return request


def used() -> Forbidden:
    """The refusal of a second answer."""
    advice = "Go back to the application and sign in again."
    return Forbidden("request_used", "This sign-in was answered already.", expected="one answer to one sign-in", advice=advice)


def replayed() -> Forbidden:
    """The refusal of a message that was used before."""
    advice = "Go back to the application and sign in again."
    return Forbidden("message_replayed", "This answer was used before.", expected="an answer used once", advice=advice)


def spend(tx: Connection, handle: str, now: datetime) -> bool:
    """Use a request up; False when somebody was faster or its time is over."""
    return _SPEND.first(tx, {"of": handle, "now": now}) is not None


def spend_alone(database: Database, handle: str, now: datetime) -> None:
    """Use a request up in a transaction of its own, before its code is exchanged. Raises Forbidden `request_used`."""
    if not database.write(lambda tx: spend(tx, handle, now)):
        raise used()


def spend_message(tx: Connection, owner: str, kind: str, message_id: str, until: datetime) -> bool:
    """Use a message up (`kind`: assertion, id_token, logout, logout_token); False when it was used before. It is remembered until
    `until`, after which it would be refused for its age. A message that two answer at once is one's."""
    row = {"owner": owner, "kind": kind, "message_id": message_id, "until": until}
    return insert_rows(tx, t.SpentMessage, [row], ignore=True) == 1


def sweep(database: Database, now: datetime) -> None:
    """Forget requests and messages whose time is over. Unanswered requests were traced before (`traces.unanswered`)."""
    request, message, link = t.SignOnRequest, t.SpentMessage, t.TestLink
    database.write(lambda tx: tx.execute(delete(request).where(request.expires_at <= now - KEPT)))
    database.write(lambda tx: tx.execute(delete(message).where(message.until <= now)))
    database.write(lambda tx: tx.execute(delete(link).where(link.expires_at <= now)))


_COLUMNS = (
    t.SignOnRequest.handle,
    t.SignOnRequest.connection_id,
    t.SignOnRequest.purpose,
    t.SignOnRequest.message_id,
    t.SignOnRequest.browser_hash,
    t.SignOnRequest.next_path,
    t.SignOnRequest.force_authn,
    t.SignOnRequest.version,
    t.SignOnRequest.created_at,
    t.SignOnRequest.expires_at,
    t.SignOnRequest.used_at,
    t.SignOnRequest.sealed,
)
_FIND = Hot(select(*_COLUMNS).where(t.SignOnRequest.handle == bindparam("handle")))
_SPEND = Hot(
    update(t.SignOnRequest)
    .where(
        t.SignOnRequest.handle == bindparam("of"),
        t.SignOnRequest.used_at.is_(None),
        t.SignOnRequest.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(t.SignOnRequest.handle)
)


def _about(handle: str) -> str:
    return f"sign_on_request:{handle}"


def _request(row: dict[str, Any], known: dict[str, str]) -> PendingRequest:
    said = {name: value for name, value in row.items() if name not in ("sealed", "organization_id", "address")}
    return PendingRequest(**said, secrets=known)
