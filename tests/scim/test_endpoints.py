"""The door: RFC 7644 over HTTP, the rows of SCIM.md about credentials, addresses, bodies, discovery and refusals."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from connector.directory import log, users
from connector.errors import Unavailable
from connector.scim.wire import MAX_BODY
from connector.storage.tables import ProvisioningLog
from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp, new_idp
from tests.scim.samples import ENTERPRISE, GROUP, USER, message

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


@pytest.mark.parametrize("path", ["/nothing", "/users", "/Users/a/b", "/Users/%00", "/Schemas/nothing", "/ResourceTypes/x"])
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


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_me_is_not_offered(idp: Idp, method: str) -> None:
    """RFC 7644 section 3.11: 501, since a token stands for an identity provider and not for a person."""
    refused(idp.send(method, "/Me", {} if method != "GET" else None), 501)


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


def test_a_refusal_is_answered_also_when_it_cannot_be_recorded(
    idp: Idp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database went away in between: the identity provider hears what was wrong, the operator that a record is missing."""

    def away(*_: object, **__: object) -> None:
        raise Unavailable("database_unavailable", "The database cannot be reached.", retry_after=5)

    monkeypatch.setattr(log, "record_refusal", away)
    refused(idp.get("/Users", filter="nope eq 1"), 400, "invalidFilter")
    assert "could not be recorded" in caplog.text
    monkeypatch.setattr(log, "record_stranger", away)
    refused(idp.send("GET", "/Users", headers={"Authorization": "Bearer wrong"}), 401)
