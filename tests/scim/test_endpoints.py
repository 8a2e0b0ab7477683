"""The door: RFC 7644 over HTTP, the rows of SCIM.md about requests and answers (C1 to C14, C20 to C37, D1, D9, O1, O6)."""

from __future__ import annotations

from typing import Any

import pytest
from scim2_models import Error
from sqlalchemy import select
from werkzeug.test import TestResponse

from connector.directory import users
from connector.scim.exchange import MAX_BODY
from connector.storage.tables import ProvisioningLog
from tests.scim.conftest import Idp, new_idp
from tests.scim.samples import BARBARA, ENTERPRISE, GROUP, USER, message

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def said(answer: TestResponse) -> dict[str, Any]:
    """The JSON of an answer, which must be declared as SCIM's."""
    assert answer.content_type == "application/scim+json"
    body: dict[str, Any] = answer.get_json(force=True)
    return body


def refused(answer: TestResponse, status: int, scim_type: str | None = None) -> str:
    """Check an error body (section 3.12) and return its detail."""
    body = said(answer)
    assert answer.status_code == status, body
    assert (body["schemas"], body["status"], body.get("scimType")) == ([ERROR], str(status), scim_type)
    Error.model_validate(body)
    detail: str = body["detail"]
    return detail


def found(answer: TestResponse) -> list[str]:
    """The names in a list, in its order."""
    assert answer.status_code == 200, answer.text
    return [item.get("userName") or item.get("displayName") for item in said(answer)["Resources"]]


# ------------------------------------------------------------------------------------------------------------- the credential


@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/ServiceProviderConfig", "/nothing", "/Bulk", "/Me"])
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xff"])
def test_without_a_token_every_request_is_401(idp: Idp, path: str, authorization: str) -> None:
    """C2: with a challenge and a SCIM body, before any lookup, also for paths that do not exist."""
    for method in ("GET", "POST", "DELETE"):
        answer = idp.send(method, path, headers={"Authorization": authorization}, data=b"{broken")
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_comes_in_any_case(idp: Idp, scheme: str) -> None:
    """C2."""
    assert idp.send("GET", "/Users", headers={"Authorization": f"{scheme} {idp.token}"}).status_code == 200


def test_a_token_opens_its_own_connection_only(idp: Idp) -> None:
    """C34: with the token of another tenant a connection is no more known than one that does not exist; ids are 404."""
    other = new_idp(idp.database, "globex")
    theirs = other.made("Users", userName="ann")
    for connection_id in (other.connection_id, "nothing", "%00"):
        refused(idp.http.get(f"/scim/v2/{connection_id}/Users", headers={"Authorization": f"Bearer {idp.token}"}), 401)
    refused(idp.get(f"/Users/{theirs['id']}"), 404)
    assert found(idp.get("/Users")) == []


# ------------------------------------------------------------------------------------------------------------------ the path


@pytest.mark.parametrize("path", ["/", "/nothing", "/users", "/Users/a/b", "/Users/%00", "/Schemas/nothing", "/ResourceTypes/x"])
def test_an_unknown_path_is_404_with_a_scim_body(idp: Idp, path: str) -> None:
    """C3."""
    refused(idp.get(path), 404)


def test_outside_the_version_there_is_nothing(idp: Idp) -> None:
    """C3: still a SCIM body."""
    refused(idp.http.get("/scim/v1/x/Users"), 404)
    refused(idp.http.get("/scim/v2"), 404)


WRITES = [("/ServiceProviderConfig", "GET"), ("/Schemas", "GET"), (f"/Schemas/{USER}", "GET"), ("/ResourceTypes/User", "GET")]


