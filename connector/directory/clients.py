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
from connector.directory.connections import organization_of
from connector.directory.tokens import PREFIX, secret, stage
from connector.errors import NotFound, Unauthenticated
from connector.organizations.organizations import AT_COMMAND_LINE
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, enter
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


def create(database: Database, connection_id: str, *, base_url: str) -> NewClient:
    """Make a client. Where nothing else can push, a directory that is off begins to stage.

    Raises NotFound `connection_not_found`.
    """
    made = NewClient(new_id(), secret(SECRET_PREFIX), token_url(base_url, connection_id))

    def work(corridor: Corridor) -> NewClient:
        if not _can_push(corridor, connection_id):
            stage(corridor, connection_id, "its first client was made")
        row = {"id": made.client_id, "organization_id": corridor.organization_id, "connection_id": connection_id}
        secrets = {"secret_hash": hash_token(made.client_secret), "created_at": corridor.now, "revoked_at": None}
        corridor.tx.execute(insert(t.ScimClient).values(**row, **secrets))
        apply.record(corridor, "client.created", f"connection:{connection_id}", None, {"client": made.client_id})
        return made

    return enter(database, organization_of(database, connection_id), AT_COMMAND_LINE, work, exclusive=True)


def list_(database: Database, connection_id: str) -> tuple[ClientView, ...]:
    """Return the connection's clients, oldest first, revoked ones too. Raises NotFound `connection_not_found`."""
    organization_of(database, connection_id)
    client, token = t.ScimClient, t.ScimToken
    fetched = select(func.max(token.created_at)).where(token.client_id == client.id).scalar_subquery()
    found = select(client.id, client.created_at, fetched, client.revoked_at).where(client.connection_id == connection_id)
    with database.read() as tx:
        return tuple(
            ClientView(id_, created_at, used, "revoked" if revoked_at else "live")
            for id_, created_at, used, revoked_at in tx.execute(found.order_by(client.id))
        )


def revoke(database: Database, client_id: str) -> None:
    """End a client and every token it fetched, at once. Raises NotFound `client_not_found`."""
    client, token = t.ScimClient, t.ScimToken
    with database.read() as tx:
        found = tx.execute(select(client.organization_id, client.connection_id).where(client.id == client_id)).first()
    if found is None:
        raise NotFound("client_not_found", "There is no such client.", advice="`connector client list CONNECTION` shows the ids.")

    def work(corridor: Corridor) -> None:
        live = update(client).where(client.id == client_id, client.revoked_at.is_(None)).values(revoked_at=corridor.now)
        if corridor.tx.execute(live).rowcount:
            fetched = update(token).where(token.client_id == client_id, token.revoked_at.is_(None))
            corridor.tx.execute(fetched.values(revoked_at=corridor.now))
            apply.record(corridor, "client.revoked", f"connection:{found.connection_id}", {"client": client_id}, None)

    enter(database, found.organization_id, AT_COMMAND_LINE, work, exclusive=True)


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
        .where(connection.state != "disabled")
    )
    return tx.execute(found.with_for_update(read=True, of=client)).first()


def _can_push(corridor: Corridor, connection_id: str) -> bool:
    token, client = t.ScimToken, t.ScimClient
    live = (token.revoked_at.is_(None), token.expires_at > corridor.now)
    tokens = select(token.id).where(token.connection_id == connection_id, *live)
    clients = select(client.id).where(client.connection_id == connection_id, client.revoked_at.is_(None))
    return any(corridor.tx.execute(found.limit(1)).first() for found in (tokens, clients))
