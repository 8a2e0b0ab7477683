"""The strict writer: stored text -> what is sent (RFC 7643 section 3.1, RFC 7644 sections 3.4.2 and 3.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scim2_models import Context, EnterpriseUser, Group, ListResponse, User

from connector.directory.model import GroupRef, MemberRef, StoredGroup, StoredUser
from connector.errors import Invalid
from connector.scim import schemas
from connector.scim.rendering import EVERYTHING, read_projection, render_group, render_list, render_user
from connector.scim.versions import version_of
from tests.scim.samples import BARBARA, ENTERPRISE, GROUP, NOON, USER, stored

BASE = "https://connector.example/scim/v2/c1"
ANSWER = Context.RESOURCE_QUERY_RESPONSE
REFERENCE = {"manager": {"value": "m1", "$ref": "../Users/m1"}}
DOCUMENT = {**stored({**BARBARA, ENTERPRISE: REFERENCE}), "displayName": 'Bar"bara ä'}
USER_STORED = StoredUser("u1", json.dumps(DOCUMENT), 3, NOON, NOON, (GroupRef("g1", 'Tour "Guides"'),))
GROUP_TEXT = json.dumps({"schemas": [GROUP], "id": "g1", "displayName": "Staff"})
GROUP_STORED = StoredGroup("g1", GROUP_TEXT, 1, NOON, NOON, (MemberRef("u1", "Ann \\ Ä"), MemberRef("u2", "Bob")))
META = {
    "created": "2026-11-21T12:00:00.123Z",
    "lastModified": "2026-11-21T12:00:00.123Z",
}


def shown(attributes: str | None = None, excluded: str | None = None) -> dict[str, Any]:
    """The user as sent with these parameters."""
    projection = read_projection(schemas.USER, attributes, excluded)
    found: dict[str, Any] = json.loads(render_user(USER_STORED, BASE, projection))
    return found


def test_a_user_is_sent_with_groups_and_meta() -> None:
    """C25 and RFC 7643 section 3.1; moments in UTC to the millisecond, a weak version."""
    group = {"value": "g1", "$ref": f"{BASE}/Groups/g1", "display": 'Tour "Guides"', "type": "direct"}
    meta = {"resourceType": "User", **META, "location": f"{BASE}/Users/u1", "version": version_of(USER_STORED)}
    assert shown() == {**DOCUMENT, "groups": [group], "meta": meta}


def test_a_group_is_sent_with_the_members_that_were_loaded() -> None:
    """C14: members that were not loaded are not named at all; a group that has none says so, which authentik needs."""
    members = [
        {"value": "u1", "$ref": f"{BASE}/Users/u1", "type": "User"},
        {"value": "u2", "$ref": f"{BASE}/Users/u2", "type": "User"},
    ]
    meta = {"resourceType": "Group", **META, "location": f"{BASE}/Groups/g1", "version": 'W/"1"'}
    assert json.loads(render_group(GROUP_STORED, BASE)) == {**json.loads(GROUP_TEXT), "members": members, "meta": meta}
    without = StoredGroup("g1", GROUP_TEXT, 1, NOON, NOON, None)
    assert json.loads(render_group(without, BASE)) == {**json.loads(GROUP_TEXT), "meta": meta}
    empty = StoredGroup("g1", GROUP_TEXT, 1, NOON, NOON, ())
    assert json.loads(render_group(empty, BASE))["members"] == []


def test_the_names_of_members_are_sent_on_request() -> None:
    """RFC 7643 section 7, returned "request": clients compare the members they pushed with those they get."""
    shown = render_group(GROUP_STORED, BASE, read_projection(schemas.GROUP, "members.display", None))
    assert json.loads(shown)["members"] == [{"display": "Ann \\ Ä"}, {"display": "Bob"}]


def test_scim2_models_reads_what_is_sent() -> None:
    """An implementation of the RFC that is not ours finds nothing wrong, in lists neither."""
    User[EnterpriseUser].model_validate_json(render_user(USER_STORED, BASE), scim_ctx=ANSWER)
    Group.model_validate_json(render_group(GROUP_STORED, BASE), scim_ctx=ANSWER)
    listed = render_list(7, [render_user(USER_STORED, BASE)], start_index=1)
    response = ListResponse[User[EnterpriseUser]].model_validate_json(listed, scim_ctx=ANSWER)
    assert (response.total_results, response.start_index, response.items_per_page) == (7, 1, 1)


def test_an_empty_list_is_a_list() -> None:
    """A fact of SCIM.md section A: an empty lookup is 200 with a total of 0."""
    found = json.loads(render_list(0, [], start_index=1))
    assert found["totalResults"] == 0
    assert found["Resources"] == []
    ListResponse[User[EnterpriseUser]].model_validate(found, scim_ctx=ANSWER)


PROJECTIONS: list[tuple[str | None, str | None, dict[str, Any]]] = [
    ("userName", None, {"userName": "BJensen@Example.com"}),
    ("USERNAME, externalId", None, {"userName": "BJensen@Example.com", "externalId": "bJensen"}),
    (f"{USER}:userName", None, {"userName": "BJensen@Example.com"}),
    ("name.givenName", None, {"name": {"givenName": "Barbara"}}),
    ("emails.type", None, {"emails": [{"type": "work"}, {"type": "home"}]}),
    ("groups.value", None, {"groups": [{"value": "g1"}]}),
    ("meta.version", None, {"meta": {"version": version_of(USER_STORED)}}),
    (ENTERPRISE, None, {ENTERPRISE: REFERENCE}),
    (f"{ENTERPRISE}:manager.value", None, {ENTERPRISE: {"manager": {"value": "m1"}}}),
    ("nope", None, {}),
    ("id", None, {}),
]


@pytest.mark.parametrize(("attributes", "excluded", "expected"), PROJECTIONS)
def test_only_what_is_asked_for(attributes: str | None, excluded: str | None, expected: dict[str, Any]) -> None:
    """RFC 7644 section 3.9; `id` and `schemas` are always returned."""
    assert shown(attributes, excluded) == {"schemas": [USER, ENTERPRISE], "id": "u1", **expected}


def test_what_is_excluded_is_left_out() -> None:
    """RFC 7644 section 3.9: all but these; what is always returned stays."""
    everything = shown()
    assert shown(None, "groups") == {k: v for k, v in everything.items() if k != "groups"}
    assert shown(None, "ID,schemas,nope") == everything
    left = shown(None, f"name.givenName,emails.value,meta,{ENTERPRISE},groups")
    assert left == {
        **{k: v for k, v in everything.items() if k not in ("name", "emails", "meta", ENTERPRISE, "groups")},
        "name": {"familyName": "Jensen"},
        "emails": [{"type": "work", "primary": True}, {"type": "home"}],
    }


def test_the_members_need_not_be_read_when_nobody_sees_them() -> None:
    """C14: what the endpoint asks before it calls the directory."""
    assert EVERYTHING.wants("members")
    assert read_projection(schemas.GROUP, "Members.value", None).wants("members")
    assert not read_projection(schemas.GROUP, "displayName", None).wants("members")
    assert not read_projection(schemas.GROUP, None, "MEMBERS").wants("members")
    assert read_projection(schemas.GROUP, None, "members.display").wants("members")


def test_both_parameters_at_once_are_refused() -> None:
    """RFC 7644 section 3.9: a client gives one of them."""
    with pytest.raises(Invalid) as refusal:
        read_projection(schemas.USER, "userName", "emails")
    assert refusal.value.code == "invalid_value"
