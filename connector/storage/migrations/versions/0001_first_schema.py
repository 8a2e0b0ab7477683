"""The first schema: organizations and their people, connections and what they push, rules, ledgers, history.

The tables say why they look like this (`storage/tables.py`). Here they are as they were at this revision: this file does not
change when they do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connector.storage.migrations.columns import (
    big_number,
    document,
    flag,
    generated,
    index,
    moment,
    needs_mode,
    number,
    references,
    text,
)

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
        *text("id", "slug", "name", "membership_mode", "preset", "default_role", "role_strategy"),
        *flag("top_by_rules", "entry_gate"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_organization"),
        sa.UniqueConstraint("id", "membership_mode", name="uq_organization_id_membership_mode"),
        sa.UniqueConstraint("slug", name="uq_organization_slug"),
        sa.CheckConstraint("membership_mode IN ('invitation', 'sso')", name="ck_organization_membership_mode"),
        sa.CheckConstraint("role_strategy IN ('highest', 'ordered')", name="ck_organization_role_strategy"),
    )
    op.create_table(
        "role",
        *text("organization_id", "name"),
        *number("rank"),
        *flag("top", "can_own", "org_visible"),
        *document("permissions"),
        sa.PrimaryKeyConstraint("organization_id", "name", name="pk_role"),
        sa.UniqueConstraint("organization_id", "rank", name="uq_role_organization_id_rank"),
        references("role", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "team",
        *text("id", "organization_id", "slug", "name"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("organization_id", "id", name="uq_team_organization_id_id"),
        sa.UniqueConstraint("organization_id", "slug", name="uq_team_organization_id_slug"),
        references("team", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "project",
        *text("id", "organization_id", "slug", "name"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
        sa.UniqueConstraint("organization_id", "id", name="uq_project_organization_id_id"),
        sa.UniqueConstraint("organization_id", "slug", name="uq_project_organization_id_slug"),
        references("project", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "person",
        *text("id"),
        *text("display_name", "created_by", null=True),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "address",
        *text("id", "person_id", "email", "email_key"),
        *flag("verified", "is_primary"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        references("address", "person_id", "person", "id", cascade=True),
    )
    index("ix_address_person", "address", "person_id")
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
        *text("id", "organization_id", "name", "record_value"),
        *moment("verified_at", null=True),
        *flag("vouched"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_domain"),
        sa.UniqueConstraint("organization_id", "name", name="uq_domain_organization_id_name"),
        references("domain", "organization_id", "organization", "id", cascade=True),
    )
    index("uq_domain_verified", "domain", "name", unique=True, where="verified_at IS NOT NULL")
    op.create_table(
        "membership",
        *text("id", "organization_id", "person_id", "joined_by", "role"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("organization_id", "id", name="uq_membership_organization_id_id"),
        sa.UniqueConstraint("organization_id", "person_id", name="uq_membership_organization_id_person_id"),
        sa.CheckConstraint(
            "joined_by IN ('founder', 'invitation', 'manual', 'jit', 'scim', 'break_glass')", name="ck_membership_joined_by"
        ),
        references("membership", "organization_id", "organization", "id", cascade=True),
        references("membership", "organization_id, role", "role", "organization_id, name"),
        references("membership", "person_id", "person", "id"),
    )
    index("ix_membership_person", "membership", "person_id")
    index("ix_membership_role", "membership", "organization_id", "role")
    op.create_table(
        "invitation",
        *text("id", "organization_id", "email", "email_key", "role", "status", "token_hash"),
        *moment("expires_at", "created_at"),
        generated("pending_mode", "CASE WHEN status = 'pending' THEN 'invitation' END"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'declined', 'cancelled', 'expired', 'ended')", name="ck_invitation_status"
        ),
        references("invitation", "organization_id", "organization", "id", cascade=True),
        references("invitation", "organization_id, role", "role", "organization_id, name"),
        needs_mode("invitation", "pending_mode"),
    )
    index("ix_invitation_pending_mode", "invitation", "organization_id", "pending_mode")
    index("uq_invitation_pending", "invitation", "organization_id", "email_key", unique=True, where="status = 'pending'")


def _directories() -> None:
    """A connection, who may speak for it, what it pushed, and what its groups give."""
    op.create_table(
        "connection",
        *text("id", "organization_id", "name", "idp", "state", "directory", "jit"),
        *moment("last_heard_at", null=True),
        *moment("created_at"),
        generated("active_mode", "CASE WHEN state = 'active' THEN 'sso' END"),
        generated("directory_mode", "CASE WHEN directory IN ('live', 'paused') THEN 'sso' END"),
        sa.PrimaryKeyConstraint("id", name="pk_connection"),
        sa.UniqueConstraint("organization_id", "id", name="uq_connection_organization_id_id"),
        sa.CheckConstraint("directory IN ('off', 'staging', 'live', 'paused')", name="ck_connection_directory"),
        sa.CheckConstraint("jit IN ('auto', 'on', 'off')", name="ck_connection_jit"),
        sa.CheckConstraint("directory NOT IN ('live', 'paused') OR state = 'active'", name="ck_connection_live_needs_active"),
        sa.CheckConstraint("state IN ('draft', 'active', 'disabled')", name="ck_connection_state"),
        references("connection", "organization_id", "organization", "id", cascade=True),
        needs_mode("connection", "active_mode"),
        needs_mode("connection", "directory_mode"),
    )
    index("ix_connection_active_mode", "connection", "organization_id", "active_mode")
    index("ix_connection_directory_mode", "connection", "organization_id", "directory_mode")
    index("uq_connection_live_directory", "connection", "organization_id", unique=True, where="directory IN ('live', 'paused')")
    op.create_table(
        "scim_client",
        *text("id", "organization_id", "connection_id", "secret_hash"),
        *moment("created_at"),
        *moment("revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_scim_client"),
        sa.UniqueConstraint("connection_id", "id", name="uq_scim_client_connection_id_id"),
        references("scim_client", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "scim_token",
        *text("id", "organization_id", "connection_id"),
        *text("client_id", null=True),
        *text("token_hash", "hint"),
        *moment("created_at", "expires_at"),
        *moment("revoked_at", "last_used_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_scim_token"),
        sa.UniqueConstraint("token_hash", name="uq_scim_token_token_hash"),
        references("scim_token", "connection_id, client_id", "scim_client", "connection_id, id", cascade=True),
        references("scim_token", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_scim_token_connection", "scim_token", "connection_id")
    index("ix_scim_token_expires", "scim_token", "expires_at")
    op.create_table(
        "directory_user",
        *text("id", "organization_id", "connection_id"),
        *text("person_id", null=True),
        *text("user_name", "user_name_key"),
        *text("external_id", "display_name", "email", "email_key", null=True),
        *flag("active", "overridden"),
        *text("document"),
        *document("search"),
        *number("version"),
        *moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_user"),
        sa.UniqueConstraint("connection_id", "id", name="uq_directory_user_connection_id_id"),
        sa.UniqueConstraint("connection_id", "user_name_key", name="uq_directory_user_user_name"),
        references("directory_user", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        references("directory_user", "person_id", "person", "id"),
    )
    index("ix_directory_user_person_id", "directory_user", "person_id")
    index(
        "uq_directory_user_external_id",
        "directory_user",
        "connection_id",
        "external_id",
        unique=True,
        where="external_id IS NOT NULL",
    )
    index("uq_directory_user_person", "directory_user", "connection_id", "person_id", unique=True, where="person_id IS NOT NULL")
    op.create_table(
        "directory_group",
        *text("id", "organization_id", "connection_id", "display_name", "display_name_key"),
        *text("external_id", null=True),
        *text("document"),
        *document("search"),
        *number("version"),
        *moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_directory_group"),
        sa.UniqueConstraint("connection_id", "id", name="uq_directory_group_connection_id_id"),
        sa.UniqueConstraint("connection_id", "display_name_key", name="uq_directory_group_display_name"),
        references("directory_group", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index(
        "uq_directory_group_external_id",
        "directory_group",
        "connection_id",
        "external_id",
        unique=True,
        where="external_id IS NOT NULL",
    )
    op.create_table(
        "directory_total",
        *text("connection_id", "kind"),
        *number("slot"),
        *text("organization_id"),
        *number("total"),
        sa.PrimaryKeyConstraint("connection_id", "kind", "slot", name="pk_directory_total"),
        sa.CheckConstraint("kind IN ('User', 'Group')", name="ck_directory_total_kind"),
        references("directory_total", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "directory_member",
        *text("group_id", "user_id", "connection_id"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_directory_member"),
        references("directory_member", "connection_id, group_id", "directory_group", "connection_id, id", cascade=True),
        references("directory_member", "connection_id, user_id", "directory_user", "connection_id, id", cascade=True),
    )
    index("ix_directory_member_user", "directory_member", "user_id", "group_id")
    op.create_table(
        "tombstone",
        *text("id", "organization_id", "connection_id", "kind"),
        *text("user_name_key", "external_id", "person_id", null=True),
        *document("left", null=True),
        *moment("deleted_at"),
        *moment("restored_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_tombstone"),
        sa.CheckConstraint("kind IN ('user', 'group')", name="ck_tombstone_kind"),
        references("tombstone", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        references("tombstone", "person_id", "person", "id"),
    )
    index("ix_tombstone_deleted", "tombstone", "connection_id", "deleted_at")
    index("ix_tombstone_external_id", "tombstone", "connection_id", "external_id")
    index("ix_tombstone_person", "tombstone", "person_id")
    index("ix_tombstone_user_name", "tombstone", "connection_id", "user_name_key")
    op.create_table(
        "rule",
        *text("id", "organization_id", "connection_id"),
        *number("position"),
        *text("match_kind", "match_value", "match_attribute", "match_label", "target_kind"),
        *text("team_id", "project_id", null=True),
        *text("slug", "level"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_rule"),
        sa.UniqueConstraint("organization_id", "id", name="uq_rule_organization_id_id"),
        sa.CheckConstraint(
            "match_kind IN ('group', 'external_id', 'name', 'pattern', 'attribute', 'everyone')", name="ck_rule_match_kind"
        ),
        sa.CheckConstraint("target_kind IN ('role', 'team', 'project')", name="ck_rule_target_kind"),
        references("rule", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        references("rule", "organization_id, project_id", "project", "organization_id, id"),
        references("rule", "organization_id, team_id", "team", "organization_id, id"),
    )
    index("ix_rule_connection", "rule", "connection_id", "position")


def _ledgers() -> None:
    """Why somebody has what they have, and why somebody is out."""
    op.create_table(
        "assignment",
        *text("membership_id", "target_kind", "target_id", "source", "organization_id", "level"),
        *moment("created_at"),
        generated("team_id", "CASE WHEN target_kind = 'team' THEN target_id END"),
        generated("project_id", "CASE WHEN target_kind = 'project' THEN target_id END"),
        generated("rule_id", "CASE WHEN substr(source, 1, 5) = 'rule:' THEN substr(source, 6) END"),
        generated("rule_mode", "CASE WHEN substr(source, 1, 5) = 'rule:' THEN 'sso' END"),
        sa.PrimaryKeyConstraint("membership_id", "target_kind", "target_id", "source", name="pk_assignment"),
        sa.CheckConstraint(
            "source IN ('manual', 'invitation', 'founder', 'break_glass', 'converted', 'system') "
            "OR substr(source, 1, 5) = 'rule:'",
            name="ck_assignment_source",
        ),
        sa.CheckConstraint("(target_kind = 'role') = (target_id = '')", name="ck_assignment_target_id"),
        sa.CheckConstraint("target_kind IN ('role', 'team', 'project')", name="ck_assignment_target_kind"),
        references("assignment", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
        references("assignment", "organization_id, project_id", "project", "organization_id, id", cascade=True),
        references("assignment", "organization_id, team_id", "team", "organization_id, id", cascade=True),
        references("assignment", "organization_id, rule_id", "rule", "organization_id, id", deferred=True),
        needs_mode("assignment", "rule_mode"),
    )
    index("ix_assignment_project", "assignment", "project_id", where="project_id IS NOT NULL")
    index("ix_assignment_rule", "assignment", "rule_id", where="rule_id IS NOT NULL")
    index("ix_assignment_rule_mode", "assignment", "organization_id", "rule_mode")
    index("ix_assignment_team", "assignment", "team_id", where="team_id IS NOT NULL")
    op.create_table(
        "suspension",
        *text("membership_id", "cause", "organization_id"),
        *text("connection_id", null=True),
        *text("origin"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("membership_id", "cause", name="pk_suspension"),
        sa.CheckConstraint("cause IN ('admin', 'block', 'directory', 'cannot_link')", name="ck_suspension_cause"),
        references("suspension", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
    )
    index("ix_suspension_connection", "suspension", "connection_id", "created_at")
    op.create_table(
        "withheld",
        *text("membership_id", "organization_id", "reason"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("membership_id", name="pk_withheld"),
        references("withheld", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
    )


def _history() -> None:
    """What happened, what is to be told, what was looked at, and who does the periodic work."""
    op.create_table(
        "audit_entry",
        *text("id", "organization_id"),
        *moment("at"),
        *text("actor", "action", "target"),
        *document("before", "after", null=True),
        *document("because"),
        *text("address", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        references("audit_entry", "organization_id", "organization", "id", cascade=True),
    )
    index("ix_audit_entry_at", "audit_entry", "organization_id", "at")
    index("ix_audit_entry_organization", "audit_entry", "organization_id", "id")
    op.create_table(
        "outbox_event",
        *text("id", "organization_id", "kind"),
        *document("payload"),
        *text("once", null=True),
        *big_number("sequence", null=True),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_event"),
        references("outbox_event", "organization_id", "organization", "id", cascade=True),
    )
    index("ix_outbox_event_unsequenced", "outbox_event", "id", where="sequence IS NULL")
    index("uq_outbox_event_sequence", "outbox_event", "organization_id", "sequence", unique=True, where="sequence IS NOT NULL")
    index("uq_outbox_event_once", "outbox_event", "organization_id", "once", unique=True, where="once IS NOT NULL")
    op.create_table(
        "provisioning_log",
        *text("id", "organization_id", "connection_id"),
        *moment("at"),
        *text("client", "meaning"),
        *document("changes"),
        *number("status"),
        *text("arrived", "expected", "advice"),
        sa.PrimaryKeyConstraint("id", name="pk_provisioning_log"),
        references("provisioning_log", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_provisioning_log_at", "provisioning_log", "at")
    index("ix_provisioning_log_connection", "provisioning_log", "connection_id", "id")
    op.create_table(
        "stored_plan",
        *text("organization_id", "digest", "kind"),
        *document("input", "changes"),
        *moment("created_at", "expires_at"),
        sa.PrimaryKeyConstraint("organization_id", "digest", name="pk_stored_plan"),
        references("stored_plan", "organization_id", "organization", "id", cascade=True),
    )
    index("ix_stored_plan_expires", "stored_plan", "expires_at")
    op.create_table(
        "lease",
        *text("name", "holder"),
        *moment("until"),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
