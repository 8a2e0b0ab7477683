"""What time alone brings about: owners are warned, and what has had its day is forgotten.

Every function takes the moment it is to act for and may run again at any time: nothing is told or done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from connector.directory.departures import MEMORY
from connector.provisioning import apply, relay
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among

CERTIFICATE_DAYS = (1, 7, 30, 60)
"""How many days before its end owners are warned of the end of an IdP's last certificate; and once when it has ended."""

WARN_DAYS = (1, 7, 30)
"""How many days before its end owners are warned of a SCIM token's end."""

SILENCE = timedelta(hours=24)
"""How long a live directory may say nothing before owners are told."""

LOG_KEPT = timedelta(days=30)
"""How long the provisioning log is kept."""

PLAN_KEPT = timedelta(days=6)
"""How long a plan is known after its end: so long its page says what became of it, and makes it anew."""

TOKEN_KEPT = timedelta(days=1)
"""How long an access token of an OAuth client is known after its end: so long its holder hears "expired" and not "unknown"."""

_CHUNK = 10_000  # rows deleted in one transaction: on SQLite every writer waits for it


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the owners of an organization should hear; the same `once` is told one time only."""

    organization_id: str
    kind: str
    target: str
    payload: dict[str, Any]
    once: str
    sentence: str


def run(database: Database, now: datetime) -> None:
    """Do all the periodic work that is due at `now`. Raises Unavailable."""
    warn(database, [*expiring_tokens(database, now), *silent_directories(database, now)])
    warn(database, [*ending_certificates(database, now), *troubled_metadata(database, now)])
    forget_the_departed(database, now)
    sweep(database, now)


def warn(database: Database, warnings: Sequence[Notice]) -> int:
    """Tell the owners, through the outbox, what they were not told before; returns how many warnings were new. Of organizations
    that were deleted nobody is told."""
    known = select(t.OutboxEvent.organization_id, t.OutboxEvent.once).where(
        among(t.OutboxEvent.once, [warning.once for warning in warnings])
    )
    there = select(t.Organization.id).where(
        among(t.Organization.id, {warning.organization_id for warning in warnings}), t.Organization.deleted_at.is_(None)
    )
    with database.read() as tx:
        told = {(row.organization_id, row.once) for row in tx.execute(known)}
        homes = set(tx.execute(there).scalars())
    new = (each for each in warnings if each.organization_id in homes and (each.organization_id, each.once) not in told)
    return sum(_tell(database, each) for each in new)


def _tell(database: Database, warning: Notice) -> bool:
    def work(corridor: Corridor) -> bool:
        because = [warning.sentence]
        return apply.alert(corridor, warning.kind, warning.target, warning.payload, once=warning.once, because=because)

    return enter(database, warning.organization_id, Origin("system", "the periodic check found it"), work)


def expiring_tokens(database: Database, now: datetime) -> list[Notice]:
    """The tokens whose end is near: each is warned of at 30, 7 and 1 days, as far as it ever lived that long."""
    token, connection = t.ScimToken, t.Connection
    found = (
        select(token.id, token.hint, token.created_at, token.expires_at, connection.name, connection.id.label("connection_id"))
        .add_columns(token.organization_id)
        .join(connection, connection.id == token.connection_id)
        .where(token.client_id.is_(None), token.revoked_at.is_(None), connection.state != "disabled")
        .where(token.expires_at > now, token.expires_at <= now + timedelta(days=max(WARN_DAYS)))
        .order_by(token.id)
    )
    with database.read() as tx:
        rows = tx.execute(found).all()
    due = [(row, next(days for days in WARN_DAYS if row.expires_at <= now + timedelta(days=days))) for row in rows]
    return [_expiry(row, days) for row, days in due if row.expires_at - row.created_at > timedelta(days=days)]


def _expiry(row: Any, days: int) -> Notice:
    return Notice(
        row.organization_id,
        "token.expiring",
        f"connection:{row.connection_id}",
        {"token": row.id, "expires_at": row.expires_at.isoformat(), "days": days},
        f"token_expiring:{row.id}:{days}",
        f"the SCIM token ending in {row.hint} of {row.name} expires on {row.expires_at:%Y-%m-%d}: create another one with"
        " `connector token create`, paste it into the identity provider, then revoke the old one",
    )


def silent_directories(database: Database, now: datetime) -> list[Notice]:
    """The live directories (paused ones are asked too) whose IdP was not heard of for SILENCE, told once per silence."""
    connection = t.Connection
    heard = func.coalesce(connection.last_heard_at, connection.created_at)
    found = (
        select(connection.id, connection.organization_id, connection.name, connection.last_heard_at)
        .where(connection.directory.in_(("live", "paused")), heard <= now - SILENCE)
        .order_by(connection.id)
    )
    with database.read() as tx:
        return [_silence(row) for row in tx.execute(found)]


def _silence(row: Any) -> Notice:
    since = row.last_heard_at.isoformat() if row.last_heard_at else None
    return Notice(
        row.organization_id,
        "directory.silent",
        f"connection:{row.id}",
        {"last_heard_at": since},
        f"directory_silent:{row.id}:{since or 'never'}",
        f"the identity provider of {row.name} has said nothing for 24 hours: see there whether provisioning runs and whether its"
        " token is still right",
    )


def ending_certificates(database: Database, now: datetime) -> list[Notice]:
    """The certificates of IdPs whose end is near or past, if no other one of the connection lives longer: told at 60, 30, 7 and 1
    days and at the end. It goes on working, but the IdP may change keys then, and some stop to sign."""
    kept, connection = t.IdpCertificate, t.Connection
    found = (
        select(connection.id, connection.organization_id, connection.name, func.max(kept.not_after).label("ends_at"))
        .join(kept, kept.connection_id == connection.id)
        .where(kept.leaves_at.is_(None), connection.state != "disabled")
        .group_by(connection.id, connection.organization_id, connection.name)
        .having(func.max(kept.not_after) <= now + timedelta(days=max(CERTIFICATE_DAYS)))
        .order_by(connection.id)
    )
    with database.read() as tx:
        return [_certificate(row, now) for row in tx.execute(found)]


def _certificate(row: Any, now: datetime) -> Notice:
    days = next((days for days in (0, *CERTIFICATE_DAYS) if row.ends_at <= now + timedelta(days=days)), 0)
    ends = f"expires on {row.ends_at:%Y-%m-%d}" if days else f"expired on {row.ends_at:%Y-%m-%d}; it goes on working"
    return Notice(
        row.organization_id,
        "certificate.expiring",
        f"connection:{row.id}",
        {"expires_at": row.ends_at.isoformat(), "days": days},
        f"certificate_expiring:{row.id}:{row.ends_at:%Y-%m-%d}:{days}",
        f"the last signing certificate of {row.name} {ends}: renew it at the identity provider and give connector its metadata",
    )


def troubled_metadata(database: Database, now: datetime) -> list[Notice]:
    """The connections whose metadata cannot be fetched or read, or have passed the end of their validity: told once a day."""
    row, connection = t.SignOn, t.Connection
    past = and_(row.metadata_valid_until.is_not(None), row.metadata_valid_until <= now)
    found = (
        select(connection.id, connection.organization_id, connection.name, row.metadata_error, row.metadata_valid_until)
        .join(row, row.connection_id == connection.id)
        .where(connection.state != "disabled", row.metadata_url.is_not(None), or_(row.metadata_error.is_not(None), past))
        .order_by(connection.id)
    )
    with database.read() as tx:
        return [_trouble(each, now) for each in tx.execute(found)]


def _trouble(row: Any, now: datetime) -> Notice:
    wrong = row.metadata_error or f"They were valid until {row.metadata_valid_until:%Y-%m-%d}."
    return Notice(
        row.organization_id,
        "metadata.failing",
        f"connection:{row.id}",
        {"error": wrong},
        f"metadata_failing:{row.id}:{now:%Y-%m-%d}",
        f"the metadata of {row.name} cannot be refreshed, what is known stays in force: {wrong}",
    )


def forget_the_departed(database: Database, now: datetime) -> int:
    """Empty what tombstones older than 90 days say of people; the id stays, for it is never given again.

    So does the link to the Person: an address that once led to somebody who left must not lead a stranger to their account.
    """
    stone = t.Tombstone
    something = or_(stone.user_name_key.is_not(None), stone.external_id.is_not(None), stone.left.is_not(None))
    old = update(stone).where(stone.deleted_at <= now - MEMORY, something)
    return database.write(lambda tx: tx.execute(old.values(user_name_key=None, external_id=None, left=None)).rowcount)


def sweep(database: Database, now: datetime) -> None:
    """Delete plans some days after their end, access tokens past their end, and events and log rows older than they are kept."""
    plan, token, log = t.StoredPlan, t.ScimToken, t.ProvisioningLog
    database.write(lambda tx: tx.execute(delete(plan).where(plan.expires_at <= now - PLAN_KEPT)))
    database.write(lambda tx: tx.execute(delete(token).where(token.client_id.is_not(None), token.expires_at <= now - TOKEN_KEPT)))
    relay.sweep(database, now)
    while _sweep_log(database, log.at < now - LOG_KEPT) == _CHUNK:
        pass


def _sweep_log(database: Database, old: ColumnElement[bool]) -> int:
    log = t.ProvisioningLog
    some = select(log.id).where(old).limit(_CHUNK)
    return database.write(lambda tx: tx.execute(delete(log).where(log.id.in_(some))).rowcount)
