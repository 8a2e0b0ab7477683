"""Engines and transactions.

Writers on SQLite are serial: `BEGIN IMMEDIATE`, and inside one process a lock before it, so that threads queue and do not poll.
On PostgreSQL locks are taken by the corridor (`provisioning/corridor.py`); every wait is bounded and ends in 503.
"""

from __future__ import annotations

import logging
import re
import select
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, Index, PrimaryKeyConstraint, Table, UniqueConstraint, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from connector.errors import Unavailable
from connector.storage.hot import are_many
from connector.storage.tables import metadata

Result = TypeVar("Result")

ATTEMPTS = 5
"""How often a verb is run when it loses a race (deadlock, serialization failure, unique violation) before 503."""

LOCK_WAIT = 3
"""Seconds a statement waits for a lock or a connection of the pool, and a SQLite writer for its turn."""

CONNECT_WAIT = 3
"""Seconds an attempt to connect may take, and after which a host that acknowledges nothing counts as gone."""

RETRY_AFTER = 5
"""Seconds told to the IdP in Retry-After when the database is busy or away."""

PREPARE = 5
"""Executions after which psycopg prepares a statement; its own default."""

PREPARED = 400
"""Prepared statements that a connection keeps: all there are."""

_RERUN = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_WAITED = {"55P03", "57014"}  # lock_not_available; query_canceled, by a statement_timeout of the operator
_READ_ONLY = "25006"
_EXHAUSTED = "53"  # the class of disk_full, too_many_connections and the like
_SQLITE_AWAY = ("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")

_log = logging.getLogger(__name__)


class Database:
    """One SQLite file or one PostgreSQL database, with its pool."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._reader = engine if self.dialect == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = engine.execution_options(connector_write=True)
        self._hasty = engine.execution_options(connector_write=True, connector_hasty=True)
        self._turn = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Database:
        """Open the database at a SQLAlchemy URL (`sqlite:///…` or `postgresql+psycopg://…`). Connects lazily."""
        return cls(_sqlite_engine(url) if make_url(url).get_backend_name() == "sqlite" else _postgresql_engine(url))

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()

    def create_all(self) -> None:
        """Create all tables directly; only for tests, migrations make them everywhere else."""
        with self.engine.begin() as tx:
            metadata.create_all(tx)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading. Raises Unavailable when the database is away."""
        with _translated(), self._reader.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one write transaction and commit it; rerun it when it lost a race, at most ATTEMPTS times.

        `work` may be called several times and must have no other effect than on its connection. Raises whatever it raises, and
        Unavailable when the database is away or too busy.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _translated(), self._serialized(LOCK_WAIT), self._writer.begin() as tx:
                    return self._worked(tx, work)
            except DBAPIError as error:
                if not lost_race(error) or (attempt == ATTEMPTS and isinstance(error, IntegrityError)):
                    raise
        raise Unavailable("busy", "The request lost against others several times in a row.", retry_after=RETRY_AFTER)

    def _worked(self, tx: Connection, work: Callable[[Connection], Result]) -> Result:
        """A server that takes no changes is not asked again over the same connections: what stands there next may take them."""
        try:
            return work(tx)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
                tx.invalidate()
                self.engine.dispose()
            raise

    def write_unless_busy(self, work: Callable[[Connection], object]) -> None:
        """The same for what is not worth waiting for: nothing happens if somebody else writes on SQLite, where that takes all, or
        if the database is away. Rows of PostgreSQL that others hold are for `work` to skip."""
        with suppress(Unavailable, DBAPIError), _translated(), self._serialized(0), self._hasty.begin() as tx:
            work(tx)

    @contextmanager
    def _serialized(self, wait: float) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=wait):
            raise Unavailable("busy", "Another change is taking long.", retry_after=RETRY_AFTER)
        try:
            yield
        finally:
            self._turn.release()


def lost_race(error: DBAPIError) -> bool:
    """True when running the same verb again may succeed or tell the true reason: deadlock, serialization failure, or a named
    unique or exclusion constraint that another transaction reached first."""
    if getattr(error.orig, "sqlstate", None) in _RERUN:
        return True
    return isinstance(error, IntegrityError) and violated(error) is not None


def violated(error: IntegrityError) -> str | None:
    """Return the name of the violated unique constraint (or deferred exclusion key), or None where the database names none."""
    if isinstance(error.orig, psycopg.Error):
        name = error.orig.diag.constraint_name
        return name if name and (name.startswith(("uq_", "pk_")) or name.endswith("_mode")) else None
    found = re.match(r"UNIQUE constraint failed: (.+)", str(error.orig))
    return _unique_names().get(found.group(1)) if found else None


