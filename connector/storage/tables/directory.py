"""Connections and what their identity provider pushed: users, groups, members, tombstones; and the rules."""

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
)
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, needs_mode, one_of, partial_index


class Connection(Row):
    """One IdP of one organization: its sign-on side (`state`) and its pushed side (`directory`)."""

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        one_of("state", "draft", "active", "disabled"),
        one_of("directory", "off", "staging", "live", "paused"),
        one_of("jit", "auto", "on", "off"),
        CheckConstraint("directory NOT IN ('live', 'paused') OR state = 'active'", name="live_needs_active"),
        needs_mode("active_mode", "fk_connection_active_mode"),
        needs_mode("directory_mode", "fk_connection_directory_mode"),
        Index("ix_connection_active_mode", "organization_id", "active_mode"),
        Index("ix_connection_directory_mode", "organization_id", "directory_mode"),
        partial_index("uq_connection_live_directory", "organization_id", where="directory IN ('live', 'paused')", unique=True),
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


class ScimClient(Row):
    """OAuth client credentials of a connection (RFC 6749 section 4.4); the secret is kept as a hash only."""

    __tablename__ = "scim_client"
    __table_args__ = (UniqueConstraint("connection_id", "id"), in_organization("connection", "connection_id", ondelete="CASCADE"))
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
        in_organization("connection", "connection_id", ondelete="CASCADE"),
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
        UniqueConstraint("connection_id", "id"),
        UniqueConstraint("connection_id", "user_name_key", name="uq_directory_user_user_name"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        partial_index(
            "uq_directory_user_external_id", "connection_id", "external_id", where="external_id IS NOT NULL", unique=True
        ),
        partial_index("uq_directory_user_person", "connection_id", "person_id", where="person_id IS NOT NULL", unique=True),
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
        UniqueConstraint("connection_id", "id"),
        UniqueConstraint("connection_id", "display_name_key", name="uq_directory_group_display_name"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        partial_index(
            "uq_directory_group_external_id", "connection_id", "external_id", where="external_id IS NOT NULL", unique=True
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


class DirectoryTotal(Row):
    """How many users (or groups) a connection has, as the sum of a few rows: a list tells its total without counting, and writers
    seldom wait for each other."""

    __tablename__ = "directory_total"
    __table_args__ = (
        one_of("kind", "User", "Group"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
    )
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    total: Mapped[int]


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
        one_of("kind", "user", "group"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_tombstone_user_name", "connection_id", "user_name_key"),
        Index("ix_tombstone_external_id", "connection_id", "external_id"),
        Index("ix_tombstone_deleted", "connection_id", "deleted_at"),
        Index("ix_tombstone_person", "person_id"),
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
    """What people of a connection get: a role by name; a team or project by id, or by `slug` where captures fill it."""

    __tablename__ = "rule"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        in_organization("team", "team_id"),
        in_organization("project", "project_id"),
        one_of("match_kind", "group", "external_id", "name", "pattern", "attribute", "everyone"),
        one_of("target_kind", "role", "team", "project"),
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
