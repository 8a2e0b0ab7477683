"""Filters: RFC 7644 section 3.4.2.2, text -> condition."""

from __future__ import annotations

from typing import Any

import pytest
import scim2_models
from scim2_models import EnterpriseUser, ScimFilter

from connector.errors import Invalid
from connector.scim.documents import read_user
from connector.scim.filters import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse_filter
from connector.scim.matching import matches
from connector.scim.schemas import GROUP, USER
from connector.storage.conditions import And, Compare, Condition, Not, Or, Path, Present, Within
from tests.scim.samples import BARBARA, ENTERPRISE

A = Compare(Path(("username",)), "eq", "a", "string")
B = Compare(Path(("username",)), "eq", "b", "string")
C = Compare(Path(("username",)), "eq", "c", "string")
ACTIVE = Compare(Path(("active",)), "eq", True, "boolean")
WORK = Compare(Path(("type",)), "eq", "work", "string")
EMAILS = Path(("emails",), (0,))
URN = ENTERPRISE.lower()

MEANINGS: list[tuple[str, Condition]] = [
    # names and operators in any case, texts folded unless the attribute is caseExact
    ('USERNAME EQ "A"', A),
    ('userName co "Ä%_"', Compare(Path(("username",)), "co", "ä%_", "string")),
    ('id eq "Ab"', Compare(Path(("id",)), "eq", "Ab", "exact")),
    ('externalId eq "Ab"', Compare(Path(("externalid",)), "eq", "Ab", "exact")),
    ('displayName sw "Ba"', Compare(Path(("displayname",)), "sw", "ba", "string")),
    ('name.familyName ge "J"', Compare(Path(("name", "familyname")), "ge", "j", "string")),
    # and before or, not binds tightest, grouping
    ('userName eq "a" or userName eq "b" and userName eq "c"', Or((A, And((B, C))))),
    ('(userName eq "a" or userName eq "b") and userName eq "c"', And((Or((A, B)), C))),
    ('not (userName eq "a") and userName eq "b"', And((Not(A), B))),
    ('not(userName eq "a" or userName eq "b")', Not(Or((A, B)))),
    ('userName eq "a" AND userName eq "b" and userName eq "c"', And((A, B, C))),
    # JSON literals with their escapes
    (r'userName eq "\u0041"', A),
    (r'userName eq "a\"b\\c"', Compare(Path(("username",)), "eq", 'a"b\\c', "string")),
    ('userName eq ") and ("', Compare(Path(("username",)), "eq", ") and (", "string")),
    # booleans, also as Entra writes them (C18)
    ("active eq true", ACTIVE),
    ('active eq "True"', ACTIVE),
    ("active ne false", Compare(Path(("active",)), "ne", False, "boolean")),
    ('emails[primary eq "True"]', Within(EMAILS, Compare(Path(("primary",)), "eq", True, "boolean"))),
    # presence and null
    ("title pr", Present(Path(("title",)))),
    ("emails pr", Present(EMAILS)),
    ("title eq null", Not(Present(Path(("title",))))),
    ("title ne null", Present(Path(("title",)))),
    # moments compare chronologically, whatever their offset
    (
        'meta.lastModified gt "2011-05-13T06:42:34+02:00"',
        Compare(Path(("meta", "lastmodified")), "gt", "2011-05-13T04:42:34.000000Z", "datetime"),
    ),
    (
        'meta.created le "2011-05-13T04:42:34.5Z"',
        Compare(Path(("meta", "created")), "le", "2011-05-13T04:42:34.500000Z", "datetime"),
    ),
    # a complex attribute without sub-attribute means its value
    ('emails eq "X@y"', Compare(Path(("emails", "value"), (0,)), "eq", "x@y", "string")),
    ('emails.value co "@"', Compare(Path(("emails", "value"), (0,)), "co", "@", "string")),
    ('groups eq "G"', Compare(Path(("groups", "value"), (0,)), "eq", "G", "exact")),
    ('groups.value eq "G"', Compare(Path(("groups", "value"), (0,)), "eq", "G", "exact")),
    ('groups[value eq "G"]', Within(Path(("groups",), (0,)), Compare(Path(("value",)), "eq", "G", "exact"))),
    # value paths, with logic inside, and Entra's form with a sub-attribute behind (D9)
    (
        'emails[type eq "work" and not (primary eq true)]',
        Within(EMAILS, And((WORK, Not(Compare(Path(("primary",)), "eq", True, "boolean"))))),
    ),
    ('emails[type eq "Work"].value eq "X"', Within(EMAILS, And((WORK, Compare(Path(("value",)), "eq", "x", "string"))))),
    # URN names of the core schema, of the extension we know, of any other
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a"', A),
    ("URN:IETF:params:scim:schemas:core:2.0:USER:name.givenName pr", Present(Path(("name", "givenname")))),
    (f'{ENTERPRISE}:department eq "R"', Compare(Path((URN, "department")), "eq", "r", "string")),
    (f'{ENTERPRISE}:manager.value eq "M"', Compare(Path((URN, "manager", "value")), "eq", "M", "exact")),
    (f'{ENTERPRISE}:manager eq "M"', Compare(Path((URN, "manager", "value")), "eq", "M", "exact")),
    ("urn:acme:1.0:User:level eq 3", Compare(Path(("urn:acme:1.0:user", "level")), "eq", 3, "number")),
    ('urn:acme:1.0:User:Boss.Name eq "Z"', Compare(Path(("urn:acme:1.0:user", "boss", "name")), "eq", "z", "string")),
    (
        'urn:acme:1.0:User:Places[Kind eq "X"]',
        Within(Path(("urn:acme:1.0:user", "places"), (1,)), Compare(Path(("kind",)), "eq", "x", "string")),
    ),
    ("urn:acme:1.0:User:vip eq true", Compare(Path(("urn:acme:1.0:user", "vip")), "eq", True, "boolean")),
    # Entra's reference check (D8)
    (
        'id eq "x" and manager eq "M"',
        And((Compare(Path(("id",)), "eq", "x", "exact"), Compare(Path((URN, "manager", "value")), "eq", "M", "exact"))),
    ),
]


