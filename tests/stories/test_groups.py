"""Groups and rules over time: renamed, deleted, mapped later, unmapped with what they gave kept or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from connector.directory import rule_views
from connector.directory.model import AddMembers, RemoveMembers, ReplaceMembers
from connector.errors import Conflict, Invalid, NotFound
from connector.organizations import members
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world
from tests.support.world import World


def test_a_rename_changes_nothing_for_rules_by_id(database: Database) -> None:
    """`--group NAME` of a known group is a rule by its id."""
    acme = world.live(database)
    group = acme.group("Engineering", acme.create("ada"))
    acme.rule(group="Engineering", team="eng")
    acme.rename(group, "R&D")
    assert acme.member("ada").teams == (TeamPlace("eng", "member"),)
    assert acme.reconciled()


def test_a_rename_is_followed_at_once_by_rules_by_name_and_pattern(database: Database) -> None:
    """Out of the pattern, into the name: one request."""
    acme = world.live(database)
    acme.rule(pattern=r"Team (\w+)", team="{1}")
    acme.rule(group="Board", role="admin")
    group = acme.group("Team Ops", acme.create("ada"))
    assert (acme.member("ada").role, acme.member("ada").teams) == ("member", (TeamPlace("ops", "member"),))
    acme.rename(group, "Board")
    assert (acme.member("ada").role, acme.member("ada").teams) == ("admin", ())
    acme.rename(group, "Team Data")
    assert (acme.member("ada").role, acme.member("ada").teams) == ("member", (TeamPlace("data", "member"),))


def test_a_rename_and_a_member_in_one_request_both_count(database: Database) -> None:
    """Okta sends the name along with every change of members."""
    acme = world.live(database)
    ada, bob = acme.create("ada"), acme.create("bob")
    group = acme.group("Old", ada)
    acme.rule(group="New", team="new")
    acme.put_in(group, bob)
    acme.rename(group, "New")
    assert acme.member("ada").teams == acme.member("bob").teams == (TeamPlace("new", "member"),)


def test_a_deleted_group_withdraws_what_it_gave_and_leaves_its_rule_orphaned(database: Database) -> None:
    """The rule stays to be seen; a new group of the same name is another group."""
    acme = world.live(database)
    ada = acme.create("ada")
    group = acme.group("Engineering", ada)
    acme.rule(group="Engineering", team="eng")
    acme.delete_group(group)
    assert acme.member("ada").teams == ()
    acme.group("Engineering", ada)
    assert acme.member("ada").teams == ()
    [shown] = rule_views.list_(database, acme.organization, acme.connection).items
    assert (shown.match, shown.orphaned, shown.target) == ('group "Engineering"', True, "team:eng")


def test_a_rule_added_later_covers_groups_already_pushed(database: Database) -> None:
    """Everybody at once, in one transaction."""
    acme = world.live(database)
    acme.group("Engineering", acme.create("ada"), acme.create("bob"))
    acme.rule(group="Engineering", project="site")
    assert acme.member("ada").projects == acme.member("bob").projects == ("site",)


def test_a_rule_added_while_staged_covers_them_when_going_live(database: Database) -> None:
    """Rules and groups may come in any order before the switch."""
    acme = world.staged(database)
    acme.rule(group="Engineering", role="admin")
    acme.group("Engineering", acme.create("ada"))
    acme.activate()
    assert acme.member("ada").role == "admin"


def test_a_removed_rule_withdraws_what_it_gave(database: Database) -> None:
    """Only its own: what another rule gives stays."""
    acme = world.live(database)
    acme.create("ada")
    rule = acme.rule(everyone=True, team="eng:maintainer")
    acme.rule(everyone=True, team="eng")
    acme.carry_out("remove_rule", id=rule, keep=False)
    assert acme.member("ada").teams == (TeamPlace("eng", "member"),)


def test_a_removed_rule_may_leave_what_it_gave_as_given_by_hand(database: Database) -> None:
    """`rule remove --keep`: nobody loses anything, and the row says manual."""
    acme = world.live(database)
    acme.create("ada")
    rule = acme.rule(everyone=True, team="eng:maintainer")
    done = acme.carry_out("remove_rule", id=rule, keep=True)
    assert done.changes == ()
    assert acme.sources("ada") == {("team:eng", "maintainer", "manual")}
    assert rule_views.list_(database, acme.organization, acme.connection).items == ()


def test_keeping_never_lowers_what_was_given_by_hand_before(database: Database) -> None:
    """By hand admin, by rule billing: kept is admin."""
    acme = world.live(database)
    acme.create("ada")
    _by_hand(acme, "admin")
    rule = acme.rule(everyone=True, role="billing")
    acme.carry_out("remove_rule", id=rule, keep=True)
    assert acme.sources("ada") == {("role", "admin", "manual")}


def test_manual_and_rule_roles_compete_by_rank(database: Database) -> None:
    """Highest wins; a rule above takes over and gives back when it goes; the default counts only when nothing is given."""
    acme = world.live(database)
    ada = acme.create("ada")
    group = acme.group("Payers", ada)
    acme.rule(group="Payers", role="billing")
    assert acme.member("ada").role == "billing"
    acme.take_out(group, ada)
    _by_hand(acme, "admin")
    acme.put_in(group, ada)
    assert acme.member("ada").role == "admin"


def _by_hand(acme: World, role: str) -> None:
    members.set_role(acme.database, acme.organization, "ada@acme.example", role)


def test_a_role_given_by_a_rule_is_not_changed_by_hand(database: Database) -> None:
    """409 naming group and rule, so that the admin knows where to change it."""
    acme = world.live(database)
    acme.group("Platform Admins", acme.create("ada"))
    rule = acme.rule(group="Platform Admins", role="admin")
    with pytest.raises(Conflict, match=f'"Platform Admins" -> rule {rule}') as refused:
        _by_hand(acme, "billing")
    assert refused.value.code == "managed_by_idp"


def test_the_top_role_is_not_given_by_rules(database: Database) -> None:
    """Unless the organization opts in."""
    acme = world.live(database)
    with pytest.raises(Conflict) as refused:
        acme.rule(everyone=True, role="owner")
    assert refused.value.code == "top_role_by_rule"


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"role": "admin"}, Invalid, "rule_invalid"),
        ({"everyone": True, "group": "x", "role": "admin"}, Invalid, "rule_invalid"),
        ({"everyone": True}, Invalid, "rule_invalid"),
        ({"everyone": True, "role": "emperor"}, Invalid, "unknown_role"),
        ({"everyone": True, "team": "eng:king"}, Invalid, "level_invalid"),
        ({"pattern": "(((", "team": "x"}, Invalid, "pattern_invalid"),
        ({"pattern": "Team .*", "team": "{1}"}, Invalid, "slug_invalid"),
        ({"attribute": "department", "team": "x"}, Invalid, "rule_invalid"),
        ({"group": "R\x00D", "team": "x"}, Invalid, "rule_invalid"),
        ({"pattern": "R\ud800D", "team": "x"}, Invalid, "rule_invalid"),
        ({"group_id": "nope", "team": "x"}, NotFound, "group_not_found"),
    ],
)
def test_a_rule_that_could_never_work_is_refused(
    database: Database, options: dict[str, object], error: type[Exception], code: str
) -> None:
    """With a code of its own; nothing is kept of it, not even the team it would have made."""
    acme = world.live(database)
    before = world.rows(database)
    with pytest.raises(error) as refused:
        acme.rule(**options)
    assert getattr(refused.value, "code", None) == code
    assert world.rows(database) == before


def test_attributes_give_too_and_follow_their_change(database: Database) -> None:
    """A department of the enterprise extension, compared without case."""
    acme = world.live(database)
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    ada = acme.create("ada")
    acme.edit(ada, **{enterprise: {"department": "R&D"}})
    acme.rule(attribute="department=r&d", team="research")
    assert acme.member("ada").teams == (TeamPlace("research", "member"),)
    acme.edit(ada, **{enterprise: {"department": "Sales"}})
    assert acme.member("ada").teams == ()


def test_all_rules_may_be_replaced_at_once_and_equal_ones_stay(database: Database) -> None:
    """`plan --rules FILE`: what is in both keeps its id, so nobody loses and gains the same."""
    acme = world.live(database)
    acme.create("ada")
    kept = acme.rule(everyone=True, team="all")
    acme.rule(everyone=True, team="old")
    wanted = [{"connection": acme.connection, "everyone": True, "team": name} for name in ("all", "new")]
    plan = acme.propose("rules", rules=wanted)
    assert {(c.target, c.before, c.after) for c in plan.changes} == {("team:old", "member", None), ("team:new", None, "member")}
    acme.apply(plan)
    assert acme.member("ada").teams == (TeamPlace("all", "member"), TeamPlace("new", "member"))
    assert kept in [rule.id for rule in rule_views.list_(database, acme.organization, acme.connection).items]


def test_the_audit_says_what_a_rule_looks_for_and_what_it_gives(database: Database) -> None:
    """Added by hand, and removed; with it stand the options that make it again."""
    acme = world.live(database)
    group = acme.group("Operations")
    rule = acme.rule(group="Operations", team="ops:maintainer")
    acme.carry_out("remove_rule", id=rule)
    again = {"connection": acme.connection, "group_id": group, "team": "ops:maintainer"}
    ops = {"match": 'group "Operations"', "target": "team:ops", "level": "maintainer", "options": again}
    told = [(item.action, item.target, item.before, item.after) for item in acme.audit("rule.added", "rule.removed")]
    assert told == [("rule.added", f"rule:{rule}", None, ops), ("rule.removed", f"rule:{rule}", {**ops, "position": 1}, None)]


def test_replacing_all_rules_is_one_entry_however_many_come_and_go(database: Database) -> None:
    """It lists them as they were and as they are, in their order; to write the same rules again is no change."""
    acme = world.live(database)
    stays = {"connection": acme.connection, "everyone": True, "team": "all"}
    kept = acme.rule(everyone=True, team="all")
    gone = acme.rule(everyone=True, team="old:maintainer")
    comes = {"connection": acme.connection, "pattern": "eng-*", "project": "{1}"}
    for wanted in ([comes, stays], [comes, stays], [stays, comes]):
        acme.carry_out("rules", rules=wanted)
    first, turned = acme.audit("rules.replaced")
    assert [each["kind"] for each in acme.events("rules.replaced", "rule.removed")] == ["rules.replaced"] * 2
    assert len(acme.audit("rule.added", "rule.removed")) == 2  # those of the two that were added one by one
    everybody = _listed(stays, id=kept, match="everyone", target="team:all")
    old = _listed(stays | {"team": "old:maintainer"}, id=gone, match="everyone", target="team:old", level="maintainer")
    assert first.before == {"rules": [everybody, old]}
    assert first.after is not None
    assert turned.before == first.after
    made, same = first.after["rules"]
    assert same == everybody
    assert made == _listed(comes, id=made["id"], match="groups matching eng-*", target="project:{1}")
    assert turned.after == {"rules": [same, made]}


def _listed(options: Mapping[str, Any], **said: str) -> dict[str, Any]:
    """A rule as the audit lists it; levels are written out in its options."""
    place = next(name for name in ("team", "project") if name in options)
    level = said.get("level", "member")
    return {"level": level, **said, "options": {**options, place: f"{options[place].partition(':')[0]}:{level}"}}


def test_replaced_rules_are_in_the_order_they_were_given(database: Database) -> None:
    """Where the first matching rule decides, the same rules the other way round say something else."""
    acme = world.live(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(role_strategy="ordered"))
    ada = acme.create("ada")
    acme.group("Engineering", ada)
    acme.group("Board", ada)
    given = [{"connection": acme.connection, "group": "Engineering", "role": "member"}]
    given.append({"connection": acme.connection, "group": "Board", "role": "admin"})
    acme.carry_out("rules", rules=given)
    assert acme.member("ada").role == "member"
    acme.carry_out("rules", rules=given[::-1])
    assert acme.member("ada").role == "admin"
    shown = rule_views.list_(database, acme.organization, acme.connection).items
    assert [rule.level for rule in sorted(shown, key=lambda rule: rule.position)] == ["admin", "member"]


def test_member_operations_play_in_their_order(database: Database) -> None:
    """Out and in again is in; in and out is out; the whole list replaces (RFC 7644 section 3.5.2)."""
    acme = world.live(database)
    ada, bob, cleo = acme.create("ada"), acme.create("bob"), acme.create("cleo")
    group = acme.group("Engineering", ada)
    acme.rule(group="Engineering", team="eng")
    acme.members_of(group, RemoveMembers((ada,)), AddMembers((ada, bob)), AddMembers((cleo,)), RemoveMembers((cleo,)))
    assert _in_team(acme) == {"ada", "bob"}
    acme.members_of(group, ReplaceMembers((cleo,)), AddMembers((ada,)))
    assert _in_team(acme) == {"ada", "cleo"}
    acme.replace_members(group)
    assert _in_team(acme) == set()


def _in_team(acme: World) -> set[str]:
    return {name.partition("@")[0] for name, member in acme.members.items() if member.teams}


def test_a_member_added_twice_is_one_member_and_no_change(database: Database) -> None:
    """JumpCloud repeats its adds: nothing moves, the version stays."""
    acme = world.live(database)
    ada = acme.create("ada")
    group = acme.group("Engineering", ada)
    before = world.rows(database)
    acme.put_in(group, ada, ada)
    grown = {name for name, count in world.rows(database).items() if count != before[name]}
    assert grown == {"provisioning_log"}
