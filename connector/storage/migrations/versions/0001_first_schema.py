"""The first schema: organizations and their people, connections and what they push, rules, ledgers, history.

The tables say why they look like this (`storage/tables.py`). Here they are as they were at this revision: this file does not
change when they do.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


# Parents first.
TABLES = (
    *("organization", "role", "team", "project", "person", "address", "domain", "membership", "invitation"),
    *("connection", "scim_client", "scim_token", "directory_user", "directory_group", "directory_total", "directory_member"),
    *("tombstone", "rule"),
    *("assignment", "suspension", "withheld"),
    *("audit_entry", "outbox_event", "provisioning_log", "stored_plan", "lease"),
)


def upgrade() -> None:
    """Make every table, parents first."""
    _organizations()
    _directories()
    _ledgers()
    _history()


def downgrade() -> None:
    """Drop every table, children first."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _organizations() -> None:
    """An organization, its roles, teams and projects, its people and how they were invited."""
    op.create_table(
        "organization",
        *_text("id", "slug", "name", "membership_mode", "preset", "default_role", "role_strategy"),
        *_flag("top_by_rules", "entry_gate"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_organization"),
        sa.UniqueConstraint("id", "membership_mode", name="uq_organization_id_membership_mode"),
        sa.UniqueConstraint("slug", name="uq_organization_slug"),
        sa.CheckConstraint("membership_mode IN ('invitation', 'sso')", name="ck_organization_membership_mode"),
        sa.CheckConstraint("role_strategy IN ('highest', 'ordered')", name="ck_organization_role_strategy"),
    )
    op.create_table(
        "role",
        *_text("organization_id", "name"),
        *_number("rank"),
        *_flag("top", "can_own", "org_visible"),
        *_document("permissions"),
        sa.PrimaryKeyConstraint("organization_id", "name", name="pk_role"),
        sa.UniqueConstraint("organization_id", "rank", name="uq_role_organization_id_rank"),
        _references("role", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "team",
        *_text("id", "organization_id", "slug", "name"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("organization_id", "id", name="uq_team_organization_id_id"),
        sa.UniqueConstraint("organization_id", "slug", name="uq_team_organization_id_slug"),
        _references("team", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "project",
        *_text("id", "organization_id", "slug", "name"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
        sa.UniqueConstraint("organization_id", "id", name="uq_project_organization_id_id"),
        sa.UniqueConstraint("organization_id", "slug", name="uq_project_organization_id_slug"),
        _references("project", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "person",
        *_text("id"),
        *_text("display_name", "created_by", null=True),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "address",
        *_text("id", "person_id", "email", "email_key"),
        *_flag("verified", "is_primary"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        _references("address", "person_id", "person", "id", cascade=True),
    )
    _index("ix_address_person", "address", "person_id")
    op.create_index(
        "uq_address_verified",
        "address",
        ["email_key"],
        unique=True,
        postgresql_where=sa.text("verified"),
        sqlite_where=sa.text("verified = 1"),  # as it is asked there
    )
    op.create_table(
        "domain",
        *_text("id", "organization_id", "name", "record_value"),
        *_moment("verified_at", null=True),
        *_flag("vouched"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        sa.UniqueConstraint("organization_id", "name", name="uq_domain_organization_id_name"),
        _references("domain", "organization_id", "organization", "id", cascade=True),
    )
    _index("uq_domain_verified", "domain", "name", unique=True, where="verified_at IS NOT NULL")
    op.create_table(
        "membership",
        *_text("id", "organization_id", "person_id", "joined_by", "role"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("organization_id", "id", name="uq_membership_organization_id_id"),
        sa.UniqueConstraint("organization_id", "person_id", name="uq_membership_organization_id_person_id"),
        sa.CheckConstraint(
            "joined_by IN ('founder', 'invitation', 'manual', 'jit', 'scim', 'break_glass')", name="ck_membership_joined_by"
        ),
        _references("membership", "organization_id", "organization", "id", cascade=True),
        _references("membership", "organization_id, role", "role", "organization_id, name"),
        _references("membership", "person_id", "person", "id"),
    )
    _index("ix_membership_person", "membership", "person_id")
    _index("ix_membership_role", "membership", "organization_id", "role")
    op.create_table(
        "invitation",
        *_text("id", "organization_id", "email", "email_key", "role", "status", "token_hash"),
        *_moment("expires_at", "created_at"),
        _generated("pending_mode", "CASE WHEN status = 'pending' THEN 'invitation' END"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired', 'ended')", name="ck_invitation_status"
        ),
        _references("invitation", "organization_id", "organization", "id", cascade=True),
        _references("invitation", "organization_id, role", "role", "organization_id, name"),
        _needs_mode("invitation", "pending_mode"),
    )
    _index("ix_invitation_pending_mode", "invitation", "organization_id", "pending_mode")
    _index("uq_invitation_pending", "invitation", "organization_id", "email_key", unique=True, where="status = 'pending'")


def _directories() -> None:
    """A connection, who may speak for it, what it pushed, and what its groups give."""
    op.create_table(
        "connection",
        *_text("id", "organization_id", "name", "idp", "state", "directory", "jit"),
        *_moment("last_heard_at", null=True),
        *_moment("created_at"),
        _generated("active_mode", "CASE WHEN state = 'active' THEN 'sso' END"),
        _generated("directory_mode", "CASE WHEN directory IN ('live', 'paused') THEN 'sso' END"),
        sa.PrimaryKeyConstraint("id", name="pk_connection"),
        sa.UniqueConstraint("organization_id", "id", name="uq_connection_organization_id_id"),
        sa.CheckConstraint("directory IN ('off', 'staging', 'live', 'paused')", name="ck_connection_directory"),
        sa.CheckConstraint("jit IN ('auto', 'on', 'off')", name="ck_connection_jit"),
        sa.CheckConstraint("directory NOT IN ('live', 'paused') OR state = 'active'", name="ck_connection_live_needs_active"),
        sa.CheckConstraint("state IN ('draft', 'active', 'disabled')", name="ck_connection_state"),
        _references("connection", "organization_id", "organization", "id", cascade=True),
        _needs_mode("connection", "active_mode"),
        _needs_mode("connection", "directory_mode"),
    )
    _index("ix_connection_active_mode", "connection", "organization_id", "active_mode")
    _index("ix_connection_directory_mode", "connection", "organization_id", "directory_mode")
    _index("uq_connection_live_directory", "connection", "organization_id", unique=True, where="directory IN ('live', 'paused')")
    op.create_table(
        "scim_client",
        *_text("id", "organization_id", "connection_id", "secret_hash"),
        *_moment("created_at"),
        *_moment("revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_scim_client"),
        sa.UniqueConstraint("connection_id", "id", name="uq_scim_client_connection_id_id"),
        _references("scim_client", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "scim_token",
        *_text("id", "organization_id", "connection_id"),
        *_text("client_id", null=True),
        *_text("token_hash", "hint"),
        *_moment("created_at", "expires_at"),
        *_moment("revoked_at", "last_used_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_scim_token"),
        sa.UniqueConstraint("token_hash", name="uq_scim_token_token_hash"),
        _references("scim_token", "connection_id, client_id", "scim_client", "connection_id, id", cascade=True),
        _references("scim_token", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    _index("ix_scim_token_connection", "scim_token", "connection_id")
    _index("ix_scim_token_expires", "scim_token", "expires_at")
    op.create_table(
        "directory_user",
        *_text("id", "organization_id", "connection_id"),
        *_text("person_id", null=True),
        *_text("user_name", "user_name_key"),
        *_text("external_id", "display_name", "email", "email_key", null=True),
        *_flag("active", "overridden"),
        *_text("document"),
        *_document("search"),
        *_number("version"),
        *_moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_user"),
        sa.UniqueConstraint("connection_id", "id", name="uq_directory_user_connection_id_id"),
        sa.UniqueConstraint("connection_id", "user_name_key", name="uq_directory_user_user_name"),
        _references("directory_user", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        _references("directory_user", "person_id", "person", "id"),
    )
    _index("ix_directory_user_person_id", "directory_user", "person_id")
    _index(
        "uq_directory_user_external_id",
        "directory_user",
        "connection_id",
        "external_id",
        unique=True,
        where="external_id IS NOT NULL",
    )
    _index("uq_directory_user_person", "directory_user", "connection_id", "person_id", unique=True, where="person_id IS NOT NULL")
    op.create_table(
        "directory_group",
        *_text("id", "organization_id", "connection_id", "display_name", "display_name_key"),
        *_text("external_id", null=True),
        *_text("document"),
        *_document("search"),
        *_number("version"),
        *_moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_group"),
        sa.UniqueConstraint("connection_id", "id", name="uq_directory_group_connection_id_id"),
        sa.UniqueConstraint("connection_id", "display_name_key", name="uq_directory_group_display_name"),
        _references("directory_group", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    _index(
        "uq_directory_group_external_id",
        "directory_group",
        "connection_id",
        "external_id",
        unique=True,
        where="external_id IS NOT NULL",
    )
    op.create_table(
        "directory_total",
        *_text("connection_id", "kind"),
        *_number("slot"),
        *_text("organization_id"),
        *_number("total"),
        sa.PrimaryKeyConstraint("connection_id", "kind", "slot", name="pk_directory_total"),
        sa.CheckConstraint("kind IN ('User', 'Group')", name="ck_directory_total_kind"),
        _references("directory_total", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "directory_member",
        *_text("group_id", "user_id", "connection_id"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_directory_member"),
        _references("directory_member", "connection_id, group_id", "directory_group", "connection_id, id", cascade=True),
        _references("directory_member", "connection_id, user_id", "directory_user", "connection_id, id", cascade=True),
    )
    _index("ix_directory_member_user", "directory_member", "user_id", "group_id")
    op.create_table(
        "tombstone",
        *_text("id", "organization_id", "connection_id", "kind"),
        *_text("user_name_key", "external_id", "person_id", null=True),
        *_document("left", null=True),
        *_moment("deleted_at"),
        *_moment("restored_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_tombstone"),
        sa.CheckConstraint("kind IN ('user', 'group')", name="ck_tombstone_kind"),
        _references("tombstone", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        _references("tombstone", "person_id", "person", "id"),
    )
    _index("ix_tombstone_deleted", "tombstone", "connection_id", "deleted_at")
    _index("ix_tombstone_external_id", "tombstone", "connection_id", "external_id")
    _index("ix_tombstone_person", "tombstone", "person_id")
    _index("ix_tombstone_user_name", "tombstone", "connection_id", "user_name_key")
    op.create_table(
        "rule",
        *_text("id", "organization_id", "connection_id"),
        *_number("position"),
        *_text("match_kind", "match_value", "match_attribute", "match_label", "target_kind"),
        *_text("team_id", "project_id", null=True),
        *_text("slug", "level"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
        sa.UniqueConstraint("organization_id", "id", name="uq_rule_organization_id_id"),
        sa.CheckConstraint(
            "match_kind IN ('group', 'external_id', 'name', 'pattern', 'attribute', 'everyone')", name="ck_rule_match_kind"
        ),
        sa.CheckConstraint("target_kind IN ('role', 'team', 'project')", name="ck_rule_target_kind"),
        _references("rule", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        _references("rule", "organization_id, project_id", "project", "organization_id, id"),
        _references("rule", "organization_id, team_id", "team", "organization_id, id"),
    )
    _index("ix_rule_connection", "rule", "connection_id", "position")


def _ledgers() -> None:
    """Why somebody has what they have, and why somebody is out."""
    op.create_table(
        "assignment",
        *_text("membership_id", "target_kind", "target_id", "source", "organization_id", "level"),
        *_moment("created_at"),
        _generated("team_id", "CASE WHEN target_kind = 'team' THEN target_id END"),
        _generated("project_id", "CASE WHEN target_kind = 'project' THEN target_id END"),
        _generated("rule_id", "CASE WHEN substr(source, 1, 5) = 'rule:' THEN substr(source, 6) END"),
        _generated("rule_mode", "CASE WHEN substr(source, 1, 5) = 'rule:' THEN 'sso' END"),
        sa.PrimaryKeyConstraint("membership_id", "target_kind", "target_id", "source", name="pk_assignment"),
        sa.CheckConstraint(
            "source IN ('manual', 'invitation', 'founder', 'break_glass', 'converted', 'system') "
            "OR substr(source, 1, 5) = 'rule:'",
            name="ck_assignment_source",
        ),
        sa.CheckConstraint("(target_kind = 'role') = (target_id = '')", name="ck_assignment_target_id"),
        sa.CheckConstraint("target_kind IN ('role', 'team', 'project')", name="ck_assignment_target_kind"),
        _references("assignment", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
        _references("assignment", "organization_id, project_id", "project", "organization_id, id", cascade=True),
        _references("assignment", "organization_id, team_id", "team", "organization_id, id", cascade=True),
        _references("assignment", "organization_id, rule_id", "rule", "organization_id, id", deferred=True),
        _needs_mode("assignment", "rule_mode"),
    )
    _index("ix_assignment_project", "assignment", "project_id", where="project_id IS NOT NULL")
    _index("ix_assignment_rule", "assignment", "rule_id", where="rule_id IS NOT NULL")
    _index("ix_assignment_rule_mode", "assignment", "organization_id", "rule_mode")
    _index("ix_assignment_team", "assignment", "team_id", where="team_id IS NOT NULL")
    op.create_table(
        "suspension",
        *_text("membership_id", "cause", "organization_id"),
        *_text("connection_id", null=True),
        *_text("origin"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("membership_id", "cause", name="pk_suspension"),
        sa.CheckConstraint("cause IN ('admin', 'block', 'directory', 'cannot_link')", name="ck_suspension_cause"),
        _references("suspension", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
    )
    _index("ix_suspension_connection", "suspension", "connection_id", "created_at")
    op.create_table(
        "withheld",
        *_text("membership_id", "organization_id", "reason"),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("membership_id", name="pk_withheld"),
        _references("withheld", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
    )


def _history() -> None:
    """What happened, what is to be told, what was looked at, and who does the periodic work."""
    op.create_table(
        "audit_entry",
        *_text("id", "organization_id"),
        *_moment("at"),
        *_text("actor", "action", "target"),
        *_document("before", "after", null=True),
        *_document("because"),
        *_text("address", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        _references("audit_entry", "organization_id", "organization", "id", cascade=True),
    )
    _index("ix_audit_entry_at", "audit_entry", "organization_id", "at")
    _index("ix_audit_entry_organization", "audit_entry", "organization_id", "id")
    op.create_table(
        "outbox_event",
        *_text("id", "organization_id", "kind"),
        *_document("payload"),
        *_text("once", null=True),
        *_big_number("sequence", null=True),
        *_moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_event"),
        _references("outbox_event", "organization_id", "organization", "id", cascade=True),
    )
    _index("ix_outbox_event_unsequenced", "outbox_event", "id", where="sequence IS NULL")
    _index("uq_outbox_event_sequence", "outbox_event", "organization_id", "sequence", unique=True, where="sequence IS NOT NULL")
    _index("uq_outbox_event_once", "outbox_event", "organization_id", "once", unique=True, where="once IS NOT NULL")
    op.create_table(
        "provisioning_log",
        *_text("id", "organization_id", "connection_id"),
        *_moment("at"),
        *_text("client", "meaning"),
        *_document("changes"),
        *_number("status"),
        *_text("arrived", "expected", "advice"),
        sa.PrimaryKeyConstraint("id", name="pk_provisioning_log"),
        _references("provisioning_log", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    _index("ix_provisioning_log_at", "provisioning_log", "at")
    _index("ix_provisioning_log_connection", "provisioning_log", "connection_id", "id")
    op.create_table(
        "stored_plan",
        *_text("organization_id", "digest", "kind"),
        *_document("input", "changes"),
        *_moment("created_at", "expires_at"),
        sa.PrimaryKeyConstraint("organization_id", "digest", name="pk_stored_plan"),
        _references("stored_plan", "organization_id", "organization", "id", cascade=True),
    )
    _index("ix_stored_plan_expires", "stored_plan", "expires_at")
    op.create_table(
        "lease",
        *_text("name", "holder"),
        *_moment("until"),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )


def _text(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=null) for name in names]


def _moment(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=null) for name in names]


def _flag(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=null) for name in names]


def _number(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=null) for name in names]


def _big_number(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=null) for name in names]


def _document(*names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.JSON().with_variant(JSONB(), "postgresql"), nullable=null) for name in names]


def _generated(name: str, expression: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), sa.Computed(expression, persisted=True), nullable=True)


def _index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    predicate = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=predicate, postgresql_where=predicate)


def _references(
    table: str, columns: str, target: str, keys: str, *, cascade: bool = False, deferred: bool = False
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        columns.split(", "),
        [f"{target}.{key}" for key in keys.split(", ")],
        name=f"fk_{table}_{columns.replace(', ', '_')}",
        ondelete="CASCADE" if cascade else None,
        deferrable=True if deferred else None,
        initially="DEFERRED" if deferred else None,
    )


def _needs_mode(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        ["organization.id", "organization.membership_mode"],
        name=f"fk_{table}_{column}",
        deferrable=True,
        initially="DEFERRED",
    )
