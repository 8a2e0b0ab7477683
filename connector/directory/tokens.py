"""SCIM tokens: at most two live ones per connection, so that one can be replaced without a gap. Only a hash is kept."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import insert, select, update

from connector.directory.access import hash_token
from connector.directory.connections import organization_of
from connector.errors import Conflict, Invalid, NotFound
from connector.organizations.organizations import AT_COMMAND_LINE
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

PREFIX = "cnt_scim_"
"""So that people, and scanners of public code, recognise what they have found."""

LIVE_AT_ONCE = 2
LONGEST = 3650

_ALPHABET = string.ascii_letters + string.digits
_LETTERS = 43  # 62 ** 43 is more than 2 ** 256

State = Literal["live", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the only time that `token` is seen."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as it is listed; `hint` are its last letters."""

    id: str
    hint: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: State


def create(database: Database, connection_id: str, *, days: int = 365, now: datetime | None = None) -> NewToken:
    """Make a token that lives for `days`. Where no other token lives, a directory that is off begins to stage.

    Raises NotFound `connection_not_found`, Invalid `expiry_invalid`, Conflict `token_limit` when two are live already.
    """
    if not 1 <= days <= LONGEST:
        raise Invalid("expiry_invalid", "A token cannot live that long.", expected=f"1 to {LONGEST} days")
    made = NewToken(new_id(), secret(PREFIX))
    moment = now or datetime.now(UTC)

    def work(corridor: Corridor) -> NewToken:
        if _refuse_a_third(corridor, connection_id, moment) == 0:
            stage(corridor, connection_id, "its first token was made")
        row = {"id": made.id, "token_hash": hash_token(made.token), "hint": made.token[-4:], "created_at": moment}
        home = {"organization_id": corridor.organization_id, "connection_id": connection_id, "client_id": None}
        expires = moment + timedelta(days=days)
        corridor.tx.execute(insert(t.ScimToken).values(**row, **home, expires_at=expires, revoked_at=None, last_used_at=None))
        told = {"token": made.id, "expires_at": expires.isoformat()}
        apply.record(corridor, "token.created", f"connection:{connection_id}", None, told)
        return made

    return enter(database, organization_of(database, connection_id), AT_COMMAND_LINE, work, exclusive=True)


def list_(database: Database, connection_id: str, *, now: datetime | None = None) -> tuple[TokenView, ...]:
    """Return the connection's tokens, oldest first, dead ones too. Raises NotFound `connection_not_found`."""
    organization_of(database, connection_id)
    token, moment = t.ScimToken, now or datetime.now(UTC)
    columns = (token.id, token.hint, token.created_at, token.expires_at, token.last_used_at, token.revoked_at)
    chosen = select(*columns).where(token.connection_id == connection_id, token.client_id.is_(None)).order_by(token.id)
    with database.read() as tx:
        return tuple(
            TokenView(id_, hint, created_at, expires_at, last_used_at, _state(expires_at, revoked_at, moment))
            for id_, hint, created_at, expires_at, last_used_at, revoked_at in tx.execute(chosen)
        )


def revoke(database: Database, token_id: str) -> None:
    """End a token at once; a dead one stays dead. When this returns, no write with it is under way.

    Raises NotFound `token_not_found`.
    """
    token = t.ScimToken
    with database.read() as tx:
        found = tx.execute(select(token.organization_id, token.connection_id).where(token.id == token_id)).first()
    if found is None:
        raise NotFound("token_not_found", "There is no such token.", advice="`connector token list CONNECTION` shows the ids.")

    def work(corridor: Corridor) -> None:
        live = update(token).where(token.id == token_id, token.revoked_at.is_(None)).values(revoked_at=corridor.now)
        if corridor.tx.execute(live).rowcount:
            apply.record(corridor, "token.revoked", f"connection:{found.connection_id}", {"token": token_id}, None)

    enter(database, found.organization_id, AT_COMMAND_LINE, work, exclusive=True)


def _state(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> State:
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at <= now else "live"


def _refuse_a_third(corridor: Corridor, connection_id: str, now: datetime) -> int:
    """Return how many tokens live, under the exclusive lock: two at once cannot both be the second."""
    token = t.ScimToken
    live = select(token.id).where(token.connection_id == connection_id, token.client_id.is_(None), token.revoked_at.is_(None))
    count = len(corridor.tx.execute(live.where(token.expires_at > now)).all())
    if count >= LIVE_AT_ONCE:
        raise Conflict(
            "token_limit",
            "Two tokens of this connection are live already.",
            expected="at most two, so that one can be replaced without a gap",
            advice="Revoke the one that is no longer used: `connector token list` shows when each was last used.",
        )
    return count


def secret(prefix: str) -> str:
    """Return 256 random bits as letters and digits after a prefix by which they are recognised."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))


def stage(corridor: Corridor, connection_id: str, because: str) -> None:
    """Let a directory that is off begin to stage: there is something now that can fill it."""
    off = update(t.Connection).where(t.Connection.id == connection_id, t.Connection.directory == "off")
    if corridor.tx.execute(off.values(directory="staging")).rowcount:
        before, after = {"directory": "off"}, {"directory": "staging"}
        apply.record(corridor, "directory.staged", f"connection:{connection_id}", before, after, [because])
