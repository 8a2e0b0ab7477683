"""Signing in: the sign-on side of connections, people's accounts, and when domains were last looked up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connector.storage.migrations.columns import document, flag, index, moment, number, references, text

revision = "0002"
down_revision = "0001"

# Parents first.
ACCOUNTS = ("outgoing_mail", "throttle", "email_link", "key", "local_identity", "session", "authentication", "recovery_code")
CONNECTIONS = (
    "provider_document",
    "signing_key",
    "spent_message",
    "claimed_group",
    "external_identity",
    "idp_certificate",
    "sign_in_trace",
    "sign_on",
    "sign_on_request",
    "test_link",
    "test_sign_in",
)


def upgrade() -> None:
    """Make the tables, parents first."""
    _accounts()
    _connections()
    for column in moment("checked_at", "missing_since", null=True):
        op.add_column("domain", column)


def downgrade() -> None:
    """Drop them, children first."""
    for name in ("missing_since", "checked_at"):
        op.drop_column("domain", name)
    for name in reversed((*ACCOUNTS, *CONNECTIONS)):
        op.drop_table(name)


def _accounts() -> None:
    """Sessions, local sign-in, keys, mail and throttles."""
    op.create_table(
        "outgoing_mail",
        *text("id", "kind", "recipient", "subject"),
        *text("sealed", "once", null=True),
        *number("attempts"),
        *moment("created_at"),
        *moment("due_at", "sent_at", null=True),
        *text("error", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing_mail"),
    )
    index("ix_outgoing_mail_created", "outgoing_mail", "created_at")
    index("ix_outgoing_mail_due", "outgoing_mail", "due_at", where="due_at IS NOT NULL")
    index("uq_outgoing_mail_once", "outgoing_mail", "once", unique=True, where="once IS NOT NULL")
    op.create_table(
        "throttle",
        *text("key"),
        *moment("until"),
        sa.PrimaryKeyConstraint("key", name="pk_throttle"),
    )
    index("ix_throttle_until", "throttle", "until")
    op.create_table(
        "email_link",
        *text("id", "purpose"),
        *text("organization_id", null=True),
        *text("email", "email_key", "token_hash"),
        *text("code_hash", "browser_hash", null=True),
        *number("tries"),
        *text("next_path"),
        *moment("created_at", "expires_at"),
        *moment("used_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_email_link"),
        sa.CheckConstraint("(purpose = 'restore') = (organization_id IS NOT NULL)", name="ck_email_link_organization"),
        sa.CheckConstraint("purpose IN ('sign_in', 'operator', 'restore')", name="ck_email_link_purpose"),
        references("email_link", "organization_id", "organization", "id", cascade=True),
        sa.UniqueConstraint("token_hash", name="uq_email_link_token_hash"),
    )
    index("ix_email_link_email", "email_link", "email_key")
    index("ix_email_link_expires", "email_link", "expires_at")
    op.create_table(
        "key",
        *text("id", "person_id"),
        *text("organization_id", null=True),
        *text("token_hash", "hint"),
        *document("scopes"),
        *moment("created_at"),
        *moment("last_used_at", "revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_key"),
        references("key", "organization_id", "organization", "id", cascade=True),
        references("key", "person_id", "person", "id", cascade=True),
        sa.UniqueConstraint("token_hash", name="uq_key_token_hash"),
    )
    index("ix_key_organization", "key", "organization_id")
    index("ix_key_person", "key", "person_id")
    op.create_table(
        "local_identity",
        *text("issuer", "subject", "person_id"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_local_identity"),
        references("local_identity", "person_id", "person", "id", cascade=True),
    )
    index("ix_local_identity_person", "local_identity", "person_id")
    op.create_table(
        "session",
        *text("id", "person_id", "token_hash", "address", "agent"),
        *moment("created_at", "last_seen_at", "expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        references("session", "person_id", "person", "id", cascade=True),
        sa.UniqueConstraint("id", "person_id", name="uq_session_id_person_id"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
    )
    index("ix_session_expires", "session", "expires_at")
    index("ix_session_person", "session", "person_id")
    op.create_table(
        "authentication",
        *text("id", "session_id", "person_id", "method"),
        *text("organization_id", "connection_id", "handle", "handle_index", "logout", null=True),
        *moment("at", "expires_at"),
        *moment("ended_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_authentication"),
        sa.CheckConstraint(
            "(method IN ('saml', 'oidc', 'break_glass')) = (organization_id IS NOT NULL)", name="ck_authentication_organization"
        ),
        sa.CheckConstraint(
            "method IN ('email_link', 'oidc_local', 'operator_link', 'break_glass', 'saml', 'oidc')",
            name="ck_authentication_method",
        ),
        sa.CheckConstraint("(method IN ('saml', 'oidc')) = (connection_id IS NOT NULL)", name="ck_authentication_connection"),
        references("authentication", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        references("authentication", "organization_id", "organization", "id", cascade=True),
        references("authentication", "person_id", "person", "id", cascade=True),
        references("authentication", "session_id", "session", "id", cascade=True),
    )
    index("ix_authentication_connection", "authentication", "connection_id", "handle", where="connection_id IS NOT NULL")
    index("ix_authentication_person", "authentication", "person_id", "organization_id")
    index("ix_authentication_session", "authentication", "session_id")
    op.create_table(
        "recovery_code",
        *text("id", "organization_id", "membership_id", "code_hash"),
        *moment("created_at"),
        *moment("used_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        references("recovery_code", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
        sa.UniqueConstraint("membership_id", "code_hash", name="uq_recovery_code_membership_id_code_hash"),
    )


def _connections() -> None:
    """How identity providers sign people in, and who signed in through them."""
    op.create_table(
        "provider_document",
        *text("owner", "kind", "url"),
        *text("body", null=True),
        *moment("fetched_at", null=True),
        *moment("tried_at"),
        *text("error", null=True),
        sa.PrimaryKeyConstraint("owner", "kind", name="pk_provider_document"),
    )
    op.create_table(
        "signing_key",
        *text("id", "private_key", "certificate"),
        *flag("signs"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_key"),
    )
    op.create_index(
        "uq_signing_key_signs",
        "signing_key",
        ["signs"],
        unique=True,
        postgresql_where=sa.text("signs"),
        sqlite_where=sa.text("signs = 1"),
    )
    op.create_table(
        "spent_message",
        *text("owner", "kind", "message_id"),
        *moment("until"),
        sa.PrimaryKeyConstraint("owner", "kind", "message_id", name="pk_spent_message"),
    )
    index("ix_spent_message_until", "spent_message", "until")
    op.create_table(
        "claimed_group",
        *text("connection_id", "value", "value_key", "id", "organization_id"),
        *moment("created_at"),
        sa.PrimaryKeyConstraint("connection_id", "value", name="pk_claimed_group"),
        references("claimed_group", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_claimed_group_id", "claimed_group", "id")
    index("ix_claimed_group_name", "claimed_group", "connection_id", "value_key")
    index("ix_claimed_group_organization", "claimed_group", "organization_id", "value")
    op.create_table(
        "external_identity",
        *text("id", "organization_id", "connection_id", "person_id", "issuer", "kind", "subject"),
        *flag("mutable"),
        *text("email", null=True),
        *document("groups", null=True),
        *document("attributes"),
        *moment("created_at", "last_sign_in_at"),
        sa.PrimaryKeyConstraint("id", name="pk_external_identity"),
        references("external_identity", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
        references("external_identity", "person_id", "person", "id", cascade=True),
        sa.UniqueConstraint(
            "connection_id", "issuer", "kind", "subject", name="uq_external_identity_connection_id_issuer_kind_subject"
        ),
        sa.UniqueConstraint("connection_id", "person_id", name="uq_external_identity_person"),
    )
    index("ix_external_identity_organization", "external_identity", "organization_id", "person_id")
    index("ix_external_identity_person_id", "external_identity", "person_id")
    op.create_table(
        "idp_certificate",
        *text("connection_id", "fingerprint", "organization_id", "pem"),
        *moment("not_before", "not_after", "created_at"),
        *moment("leaves_at", null=True),
        sa.PrimaryKeyConstraint("connection_id", "fingerprint", name="pk_idp_certificate"),
        references("idp_certificate", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "sign_in_trace",
        *text("id", "organization_id", "connection_id"),
        *moment("at"),
        *text("purpose", "stage", "code", "detail", "expected", "advice", "reference"),
        *document("facts"),
        *text("message"),
        *text("address", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_trace"),
        references("sign_in_trace", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_sign_in_trace_at", "sign_in_trace", "at")
    index("ix_sign_in_trace_connection", "sign_in_trace", "connection_id", "id")
    op.create_table(
        "sign_on",
        *text("connection_id", "organization_id", "protocol", "issuer"),
        *document("settings", "mapping"),
        *text("secret", null=True),
        *number("version"),
        *moment("fixed_at", null=True),
        *text("metadata_url", null=True),
        *moment("metadata_checked_at", "metadata_valid_until", null=True),
        *text("metadata_error", null=True),
        *moment("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("connection_id", name="pk_sign_on"),
        sa.CheckConstraint("protocol IN ('saml', 'oidc')", name="ck_sign_on_protocol"),
        references("sign_on", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    op.create_table(
        "sign_on_request",
        *text("handle"),
        *text("organization_id", "connection_id", null=True),
        *text("purpose", "message_id", "sealed", "browser_hash", "next_path"),
        *flag("force_authn"),
        *number("version"),
        *text("address"),
        *moment("created_at", "expires_at"),
        *moment("used_at", null=True),
        sa.PrimaryKeyConstraint("handle", name="pk_sign_on_request"),
        sa.CheckConstraint("(purpose = 'local') = (connection_id IS NULL)", name="ck_sign_on_request_connection"),
        sa.CheckConstraint("purpose IN ('sign_in', 'test', 'local', 'confirm')", name="ck_sign_on_request_purpose"),
        references("sign_on_request", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_sign_on_request_connection", "sign_on_request", "connection_id", "expires_at")
    index("ix_sign_on_request_expires", "sign_on_request", "expires_at")
    op.create_table(
        "test_link",
        *text("token_hash", "organization_id", "connection_id"),
        *moment("created_at", "expires_at"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_test_link"),
        references("test_link", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
    index("ix_test_link_expires", "test_link", "expires_at")
    op.create_table(
        "test_sign_in",
        *text("connection_id", "organization_id"),
        *moment("at"),
        *text("setup"),
        *text("email_key", null=True),
        *flag("passed"),
        *document("result"),
        sa.PrimaryKeyConstraint("connection_id", name="pk_test_sign_in"),
        references("test_sign_in", "organization_id, connection_id", "connection", "organization_id, id", cascade=True),
    )
