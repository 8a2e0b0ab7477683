"""What Okta, Entra and JumpCloud really send: rows D1 to D11, O2 to O5 and J1 of SCIM.md that live in messages.

The rows about HTTP (D1, D9, O1, O6) are in test_endpoints.py, test_resources.py and the recorded conversations: test_rows.py says
where each row is.
"""

from __future__ import annotations

from typing import Any

import pytest

from connector.directory.model import AddMembers, MemberChange, RemoveMembers, RemoveMembersWhere, ReplaceMembers
from connector.errors import Invalid
from connector.scim import schemas
from connector.scim.documents import read_user
from connector.scim.filters import parse_filter
from connector.scim.members import MAX_MEMBERS
from connector.scim.rendering import read_projection
from connector.storage.conditions import And, Compare, Not, Path, Present
from tests.scim.samples import BARBARA, ENTERPRISE, GROUP, USER, group_document, group_patched, patched, pushed, refused

STAFF = {"schemas": [GROUP], "displayName": "Staff", "externalId": "s1"}


def test_d2_entra_writes_operations_with_a_capital() -> None:
    """D2: `Add`, `Replace`, `Remove`; several parts of an element that is not there yet end in one element."""
    after = patched(
        {"op": "Replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 1"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].primary', "value": "True"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "DE"},
        {"op": "Remove", "path": "externalId"},
    )
    assert after["phoneNumbers"] == [{"type": "mobile", "value": "+49 1", "primary": True}]
    assert after["addresses"] == [{"type": "work", "country": "DE"}]
    assert "externalId" not in after


def test_d4_entra_creates_users_with_much_that_says_nothing() -> None:
    """D4: the enterprise URN without data, `roles: []`, meta, nulls, core-level names of the extension, a misspelled URN."""
    user = read_user(
        {
            "schemas": [USER, ENTERPRISE, "urn:ietf:params:scim:schemas:extention:enterprise:2.0:User"],
            "externalId": "0a21f0f2",
            "userName": "Test_User_ab6490ee",
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": "Test_User@testuser.com"}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": None},
            "roles": [],
            "department": None,
            "manager": None,
        }
    )
    assert user.document == {
        "schemas": [USER],
        "externalId": "0a21f0f2",
        "userName": "Test_User_ab6490ee",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "Test_User@testuser.com"}],
        "name": {"formatted": "givenName familyName", "familyName": "familyName"},
    }


@pytest.mark.parametrize(("text", "active"), [("False", False), ("True", True), ("false", False), ("TRUE", True)])
def test_d5_entra_writes_booleans_as_texts(text: str, active: bool) -> None:
    """D5, D11: `active: "False"` disables, in PATCH and in a new user."""
    assert pushed({"op": "Replace", "path": "active", "value": text}).active is active
    assert pushed({"op": "Replace", "value": {"active": text}}).active is active
    assert read_user({"userName": "a", "active": text}).active is active


def test_d6_entra_with_the_compliance_flag_leaves_the_path_out() -> None:
    """D6: dotted keys and URN keys in one value; both styles arrive from one tenant."""
    value = {"name.givenName": "B", f"{ENTERPRISE}:employeeNumber": "5", "active": False, 'emails[type eq "work"].value': "x@y"}
    after = patched({"op": "replace", "value": value})
    assert after["name"]["givenName"] == "B"
    assert after[ENTERPRISE]["employeeNumber"] == "5"
    assert after["active"] is False
    assert after["emails"][0] == {"value": "x@y", "type": "work", "primary": True}


