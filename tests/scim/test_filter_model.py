"""Filters as text, from end to end, against a model: RFC 7644 section 3.4.2.2 once more, in plain Python over plain documents.

tests/storage/test_search.py compares trees with SQL; here a tree is written as a client would write it, sent, and answered.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scim.conftest import Idp
from tests.scim.samples import ENTERPRISE

CUSTOM = "urn:acme:params:scim:1.0:User"
PEOPLE: list[dict[str, Any]] = [
    {"userName": "Ada", "title": "Dr", "emails": [{"value": "ada@x.example", "type": "work"}, {"value": "A@h.example"}]},
    {"userName": "björn", "name": {"givenName": "Björn"}, "active": False, ENTERPRISE: {"department": "Sales"}},
    {"userName": "cleo", "title": "dr", "emails": [{"value": "c@h.example", "type": "home", "primary": True}]},
    {"userName": "DAN%", "nickName": "d_n", "name": {"familyName": "O'Hara"}, CUSTOM: {"level": 3, "remote": True}},
    {"userName": "eve", "externalId": "E", "name": {"givenName": "eve"}, CUSTOM: {"level": 3.5, "tags": ["Red", "blue"]}},
    {"userName": "fay", "externalId": "e", "title": 'a\\b"c', CUSTOM: {"level": "3", "boss": {"name": "Ada"}}},
]
TEXTS = ["Dr", "dr", "", "a", "%", "_", "e", "E", "Sales", "work", "home", "BJÖRN", "o'hara", 'a\\b"c', "h.example", "red", "3"]
ANY_CASE = ["userName", "title", "nickName", "name.givenName", "name.familyName", "emails.value", "emails.type", "emails"]
ANY_CASE += [f"{ENTERPRISE}:department", f"{CUSTOM}:tags", f"{CUSTOM}:boss.name", f"{CUSTOM}:level"]
EXACT = ["externalId"]
BOOLEANS = ["active", "emails.primary", f"{CUSTOM}:remote"]
OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "co": operator.contains,
    "sw": lambda found, wanted: found.startswith(wanted),
    "ew": lambda found, wanted: found.endswith(wanted),
    **{name: getattr(operator, name) for name in ("gt", "ge", "lt", "le")},
}

Tree = tuple[Any, ...]


LEAVES: st.SearchStrategy[Tree] = st.one_of(
    st.tuples(st.just("compare"), st.sampled_from(ANY_CASE + EXACT), st.sampled_from(OPERATORS), st.sampled_from(TEXTS)),
    st.tuples(st.just("compare"), st.sampled_from(BOOLEANS), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.tuples(
        st.just("compare"),
        st.just(f"{CUSTOM}:level"),
        st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        st.sampled_from([3, 3.0, 3.5, -1, 4]),
    ),
    st.tuples(st.just("present"), st.sampled_from([*ANY_CASE, *EXACT, *BOOLEANS, "name", "emails"])),
)
INSIDE: st.SearchStrategy[Tree] = st.one_of(
    st.tuples(st.just("compare"), st.sampled_from(["value", "type"]), st.sampled_from(OPERATORS), st.sampled_from(TEXTS)),
    st.tuples(st.just("compare"), st.just("primary"), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.tuples(st.just("present"), st.sampled_from(["value", "type", "primary"])),
)


def _joined(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner)


TREES = st.recursive(
    LEAVES | st.tuples(st.just("within"), st.just("emails"), st.recursive(INSIDE, _joined, max_leaves=3)), _joined, max_leaves=6
)


def written(tree: Tree) -> str:
    """The text of a filter, with no parenthesis that precedence makes needless: and before or, not before and."""
    match tree:
        case ("compare", name, how, value):
            return f"{name} {how} {json.dumps(value)}"
        case ("present", name):
            return f"{name} pr"
        case ("within", name, inner):
            return f"{name}[{written(inner)}]"
        case ("not", inner):
            return f"not ({written(inner)})"
        case ("and", left, right):
            return " and ".join(f"({written(part)})" if part[0] == "or" else written(part) for part in (left, right))
    _, left, right = tree
    return f"{written(left)} or {written(right)}"


def holds(tree: Tree, place: dict[str, Any]) -> bool:
    """Whether the filter is true of a document, or of one element of a list."""
    match tree:
        case ("compare", name, "ne", value):
            return not holds(("compare", name, "eq", value), place)
        case ("compare", name, how, value):
            return any(_compares(found, how, value, exact=name in EXACT) for found in reached(place, name))
        case ("present", name):
            return any(found not in ("", None, [], {}) for found in reached(place, name))
        case ("within", name, inner):
            return any(holds(inner, element) for element in place.get(name, []))
        case ("not", inner):
            return not holds(inner, place)
        case ("and", left, right):
            return holds(left, place) and holds(right, place)
    _, left, right = tree
    return holds(left, place) or holds(right, place)


def reached(place: dict[str, Any], name: str) -> Iterator[Any]:
    """What lies under a name: every element of a list, and of a list of objects their `value` where none is named."""
    if name.startswith("urn:"):
        urn, _, name = name.rpartition(":")
        place = place.get(urn, {})
    head, _, tail = name.partition(".")
    found = place.get(head)
    for one in found if isinstance(found, list) else [found]:
        part = one.get(tail or "value", one if not tail else None) if isinstance(one, dict) else (None if tail else one)
        if part is not None:
            yield part


def _compares(found: Any, how: str, wanted: Any, *, exact: bool) -> bool:
    """Another kind of value satisfies nothing; texts compare without case, but for externalId (RFC 7643 section 3.1)."""
    kinds = [bool if isinstance(one, bool) else str if isinstance(one, str) else float for one in (found, wanted)]
    if kinds[0] is not kinds[1]:
        return False
    if kinds[0] is str and not exact:
        found, wanted = found.lower(), wanted.lower()
    return bool(TESTS[how](found, wanted))


@pytest.fixture
def crowded(idp: Idp) -> Idp:
    """An identity provider that has pushed everybody."""
    for person in PEOPLE:
        idp.made("Users", **person)
    return idp


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_a_filter_finds_whom_the_model_finds(crowded: Idp, tree: Tree) -> None:
    """Whatever is asked, on both databases; and its negation finds the others."""
    expected = {person["userName"] for person in PEOPLE if holds(tree, {"active": True, **person})}
    for text, names in ((written(tree), expected), (f"not ({written(tree)})", {one["userName"] for one in PEOPLE} - expected)):
        answer = crowded.get("/Users", filter=text, attributes="userName")
        assert answer.status_code == 200, (text, answer.text)
        assert {user["userName"] for user in answer.get_json(force=True)["Resources"]} == names, text
