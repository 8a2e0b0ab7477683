"""The states of a directory and the plans that move between them: staging, going live, pausing, swapping, leaving."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from connector.directory import connections
from connector.directory.plans import PlanChanged
from connector.errors import Conflict, Forbidden, NotFound, Unavailable
from connector.organizations import catalogue, members
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.world import OWNER, World, rows

NOW = datetime.now(UTC)


def test_a_staged_directory_fills_and_touches_no_membership(database: Database) -> None:
    """Users, groups and their members are kept; no person is made or linked, nobody becomes a member."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    before = rows(database)
    ada = acme.create("ada")
    acme.group("Engineering", ada, acme.create("bob"))
    grown = {name: count - before[name] for name, count in rows(database).items() if count != before[name]}
    assert grown.pop("directory_total") in (2, 3)  # the total of users is kept in several rows
    assert grown == {"directory_user": 2, "directory_group": 1, "directory_member": 2, "provisioning_log": 3}
    assert acme.person_of(ada) is None


def test_a_directory_that_is_off_says_what_to_do(database: Database) -> None:
    """403, and the command that switches it on."""
    acme = world.staged(database)
    acme.directory("off")
    with pytest.raises(Forbidden, match="its directory is off") as refused:
        acme.create("ada")
    assert refused.value.code == "directory_off"
    assert f"connector connection directory {acme.connection} staging" in refused.value.advice


def test_a_paused_directory_asks_the_idp_to_come_again(database: Database) -> None:
    """503 with Retry-After; what was there stays as it was; resuming brings everybody in line."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.directory("paused")
    with pytest.raises(Unavailable) as refused:
        acme.edit(ada, active=False)
    assert (refused.value.code, refused.value.retry_after) == ("directory_paused", 300)
    assert acme.member("ada").status == "active"
    rule = acme.propose("add_rule", id=new_id(), connection=acme.connection, everyone=True, team="all")
    assert [str(change.target) for change in rule.changes] == ["team:all"]
    acme.directory("live")
    acme.edit(ada, active=False)
    assert acme.member("ada").status == "suspended"


def test_going_live_needs_a_verified_domain(database: Database) -> None:
    """Without one nobody could be linked by address."""
    acme = world.staged(database, verified=[])
    with pytest.raises(Conflict) as refused:
        acme.activate()
    assert refused.value.code == "domain_required"


@pytest.mark.parametrize("state", ["live", "paused"])
def test_an_organization_by_invitation_has_no_live_directory(database: Database, state: str) -> None:
    """The mode is switched by activating, not by the directory's state."""
    acme = world.staged(database)
    with pytest.raises(Conflict) as refused:
        acme.directory(state)
    assert refused.value.code == "membership_mode"


def test_a_plan_that_is_looked_at_changes_nothing_but_its_own_row(database: Database) -> None:
    """Preview writes the stored plan; the digest finds it again, once."""
    acme = _before_going_live(database)
    before = rows(database)
    plan = acme.propose("activate", connection=acme.connection)
    assert not plan.applied
    assert {name for name, count in rows(database).items() if count != before[name]} == {"stored_plan"}
    done = acme.apply(plan)
    assert (done.applied, done.changes) == (True, plan.changes)
    with pytest.raises(NotFound) as refused:
        acme.apply(plan)
    assert refused.value.code == "plan_not_found"


def test_going_live_links_joins_suspends_and_ends_invitations(database: Database) -> None:
    """The plan of DESIGN section 5, person by person."""
    acme = _before_going_live(database)
    acme.rule(group="Engineering", team="eng")
    done = acme.activate()
    assert {(c.subject.email, c.target, c.before, c.after) for c in done.changes} == {
        ("bob@acme.example", "status", None, "active"),
        ("bob@acme.example", "role", None, "member"),
        ("bob@acme.example", "team:eng", None, "member"),
        ("ada@acme.example", "role", "admin", "member"),
        ("ada@acme.example", "team:eng", None, "member"),
        ("gone@acme.example", "status", "active", "suspended"),
        ("guest@elsewhere.example", "status", "active", "suspended"),
    }
    assert done.summary["suspend"] == 2
    assert acme.member("gone").causes == ("directory",)
    assert acme.member("guest@elsewhere.example").causes == ("cannot_link",)
    assert acme.member("ada").source == "invitation"  # linked, not made anew
    assert [e.target for e in acme.audit("invitation.ended")] == ["new@acme.example"]
    assert [e["target"] for e in acme.events("invitation.ended")] == ["new@acme.example"]
    assert acme.reconciled()


