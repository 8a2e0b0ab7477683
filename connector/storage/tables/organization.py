"""Organizations and their people: catalogue, memberships, and the two ledgers of what a person has and why they are out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, needs_mode, one_of, partial_index


class Organization(Row):
    """One tenant: where people belong. One that was deleted is as if it were not there, until it is swept or restored."""

    __tablename__ = "organization"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("id", "membership_mode"),
        one_of("membership_mode", "invitation", "sso"),
        one_of("role_strategy", "highest", "ordered"),
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
    avatar_url: Mapped[str | None]
    single_org: Mapped[bool] = mapped_column(server_default=false())
    deleted_at: Mapped[datetime | None]


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
    """One human in this installation. `created_by` is the connection that made them, and may maintain their address. `username`
    is what they chose to be added by, `username_key` its folded form."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_username_key", "username_key", unique=True),)
    id: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str | None]
    created_by: Mapped[str | None]
    created_at: Mapped[datetime]
    username: Mapped[str | None]
    username_key: Mapped[str | None]
    super_admin: Mapped[bool] = mapped_column(server_default=false())


class Address(Row):
    """An e-mail address of a person. A verified one belongs to at most one person; others are display data only."""

    __tablename__ = "address"
    __table_args__ = (
        partial_index("uq_address_verified", "email_key", where="verified", sqlite_where="verified = 1", unique=True),
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
        partial_index("uq_domain_verified", "name", where="verified_at IS NOT NULL", unique=True),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    name: Mapped[str]
    record_value: Mapped[str]
    verified_at: Mapped[datetime | None]
    vouched: Mapped[bool]
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]


class Membership(Row):
    """A person's place in an organization, exactly one. `role` is the effective role, kept by `provisioning.apply`."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("organization_id", "person_id"),
        UniqueConstraint("organization_id", "id"),
        in_organization("role", "role"),
        one_of("joined_by", "founder", "invitation", "manual", "jit", "scim", "break_glass"),
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
    """A workspace of an organization that has members of its own. Of the default one everybody becomes a member on the way in."""

    __tablename__ = "project"
    __table_args__ = (
        UniqueConstraint("organization_id", "slug"),
        UniqueConstraint("organization_id", "id"),
        partial_index("uq_project_default", "organization_id", where="is_default", sqlite_where="is_default = 1", unique=True),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    is_default: Mapped[bool] = mapped_column(server_default=false())


class Invitation(Row):
    """An invitation by e-mail, pending in `invitation` mode only. `invited_by` is the person who did, NULL the operator.

    Somebody who belongs elsewhere, where only one organization is allowed, asks to move: `mover` is who, at `move_asked_at`.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        one_of("status", "pending", "accepted", "declined", "cancelled", "expired", "ended"),
        in_organization("role", "role"),
        needs_mode("pending_mode", "fk_invitation_pending_mode"),
        Index("ix_invitation_pending_mode", "organization_id", "pending_mode"),
        partial_index("uq_invitation_pending", "organization_id", "email_key", where="status = 'pending'", unique=True),
        Index("ix_invitation_email", "email_key"),
        Index("ix_invitation_token", "token_hash"),
        Index("ix_invitation_organization", "organization_id", "id"),
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
    invited_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    mover: Mapped[str | None]
    move_asked_at: Mapped[datetime | None]


class Assignment(Row):
    """The provenance ledger: (membership, target, level, source). Keys hold '' and never NULL; what the key says is tied by
    generated columns to real rows: the team, the project, the rule, and the mode a rule row needs."""

    __tablename__ = "assignment"
    __table_args__ = (
        in_organization("membership", "membership_id", ondelete="CASCADE"),
        in_organization("team", "team_id", ondelete="CASCADE"),
        in_organization("project", "project_id", ondelete="CASCADE"),
        # deferred, so that a rule can go before its rows do: what it gave is withdrawn in the same transaction
        ForeignKeyConstraint(
            ["organization_id", "rule_id"], ["rule.organization_id", "rule.id"], deferrable=True, initially="DEFERRED"
        ),
        needs_mode("rule_mode", "fk_assignment_rule_mode"),
        one_of("target_kind", "role", "team", "project"),
        CheckConstraint(
            "source IN ('manual', 'invitation', 'founder', 'break_glass', 'converted', 'system')"
            " OR substr(source, 1, 5) = 'rule:'",
            name="source",
        ),
        CheckConstraint("(target_kind = 'role') = (target_id = '')", name="target_id"),
        partial_index("ix_assignment_rule", "rule_id", where="rule_id IS NOT NULL"),
        partial_index("ix_assignment_team", "team_id", where="team_id IS NOT NULL"),
        partial_index("ix_assignment_project", "project_id", where="project_id IS NOT NULL"),
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
    rule_mode: Mapped[str | None] = mapped_column(
        Computed("CASE WHEN substr(source, 1, 5) = 'rule:' THEN 'sso' END", persisted=True)
    )


class Suspension(Row):
    """The ledger of why a person is out: one row per cause. `origin` says where an admin row came from."""

    __tablename__ = "suspension"
    __table_args__ = (
        in_organization("membership", "membership_id", ondelete="CASCADE"),
        one_of("cause", "admin", "block", "directory", "cannot_link"),
        Index("ix_suspension_connection", "connection_id", "created_at"),
        Index("ix_suspension_organization", "organization_id", "membership_id"),
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
    __table_args__ = (
        in_organization("membership", "membership_id", ondelete="CASCADE"),
        Index("ix_withheld_organization", "organization_id", "membership_id"),
    )
    membership_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
