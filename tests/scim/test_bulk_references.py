"""References inside a Bulk (RFC 7644 sections 3.7.1 and 3.7.2): in any order, in circles, in every form a client may write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.scim.bulk_message import BulkOperation
from connector.scim.bulk_references import in_order, references, resolved
from tests.scim.answers import found, said
from tests.scim.bulk import Sent, id_of, on, performed, post, statuses
from tests.scim.conftest import Idp
from tests.scim.samples import ENTERPRISE, message
from tests.support.heard import heard


def members(idp: Idp, group: str) -> list[str]:
    """Who is in a group, by name."""
    people = {user["id"]: user["userName"] for user in said(idp.get("/Users"))["Resources"]}
    return sorted(people[member["value"]] for member in said(idp.get(f"/Groups/{group}")).get("members", []))


def manager(idp: Idp, user: str) -> str:
    """The id of somebody's manager."""
    found: str = said(idp.get(f"/Users/{user}"))[ENTERPRISE]["manager"]["value"]
    return found


def group(name: str, *named: str) -> Sent:
    """The operation that creates a group with members by their bulkIds."""
    return post(name, "Groups", members=[{"value": f"bulkId:{each}"} for each in named])


def employee(name: str, boss: Any) -> Sent:
    """The operation that creates a user with a manager."""
    said: dict[str, Any] = {ENTERPRISE: {"manager": boss}}
    return post(name, **said)


# --------------------------------------------------------------------------------------------------------- in what order


@pytest.mark.parametrize("turned", [False, True], ids=["backwards", "forwards"])
def test_a_group_refers_to_people_of_the_same_bulk(idp: Idp, turned: bool) -> None:
    """C32, the example of section 3.7.2; the answers stand in the order of the request either way."""
    sent = [post("ann"), post("bob"), group("Team", "ann", "bob")]
    results = performed(idp, *(reversed(sent) if turned else sent))
    assert statuses(results) == ["201"] * 3
    assert [result["bulkId"] for result in results] == (["Team", "bob", "ann"] if turned else ["ann", "bob", "Team"])
    assert members(idp, id_of(next(result for result in results if result["bulkId"] == "Team"))) == ["ann", "bob"]


def test_people_may_be_each_others_managers(idp: Idp) -> None:
    """Section 3.7.1: a circle, and somebody who is their own manager."""
    results = performed(
        idp, employee("ann", {"value": "bulkId:bob"}), employee("bob", "bulkId:ann"), employee("cid", "bulkId:cid")
    )
    ann, bob, cid = map(id_of, results)
    assert [manager(idp, user) for user in (ann, bob, cid)] == [bob, ann, cid]


def test_groups_may_name_each_other(idp: Idp) -> None:
    """The example of section 3.7.1: both are made. Groups are passed over as members, which the log says; people are not."""
    results = performed(idp, group("A", "B", "ann"), group("B", "A"), group("C", "C"), post("ann"))
    assert statuses(results) == ["201"] * 4
    assert [members(idp, id_of(result)) for result in results[:3]] == [["ann"], [], []]
    passed = [item.arrived for item in heard(idp.database, idp.connection_id) if "group" in item.meaning]
    assert passed == ["passed over: 0 deleted people, 1 groups"] * 3


def test_circles_of_people_do_not_hold_up_their_group(idp: Idp) -> None:
    """The group waits for all of them, wherever it stands."""
    results = performed(idp, group("Team", "ann", "bob"), employee("ann", "bulkId:bob"), employee("bob", "bulkId:ann"))
    assert statuses(results) == ["201"] * 3
    assert members(idp, id_of(results[0])) == ["ann", "bob"]


def test_what_waits_does_not_change_what_the_others_do(idp: Idp) -> None:
    """Section 3.7: the same result as in the order received. The old Ann goes before the new one comes."""
    old = idp.made("Users", userName="ann")["id"]
    results = performed(idp, group("Team", "new"), on("DELETE", f"/Users/{old}"), post("new", userName="Ann"))
    assert statuses(results) == ["201", "204", "201"]
    assert members(idp, id_of(results[0])) == ["Ann"]


def test_a_new_resource_is_changed_by_later_operations(idp: Idp) -> None:
    """References in addresses, in the order of the request: the last operation wins."""
    change = on("PATCH", "/Users/bulkId:ann", message({"op": "add", "path": "title", "value": "Engineer"}))
    results = performed(idp, change, post("ann"), on("PUT", f"{idp.base}/Users/bulkId:ann", {"userName": "anna"}))
    assert statuses(results) == ["200", "201", "200"]
    assert len({result["location"] for result in results}) == 1
    assert said(idp.get(f"/Users/{id_of(results[1])}")).get("title") is None
    assert found(idp.get("/Users")) == ["anna"]


