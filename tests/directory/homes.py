"""An organization with one connection, as the tests of this room begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from connector.directory import connections, tokens
from connector.organizations import organizations
from connector.storage import tables as t
from connector.storage.database import Database

BASE = "https://id.example.com"


@dataclass(frozen=True, slots=True)
class Home:
    """The ids a test speaks of."""

    organization: str
    connection: str


def make(database: Database, slug: str = "acme") -> Home:
    """An organization `slug` with a draft Okta connection."""
    organization = organizations.create(database, slug, slug.title(), f"owner@{slug}.example").id
    return Home(organization, connections.create(database, organization, "Okta", "okta", base_url=BASE).id)


def token(database: Database, home: Home) -> str:
    """The Authorization header of a new token."""
    return f"Bearer {tokens.create(database, home.organization, home.connection).token}"


def put(database: Database, home: Home, **states: str) -> None:
    """Bring connection and organization into states as another verb would have: `mode`, `state`, `directory`."""
    mode = states.pop("mode", None)
    with database.engine.begin() as tx:
        if mode:
            tx.execute(update(t.Organization).where(t.Organization.id == home.organization).values(membership_mode=mode))
        if states:
            tx.execute(update(t.Connection).where(t.Connection.id == home.connection).values(**states))


def read(database: Database, *columns: Any) -> list[Any]:
    """The rows of a table, in the order of their ids where ids are asked."""
    with database.read() as tx:
        return list(tx.execute(select(*columns).order_by(columns[0])))


def actions(database: Database) -> list[str]:
    """What the audit trail says happened, in order, without the founding."""
    told = [row.action for row in read(database, t.AuditEntry.id, t.AuditEntry.action)]
    return [action for action in told if action not in ("organization.created", "member.joined", "connection.created")]
