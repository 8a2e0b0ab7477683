"""Users, groups and lists over HTTP: RFC 7644 section 3, the rows of SCIM.md about resources and their answers."""

from __future__ import annotations

import pytest

from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp
from tests.scim.samples import BARBARA, ENTERPRISE, GROUP, USER, message

# --------------------------------------------------------------------------------------------------------------------- users


def test_a_created_user_comes_back_whole(idp: Idp) -> None:
    """O2, C8, section 3.3: 201, Location equal to meta.location, the full body; a GET gives the same."""
    answer = idp.send("POST", "/Users", BARBARA)
    user = said(answer)
    assert answer.status_code == 201
    assert answer.headers["Location"] == user["meta"]["location"] == f"{idp.base}/Users/{user['id']}"
    assert {name: user[name] for name in BARBARA} == BARBARA
    assert user["meta"]["version"] == 'W/"1"'
    assert said(idp.get(f"/Users/{user['id']}")) == user


def test_a_user_name_is_taken_in_any_case(idp: Idp) -> None:
    """C6: 409 uniqueness with a detail, also outside ASCII."""
    idp.made("Users", userName="JÖRG@x.example")
    refused(idp.send("POST", "/Users", {"userName": "jörg@X.example"}), 409, "uniqueness")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_case_of_ones_own_user_name_may_change(idp: Idp, method: str) -> None:
    """C7: a name is no conflict with itself; C30: it is kept as sent."""
    user = idp.made("Users", userName="jörg@x.example")
    named = {"userName": "JÖRG@x.example"}
    body = named if method == "PUT" else message({"op": "replace", "value": named})
    assert said(idp.send(method, f"/Users/{user['id']}", body))["userName"] == "JÖRG@x.example"
    assert found(idp.get("/Users", filter='userName eq "jörg@X.example"')) == ["JÖRG@x.example"]


def test_put_replaces_and_never_creates(idp: Idp) -> None:
    """Section 3.5.1, O3: what is left out is unassigned; without `active` the person stays as they are."""
    user = idp.made("Users", **{**BARBARA, "active": False})
    after = said(idp.send("PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "bjensen@example.com", "id": "other"}))
    assert {name: after[name] for name in after.keys() - {"meta"}} == {
        "schemas": [USER],
        "id": user["id"],
        "userName": "bjensen@example.com",
        "active": False,
    }
    refused(idp.send("PUT", "/Users/nobody", {"userName": "nobody"}), 404)
    refused(idp.send("PUT", f"/Users/{user['id']}", {"displayName": "B"}), 400, "invalidValue")


def test_put_of_what_get_gave_changes_nothing(idp: Idp) -> None:
    """O3: Okta reads, changes and writes back; C28: no change, no new version."""
    user = idp.made("Users", **BARBARA)
    assert said(idp.send("PUT", f"/Users/{user['id']}", user)) == user
    assert said(idp.send("PUT", f"/Users/{user['id']}", {**user, "active": False}))["active"] is False


def test_patch_answers_the_user(idp: Idp) -> None:
    """Section 3.5.2: 200 with the resource; the version moves with a change and only then (C28)."""
    user = idp.made("Users", **BARBARA)
    path = f"/Users/{user['id']}"
    change = message({"op": "Replace", "path": "active", "value": "False"})
    once, twice = said(idp.send("PATCH", path, change)), said(idp.send("PATCH", path, change))
    assert (once["active"], once["meta"]["version"]) == (False, 'W/"2"')
    assert twice == once
    refused(idp.send("PATCH", path, message({"op": "replace", "path": "shoeSize", "value": 5})), 400, "invalidPath")
    refused(idp.send("PATCH", "/Users/nobody", change), 404)
    assert said(idp.get(path)) == once


def test_a_deactivated_user_is_seen_and_a_deleted_one_is_gone(idp: Idp) -> None:
    """A fact of section A, section 3.6: 204, then 404 for everything, and the userName is free again."""
    user = idp.made("Users", userName="ann", active=False)
    assert found(idp.get("/Users", filter='userName eq "ANN" and active eq false')) == ["ann"]
    answer = idp.send("DELETE", f"/Users/{user['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    for method, body in (("GET", None), ("PUT", {"userName": "ann"}), ("DELETE", None)):
        refused(idp.send(method, f"/Users/{user['id']}", body), 404)
    assert idp.made("Users", userName="ann")["id"] != user["id"]


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 201), ("PUT", 200), ("PATCH", 200)])
def test_attributes_may_be_chosen_on_every_operation(idp: Idp, method: str, status: int) -> None:
    """C31: section 3.9."""
    user = idp.made("Users", **BARBARA)
    body = {
        "PATCH": message({"op": "replace", "path": "title", "value": "Dr"}),
        "POST": {"userName": "new"},
        "PUT": {"userName": "new"},
    }
    path = "/Users" if method == "POST" else f"/Users/{user['id']}"
    answer = idp.send(method, f"{path}?attributes=userName", body.get(method))
    assert answer.status_code == status
    assert said(answer).keys() == {"schemas", "id", "userName"}
    left = said(idp.send("GET", f"/Users/{user['id']}?excludedAttributes=meta,userName"))
    assert not left.keys() & {"meta", "userName"}
    refused(idp.send("GET", f"/Users/{user['id']}?attributes=id&excludedAttributes=meta"), 400, "invalidValue")


