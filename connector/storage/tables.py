"""Every table, one set for both databases. The constraints are the invariants; their names are what the code knows them by.

**The exclusion** of membership modes stands in the schema: each row that makes sense in one mode only has a *generated* column
naming that mode (NULL when it needs none), tied by a *deferred composite foreign key* to `(organization.id, organization.membership_mode)`.
It holds under concurrent transactions on both databases and lets a mode switch happen in one transaction in any order.

Look-up tables (connections, tokens, persons, addresses, domains) are global; everything else carries its organization in composite
foreign keys, so that no row can point into another tenant.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from connector.storage.types import UtcDateTime, json_type

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeclarativeBase):
    """The base of all tables; used with SQLAlchemy Core, no unit of work, no lazy loads."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: Text(), datetime: UtcDateTime(), dict[str, Any]: json_type(), list[Any]: json_type()}


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _in_organization(table: str, *columns: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the tenant: (organization_id, x) -> table(organization_id, y)."""
    target = "name" if table == "role" else "id"
    return ForeignKeyConstraint(
        ["organization_id", *columns], [f"{table}.organization_id", f"{table}.{target}"], ondelete=ondelete
    )


def _needs_mode(column: str, name: str) -> ForeignKeyConstraint:
    """The exclusion: while `column` names a mode, the organization must be in it at COMMIT."""
    return ForeignKeyConstraint(
        ["organization_id", column],
        ["organization.id", "organization.membership_mode"],
        name=name,
        deferrable=True,
        initially="DEFERRED",
    )


class Organization(Row):
    """One tenant: where people belong."""

    __tablename__ = "organization"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("id", "membership_mode"),
        _one_of("membership_mode", "invitation", "sso"),
        _one_of("role_strategy", "highest", "ordered"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    slug: Mapped[str]
    name: Mapped[str]
    membership_mode: Mapped[str]
    preset: Mapped[str]
    default_role: Mapped[str]
    role_strategy: Mapped[str]
    top_by_rules: Mapped[bool]
    entry_gate: Mapped[bool]
    created_at: Mapped[datetime]


class Role(Row):
    """A role of one organization's catalogue; a row, so that "highest" is one SQL statement."""

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("organization_id", "rank"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int]
    top: Mapped[bool]
    can_own: Mapped[bool]
    org_visible: Mapped[bool]
    permissions: Mapped[list[Any]]


class Person(Row):
    """One human in this installation. `created_by` is the connection that made them, and may maintain their address."""

    __tablename__ = "person"
    id: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str | None]
    created_by: Mapped[str | None]
    created_at: Mapped[datetime]


