"""The tolerant reader: what identity providers send -> the canonical document (RFC 7643 sections 2 to 4; rows of SCIM.md)."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Context, EnterpriseUser, Group, User

from connector.errors import Invalid
from connector.scim.documents import MAX_NAME, read_group, read_user
from connector.scim.members import MAX_MEMBERS
from connector.scim.values import MAX_ELEMENTS
from tests.scim.samples import BARBARA, ENTERPRISE, GROUP, USER

CUSTOM = "urn:acme:params:scim:1.0:User"


def read(**attributes: Any) -> dict[str, Any]:
    """The canonical document of a user called ann, without the parts that every document has."""
    document = dict(read_user({"schemas": [USER], "userName": "ann", **attributes}).document)
    assert document.pop("userName") == "ann"
    del document["schemas"]
    if "active" not in attributes:
        assert document.pop("active") is True
    return document


CANONICAL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "names are spelled as in the schema",
        {"DISPLAYNAME": "A", "NAME": {"GIVENNAME": "B"}},
        {"displayName": "A", "name": {"givenName": "B"}},
    ),
    ("values are kept as sent (C30)", {"displayName": " Ä  b "}, {"displayName": " Ä  b "}),
    (
        "an e-mail is kept as sent, whatever its domain",
        {"emails": [{"value": "A.B@Corp.LOCAL"}]},
        {"emails": [{"value": "A.B@Corp.LOCAL"}]},
    ),
    ("null, empty text and empty list are unassigned (C27)", {"title": "", "nickName": None, "roles": [], "profileUrl": ""}, {}),
    ("what is empty inside is dropped, and what is left empty by it", {"name": {"givenName": None, "familyName": ""}}, {}),
    ("an element that only says its type is dropped", {"emails": [{"type": "work", "value": None, "primary": False}]}, {}),
    ("names unknown to the core schema are ignored (F1)", {"department": "R", "manager": "x", "shoeSize": 5}, {}),
    ("unknown sub-attributes are ignored", {"name": {"givenName": "A", "nick": "B"}}, {"name": {"givenName": "A"}}),
    ("what is readOnly is ignored", {"id": "x", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}]}, {}),
    ("a password is dropped at once (C29)", {"password": "secret", "PASSWORD": "secret"}, {}),
    ("booleans may be texts in any case (C18, D5)", {"active": "False"}, {"active": False}),
    ("also inside elements", {"emails": [{"value": "a", "primary": "TRUE"}]}, {"emails": [{"value": "a", "primary": True}]}),
    ("roles may be bare texts", {"roles": ["admin"]}, {"roles": [{"value": "admin"}]}),
    ("one object may stand for a list of one", {"emails": {"value": "a"}}, {"emails": [{"value": "a"}]}),
    (
        "of two primaries the first is kept, the other demoted",
        {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": False}]},
    ),
    (
        "an unknown extension is kept as it came",
        {CUSTOM: {"Level": 3, "tags": ["A"], "deep": {"x": None}}},
        {CUSTOM: {"Level": 3, "tags": ["A"], "deep": {"x": None}}},
    ),
    ("but for what is unassigned in it", {CUSTOM: {"a": "", "b": None, "c": []}}, {}),
    ("the enterprise extension is normalised", {ENTERPRISE.upper(): {"DEPARTMENT": "R"}}, {ENTERPRISE: {"department": "R"}}),
    ("its URN without data leaves nothing behind (D4)", {ENTERPRISE: {"department": None}}, {}),
    ("attributes under a vendor's http address are ignored", {"http://schemas.example/2.0/User": {"a": 1}}, {}),
]


@pytest.mark.parametrize(("attributes", "expected"), [row[1:] for row in CANONICAL], ids=[row[0] for row in CANONICAL])
def test_reading_a_user(attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    """One line per rule: what is sent beside userName, and what is kept of it."""
    assert read(**attributes) == expected


@pytest.mark.parametrize("manager", ["m1", {"value": "m1"}, [{"value": "m1"}], ["m1"], {"value": "m1", "displayName": "Boss"}])
def test_a_manager_comes_in_many_forms(manager: Any) -> None:
    """C26, D8: a bare id, an object, a list of one; displayName is readOnly."""
    assert read(**{ENTERPRISE: {"manager": manager}}) == {ENTERPRISE: {"manager": {"value": "m1"}}}


@pytest.mark.parametrize("manager", ["", None, [], {}, {"value": ""}, [""], [{"value": None}]])
def test_an_empty_manager_is_none(manager: Any) -> None:
    """C26: empty text or null clears."""
    assert read(**{ENTERPRISE: {"manager": manager}}) == {}


def test_schemas_hold_what_is_used() -> None:
    """RFC 7643 section 3: the list is computed; Entra's extra and misspelled URIs go (D3, D4)."""
    body = {"schemas": [USER, ENTERPRISE, "http://schemas.microsoft.com/x", "urn:x"], "userName": "ann", CUSTOM: {"a": 1}}
    assert read_user(body).document["schemas"] == [USER, CUSTOM]