def _before_going_live(database: Database) -> World:
    """By invitation: an admin whom the directory knows, a member it does not know, one outside the domain; bob is new."""
    acme = world.staged(database)
    acme.invited("ada@acme.example", "admin")
    acme.invited("gone@acme.example")
    acme.invited("guest@elsewhere.example")
    acme.group("Engineering", acme.create("ada"), acme.create("bob"))
    until = {"expires_at": NOW + timedelta(days=7), "created_at": NOW}
    pending = {"role": "member", "status": "pending", "token_hash": "x", **until}
    with database.engine.begin() as tx:
        home = {"id": new_id(), "organization_id": acme.organization}
        tx.execute(insert(t.Invitation).values(email="new@acme.example", email_key="new@acme.example", **home, **pending))
    return acme


def test_the_founder_becomes_the_first_break_glass_owner(database: Database) -> None:
    """So that going live, where the directory does not know them, suspends everybody but the last way in."""
    acme = world.live(database)
    member = acme.member(OWNER)
    assert (member.role, member.status) == ("owner", "active")
    with database.read() as tx:
        found = select(t.Assignment.source).where(t.Assignment.membership_id == member.id)
        assert set(tx.execute(found).scalars()) == {"founder", "break_glass"}


def test_the_plan_shown_is_the_plan_applied(database: Database) -> None:
    """A preview sees its own earlier steps: the founder, break-glass by the first step, is not shown as suspended."""
    acme = world.staged(database)
    acme.create("ada")
    plan = acme.propose("activate", connection=acme.connection)
    assert {change.subject.email for change in plan.changes} == {"ada@acme.example"}
    assert acme.apply(plan).digest == plan.digest


@pytest.mark.parametrize("way", ["restored", "pushed again"])
def test_whoever_comes_back_does_not_wait_for_a_role_that_is_gone(database: Database, way: str) -> None:
    """Another role that is called the same some day may do other things."""
    acme = world.live(database)
    ada = acme.create("ada", external_id="x")
    before = [asdict(each) for each in catalogue.show(database, acme.organization).roles]
    acme.carry_out("roles", roles=[*before, {"name": "helper", "rank": 15}])
    members.set_role(database, acme.organization, "ada@acme.example", "helper")
    acme.delete(ada)
    acme.carry_out("roles", roles=before)
    if way == "restored":
        acme.carry_out("restore", connection=acme.connection, since=(NOW - timedelta(hours=1)).isoformat())
    else:
        acme.create("ada", external_id="x")
    acme.carry_out("roles", roles=[*before, {"name": "helper", "rank": 35, "permissions": ["sso.manage"]}])
    assert acme.member("ada").role == "member"
    assert not [row for row in acme.sources("ada") if row[0] == "role"]


def test_two_plans_that_change_the_same_for_the_same_people_wait_side_by_side(database: Database) -> None:
    """What is applied is what was looked at, and not what somebody else asked for since: here other permissions of roles."""
    acme = world.live(database)
    acme.create("ada")
    looked = acme.propose("policy", default_role="admin")
    [first, *rest] = [asdict(each) for each in catalogue.show(database, acme.organization).roles]
    others = [{**each, "permissions": ["org.read", "sso.manage"]} for each in rest]
    other = acme.propose("roles", roles=[first, *others], default_role="admin")
    assert other.changes[0].subject == looked.changes[0].subject
    assert other.digest != looked.digest == acme.propose("policy", default_role="admin").digest
    before = catalogue.show(database, acme.organization).roles
    assert acme.apply(looked).changes == looked.changes
    assert catalogue.show(database, acme.organization).roles == before


