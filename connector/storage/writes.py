"""Set-based writing: changes of rows as values, and the few statements that make them.

Rows travel as one JSON parameter and become rows inside the database (`json_each` on SQLite, `jsonb_to_recordset` on PostgreSQL),
so the number of statements never grows with the data; a single row travels as its values. Several writes go to PostgreSQL as one
statement, a WITH of all of them: what a request writes costs one round trip.

The statements are put together from names of our own tables and columns only; every value travels as a parameter.
"""
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import JSON, Connection, Dialect, Integer, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase

from connector.storage import hot
from connector.storage.types import UtcDateTime

Verb = Literal["insert", "offer", "update", "delete", "add"]
COPIED = 2_000
"""Rows from which on PostgreSQL gets them by COPY."""

_NEW = ("insert", "offer", "add")
Row = Mapping[str, Any]
Rows = Sequence[Row]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Write:
    """Rows to be written with one statement; every row has the same keys.

    insert; offer, which passes over rows that violate a unique key; update, where the columns in `keys` find a row and the others
    are set; delete of every row that equals one of `rows` in the columns given; add, where the numbers are added to those of the
    row that `keys` find, which is made if it is not there.
    """

    verb: Verb
    table: Table
    rows: Rows
    keys: tuple[str, ...] = ()


def insert_rows(tx: Connection, table: type[DeclarativeBase], rows: Rows, *, ignore: bool = False) -> int:
    """Insert all rows and return how many were written; with `ignore` fewer, if unique keys are taken."""
    return _now(tx, Write("offer" if ignore else "insert", table_of(table), rows))


def update_rows(tx: Connection, table: type[DeclarativeBase], rows: Rows, *, keys: tuple[str, ...]) -> int:
    """Update all rows and return how many were found."""
    return _now(tx, Write("update", table_of(table), rows, keys))


def delete_rows(tx: Connection, table: type[DeclarativeBase], rows: Rows) -> int:
    """Delete all rows and return how many there were."""
    return _now(tx, Write("delete", table_of(table), rows))


def table_of(table: type[DeclarativeBase]) -> Table:
    """The table behind a class of rows."""
    return table.__table__  # type: ignore[return-value]


def _now(tx: Connection, write: Write) -> int:
    if not write.rows:
        return 0
    with _run(tx, [write]) as cursor:
        return int(cursor.rowcount)


def write_all(tx: Connection, writes: Sequence[Write]) -> None:
    """Make all writes in their order.

    On PostgreSQL writes that touch different tables go as one statement. Its parts do not see each other's rows, which foreign
    keys between them do not mind: they are checked at its end. A table written twice begins the next statement.
    """
    for together in _together(tx.dialect.name, [write for write in writes if write.rows]):
        if _is_copied(tx.dialect.name, together[0]):
            _copy(tx, together[0])
            continue
        with _run(tx, together):
            pass


def _run(tx: Connection, writes: Sequence[Write]) -> AbstractContextManager[Any]:
    """Run writes that go together as one statement."""
    shaped = [(write, _shape(write)) for write in writes]
    text, order = _text(tx.dialect.name, tuple(shape for _, shape in shaped))
    values = _parameters(tx.dialect, shaped)
    single = all(shape.about == 1 for _, shape in shaped)
    return hot.run(tx, text, [values[name] for name in order], many=not single and hot.are_many(values.values()))


def _together(dialect: str, writes: Sequence[Write]) -> Iterator[list[Write]]:
    if dialect != "postgresql":
        yield from ([write] for write in writes)
        return
    group: list[Write] = []
    for write in writes:
        if group and (_is_copied(dialect, write) or any(other.table is write.table for other in group)):
            yield group
            group = []
        if _is_copied(dialect, write):
            yield [write]
        else:
            group.append(write)
    if group:
        yield group


def _is_copied(dialect: str, write: Write) -> bool:
    return dialect == "postgresql" and write.verb == "insert" and len(write.rows) > COPIED


def _copy(tx: Connection, write: Write) -> None:
    """Insert very many rows by COPY, which costs half of what they cost as JSON."""
    names = tuple(write.rows[0])
    columns = _columns("postgresql", write.table, names, 0)
    converted = [(place, convert) for place, (_, _, convert) in enumerate(columns) if convert is not None]
    last: dict[int, tuple[Any, Any]] = {place: (None, None) for place, _ in converted}
    text = f'COPY "{write.table.name}" ({_listed(names)}) FROM STDIN'
    with hot.copy(tx, text) as copied:
        for row in write.rows:
            sent = [row[name] for name in names]
            for place, convert in converted:
                value = sent[place]
                if value is not None:
                    if value is not last[place][0]:  # where one thing happens to many, rows share their values
                        last[place] = value, convert(value)
                    sent[place] = last[place][1]
            copied.write_row(sent)


# ----------------------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a statement depends on. `about` is the number of rows, rounded up to a power of ten."""

    verb: Verb
    table: Table
    names: tuple[str, ...]
    keys: tuple[str, ...]
    about: int


def _shape(write: Write) -> _Shape:
    """Few shapes, few statements; and a planner that knows roughly what comes."""
    about = 1
    while about < len(write.rows):
        about *= 10
    if write.verb in _NEW:
        about = min(about, 2)
    return _Shape(write.verb, write.table, tuple(write.rows[0]), write.keys, about)