@pytest.mark.parametrize(("text", "condition"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_a_filter_means_this_condition(text: str, condition: Condition) -> None:
    """The whole grammar, one line per rule."""
    assert parse_filter(text, USER) == condition


@pytest.mark.parametrize("text", ['members eq "u"', 'members.value eq "u"', f'{GROUP.urn}:members eq "u"'])
def test_groups_are_found_by_a_member(text: str) -> None:
    """IPSIE and Entra's reference check ask which groups hold a user."""
    assert parse_filter(text, GROUP) == Compare(Path(("members", "value"), (0,)), "eq", "u", "exact")


def test_groups_are_found_by_a_member_in_a_value_path() -> None:
    """`members[value eq "u"]`: some one member satisfies all of it."""
    inside = Compare(Path(("value",)), "eq", "u", "exact")
    assert parse_filter('members[value eq "u"]', GROUP) == Within(Path(("members",), (0,)), inside)


REFUSED = [
    ("", "nothing"),
    ("userName", "no operator"),
    ("userName eq", "no value"),
    ('userName eq "a', "text not closed"),
    ("userName eq 'a'", "wrong quotes"),
    ("userName eq a", "no literal"),
    ('userName eq "a" and', "nothing after and"),
    ('userName eq "a" userName eq "b"', "nothing between"),
    ('(userName eq "a"', "parenthesis not closed"),
    ('userName eq "a")', "parenthesis not opened"),
    ('not userName eq "a"', "not without parentheses"),
    ('userName is "a"', "unknown operator"),
    ('emails[type eq "work"', "bracket not closed"),
    ('emails[emails[type eq "a"]]', "value path in a value path"),
    ('emails[userName eq "a"]', "an attribute of the user inside an element"),
    ('emails[type eq "work"].nope eq "a"', "unknown sub-attribute"),
    ('name[givenName eq "a"]', "value path on what is no list"),
    ('nope eq "a"', "unknown attribute (C11)"),
    ('name.nope eq "a"', "unknown sub-attribute"),
    ('userName.value eq "a"', "sub-attribute of a text"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:nope eq "a"', "unknown attribute of the core schema"),
    ("not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:nope pr)", "unknown attribute of the enterprise schema"),
    ('password eq "a"', "never to be guessed by searching"),
    ('groups.$ref eq "a"', "not kept"),
    ('meta.location eq "a"', "not kept"),
    ('meta eq "a"', "an object"),
    ('name eq "a"', "an object without value"),
    ('addresses eq "a"', "a list of objects without value"),
    ("userName eq 5", "a number where texts are"),
    ("userName eq true", "a boolean where texts are"),
    ('active eq "yes"', "a text that is no boolean"),
    ("active eq 1", "a number that is no boolean"),
    ("active gt true", "order of booleans (table 3)"),
    ("emails[primary le true]", "order of booleans in an element"),
    ('x509Certificates.value ge "aa"', "order of binaries (table 3)"),
    ('active co "tr"', "text operator on a boolean"),
    ('meta.created sw "2011"', "text operator on a moment"),
    ('meta.created gt "yesterday"', "no moment"),
    ('meta.created gt "0001-01-01T00:00:00+14:00"', "a moment before the calendar"),
    ("urn:acme:1.0:User:level co 3", "text operator on a number"),
    ("urn:acme:1.0:User:level eq 1e999", "infinite"),
    (f"urn:acme:1.0:User:level eq {10**40}", "a number no store keeps"),
    ("userName gt null", "order of nothing"),
    (r'userName eq "\u0000"', "NUL, which no store keeps"),
    (r'userName eq "\ud800"', "half a surrogate pair"),
    ('userName eq "a\x00"', "control character in a text"),
    ("userName eq 01", "no JSON number"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[f"{why}: {text[:40]}" for text, why in REFUSED])
def test_a_filter_that_means_nothing_is_refused(text: str, why: str) -> None:
    """Never answered as an empty list, which would make clients create duplicates, and never as everybody."""
    with pytest.raises(Invalid) as refusal:
        parse_filter(text, USER)
    assert refusal.value.code == "invalid_filter"
    assert refusal.value.expected


def test_the_refusal_names_the_unknown_attribute() -> None:
    """The administrator must see which mapping is wrong."""
    with pytest.raises(Invalid, match='"shoeSize"'):
        parse_filter('shoeSize eq "5"', USER)


def test_the_refusal_does_not_repeat_values() -> None:
    """Values name people; refusals are logged."""
    with pytest.raises(Invalid) as refusal:
        parse_filter('userName eq "a" "ann@secret.example"', USER)
    assert "secret" not in refusal.value.detail


TERM = 'userName eq "a"'
LIMITS = [
    (f'userName eq "{"a" * (MAX_LENGTH - len(TERM) + 1)}"', f'userName eq "{"a" * (MAX_LENGTH - len(TERM) + 2)}"'),
    ("(" * MAX_DEPTH + "title pr" + ")" * MAX_DEPTH, "(" * (MAX_DEPTH + 1) + "title pr" + ")" * (MAX_DEPTH + 1)),
    (" or ".join(["title pr"] * MAX_TERMS), " or ".join(["title pr"] * (MAX_TERMS + 1))),
]


@pytest.mark.parametrize(("largest", "too_large"), LIMITS, ids=["length", "depth", "terms"])
def test_filters_are_bounded(largest: str, too_large: str) -> None:
    """C10: what stands exactly at the limit is read, one more is 400."""
    parse_filter(largest, USER)
    with pytest.raises(Invalid, match=r"characters|deep|comparisons"):
        parse_filter(too_large, USER)


JOHN: dict[str, Any] = {
    "userName": "john",
    "emails": [{"value": "JOHN@example.com", "type": "Work"}],
    "active": False,
    "title": "Dr",
}
ORACLE = [
    'userName eq "JOHN"',
    'userName ne "john"',
    'userName sw "bj" or title pr',
    'emails co "EXAMPLE"',
    'emails[type eq "work" and value ew "example.com"]',
    'emails[type eq "home" and value ew "example.com"]',
    'not (emails.type eq "home")',
    'title ne "x"',
    "active eq true",
    "active eq true or active eq false",
    'externalId eq "bjensen"',
    'externalId eq "bJensen"',
    'name.familyName gt "I" and name.familyName lt "K"',
    f'{ENTERPRISE}:employeeNumber eq "701984"',
    f"{ENTERPRISE}:manager pr",
    'emails[not (type eq "work")]',
]


@pytest.mark.parametrize("text", ORACLE)
@pytest.mark.parametrize("body", [BARBARA, JOHN], ids=["Barbara", "John"])
def test_filters_agree_with_scim2_models(text: str, body: dict[str, Any]) -> None:
    """An implementation of the RFC that is not ours selects the same people."""
    user = scim2_models.User[EnterpriseUser].model_validate({**body, "schemas": [USER.urn], **_manager_reference(body)})
    expected = ScimFilter[scim2_models.User[EnterpriseUser]](text).match(user)
    assert matches(parse_filter(text, USER), read_user(body).document) is expected


def _manager_reference(body: dict[str, Any]) -> dict[str, Any]:
    """scim2-models insists on `$ref` beside a manager's value."""
    if ENTERPRISE not in body:
        return {}
    return {ENTERPRISE: {**body[ENTERPRISE], "manager": {"value": "26118915", "$ref": "../Users/26118915"}}}
