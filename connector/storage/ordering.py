"""ORDER. What rows of a list are ordered by as columns, and which rows stand behind a position, so that a list can be continued.

The columns are never SQL NULL and mean the same on both databases: the kind of key (numbers before texts before nothing), the
number, the text by code points. The id comes after them. Ascending, what has no key is last; descending is exactly the reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, Text, case, collate, func, literal, tuple_
from sqlalchemy.types import TypeEngine

from connector.storage.conditions import Scalar
from connector.storage.json_nodes import Truth
from connector.storage.places import Key

COMPARED = 256
"""Characters of a text that count for its place in a list: a position travels in an address, which may not get long."""

_TYPES: tuple[TypeEngine[Any], ...] = (Integer(), Double(), Text(), Text())


def columns(key: Key, dialect_name: str) -> tuple[ColumnElement[Any], ...]:
    """Return what to order by, all ascending or all descending; the id is to follow."""
    short = func.nullif(func.substr(key.text, 1, COMPARED), "")
    kind = case((key.number.is_not(None), 0), (short.is_not(None), 1), else_=2)
    text = func.coalesce(short, "", type_=Text())
    return kind, func.coalesce(key.number, 0.0), collate(text, "C") if dialect_name == "postgresql" else text


def behind(columns: Sequence[Any], position: Sequence[Scalar], *, descending: bool) -> Truth:
    """Return where the columns, the id last, are behind those of `position`: one comparison, so that an index serves."""
    types = _TYPES[-len(columns) :]
    here = tuple_(*columns)
    there = tuple_(*(literal(value, kind) for value, kind in zip(position, types, strict=True)))
    return here < there if descending else here > there
