"""Bodies that are well framed and should not be: no JSON, wrong kinds, texts and numbers that no database keeps, and too much."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connector.scim.schemas import GROUP, USER, Attribute
from tests.hostile.conftest import PATCH_OP, Door

SOON = 8.0
"""Seconds for one request, whatever it asks, also on a busy machine."""

GROWTH = 64 * 1024 * 1024
"""Bytes by which one request may make a process grow."""

TEXT = b'{"userName": "ann", "title": "%b"}'
NO_JSON = {
    "nothing": b"",
    "half an object": b'{"userName": "ann"',
    "a comment": b'{"userName": "ann"} // ann',
    "single quotes": b"{'userName': 'ann'}",
    "UTF-16": '{"userName": "ann"}'.encode("utf-16"),
    "bytes that are no UTF-8": TEXT % b"\xff",
    "a surrogate in UTF-8": TEXT % b"\xed\xa0\x80",
    "NUL as it is": TEXT % b"\x00",
    "NUL in escapes": TEXT % rb"\u0000",
    "half a surrogate pair": TEXT % rb"\ud800",
    "NUL in a name": rb'{"userName": "ann", "urn:a:b:User": {"\u0000": 1}}',
    "NaN": b'{"userName": "ann", "urn:a:b:User": {"x": NaN}}',
    "Infinity": b'{"userName": "ann", "urn:a:b:User": {"x": -Infinity}}',
    "a number beyond any": b'{"userName": "ann", "urn:a:b:User": {"x": 1e999}}',
    "an integer beyond any": b'{"userName": "ann", "urn:a:b:User": {"x": 1%b}}' % (b"0" * 400),
    "more digits than Python reads": b'{"userName": "ann", "urn:a:b:User": {"x": %b}}' % (b"9" * 5000),
    "a list": b'[{"userName": "ann"}]',
    "a text": b'"userName"',
    "a hundred thousand lists, one in the other": b'{"userName": "ann", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a hundred thousand objects, one in the other": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "lists without number": b'{"userName": "ann", "x": [' + b"[]," * 600_000 + b"[]]}",
    "a text without end after lists": b"[" * 65 + b'"' + b'\\"' * 1_000_000,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_cannot_be_read_or_kept_is_400(door: Door, method: str, body: bytes) -> None:
    """In bounded time, wherever a body is read (C4)."""
    begun = time.monotonic()
    answer = door.send(method, "/Users" if method == "POST" else "/Users/nobody", body)
    assert (answer.status, answer.refusal()["scimType"] in ("invalidSyntax", "invalidValue")) == (400, True)
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
@pytest.mark.parametrize("headers", [{"Content_Encoding": "gzip"}, {"Content_Type": "text/xml"}, {"Content_Type": ""}])
def test_what_is_not_declared_as_plain_json_is_415(door: Door, path: str, headers: dict[str, str]) -> None:
    """A compressed body might be a bomb, and is never opened."""
    assert door.send("POST", path, b'{"userName": "ann"}', **headers).refusal()["status"] == "415"


KINDS: list[Any] = [
    None,
    True,
    0,
    -1.5,
    10**400,
    "",
    "text",
    [],
    [None],
    [[1]],
    ["text"],
    {},
    {"": None},
    {"value": {}},
    [{"value": 1}],
]


def _places() -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind, schema in (("Users", USER), ("Groups", GROUP)):
        for attribute in schema.attributes.values():
            yield from ((kind, names) for names in _names(attribute))
        for urn, attributes in schema.extensions.items():
            yield kind, (urn,)
            yield from ((kind, (urn, *names)) for attribute in attributes.values() for names in _names(attribute))
    yield "Users", ("urn:a:b:User",)
    yield "Users", ("urn:a:b:User", "x")


def _names(attribute: Attribute) -> Iterator[tuple[str, ...]]:
    yield (attribute.name,)
    yield from ((attribute.name, part.name) for part in (attribute.parts or {}).values())


def _at(names: tuple[str, ...], value: Any) -> Any:
    return {names[0]: _at(names[1:], value)} if names else value


def test_values_of_any_kind_at_every_place_are_kept_or_refused(anywhere: Door) -> None:
    """C5, on the way in and through PATCH with a path and without: 2xx or 4xx, never a failure of ours.

    Three kinds for each place, so that every kind comes to many places.
    """
    one = {"Users": anywhere.made("Users", userName="kinds"), "Groups": anywhere.made("Groups", displayName="kinds")}
    required = {"Users": {"userName": "made"}, "Groups": {"displayName": "made"}}
    for number, (kind, names) in enumerate(_places()):
        for value in KINDS[number % 5 :: 5]:
            made = anywhere.say("POST", f"/{kind}", {**required[kind], **_at(names, value)})
            assert made.status in (201, 400, 409), (names, value, made.body)
            if made.status == 201:
                assert anywhere.send("DELETE", f"/{kind}/{json.loads(made.body)['id']}").status == 204
            said = {"op": ("add", "replace", "Remove")[number % 3], "path": ".".join(names), "value": value}
            answer = anywhere.patch(one[kind], said if number % 4 else {"op": "add", "value": _at(names, value)})
            assert answer.status in (200, 204, 400), (said, answer.body)


MESSAGES: dict[str, Any] = {
    "no object": [],
    "no schemas": {"Operations": [{"op": "add", "path": "title", "value": "x"}]},
    "schemas as a text": {"schemas": PATCH_OP, "Operations": [{"op": "add", "path": "title", "value": "x"}]},
    "schemas of every kind": {"schemas": [None, 5, [], {}], "Operations": [{"op": "remove", "path": "title"}]},
    "operations as an object": {"schemas": [PATCH_OP], "Operations": {"op": "add"}},
    "no operation": {"schemas": [PATCH_OP], "Operations": []},
    "operations of every kind": {"schemas": [PATCH_OP], "Operations": [None, 5, "add", []]},
    "an op that is none": {"schemas": [PATCH_OP], "Operations": [{"op": {"add": 1}, "path": "title", "value": "x"}]},
    "a path that is a number": {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": 5, "value": "x"}]},
    "a path that is a list": {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": ["title"], "value": "x"}]},
    "a path without end": {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "emails[" * 1000}]},
    "a path of half characters": {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": 'emails[type eq "\\ud800"]'}]},
    "a path of a million characters": {"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": "x" * 1_000_000}]},
    "a hundred thousand operations": {
        "schemas": [PATCH_OP],
        "Operations": [{"op": "add", "path": "x", "value": 1}] * 40_000 + [{}] * 60_000,
    },
    "a hundred thousand keys": {
        "schemas": [PATCH_OP],
        "Operations": [{"op": "add", "value": {f"k{n}": n for n in range(100_000)}}],
    },
    "a hundred thousand keys of an extension": {
        "schemas": [PATCH_OP],
        "Operations": [{"op": "add", "path": "urn:a:b:User", "value": {f"k{n}": n for n in range(100_000)}}],
    },
    "value paths without number": {
        "schemas": [PATCH_OP],
        "Operations": [{"op": "replace", "path": "emails[" + " or ".join(["type pr"] * 150) + "].value", "value": "x"}] * 900,
    },
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_patch_that_makes_no_sense_or_is_too_much_is_400(door: Door, message: Any) -> None:
    """Before anything is done with it; a hundred thousand names nobody knows are one refusal, or none."""
    user = door.made("Users", userName=f"patched-{time.monotonic()}")
    begun, before = time.monotonic(), door.resident()
    answer = door.say("PATCH", user, message)
    assert time.monotonic() - begun < SOON
    assert door.resident() - before < GROWTH
    if answer.status != 200:
        assert (answer.status, bool(answer.refusal()["scimType"])) == (400, True)
    assert b'"k1"' not in door.send("GET", user).body


def _emails(number: int) -> list[dict[str, str]]:
    return [{"value": f"e{n}@x.example", "type": "work"} for n in range(number)]


EXPENSIVE: dict[str, list[dict[str, Any]]] = {
    "one part of five hundred elements, a thousand times": [{"op": "replace", "path": "emails.display", "value": "x"}] * 1000,
    "elements taken out by name, a thousand times": [{"op": "remove", "path": "emails", "value": _emails(30)[1:]}] * 1000,
    "elements selected by 190 comparisons": [
        {"op": "replace", "path": "emails[" + " or ".join(['value co "q"'] * 189) + " or type pr].display", "value": "x"}
    ],
}


@pytest.mark.parametrize("operations", EXPENSIVE.values(), ids=EXPENSIVE.keys())
def test_what_is_allowed_is_done_in_bounded_time(anywhere: Door, operations: list[dict[str, Any]]) -> None:
    """The largest user there may be, and the largest messages about it."""
    user = anywhere.made("Users", userName=f"large-{time.monotonic()}", emails=_emails(500))
    begun = time.monotonic()
    assert anywhere.patch(user, *operations).status == 200
    assert time.monotonic() - begun < SOON


def test_members_nobody_knows_are_named_and_not_all_of_them(anywhere: Door) -> None:
    """Twenty thousand ids are looked up at once; one more is too many."""
    group, begun = anywhere.made("Groups", displayName="strangers"), time.monotonic()
    for number, says in ((20_000, "and 19990 more"), (20_001, "at most 20000")):
        members = [{"value": f"stranger-{n}"} for n in range(number)]
        answer = anywhere.patch(group, {"op": "add", "path": "members", "value": members})
        assert says in answer.refusal()["detail"]
    searched = [{"op": "remove", "path": f'members[display co "{n}"]'} for n in range(201)]
    assert "comparisons" in anywhere.patch(group, *searched).refusal()["detail"]
    assert time.monotonic() - begun < 2 * SOON


def test_of_two_equal_names_the_last_is_meant(anywhere: Door) -> None:
    """RFC 8259 section 4 leaves it open; two spellings of one attribute are two mentions of it, and the last counts as well."""
    answer = anywhere.send("POST", "/Users", b'{"userName": "first", "userName": "twice", "TITLE": "a", "title": "b"}')
    assert (answer.status, json.loads(answer.body)["userName"], json.loads(answer.body)["title"]) == (201, "twice", "b")


def test_large_numbers_are_kept_as_they_came_and_can_be_asked_for(anywhere: Door) -> None:
    """In an extension of the client's own, where a number may be anything."""
    user = anywhere.made("Users", userName="numbers", **{"urn:a:b:User": {"x": 10**300, "y": 2**63, "z": -1e300}})
    assert json.loads(anywhere.send("GET", user).body)["urn:a:b:User"] == {"x": 10**300, "y": 2**63, "z": -1e300}
    for asked in ("urn:a:b:User:x%20gt%205", "urn:a:b:User:y%20gt%205", "urn:a:b:User:z%20lt%205"):
        answer = anywhere.send("GET", f"/Users?filter={asked}")
        assert (answer.status, json.loads(answer.body)["totalResults"]) == (200, 1), asked


BULKS: dict[str, tuple[bytes, int]] = {
    "a hundred thousand operations": (b'{"method":"POST","path":"/Users"},' * 100_000 + b"{}", 413),
    "operations of every kind": (b"null, 5, [], {}", 400),
    "10 MB of blanks": (b" " * 9_900_000, 400),
    "more than 10 MB": (b" " * 10_600_000, 413),
    "lists without number": (b"[]," * 3_000_000 + b"[]", 400),
}


@pytest.mark.parametrize(("operations", "status"), BULKS.values(), ids=BULKS.keys())
def test_a_bulk_that_is_too_much_is_refused_as_a_whole(door: Door, operations: bytes, status: int) -> None:
    """RFC 7644 section 3.7.3: 413 for what is too large, before anything of it is done."""
    begun = time.monotonic()
    message = b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [' + operations + b"]}"
    answer = door.send("POST", "/Bulk", message)
    assert (answer.status, answer.refusal()["status"]) == (status, str(status))
    assert time.monotonic() - begun < SOON
