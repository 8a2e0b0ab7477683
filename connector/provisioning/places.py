"""PLACES in what is written down over time: entries lie in the order of their moment, and of their id where that is the same.

A place is a text, `MOMENT ID`; a page of a list ends at one, and the next page begins behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, tuple_

from connector.errors import Invalid
from connector.membership.fold import is_storable, timestamp

LOOKED = 20_000
"""Entries that are looked through for one page at most, where an index does not know what is asked for."""


def place(at: datetime, entry_id: str) -> str:
    """The place of an entry."""
    return f"{timestamp(at)} {entry_id}"


def behind(order: Sequence[Any], after: str | None, *, oldest_first: bool = False) -> list[ColumnElement[bool]]:
    """The condition for what comes behind a place, none without one. `order` are the columns of moment and id. Raises Invalid
    `cursor_invalid`."""
    if after is None:
        return []
    passed = read(after)
    return [tuple_(*order) > passed if oldest_first else tuple_(*order) < passed]


def until(order: Sequence[Any], last: str, *, oldest_first: bool = False) -> list[ColumnElement[bool]]:
    """The condition for what lies no further than a place."""
    end = read(last)
    return [tuple_(*order) <= end if oldest_first else tuple_(*order) >= end]


def read(text: str) -> tuple[datetime, str]:
    """The moment and the id of a place. Raises Invalid `cursor_invalid`."""
    at, _, entry_id = text.partition(" ")
    odd = Invalid("cursor_invalid", "This is no place in the list.", expected="next_cursor of the page before")
    if not is_storable(entry_id):
        raise odd
    try:
        return datetime.fromisoformat(at).astimezone(UTC), entry_id
    except (ValueError, OverflowError):
        raise odd from None
