"""Organizations: projects that everybody is in, resources and grants, settings, entitlements, keys of projects, kept answers."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from alembic import op

from connector.storage.migrations.columns import document, flag, index, moment, number, references, text
from connector.storage.migrations.rebuild import rebuild_table

revision = "0003"
down_revision = "0002"

TABLES = (
    "organization_setting",
    "entitlement",
    "installation_policy",
    "kept_answer",
    "resource_kind",
    "resource",
    "resource_grant",
)

_OLD_KEY = ("id", "person_id", "organization_id", "token_hash", "hint", "scopes", "created_at", "last_used_at", "revoked_at")
_KINDS = {"agent": True, "knowledge_base": False, "skill": False, "conversation": True, "cluster": True}
"""What every organization knows from the start, and whether grants count for it."""

_HOSTING = ("vps", "domain", "hosting")
"""What organizations of the preset onet know besides."""


def upgrade() -> None:
    """Make the tables, then the columns; organizations that are there get the kinds of resources that new ones have."""
    _policies()
    _columns()
    _keys()
    _links()
    _resources()
    _audit()
    for name, enforced in _KINDS.items():
        visibility = "private" if name == "conversation" else "organization"
        op.execute(
            "INSERT INTO resource_kind (organization_id, name, enforced, visibility, in_project) "  # noqa: S608 (our own words)
            f"SELECT id, '{name}', {str(enforced).lower()}, '{visibility}', false FROM organization"
        )
    for name in _HOSTING:
        op.execute(
            "INSERT INTO resource_kind (organization_id, name, enforced, visibility, in_project) "  # noqa: S608
            f"SELECT id, '{name}', true, 'organization', true FROM organization WHERE preset = 'onet'"
        )
    _let_create()


def _let_create() -> None:
    """Roles that are there may make resources where they may in a new organization: the top one, and those of presets."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    on_sqlite = "json_insert(permissions, '$[#]', 'resources.create')"
    more = on_sqlite if sqlite else """permissions || '["resources.create"]'::jsonb"""
    of_preset = "SELECT id FROM organization WHERE preset"
    op.execute(
        f"UPDATE role SET permissions = {more} "  # noqa: S608
        "WHERE CAST(permissions AS TEXT) NOT LIKE '%resources.create%' AND (top"
        f" OR (name IN ('admin', 'member') AND organization_id IN ({of_preset} IN ('openhands', 'oagents')))"
        f" OR (name = 'editor' AND organization_id IN ({of_preset} = 'onet')))"
    )


