"""HOT: statements that every request runs, on the driver itself.

A statement is written with SQLAlchemy like any other, compiled once, and then handed to the driver with its parameters: half of
what a small statement costs is what stands between. Transactions, pool and errors stay SQLAlchemy's.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import RawCursor
from sqlalchemy import Connection, Dialect, SelectBase, Table, UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import visitors

MANY = 8_000
"""Characters of one parameter (rows as JSON) from which on a statement is not prepared."""

MANY_IDS = 200
"""The same for ids."""

Given = Mapping[str, Any]
Processor = Callable[[Any], Any] | None


class Hot:
    """A statement without IN (a list is an array here, see `sets.py`): built once, compiled once for each dialect.

    Rows are named tuples. `given` are the values of its bound parameters.
    """

    def __init__(self, statement: SelectBase | UpdateBase) -> None:
        self.tables = frozenset(part.name for part in visitors.iterate(statement) if isinstance(part, Table))
        self._statement = statement
        self._forms: dict[str, Form] = {}

    def all(self, tx: Connection, given: Given) -> list[Any]:
        """Run it and return all rows."""
        form = self.form(tx.dialect)
        parameters = form.parameters(given)
        with run(tx, form.text, parameters, many=are_many(parameters)) as cursor:
            return form.rows(cursor.fetchall())

    def form(self, dialect: Dialect) -> Form:
        """How the dialect writes it."""
        found = self._forms.get(dialect.name)
        return found or self._forms.setdefault(dialect.name, Form(self._statement, dialect))

    def first(self, tx: Connection, given: Given) -> Any | None:
        """Run it and return the first row, None where there is none."""
        rows = self.all(tx, given)
        return rows[0] if rows else None

    def scalars(self, tx: Connection, given: Given) -> list[Any]:
        """Run it and return the first column."""
        return [row[0] for row in self.all(tx, given)]


class Form:
    """A statement as one dialect writes it, and what its values and its columns have to go through."""

    def __init__(self, statement: SelectBase | UpdateBase, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._defaults = dict(compiled.params)
        if compiled.positiontup is None:
            self.text, self._order = numbered(str(compiled).replace("%%", "%"))
        else:
            self.text, self._order = str(compiled), tuple(compiled.positiontup)
        binds = compiled.bind_names.items()
        processors = ((name, bound.type.dialect_impl(dialect).bind_processor(dialect)) for bound, name in binds)
        self._bind = {name: processor for name, processor in processors if processor is not None}
        columns = list(statement.exported_columns)
        kinds = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._convert = [(place, kind) for place, kind in enumerate(kinds) if kind is not None]
        named: Any = namedtuple  # the names are only known now
        self._row = named("Row", [str(column.key) for column in columns], rename=True)._make

    def parameters(self, given: Given) -> list[Any]:
        values = {**self._defaults, **given}
        for name, processor in self._bind.items():
            values[name] = processor(values[name])
        return [values[name] for name in self._order]

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        if not self._convert:
            return [self._row(row) for row in found]
        made = []
        for row in found:
            values = list(row)
            for place, processor in self._convert:
                values[place] = processor(values[place])
            made.append(self._row(values))
        return made


_MARK = re.compile(r"%\((\w+)\)s")


def numbered(text: str, mark: str = "$") -> tuple[str, tuple[str, ...]]:
    """Return a statement with its marks `%(name)s` as numbers (`$1` for PostgreSQL, `?1` for SQLite), and the names in order."""
    order = tuple(dict.fromkeys(_MARK.findall(text)))
    places = {name: f"{mark}{place}" for place, name in enumerate(order, 1)}
    return _MARK.sub(lambda mark: places[mark[1]], text), order


@contextmanager
def run(tx: Connection, text: str, parameters: Sequence[Any], *, many: bool = False) -> Iterator[Any]:
    """Run one statement on the driver; yields the cursor, which the connection keeps for the next one.

    With `many` it is planned for what it carries: a plan prepared for a few, when the tables were small, may take minutes for
    many. Other statements are prepared by psycopg when they come again.
    """
    connection = tx.connection
    on_postgresql = tx.dialect.name == "postgresql"
    cursor: Any = connection.info.get("hot")
    if cursor is None:
        driver: Any = connection.driver_connection
        cursor = connection.info["hot"] = RawCursor(driver) if on_postgresql else driver.cursor()
    try:
        if on_postgresql:
            cursor.execute(text, parameters, prepare=False if many else None)
        else:
            cursor.execute(text, parameters)
        yield cursor
    except tx.dialect.loaded_dbapi.Error as error:
        _translate(tx, text, error, cursor)


@contextmanager
def copy(tx: Connection, text: str) -> Iterator[Any]:
    """Run a COPY ... FROM STDIN on PostgreSQL's driver; yields what takes the rows."""
    driver: Any = tx.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(text) as copied:
            yield copied
    except tx.dialect.loaded_dbapi.Error as error:
        _translate(tx, text, error, None)


def are_many(parameters: Iterable[object]) -> bool:
    """Whether a statement carries many values."""
    return any(map(_is_many, parameters))


def _is_many(value: object) -> bool:
    if isinstance(value, list):
        return len(value) > MANY_IDS
    return isinstance(value, str) and len(value) > MANY


def _translate(tx: Connection, text: str, error: Any, cursor: Any) -> None:
    """Raise what SQLAlchemy would have raised. On a broken connection it is asked itself, which also empties the pool."""
    dialect = tx.dialect
    if dialect.is_disconnect(error, tx.connection.driver_connection, cursor):
        tx.exec_driver_sql("SELECT 1")
    base = dialect.loaded_dbapi.Error
    raise DBAPIError.instance(text, None, error, base, hide_parameters=True, dialect=dialect) from error
