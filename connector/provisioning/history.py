"""Reading back: the audit trail of an organization and the provisioning log of a connection.

Both answer oldest first and hold the newest entries when there are more than asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.storage import tables as t
from connector.storage.database import Database

AUDIT_LIMIT = 1_000
LOG_LIMIT = 200


@dataclass(frozen=True, slots=True)
class AuditItem:
    """Who or what changed what. `target` is an e-mail address or `kind:id`; `before` and `after` map what changed to its names;
    the last sentence of `because` says what set it off."""

    at: datetime
    actor: str
    action: str
    target: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    because: tuple[str, ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class LogItem:
    """One request of an identity provider, in meaning. `changes` are access changes (`email`, `target`, `before`, `after`,
    `because`), or `{"more": n}` last; `arrived`, `expected` and `advice` are empty unless there was something to say."""

    at: datetime
    client: str
    meaning: str
    changes: tuple[Mapping[str, Any], ...]
    status: int
    arrived: str
    expected: str
    advice: str


def audit(
    database: Database, organization_id: str, *, since: datetime | None = None, limit: int = AUDIT_LIMIT
) -> tuple[AuditItem, ...]:
    """Return the newest `limit` audit entries of an organization, oldest first; with `since` (aware) none before it."""
    entry = t.AuditEntry
    columns = (entry.at, entry.actor, entry.action, entry.target, entry.before, entry.after, entry.because, entry.address)
    found = select(*columns).where(entry.organization_id == organization_id).order_by(entry.id.desc()).limit(limit)
    if since is not None:
        found = found.where(entry.at >= since)
    with database.read() as tx:
        rows = tx.execute(found).all()
    return tuple(
        AuditItem(at, actor, action, target, before, after, tuple(because), address)
        for at, actor, action, target, before, after, because, address in reversed(rows)
    )


def provisioning_log(database: Database, connection_id: str, *, limit: int = LOG_LIMIT) -> tuple[LogItem, ...]:
    """Return the newest `limit` entries of a connection's provisioning log, oldest first."""
    row = t.ProvisioningLog
    columns = (row.at, row.client, row.meaning, row.changes, row.status, row.arrived, row.expected, row.advice)
    found = select(*columns).where(row.connection_id == connection_id).order_by(row.id.desc()).limit(limit)
    with database.read() as tx:
        rows = tx.execute(found).all()
    return tuple(
        LogItem(at, who, meaning, tuple(changes), status, arrived, expected, advice)
        for at, who, meaning, changes, status, arrived, expected, advice in reversed(rows)
    )
