"""Bulk over HTTP (RFC 7644 section 3.7): what operations do, how they are answered, what stops them, and where the limits are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import BulkResponse, Error

from connector.cli import arrival
from connector.directory import connections, tokens, users
from connector.errors import Unavailable
from connector.scim.discovery import MAX_OPERATIONS, MAX_PAYLOAD
from connector.scim.wire import MAX_BODY
from tests.scim.answers import found, refused, said
from tests.scim.bulk import bulk, id_of, on, performed, post, statuses
from tests.scim.conftest import Idp, new_idp, small_app
from tests.scim.samples import message
from tests.support.heard import heard

INACTIVE = message({"op": "replace", "path": "active", "value": False})


def logged(idp: Idp) -> list[tuple[str, int]]:
    """The provisioning log as meanings and statuses."""
    return [(item.meaning, item.status) for item in heard(idp.database, idp.connection_id)]


# ----------------------------------------------------------------------------------------------------- what operations do


def test_every_method_does_what_a_request_of_its_own_would_do(idp: Idp) -> None:
    """Section 3.7: statuses as texts, bulkId as sent, addresses and versions as the resources have them; nothing is null."""
    ann, bob, cid = (idp.made("Users", userName=name)["id"] for name in ("ann", "bob", "cid"))
    team = idp.made("Groups", displayName="Team")["id"]
    results = performed(
        idp,
        post("new"),
        on("PUT", f"/Users/{ann}", {"userName": "ann", "title": "Engineer"}),
        on("PATCH", f"/Users/{bob}", INACTIVE, bulkId="mine"),
        on("DELETE", f"/Users/{cid}"),
        on("PATCH", f"/Groups/{team}", message({"op": "add", "path": "members", "value": [{"value": ann}]})),
    )
    assert statuses(results) == ["201", "200", "200", "204", "204"]
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE", "PATCH"]
    assert [result.get("bulkId") for result in results] == ["new", None, "mine", None, None]
    addresses = [f"Users/{id_of(results[0])}", f"Users/{ann}", f"Users/{bob}", f"Users/{cid}", f"Groups/{team}"]
    assert [result["location"] for result in results] == [f"{idp.base}/{address}" for address in addresses]
    assert [result.get("version") for result in results[:3]] == ['W/"1"', 'W/"2"', 'W/"2"']
    assert all(None not in result.values() for result in results)
    assert found(idp.get("/Users", filter="active eq true")) == ["ann", "new"]
    assert said(idp.get(f"/Users/{ann}"))["title"] == "Engineer"
    assert [member["value"] for member in said(idp.get(f"/Groups/{team}"))["members"]] == [ann]


def test_a_foreign_client_sends_a_bulk_and_reads_the_answer(idp: Idp) -> None:
    """Section 3.7.3: scim2-client sees that Bulk is offered; it wants a location of all but failed POSTs, and the errors."""
    client = WSGISCIMClient(small_app(idp.database), base_url=idp.base, headers={"Authorization": f"Bearer {idp.token}"})
    client.discover()
    sent = [post("ann"), post("twin", userName="ANN"), post("Team", "Groups", members=[{"value": "bulkId:ann"}])]
    answer = client.bulk(bulk(*sent, on("DELETE", "/Users/nobody")))
    assert isinstance(answer, BulkResponse)
    results = answer.operations or []
    assert [(result.bulk_id, result.status) for result in results] == [("ann", 201), ("twin", 409), ("Team", 201), (None, 404)]
    assert [isinstance(result.response, Error) for result in results] == [False, True, False, True]


def test_one_refusal_leaves_the_other_operations_alone(idp: Idp) -> None:
    """Section 3.7: as many changes as possible; each refusal is the error a single request would have got."""
    idp.made("Users", userName="ann")
    results = performed(
        idp, post("bob"), post("x", userName="Ann"), post("y", userName=""), on("DELETE", "/Users/z"), post("cid")
    )
    assert statuses(results) == ["201", "409", "400", "404", "201"]
    twin = refused(idp.send("POST", "/Users", {"userName": "Ann"}), 409, "uniqueness")
    assert (results[1]["response"]["scimType"], results[1]["response"]["detail"]) == ("uniqueness", twin)
    assert [result["response"]["status"] for result in results[1:4]] == ["409", "400", "404"]
    assert "location" not in results[1]
    assert results[3]["location"] == f"{idp.base}/Users/z"
    assert found(idp.get("/Users")) == ["ann", "bob", "cid"]


def test_a_repeated_bulk_makes_nothing_twice(idp: Idp) -> None:
    """A client that had no answer sends it again: what is there is told as taken."""
    sent = [post("ann"), post("Team", "Groups", members=[{"value": "bulkId:ann"}])]
    assert statuses(performed(idp, *sent)) == ["201", "201"]
    assert statuses(performed(idp, *sent)) == ["409", "409"]
    assert (found(idp.get("/Users")), found(idp.get("/Groups"))) == (["ann"], ["Team"])


def test_what_is_created_is_listed_in_the_order_of_the_request(idp: Idp) -> None:
    """Lists are oldest first, and ids are chosen in the order of the operations."""
    names = [f"user-{number:02}" for number in range(20)]
    assert statuses(performed(idp, *map(post, names))) == ["201"] * 20
    assert found(idp.get("/Users")) == names


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, ["409", "201", "409", "409", "201"]),
        (1, ["409"]),
        (2, ["409", "201", "409"]),
        (4, ["409", "201", "409", "409", "201"]),
    ],
)
def test_fail_on_errors_ends_the_bulk(idp: Idp, limit: int | None, expected: list[str]) -> None:
    """Section 3.7: so many errors are accepted, then the remaining operations fail: they are not run, and not in the answer."""
    idp.made("Users", userName="ann")
    sent = [post("a", userName="ann"), post("bob"), post("b", userName="ann"), post("c", userName="ann"), post("cid")]
    assert statuses(performed(idp, *sent, failOnErrors=limit)) == expected
    assert found(idp.get("/Users")) == ["ann", *(sent[at]["bulkId"] for at, status in enumerate(expected) if status == "201")]


def test_a_version_is_asked_for_as_by_if_match(idp: Idp) -> None:
    """Sections 3.7 and 3.14: only the version named is changed; the one told by an earlier answer is the one to name."""
    ann, bob = (idp.made("Users", userName=name) for name in ("ann", "bob"))
    results = performed(
        idp,
        on("PATCH", f"/Users/{ann['id']}", INACTIVE, version=ann["meta"]["version"]),
        on("PATCH", f"/Users/{ann['id']}", message({"op": "remove", "path": "title"}), version=ann["meta"]["version"]),
        on("DELETE", f"/Users/{bob['id']}", version='W/"7"'),
    )
    assert statuses(results) == ["200", "412", "412"]
    assert found(idp.get("/Users", filter="active eq true")) == ["bob"]


def test_parameters_and_conditions_of_the_bulk_are_not_those_of_its_operations(idp: Idp) -> None:
    """They speak of the answer as a whole, which has neither attributes nor a version."""
    ann = idp.made("Users", userName="ann")["id"]
    sent = bulk(on("PATCH", f"/Users/{ann}", INACTIVE), post("bob"))
    asked = {"attributes": "userName", "excludedAttributes": "id"}
    for condition in ({"If-Match": '"7"'}, {"If-None-Match": "*"}):
        answer = idp.send("POST", "/Bulk", sent, query_string=asked, headers=condition)
        assert statuses(said(answer)["Operations"])[0] == "200"


# ------------------------------------------------------------------------------------------------------ addresses, methods


@pytest.mark.parametrize("path", ["/Users", "Users", "//Users/", "BASE/Users"])
@pytest.mark.parametrize("method", ["POST", "post", "Post"])
def test_addresses_and_methods_are_read_tolerantly(idp: Idp, path: str, method: str) -> None:
    """Relative with or without a slash, or the whole URL; the method in any case, answered in capitals."""
    [result] = performed(idp, {**post("ann"), "path": path.replace("BASE", idp.base), "method": method})
    assert (result["method"], result["status"]) == ("POST", "201")


@pytest.mark.parametrize(
    "path", ["/Bulk", "/Me", "/Schemas", "/users", "/Users/a/b", "/", "/Users?filter=x", "https://else.example/Users"]
)
def test_what_is_no_address_of_users_and_groups_is_404(idp: Idp, path: str) -> None:
    """As the operation's error: the others run."""
    assert statuses(performed(idp, on("POST", path, {}, bulkId="x"), post("ann"))) == ["404", "201"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/Users", "POST"),
        ("DELETE", "/Groups", "POST"),
        ("POST", "/Users/x", "PUT, PATCH, DELETE"),
        ("GET", "/Groups/x", "PUT, PATCH, DELETE"),
        ("SHOUT", "/Groups/x", "PUT, PATCH, DELETE"),
    ],
)
def test_a_wrong_method_is_405_and_says_which_are_right(idp: Idp, method: str, path: str, allowed: str) -> None:
    """As the operation's error: the others run."""
    wrong, right = performed(idp, on(method, path, bulkId="x"), post("ann"))
    assert (wrong["status"], right["status"]) == ("405", "201")
    assert f"Expected: one of {allowed}." in wrong["response"]["detail"]