# ------------------------------------------------------------------------------------------------------- what cannot be resolved


@pytest.mark.parametrize(
    "sent",
    [
        group("Team", "nobody"),
        employee("bob", "bulkId:nobody"),
        on("DELETE", "/Users/bulkId:nobody"),
        on("PUT", "/Groups/x", {"displayName": "x", "members": [{"value": "bulkId:nobody"}]}),
        on("PATCH", "/Groups/x", message({"op": "remove", "path": 'members[value eq "bulkId:nobody"]'})),
    ],
)
def test_a_reference_to_nothing_is_409_and_named(idp: Idp, sent: Sent) -> None:
    """Section 3.7.1: that operation alone."""
    wrong, right = performed(idp, sent, post("ann"))
    assert (wrong["status"], right["status"]) == ("409", "201")
    assert '"bulkId:nobody"' in wrong["response"]["detail"]
    assert "scimType" not in wrong["response"]


def test_what_refers_to_a_failed_creation_fails_too_and_so_on(idp: Idp) -> None:
    """409 names the creation at fault, the one next to it; whoever refers to neither is untouched."""
    sent = [post("ann", userName=""), employee("bob", "bulkId:ann"), group("Team", "bob"), group("Other", "cid"), post("cid")]
    results = performed(idp, *sent, on("DELETE", "/Groups/bulkId:Team"))
    assert statuses(results) == ["400", "409", "409", "201", "201", "409"]
    named = [results[at]["response"]["detail"].partition('"bulkId:')[2].partition('"')[0] for at in (1, 2, 5)]
    assert named == ["ann", "bob", "Team"]
    assert (found(idp.get("/Users")), found(idp.get("/Groups"))) == (["cid"], ["Other"])


def test_a_bulk_id_beside_another_method_is_nothing_to_refer_to(idp: Idp) -> None:
    """It is the name of what a POST creates (section 3.7)."""
    ann = idp.made("Users", userName="ann")["id"]
    results = performed(idp, on("PUT", f"/Users/{ann}", {"userName": "ann"}, bulkId="x"), group("Team", "x"))
    assert statuses(results) == ["200", "409"]


# ------------------------------------------------------------------------------------------------------------ in which form


BOSS = f"{ENTERPRISE}:manager"
MANAGERS = [
    on("POST", "/Users", {"userName": "bob", ENTERPRISE: {"manager": "bulkId:ann"}}, bulkId="bob"),
    on("POST", "/Users", {"userName": "bob", ENTERPRISE: {"manager": {"value": "bulkId:ann"}}}, bulkId="bob"),
    on("POST", "/Users", {"userName": "bob", ENTERPRISE: {"manager": [{"value": "bulkId:ann"}]}}, bulkId="bob"),
    on("PUT", "/Users/BOB", {"userName": "bob", ENTERPRISE: {"manager": {"value": "bulkId:ann"}}}),
    on("PATCH", "/Users/BOB", message({"op": "add", "path": BOSS, "value": "bulkId:ann"})),
    on("PATCH", "/Users/BOB", message({"op": "add", "path": BOSS, "value": {"value": "bulkId:ann"}})),
    on("PATCH", "/Users/BOB", message({"op": "replace", "path": f"{BOSS}.value", "value": "bulkId:ann"})),
    on("PATCH", "/Users/BOB", message({"op": "replace", "value": {BOSS: "bulkId:ann"}})),
    on("PATCH", "/Users/BOB", message({"op": "replace", "value": {ENTERPRISE: {"manager": {"value": "bulkId:ann"}}}})),
]


@pytest.mark.parametrize("sent", MANAGERS)
def test_a_manager_is_named_in_every_form(idp: Idp, sent: Sent) -> None:
    """C26, C32: as the forms of a request of its own."""
    bob = "" if sent["method"] == "POST" else idp.made("Users", userName="bob")["id"]
    first, second = performed(idp, {**sent, "path": sent["path"].replace("BOB", bob)}, post("ann"))
    assert manager(idp, id_of(first)) == id_of(second)


MEMBERS = [
    on("PUT", "/Groups/TEAM", {"displayName": "Team", "members": [{"value": "bulkId:ann", "$ref": "../Users/bulkId:ann"}]}),
    on("PUT", "/Groups/TEAM", {"displayName": "Team", "members": ["bulkId:ann"]}),
    on("PUT", "/Groups/TEAM", {"displayName": "Team", "members": {"value": "bulkId:ann"}}),
    on("PATCH", "/Groups/TEAM", message({"op": "add", "path": "members", "value": [{"value": "bulkId:ann"}]})),
    on("PATCH", "/Groups/TEAM", message({"op": "add", "path": "members", "value": {"value": "bulkId:ann"}})),
    on("PATCH", "/Groups/TEAM", message({"op": "add", "value": {"members": [{"value": "bulkId:ann"}]}})),
    on("PATCH", "/Groups/TEAM", message({"op": "replace", "path": "members", "value": ["bulkId:ann"]})),
]