def test_a_plan_is_not_applied_when_the_world_has_moved(database: Database) -> None:
    """Somebody else came: nothing changes, and the new plan is there to be looked at."""
    acme = _before_going_live(database)
    plan = acme.propose("activate", connection=acme.connection)
    acme.create("cleo")
    with pytest.raises(PlanChanged) as refused:
        acme.apply(plan)
    assert refused.value.code == "plan_changed"
    assert "bob@acme.example" not in acme.members
    fresh = refused.value.plan
    assert {c.subject.email for c in fresh.changes} - {c.subject.email for c in plan.changes} == {"cleo@acme.example"}
    assert acme.apply(fresh).applied


def test_a_plan_of_which_some_has_become_moot_is_applied(database: Database) -> None:
    """Fewer changes than looked at surprise nobody."""
    acme = world.staged(database)
    ada, _ = acme.create("ada"), acme.create("bob")
    plan = acme.propose("activate", connection=acme.connection)
    acme.delete(ada)
    assert {change.subject.email for change in acme.apply(plan).changes} == {"bob@acme.example"}


def test_a_plan_older_than_a_day_is_gone(database: Database) -> None:
    """What was looked at yesterday says little about today."""
    acme = world.staged(database)
    plan = acme.propose("activate", connection=acme.connection)
    with database.engine.begin() as tx:
        tx.execute(update(t.StoredPlan).values(expires_at=NOW - timedelta(seconds=1)))
    with pytest.raises(NotFound):
        acme.apply(plan)


def test_another_directory_taken_live_swaps_the_two_in_one_plan(database: Database) -> None:
    """A company moves to another IdP: the old directory stages, its rows go, the new one judges its suspensions."""
    okta = world.live(database)
    ada, bob = okta.create("ada"), okta.create("bob")
    okta.create("cleo")
    okta.rule(everyone=True, team="from-okta")
    okta.edit(bob, active=False)
    entra = okta.another()
    entra.group("Engineering", entra.create("ada"), entra.create("bob"))
    entra.rule(group="Engineering", team="eng")
    entra.carry_out("activate", connection=entra.connection)
    assert _directories(database) == {okta.connection: "staging", entra.connection: "live"}
    assert [(m.status, m.causes, m.teams) for m in (entra.member("ada"), entra.member("bob"), entra.member("cleo"))] == [
        ("active", (), (TeamPlace("eng", "member"),)),
        ("active", (), (TeamPlace("eng", "member"),)),
        ("suspended", ("directory",), ()),
    ]
    okta.edit(ada, active=False)  # only told, no longer heard
    assert entra.member("ada").status == "active"
    assert entra.reconciled()


def test_a_second_connection_without_a_directory_suspends_nobody_whom_the_live_one_knows(database: Database) -> None:
    """A contractor outside the domains is linked by the directory that pushed them; a guest of before is not."""
    acme = world.staged(database)
    acme.invited("guest@elsewhere.example")
    acme.create("con", email="con@elsewhere.example")
    acme.activate()
    second = connections.create(database, acme.organization, "Google", "google", base_url=world.BASE).id
    plan = acme.carry_out("activate", connection=second)
    assert plan.changes == ()
    assert [acme.member(f"{who}@elsewhere.example").causes for who in ("con", "guest")] == [(), ("cannot_link",)]


def _directories(database: Database) -> dict[str, str]:
    with database.read() as tx:
        return {row.id: row.directory for row in tx.execute(select(t.Connection.id, t.Connection.directory))}


