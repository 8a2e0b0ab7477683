"""Who speaks: a SCIM request's bearer token becomes a Client, and what that client may do in the state its directory is in.

An unknown connection and an unknown token get one and the same answer, so that nobody can ask which connections exist. Whoever
holds a token that once lived is told what became of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from connector.directory.model import Client
from connector.errors import Forbidden, Unauthenticated, Unavailable
from connector.provisioning.corridor import Opening
from connector.provisioning.setting import SETTING, is_there
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

TOUCH = timedelta(minutes=1)
"""How exact "last used" is: at most one write in this time, however many requests come."""

PAUSED_RETRY = 300

_EXPECTED = "Authorization: Bearer with a live token of this connection"


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connection as it is inside the transaction that asks."""

    id: str
    organization_id: str
    name: str
    idp: str
    state: str
    directory: str


def hash_token(token: str) -> str:
    """Return what is kept of a token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def authenticate(
    database: Database, connection_id: str, authorization: str | None, *, agent: str, address: str, now: datetime | None = None
) -> Client:
    """Return who sent the header `authorization` (RFC 6750 section 2.1) to this connection, and note that they were heard.

    Raises Unauthenticated `token_missing`, `token_unknown` (also for an unknown connection), `token_expired`, `token_revoked` or
    `connection_disabled`.
    """
    moment = now or datetime.now(UTC)
    token = _bearer(authorization)
    with database.read() as tx:
        row = _BY_HASH.first(tx, {"hash": hash_token(token), "connection": connection_id})
    if row is None:
        raise Unauthenticated("token_unknown", _UNKNOWN, expected=_EXPECTED, advice=_advice(token))
    _check(row, moment)
    if row.last_used_at is None or moment - row.last_used_at >= TOUCH:
        _touch(database, row, moment)
    return Client(connection_id, row.organization_id, row.token_id, agent, address, row.directory == "paused")


def opening(client: Client) -> Opening:
    """What a push reads when its lock is there: token and connection once more, beside what the organization decides by."""
    return Opening(_OPENING, {"token": client.token_id})


def still_valid(row: Any) -> ConnectionState:
    """Judge the client's token and connection as they are after the lock; `row` was read by `opening`.

    Raises Unauthenticated as `authenticate` does when the token was revoked or the connection disabled or deleted meanwhile.
    """
    if row.token_id is None:
        raise Unauthenticated("token_unknown", _UNKNOWN, expected=_EXPECTED)
    _check(row, datetime.now(UTC))
    return ConnectionState(row.id, row.organization_id, row.name, row.idp, row.state, row.directory)


def read_gate(connection_id: str, *, paused: bool) -> None:
    """Let reads pass in every state but paused. Raises Unavailable `directory_paused`."""
    if paused:
        raise Unavailable(
            "directory_paused",
            "This directory is paused: nothing is read or changed until it is resumed.",
            retry_after=PAUSED_RETRY,
            expected="the same request again later",
            advice=f"An owner resumes it with `connector connection directory {connection_id} live`.",
        )


def write_gate(state: ConnectionState) -> None:
    """Let writes pass in `staging` and `live`. Raises Forbidden `directory_off`, Unavailable `directory_paused`."""
    read_gate(state.id, paused=state.directory == "paused")
    if state.directory == "off":
        raise Forbidden(
            "directory_off",
            "This connection takes no users and groups: its directory is off. Reading works.",
            expected="a directory that is staging or live",
            advice=f"An owner switches it on with `connector connection directory {state.id} staging`.",
        )


_UNKNOWN = "The token is unknown here."
_PASTED = "Copy the token once more from where it was created and paste it whole."


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "token_missing",
            "The request carries no bearer token.",
            expected=_EXPECTED,
            advice="Paste the token of this connection into the identity provider's field for the API token or secret.",
        )
    return token.strip()


def _advice(token: str) -> str:
    """What may have gone wrong on the way from our screen to theirs. Says nothing that depends on what is stored."""
    if token.lower().startswith("bearer"):
        return "The word Bearer arrived twice: paste the token alone, the identity provider adds the word itself."
    if token.strip("\"'`“”‘’") != token:
        return "The token arrived in quotes: paste it without them."
    if any(character.isspace() for character in token):
        return "The token arrived with spaces or line breaks inside: paste it as one word."
    return _PASTED + " If it is lost, create another one with `connector token create` and revoke the old one."


_TOKEN, _CONNECTION = t.ScimToken, t.Connection
_FACTS = (
    _TOKEN.id.label("token_id"),
    _TOKEN.expires_at,
    _TOKEN.revoked_at,
    _TOKEN.last_used_at,
    _CONNECTION.id,
    _CONNECTION.organization_id,
    _CONNECTION.name,
    _CONNECTION.idp,
    _CONNECTION.state,
    _CONNECTION.directory,
)
_BY_HASH = Hot(
    select(*_FACTS)
    .join(_CONNECTION, _CONNECTION.id == _TOKEN.connection_id)
    .where(_TOKEN.token_hash == bindparam("hash"), _TOKEN.connection_id == bindparam("connection"))
    .where(is_there(_CONNECTION.organization_id))
)
AT_THE_DOOR = (
    SETTING.add_columns(*_FACTS)
    .outerjoin(_TOKEN, _TOKEN.id == bindparam("token"))
    .outerjoin(_CONNECTION, _CONNECTION.id == _TOKEN.connection_id)
)
_OPENING = Hot(AT_THE_DOOR)


def _check(row: Any, now: datetime) -> None:
    if row.revoked_at is not None:
        code, detail = "token_revoked", f"This token was revoked on {row.revoked_at:%Y-%m-%d}."
    elif row.expires_at <= now:
        code, detail = "token_expired", f"This token expired on {row.expires_at:%Y-%m-%d}."
    elif row.state == "disabled":
        advice = "An owner activates the connection again, or removes the application at the identity provider."
        raise Unauthenticated(
            "connection_disabled", "This connection is disabled.", expected="an enabled connection", advice=advice
        )
    else:
        return
    advice = f"Create another one with `connector token create {row.id}` and paste it into the identity provider."
    raise Unauthenticated(code, detail, expected=_EXPECTED, advice=advice)


def _touch(database: Database, row: Any, now: datetime) -> None:
    """Note that the client was heard. Never waits for somebody else's lock, and never fails the request."""

    def work(tx: Connection) -> None:
        for table, heard, key in ((t.ScimToken, "last_used_at", row.token_id), (t.Connection, "last_heard_at", row.id)):
            columns = table.__table__.c
            stale = or_(columns[heard].is_(None), columns[heard] <= now - TOUCH)
            free = select(columns.id).where(columns.id == key, stale).with_for_update(skip_locked=True, key_share=True)
            tx.execute(update(table).where(columns.id.in_(free)).values({heard: now}))

    database.write_unless_busy(work)
