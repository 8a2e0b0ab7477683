"""References between the operations of a Bulk: `bulkId:x` stands for the id of what the POST with bulkId x creates.

RFC 7644 sections 3.7.1 and 3.7.2: in values and in addresses, forwards and in circles. Pure: ids are chosen by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.scim.bulk_message import BulkOperation

_WHOLE = re.compile(r"((?:\S*/)?)bulkId:(.+)", re.DOTALL)
_QUOTED = re.compile(r'"bulkId:([^"]+)"')

Named = Callable[[str], str]
"""A bulkId -> the id that stands for it."""


def references(operation: BulkOperation) -> frozenset[str]:
    """Return the bulkIds that an operation refers to, in its address or anywhere in its data."""
    found: set[str] = set()

    def note(name: str) -> str:
        found.add(name)
        return name

    _replaced(operation, note)
    return frozenset(found)


def resolved(operation: BulkOperation, ids: Mapping[str, str]) -> BulkOperation:
    """Return the operation with ids in place of its references, all of which `ids` must hold."""
    return _replaced(operation, ids.__getitem__)


def _replaced(operation: BulkOperation, named: Named) -> BulkOperation:
    segments = tuple(_in_text(segment, named) for segment in operation.segments)
    return replace(operation, segments=segments, data=_in_value(operation.data, named))


def _in_value(value: Any, named: Named, key: str = "") -> Any:
    """Texts are looked at wherever they stand; the value is at most MAX_DEPTH deep, as every body."""
    if isinstance(value, str):
        return _in_filter(value, named) if key.lower() == "path" else _in_text(value, named)
    if isinstance(value, list):
        return [_in_value(element, named) for element in value]
    return {name: _in_value(item, named, name) for name, item in value.items()} if isinstance(value, dict) else value


def _in_text(text: str, named: Named) -> str:
    """The whole text is a reference, or the end of an address that is one (`$ref`)."""
    found = _WHOLE.fullmatch(text)
    return found[1] + named(found[2]) if found else text


def _in_filter(text: str, named: Named) -> str:
    """The path of a PATCH names resources in a filter, as in `members[value eq "bulkId:x"]`."""
    return _QUOTED.sub(lambda found: f'"{named(found[1])}"', text)


def in_order(operations: Sequence[BulkOperation]) -> list[BulkOperation]:
    """Return the operations as they are to run: in their order, except that what refers to a resource waits until that is made.

    In a circle users come first, since nobody checks that the manager they name is there; then groups, which cannot be members of
    each other anyway. A circle always holds a POST: nothing else can be referred to.
    """
    made_here = {operation.bulk_id for operation in operations if operation.creates}
    needs = {each.index: (references(each) & made_here) - {each.bulk_id} for each in operations}
    waiting, ordered, made = list(operations), [], set[str | None]()
    while waiting:
        ready = (operation for operation in waiting if needs[operation.index] <= made)
        following = next(ready, None) or min(filter(_creates, waiting), key=_users_first)
        waiting.remove(following)
        ordered.append(following)
        made |= {following.bulk_id} if following.creates else set()
    return ordered


def _creates(operation: BulkOperation) -> bool:
    return operation.creates


def _users_first(operation: BulkOperation) -> tuple[bool, int]:
    return operation.segments != ("Users",), operation.index
