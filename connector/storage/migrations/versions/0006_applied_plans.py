"""Plans that were applied stay for a while, and say so; the last change of rules is found among many entries."""

from __future__ import annotations

from alembic import op

from connector.storage.migrations.columns import index, moment, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """When a plan was applied, and by whom. Plans that wait are made anew: their lines are kept in another form now."""
    op.execute("DELETE FROM stored_plan")
    for column in (*moment("applied_at", null=True), *text("applied_by", null=True)):
        op.add_column("stored_plan", column)
    of_rules = "action IN ('rule.added', 'rule.removed', 'rules.replaced', 'organization.policy_changed')"
    index("ix_audit_entry_rules", "audit_entry", "organization_id", "at", "id", where=of_rules)


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_audit_entry_rules", "audit_entry")
    op.execute("DELETE FROM stored_plan")
    for name in ("applied_by", "applied_at"):
        op.drop_column("stored_plan", name)
