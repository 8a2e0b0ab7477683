"""What happened to one person, or to one thing, is found among all entries of the audit trail."""

from __future__ import annotations

from alembic import op

from connector.storage.migrations.columns import index

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index."""
    index("ix_audit_entry_target", "audit_entry", "organization_id", "target", "at", "id")


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_audit_entry_target", "audit_entry")
