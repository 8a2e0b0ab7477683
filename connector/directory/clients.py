"""OAuth clients of a connection, for identity providers that fetch their SCIM token themselves (RFC 6749 section 4.4).

What they fetch are rows like any other SCIM token, with one hour to live. Of secrets and tokens only hashes are kept.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, insert, select, update

from connector.directory.access import hash_token
from connector.directory.connections import MANAGE, reachable
from connector.directory.tokens import PREFIX, missing, secret, staging
from connector.errors import Unauthenticated
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, page_of
from connector.provisioning.setting import is_there
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

SECRET_PREFIX = "cnt_client_"

LIFE = timedelta(hours=1)
"""How long a fetched token lives."""


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client just made: the only time that `client_secret` is seen."""

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as it is listed; `last_used_at` is when it last fetched a token that is still known."""

    client_id: str
    created_at: datetime
    last_used_at: datetime | None
    state: Literal["live", "revoked"]


def token_url(base_url: str, connection_id: str) -> str:
    """Return the address at which a connection's clients fetch tokens."""
    return f"{base_url}/oauth/{connection_id}/token"


def create(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    base_url: str,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> NewClient:
    """Make a client. Where nothing else can push, a directory that is off begins to stage.

    Raises NotFound `connection_not_found`, and what `acting.act` raises.
    """
    made = NewClient(new_id(), secret(SECRET_PREFIX), token_url(base_url, connection_id))

    def work(corridor: Corridor, standing: Standing) -> NewClient:
        reachable(corridor, standing, connection_id)
        first = not _can_push(corridor, connection_id)
        row = {"id": made.client_id, "organization_id": organization_id, "connection_id": connection_id}
        secrets = {"secret_hash": hash_token(made.client_secret), "created_at": corridor.now, "revoked_at": None}
        corridor.tx.execute(insert(t.ScimClient).values(**row, **secrets))
        before, after, because = staging(corridor, connection_id, first=first)
        told = {"client": made.client_id, **after}
        apply.record(corridor, "client.created", f"connection:{connection_id}", before, told, because)
        return made

    why = "a client was made by hand"
    return act(database, organization_id, actor, MANAGE, why, work, exclusive=True, once=once, by_link=True)


def list_(
    database: Database,
    organization_id: str,
    connection_id: str,
    *,
    limit: int = 200,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[ClientView]:
    """Return a page of the connection's clients, oldest first, revoked ones too. Raises NotFound `connection_not_found`, and what
    `acting.look` raises."""
    client, token = t.ScimClient, t.ScimToken
    fetched = select(func.max(token.created_at)).where(token.client_id == client.id).scalar_subquery()
    mine = (client.connection_id == connection_id, *([client.id > after] if after else []))
    chosen = select(client.id, client.created_at, fetched, client.revoked_at).where(*mine).order_by(client.id)

    def work(glance: Glance, standing: Standing) -> Page[ClientView]:
        reachable(glance, standing, connection_id)
        rows = glance.tx.execute(chosen.limit(limit + 1))
        found = [ClientView(*row[:3], "revoked" if row.revoked_at else "live") for row in rows]
        return page_of(found, limit, lambda view: view.client_id)

    return look(database, organization_id, actor, MANAGE, work, by_link=True)


def revoke(database: Database, organization_id: str, connection_id: str, client_id: str, *, actor: Actor = OPERATOR) -> None:
    """End a client and every token it fetched, at once. Raises NotFound `connection_not_found`, `client_not_found`, and what
    `acting.act` raises."""
    client, token = t.ScimClient, t.ScimToken

    def work(corridor: Corridor, standing: Standing) -> None:
        reachable(corridor, standing, connection_id)
        mine = (client.id == client_id, client.connection_id == connection_id)
        if corridor.tx.execute(select(client.id).where(*mine)).first() is None:
            raise missing("client")
        live = update(client).where(*mine, client.revoked_at.is_(None)).values(revoked_at=corridor.now)
        if corridor.tx.execute(live).rowcount:
            fetched = update(token).where(token.client_id == client_id, token.revoked_at.is_(None))
            corridor.tx.execute(fetched.values(revoked_at=corridor.now))
            apply.record(corridor, "client.revoked", f"connection:{connection_id}", {"client": client_id}, None)

    why = "a client was revoked by hand"
    act(database, organization_id, actor, MANAGE, why, work, exclusive=True, by_link=True)


def issue(database: Database, connection_id: str, client_id: str, client_secret: str) -> str:
    """Return a fresh SCIM token for a client that knows its secret.

    Raises Unauthenticated `client_unknown`, whatever is wrong: connection, client, secret, revoked or disabled.
    """
    made = secret(PREFIX)

    def work(tx: Connection) -> str:
        row = _live(tx, connection_id, client_id)
        if row is None or not hmac.compare_digest(row.secret_hash, hash_token(client_secret)):
            raise Unauthenticated(
                "client_unknown",
                "These client credentials are unknown here.",
                expected="client_id and client_secret of a live client of this connection",
                advice="`connector client list` shows the clients; `connector client create` makes one, its secret shown once.",
            )
        now = datetime.now(UTC)
        home = {"organization_id": row.organization_id, "connection_id": connection_id, "client_id": client_id}
        token = {"id": new_id(), "token_hash": hash_token(made), "hint": made[-4:], "created_at": now, "expires_at": now + LIFE}
        tx.execute(insert(t.ScimToken).values(**home, **token, revoked_at=None, last_used_at=None))
        return made

    return database.write(work)


def _live(tx: Connection, connection_id: str, client_id: str) -> Row[*tuple[Any, ...]] | None:
    """Read a client and keep it from being revoked until its token is there, else that token would outlive it."""
    client, connection = t.ScimClient, t.Connection
    found = (
        select(client.secret_hash, client.organization_id)
        .join(connection, connection.id == client.connection_id)
        .where(client.id == client_id, client.connection_id == connection_id, client.revoked_at.is_(None))
        .where(connection.state != "disabled", is_there(connection.organization_id))
    )
    return tx.execute(found.with_for_update(read=True, of=client)).first()


def _can_push(corridor: Corridor, connection_id: str) -> bool:
    token, client = t.ScimToken, t.ScimClient
    live = (token.revoked_at.is_(None), token.expires_at > corridor.now)
    tokens = select(token.id).where(token.connection_id == connection_id, *live)
    clients = select(client.id).where(client.connection_id == connection_id, client.revoked_at.is_(None))
    return any(corridor.tx.execute(found.limit(1)).first() for found in (tokens, clients))
