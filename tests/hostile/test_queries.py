"""Addresses, filters and paging that should not be sent: refused with the right kind of error, or answered, on both databases."""

from __future__ import annotations

import json
import random
import time
from urllib.parse import quote

import pytest

from connector.scim.filters import MAX_DEPTH, MAX_LENGTH, MAX_LISTS, MAX_TERMS
from tests.hostile.conftest import Door

SOON = 8.0

REFUSED = {
    "nothing": "",
    "an attribute alone": "userName",
    "an attribute nobody has": 'nobody eq "x"',
    "an operator nobody knows": 'userName like "x"',
    "no value": "userName eq",
    "a value without quotes": "userName eq ann",
    "a text without end": 'userName eq "ann',
    "a parenthesis too many": '(userName eq "x"))',
    "a parenthesis too few": '((userName eq "x")',
    "brackets inside brackets": "urn:a:b:User:x[" + "y[" * 30 + "z pr" + "]" * 31,
    "NUL": 'userName eq "\x00"',
    "NUL in escapes": r'userName eq "\u0000"',
    "half a surrogate pair": r'userName eq "\ud800"',
    "a number beyond any": "urn:a:b:User:x eq 1e999",
    "a number of 4,000 digits": "urn:a:b:User:x eq " + "9" * 4000,
    "NaN": "urn:a:b:User:x eq NaN",
    "no moment": 'meta.created gt "yesterday"',
    "a moment before time": 'meta.created gt "0001-01-01T00:00:00+14:00"',
    "a part of a moment": 'meta.created co "2026"',
    "order of booleans": "active gt true",
    "a list": 'userName eq ["x"]',
    "a password": 'password eq "x"',
    "one level too deep": "(" * (MAX_DEPTH + 1) + "title pr" + ")" * (MAX_DEPTH + 1),
    "four hundred levels": "not(" * 400 + "title pr" + ")" * 400,
    "one comparison too many": " or ".join(["title pr"] * (MAX_TERMS + 1)),
    "one list too many": " or ".join(["groups.display pr"] * (MAX_LISTS + 1)),
    "one list of an unknown extension too many": " or ".join(["urn:a:b:c:x.y pr"] * (MAX_LISTS + 1)),
    "one character too many": 'userName eq "' + "x" * (MAX_LENGTH - 13) + '"',
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_filter_that_makes_no_sense_or_is_too_much_is_400(anywhere: Door, text: str) -> None:
    """C10, C11: `invalidFilter`, and never an empty answer, which would make a client create everybody anew."""
    begun = time.monotonic()
    assert anywhere.send("GET", "/Users?filter=" + quote(text)).refusal()["scimType"] == "invalidFilter"
    assert time.monotonic() - begun < SOON


DEEP = "(" * MAX_DEPTH
ALLOWED = {
    "the deepest": DEEP + "title pr" + ")" * MAX_DEPTH,
    "the deepest, negated": "not(" * MAX_DEPTH + "title pr" + ")" * MAX_DEPTH,
    "the most comparisons": " or ".join(["title pr"] * MAX_TERMS),
    "the most negations": " and ".join(["not(title pr)"] * MAX_TERMS),
    "the most lists": " or ".join(["roles[value pr]"] * MAX_LISTS),
    "lists of memberships": " and ".join(["groups.display pr"] * MAX_LISTS),
    "lists of an unknown extension": " or ".join(["urn:a:b:c:x.y pr"] * MAX_LISTS),
    "the deepest list": "(" * 31 + "emails[" + "value pr" + "]" + ")" * 31,
    "the longest text": 'userName eq "' + "x" * (MAX_LENGTH - 14) + '"',
    "a text of escapes": 'userName eq "' + r"\u00e9" * 600 + '"',
    "quotes and backslashes": r'userName eq "\"\\\/\b\f\n\r\t'
    + "' or 1=1; drop table directory_user --"
    + '" or urn:a:b:User:x eq "$[*].\\"x"',
    "the largest number": "urn:a:b:User:x lt 9007199254740992",
    "the last moment": 'meta.created lt "9999-12-31T23:59:59.999999Z"',
    "the first moment": 'meta.created gt "0001-01-01T00:00:00Z"',
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_the_largest_filter_that_is_allowed_is_answered(anywhere: Door, path: str, text: str) -> None:
    """Or refused because a group has no such attribute; never a failure of a database's own limits."""
    begun = time.monotonic()
    answer = anywhere.send("GET", f"{path}?filter={quote(text)}")
    if answer.status != 200:
        assert (path, answer.refusal()["scimType"]) == ("/Groups", "invalidFilter")
    assert time.monotonic() - begun < SOON


def test_many_long_filters_do_not_fill_the_memory(door: Door) -> None:
    """No two alike, so that nothing that is kept of one could serve the next."""
    names = ["title", "nickName", "locale", "timezone", "userType", "profileUrl", "displayName"]
    door.send("GET", "/Users?filter=" + quote(" or ".join(["title pr"] * MAX_TERMS)))
    before, chance = door.resident(), random.Random(1)
    for _ in range(20):
        text = " or ".join(f'{chance.choice(names)} {chance.choice(["eq", "ne"])} "a"' for _ in range(150))
        assert door.send("GET", "/Users?filter=" + quote(text)).status == 200
    assert door.resident() - before < 48 * 1024 * 1024


@pytest.mark.parametrize("name", ["100%", "a_b", r"a\b", "it's", 'say "x"', "%", "_", "*", "[a-z]", "ſ", "İ"])
def test_every_character_of_a_text_means_itself(anywhere: Door, name: str) -> None:
    """C9: `%` and `_` find what they say, and nothing else."""
    user = anywhere.made("Users", userName=f"means {name}", nickName=f"{name} means {name}")
    for operator, right in (("eq", f"{name} means {name}"), ("co", name), ("sw", name), ("ew", name)):
        for asked, found in ((right, 1), (f"{right}?", 0), (f"_{right[1:]}x", 0)):
            text = f"nickName {operator} {json.dumps(asked)} and userName eq {json.dumps('means ' + name)}"
            assert json.loads(anywhere.send("GET", "/Users?filter=" + quote(text)).body)["totalResults"] == found, text
    assert anywhere.send("DELETE", user).status == 204


NUMBERS = {"5,000 digits": "9" * 5000, "a word": "ten", "a fraction": "1.5", "a list": "[1]", "NUL": "%00", "nothing": ""}


@pytest.mark.parametrize("parameter", ["startIndex", "count"])
@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS.keys())
def test_a_page_that_is_no_number_is_400(door: Door, parameter: str, value: str) -> None:
    """Whatever else it is."""
    assert door.send("GET", f"/Users?{parameter}={value}").refusal()["status"] == "400"


@pytest.mark.parametrize("value", ["-1", "0", "2147483648", "9223372036854775808", "-" + "9" * 400, "9" * 400])
def test_a_page_out_of_range_is_brought_into_it(anywhere: Door, value: str) -> None:
    """RFC 7644 section 3.4.2.4, also beyond what databases can count."""
    for path in ("/Users", "/Groups"):
        for parameter in ("startIndex", "count"):
            assert anywhere.send("GET", f"{path}?{parameter}={value}").status == 200


IDS = ["%00", "%ff", "%ed%a0%80", "..", "%2e%2e%2f", "x" * 4000, "'%20or%201=1", "%0d%0aSet-Cookie:%20a=b", "%C4%B0", "$", "%25s"]


@pytest.mark.parametrize("identity", IDS)
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Schemas", "/ResourceTypes", "/Nobody"])
def test_an_id_that_cannot_be_one_is_404(anywhere: Door, path: str, identity: str) -> None:
    """For every method; the answer repeats it harmlessly, or not at all."""
    for method in ("GET", "DELETE"):
        answer = anywhere.send(method, f"{path}/{identity}")
        assert answer.refusal()["status"] in ("404", "405")
        assert "set-cookie" not in answer.headers


ATTRIBUTES = ["%00", "%ff", "," * 4000, "x" * 4000, "urn:" * 1000, "emails[", "members" + ".value" * 500, "$ref", "password"]


@pytest.mark.parametrize("names", ATTRIBUTES, ids=range(len(ATTRIBUTES)))
@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
def test_attributes_nobody_knows_show_nothing_and_break_nothing(anywhere: Door, parameter: str, names: str) -> None:
    """RFC 7644 section 3.9: what is not there is not shown."""
    anywhere.made("Users", userName=f"shown {parameter} {time.monotonic()}")
    for path in ("/Users", "/Groups"):
        answer = anywhere.send("GET", f"{path}?{parameter}={names}&count=1")
        assert answer.status in (200, 400)
        assert b"password" not in answer.body