# -------------------------------------------------------------------------------------------------------------- lists, filters


def test_paging_is_stable_and_complete(idp: Idp) -> None:
    """C12, C13, section 3.4.2.4: the total does not depend on the page; below 1 means 1, negative means 0."""
    names = [f"user{number}" for number in range(5)]
    for name in names:
        idp.made("Users", userName=name)
    pages = [("1", "2"), ("3", "2"), ("5", "2")]
    assert [name for start, count in pages for name in found(idp.get("/Users", startIndex=start, count=count))] == names
    first = said(idp.get("/Users", startIndex="-3", count="2"))
    assert (first["totalResults"], first["startIndex"], first["itemsPerPage"]) == (5, 1, 2)
    for count in ("0", "-1"):
        assert (said(idp.get("/Users", count=count))["totalResults"], found(idp.get("/Users", count=count))) == (5, [])
    assert found(idp.get("/Users", startIndex="6")) == found(idp.get("/Users", startIndex="9" * 30)) == []
    assert len(found(idp.get("/Users", count="9" * 30))) == 5


@pytest.mark.parametrize("query", [{"startIndex": "x"}, {"count": "1.5"}, {"count": ""}, {"startIndex": "9" * 5000}])
def test_a_page_that_is_no_number_is_400(idp: Idp, query: dict[str, str]) -> None:
    """Section 3.12: invalidValue, never a failure."""
    refused(idp.get("/Users", **query), 400, "invalidValue")


LOOKUPS = [
    'userName eq "BJENSEN@example.com"',
    'externalId eq "bJensen"',
    'emails[type eq "work"].value eq "Barbara@Example.com"',
    'emails[type eq "work" and value eq "barbara@example.com"]',
    'emails eq "barbara@example.com"',
    'emails[value eq "babs@home.example"]',
    'name.familyName eq "jensen" and active eq true',
    f'{ENTERPRISE}:manager eq "26118915"',
    'manager eq "26118915" and userName sw "bj"',
    'not (userName eq "john")',
    "active pr and meta.lastModified pr and displayName eq null and name pr",
    'meta.created gt "2020-01-01T00:00:00Z" and title ne "x" and externalId pr',
]


@pytest.mark.parametrize("text", LOOKUPS)
def test_people_are_found(idp: Idp, text: str) -> None:
    """D8, D9, L1 and the interop draft's list, over HTTP and down to the database."""
    idp.made("Users", **BARBARA)
    idp.made("Users", userName="john")
    assert found(idp.get("/Users", filter=text)) == ["BJensen@Example.com"]


@pytest.mark.parametrize(
    "text", ['userName eq "%"', 'userName co "_"', 'externalId eq "BJENSEN"', 'userName eq "7f1e6d"', 'id eq "x"']
)
def test_a_lookup_that_finds_nobody_is_200(idp: Idp, text: str) -> None:
    """D1, C9: Entra's test connection; wildcards of databases are ordinary characters."""
    idp.made("Users", **BARBARA)
    answer = said(idp.get("/Users", filter=text))
    assert (answer["totalResults"], answer["Resources"]) == (0, [])


@pytest.mark.parametrize("text", ["", "nope eq 1", 'userName eq "a', "active gt true", "(" * 5000, 'userName eq "\x00"', "%"])
def test_a_filter_that_cannot_be_read_is_400(idp: Idp, text: str) -> None:
    """C10, C11."""
    refused(idp.get("/Users", filter=text), 400, "invalidFilter")


def test_a_plus_stands_for_a_blank(idp: Idp) -> None:
    """D9: Entra encodes the query as a form."""
    idp.made("Users", userName="ann lee")
    assert found(idp.send("GET", "/Users?filter=userName+eq+%22ann+lee%22")) == ["ann lee"]


# -------------------------------------------------------------------------------------------------------------------- groups


def members(idp: Idp, group_id: str) -> set[str]:
    """The ids of a group's members."""
    return {member["value"] for member in said(idp.get(f"/Groups/{group_id}")).get("members", [])}