def test_reading_a_canonical_document_again_changes_nothing() -> None:
    """So an edit that changes nothing is seen as such, order of names included."""
    once = read_user(BARBARA).document
    assert list(read_user(once).document.items()) == list(once.items())


TYPE_CONFUSED: list[tuple[str, Any, str]] = [
    ("externalId", 5, "externalId"),
    ("displayName", ["a"], "displayName"),
    ("displayName", {"a": 1}, "displayName"),
    ("name", "Ann", "name"),
    ("name", {"givenName": 1}, "name.givenName"),
    ("active", "yes", "active"),
    ("active", 1, "active"),
    ("emails", 5, "emails"),
    ("emails", [5], "emails"),
    ("emails", [{"value": {"a": 1}}], "emails.value"),
    ("emails", [{"value": "a", "primary": "maybe"}], "emails.primary"),
    ("emails", [[]] * 1 + [["x"]], "emails"),
    ("addresses", ["Main Street"], "addresses"),
    ("schemas", "urn:x", "schemas"),
    ("schemas", [5], "schemas"),
    (ENTERPRISE, "R", ENTERPRISE),
    (ENTERPRISE, {"department": 5}, f"{ENTERPRISE}:department"),
    (ENTERPRISE, {"manager": 5}, f"{ENTERPRISE}:manager"),
    (ENTERPRISE, {"manager": [{"value": "a"}, {"value": "b"}]}, f"{ENTERPRISE}:manager"),
    (CUSTOM, "R", CUSTOM),
    ("emails", [{"value": "a"}] * (MAX_ELEMENTS + 1), "emails"),
    (CUSTOM, {"tags": ["a"] * (MAX_ELEMENTS + 1)}, f"{CUSTOM}:tags"),
    ("externalId", "x" * (MAX_NAME + 1), "externalId"),
]


@pytest.mark.parametrize(
    ("attribute", "value", "named"), TYPE_CONFUSED, ids=[f"{row[2]} {str(row[1])[:30]}" for row in TYPE_CONFUSED]
)
def test_a_value_of_the_wrong_kind_is_refused(attribute: str, value: Any, named: str) -> None:
    """C5: 400 invalidValue naming the attribute and what was expected, without repeating the value."""
    with pytest.raises(Invalid) as refusal:
        read(**{attribute: value})
    assert refusal.value.code == "invalid_value"
    assert f'"{named}"' in refusal.value.detail
    assert refusal.value.expected


@pytest.mark.parametrize("user_name", [None, "", "  ", [], "x" * (MAX_NAME + 1), 5])
def test_a_user_needs_a_user_name(user_name: Any) -> None:
    """RFC 7643 section 4.1.1: required and not empty; and short enough for an index."""
    with pytest.raises(Invalid, match="userName") as refusal:
        read_user({"schemas": [USER], "userName": user_name})
    assert refusal.value.code == "invalid_value"


def test_a_message_may_leave_active_out() -> None:
    """A new person is active; in a replacement the person stays as they are."""
    said, unsaid = read_user({"userName": "a", "active": False}), read_user({"userName": "a"}, active=False)
    assert (said.active, said.says_active) == (False, True)
    assert (unsaid.active, unsaid.says_active, unsaid.document["active"]) == (False, False, False)
    assert read_user({"userName": "a"}).active is True
    assert read_user({"userName": "a", "active": ""}).says_active is False


NAMES = [
    ({"displayName": "D", "name": {"formatted": "F"}}, "D"),
    ({"name": {"formatted": "F", "givenName": "G"}}, "F"),
    ({"name": {"givenName": "G", "familyName": "H"}}, "G H"),
    ({"name": {"familyName": "H"}}, "H"),
    ({}, "ann"),
]


@pytest.mark.parametrize(("attributes", "name"), NAMES)
def test_the_name_to_show(attributes: dict[str, Any], name: str) -> None:
    """displayName, else formatted, else given and family name, else userName."""
    assert read_user({"userName": "ann", **attributes}).display_name == name


ADDRESSES = [
    ("x@y", [{"value": "a", "type": "work"}, {"value": "b", "primary": True}], "b"),
    ("x@y", [{"value": "a"}, {"value": "b", "type": "Work"}], "b"),
    ("x@y", [{"value": "a", "type": "home"}, {"value": "b"}], "a"),
    ("x@y", [{"display": "no address"}], "x@y"),
    ("x@y", [], "x@y"),
    ("x", [], None),
    ("x@y@z", [], None),
    ("x y@z", [], None),
    ("@y", [], None),
    ("x@y", [{"value": "a" * 321}], "x@y"),
]


