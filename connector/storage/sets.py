"""Set-based statements: one statement whatever the number of rows.

A set of ids or rows travels as one JSON parameter and becomes rows inside the database (`json_each` on SQLite,
`jsonb_array_elements` on PostgreSQL), so the number of statements never grows with the data and no IN list gets long.

The statements are put together from names of our own tables and columns only; every value travels as the parameter.
"""
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, bindparam, column, literal, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, Text


class _Elements(FunctionElement[str]):
    """The texts of a JSON array, as a set of rows with one column `value`."""

    name = "elements"
    inherit_cache = True


@compiles(_Elements, "sqlite")
def _sqlite_elements(element: _Elements, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Elements, "postgresql")
def _postgresql_elements(element: _Elements, compiler: Any, **kw: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS JSONB))"


def id_set(ids: Iterable[str]) -> Select[str]:
    """Return `SELECT value` over the given ids, to be used as `column.in_(id_set(ids))`: one parameter however many they are."""
    return _values(literal(as_parameter(ids)))


def named() -> Select[str]:
    """As `id_set`, for a statement that is built once: the ids are given by `these(ids)` when it is run."""
    return _values(bindparam("ids", type_=Text))


def these(ids: Iterable[str]) -> dict[str, str]:
    """The parameters of a statement with `named()` in it."""
    return {"ids": as_parameter(ids)}


def as_parameter(ids: Iterable[str]) -> str:
    """A set of ids as it travels: a JSON array."""
    return json.dumps(list(ids), separators=(",", ":"))


def _values(parameter: ColumnElement[str]) -> Select[str]:
    rows = _Elements(parameter).table_valued(column("value", Text))
    return select(rows.c.value)


def insert_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]], *, ignore: bool = False) -> int:
    """Insert all rows with one statement and return how many were written.

    Every row has the same keys. With `ignore` rows that violate a unique key are passed over (ON CONFLICT DO NOTHING).
    """
    if not rows:
        return 0
    target, names = _table(table), tuple(rows[0])
    listed = ", ".join(f'"{name}"' for name in names)
    statement = (
        f'INSERT INTO "{target.name}" ({listed}) SELECT {listed} FROM {_rowset(tx.dialect.name, target, names)} WHERE true'
    )
    return _run(tx, target, names, rows, statement + (" ON CONFLICT DO NOTHING" if ignore else ""))


def update_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]], *, keys: tuple[str, ...]) -> int:
    """Update all rows with one statement: the columns in `keys` find a row, the others are set. Returns how many were found."""
    if not rows:
        return 0
    target, names = _table(table), tuple(rows[0])
    settings = ", ".join(f'"{name}" = r."{name}"' for name in names if name not in keys)
    found = " AND ".join(f'"{target.name}"."{key}" = r."{key}"' for key in keys)
    statement = f'UPDATE "{target.name}" SET {settings} FROM {_rowset(tx.dialect.name, target, names)} WHERE {found}'
    return _run(tx, target, names, rows, statement)


def delete_rows(tx: Connection, table: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> int:
    """Delete with one statement every row that equals one of `rows` in the columns given. Returns how many were deleted."""
    if not rows:
        return 0
    target, names = _table(table), tuple(rows[0])
    listed = ", ".join(f'"{name}"' for name in names)
    chosen = f"SELECT {listed} FROM {_rowset(tx.dialect.name, target, names)}"
    return _run(tx, target, names, rows, f'DELETE FROM "{target.name}" WHERE ({listed}) IN ({chosen})')


def _table(table: type[DeclarativeBase]) -> Table:
    return table.__table__  # type: ignore[return-value]


def _run(tx: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]], statement: str) -> int:
    convert = [(name, _to_json(table, name, tx.dialect)) for name in names]
    payload = json.dumps([{name: f(row[name]) for name, f in convert} for row in rows], separators=(",", ":"))
    return tx.execute(text(statement), {"rows": payload}).rowcount


@lru_cache(maxsize=256)
def _rowset(dialect: str, table: Table, names: tuple[str, ...]) -> str:
    """The rows of the parameter `rows` as a table expression named r, columns typed as in `table`."""
    if dialect == "sqlite":
        values = ", ".join(f"""json_extract(value, '$.{name}') AS "{name}\"""" for name in names)
        return f"(SELECT {values} FROM json_each(:rows)) AS r"
    typed = ", ".join(f'"{name}" {_postgresql_type(table, name)}' for name in names)
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed})"


def _postgresql_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _to_json(table: Table, name: str, dialect: Dialect) -> Any:
    kind = table.c[name].type.dialect_impl(dialect)
    if isinstance(table.c[name].type, JSON):
        return _same
    processor = kind.bind_processor(dialect)

    def convert(value: Any) -> Any:
        bound = processor(value) if processor and value is not None else value
        return bound.isoformat() if isinstance(bound, datetime) else bound

    return convert


def _same(value: Any) -> Any:
    return value
