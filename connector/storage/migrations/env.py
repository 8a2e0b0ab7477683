"""What Alembic runs for every command: the migrations, on the connection and in the transaction `storage/migrate.py` opened."""

from __future__ import annotations

from alembic import context

# One transaction around all steps: a migration that fails in the middle leaves the database as it was, on both databases.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True, transaction_per_migration=False)
context.run_migrations()
