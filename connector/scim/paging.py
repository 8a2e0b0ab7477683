"""What part of a list is wanted: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865); by index when nothing is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.directory.model import Position
from connector.errors import Invalid
from connector.scim.cursors import read_cursor, write_cursor
from connector.scim.discovery import DEFAULT_PAGE, MAX_PAGE
from connector.scim.refusals import invalid_value

_LAST_INDEX = 2**30  # with a page behind it, still an INTEGER of SQL


@dataclass(frozen=True, slots=True)
class ByIndex:
    """At most `count` from `start_index` on, counted from 1."""

    count: int
    start_index: int


@dataclass(frozen=True, slots=True)
class ByCursor:
    """At most `count` behind the position `after`; None is the beginning."""

    count: int
    after: Position | None


def read_window(arguments: Mapping[str, str], keys: Sequence[str], query: str) -> ByIndex | ByCursor:
    """Read startIndex, count and cursor; `query` names the list, `keys` seal its cursors.

    Raises Invalid: `invalid_value`; with a cursor `invalid_cursor` and `invalid_count`.
    """
    if "cursor" in arguments:
        return _by_cursor(arguments, keys, query)
    start_index, count = _integer(arguments, "startIndex", 1), _integer(arguments, "count", DEFAULT_PAGE)
    return ByIndex(min(max(count, 0), MAX_PAGE), min(max(start_index, 1), _LAST_INDEX))


def next_cursor(keys: Sequence[str], query: str, count: int, end: Position | None) -> str | None:
    """Return the cursor of the next page, None when there is none."""
    return None if end is None else write_cursor(keys, query, count, end)


def _by_cursor(arguments: Mapping[str, str], keys: Sequence[str], query: str) -> ByCursor:
    """RFC 9865 section 2: all parameters but the cursor stay as they were on the first page. More than a page holds is cut."""
    if "startIndex" in arguments:
        raise invalid_value("startIndex", "given together with cursor", "one of the two")
    count = _count(arguments)
    if not arguments["cursor"]:
        return ByCursor(count, None)
    before, after = read_cursor(keys, query, arguments["cursor"])
    if count != before:
        raise _invalid_count(f"The pages before were asked for with a count of {before}, this one with {count}.", str(before))
    return ByCursor(count, after)


def _count(arguments: Mapping[str, str]) -> int:
    expected = f"an integer from 0 to {MAX_PAGE}"
    try:
        count = int(arguments.get("count", DEFAULT_PAGE))
    except ValueError:
        raise _invalid_count('"count" arrived as a text that is no integer.', expected) from None
    if count < 0:
        raise _invalid_count('"count" arrived as a negative number.', expected)
    return min(count, MAX_PAGE)


def _invalid_count(detail: str, expected: str) -> Invalid:
    return Invalid("invalid_count", detail, expected=expected, advice="Send the count of the first page with every page.")


def _integer(arguments: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(arguments.get(name, default))
    except ValueError:
        raise invalid_value(name, "a text that is no integer", "an integer") from None
