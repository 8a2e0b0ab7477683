"""What went wrong at others: section E of SCIM.md, as far as no test of another file holds it (test_rows.py says which does).

Each was a bug of a SCIM server that people use, found by the identity provider in front of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from connector.scim.documents import read_user
from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp
from tests.scim.samples import BARBARA, ENTERPRISE, message, pushed, stored
from tests.scim.samples import refused as refused_patch


def ids(answer: Any) -> set[str]:
    """The members an answer names."""
    return {member["value"] for member in said(answer).get("members", [])}


def test_e4_removing_several_at_once_removes_just_those(idp: Idp) -> None:
    """Indexes that shift while one after the other goes took the wrong ones (fusionauth 2834): of members and of addresses."""
    people = [idp.made("Users", userName=f"u{number}")["id"] for number in range(6)]
    group = idp.made("Groups", displayName="G", members=[{"value": one} for one in people])
    gone = [{"op": "remove", "path": f'members[value eq "{one}"]'} for one in people[:5:2]]
    assert idp.send("PATCH", f"/Groups/{group['id']}", message(*gone)).status_code == 204
    assert ids(idp.get(f"/Groups/{group['id']}")) == set(people) - set(people[:5:2])
    emails = [{"value": f"a{number}@example.com"} for number in range(5)]
    user = pushed(
        {"op": "remove", "path": "emails", "value": [emails[0], emails[3]]},
        {"op": "remove", "path": 'emails[value eq "a1@example.com"]'},
        body={"userName": "a", "emails": emails},
    )
    assert user.document["emails"] == [emails[2], emails[4]]


def test_e5_an_add_keeps_who_is_in(idp: Idp) -> None:
    """An add that replaced left every group with one member (snipe-it 19096)."""
    people = [idp.made("Users", userName=f"u{number}")["id"] for number in range(3)]
    group = idp.made("Groups", displayName="G")
    for one in people:
        added = message({"op": "add", "path": "members", "value": [{"value": one}]})
        assert idp.send("PATCH", f"/Groups/{group['id']}", added).status_code == 204
    assert ids(idp.get(f"/Groups/{group['id']}")) == set(people)


MISTAKES: list[tuple[str, str, str, Any, str]] = [
    ("a member without an id", "PATCH", "/Groups/{group}", {"op": "add", "path": "members", "value": [{"display": "A"}]}, "id"),
    ("a member nobody was", "PATCH", "/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": "x"}]}, "the id x"),
    ("members as a number", "PATCH", "/Groups/{group}", {"op": "add", "path": "members", "value": 7}, "a number"),
    ("an op of another protocol", "PATCH", "/Users/{user}", {"op": "delete", "path": "title"}, "add, remove or replace"),
    ("a path that breaks off", "PATCH", "/Users/{user}", {"op": "add", "path": "emails[type eq", "value": "a"}, "ends too early"),
    ("an unknown attribute", "PATCH", "/Users/{user}", {"op": "add", "path": "shoeSize", "value": "7"}, "shoeSize"),
    ("JSON inside a text", "PATCH", "/Users/{user}", {"op": "replace", "value": '{"title":"a"}'}, "arrived as a text"),
    ("an address as a number", "POST", "/Users", {"userName": "n", "emails": [{"value": 7}]}, "a number"),
    ("active as a word", "POST", "/Users", {"userName": "n", "active": "yes"}, "true or false"),
    ("no userName", "PUT", "/Users/{user}", {"userame": "n"}, "userName"),
]


@pytest.mark.parametrize(("method", "path", "body", "names"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_e9_a_clients_mistake_is_400_and_says_what_was_wrong(idp: Idp, method: str, path: str, body: Any, names: str) -> None:
    """Never 500, which an identity provider repeats for ever (wso2 16097): what arrived or what was expected is in the detail."""
    user, group = idp.made("Users", userName="u"), idp.made("Groups", displayName="G")
    sent = message(body) if method == "PATCH" else body
    answer = idp.send(method, path.format(user=user["id"], group=group["id"]), sent)
    assert names in refused(answer, 400, said(answer)["scimType"])


def test_e14_an_id_sent_by_a_client_is_nobodys(idp: Idp) -> None:
    """Ids are the server's: a POST with the id of another user overwrote that user (agent-bom 3540)."""
    first = idp.made("Users", userName="first")
    second = idp.made("Users", userName="second", id=first["id"])
    assert second["id"] != first["id"]
    assert said(idp.get(f"/Users/{first['id']}"))["userName"] == "first"
    assert said(idp.send("PUT", f"/Users/{second['id']}", {"userName": "third", "id": first["id"]}))["id"] == second["id"]


@pytest.mark.parametrize("nothing", ["", None])
def test_e15_clearing_everything_does_not_clear_the_user_name(nothing: str | None) -> None:
    """A person must not become nameless in passing (ssoready 206): the message is refused, and nothing of it is applied."""
    names = [name for name in stored(BARBARA) if name not in ("schemas", "id", ENTERPRISE)]
    assert refused_patch({"op": "replace", "value": dict.fromkeys(names, nothing)}) == "invalid_value"
    others = {name: nothing for name in names if name != "userName"}
    assert pushed({"op": "replace", "value": others}).user_name == BARBARA["userName"]


def test_e17_a_second_address_does_not_become_the_first() -> None:
    """Whoever signs in by the primary address would be somebody else (sim 7567)."""
    later = {"value": "later@example.com", "type": "home"}
    for body in (BARBARA, {"userName": "b", "emails": [{"value": "only@example.com"}]}):
        after = pushed({"op": "add", "path": "emails", "value": [later]}, body=body)
        assert after.email == read_user(body).email
        assert after.document["emails"] == [*stored(body)["emails"], later]


def test_e18_what_was_not_said_of_an_address_is_not_made_up() -> None:
    """No type, no primary: a client that compares would write for ever (keycloak 46561)."""
    emails = [{"value": "only@example.com"}]
    assert read_user({"userName": "b", "emails": emails}).document["emails"] == emails


def test_e19_a_user_renamed_leaves_the_name_free(idp: Idp) -> None:
    """A validator makes the user it renamed before once more, and took a 409 for a fault of the server."""
    user = idp.made("Users", userName="before", externalId="e1")
    renamed = message(
        {"op": "replace", "path": "userName", "value": "after"}, {"op": "replace", "path": "externalId", "value": "e2"}
    )
    assert idp.send("PATCH", f"/Users/{user['id']}", renamed).status_code == 200
    again = idp.made("Users", userName="before", externalId="e1")
    assert again["id"] != user["id"]
    assert found(idp.get("/Users", filter='userName eq "after" or userName eq "before"')) == ["after", "before"]