@pytest.mark.parametrize("sent", MEMBERS)
def test_a_member_is_named_in_every_form(idp: Idp, sent: Sent) -> None:
    """C32: as the forms of a request of its own."""
    team = idp.made("Groups", displayName="Team")["id"]
    performed(idp, {**sent, "path": sent["path"].replace("TEAM", team)}, post("ann"))
    assert members(idp, team) == ["ann"]


def test_a_member_is_named_in_the_filter_of_a_path(idp: Idp) -> None:
    """Okta and Entra remove by `members[value eq "..."]`; several may stand in one filter."""
    out = message({"op": "remove", "path": 'members[value eq "bulkId:ann" or value eq "bulkId:bob"]'})
    sent = [post("ann"), post("bob"), post("cid"), group("Team", "ann", "bob", "cid"), on("PATCH", "/Groups/bulkId:Team", out)]
    assert members(idp, id_of(performed(idp, *sent)[3])) == ["cid"]


def test_an_address_in_a_value_is_resolved_too(idp: Idp) -> None:
    """`$ref` of a manager is kept as sent; what it points at exists."""
    ann, bob = performed(idp, post("ann"), employee("bob", {"value": "bulkId:ann", "$ref": "../Users/bulkId:ann"}))
    assert said(idp.get(f"/Users/{id_of(bob)}"))[ENTERPRISE]["manager"]["$ref"] == f"../Users/{id_of(ann)}"


@pytest.mark.parametrize("text", ["bulkId", "my bulkId:x", "bulkID:x", "about bulkId:x", "bulkId:"])
def test_other_texts_are_left_alone(idp: Idp, text: str) -> None:
    """A reference is a whole text, or the end of an address."""
    [result] = performed(idp, post("ann", title=text))
    assert said(idp.get(f"/Users/{id_of(result)}"))["title"] == text


# --------------------------------------------------------------------------------------------------------------- laws


@st.composite
def bulks(draw: st.DrawFn) -> list[BulkOperation]:
    """Operations that refer to each other as they like, to themselves and to nothing too."""
    kinds = draw(st.lists(st.sampled_from(["Users", "Groups", "PATCH"]), min_size=1, max_size=9))
    named = st.lists(st.integers(0, len(kinds)).map(lambda number: f"bulkId:{number}"), max_size=3)
    return [
        BulkOperation(
            at, "PATCH" if kind == "PATCH" else "POST", ("Users" if kind == "PATCH" else kind,), str(at), None, draw(named)
        )
        for at, kind in enumerate(kinds)
    ]


@given(bulks())
def test_every_operation_has_one_turn_and_waits_only_where_it_must(operations: list[BulkOperation]) -> None:
    """Whoever runs before what it refers to stands in a circle or depends on one; whoever waits, waits for a reference."""
    ordered = [operation.index for operation in in_order(operations)]
    needs = {each.index: {int(name) for name in references(each)} & created(operations) - {each.index} for each in operations}
    assert sorted(ordered) == list(range(len(operations)))
    for turn, index in enumerate(ordered):
        before = set(ordered[:turn])
        if not needs[index] <= before:
            assert in_a_circle_or_behind_one(index, needs)
        overtaken = [other for other in range(index) if other not in before]
        assert all(not needs[other] <= before for other in overtaken)


def created(operations: list[BulkOperation]) -> set[int]:
    """What can be referred to."""
    return {operation.index for operation in operations if operation.creates}


def in_a_circle_or_behind_one(index: int, needs: dict[int, set[int]]) -> bool:
    """Whether following references from here never ends."""
    reached, edge = set[int](), {index}
    for _ in needs:
        reached, edge = reached | edge, {other for one in edge for other in needs[one]}
    return bool(edge)


@given(bulks())
def test_groups_and_changes_never_run_before_the_people_they_name(operations: list[BulkOperation]) -> None:
    """Members must be there; managers need not, so people are where a circle is opened."""
    ordered = [operation.index for operation in in_order(operations)]
    people = {operation.index for operation in operations if operation.creates and operation.segments == ("Users",)}
    for operation in operations:
        if operation.index not in people:
            named = {int(name) for name in references(operation)} & people
            assert named <= set(ordered[: ordered.index(operation.index)])


@given(bulks())
def test_what_is_resolved_refers_to_nothing_any_more(operations: list[BulkOperation]) -> None:
    """Every reference is found and replaced by what it stands for."""
    ids = {str(number): f"id-{number}" for number in range(10)}
    for operation in operations:
        after = resolved(operation, ids)
        assert references(after) == frozenset()
        assert after.data == [text.replace("bulkId:", "id-") for text in operation.data]
