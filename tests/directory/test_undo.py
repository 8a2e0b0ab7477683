"""The last change of rules is taken back, by a plan that brings back what was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from connector.directory import connections, plans, rule_views, undo
from connector.directory.undo import Undo
from connector.errors import Conflict
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.world import World


@pytest.fixture
def acme(database: Database) -> World:
    """A live directory with ada in Engineering, and the rules A and B."""
    acme = world.live(database)
    acme.group("Engineering", acme.create("ada"))
    acme.rule(group="Engineering", team="eng:maintainer")
    acme.rule(everyone=True, team="all")
    return acme


def _rules(acme: World) -> list[tuple[str, str, str]]:
    listed = rule_views.list_(acme.database, acme.organization, in_order=True).items
    return [(each.id, each.match, each.target) for each in listed]


def _last(acme: World) -> Undo:
    found = undo.last(acme.database, acme.organization)
    assert found is not None
    return found


def _undone(acme: World) -> None:
    found = _last(acme)
    given: dict[str, Any] = dict(found.given)
    acme.carry_out(found.kind, **given)


def _replaced(acme: World) -> None:
    acme.carry_out("rules", rules=[{"connection": acme.connection, "pattern": "eng*", "project": "site"}])


def _ordered(acme: World) -> None:
    first, second = (rule for rule, *_ in _rules(acme))
    acme.carry_out("order_rules", ids=[second, first])


CHANGES: dict[str, Any] = {
    "a rule is added": lambda acme: acme.rule(attribute="title=Boss", role="admin"),
    "a rule is removed": lambda acme: acme.carry_out("remove_rule", id=_rules(acme)[0][0], keep=False),
    "all rules are replaced": _replaced,
    "the order is another": _ordered,
    "the policy is another": lambda acme: acme.carry_out("policy", role_strategy="ordered", default_role="admin"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_is_there_again(acme: World, change: str) -> None:
    """The same rules with their ids in their order, and the same access; to undo that makes the change anew."""
    was, had = _rules(acme), acme.members
    CHANGES[change](acme)
    became, has = _rules(acme), acme.members
    assert (became, has) != (was, had) or change == "the policy is another"
    _undone(acme)
    assert (_rules(acme), acme.members) == (was, had)
    _undone(acme)
    assert (_rules(acme), acme.members) == (became, has)


def test_a_rule_that_came_since_it_was_looked_at_is_not_taken_along(acme: World) -> None:
    """It gives nobody anything yet, so that no line of the plan tells of it."""
    _replaced(acme)
    found = _last(acme)
    given: dict[str, Any] = dict(found.given)
    plan = acme.propose(found.kind, **given)
    acme.rule(attribute="title=Nobody", role="admin")
    there = _rules(acme)
    with pytest.raises(Conflict) as refused:
        plans.apply_stored(acme.database, acme.organization, plan.digest)
    assert refused.value.code == "rules_changed"
    assert _rules(acme) == there


def test_nothing_is_undone_where_nothing_was_changed(database: Database) -> None:
    """A new organization."""
    acme = world.staged(database)
    assert undo.last(database, acme.organization) is None


def test_who_changed_what_and_when_is_said(acme: World) -> None:
    """Of one rule, whom it is for and what it gives."""
    found = _last(acme)
    assert (found.actor, found.action, found.rule and found.rule["match"]) == ("operator", "rule.added", "everyone")


def test_what_was_kept_by_hand_stays_and_that_is_said(acme: World) -> None:
    """The rule gives again beside it."""
    acme.carry_out("remove_rule", id=_rules(acme)[0][0], keep=True)
    assert _last(acme).stays
    _undone(acme)
    assert {source for _, _, source in acme.sources("ada")} >= {"manual", "rule"}


def test_a_rule_of_a_group_that_is_gone_is_not_brought_back(acme: World) -> None:
    """And that is said."""
    group = acme.group("Short")
    acme.carry_out("remove_rule", id=acme.rule(group="Short", team="short"))
    acme.delete_group(group)
    assert (_last(acme).kind, _last(acme).obstacle) == ("", "The group that it was for is gone.")


def test_a_rule_that_went_with_its_connection_is_not_undone(acme: World) -> None:
    """Neither its making nor its removal."""
    other = acme.another()
    other.rule(everyone=True, team="other")
    acme.carry_out("delete_connection", connection=other.connection)
    assert not _last(acme).kind
    assert _last(acme).obstacle


def test_an_order_names_rules_and_leaves_the_others_behind_them(acme: World) -> None:
    """One that came meanwhile stays last; one that went meanwhile is not asked for."""
    first, second = (rule for rule, *_ in _rules(acme))
    third = acme.rule(everyone=True, project="site")
    acme.carry_out("order_rules", ids=[second, new_id(), first])
    assert [rule for rule, *_ in _rules(acme)] == [second, first, third]


def test_under_ordered_another_order_gives_other_roles(acme: World) -> None:
    """The first matching rule decides."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(role_strategy="ordered"))
    admin, member = acme.rule(everyone=True, role="admin"), acme.rule(everyone=True, role="member")
    assert acme.member("ada").role == "admin"
    plan = acme.propose("order_rules", ids=[member, admin])
    assert {(each.before, each.after) for each in plan.changes} == {("admin", "member")}
    acme.apply(plan)
    assert acme.member("ada").role == "member"
    assert acme.member("ada").teams == (TeamPlace("all", "member"), TeamPlace("eng", "maintainer"))


def test_rules_are_read_in_their_order_page_by_page(acme: World) -> None:
    """Each is on one page."""
    _ordered(acme)
    first = rule_views.list_(acme.database, acme.organization, limit=1, in_order=True)
    second = rule_views.list_(acme.database, acme.organization, limit=1, in_order=True, after=first.next)
    assert [each.id for each in (*first.items, *second.items)] == [rule for rule, *_ in _rules(acme)]
    assert second.next is None


def test_what_a_rule_would_give_is_said_before_its_connection_is_live(database: Database) -> None:
    """Its own gifts only, though the connection would bring more; nothing is kept."""
    acme = world.staged(database)
    acme.group("Engineering", acme.create("ada"))
    acme.create("bob")
    given = {"id": new_id(), "connection": acme.connection, "group": "Engineering", "team": "eng"}
    before = world.rows(database)
    changes = plans.would_give(database, acme.organization, given)
    assert [(each.subject.email, each.target, each.after) for each in changes] == [("ada@acme.example", "team:eng", "member")]
    assert world.rows(database) == before
    assert connections.show(database, acme.organization, acme.connection, base_url=world.BASE).state == "draft"
