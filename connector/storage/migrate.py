"""Bringing a database to the schema of this program, or telling how far it is from it.

Everything runs in one transaction, so that a migration that fails changes nothing. Two processes that migrate at once wait for
each other: on SQLite by `BEGIN IMMEDIATE`, on PostgreSQL by an advisory lock.

Alembic is loaded where it is needed: to see that nothing is to be done, which every command does, takes a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from connector.errors import Conflict
from connector.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0008"
"""The newest of the migrations."""

_LOCK = 7_205_813_449_112_021_101
"""A number of our own for the advisory lock; any constant does that nothing else in the database uses."""


def head() -> str:
    """Return the revision this program needs."""
    return HEAD


def current(database: Database) -> str | None:
    """Return the revision the database is at, or None if it was never migrated. Raises Unavailable when it is away."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return found


def upgrade(database: Database) -> None:
    """Bring the database to `head()`; nothing happens if it is there.

    Raises Conflict `database_newer` for a database of a newer program, `migration_broke_references` for a migration that would
    leave rows pointing nowhere, Unavailable when the database is away.
    """
    from alembic import command

    _migrate(database, lambda config: command.upgrade(config, "head"))


def downgrade(database: Database, revision: str) -> None:
    """Take the database back to an earlier revision; `base` is the empty database. What did not exist there is lost."""
    from alembic import command

    _migrate(database, lambda config: command.downgrade(config, revision))


def _migrate(database: Database, steps: Callable[[Config], None]) -> None:
    _refuse_unknown(current(database))
    with migrating(database) as connection:
        steps(_config(connection))


@contextmanager
def migrating(database: Database) -> Iterator[Connection]:
    """One transaction in which tables may be changed, alone; committed at the end.

    SQLite's foreign keys are off in it, for with them on, dropping a table that is being rebuilt would empty its children by
    cascade. They can only be switched outside a transaction. What they would have caught is checked before the commit.
    """
    with database.engine.connect().execution_options(connector_write=True) as connection:
        if database.dialect != "sqlite":
            with connection.begin():
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
            return
        _say(connection, "PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                _refuse_broken_references(connection)
        finally:
            _say(connection, "PRAGMA foreign_keys=ON")


def _say(connection: Connection, statement: str) -> None:
    """Speak to SQLite past SQLAlchemy, which would begin a transaction first."""
    connection.connection.cursor().execute(statement)


def _refuse_broken_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        detail = f"The migration would leave {len(broken)} rows pointing nowhere, in {tables}; nothing was changed."
        raise Conflict("migration_broke_references", detail, advice="Keep the database as it is and report this.")


def _refuse_unknown(revision: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        detail = f"The database is at revision {revision}, which this program does not know."
        raise Conflict("database_newer", detail, expected=f"{head()} or older", advice="Start the newer program it was made by.")


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