@pytest.mark.parametrize("data", [None, [], "text", 1])
def test_an_operation_without_an_object_as_data_is_400(idp: Idp, data: Any) -> None:
    """Section 3.7: data is required for POST, PUT and PATCH; a DELETE has none."""
    ann = idp.made("Users", userName="ann")["id"]
    sent = [on("POST", "/Users", data, bulkId="x"), on("PUT", f"/Users/{ann}", data), on("PATCH", f"/Users/{ann}", data)]
    results = performed(idp, *sent, on("DELETE", f"/Users/{ann}", data))
    assert statuses(results) == ["400", "400", "400", "204"]
    assert {result["response"]["scimType"] for result in results[:3]} == {"invalidSyntax"}


# ------------------------------------------------------------------------------------------------------------- the message


NO_COUNTS: list[tuple[Any, str]] = [
    (0, "a number below 1"),
    (-1, "a number below 1"),
    ("1", "a text"),
    (True, "a boolean"),
    (1.5, "a number"),
    ([], "an empty list"),
]
BROKEN: list[tuple[Any, str, str]] = [
    ({"Operations": [post("x")]}, "invalidSyntax", "BulkRequest"),
    ({**bulk(post("x")), "schemas": "BulkRequest"}, "invalidSyntax", "BulkRequest"),
    (bulk(), "invalidSyntax", "Operations arrived as an empty list"),
    ({**bulk(), "Operations": {}}, "invalidSyntax", "Operations arrived as an object"),
    (bulk(post("x"), "text"), "invalidSyntax", "Operations[1] arrived as a text"),
    (bulk({"path": "/Users", "bulkId": "x"}), "invalidValue", '"Operations[0].method" arrived as nothing'),
    (bulk(on(7, "/Users")), "invalidValue", '"Operations[0].method" arrived as a number'),  # type: ignore[arg-type]
    (bulk(post("x"), {"method": "DELETE"}), "invalidValue", '"Operations[1].path" arrived as nothing'),
    (bulk(on("DELETE", "")), "invalidValue", '"Operations[0].path" arrived as an empty text'),
    (bulk(on("DELETE", "/" + "x" * 1000)), "invalidValue", '"Operations[0].path" arrived as a text'),
    (bulk(on("POST", "/Users", {})), "invalidValue", '"Operations[0].bulkId" arrived as nothing'),
    (bulk(on("POST", "/Users", {}, bulkId=None)), "invalidValue", '"Operations[0].bulkId" arrived as nothing'),
    (bulk(on("DELETE", "/Users/x", bulkId=[])), "invalidValue", '"Operations[0].bulkId" arrived as an empty list'),
    (bulk(on("DELETE", "/Users/x", version=1)), "invalidValue", '"Operations[0].version" arrived as a number'),
    (bulk(post("x"), post("y"), post("x")), "invalidValue", '"Operations[2].bulkId" arrived as one that was used already'),
    *[(bulk(post("x"), failOnErrors=value), "invalidValue", f'"failOnErrors" arrived as {kind}.') for value, kind in NO_COUNTS],
]


