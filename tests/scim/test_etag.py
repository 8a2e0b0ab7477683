"""Versions (RFC 7644 section 3.14): the ETag of a resource, and what If-Match and If-None-Match make of a request."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.scim.answers import refused, said
from tests.scim.conftest import Idp, small_app
from tests.scim.samples import BARBARA, message
from tests.support.heard import heard
from tests.support.racing import race

RENAME = message({"op": "replace", "path": "displayName", "value": "Renamed"})
BODIES = {
    "/Users": {"PUT": {"userName": "ann", "title": "Dr"}, "PATCH": RENAME, "DELETE": None},
    "/Groups": {"PUT": {"displayName": "Staff", "externalId": "1"}, "PATCH": RENAME, "DELETE": None},
}
WRITES = [(kind, method) for kind, bodies in BODIES.items() for method in bodies]


def made(idp: Idp, kind: str) -> str:
    """The path of a new user or group."""
    names = {"userName": "ann"} if kind == "/Users" else {"displayName": "Staff"}
    return f"{kind}/{idp.made(kind[1:], **names)['id']}"


def write(idp: Idp, path: str, method: str, **headers: str) -> TestResponse:
    """Change the resource at `path` with these conditions."""
    kind = "/" + path.split("/")[1]
    return idp.send(method, path, BODIES[kind][method], headers={name.replace("_", "-"): tag for name, tag in headers.items()})


def version(idp: Idp, path: str) -> str:
    """The version that a GET tells, in its body and in its header alike."""
    answer = idp.get(path)
    told: str = said(answer)["meta"]["version"]
    assert answer.headers["ETag"] == told
    return told


# ------------------------------------------------------------------------------------------------------------------ what is told


@pytest.mark.parametrize("query", ["", "?attributes=displayName"])
@pytest.mark.parametrize("kind", ["/Users", "/Groups"])
def test_every_answer_with_one_resource_carries_its_version(idp: Idp, kind: str, query: str) -> None:
    """Section 3.14: ETag equals meta.version, also where meta is not asked for; each change has a version of its own."""
    names = {"userName": "ann"} if kind == "/Users" else {"displayName": "Staff"}
    answer = idp.send("POST", kind + query, names)
    path = f"{kind}/{said(answer)['id']}"
    seen = [answer.headers["ETag"]]
    assert answer.headers["ETag"] == version(idp, path) == idp.send("HEAD", path + query).headers["ETag"]
    for method in ("PUT", "PATCH"):
        answer = idp.send(method, path + query, BODIES[kind][method])
        seen.append(answer.headers["ETag"])
        assert answer.headers["ETag"] == version(idp, path)
        assert query or "meta" not in answer.text or said(answer)["meta"]["version"] == seen[-1]
    assert seen == ['W/"1"', 'W/"2"', 'W/"3"']


def test_a_group_patch_without_a_body_tells_the_new_version(idp: Idp) -> None:
    """Section 3.14 with 3.5.2: 204 and the ETag, so that the client need not read again; members count (C28)."""
    ann = idp.made("Users", userName="ann")
    path = made(idp, "/Groups")
    add = message({"op": "add", "path": "members", "value": [{"value": ann["id"]}]})
    for expected in ('W/"2"', 'W/"2"'):
        answer = idp.send("PATCH", path, add)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (204, b"", expected)
    assert version(idp, path) == 'W/"2"'


def test_the_groups_of_a_user_are_part_of_its_version(idp: Idp) -> None:
    """RFC 7643 section 4.1.2: `groups` is shown with the user, so who joins, leaves or is in a renamed group has a new version;
    in lists the version is the same one, whatever else is shown."""
    path = made(idp, "/Users")
    group = idp.made("Groups", displayName="Staff", members=[{"value": path.split("/")[-1]}])
    inside = version(idp, path)
    idp.send("PATCH", f"/Groups/{group['id']}", RENAME)
    renamed = version(idp, path)
    assert len({'W/"1"', inside, renamed}) == 3
    for query in ({}, {"excludedAttributes": "groups"}, {"attributes": "meta.version"}):
        assert said(idp.get("/Users", **query))["Resources"][0]["meta"]["version"] == renamed
    for method in ("PUT", "PATCH"):
        assert write(idp, path, method).headers["ETag"] == version(idp, path)
    idp.send("DELETE", f"/Groups/{group['id']}")
    assert version(idp, path) == 'W/"3"'


# ------------------------------------------------------------------------------------------------------------------ If-None-Match

KNOWN: list[tuple[str, int]] = [
    ("{tag}", 304),
    ("{strong}", 304),
    ('"x", {tag}', 304),
    ('W/"0",{strong}', 304),
    ("*", 304),
    ('W/"0"', 200),
    ('W/"{other}"', 200),
    ("not a tag", 200),
    ("", 200),
]


@pytest.mark.parametrize(("header", "status"), KNOWN, ids=[header for header, _ in KNOWN])
@pytest.mark.parametrize("kind", ["/Users", "/Groups"])
def test_who_has_this_version_is_not_sent_it_again(idp: Idp, kind: str, header: str, status: int) -> None:
    """Section 3.14, RFC 9110 section 13.1.2: 304 without a body and with the ETag; compared weakly."""
    path = made(idp, kind)
    tag = version(idp, path)
    sent = header.format(tag=tag, strong=tag.removeprefix("W/"), other=tag.strip('W/"') + "0")
    answer = idp.send("GET", path, headers={"If-None-Match": sent})
    assert (answer.status_code, answer.headers["ETag"]) == (status, tag)
    assert (answer.data == b"") == ("Content-Type" not in answer.headers) == (status == 304)


def test_a_user_whose_groups_changed_is_sent_again(idp: Idp) -> None:
    """If-None-Match compares the whole version: what the client has is no longer what would be shown."""
    path = made(idp, "/Users")
    before = version(idp, path)
    idp.made("Groups", displayName="Staff", members=[{"value": path.split("/")[-1]}])
    answer = idp.send("GET", path, headers={"If-None-Match": before})
    assert (answer.status_code, len(said(answer)["groups"])) == (200, 1)


@pytest.mark.parametrize(("kind", "method"), WRITES)
def test_a_change_may_ask_for_any_version_but_one(idp: Idp, kind: str, method: str) -> None:
    """RFC 9110 section 13.1.2: 412 when If-None-Match names the version stored; another one is no hindrance."""
    path = made(idp, kind)
    for tag in (version(idp, path), "*"):
        refused(write(idp, path, method, If_None_Match=tag), 412)
    assert version(idp, path) == 'W/"1"'
    assert write(idp, path, method, If_None_Match='W/"7"').status_code < 300


# ----------------------------------------------------------------------------------------------------------------------- If-Match

MATCHES: list[tuple[str, bool]] = [
    ("{tag}", True),
    ("{strong}", True),
    ('"x", {tag}', True),
    ("*", True),
    (" * ", True),
    ('W/"2"', False),
    ('"11"', False),
    ('"x", "y"', False),
    ("1", False),
    ('W/"', False),
    ("", False),
]


@pytest.mark.parametrize(("header", "right"), MATCHES, ids=[header for header, _ in MATCHES])
@pytest.mark.parametrize(("kind", "method"), WRITES)
def test_a_change_is_made_to_the_version_it_names_or_not_at_all(
    idp: Idp, kind: str, method: str, header: str, right: bool
) -> None:
    """Section 3.14: 412 and nothing changed. Weak and strong spellings are one; what is no tag matches nothing, since a change
    that should not have been made is worse than one that is sent again."""
    path = made(idp, kind)
    tag = version(idp, path)
    answer = write(idp, path, method, If_Match=header.format(tag=tag, strong=tag.removeprefix("W/")))
    if right:
        assert answer.status_code < 300
    else:
        refused(answer, 412)
        assert version(idp, path) == tag


def test_a_refused_change_says_what_arrived_and_what_is_stored(idp: Idp) -> None:
    """Section 3.12: a SCIM error without scimType, and a line in the provisioning log."""
    path = made(idp, "/Users")
    detail = refused(write(idp, path, "PUT", If_Match='W/"7"'), 412)
    assert 'If-Match arrived as "W/"7"".' in detail
    assert 'Expected: W/"1"' in detail
    (last,) = [item for item in heard(idp.database, idp.connection_id) if item.status == 412]
    assert last.meaning.startswith("replace user")


def test_a_user_is_not_outdated_because_a_group_changed(idp: Idp) -> None:
    """If-Match compares what the identity provider said: its push of a title has nothing to do with a group's new name."""
    path = made(idp, "/Users")
    group = idp.made("Groups", displayName="Staff", members=[{"value": path.split("/")[-1]}])
    before = version(idp, path)
    idp.send("PATCH", f"/Groups/{group['id']}", RENAME)
    assert version(idp, path) != before
    assert write(idp, path, "PUT", If_Match=before).status_code == 200
    refused(write(idp, path, "PATCH", If_Match=before), 412)


def test_what_is_not_there_is_404_whatever_version_is_asked_for(idp: Idp) -> None:
    """Section 3.14 speaks of resources that exist; a deleted one stays 404 (section 3.6)."""
    for method in ("PUT", "PATCH", "DELETE"):
        refused(write(idp, "/Users/nobody", method, If_Match="*"), 404)


def test_of_two_who_read_and_write_back_one_is_told(idp: Idp) -> None:
    """The lost update: both read the same version, both PUT at once with If-Match. One 200, one 412, on both databases."""
    user = idp.made("Users", **BARBARA)
    path = f"/Users/{user['id']}"

    def put(title: str, tag: str) -> tuple[int, Any]:
        other = Idp(small_app(idp.database).test_client(), idp.connection_id, idp.token, idp.database)
        answer = other.send("PUT", path, {**user, "title": title}, headers={"If-Match": tag})
        return answer.status_code, said(answer).get("title")

    for round_ in range(8):
        tag = version(idp, path)
        ended, _ = race([partial(put, f"a{round_}", tag), partial(put, f"b{round_}", tag)])
        assert sorted(status for status, _ in ended) == [200, 412]
        assert said(idp.get(path))["title"] == next(title for status, title in ended if status == 200)
