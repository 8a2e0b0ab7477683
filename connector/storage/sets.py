# ruff: noqa: S608 - statements are put together from our own columns; every value is a parameter
"""Set-based reading: ids travel as one array, so that no IN list gets long. Set-based writing is `writes.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, column, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, Text

from connector.storage.types import IdArray


class _Among(FunctionElement[bool]):
    """`column` is one of the ids of an array.

    On PostgreSQL an array and not the rows of a function: the planner takes an unknown array for small and goes by the index; one
    it knows (a statement that is not prepared, see `database.py`) it counts, and hashes where it has to filter by it.
    """

    name = "among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """As it is: SQLAlchemy would write `(...) = 1` on SQLite, which no index serves."""
        return self


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


def among_these(column: Any, name: str = "ids") -> ColumnElement[bool]:
    """As `among`, for a statement that is built once: the ids are given by `these(ids)` when it is run, or under their name."""
    return _Among(column, bindparam(name, type_=IdArray()))


def these(ids: Iterable[str]) -> dict[str, list[str]]:
    """The parameters of a statement with `among_these` in it."""
    return {"ids": list(ids)}


def id_rows(ids: Iterable[str]) -> Select[str]:
    """The ids as rows, to be used as `column.not_in(id_rows(ids))`, which is hashed, or as a query of ids."""
    rows = _Values(literal(list(ids), IdArray())).table_valued(column("value", Text))
    return select(rows.c.value)


class _Texts(FunctionElement[str]):
    """The texts of a JSON array in a column, as rows with one column `value`."""

    name = "texts"
    inherit_cache = True


@compiles(_Texts, "sqlite")
def _texts_on_sqlite(element: _Texts, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Texts, "postgresql")
def _texts_on_postgresql(element: _Texts, compiler: Any, **kw: Any) -> str:
    return f"LATERAL (SELECT jsonb_array_elements_text({compiler.process(element.clauses, **kw)}) AS value)"


def json_texts(listed: Any) -> Any:
    """The texts of a column with a JSON array of them, or null: rows with one column `value`, beside the row they are of."""
    return _Texts(listed).table_valued(column("value", Text), joins_implicitly=True)


class _Rows(FunctionElement[str]):
    """The rows of a query as the text of one JSON array of arrays, in no order."""

    name = "rows_as_json"
    type = Text()
    inherit_cache = True


@compiles(_Rows, "sqlite")
def _rows_on_sqlite(element: _Rows, compiler: Any, **kw: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **kw)}))"


@compiles(_Rows, "postgresql")
def _rows_on_postgresql(element: _Rows, compiler: Any, **kw: Any) -> str:
    return f"CAST(json_agg(json_build_array({compiler.process(element.clauses, **kw)})) AS text)"


def rows_as_json(*columns: Any) -> Select[str]:
    """A query for a few rows inside a row, to be used as scalar_subquery(): the text of one JSON array of arrays, in no order.

    Without rows it is null or an empty array.
    """
    return select(_Rows(*columns))
