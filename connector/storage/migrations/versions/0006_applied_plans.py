"""Plans that were applied stay for a while, and say so."""

from __future__ import annotations

from alembic import op

from connector.storage.migrations.columns import moment, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """When a plan was applied, and by whom. Plans that wait are made anew: their lines are kept in another form now."""
    op.execute("DELETE FROM stored_plan")
    for column in (*moment("applied_at", null=True), *text("applied_by", null=True)):
        op.add_column("stored_plan", column)


def downgrade() -> None:
    """As it was."""
    op.execute("DELETE FROM stored_plan")
    for name in ("applied_by", "applied_at"):
        op.drop_column("stored_plan", name)