@pytest.mark.parametrize("to", ["staging", "off"])
def test_leaving_live_turns_the_directorys_suspensions_into_an_admins(database: Database, to: str) -> None:
    """No suspension is without somebody who can lift it; the row says where it came from. Rule rows stay."""
    acme = world.live(database)
    bob = acme.create("bob")
    acme.rule(everyone=True, team="all")
    acme.edit(bob, active=False)
    acme.directory(to)
    assert acme.member("bob").causes == ("admin",)
    assert acme.member("bob").teams == (TeamPlace("all", "member"),)
    with database.read() as tx:
        assert tx.execute(select(t.Suspension.origin)).scalars().all() == [
            "was suspended by the directory of Okta, which is no longer live"
        ]


def test_a_connection_whose_directory_is_live_is_not_disabled(database: Database) -> None:
    """First out of live, then, unless it is the last active one, disabled."""
    acme = world.live(database)
    with pytest.raises(Conflict) as refused:
        acme.carry_out("disable", connection=acme.connection)
    assert refused.value.code == "directory_live"
    acme.directory("staging")
    with pytest.raises(Conflict) as refused:
        acme.carry_out("disable", connection=acme.connection)
    assert refused.value.code == "last_connection"


def test_every_change_of_a_connections_state_is_audited(database: Database) -> None:
    """Made, active, disabled, active again, gone; and of the directory that was paused. Each says who did it."""
    acme = world.live(database)
    second = connections.create(database, acme.organization, "Google", "google", base_url=world.BASE).id
    for verb in ("activate", "disable", "activate", "disable"):
        acme.carry_out(verb, connection=second)
    acme.carry_out("delete_connection", connection=second)
    told = [item for item in acme.audit() if item.target == f"connection:{second}"]
    verbs = ("created", "activated", "disabled", "activated", "disabled", "deleted")
    assert [item.action for item in told] == [f"connection.{each}" for each in verbs]
    assert all(item.actor for item in told)
    acme.directory("paused")
    assert [item.action for item in acme.audit() if item.action.startswith("directory.")][-1:] == ["directory.paused"]


def test_going_live_is_one_entry_of_the_audit_trail_and_an_event_for_each_of_its_parts(database: Database) -> None:
    """What was before and after stands together; whoever waits for the mode or the directory hears of that alone."""
    acme = world.staged(database)
    acme.activate()
    [entry] = [item for item in acme.audit() if item.target in ("organization", f"connection:{acme.connection}")][-1:]
    assert (entry.action, entry.before, entry.after) == (
        "connection.activated",
        {"state": "draft", "directory": "staging", "mode": "invitation"},
        {"state": "active", "directory": "live", "mode": "sso"},
    )
    kinds = ("connection.activated", "directory.live", "organization.mode_changed")
    assert sorted(event["kind"] for event in acme.events(*kinds)) == sorted(kinds)
    assert acme.audit("directory.live", "organization.mode_changed") == []
    entra = acme.another()
    entra.activate()
    assert acme.audit("connection.activated")[-1].after == {
        "state": "active",
        "directory": "live",
        "replaces": f"connection:{acme.connection}",
    }


def test_rules_of_a_directory_not_in_force_are_kept_and_give_nothing(database: Database) -> None:
    """They wait for the day it goes live."""
    acme = world.staged(database)
    acme.group("Engineering", acme.create("ada"))
    acme.rule(group="Engineering", team="eng")
    assert set(acme.members) == {OWNER}
    acme.activate()
    assert acme.member("ada").teams == (TeamPlace("eng", "member"),)


def test_the_plan_of_going_live_says_what_happens_to_the_organization(database: Database) -> None:
    """The mode, the first break-glass owner and the invitations that end: before it is done, and when it is."""
    acme = _before_going_live(database)
    said = (
        "owner@acme.example becomes a break-glass owner, whom the identity provider cannot touch.",
        "Members come from the identity provider from then on, and no longer by invitation.",
        "Pending invitations end: 1; the invitees are told where to sign in.",
    )
    plan = acme.propose("activate", connection=acme.connection)
    assert plan.notes == said
    assert acme.apply(plan).notes == said