@pytest.mark.parametrize(("sent", "scim_type", "told"), BROKEN)
def test_a_broken_message_is_400_and_nothing_of_it_runs(idp: Idp, sent: Any, scim_type: str, told: str) -> None:
    """Sections 3.7 and 3.12: the detail says where."""
    assert told in refused(idp.send("POST", "/Bulk", sent), 400, scim_type)
    assert found(idp.get("/Users")) == []


def test_names_of_the_message_are_read_in_any_case(idp: Idp) -> None:
    """RFC 7643 section 2.1."""
    operation = {"METHOD": "POST", "Path": "/Users", "BULKID": "x", "Data": {"username": "ann"}}
    answer = idp.send("POST", "/Bulk", {"SCHEMAS": bulk()["schemas"], "operations": [operation], "failonerrors": 1})
    assert statuses(said(answer)["Operations"]) == ["201"]


def test_a_bulk_id_beside_other_methods_may_repeat(idp: Idp) -> None:
    """It names nothing there; some clients number all their operations."""
    ann = idp.made("Users", userName="ann")["id"]
    results = performed(idp, post("1"), on("PATCH", f"/Users/{ann}", INACTIVE, bulkId="1"), on("DELETE", "/Users/x", bulkId="1"))
    assert [(result["bulkId"], result["status"]) for result in results] == [("1", "201"), ("1", "200"), ("1", "404")]


