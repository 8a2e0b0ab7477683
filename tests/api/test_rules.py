"""Rules and groups over HTTP: what an identity provider's groups become, looked at before it is done (TG-5, OA-26)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.accounts.sessions import Proof
from tests.api.cast import Cast
from tests.support.api import Api
from tests.support.world import OWNER, World, live

RULES, GROUPS = "/api/orgs/acme/rules", "/api/orgs/acme/groups"


@pytest.fixture
def acme(api: Api) -> World:
    """An organization whose directory is live, with Ada in Engineering."""
    world = live(api.database)
    world.group("Engineering", world.create("ada"))
    return world


@pytest.fixture
def owner(api: Api, acme: World) -> Cast:
    """Its owner, signed in by break-glass, as founders of an organization in sso are."""
    made = Cast(api, acme.organization, "acme")
    made.clients["owner"] = api.as_(OWNER, Proof("break_glass", acme.organization))
    return made


def test_a_rule_is_looked_at_added_and_removed(acme: World, owner: Cast) -> None:
    """TG-5: a group becomes a place. A look changes nothing; exactly one entry of each kind for what was done."""
    rule = {"connection": acme.connection, "group": "Engineering", "team": "eng:maintainer"}
    looked = owner.owner.post(RULES, rule, dry_run="true").ok()
    assert [(line["email"], line["target"], line["after"]) for line in looked["plan"]["changes"]] == [
        ("ada@acme.example", "team:eng", "maintainer")
    ]
    assert (acme.member("ada").teams, owner.owner.get(RULES).ok()["items"]) == ((), [])
    made = owner.owner.post(RULES, rule).ok()
    assert made["plan"]["applied"]
    assert [(place.slug, place.role) for place in acme.member("ada").teams] == [("eng", "maintainer")]
    owner.owner.post(RULES, rule).refused(409, "rule_exists")
    [listed] = owner.owner.get(RULES, connection=acme.connection).ok()["items"]
    assert (listed["id"], listed["match"], listed["target"]) == (made["id"], 'group "Engineering"', "team:eng")
    assert (listed["level"], listed["orphaned"], listed["members"]) == ("maintainer", False, 1)
    owner.owner.delete(f"{RULES}/{made['id']}").refused(400, "query_invalid")
    assert owner.owner.delete(f"{RULES}/{made['id']}", withdraw="true").ok()["applied"]
    assert acme.member("ada").teams == ()
    done = [(item.actor, item.action) for item in acme.audit("rule.added", "rule.removed", "member.changed")]
    by = "owner@acme.example"
    assert done == [(by, "rule.added"), (by, "member.changed"), (by, "rule.removed"), (by, "member.changed")]


def test_what_a_rule_gave_may_be_kept(acme: World, owner: Cast) -> None:
    """As if it had been given by hand."""
    made = owner.owner.post(RULES, {"connection": acme.connection, "everyone": True, "project": "site:viewer"}).ok()
    assert acme.sources("ada") >= {("project:site", "viewer", "rule")}
    owner.owner.delete(f"{RULES}/{made['id']}", keep="true").ok()
    assert acme.sources("ada") >= {("project:site", "viewer", "manual")}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"group": "x"}, "rule_invalid"),
        ({"team": "eng"}, "rule_invalid"),
        ({"group": "x", "everyone": True, "team": "eng"}, "rule_invalid"),
        ({"everyone": True, "team": "eng", "role": "admin"}, "rule_invalid"),
        ({"everyone": True, "role": "emperor"}, "unknown_role"),
        ({"everyone": True, "project": "site:owner"}, "level_invalid"),
        ({"everyone": True, "team": "{1}"}, "slug_invalid"),
        ({"attribute": "department", "team": "eng"}, "rule_invalid"),
    ],
)
def test_a_rule_that_could_give_nothing_is_refused(acme: World, owner: Cast, said: dict[str, Any], code: str) -> None:
    """Each row: whom it matches and what it gives."""
    owner.owner.post(RULES, {"connection": acme.connection, **said}).refused(400, code)
    assert owner.owner.get(RULES).ok()["items"] == []


def test_the_top_role_is_given_by_hand(acme: World, owner: Cast) -> None:
    """Unless the organization decides otherwise."""
    rule = {"connection": acme.connection, "everyone": True, "role": "owner"}
    owner.owner.post(RULES, rule).refused(409, "top_role_by_rule")


def test_all_rules_are_replaced_at_once_and_those_that_stay_keep_their_ids(acme: World, owner: Cast) -> None:
    """PUT; looked at first."""
    stays = {"connection": acme.connection, "group": "Engineering", "team": "eng"}
    kept = owner.owner.post(RULES, stays).ok()["id"]
    rules = {"rules": [{"connection": acme.connection, "everyone": True, "team": "all"}, stays]}
    assert not owner.owner.put(RULES, rules, dry_run="true").ok()["applied"]
    assert len(owner.owner.get(RULES).ok()["items"]) == 1
    owner.owner.put(RULES, rules).ok()
    listed = {each["position"]: each for each in owner.owner.everything(RULES, limit=1)}
    assert [each["target"] for _, each in sorted(listed.items())] == ["team:all", "team:eng"]
    assert kept in {each["id"] for each in listed.values()}


def test_groups_are_listed_with_how_many_are_in_them_and_their_rules(acme: World, owner: Cast) -> None:
    """As pushed; unmapped ones are kept and listed, and give nothing."""
    acme.group("Sales")
    rule = owner.owner.post(RULES, {"connection": acme.connection, "pattern": "Eng*", "team": "eng"}).ok()["id"]
    mapped = {"id": rule, "match": "groups matching Eng*", "target": "team:eng", "level": "member"}
    listed = owner.owner.get(GROUPS).ok()["items"]
    assert [(each["name"], each["source"], each["members"], each["rules"]) for each in listed] == [
        ("Engineering", "pushed", 1, [mapped]),
        ("Sales", "pushed", 0, []),
    ]
    for query, names in (
        ({"mapped": "true"}, ["Engineering"]),
        ({"mapped": "false"}, ["Sales"]),
        ({"q": "ALE"}, ["Sales"]),
        ({"q": "%"}, []),
        ({"connection": acme.connection}, ["Engineering", "Sales"]),
    ):
        assert [each["name"] for each in owner.owner.everything(GROUPS, limit=1, **query)] == names, query


def test_a_pushed_user_is_linked_to_a_member_and_unlinked(acme: World, owner: Cast) -> None:
    """For somebody whom the identity provider calls otherwise; by the id of the person."""
    user = acme.create("a.l", email=None)
    ada = acme.member("ada")
    address = f"/api/orgs/acme/members/{ada.user_id}/link"
    owner.owner.put(address, {"user": user}).refused(409, "already_linked")
    owner.owner.put(address, {"user": "nobody"}).refused(404, "user_not_found")
    owner.owner.put("/api/orgs/acme/members/nobody/link", {"user": user}).refused(404, "member_not_found")
    owner.owner.delete(address).refused(409, "not_linked")
    assert acme.audit("member.linked") == []
    acme.invited("cleo@elsewhere.example")
    [cleo] = [each for each in acme.members.values() if each.email == "cleo@elsewhere.example"]
    linked = owner.owner.put(f"/api/orgs/acme/members/{cleo.user_id}/link", {"user": user}).ok()
    assert linked["email"] == "cleo@elsewhere.example"
    assert acme.person_of(user) == cleo.user_id
    assert [item.actor for item in acme.audit("member.linked")] == ["owner@acme.example"]
