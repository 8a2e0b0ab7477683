"""Set-based statements: one statement whatever the number of rows.

Rows travel as one JSON parameter and become rows inside the database (`json_each` on SQLite, `jsonb_to_recordset` on PostgreSQL),
ids as one array, so the number of statements never grows with the data and no IN list gets long.

The statements are put together from names of our own tables and columns only; every value travels as the parameter.
"""
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, bindparam, column, literal, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, Text

from connector.storage.types import IdArray, UtcDateTime


class _Among(FunctionElement[bool]):
    """`column` is one of the ids of an array.

    On PostgreSQL an array and not the rows of a function: the planner takes an unknown array for small and goes by the index; one
    it knows (a statement that is not prepared, see `database.py`) it counts, and hashes where it has to filter by it.
    """

    name = "among"
    type = Boolean()
    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: Any, **kw: Any) -> str:
    column, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({ids})))"


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: Any, **kw: Any) -> str:
    column, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} = ANY ({ids}))"


class _Values(FunctionElement[str]):
    """The ids of an array, as rows with one column `value`."""

    name = "elements"
    inherit_cache = True


@compiles(_Values, "sqlite")
def _values_on_sqlite(element: _Values, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Values, "postgresql")
def _values_on_postgresql(element: _Values, compiler: Any, **kw: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **kw)}) AS value)"


def among(column: Any, ids: Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of `ids`: one parameter however many they are. For columns with an index."""
    return _Among(column, literal(list(ids), IdArray()))


def among_these(column: Any) -> ColumnElement[bool]:
    """As `among`, for a statement that is built once: the ids are given by `these(ids)` when it is run."""
    return _Among(column, bindparam("ids", type_=IdArray()))


def these(ids: Iterable[str]) -> dict[str, list[str]]:
    """The parameters of a statement with `among_these` in it."""
    return {"ids": list(ids)}


def id_rows(ids: Iterable[str]) -> Select[str]:
    """The ids as rows, to be used as `column.not_in(id_rows(ids))`, which is hashed, or as a query of ids."""
    rows = _Values(literal(list(ids), IdArray())).table_valued(column("value", Text))
    return select(rows.c.value)


def insert_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]], *, ignore: bool = False) -> int:
    """Insert all rows with one statement and return how many were written.

    Every row has the same keys. With `ignore` rows that violate a unique key are passed over (ON CONFLICT DO NOTHING).
    """
    return _run(tx, rows, lambda names: _insert(tx.dialect.name, _table(table), names, ignore), table)


def update_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]], *, keys: tuple[str, ...]) -> int:
    """Update all rows with one statement: the columns in `keys` find a row, the others are set. Returns how many were found."""
    return _run(tx, rows, lambda names: _update(tx.dialect.name, _table(table), names, keys, _about(rows)), table)


def delete_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> int:
    """Delete with one statement every row that equals one of `rows` in the columns given. Returns how many were deleted."""
    return _run(tx, rows, lambda names: _delete(tx.dialect.name, _table(table), names, _about(rows)), table)


def _table(table: type[DeclarativeBase]) -> Table:
    return table.__table__  # type: ignore[return-value]


def _run(
    tx: Connection,
    rows: Sequence[Mapping[str, Any]],
    statement: Callable[[tuple[str, ...]], TextClause],
    table: type[DeclarativeBase],
) -> int:
    if not rows:
        return 0
    names = tuple(rows[0])
    convert = _converters(tx.dialect, _table(table), names)
    sent = [dict(row) for row in rows]
    for name, function in convert:
        for row in sent:
            row[name] = function(row[name])
    return tx.execute(statement(names), {"rows": json.dumps(sent, separators=(",", ":"))}).rowcount


@lru_cache(maxsize=256)
def _insert(dialect: str, table: Table, names: tuple[str, ...], ignore: bool) -> TextClause:
    listed = _listed(names)
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    # "WHERE true" keeps SQLite's parser from reading ON CONFLICT as a join constraint.
    source = f"SELECT {listed} FROM {_rowset(dialect, table, names)} WHERE true"
    return text(f'INSERT INTO "{table.name}" ({listed}) {source}{conflict}')


@lru_cache(maxsize=256)
def _update(dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...], about: int) -> TextClause:
    settings = ", ".join(f'"{name}" = r."{name}"' for name in names if name not in keys)
    found = " AND ".join(f'"{table.name}"."{key}" = r."{key}"' for key in keys)
    return text(f'UPDATE "{table.name}" SET {settings} FROM {_limited(dialect, table, names, about)} WHERE {found}')


@lru_cache(maxsize=256)
def _delete(dialect: str, table: Table, names: tuple[str, ...], about: int) -> TextClause:
    listed = _listed(names)
    chosen = f"SELECT {listed} FROM {_limited(dialect, table, names, about)}"
    return text(f'DELETE FROM "{table.name}" WHERE ({listed}) IN ({chosen})')


def _about(rows: Sequence[Mapping[str, Any]]) -> int:
    """The number of rows, rounded up to a power of ten: few statements, and a planner that knows what comes."""
    about = 1
    while about < len(rows):
        about *= 10
    return about


def _limited(dialect: str, table: Table, names: tuple[str, ...], about: int) -> str:
    """The rowset with a limit that cuts nothing: without it the planner takes any JSON for a hundred rows."""
    return f"(SELECT * FROM {_rowset(dialect, table, names)} LIMIT {about}) AS r"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _rowset(dialect: str, table: Table, names: tuple[str, ...]) -> str:
    """The rows of the parameter `rows` as a table expression named r, columns typed as in `table`."""
    if dialect == "sqlite":
        values = ", ".join(f"""json_extract(value, '$.{name}') AS "{name}\"""" for name in names)
        return f"(SELECT {values} FROM json_each(:rows)) AS r"
    typed = ", ".join(f'"{name}" {_postgresql_type(table, name)}' for name in names)
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed})"


def _postgresql_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _converters(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """What must be done to a value before it is JSON: moments become text in the form the database keeps."""
    processors = ((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names)
    return tuple((name, _moment(processor)) for name, processor in processors if isinstance(table.c[name].type, UtcDateTime))


def _moment(processor: Any) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        bound = processor(value) if processor and value is not None else value
        return bound.isoformat() if isinstance(bound, datetime) else bound

    return convert
