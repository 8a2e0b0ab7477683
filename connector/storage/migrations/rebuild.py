"""Rebuilding a table on SQLite, which can change neither a constraint nor a generated column of an existing one.

Alembic's batch mode copies every column it finds, and SQLite refuses values for generated ones; here the columns are named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alembic import op


def rebuild_table(name: str, create: Callable[[str], None], values: Mapping[str, str]) -> None:
    """Replace the SQLite table `name` by its new form, keeping its rows.

    `create` makes the new form under the name it is given, with `op.create_table`. `values` says for each column that is not
    generated what it holds: an SQL expression over the old row, mostly the column's own name. The table's indexes are gone
    afterwards and are made again by the migration. Other tables keep pointing at `name`, and keep their rows, because migrations
    run with foreign keys off (https://www.sqlite.org/lang_altertable.html section 7).
    """
    new = f"{name}__new"
    create(new)
    columns, expressions = ", ".join(values), ", ".join(values.values())
    op.execute(f"INSERT INTO {new} ({columns}) SELECT {expressions} FROM {name}")  # noqa: S608 (written by us in a migration)
    op.drop_table(name)
    op.rename_table(new, name)
