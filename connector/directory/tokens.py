"""SCIM tokens: at most two live ones per connection, so that one can be replaced without a gap. Only a hash is kept."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import insert, select, update

from connector.directory.access import hash_token
from connector.directory.connections import MANAGE, reachable
from connector.errors import Conflict, Invalid, NotFound
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, page_of
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
Kind = Literal["token", "client"]


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: the only time that `token` is seen."""

    id: str
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as it is listed; `hint` are its last letters."""

    id: str
    hint: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    state: State


def create(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    days: int = 365,
    now: datetime | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> NewToken:
    """Make a token that lives for `days`. Where no other token lives, a directory that is off begins to stage.

    Raises NotFound `connection_not_found`, Invalid `expiry_invalid`, Conflict `token_limit` when two are live already, and what
    `acting.act` raises.
    """
    if not 1 <= days <= LONGEST:
        raise Invalid("expiry_invalid", "A token cannot live that long.", expected=f"1 to {LONGEST} days")
    moment = now or datetime.now(UTC)
    made = NewToken(new_id(), secret(PREFIX), moment + timedelta(days=days))

    def work(corridor: Corridor, standing: Standing) -> NewToken:
        reachable(corridor, standing, connection_id)
        first = _refuse_a_third(corridor, connection_id, moment) == 0
        row = {"id": made.id, "token_hash": hash_token(made.token), "hint": made.token[-4:], "created_at": moment}
        home = {"organization_id": organization_id, "connection_id": connection_id, "client_id": None}
        lives = {"expires_at": made.expires_at, "revoked_at": None, "last_used_at": None}
        corridor.tx.execute(insert(t.ScimToken).values(**row, **home, **lives))
        before, after, because = staging(corridor, connection_id, first=first)
        told = {"token": made.id, "expires_at": made.expires_at.isoformat(), **after}
        apply.record(corridor, "token.created", f"connection:{connection_id}", before, told, because)
        return made

    why = "a token was made by hand"
    return act(database, organization_id, actor, MANAGE, why, work, exclusive=True, once=once, by_link=True)


def list_(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    now: datetime | None = None,
    limit: int = 200,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[TokenView]:
    """Return a page of the connection's tokens, oldest first, dead ones too. Raises NotFound `connection_not_found`, and what
    `acting.look` raises."""
    token, moment = t.ScimToken, now or datetime.now(UTC)
    columns = (token.id, token.hint, token.created_at, token.expires_at, token.last_used_at, token.revoked_at)
    mine = (token.connection_id == connection_id, token.client_id.is_(None), *([token.id > after] if after else []))

    def work(glance: Glance, standing: Standing) -> Page[TokenView]:
        reachable(glance, standing, connection_id)
        rows = glance.tx.execute(select(*columns).where(*mine).order_by(token.id).limit(limit + 1))
        found = [TokenView(*row[:5], _state(row.expires_at, row.revoked_at, moment)) for row in rows]
        return page_of(found, limit, lambda view: view.id)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def revoke(database: Database, organization_id: str, connection_id: str, token_id: str, *, actor: Actor = OPERATOR) -> None:
    """End a token at once; a dead one stays dead. When this returns, no write with it is under way.

    Raises NotFound `connection_not_found`, `token_not_found`, and what `acting.act` raises.
    """
    token = t.ScimToken

    def work(corridor: Corridor, standing: Standing) -> None:
        reachable(corridor, standing, connection_id)
        mine = (token.id == token_id, token.connection_id == connection_id, token.client_id.is_(None))
        if corridor.tx.execute(select(token.id).where(*mine)).first() is None:
            raise missing("token")
        live = update(token).where(*mine, token.revoked_at.is_(None)).values(revoked_at=corridor.now)
        if corridor.tx.execute(live).rowcount:
            apply.record(corridor, "token.revoked", f"connection:{connection_id}", {"token": token_id}, None)

    why = "a token was revoked by hand"
    act(database, organization_id, actor, MANAGE, why, work, exclusive=True, by_link=True)


def home_of(database: Database, kind: Kind, credential_id: str) -> tuple[str, str]:
    """The organization and the connection of a token or an OAuth client, for commands, which are given its id alone. Raises
    NotFound `token_not_found`, `client_not_found`."""
    row: Any = t.ScimToken if kind == "token" else t.ScimClient
    with database.read() as tx:
        found = tx.execute(select(row.organization_id, row.connection_id).where(row.id == credential_id)).first()
    if found is None:
        raise missing(kind)
    return found.organization_id, found.connection_id


def missing(kind: Kind) -> NotFound:
    """The refusal of an id that no token, or no client, of the connection has."""
    code = "token_not_found" if kind == "token" else "client_not_found"
    return NotFound(code, f"There is no such {kind}.", advice=f"The list of the connection's {kind}s shows the ids.")


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


def staging(corridor: Corridor, connection_id: str, *, first: bool) -> tuple[dict[str, Any] | None, dict[str, Any], list[str]]:
    """With the first credential that can push, let a directory that is off begin to stage. Returns what the audit entry of the
    credential says of it: before, after, because."""
    off = update(t.Connection).where(t.Connection.id == connection_id, t.Connection.directory == "off")
    if first and corridor.tx.execute(off.values(directory="staging")).rowcount:
        because = ["with the first that can push, the directory begins to stage"]
        return {"directory": "off"}, {"directory": "staging"}, because
    return None, {}, []
