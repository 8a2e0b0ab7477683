"""What of the organizations an operator should know before it hurts: who could not be let in when something fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from connector.errors import Conflict
from connector.provisioning.setting import is_there
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer


@dataclass(frozen=True, slots=True)
class ActiveConnection:
    """A connection through which members of an organization (its slug) are to sign in."""

    id: str
    name: str
    organization: str


@dataclass(frozen=True, slots=True)
class EndingToken:
    """A SCIM token that soon ends: its last letters, and the id and name of its connection."""

    hint: str
    expires_at: datetime
    connection: str
    name: str


def ending_tokens(database: Database, now: datetime, within: timedelta) -> tuple[EndingToken, ...]:
    """Return the live tokens that end within this time, soonest first, however short their life was to be."""
    token, connection = t.ScimToken, t.Connection
    mine = (token.revoked_at.is_(None), token.client_id.is_(None), is_there(token.organization_id))
    found = (
        select(token.hint, token.expires_at, connection.id, connection.name)
        .join(connection, connection.id == token.connection_id)
        .where(*mine, token.expires_at > now, token.expires_at <= now + within)
        .order_by(token.expires_at)
    )
    with database.read() as tx:
        return tuple(EndingToken(*row) for row in tx.execute(found))


def without_sign_on(database: Database) -> tuple[ActiveConnection, ...]:
    """Return the active connections nobody can sign in through, oldest first."""
    found = (
        select(t.Connection.id, t.Connection.name, t.Organization.slug)
        .join(t.Organization, t.Organization.id == t.Connection.organization_id)
        .where(t.Connection.state == "active", ~exists().where(t.SignOn.connection_id == t.Connection.id))
        .where(t.Organization.deleted_at.is_(None))
        .order_by(t.Connection.id)
    )
    with database.read() as tx:
        return tuple(ActiveConnection(*row) for row in tx.execute(found))


def without_break_glass(database: Database) -> tuple[str, ...]:
    """Return the slugs of organizations in `sso` that have no active break-glass owner, oldest first."""
    suspended = exists().where(t.Suspension.membership_id == t.Assignment.membership_id)
    owner = exists().where(t.Assignment.organization_id == t.Organization.id, t.Assignment.source == "break_glass", ~suspended)
    there = (t.Organization.membership_mode == "sso", t.Organization.deleted_at.is_(None))
    found = select(t.Organization.slug).where(*there, ~owner).order_by(t.Organization.id)
    with database.read() as tx:
        return tuple(tx.execute(found).scalars())


def closed_secrets(database: Database, sealer: Sealer) -> tuple[str, ...]:
    """Return what the secret keys of today do not open, by name: client secrets and signing keys. Nothing opened is returned."""
    sign_on, connection, key = t.SignOn, t.Connection, t.SigningKey
    clients = (
        select(sign_on.connection_id, sign_on.secret, connection.name)
        .join(connection, connection.id == sign_on.connection_id)
        .where(sign_on.secret.is_not(None))
        .order_by(sign_on.connection_id)
    )
    with database.read() as tx:
        sealed = [(row.secret, f"sign_on:{row.connection_id}", f"the client secret of {row.name}") for row in tx.execute(clients)]
        keys = tx.execute(select(key.id, key.private_key).order_by(key.id))
        sealed += [(row.private_key, f"signing_key:{row.id}", f"the signing key {row.id}") for row in keys]
    return tuple(name for text, about, name in sealed if not _opens(sealer, text, about))


def _opens(sealer: Sealer, text: str, about: str) -> bool:
    try:
        sealer.open(text, about)
    except Conflict:
        return False
    return True
