"""The sign-on side of connections: how an IdP is spoken to, who signed in through it, what is pending, spent and traced."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from connector.storage.tables.base import Row, in_organization, one_of, partial_index


class SignOn(Row):
    """How a connection signs people in. `settings` holds what only its protocol room reads (addresses of endpoints, switches);
    `secret` the sealed client secret; `mapping` which attribute means what. `version` grows with every change.

    `fixed_at` is the first sign-in: from then on another issuer is another connection.
    """

    __tablename__ = "sign_on"
    __table_args__ = (
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        one_of("protocol", "saml", "oidc"),
    )
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    protocol: Mapped[str]
    issuer: Mapped[str]
    settings: Mapped[dict[str, Any]]
    mapping: Mapped[dict[str, Any]]
    secret: Mapped[str | None]
    version: Mapped[int]
    fixed_at: Mapped[datetime | None]
    metadata_url: Mapped[str | None]
    metadata_checked_at: Mapped[datetime | None]
    metadata_valid_until: Mapped[datetime | None]
    metadata_error: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class IdpCertificate(Row):
    """A certificate an IdP signs with. One its metadata no longer names is good until `leaves_at`."""

    __tablename__ = "idp_certificate"
    __table_args__ = (in_organization("connection", "connection_id", ondelete="CASCADE"),)
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    pem: Mapped[str]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    created_at: Mapped[datetime]
    leaves_at: Mapped[datetime | None]


class TestSignIn(Row):
    """The last test sign-in of a connection: what arrived and what would come of it (`result`), for which `setup` (a hash of
    issuer, endpoints and subject mapping), and whose verified address it carried."""

    __tablename__ = "test_sign_in"
    __table_args__ = (in_organization("connection", "connection_id", ondelete="CASCADE"),)
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    at: Mapped[datetime]
    setup: Mapped[str]
    email_key: Mapped[str | None]
    passed: Mapped[bool]
    result: Mapped[dict[str, Any]]


class ProviderDocument(Row):
    """A document fetched from a provider and kept for all processes: discovery, keys. `owner` is a connection or `installation`.

    A bad answer changes `tried_at` and `error`, never `body`.
    """

    __tablename__ = "provider_document"
    owner: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    body: Mapped[str | None]
    fetched_at: Mapped[datetime | None]
    tried_at: Mapped[datetime]
    error: Mapped[str | None]


class SigningKey(Row):
    """A key pair of this installation as SAML service provider and for private_key_jwt. `signs` is true of the one in use."""

    __tablename__ = "signing_key"
    __table_args__ = (partial_index("uq_signing_key_signs", "signs", where="signs", sqlite_where="signs = 1", unique=True),)
    id: Mapped[str] = mapped_column(primary_key=True)
    private_key: Mapped[str]
    certificate: Mapped[str]
    signs: Mapped[bool]
    created_at: Mapped[datetime]


class SignOnRequest(Row):
    """A sign-in that was sent to an IdP and waits for its answer: found by the hash of its state or RelayState, used once.

    `sealed` holds what only we may know (nonce, PKCE verifier; of an IdP-initiated sign-in to be confirmed, the identity).
    """

    __tablename__ = "sign_on_request"
    __table_args__ = (
        one_of("purpose", "sign_in", "test", "local", "confirm"),
        CheckConstraint("(purpose = 'local') = (connection_id IS NULL)", name="connection"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_sign_on_request_connection", "connection_id", "expires_at"),
        Index("ix_sign_on_request_expires", "expires_at"),
    )
    handle: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str | None]
    connection_id: Mapped[str | None]
    purpose: Mapped[str]
    message_id: Mapped[str]
    sealed: Mapped[str]
    browser_hash: Mapped[str]
    next_path: Mapped[str]
    force_authn: Mapped[bool]
    version: Mapped[int]
    address: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TestLink(Row):
    """A printed address that starts a test sign-in: one hour, as often as needed."""

    __tablename__ = "test_link"
    __table_args__ = (
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_test_link_expires", "expires_at"),
    )
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SetupLink(Row):
    """An address with which somebody without an account prepares connections of an organization. Only a hash is kept.

    It is the maker's: gone with their membership. Without `membership_id` the operator made it.
    """

    __tablename__ = "setup_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        in_organization("membership", "membership_id", ondelete="CASCADE"),
        Index("ix_setup_link_organization", "organization_id", "id"),
        Index("ix_setup_link_membership", "membership_id"),
        Index("ix_setup_link_expires", "expires_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    membership_id: Mapped[str | None]
    name: Mapped[str]
    token_hash: Mapped[str]
    hint: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SpentMessage(Row):
    """A message that is good for one use (an assertion, an ID token, a logout) and was used."""

    __tablename__ = "spent_message"
    __table_args__ = (Index("ix_spent_message_until", "until"),)
    owner: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class ExternalIdentity(Row):
    """Who somebody is at the IdP of a connection. One subject per person and connection; another one is refused.

    `groups` is the last list the IdP told (null: never), `attributes` the last attributes, folded for rules.
    """

    __tablename__ = "external_identity"
    __table_args__ = (
        UniqueConstraint("connection_id", "issuer", "kind", "subject"),
        UniqueConstraint("connection_id", "person_id", name="uq_external_identity_person"),
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_external_identity_person_id", "person_id"),
        Index("ix_external_identity_organization", "organization_id", "person_id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    issuer: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    mutable: Mapped[bool]
    email: Mapped[str | None]
    groups: Mapped[list[Any] | None]
    attributes: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime]


class ClaimedGroup(Row):
    """A group seen in sign-in claims, for rules to match; SCIM does not see it. A pushed group of the same externalId or
    displayName has the same id, whichever came first."""

    __tablename__ = "claimed_group"
    __table_args__ = (
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_claimed_group_id", "id"),
        Index("ix_claimed_group_organization", "organization_id", "value"),
        Index("ix_claimed_group_name", "connection_id", "value_key"),
    )
    connection_id: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    value_key: Mapped[str]
    id: Mapped[str]
    organization_id: Mapped[str]
    created_at: Mapped[datetime]


class SignInTrace(Row):
    """One attempt to sign in, as an admin sees it: how far it came, what was wrong, what to do. Short-lived, redacted."""

    __tablename__ = "sign_in_trace"
    __table_args__ = (
        in_organization("connection", "connection_id", ondelete="CASCADE"),
        Index("ix_sign_in_trace_connection", "connection_id", "at", "id"),
        partial_index("ix_sign_in_trace_refused", "connection_id", "at", "id", where="code <> 'ok'"),
        partial_index("ix_sign_in_trace_reference", "connection_id", "reference", where="reference <> ''"),
        Index("ix_sign_in_trace_at", "at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str]
    connection_id: Mapped[str]
    at: Mapped[datetime]
    purpose: Mapped[str]
    stage: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    expected: Mapped[str]
    advice: Mapped[str]
    reference: Mapped[str]
    facts: Mapped[dict[str, Any]]
    message: Mapped[str]
    address: Mapped[str | None]