# -------------------------------------------------------------------------------------------------------------- the limits


def test_more_operations_than_advertised_are_413_and_none_runs(idp: Idp) -> None:
    """Section 3.7.4: the limit exceeded is told, and it is the one of /ServiceProviderConfig."""
    limit = said(idp.get("/ServiceProviderConfig"))["bulk"]["maxOperations"]
    sent = [post(f"u{number}") for number in range(limit + 1)]
    assert f"maxOperations ({limit})" in refused(idp.send("POST", "/Bulk", bulk(*sent)), 413)
    assert found(idp.get("/Users")) == []


def test_as_many_operations_as_advertised_are_run(idp: Idp) -> None:
    """Refused ones too: nothing is left out."""
    assert statuses(performed(idp, *[on("DELETE", "/Nothing/x")] * MAX_OPERATIONS)) == ["404"] * MAX_OPERATIONS


def test_a_payload_larger_than_advertised_is_413(idp: Idp) -> None:
    """Section 3.7.4: 10 MB, told by its name; up to there a Bulk is read, where another body ends at 2 MB."""
    limit = said(idp.get("/ServiceProviderConfig"))["bulk"]["maxPayloadSize"]
    assert limit == MAX_PAYLOAD == arrival.BULK
    raw = {"content_type": "application/scim+json"}
    assert f"maxPayloadSize ({limit})" in refused(idp.send("POST", "/Bulk", data=b" " * (limit + 1), **raw), 413)
    assert "2 MB" in refused(idp.send("POST", "/Users", data=b" " * (MAX_BODY + 1), **raw), 413)
    assert statuses(performed(idp, post("ann"), padding="x" * (MAX_PAYLOAD - 1000))) == ["201"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_bulk_is_sent_by_post_only(idp: Idp, method: str) -> None:
    """Section 3.7."""
    answer = idp.send(method, "/Bulk", bulk(post("ann")))
    refused(answer, 405)
    assert answer.headers["Allow"] == "POST"


# ------------------------------------------------------------------------------------------------- who may, and what is seen


def test_operations_are_in_the_provisioning_log_like_requests(idp: Idp) -> None:
    """Each by itself, with its meaning; refusals too, and the refusal of a whole Bulk."""
    results = performed(idp, post("ann"), on("DELETE", "/Users/bulkId:ann"), post("x", userName=""), on("PUT", "/Groups/x", []))
    idp.send("POST", "/Bulk", bulk())
    ann = id_of(results[0])
    done = [("create user ann", 201), (f"delete user {ann} (ann)", 204)]
    assert logged(idp) == [*done, ("create user", 400), ("replace group x", 400), ("create several at once (Bulk)", 400)]


def test_a_token_revoked_meanwhile_ends_the_bulk(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done stays done and is told; the rest is refused without being tried."""
    home = connections.organization_of(idp.database, idp.connection_id)
    [token] = tokens.list_(idp.database, home, idp.connection_id).items
    after(monkeypatch, 2, lambda: tokens.revoke(idp.database, home, idp.connection_id, token.id))
    results = performed(idp, *map(post, ("ann", "bob", "cid", "dan")))
    assert statuses(results) == ["201", "201", "401", "401"]
    assert "revoked" in results[3]["response"]["detail"]
    assert logged(idp) == [("create user ann", 201), ("create user bob", 201), ("create user", 401)]


def test_a_database_that_goes_away_ends_the_bulk(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand operations must not each wait for it; a client can see which to send again."""
    tried = after(monkeypatch, 1, away)
    results = performed(idp, *map(post, ("ann", "bob", "cid")))
    assert statuses(results) == ["201", "503", "503"]
    assert tried == ["ann", "bob"]


def test_a_bulk_that_nothing_is_done_of_is_refused_whole(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, which a client understands without reading the operations."""
    after(monkeypatch, 0, away)
    answer = idp.send("POST", "/Bulk", bulk(post("ann"), post("bob")))
    refused(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_a_failure_of_ours_is_told_by_a_reference_and_the_others_run(
    idp: Idp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 of that operation; the server's log has the reference and not what was sent."""
    after(monkeypatch, 1, lambda: 1 // 0)
    group = on("DELETE", "/Groups/x")
    results = performed(idp, post("ann"), post("bob"), group)
    assert statuses(results) == ["201", "500", "404"]
    assert results[1]["response"]["detail"].removesuffix(".").rpartition(" ")[2] in caplog.text


def test_a_bulk_reaches_nothing_of_another_connection(idp: Idp) -> None:
    """C34: ids of others are 404, as members they are unknown, and a URL of another connection is no address."""
    other = new_idp(idp.database, "globex")
    theirs = other.made("Users", userName="ann")["id"]
    sent = [on("DELETE", f"/Users/{theirs}"), on("DELETE", f"{other.base}/Users/{theirs}")]
    results = performed(idp, *sent, post("Team", "Groups", members=[{"value": theirs}]))
    assert statuses(results) == ["404", "404", "400"]
    assert found(other.get("/Users")) == ["ann"]


def away() -> None:
    """What the database says when it is not there."""
    raise Unavailable("database_unavailable", "The database cannot be reached.", retry_after=5)


def after(monkeypatch: pytest.MonkeyPatch, number: int, happening: Callable[[], Any]) -> list[str]:
    """Let something happen before every creation of a user but the first `number`; returns whose creation was tried."""
    tried: list[str] = []
    create = users.create_user

    def watched(*arguments: Any, **options: Any) -> Any:
        tried.append(arguments[2].user_name)
        if len(tried) > number:
            happening()
        return create(*arguments, **options)

    monkeypatch.setattr(users, "create_user", watched)
    return tried