MANAGERS: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    ("a bare id", {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "m2"}, {"value": "m2"}),
    ("an object", {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "m2"}}, {"value": "m2"}),
    (
        "a list of one",
        {"op": "Add", "path": "manager", "value": [{"$ref": "../m2", "value": "m2"}]},
        {"$ref": "../m2", "value": "m2"},
    ),
    ("a value path-less", {"op": "Add", "value": {f"{ENTERPRISE}:manager": "m2"}}, {"value": "m2"}),
    ("in the extension's object", {"op": "Add", "value": {ENTERPRISE: {"manager": "m2"}}}, {"value": "m2"}),
    ("cleared by an empty text", {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""}, None),
    ("cleared by null", {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": None}, None),
    ("cleared by null inside", {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": {"value": None}}, None),
    ("removed", {"op": "Remove", "path": f"{ENTERPRISE}:manager"}, None),
]


@pytest.mark.parametrize(("operation", "manager"), [row[1:] for row in MANAGERS], ids=[row[0] for row in MANAGERS])
def test_d8_entra_sets_a_manager_in_many_forms(operation: dict[str, Any], manager: dict[str, Any] | None) -> None:
    """D8, C26."""
    assert patched(operation)[ENTERPRISE].get("manager") == manager


@pytest.mark.parametrize("urn", [ENTERPRISE, ENTERPRISE.lower()])
def test_entra_writes_a_point_where_the_colon_belongs(urn: str) -> None:
    """Microsoft's inbound collection, "Update User (manager)": never a silent write under an extension nobody meant."""
    assert patched({"op": "replace", "path": f"{urn}.manager", "value": "m2"})[ENTERPRISE]["manager"] == {"value": "m2"}
    assert patched({"op": "add", "value": {f"{urn}.department": "Sales"}})[ENTERPRISE]["department"] == "Sales"
    assert patched({"op": "replace", "path": f"{USER}.title", "value": "Boss"})["title"] == "Boss"
    assert parse_filter(f'{urn}.department eq "x"', schemas.USER) == parse_filter(f'{urn}:department eq "x"', schemas.USER)


def test_entra_asks_for_changes_since_the_year_one() -> None:
    """Microsoft's inbound collection, "FullSync": the watermark of a first cycle, with seven digits, is a moment in order."""
    condition = parse_filter('meta.lastModified ge "0001-01-03T00:00:00.0000000Z"', schemas.USER)
    assert condition == Compare(Path(("meta", "lastmodified")), "ge", "0001-01-03T00:00:00.000000Z", "datetime")


@pytest.mark.parametrize(
    ("asked", "plain"),
    [
        ('emails[type eq "work"]', "emails"),
        ('emails[type eq "work"].value', "emails.value"),
        ('userName,emails[value eq "a,b"],title', "userName,emails,title"),
        ("emails[", "emails"),
    ],
)
def test_entra_asks_for_attributes_in_brackets(asked: str, plain: str) -> None:
    """Microsoft's collection, "Get user attributes": the whole attribute is shown, not nothing of it."""
    assert read_projection(schemas.USER, asked, None) == read_projection(schemas.USER, plain, None)


def test_d10_entra_sends_roles_of_app_assignments() -> None:
    """D10: `roles[primary eq "True"].value` for one assignment, an added list for several."""
    one = patched({"op": "Add", "path": 'roles[primary eq "True"].value', "value": "admin"})
    several = patched({"op": "Add", "path": "roles", "value": [{"primary": False, "type": "WindowsAzure", "value": "admin"}]})
    assert one["roles"] == [{"primary": True, "value": "admin"}]
    assert several["roles"] == [{"primary": False, "type": "WindowsAzure", "value": "admin"}]
    again = patched({"op": "Add", "path": 'roles[primary eq "True"].value', "value": "viewer"}, body={**BARBARA, **one})
    assert again["roles"] == [{"primary": True, "value": "viewer"}]


def test_o2_okta_creates_users_with_groups_and_password() -> None:
    """O2: `groups: []`, a password that is dropped, locale, externalId."""
    body = {"schemas": [USER], "userName": "a@b", "externalId": "00u1", "locale": "en-US", "groups": [], "password": "1mz050nq"}
    assert read_user({**body, "displayName": "A", "active": True}).document == {
        "schemas": [USER],
        "userName": "a@b",
        "externalId": "00u1",
        "locale": "en-US",
        "displayName": "A",
        "active": True,
    }


def test_o4_okta_patches_without_a_path() -> None:
    """O4: deactivation and the password."""
    assert pushed({"op": "replace", "value": {"active": False}}).active is False
    assert patched({"op": "replace", "value": {"password": "secret"}}) == patched({"op": "remove", "path": "title"})


def test_o4_okta_repeats_the_name_of_a_group_with_every_change() -> None:
    """O4, C20: `{"id": ..., "displayName": ...}` without a path, then the members."""
    patch = group_patched(
        {"op": "replace", "value": {"id": "g1", "displayName": "Staff"}},
        {"op": "remove", "path": 'members[value eq "u1"]'},
        {"op": "add", "path": "members", "value": [{"value": "u2", "display": "u2@x"}]},
    )
    assert group_document(patch, STAFF) == STAFF
    assert patch.members == (RemoveMembers(("u1",)), AddMembers(("u2",)))


def test_o5_okta_pushes_an_empty_group() -> None:
    """O5: `replace members []` is not an error."""
    assert group_patched({"op": "replace", "path": "members", "value": []}).members == (ReplaceMembers(()),)


def test_j1_jumpcloud_adds_members_again() -> None:
    """J1, C21: each id once; that they are in already is no matter of the message."""
    patch = group_patched({"op": "add", "path": "members", "value": [{"value": "u1"}, {"value": "u1"}]})
    assert patch.members == (AddMembers(("u1",)),)


MEMBERS: list[tuple[str, dict[str, Any], MemberChange]] = [
    ("add a list", {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]}, AddMembers(("a", "b"))),
    ("add one object", {"op": "Add", "path": "members", "value": {"value": "a"}}, AddMembers(("a",))),
    ("add a bare id", {"op": "add", "path": "MEMBERS", "value": ["a"]}, AddMembers(("a",))),
    ("add by the full name", {"op": "add", "path": f"{GROUP}:members", "value": [{"value": "a"}]}, AddMembers(("a",))),
    ("add without path", {"op": "add", "value": {"members": [{"value": "a"}]}}, AddMembers(("a",))),
    ("add nobody", {"op": "add", "path": "members", "value": []}, AddMembers(())),
    ("add a group", {"op": "add", "path": "members", "value": [{"value": "g", "type": "Group"}]}, AddMembers(("g",))),
    ("replace", {"op": "replace", "path": "members", "value": [{"value": "a"}]}, ReplaceMembers(("a",))),
    ("replace without path", {"op": "replace", "value": {"Members": [{"value": "a"}]}}, ReplaceMembers(("a",))),
    ("replace by null", {"op": "replace", "path": "members", "value": None}, ReplaceMembers(())),
    ("remove all", {"op": "remove", "path": "members"}, ReplaceMembers(())),
    ("remove beside null names nobody", {"op": "remove", "path": "members", "value": None}, RemoveMembers(())),
    ("remove one", {"op": "remove", "path": 'members[value eq "a"]'}, RemoveMembers(("a",))),
    ("remove one by its value", {"op": "remove", "path": 'members[value eq "a"].value'}, RemoveMembers(("a",))),
    ("remove several", {"op": "remove", "path": 'members[value eq "a" or VALUE EQ "B"]'}, RemoveMembers(("a", "B"))),
    (
        "remove those named (D7)",
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "a"}]},
        RemoveMembers(("a",)),
    ),
    ("remove one object named", {"op": "remove", "path": "members", "value": {"value": "a"}}, RemoveMembers(("a",))),
    ("remove nobody named", {"op": "remove", "path": "members", "value": []}, RemoveMembers(())),
    (
        "remove by a display name",
        {"op": "remove", "path": 'members[display sw "Ann"]'},
        RemoveMembersWhere(Compare(Path(("display",)), "sw", "ann", "string")),
    ),
    (
        "remove by any condition",
        {"op": "remove", "path": 'members[type eq "User" and not (value pr)]'},
        RemoveMembersWhere(And((Compare(Path(("type",)), "eq", "user", "string"), Not(Present(Path(("value",))))))),
    ),
]


