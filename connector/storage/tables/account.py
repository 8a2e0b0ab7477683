"""People's accounts: sessions and what is in them, local sign-in, keys, mail that waits, throttles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, one_of, partial_index


class Session(Row):
    """A browser that somebody signed in with. Only a hash of its cookie is kept. It lives while an authentication in it does."""

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        UniqueConstraint("id", "person_id"),
        Index("ix_session_person", "person_id"),
        Index("ix_session_expires", "expires_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    address: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    workspace: Mapped[str | None]
    """The organization that the person works in at the moment; NULL is the personal workspace."""


class Authentication(Row):
    """How the person of a session showed who they are. `organization_id` is set for an IdP's and for break-glass, which open that
    organization; `handle` is what the IdP calls this sign-in when it ends it (hashed), `handle_index` its SessionIndex or sid."""

    __tablename__ = "authentication"
    __table_args__ = (
        CheckConstraint("(method IN ('saml', 'oidc')) = (connection_id IS NOT NULL)", name="connection"),
        CheckConstraint("(method IN ('saml', 'oidc', 'break_glass')) = (organization_id IS NOT NULL)", name="organization"),
        one_of("method", "email_link", "oidc_local", "operator_link", "break_glass", "saml", "oidc"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_authentication_session", "session_id"),
        Index("ix_authentication_person", "person_id", "organization_id"),
        partial_index("ix_authentication_connection", "connection_id", "handle", where="connection_id IS NOT NULL"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    method: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    connection_id: Mapped[str | None]
    handle: Mapped[str | None]
    handle_index: Mapped[str | None]
    logout: Mapped[str | None]
    """For single logout started here: the sealed NameID with its attributes, or the sealed ID token."""
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EmailLink(Row):
    """A link (and a code) that was mailed, or printed by an operator, to sign in with: once, soon, where it was asked for.

    `purpose`: `sign_in` (mailed, bound to a browser), `operator` (who vouches for the address), `restore` (break-glass of
    `organization_id`), `verify` (mailed; makes the address one that `person_id` has verified). Whose the address is, is looked at
    when it is used.
    """

    __tablename__ = "email_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        one_of("purpose", "sign_in", "operator", "restore", "verify"),
        CheckConstraint("(purpose = 'restore') = (organization_id IS NOT NULL)", name="organization"),
        CheckConstraint("(purpose = 'verify') = (person_id IS NOT NULL)", name="person"),
        Index("ix_email_link_expires", "expires_at"),
        Index("ix_email_link_email", "email_key"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    email: Mapped[str]
    email_key: Mapped[str]
    token_hash: Mapped[str]
    code_hash: Mapped[str | None]
    browser_hash: Mapped[str | None]
    tries: Mapped[int]
    next_path: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))


class RecoveryCode(Row):
    """One printed one-time code of a break-glass owner; only a hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        in_organization("membership", "membership_id", ondelete="CASCADE"),
        UniqueConstraint("membership_id", "code_hash"),
        Index("ix_recovery_code_organization", "organization_id", "membership_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    membership_id: Mapped[str]
    code_hash: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LocalIdentity(Row):
    """Who somebody is at the installation-wide OpenID provider."""

    __tablename__ = "local_identity"
    __table_args__ = (Index("ix_local_identity_person", "person_id"),)
    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class Key(Row):
    """An API key, kept as a hash. With `organization_id` it opens that organization, with `project_id` that project of it,
    whoever made it; without either what a local sign-in opens."""

    __tablename__ = "key"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("project_id IS NULL OR organization_id IS NOT NULL", name="project"),
        in_organization("project", "project_id", ondelete="CASCADE"),
        Index("ix_key_person", "person_id"),
        Index("ix_key_organization", "organization_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    token_hash: Mapped[str]
    hint: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    project_id: Mapped[str | None]
    name: Mapped[str]


class OutgoingMail(Row):
    """A mail that waits to be handed over, or was. Its text is sealed, for links stand in it, and emptied once it is sent.

    `once` makes a mail that repeats itself one.
    """

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        partial_index("uq_outgoing_mail_once", "once", where="once IS NOT NULL", unique=True),
        partial_index("ix_outgoing_mail_due", "due_at", where="due_at IS NOT NULL"),
        Index("ix_outgoing_mail_created", "created_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    sealed: Mapped[str | None]
    once: Mapped[str | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Throttle(Row):
    """How much somebody (a hashed key) has asked for lately, as the moment until which it is paid back (GCRA)."""

    __tablename__ = "throttle"
    __table_args__ = (Index("ix_throttle_until", "until"),)
    key: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