def _unique_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for table in metadata.tables.values():
        for key in _unique_keys(table):
            names[", ".join(f"{table.name}.{column.name}" for column in key.columns)] = str(key.name)
    return names


def _unique_keys(table: Table) -> list[PrimaryKeyConstraint | UniqueConstraint | Index]:
    constraints = [c for c in table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint)]
    return [*constraints, *(index for index in table.indexes if index.unique)]


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the driver says about an absent or busy database into Unavailable."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("busy", "All database connections are in use.", retry_after=RETRY_AFTER) from error
    except DBAPIError as error:
        _forget_values(error)
        refusal = _unavailable(error)
        if refusal is None:
            raise
        _log.warning("the database does not serve: %s", str(error.orig).partition("\n")[0])
        raise refusal from error


def _unavailable(error: DBAPIError) -> Unavailable | None:
    """How it is told that the database is absent or busy; None when it is neither."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _RERUN:
        return None
    if state in _WAITED or _sqlite_says(error, "SQLITE_BUSY", "SQLITE_LOCKED"):
        return Unavailable("busy", "Another change is taking long.", retry_after=RETRY_AFTER)
    if state == _READ_ONLY:
        return Unavailable("database_unavailable", "The database takes no changes: it is read-only.", retry_after=RETRY_AFTER)
    if state.startswith(_EXHAUSTED):
        return Unavailable("database_unavailable", "The database has run out of room or connections.", retry_after=RETRY_AFTER)
    if error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError):
        return Unavailable("database_unavailable", "The database cannot be reached.", retry_after=RETRY_AFTER)
    if _sqlite_says(error, *_SQLITE_AWAY):
        return Unavailable("database_unavailable", f"The database file cannot be used: {error.orig}.", retry_after=RETRY_AFTER)
    return None


def _forget_values(error: DBAPIError) -> None:
    """Keep the first line of what PostgreSQL says: the lines after it repeat the row, which is what people pushed."""
    if isinstance(error.orig, psycopg.Error) and (said := error.orig.diag.message_primary):
        error.args = tuple(str(text).replace(str(error.orig), said) for text in error.args)
        error.orig.args = (said,)


def _sqlite_says(error: DBAPIError, *names: str) -> bool:
    """True when SQLite's error is one of these or a finer one of them (https://www.sqlite.org/rescode.html)."""
    return isinstance(error.orig, sqlite3.Error) and getattr(error.orig, "sqlite_errorname", "").startswith(names)


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=20,
        max_overflow=20,
        pool_timeout=LOCK_WAIT,
        connect_args={"timeout": LOCK_WAIT, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("connector_hasty"):
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("connector_write") else "BEGIN")
        finally:
            if options.get("connector_hasty"):
                connection.exec_driver_sql(f"PRAGMA busy_timeout={round(LOCK_WAIT * 1000)}")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the journal of a file that may be new, after others who set it too: SQLite does not wait its busy timeout for that."""
    deadline = time.monotonic() + LOCK_WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,  # what an error tells must not repeat what people pushed; see also _forget_values
        pool_size=16,
        max_overflow=16,
        pool_timeout=LOCK_WAIT,
        connect_args={
            "connect_timeout": CONNECT_WAIT,
            "keepalives_idle": CONNECT_WAIT,
            "keepalives_interval": 1,
            "tcp_user_timeout": CONNECT_WAIT * 1000,
            "options": f"-c lock_timeout={LOCK_WAIT * 1000} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    )

    @event.listens_for(engine, "connect")
    def _keep_plans(connection: Any, _record: Any) -> None:
        connection.prepared_max = PREPARED

    @event.listens_for(engine, "checkout")
    def _refuse_dead(connection: Any, _record: Any, _fairy: Any) -> None:
        if _is_dead(connection):
            raise DisconnectionError

    @event.listens_for(engine, "before_cursor_execute")
    def _plan_for_many(_tx: Any, cursor: Any, _statement: str, parameters: Any, *_: Any) -> None:
        """As `hot.run` with `many`, for statements that SQLAlchemy runs."""
        many = isinstance(parameters, dict) and are_many(parameters.values())
        cursor.connection.prepare_threshold = None if many else PREPARE

    return engine


def _is_dead(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has ended an idle connection, as far as is known here: without a round trip.

    Where nothing is asked, nothing is answered. What came all the same is a farewell, or harmless and read by the driver.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    try:
        while poll.poll(0):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return False
