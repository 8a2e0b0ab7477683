"""The history of the schema, one file per revision under `versions/`, run by Alembic through `storage/migrate.py`."""