@lru_cache(maxsize=2048)
def _text(dialect: str, shapes: tuple[_Shape, ...]) -> tuple[str, tuple[str, ...]]:
    """The statement, and the names of its parameters in their order."""
    texts = [_statement(dialect, shape, number) for number, shape in enumerate(shapes)]
    named = ", ".join(f"w{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    return hot.numbered(f"WITH {named} {texts[-1]}" if named else texts[0], "?" if dialect == "sqlite" else "$")


def _statement(dialect: str, shape: _Shape, number: int) -> str:
    if shape.about == 1:
        return _of_one(shape, number)
    if shape.verb in _NEW:
        listed = _listed(shape.names)
        # "WHERE true" keeps SQLite's parser from reading ON CONFLICT as a join constraint.
        source = f"SELECT {listed} FROM {_rowset(dialect, shape, number)} WHERE true"
        return f'INSERT INTO "{shape.table.name}" ({listed}) {source}{_conflict(shape)}'
    if shape.verb == "update":
        found = " AND ".join(f'"{shape.table.name}"."{key}" = r."{key}"' for key in shape.keys)
        settings, source = _settings(shape, _of_rowset), _limited(dialect, shape, number)
        return f'UPDATE "{shape.table.name}" SET {settings} FROM {source} WHERE {found}'
    chosen = f"SELECT {_listed(shape.names)} FROM {_limited(dialect, shape, number)}"
    return f'DELETE FROM "{shape.table.name}" WHERE ({_listed(shape.names)}) IN ({chosen})'


def _of_one(shape: _Shape, number: int) -> str:
    """The statement for one row: values instead of a rowset."""

    def value(name: str) -> str:
        return _mark(f"{number}_{name}")

    if shape.verb in _NEW:
        values = ", ".join(value(name) for name in shape.names)
        return f'INSERT INTO "{shape.table.name}" ({_listed(shape.names)}) VALUES ({values}){_conflict(shape)}'
    keys = shape.keys or shape.names
    found = " AND ".join(f'"{key}" = {value(key)}' for key in keys)
    if shape.verb == "update":
        return f'UPDATE "{shape.table.name}" SET {_settings(shape, value)} WHERE {found}'
    return f'DELETE FROM "{shape.table.name}" WHERE {found}'


def _mark(name: str) -> str:
    return f"%(p{name})s"


def _conflict(shape: _Shape) -> str:
    if shape.verb == "add":
        numbers = [name for name in shape.names if name not in shape.keys and isinstance(shape.table.c[name].type, Integer)]
        added = ", ".join(f'"{name}" = "{shape.table.name}"."{name}" + excluded."{name}"' for name in numbers)
        return f" ON CONFLICT ({_listed(shape.keys)}) DO UPDATE SET {added}"
    return " ON CONFLICT DO NOTHING" if shape.verb == "offer" else ""


def _settings(shape: _Shape, value: Callable[[str], str]) -> str:
    return ", ".join(f'"{name}" = {value(name)}' for name in shape.names if name not in shape.keys)


def _of_rowset(name: str) -> str:
    return f'r."{name}"'


def _limited(dialect: str, shape: _Shape, number: int) -> str:
    """The rowset with a limit that cuts nothing: without it the planner takes any JSON for a hundred rows."""
    return f"(SELECT * FROM {_rowset(dialect, shape, number)} LIMIT {shape.about}) AS r"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _rowset(dialect: str, shape: _Shape, number: int) -> str:
    """The rows of the parameter as a table expression named r, columns typed as in the table."""
    mark = _mark(f"{number}_rows")
    if dialect == "sqlite":
        values = ", ".join(f"""json_extract(value, '$.{name}') AS "{name}\"""" for name in shape.names)
        return f"(SELECT {values} FROM json_each({mark})) AS r"
    typed = ", ".join(f'"{name}" {_postgresql_type(shape.table, name)}' for name in shape.names)
    return f"jsonb_to_recordset(CAST({mark} AS jsonb)) AS r({typed})"


def _postgresql_type(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


# ----------------------------------------------------------------------------------------------------------- parameters


def _parameters(dialect: Dialect, shaped: Sequence[tuple[Write, _Shape]]) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    for number, (write, shape) in enumerate(shaped):
        if shape.about == 1:
            row = write.rows[0]
            for name, mark, convert in _columns(dialect.name, write.table, shape.names, number):
                value = row[name]
                sent[mark] = value if convert is None or value is None else convert(value)
        else:
            sent[f"p{number}_rows"] = _compact(_rows(dialect, write, shape.names))
    return sent


@lru_cache(maxsize=1024)
def _columns(dialect: str, table: Table, names: tuple[str, ...], number: int) -> list[tuple[str, str, Convert | None]]:
    """How each value of a single row is sent: its column, the name of its parameter, and what must be done to it."""
    convert = dict(_converters(dialect, table, names, single=True))
    return [(name, f"p{number}_{name}", convert.get(name)) for name in names]


def _rows(dialect: Dialect, write: Write, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in write.rows]
    for name, convert in _converters(dialect.name, write.table, names, single=False):
        for row in rows:
            if row[name] is not None:
                row[name] = convert(row[name])
    return rows


_compact = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(maxsize=512)
def _converters(dialect: str, table: Table, names: tuple[str, ...], *, single: bool) -> tuple[tuple[str, Convert], ...]:
    """What must be done to a value before it is sent. Inside JSON a moment is text; a single value is what the driver takes, and
    JSON is text."""
    found: list[tuple[str, Convert]] = []
    for name in names:
        kind = table.c[name].type
        if isinstance(kind, UtcDateTime) and not (single and dialect == "postgresql"):
            found.append((name, _sqlite_moment if dialect == "sqlite" else datetime.isoformat))
        elif single and isinstance(kind, JSON):
            found.append((name, _compact))
    return tuple(found)


def _sqlite_moment(value: datetime) -> str:
    """As SQLAlchemy keeps moments in SQLite."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
