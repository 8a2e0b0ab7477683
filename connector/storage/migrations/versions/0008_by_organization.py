"""What pages of one organization read is found by it: who is suspended, what is held back, printed codes."""

from __future__ import annotations

from alembic import op

from connector.storage.migrations.columns import index

revision = "0008"
down_revision = "0007"

_INDEXED = ("suspension", "withheld", "recovery_code")


def upgrade() -> None:
    """Make the indexes."""
    for table in _INDEXED:
        index(f"ix_{table}_organization", table, "organization_id", "membership_id")


def downgrade() -> None:
    """Drop them."""
    for table in _INDEXED:
        op.drop_index(f"ix_{table}_organization", table)