@pytest.mark.parametrize(("path", "allowed"), [*WRITES, ("/Users", "GET, POST"), ("/Users/x", "GET, PUT, PATCH, DELETE")])
def test_a_wrong_method_is_405_and_says_which_are_right(idp: Idp, path: str, allowed: str) -> None:
    """C1, C3."""
    for method in {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - set(allowed.split(", ")):
        answer = idp.send(method, path)
        refused(answer, 405)
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("path", ["/Bulk", "/.search", "/Users/.search", "/Groups/.search", "/Me"])
def test_what_is_not_offered_is_501(idp: Idp, path: str) -> None:
    """RFC 7644 sections 3.4.3, 3.7, 3.11: as /ServiceProviderConfig says."""
    refused(idp.send("POST", path, {}), 501)


@pytest.mark.parametrize("path", ["/Users/", "//Users", "/Users//"])
def test_slashes_may_be_doubled_or_trail(idp: Idp, path: str) -> None:
    """C37: also before the query."""
    idp.made("Users", userName="ann")
    assert found(idp.get(path, filter='userName eq "ann"')) == ["ann"]


def test_head_answers_like_get(idp: Idp) -> None:
    """RFC 9110 section 9.3.2."""
    answer = idp.send("HEAD", "/ServiceProviderConfig")
    assert (answer.status_code, answer.data) == (200, b"")


# ------------------------------------------------------------------------------------------------------------------ the body


@pytest.mark.parametrize("content_type", ["application/scim+json", "application/json", "application/scim+json; charset=utf-8"])
def test_both_media_types_are_read(idp: Idp, content_type: str) -> None:
    """RFC 7644 section 3.8, O1."""
    assert idp.send("POST", "/Users", data=b'{"userName": "ann"}', content_type=content_type).status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", None])
def test_another_media_type_is_415(idp: Idp, content_type: str | None) -> None:
    """C3."""
    refused(idp.send("POST", "/Users", data=b'{"userName": "ann"}', content_type=content_type), 415)


def test_a_body_above_two_megabytes_is_413(idp: Idp) -> None:
    """C4: without reading it."""
    refused(idp.send("POST", "/Users", data=b" " * (MAX_BODY + 1), content_type="application/json"), 413)
    refused(idp.send("POST", "/Users", data=b" " * MAX_BODY, content_type="application/json"), 400, "invalidSyntax")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"userName": NaN}', b"\xff", b'{"a":' * 100 + b"1" + b"}" * 100])
def test_a_broken_body_is_400(idp: Idp, raw: bytes) -> None:
    """C4; the rest of the cases are in test_messages.py."""
    for method, path in (("POST", "/Users"), ("PUT", "/Users/x"), ("PATCH", "/Groups/x")):
        refused(idp.send(method, path, data=raw, content_type="application/json"), 400, "invalidSyntax")


def test_a_refusal_says_what_arrived_what_was_expected_and_what_to_do(idp: Idp) -> None:
    """C33: Okta and Entra show the detail to the administrator; it never repeats the value."""
    detail = refused(idp.send("POST", "/Users", {"userName": "ann", "displayName": {"secret": 1}}), 400, "invalidValue")
    assert '"displayName" arrived as an object. Expected: a text.' in detail
    assert "secret" not in detail


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
    assert "members" not in said(idp.send("PUT", path, {"displayName": "Staff"}))
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


# ----------------------------------------------------------------------------------------------------------------- discovery


def test_discovery_over_http(idp: Idp) -> None:
    """C1: lists, by-id reads in any case, base URL filled in; a filter is 403."""
    assert said(idp.get("/ServiceProviderConfig"))["meta"]["location"] == f"{idp.base}/ServiceProviderConfig"
    assert [item["id"] for item in said(idp.get("/Schemas"))["Resources"]] == [USER, GROUP, ENTERPRISE]
    assert said(idp.get(f"/Schemas/{ENTERPRISE.lower()}"))["id"] == ENTERPRISE
    assert [item["id"] for item in said(idp.get("/ResourceTypes", count="0"))["Resources"]] == ["User", "Group"]
    assert said(idp.get("/ResourceTypes/Group"))["endpoint"] == "/Groups"
    for path in ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ResourceTypes/User"):
        refused(idp.get(path, filter='id eq "x"'), 403)


# ----------------------------------------------------------------------------------------------------------- refusals are seen


def noted(idp: Idp) -> list[tuple[str, int]]:
    """What the provisioning log says of refused requests."""
    with idp.database.read() as tx:
        rows = tx.execute(select(ProvisioningLog.meaning, ProvisioningLog.status).order_by(ProvisioningLog.id)).all()
    return [(meaning, status) for meaning, status in rows if status >= 400]


def test_every_refusal_but_a_missed_lookup_is_in_the_provisioning_log(idp: Idp) -> None:
    """With its meaning and without the message; a 404 on GET is an answer, not a refusal; a wrong token once a minute."""
    idp.get("/Users/nobody")
    idp.get("/Users", filter="nope eq 1")
    idp.send("POST", "/Users", {"userName": ""})
    idp.send("PATCH", "/Users/nobody", message({"op": "replace", "path": "active", "value": False}))
    idp.send("PUT", "/Groups/\u00e4\u202ex", data=b"x", content_type="text/plain")
    for _ in range(3):
        idp.send("GET", "/Users", headers={"Authorization": "Bearer wrong"})
    refused_writes = [("read user", 400), ("create user", 400), ("patch user nobody", 404), ("replace group x", 415)]
    assert noted(idp) == [*refused_writes, ("sign in to SCIM", 401)]


def test_a_stranger_at_a_connection_that_does_not_exist_leaves_no_trace(idp: Idp) -> None:
    """Nobody can fill the log of an installation by inventing connections."""
    assert idp.http.get("/scim/v2/nothing-here/Users", headers={"Authorization": "Bearer x"}).status_code == 401
    assert noted(idp) == []


def test_a_failure_of_ours_is_told_by_a_reference_only(
    idp: Idp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 without details; the log has the reference and the lines of code, not the message with a person's data."""

    private = "ann@secret.example"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(private)

    monkeypatch.setattr(users, "create_user", broken)
    detail = refused(idp.send("POST", "/Users", {"userName": private}), 500)
    reference = detail.removesuffix(".").rpartition(" ")[2]
    assert reference in caplog.text
    assert "RuntimeError" in caplog.text
    assert private not in caplog.text + detail
