"""HOT: statements that every request runs, on the driver itself.

A statement is written with SQLAlchemy like any other, compiled once, and then handed to the driver with its parameters: half of
what a small statement costs is what stands between. Transactions, pool and errors stay SQLAlchemy's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, SelectBase, UpdateBase
from sqlalchemy.exc import DBAPIError

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
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def all(self, tx: Connection, given: Given) -> list[Any]:
        """Run it and return all rows."""
        dialect = tx.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, dialect)
        with run(tx, form.text, form.parameters(given)) as cursor:
            return form.rows(cursor.fetchall())

    def first(self, tx: Connection, given: Given) -> Any | None:
        """Run it and return the first row, None where there is none."""
        rows = self.all(tx, given)
        return rows[0] if rows else None

    def scalars(self, tx: Connection, given: Given) -> list[Any]:
        """Run it and return the first column."""
        return [row[0] for row in self.all(tx, given)]


class _Form:
    """A statement as one dialect writes it, and what its values and its columns have to go through."""

    def __init__(self, statement: SelectBase | UpdateBase, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._defaults = dict(compiled.params)
        self._order: Sequence[str] | None = compiled.positiontup
        binds = compiled.binds.items()
        processors = ((name, bound.type.dialect_impl(dialect).bind_processor(dialect)) for name, bound in binds)
        self._bind = {name: processor for name, processor in processors if processor is not None}
        columns = list(statement.exported_columns)
        kinds = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._convert = [(place, kind) for place, kind in enumerate(kinds) if kind is not None]
        row: Any = namedtuple("Row", [str(column.key) for column in columns], rename=True)  # noqa: PYI024 - columns are data
        self._row = row._make

    def parameters(self, given: Given) -> Any:
        values = {**self._defaults, **given}
        for name, processor in self._bind.items():
            values[name] = processor(values[name])
        return values if self._order is None else [values[name] for name in self._order]

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


@contextmanager
def run(tx: Connection, text: str, parameters: Any) -> Iterator[Any]:
    """Run one statement on the driver; yields the cursor, which the connection keeps for the next one."""
    connection = tx.connection
    cursor: Any = connection.info.get("hot")
    if cursor is None:
        cursor = connection.info["hot"] = connection.cursor()
    try:
        if tx.dialect.name == "postgresql":
            cursor.execute(text, parameters, prepare=prepared(parameters))
        else:
            cursor.execute(text, parameters)
        yield cursor
    except tx.dialect.loaded_dbapi.Error as error:
        _translate(tx, text, error, cursor)


def prepared(parameters: Any) -> bool | None:
    """False for a statement that carries many values: it is planned for them. None leaves it to psycopg, which prepares what
    comes again: a plan prepared for a few, when the tables were small, may take minutes for many."""
    return False if any(map(_is_many, parameters.values())) else None


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