def downgrade() -> None:
    """Drop them, children first. Keys of projects are lost: nothing would say any more that they open no more than a project."""
    op.drop_index("ix_audit_entry_at", "audit_entry")
    index("ix_audit_entry_organization", "audit_entry", "organization_id", "id")
    index("ix_audit_entry_at", "audit_entry", "organization_id", "at")
    for name in reversed(TABLES):
        op.drop_table(name)
    op.execute("DELETE FROM key WHERE project_id IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        rebuild_table("key", partial(_create_key, new=False), {name: name for name in _OLD_KEY})
        _index_key()
    else:
        op.drop_constraint("fk_key_organization_id_project_id", "key")
        op.drop_constraint("ck_key_project", "key")
        op.drop_column("key", "name")
        op.drop_column("key", "project_id")
    _unlink()
    for name in ("ix_invitation_email", "ix_invitation_token", "ix_invitation_organization"):
        op.drop_index(name, "invitation")
    op.drop_index("uq_person_username_key", "person")
    op.drop_index("uq_project_default", "project")
    for table, columns in _ADDED.items():
        for column in reversed(columns):
            op.drop_column(table, column)


_ADDED = {
    "organization": ("avatar_url", "single_org", "deleted_at"),
    "person": ("username", "username_key", "super_admin"),
    "project": ("is_default",),
    "invitation": ("invited_by", "answered_at", "mover", "move_asked_at"),
    "session": ("workspace",),
}
_FLAGS = ("single_org", "super_admin", "is_default")


def _columns() -> None:
    for table, columns in _ADDED.items():
        for name in columns:
            if name in _FLAGS:
                op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
            else:
                made = moment if name.endswith("_at") else text
                op.add_column(table, *made(name, null=True))
    index("uq_person_username_key", "person", "username_key", unique=True)
    op.create_index(
        "uq_project_default",
        "project",
        ["organization_id"],
        unique=True,
        sqlite_where=sa.text("is_default = 1"),
        postgresql_where=sa.text("is_default"),
    )
    index("ix_invitation_email", "invitation", "email_key")
    index("ix_invitation_token", "invitation", "token_hash")
    index("ix_invitation_organization", "invitation", "organization_id", "id")


def _keys() -> None:
    """A key may be a project's, and has a name."""
    if op.get_bind().dialect.name == "sqlite":
        kept = {name: name for name in _OLD_KEY}
        rebuild_table("key", partial(_create_key, new=True), {**kept, "project_id": "NULL", "name": "''"})
        _index_key()
        return
    op.add_column("key", *text("project_id", null=True))
    op.add_column("key", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.alter_column("key", "name", server_default=None)
    op.create_check_constraint("ck_key_project", "key", "project_id IS NULL OR organization_id IS NOT NULL")
    op.create_foreign_key(
        "fk_key_organization_id_project_id",
        "key",
        "project",
        ["organization_id", "project_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )


def _create_key(name: str, *, new: bool) -> None:
    more = [*text("project_id", null=True), *text("name")] if new else []
    checks = (
        [
            sa.CheckConstraint("project_id IS NULL OR organization_id IS NOT NULL", name="ck_key_project"),
            references("key", "organization_id, project_id", "project", "organization_id, id", cascade=True),
        ]
        if new
        else []
    )
    op.create_table(
        name,
        *text("id", "person_id"),
        *text("organization_id", null=True),
        *text("token_hash", "hint"),
        *document("scopes"),
        *moment("created_at"),
        *moment("last_used_at", "revoked_at", null=True),
        *more,
        sa.PrimaryKeyConstraint("id", name="pk_key"),
        sa.UniqueConstraint("token_hash", name="uq_key_token_hash"),
        references("key", "person_id", "person", "id", cascade=True),
        references("key", "organization_id", "organization", "id", cascade=True),
        *checks,
    )


def _index_key() -> None:
    index("ix_key_organization", "key", "organization_id")
    index("ix_key_person", "key", "person_id")


_OLD_LINK = (
    *("id", "purpose", "organization_id", "email", "email_key", "token_hash", "code_hash", "browser_hash", "tries", "next_path"),
    *("created_at", "expires_at", "used_at"),
)
_PURPOSES = "'sign_in', 'operator', 'restore'"


def _links() -> None:
    """A link may verify the address of a person."""
    if op.get_bind().dialect.name == "sqlite":
        rebuild_table("email_link", partial(_create_link, new=True), {**{name: name for name in _OLD_LINK}, "person_id": "NULL"})
        _index_link()
        return
    op.add_column("email_link", *text("person_id", null=True))
    op.drop_constraint("ck_email_link_purpose", "email_link")
    op.create_check_constraint("ck_email_link_purpose", "email_link", f"purpose IN ({_PURPOSES}, 'verify')")
    op.create_check_constraint("ck_email_link_person", "email_link", "(purpose = 'verify') = (person_id IS NOT NULL)")
    op.create_foreign_key("fk_email_link_person_id", "email_link", "person", ["person_id"], ["id"], ondelete="CASCADE")


def _unlink() -> None:
    """Links that verify are lost: nothing would say any more whose address they are about."""
    op.execute("DELETE FROM email_link WHERE purpose = 'verify'")
    if op.get_bind().dialect.name == "sqlite":
        rebuild_table("email_link", partial(_create_link, new=False), {name: name for name in _OLD_LINK})
        _index_link()
        return
    op.drop_constraint("fk_email_link_person_id", "email_link")
    op.drop_constraint("ck_email_link_person", "email_link")
    op.drop_constraint("ck_email_link_purpose", "email_link")
    op.create_check_constraint("ck_email_link_purpose", "email_link", f"purpose IN ({_PURPOSES})")
    op.drop_column("email_link", "person_id")


def _create_link(name: str, *, new: bool) -> None:
    purposes = f"{_PURPOSES}, 'verify'" if new else _PURPOSES
    person = sa.CheckConstraint("(purpose = 'verify') = (person_id IS NOT NULL)", name="ck_email_link_person")
    op.create_table(
        name,
        *text("id", "purpose"),
        *text("organization_id", null=True),
        *text("email", "email_key", "token_hash"),
        *text("code_hash", "browser_hash", null=True),
        *number("tries"),
        *text("next_path"),
        *moment("created_at", "expires_at"),
        *moment("used_at", null=True),
        *(text("person_id", null=True) if new else ()),
        sa.PrimaryKeyConstraint("id", name="pk_email_link"),
        sa.CheckConstraint("(purpose = 'restore') = (organization_id IS NOT NULL)", name="ck_email_link_organization"),
        sa.CheckConstraint(f"purpose IN ({purposes})", name="ck_email_link_purpose"),
        references("email_link", "organization_id", "organization", "id", cascade=True),
        sa.UniqueConstraint("token_hash", name="uq_email_link_token_hash"),
        *((person, references("email_link", "person_id", "person", "id", cascade=True)) if new else ()),
    )


def _index_link() -> None:
    index("ix_email_link_email", "email_link", "email_key")
    index("ix_email_link_expires", "email_link", "expires_at")


def _audit() -> None:
    """The audit trail is read in the order of time; entries of one moment in the order of their ids."""
    op.drop_index("ix_audit_entry_organization", "audit_entry")
    op.drop_index("ix_audit_entry_at", "audit_entry")
    index("ix_audit_entry_at", "audit_entry", "organization_id", "at", "id")


def _policies() -> None:
    """Settings, entitlements, policies of the installation, and answers kept for idempotency keys."""
    op.create_table(
        "organization_setting",
        *text("organization_id", "namespace"),
        *document("document"),
        *moment("updated_at"),
        sa.PrimaryKeyConstraint("organization_id", "namespace", name="pk_organization_setting"),
        references("organization_setting", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "entitlement",
        *text("organization_id", "name"),
        *flag("enabled"),
        sa.PrimaryKeyConstraint("organization_id", "name", name="pk_entitlement"),
        references("entitlement", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table("installation_policy", *text("name", "value"), sa.PrimaryKeyConstraint("name", name="pk_installation_policy"))
    op.create_table(
        "kept_answer",
        *text("key", "fingerprint", "sealed"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("key", name="pk_kept_answer"),
    )
    index("ix_kept_answer_created", "kept_answer", "created_at")


def _resources() -> None:
    """Kinds, resources, grants."""
    op.create_table(
        "resource_kind",
        *text("organization_id", "name"),
        *flag("enforced"),
        *text("visibility"),
        *flag("in_project"),
        sa.PrimaryKeyConstraint("organization_id", "name", name="pk_resource_kind"),
        sa.CheckConstraint("visibility IN ('organization', 'private')", name="ck_resource_kind_visibility"),
        references("resource_kind", "organization_id", "organization", "id", cascade=True),
    )
    op.create_table(
        "resource",
        *text("key"),
        *text("organization_id", "person_id", "project_id", "made_in", null=True),
        *text("kind", "id", "name"),
        *text("created_by", null=True),
        *text("creator"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("key", name="pk_resource"),
        sa.CheckConstraint("(organization_id IS NULL) <> (person_id IS NULL)", name="ck_resource_owner"),
        sa.CheckConstraint("project_id IS NULL OR organization_id IS NOT NULL", name="ck_resource_project"),
        sa.UniqueConstraint("organization_id", "key", name="uq_resource_organization_id_key"),
        references("resource", "organization_id", "organization", "id", cascade=True),
        references("resource", "person_id", "person", "id", cascade=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name="fk_resource_created_by", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["made_in"], ["organization.id"], name="fk_resource_made_in", ondelete="SET NULL"),
        references("resource", "organization_id, project_id", "project", "organization_id, id"),
        references("resource", "organization_id, kind", "resource_kind", "organization_id, name"),
    )
    index("uq_resource_organization", "resource", "organization_id", "kind", "id", unique=True)
    index("uq_resource_person", "resource", "person_id", "kind", "id", unique=True)
    index("ix_resource_project", "resource", "project_id", "key")
    index("ix_resource_created_by", "resource", "created_by")
    index("ix_resource_made_in", "resource", "made_in")
    op.create_table(
        "resource_grant",
        *text("id", "organization_id", "resource_key"),
        *text("team_id", null=True),
        *text("level"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_resource_grant"),
        sa.CheckConstraint("level IN ('read', 'write', 'admin')", name="ck_resource_grant_level"),
        sa.UniqueConstraint("team_id", "resource_key", name="uq_resource_grant_team_id_resource_key"),
        references("resource_grant", "organization_id, team_id", "team", "organization_id, id", cascade=True),
        references("resource_grant", "organization_id, resource_key", "resource", "organization_id, key", cascade=True),
    )
    index("uq_resource_grant_everybody", "resource_grant", "resource_key", unique=True, where="team_id IS NULL")
    index("ix_resource_grant_resource", "resource_grant", "resource_key")
    index("ix_resource_grant_organization", "resource_grant", "organization_id", "id")