@pytest.mark.parametrize(("operation", "change"), [row[1:] for row in MEMBERS], ids=[row[0] for row in MEMBERS])
def test_member_operations_are_split_off_in_every_form(operation: dict[str, Any], change: MemberChange) -> None:
    """C19, C21, D6, D7, O4, O5: by the resolved target; the group itself is not edited, so it need not be read."""
    patch = group_patched(operation)
    assert patch.members == (change,)
    assert patch.edit is None


def test_member_operations_keep_their_order() -> None:
    """RFC 7644 section 3.5.2: operations are applied in the order they appear."""
    patch = group_patched(
        {"op": "replace", "path": "members", "value": []},
        {"op": "replace", "path": "displayName", "value": "New"},
        {"op": "add", "value": {"members": [{"value": "a"}], "externalId": "s2"}},
        {"op": "remove", "path": 'members[value eq "b"]'},
    )
    assert patch.members == (ReplaceMembers(()), AddMembers(("a",)), RemoveMembers(("b",)))
    assert group_document(patch, STAFF) == {"schemas": [GROUP], "displayName": "New", "externalId": "s2"}


GROUP_REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a member without an id", {"op": "add", "path": "members", "value": [{"display": "A"}]}, "invalid_value"),
    ("a member that is a number", {"op": "add", "path": "members", "value": [5]}, "invalid_value"),
    ("a member replaced in place", {"op": "replace", "path": 'members[value eq "a"]', "value": {"value": "b"}}, "mutability"),
    ("the display of a member", {"op": "replace", "path": 'members[value eq "a"].display', "value": "B"}, "mutability"),
    ("the display of every member", {"op": "remove", "path": "members.display"}, "mutability"),
    ("another id", {"op": "replace", "value": {"id": "g2"}}, "mutability"),
    ("the required name removed", {"op": "remove", "path": "displayName"}, "mutability"),
    ("an attribute of users", {"op": "add", "path": "userName", "value": "a"}, "invalid_path"),
    ("a reference, which is not kept", {"op": "remove", "path": 'members[$ref eq "x"]'}, "invalid_filter"),
    ("an unknown name in the condition", {"op": "remove", "path": 'members[shoe eq "x"]'}, "invalid_filter"),
]


@pytest.mark.parametrize(("operation", "code"), [row[1:] for row in GROUP_REFUSED], ids=[row[0] for row in GROUP_REFUSED])
def test_a_group_patch_is_refused_at_once(operation: dict[str, Any], code: str) -> None:
    """Before any transaction is begun."""
    with pytest.raises(Invalid) as refusal:
        group_patched(operation)
    assert refusal.value.code == code


def test_members_of_all_operations_are_bounded() -> None:
    """At most 20,000 ids in one request, however they are spread."""
    half = [str(number) for number in range(MAX_MEMBERS // 2)]
    first, second = {"op": "add", "path": "members", "value": half}, {"op": "remove", "path": "members", "value": half}
    group_patched(first, second)
    with pytest.raises(Invalid, match="members"):
        group_patched(first, second, {"op": "add", "path": "members", "value": ["one more"]})


def test_a_clean_refusal_of_a_group_name_that_goes() -> None:
    """Clearing a required name in a value is 400, as it is for users."""
    patch = group_patched({"op": "replace", "value": {"displayName": ""}})
    with pytest.raises(Invalid, match="displayName"):
        group_document(patch, STAFF)
    assert refused({"op": "replace", "value": {"userName": ""}}) == "invalid_value"