def test_a_group_is_created_with_its_members(idp: Idp) -> None:
    """Section 3.3: 201 with members; they see the group in turn (C25)."""
    ann = idp.made("Users", userName="ann", displayName="Ann")
    group = idp.made("Groups", displayName="Staff", externalId="s1", members=[{"value": ann["id"]}])
    assert group["members"] == [{"value": ann["id"], "$ref": ann["meta"]["location"], "type": "User"}]
    reference = {"value": group["id"], "$ref": group["meta"]["location"], "display": "Staff", "type": "direct"}
    assert said(idp.get(f"/Users/{ann['id']}"))["groups"] == [reference]
    assert said(idp.get("/Users"))["Resources"][0]["groups"] == [reference]
    assert found(idp.get("/Groups", filter=f'members eq "{ann["id"]}"')) == ["Staff"]
    assert found(idp.get("/Users", filter=f'groups.value eq "{group["id"]}"')) == ["ann"]


def test_a_group_patch_answers_204_unless_attributes_are_asked(idp: Idp) -> None:
    """C23."""
    ann, bob = (idp.made("Users", userName=name) for name in ("ann", "bob"))
    group = idp.made("Groups", displayName="Staff")
    path = f"/Groups/{group['id']}"
    add = message({"op": "add", "path": "members", "value": [{"value": ann["id"]}, {"value": bob["id"]}]})
    answer = idp.send("PATCH", path, add)
    assert (answer.status_code, answer.data) == (204, b"")
    assert members(idp, group["id"]) == {ann["id"], bob["id"]}
    remove = message({"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    answer = idp.send("PATCH", f"{path}?attributes=members", remove)
    assert [member["value"] for member in said(answer)["members"]] == [bob["id"]]
    assert said(idp.send("PATCH", f"{path}?attributes=displayName", add)).keys() == {"schemas", "id", "displayName"}


def test_repeated_member_changes_are_harmless(idp: Idp) -> None:
    """C21, J1: adding twice, removing who is not in."""
    ann = idp.made("Users", userName="ann")
    group = idp.made("Groups", displayName="Staff", members=[{"value": ann["id"]}])
    path = f"/Groups/{group['id']}"
    for op in ("add", "remove", "remove"):
        assert idp.send("PATCH", path, message({"op": op, "path": "members", "value": [{"value": ann["id"]}]})).status_code == 204
    assert members(idp, group["id"]) == set()


def test_a_replaced_group_has_the_members_it_names(idp: Idp) -> None:
    """Section 3.5.1: a PUT without members leaves nobody."""
    ann, bob = (idp.made("Users", userName=name) for name in ("ann", "bob"))
    group = idp.made("Groups", displayName="Staff", members=[{"value": ann["id"]}])
    path = f"/Groups/{group['id']}"
    assert [
        m["value"] for m in said(idp.send("PUT", path, {"displayName": "S", "members": [{"value": bob["id"]}]}))["members"]
    ] == [bob["id"]]
    assert said(idp.send("PUT", path, {"displayName": "Staff"}))["members"] == []
    refused(idp.send("PUT", "/Groups/nothing", {"displayName": "N"}), 404)


def test_an_unknown_member_is_named(idp: Idp) -> None:
    """C22: 400 invalidValue naming the id, nothing applied."""
    ann = idp.made("Users", userName="ann")
    group = idp.made("Groups", displayName="Staff")
    add = message({"op": "add", "path": "members", "value": [{"value": ann["id"]}, {"value": "never-issued"}]})
    assert "never-issued" in refused(idp.send("PATCH", f"/Groups/{group['id']}", add), 400, "invalidValue")
    assert members(idp, group["id"]) == set()


def test_members_are_left_out_when_they_are_excluded(idp: Idp) -> None:
    """C14, D1: on a list and on a single group."""
    ann = idp.made("Users", userName="ann")
    group = idp.made("Groups", displayName="Staff", members=[{"value": ann["id"]}])
    assert (
        "members" not in said(idp.get("/Groups", excludedAttributes="members", filter='displayName eq "staff"'))["Resources"][0]
    )
    assert "members" not in said(idp.get(f"/Groups/{group['id']}", excludedAttributes="members"))
    assert "members" in said(idp.get("/Groups"))["Resources"][0]


def test_a_deleted_user_leaves_the_groups(idp: Idp) -> None:
    """C24; and a deleted group is gone (O5: 204)."""
    ann = idp.made("Users", userName="ann")
    group = idp.made("Groups", displayName="Staff", members=[{"value": ann["id"]}])
    idp.send("DELETE", f"/Users/{ann['id']}")
    assert members(idp, group["id"]) == set()
    assert idp.send("DELETE", f"/Groups/{group['id']}").status_code == 204
    refused(idp.get(f"/Groups/{group['id']}"), 404)


def test_a_group_name_is_taken_in_any_case(idp: Idp) -> None:
    """F3: 409 with the other group's id."""
    group = idp.made("Groups", displayName="Staff")
    assert group["id"] in refused(idp.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "STAFF"}), 409, "uniqueness")
