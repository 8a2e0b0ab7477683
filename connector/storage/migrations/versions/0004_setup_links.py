"""Set-up links: with which somebody without an account prepares connections of an organization."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from connector.storage.migrations.columns import index, moment, references, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "setup_link",
        *text("id", "organization_id"),
        *text("membership_id", null=True),
        *text("name", "token_hash", "hint"),
        *moment("created_at", "expires_at"),
        *moment("last_used_at", "revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_setup_link"),
        sa.UniqueConstraint("token_hash", name="uq_setup_link_token_hash"),
        references("setup_link", "organization_id", "organization", "id", cascade=True),
        references("setup_link", "organization_id, membership_id", "membership", "organization_id, id", cascade=True),
    )
    index("ix_setup_link_organization", "setup_link", "organization_id", "id")
    index("ix_setup_link_membership", "setup_link", "membership_id")
    index("ix_setup_link_expires", "setup_link", "expires_at")


def downgrade() -> None:
    """Drop it: links that were made open nothing any more."""
    op.drop_table("setup_link")
