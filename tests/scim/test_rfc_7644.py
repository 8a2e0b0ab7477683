"""Sentences of RFC 7643 and RFC 7644 that stand for themselves: no other file of this room has them as its subject."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp
from tests.scim.samples import USER, message, put

ACCEPTED = [{}, *({"Accept": types} for types in ("application/scim+json", "application/json", "*/*", "text/html, */*;q=0.1"))]


@pytest.mark.parametrize("headers", ACCEPTED, ids=str)
def test_whatever_a_client_accepts_it_is_answered_as_scim(idp: Idp, headers: dict[str, str]) -> None:
    """RFC 7644 section 3.8: application/scim+json is the default; application/json gets the same, under that name."""
    answer = idp.send("GET", "/Users", headers=headers)
    assert said(answer)["totalResults"] == 0


def test_parameters_that_nobody_knows_are_passed_over(idp: Idp) -> None:
    """RFC 7644 section 3.4.2 names those there are; Entra adds one of its own to the address."""
    user = idp.made("Users", userName="ada")
    assert said(idp.get("/Users", aadOptscim062020="", shape="round"))["Resources"] == [user]


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", f"/Schemas/{USER}"])
def test_discovery_looks_at_no_parameters(idp: Idp, path: str) -> None:
    """RFC 7644 section 4: attributes, sorting and paging are ignored there."""
    asked = {"attributes": "id", "sortBy": "id", "sortOrder": "descending", "startIndex": "2", "count": "1", "cursor": ""}
    assert said(idp.get(path, **asked)) == said(idp.get(path))


TOKENS = [(None, False), ("Basic YTpi", False), ("Bearer nobody-knows-this", True)]


@pytest.mark.parametrize(("header", "arrived"), TOKENS, ids=["nothing", "another scheme", "a wrong token"])
def test_the_challenge_says_whether_a_token_arrived(idp: Idp, header: str | None, arrived: bool) -> None:
    """RFC 6750 section 3.1: `invalid_token` for one that is not good, no error code where none was sent."""
    answer = idp.send("GET", "/Users", headers={"Authorization": header or ""})
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"' + (', error="invalid_token"' if arrived else "")


def test_a_token_in_the_address_opens_nothing(idp: Idp) -> None:
    """RFC 6750 sections 2.3 and 5.3, RFC 7644 section 7.5.2: addresses end in logs."""
    answer = idp.http.get(f"/scim/v2/{idp.connection_id}/Users", query_string={"access_token": idp.token})
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_the_server_writes_is_ignored_when_a_client_says_it(idp: Idp, method: str) -> None:
    """RFC 7644 sections 3.3 and 3.5.1: readOnly attributes SHALL be ignored; RFC 7643 section 3.1: id and meta are such."""
    group = idp.made("Groups", displayName="Crew")
    path = "/Users" if method == "POST" else f"/Users/{idp.made('Users', userName='ada')['id']}"
    meta = {"resourceType": "Group", "created": "2001-01-01T00:00:00Z", "location": "https://elsewhere.example", "version": "9"}
    body = {"schemas": [USER], "userName": "ada", "id": "7", "meta": meta, "groups": [{"value": group["id"]}]}
    user = said(idp.send(method, path, body))
    assert user["id"] != "7"
    assert "groups" not in user
    assert user["meta"].keys() >= meta.keys()
    assert not [name for name in meta if user["meta"][name] == meta[name]]
    assert said(idp.get(f"/Groups/{group['id']}"))["members"] == []


@pytest.mark.parametrize("schemas", [{}, {"schemas": []}, {"schemas": ["urn:nobody:knows:1.0:User"]}], ids=str)
def test_schemas_are_told_whatever_a_client_said_of_them(idp: Idp, schemas: dict[str, Any]) -> None:
    """RFC 7643 section 3: every representation has them. Of what arrives they are not demanded: the address says what it is."""
    assert idp.made("Users", userName="ada", **schemas)["schemas"] == [USER]


def test_an_external_id_is_compared_with_case(idp: Idp) -> None:
    """RFC 7643 section 3.1: caseExact, in the filter and in what counts as taken."""
    for name, external in (("ada", "X"), ("bob", "x")):
        idp.made("Users", userName=name, externalId=external)
    assert found(idp.get("/Users", filter='externalId eq "x"')) == ["bob"]
    refused(idp.send("POST", "/Users", {"userName": "cem", "externalId": "X"}), 409, "uniqueness")


def test_user_names_are_compared_composed_and_without_case(idp: Idp) -> None:
    """RFC 7644 section 5: one name in two spellings of Unicode is one name. Widths are not mapped: they stay two."""
    idp.made("Users", userName="E\u0301ve")
    refused(idp.send("POST", "/Users", {"userName": "\u00e9VE"}), 409, "uniqueness")
    assert found(idp.get("/Users", filter='userName eq "\u00c9ve"')) == ["E\u0301ve"]
    idp.made("Users", userName="\uff45ve")
    idp.made("Users", userName="eve")


def test_a_patch_that_leaves_all_as_it_is_leaves_the_time_too(idp: Idp) -> None:
    """RFC 7644 section 3.5.2.1: if the value is there already, the time of the last change does not move."""
    user = idp.made("Users", userName="ada", title="Dr")
    assert said(idp.send("PATCH", f"/Users/{user['id']}", message(put("title", "Dr"))))["meta"] == user["meta"]
    moved = said(idp.send("PATCH", f"/Users/{user['id']}", message(put("title", "Prof"))))["meta"]
    assert moved["version"] != user["meta"]["version"]
    assert moved["created"] == user["meta"]["created"]
    assert moved["lastModified"] >= user["meta"]["lastModified"]


@pytest.mark.parametrize("path", ["", "/"])
def test_a_query_of_the_base_address_is_one_over_all_kinds(idp: Idp, path: str) -> None:
    """RFC 7644 section 3.4.2.1: as POST to /.search, which test_search.py holds; nothing else can be done there."""
    made = [idp.made("Users", userName="ada"), idp.made("Groups", displayName="Crew"), idp.made("Users", userName="bob")]
    assert said(idp.get(path))["Resources"] == made
    assert found(idp.get(path, filter='userName eq "ada" or displayName pr', sortBy="displayName")) == ["Crew", "ada"]
    answer = idp.send("POST", path, {"userName": "cem"})
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET"
