"""Conditions evaluated on one element in Python: which elements of a list a PATCH value path selects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.membership.fold import fold
from connector.storage.conditions import And, Compare, Condition, Not, Or, Path, Present, Within

_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "co": lambda left, right: right in left,
    "sw": lambda left, right: left.startswith(right),
    "ew": lambda left, right: left.endswith(right),
}


def matches(condition: Condition, element: Mapping[str, Any]) -> bool:
    """Tell whether `element`, part of a document, satisfies `condition`, whose paths start at the element."""
    match condition:
        case And(parts):
            return all(matches(part, element) for part in parts)
        case Or(parts):
            return any(matches(part, element) for part in parts)
        case Not(part):
            return not matches(part, element)
        case Present(path):
            return any(value not in (None, "", [], {}) for value in _values(path, element))
        case Within(path, inner):
            return any(isinstance(value, Mapping) and matches(inner, value) for value in _values(path, element))
        case Compare():
            equal = condition.operator in ("eq", "ne")
            found = any(_compares(condition, value) for value in _values(condition.path, element))
            return found != (condition.operator == "ne") if equal else found


def _values(path: Path, element: Mapping[str, Any]) -> list[Any]:
    """Return what lies at the path, lists opened where it says so; names of documents are compared without case."""
    found: list[Any] = [element]
    for depth, name in enumerate(path.names):
        found = [value for place in found if isinstance(place, Mapping) for value in _member(place, name)]
        if depth in path.many:
            found = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return found


def _member(place: Mapping[str, Any], name: str) -> list[Any]:
    return [value for key, value in place.items() if key.lower() == name]


def _compares(condition: Compare, value: Any) -> bool:
    """Compare one value; another kind of value than that of the condition never satisfies it, `eq` stands for `ne` too."""
    wanted: Any = condition.value
    if isinstance(value, bool) != isinstance(wanted, bool) or isinstance(value, str) != isinstance(wanted, str):
        return False
    if not isinstance(value, str | int | float):
        return False
    if condition.kind == "string":
        value, wanted = fold(str(value)), fold(str(wanted))
    ordered = _ORDERED.get(condition.operator)
    return ordered(value, wanted) if ordered else bool(value == wanted)
