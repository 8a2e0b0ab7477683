"""What is written beside a change: audit, outbox, provisioning log, stored plans; and the lease of the periodic work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, partial_index

_OF_RULES = "action IN ('rule.added', 'rule.removed', 'rules.replaced', 'organization.policy_changed')"
"""The changes of which the last can be undone."""


class AuditEntry(Row):
    """Who or what changed what, when and why. Append-only; written by `provisioning.apply` with the change."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "organization_id", "at", "id"),
        Index("ix_audit_entry_target", "organization_id", "target", "at", "id"),
        partial_index("ix_audit_entry_rules", "organization_id", "at", "id", where=_OF_RULES),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    because: Mapped[list[Any]]
    address: Mapped[str | None]


class OutboxEvent(Row):
    """A fact to be told. `sequence` is given by the relay after the commit, per organization, never by the writing transaction.

    `once` makes alerts that repeat themselves one: unique per organization where set.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        partial_index("uq_outbox_event_sequence", "organization_id", "sequence", where="sequence IS NOT NULL", unique=True),
        partial_index("uq_outbox_event_once", "organization_id", "once", where="once IS NOT NULL", unique=True),
        partial_index("ix_outbox_event_unsequenced", "id", where="sequence IS NULL"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    once: Mapped[str | None]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class ProvisioningLog(Row):
    """What the IdP asked, in meaning; what it changed; what was answered. No payloads, no secrets."""

    __tablename__ = "provisioning_log"
    __table_args__ = (
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_provisioning_log_connection", "connection_id", "at", "id"),
        partial_index("ix_provisioning_log_refused", "connection_id", "at", "id", where="status >= 400"),
        Index("ix_provisioning_log_at", "at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    at: Mapped[datetime]
    client: Mapped[str]
    meaning: Mapped[str]
    changes: Mapped[list[Any]]
    status: Mapped[int]
    arrived: Mapped[str]
    expected: Mapped[str]
    advice: Mapped[str]


class StoredPlan(Row):
    """A plan that was looked at: its input, so that it can be computed afresh, and its access changes. One that was applied says
    when and by whom, and waits no longer."""

    __tablename__ = "stored_plan"
    __table_args__ = (Index("ix_stored_plan_expires", "expires_at"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    input: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    applied_by: Mapped[str | None]


class KeptAnswer(Row):
    """What a request with an idempotency key was answered, written with what it made; sealed, for a key may stand in it."""

    __tablename__ = "kept_answer"
    __table_args__ = (Index("ix_kept_answer_created", "created_at"),)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    sealed: Mapped[str]
    created_at: Mapped[datetime]


class Lease(Row):
    """Who does the periodic work, once for all processes, and until when unless renewed."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