@pytest.mark.parametrize(("user_name", "emails", "address"), ADDRESSES)
def test_the_address_of_a_person(user_name: str, emails: list[Any], address: str | None) -> None:
    """The primary e-mail, else that of type work, else the first, else a userName that is one address."""
    assert read_user({"userName": user_name, "emails": emails}).email == address


def test_the_search_document_is_folded() -> None:
    """Names in lower case; texts folded but for caseExact ones; booleans and numbers as they are."""
    body = {
        "userName": "ÄNN", "externalId": "Ab", "profileUrl": "http://A", "emails": [{"value": "A@B", "primary": True}],
        ENTERPRISE: {"manager": {"value": "M"}, "costCenter": "C"}, CUSTOM: {"Level": 3, "Tags": ["A", {"X": "Y"}]},
    }  # fmt: skip
    assert read_user(body).search == {
        "schemas": [USER, ENTERPRISE, CUSTOM],
        "username": "änn",
        "externalid": "Ab",
        "profileurl": "http://A",
        "emails": [{"value": "a@b", "primary": True}],
        "active": True,
        ENTERPRISE.lower(): {"manager": {"value": "M"}, "costcenter": "c"},
        CUSTOM.lower(): {"level": 3, "tags": ["a", {"x": "y"}]},
    }


MEMBERS: list[tuple[Any, tuple[str, ...] | None]] = [
    ([{"value": "a"}, {"value": "b", "$ref": None, "type": "User", "display": "B"}], ("a", "b")),
    ([{"value": "a"}, {"value": "a"}], ("a",)),
    ({"value": "a"}, ("a",)),
    (["a", "b"], ("a", "b")),
    ([{"Value": "a"}], ("a",)),
    ([{"value": "g", "type": "Group"}], ("g",)),
    ([], ()),
    (None, None),
]


@pytest.mark.parametrize(("members", "ids"), MEMBERS)
def test_members_of_a_group(members: Any, ids: tuple[str, ...] | None) -> None:
    """Objects, one object or bare ids, each once; an empty list says "nobody", null says nothing."""
    group, found = read_group({"schemas": [GROUP], "displayName": "Staff", "Members": members})
    assert found == ids
    assert group.document == {"schemas": [GROUP], "displayName": "Staff"}


def test_a_group_without_members_does_not_speak_of_them() -> None:
    """Entra creates groups so (D3), with a second URI of its own."""
    body = {
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "displayName": "Staff",
    }
    group, members = read_group({**body, "externalId": "Ab", "id": "mine", "meta": {"resourceType": "Group"}})
    assert members is None
    assert (group.display_name, group.external_id) == ("Staff", "Ab")
    assert group.document == {"schemas": [GROUP], "displayName": "Staff", "externalId": "Ab"}
    assert group.search == {"schemas": [GROUP], "displayname": "staff", "externalid": "Ab"}


@pytest.mark.parametrize(
    "members", [5, [5], [{}], [{"value": 5}], [{"value": ""}], [{"display": "A"}], [None], ["a" * 501], [[]]]
)
def test_a_member_needs_an_id(members: Any) -> None:
    """A member without an id is never ignored in silence: the IdP would believe it is in."""
    with pytest.raises(Invalid, match="members") as refusal:
        read_group({"displayName": "Staff", "members": members})
    assert refusal.value.code == "invalid_value"


def test_members_of_one_message_are_bounded() -> None:
    """20,000 fit into 2 MB anyway; the refusal says what to do."""
    read_group({"displayName": "Staff", "members": ["a"] * MAX_MEMBERS})
    with pytest.raises(Invalid, match="members"):
        read_group({"displayName": "Staff", "members": ["a"] * (MAX_MEMBERS + 1)})


@pytest.mark.parametrize("name", [None, "", 5])
def test_a_group_needs_a_display_name(name: Any) -> None:
    """RFC 7643 section 4.2 with erratum 5368."""
    with pytest.raises(Invalid, match="displayName"):
        read_group({"displayName": name})


def test_documents_are_valid_for_scim2_models() -> None:
    """The strict writer: an implementation that is not ours accepts what is stored."""
    document = dict(read_user({**BARBARA, ENTERPRISE: {"employeeNumber": "1", "department": "R"}, "roles": ["admin"]}).document)
    User[EnterpriseUser].model_validate(document, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    Group.model_validate(dict(read_group({"displayName": "Staff"})[0].document), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
