"""The provisioning log and the sign-in traces are read by their time; refusals and references are found among many."""

from __future__ import annotations

from alembic import op

from connector.storage.migrations.columns import index

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Replace the index of each, and make those of what is looked for."""
    op.drop_index("ix_provisioning_log_connection", "provisioning_log")
    index("ix_provisioning_log_connection", "provisioning_log", "connection_id", "at", "id")
    index("ix_provisioning_log_refused", "provisioning_log", "connection_id", "at", "id", where="status >= 400")
    op.drop_index("ix_sign_in_trace_connection", "sign_in_trace")
    index("ix_sign_in_trace_connection", "sign_in_trace", "connection_id", "at", "id")
    index("ix_sign_in_trace_refused", "sign_in_trace", "connection_id", "at", "id", where="code <> 'ok'")
    index("ix_sign_in_trace_reference", "sign_in_trace", "connection_id", "reference", where="reference <> ''")


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_sign_in_trace_reference", "sign_in_trace")
    op.drop_index("ix_sign_in_trace_refused", "sign_in_trace")
    op.drop_index("ix_sign_in_trace_connection", "sign_in_trace")
    index("ix_sign_in_trace_connection", "sign_in_trace", "connection_id", "id")
    op.drop_index("ix_provisioning_log_refused", "provisioning_log")
    op.drop_index("ix_provisioning_log_connection", "provisioning_log")
    index("ix_provisioning_log_connection", "provisioning_log", "connection_id", "id")
