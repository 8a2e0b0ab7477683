"""Conditions on one element of a document: which kinds of values a comparison may be true of."""

from __future__ import annotations

from typing import Any

import pytest

from connector.scim.filters import parse_filter
from connector.scim.matching import matches
from connector.scim.schemas import USER

URN = "urn:acme:1.0:User"
KINDS: list[tuple[Any, str, bool]] = [
    (5, "eq 5", True),
    (5, "gt 4.5", True),
    (5, 'eq "5"', False),
    (5, 'ne "5"', True),
    ("5", "eq 5", False),
    (True, "eq true", True),
    (True, "eq 1", False),
    (1, "eq true", False),
    ({"value": "a"}, 'eq "a"', False),
    ({"value": 5}, "eq 5", False),
    ("", "pr", False),
    ([], "pr", False),
    (0, "pr", True),
    (["a", "B"], 'eq "b"', False),
]


@pytest.mark.parametrize(("value", "comparison", "found"), KINDS)
def test_a_value_of_another_kind_satisfies_nothing(value: Any, comparison: str, found: bool) -> None:
    """A text is not the number it spells, a boolean is no number; an object is not its value unless the schema says so."""
    assert matches(parse_filter(f"{URN}:level {comparison}", USER), {URN: {"level": value}}) is found