class Address(Row):
    """An e-mail address of a person. A verified one belongs to at most one person; others are display data only."""

    __tablename__ = "address"
    __table_args__ = (
        Index("uq_address_verified", "email_key", unique=True, postgresql_where=text("verified"), sqlite_where=text("verified")),
        Index("ix_address_person", "person_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    email: Mapped[str]
    email_key: Mapped[str]
    verified: Mapped[bool]
    is_primary: Mapped[bool]
    created_at: Mapped[datetime]


class Domain(Row):
    """An e-mail domain an organization claims; only verified ones link people, and only those are unique."""

    __tablename__ = "domain"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        Index(
            "uq_domain_verified",
            "name",
            unique=True,
            postgresql_where=text("verified_at IS NOT NULL"),
            sqlite_where=text("verified_at IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    name: Mapped[str]
    record_value: Mapped[str]
    verified_at: Mapped[datetime | None]
    vouched: Mapped[bool]
    created_at: Mapped[datetime]


class Membership(Row):
    """A person's place in an organization, exactly one. `role` is the effective role, kept by `provisioning.apply`."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("organization_id", "person_id"),
        UniqueConstraint("organization_id", "id"),
        _in_organization("role", "role"),
        _one_of("joined_by", "founder", "invitation", "manual", "jit", "scim", "break_glass"),
        Index("ix_membership_person", "person_id"),
        Index("ix_membership_role", "organization_id", "role"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    joined_by: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime]


class Team(Row):
    """A sub-group of an organization."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("organization_id", "slug"), UniqueConstraint("organization_id", "id"))
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]


class Project(Row):
    """A workspace of an organization that has members of its own."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("organization_id", "slug"), UniqueConstraint("organization_id", "id"))
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]


class Connection(Row):
    """One IdP of one organization: its sign-on side (`state`) and its pushed side (`directory`)."""

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        _one_of("state", "draft", "active", "disabled"),
        _one_of("directory", "off", "staging", "live", "paused"),
        _one_of("jit", "auto", "on", "off"),
        CheckConstraint("directory NOT IN ('live', 'paused') OR state = 'active'", name="live_needs_active"),
        _needs_mode("active_mode", "fk_connection_active_mode"),
        _needs_mode("directory_mode", "fk_connection_directory_mode"),
        Index("ix_connection_active_mode", "organization_id", "active_mode"),
        Index("ix_connection_directory_mode", "organization_id", "directory_mode"),
        Index(
            "uq_connection_live_directory",
            "organization_id",
            unique=True,
            postgresql_where=text("directory IN ('live', 'paused')"),
            sqlite_where=text("directory IN ('live', 'paused')"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    name: Mapped[str]
    idp: Mapped[str]
    state: Mapped[str]
    directory: Mapped[str]
    jit: Mapped[str]
    last_heard_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    active_mode: Mapped[str | None] = mapped_column(Computed("CASE WHEN state = 'active' THEN 'sso' END", persisted=True))
    directory_mode: Mapped[str | None] = mapped_column(
        Computed("CASE WHEN directory IN ('live', 'paused') THEN 'sso' END", persisted=True)
    )


class Invitation(Row):
    """An invitation by e-mail. In the schema from the first day for the exclusion; its verbs come with organizations."""

    __tablename__ = "invitation"
    __table_args__ = (
        _one_of("status", "pending", "accepted", "declined", "cancelled", "expired", "ended"),
        _in_organization("role", "role"),
        _needs_mode("pending_mode", "fk_invitation_pending_mode"),
        Index("ix_invitation_pending_mode", "organization_id", "pending_mode"),
        Index(
            "uq_invitation_pending",
            "organization_id",
            "email_key",
            unique=True,
            postgresql_where=text("status = 'pending'"),
            sqlite_where=text("status = 'pending'"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    email: Mapped[str]
    email_key: Mapped[str]
    role: Mapped[str]
    status: Mapped[str]
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    pending_mode: Mapped[str | None] = mapped_column(
        Computed("CASE WHEN status = 'pending' THEN 'invitation' END", persisted=True)
    )


class ScimClient(Row):
    """OAuth client credentials of a connection (RFC 6749 section 4.4); the secret is kept as a hash only."""

    __tablename__ = "scim_client"
    __table_args__ = (UniqueConstraint("connection_id", "id"), _in_organization("connection", "connection_id", ondelete="CASCADE"))
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    secret_hash: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ScimToken(Row):
    """A bearer token of a connection, kept as a hash only. `client_id` is set for the one-hour tokens of an OAuth client."""

    __tablename__ = "scim_token"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        ForeignKeyConstraint(["connection_id", "client_id"], ["scim_client.connection_id", "scim_client.id"], ondelete="CASCADE"),
        Index("ix_scim_token_connection", "connection_id"),
        Index("ix_scim_token_expires", "expires_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    client_id: Mapped[str | None]
    token_hash: Mapped[str]
    hint: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class DirectoryUser(Row):
    """A person as the IdP describes them. `document` is the canonical SCIM text that is served; `search` the same folded.

    `overridden` is True after a restore: the person counts as active until the IdP next writes `active`.
    """

    __tablename__ = "directory_user"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("connection_id", "id"),
        UniqueConstraint("connection_id", "user_name_key", name="uq_directory_user_user_name"),
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index(
            "uq_directory_user_external_id",
            "connection_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
            sqlite_where=text("external_id IS NOT NULL"),
        ),
        Index(
            "uq_directory_user_person",
            "connection_id",
            "person_id",
            unique=True,
            postgresql_where=text("person_id IS NOT NULL"),
            sqlite_where=text("person_id IS NOT NULL"),
        ),
        Index("ix_directory_user_person_id", "person_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    user_name: Mapped[str]
    user_name_key: Mapped[str]
    external_id: Mapped[str | None]
    display_name: Mapped[str | None]
    email: Mapped[str | None]
    email_key: Mapped[str | None]
    active: Mapped[bool]
    overridden: Mapped[bool]
    document: Mapped[str]
    search: Mapped[dict[str, Any]]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DirectoryGroup(Row):
    """A group as the IdP pushed it; its members are rows of `directory_member`. `version` covers the members."""

    __tablename__ = "directory_group"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("connection_id", "id"),
        UniqueConstraint("connection_id", "display_name_key", name="uq_directory_group_display_name"),
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index(
            "uq_directory_group_external_id",
            "connection_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
            sqlite_where=text("external_id IS NOT NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    display_name: Mapped[str]
    display_name_key: Mapped[str]
    external_id: Mapped[str | None]
    document: Mapped[str]
    search: Mapped[dict[str, Any]]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DirectoryMember(Row):
    """One person in one group, both of the same connection."""

    __tablename__ = "directory_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["connection_id", "group_id"], ["directory_group.connection_id", "directory_group.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["connection_id", "user_id"], ["directory_user.connection_id", "directory_user.id"], ondelete="CASCADE"
        ),
        Index("ix_directory_member_user", "user_id", "group_id"),
    )
    group_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    connection_id: Mapped[str]


class Tombstone(Row):
    """A SCIM id this connection once had. The personal columns are emptied after 90 days; the id stays, for it is never reused.

    `left` is what the person had when the IdP deleted them: hand-given rows and causes, effective access, for rehire and restore.
    """

    __tablename__ = "tombstone"
    __table_args__ = (
        _one_of("kind", "user", "group"),
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_tombstone_user_name", "connection_id", "user_name_key"),
        Index("ix_tombstone_external_id", "connection_id", "external_id"),
        Index("ix_tombstone_deleted", "connection_id", "deleted_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    kind: Mapped[str]
    user_name_key: Mapped[str | None]
    external_id: Mapped[str | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    left: Mapped[dict[str, Any] | None]
    deleted_at: Mapped[datetime]
    restored_at: Mapped[datetime | None]


class Rule(Row):
    """What people of a connection get. A role by its name; a team or project by id, or by `slug` where a pattern's captures fill it."""

    __tablename__ = "rule"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        _in_organization("team", "team_id"),
        _in_organization("project", "project_id"),
        _one_of("match_kind", "group", "external_id", "name", "pattern", "attribute", "everyone"),
        _one_of("target_kind", "role", "team", "project"),
        Index("ix_rule_connection", "connection_id", "position"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    position: Mapped[int]
    match_kind: Mapped[str]
    match_value: Mapped[str]
    match_attribute: Mapped[str]
    match_label: Mapped[str]
    target_kind: Mapped[str]
    team_id: Mapped[str | None]
    project_id: Mapped[str | None]
    slug: Mapped[str]
    level: Mapped[str]
    created_at: Mapped[datetime]


class Assignment(Row):
    """The provenance ledger: (membership, target, level, source). Keys hold '' and never NULL; what the key says is tied by
    generated columns to real rows: the team, the project, the rule, and the mode a rule row needs."""

    __tablename__ = "assignment"
    __table_args__ = (
        _in_organization("membership", "membership_id", ondelete="CASCADE"),
        _in_organization("team", "team_id", ondelete="CASCADE"),
        _in_organization("project", "project_id", ondelete="CASCADE"),
        # deferred, so that a rule can go before its rows do: what it gave is withdrawn in the same transaction
        ForeignKeyConstraint(
            ["organization_id", "rule_id"], ["rule.organization_id", "rule.id"], deferrable=True, initially="DEFERRED"
        ),
        _needs_mode("rule_mode", "fk_assignment_rule_mode"),
        _one_of("target_kind", "role", "team", "project"),
        CheckConstraint(
            "source IN ('manual', 'invitation', 'founder', 'break_glass', 'converted', 'system') OR substr(source, 1, 5) = 'rule:'",
            name="source",
        ),
        CheckConstraint("(target_kind = 'role') = (target_id = '')", name="target_id"),
        Index("ix_assignment_rule", "rule_id"),
        Index("ix_assignment_team", "team_id"),
        Index("ix_assignment_project", "project_id"),
        Index("ix_assignment_rule_mode", "organization_id", "rule_mode"),
    )
    membership_id: Mapped[str] = mapped_column(primary_key=True)
    target_kind: Mapped[str] = mapped_column(primary_key=True)
    target_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    level: Mapped[str]
    created_at: Mapped[datetime]
    team_id: Mapped[str | None] = mapped_column(Computed("CASE WHEN target_kind = 'team' THEN target_id END", persisted=True))
    project_id: Mapped[str | None] = mapped_column(
        Computed("CASE WHEN target_kind = 'project' THEN target_id END", persisted=True)
    )
    rule_id: Mapped[str | None] = mapped_column(
        Computed("CASE WHEN substr(source, 1, 5) = 'rule:' THEN substr(source, 6) END", persisted=True)
    )
    rule_mode: Mapped[str | None] = mapped_column(Computed("CASE WHEN substr(source, 1, 5) = 'rule:' THEN 'sso' END", persisted=True))


class Suspension(Row):
    """The ledger of why a person is out: one row per cause. `origin` says where an admin row came from."""

    __tablename__ = "suspension"
    __table_args__ = (
        _in_organization("membership", "membership_id", ondelete="CASCADE"),
        _one_of("cause", "admin", "block", "directory", "cannot_link"),
        Index("ix_suspension_connection", "connection_id", "created_at"),
    )
    membership_id: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str | None]
    origin: Mapped[str]
    created_at: Mapped[datetime]


class Withheld(Row):
    """A change the IdP asked for that would have left no owner: kept until an owner confirms it or the IdP takes it back."""

    __tablename__ = "withheld"
    __table_args__ = (_in_organization("membership", "membership_id", ondelete="CASCADE"),)
    membership_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class AuditEntry(Row):
    """Who or what changed what, when and why. Append-only; written by `provisioning.apply` with the change."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_organization", "organization_id", "id"),)
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
        UniqueConstraint("organization_id", "sequence"),
        Index(
            "uq_outbox_event_once",
            "organization_id",
            "once",
            unique=True,
            postgresql_where=text("once IS NOT NULL"),
            sqlite_where=text("once IS NOT NULL"),
        ),
        Index(
            "ix_outbox_event_unsequenced",
            "id",
            postgresql_where=text("sequence IS NULL"),
            sqlite_where=text("sequence IS NULL"),
        ),
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
        _in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_provisioning_log_connection", "connection_id", "id"),
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
    """A plan that was looked at and not applied: its input, so that it can be computed afresh, and its access changes."""

    __tablename__ = "stored_plan"
    __table_args__ = (Index("ix_stored_plan_expires", "expires_at"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    input: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Lease(Row):
    """Who does the periodic work, once for all processes, and until when unless renewed."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


metadata = Row.metadata
