"""Never locked out: the last owner, break-glass owners, the alarm for a burst, and bringing everybody back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.directory import connections, linking
from connector.errors import Conflict, Invalid
from connector.organizations import members
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world
from tests.support.world import World


def _last_owner(database: Database) -> tuple[World, str]:
    """Ada, pushed, is the only active owner."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner("ada")
    acme.owner_on_leave()
    return acme, ada


def test_the_last_owner_is_not_put_out_by_the_idp(database: Database) -> None:
    """The IdP is answered success and what it said is stored; the change is withheld, audited, alerted and logged."""
    acme, ada = _last_owner(database)
    acme.edit(ada, active=False)
    assert (acme.member("ada").status, acme.member("ada").role) == ("active", "owner")
    with database.read() as tx:
        assert tx.execute(select(t.DirectoryUser.active)).scalar_one() is False
    [entry] = acme.audit("guard.last_owner")
    assert entry.target == "ada@acme.example"
    assert [event["target"] for event in acme.events("guard.last_owner")] == ["ada@acme.example"]
    assert (acme.log()[-1].status, acme.log()[-1].advice.startswith("Withheld: ")) == (200, True)
    [why_not] = acme.explain("ada").not_
    assert (why_not.target, "is withheld" in why_not.reason) == ("status", True)


def test_other_changes_of_the_last_owner_go_through(database: Database) -> None:
    """Judge the change, not the row: a new name, teams, another role row."""
    acme, ada = _last_owner(database)
    acme.group("Engineering", ada)
    acme.rule(group="Engineering", team="eng")
    acme.edit(ada, displayName="Ada Lovelace", active=False)
    assert (acme.member("ada").name, acme.member("ada").teams) == ("Ada Lovelace", (TeamPlace("eng", "member"),))


@pytest.mark.parametrize("verb", ["deactivated", "deleted"])
def test_what_was_withheld_is_applied_when_an_owner_confirms_it(database: Database, verb: str) -> None:
    """Not by itself, when another owner exists, and not by any other plan, but by the plan an owner looked at and applied."""
    acme, ada = _last_owner(database)
    acme.edit(ada, active=False) if verb == "deactivated" else acme.delete(ada)
    acme.create("bob")
    acme.owner("bob")
    acme.rule(everyone=True, team="all")
    assert acme.member("ada").status == "active"
    plan = acme.propose("rules", rules=None)
    assert [(c.subject.email, c.target, c.after) for c in plan.changes if c.target == "status"] == [
        ("ada@acme.example", "status", "suspended" if verb == "deactivated" else None)
    ]
    acme.apply(plan)
    status = {name: member.status for name, member in acme.members.items()}
    assert status.get("ada@acme.example") == ("suspended" if verb == "deactivated" else None)
    assert world.rows(database)["withheld"] == 0
    assert acme.reconciled()


def test_confirming_without_another_owner_changes_nothing(database: Database) -> None:
    """The guard stands above the confirmation."""
    acme, ada = _last_owner(database)
    acme.edit(ada, active=False)
    done = acme.carry_out("rules", rules=None)
    assert done.changes == ()
    assert done.withheld == ("ada@acme.example: the last owner stays",)
    assert acme.member("ada").status == "active"
    assert world.rows(database)["withheld"] == 1


def test_the_idp_taking_it_back_forgets_it(database: Database) -> None:
    """Active again, or pushed again after a deletion: there is nothing left to confirm."""
    acme, ada = _last_owner(database)
    acme.edit(ada, active=False)
    acme.edit(ada, active=True)
    acme.create("bob")
    acme.owner("bob")
    assert acme.reconciled()
    acme.edit(ada, active=False)
    assert acme.member("ada").status == "suspended"


def test_a_deleted_last_owner_who_is_pushed_again_keeps_their_place(database: Database) -> None:
    """The membership was never ended; the same human gets a new SCIM id and nothing is left to confirm."""
    acme, ada = _last_owner(database)
    acme.delete(ada)
    again = acme.create("ada")
    assert (again != ada, acme.member("ada").role) == (True, "owner")
    acme.create("bob")
    acme.owner("bob")
    assert acme.reconciled()


@pytest.mark.parametrize("way", ["back to staging and live again", "another directory"])
def test_a_directory_that_is_no_longer_heard_takes_what_it_asked_with_it(database: Database, way: str) -> None:
    """What waits for confirmation belongs to the directory that asked: the next one is judged by what it says itself."""
    acme, ada = _last_owner(database)
    acme.create("bob")
    acme.delete(ada)
    acme.owner("bob")
    if way == "another directory":
        entra = acme.another()
        entra.create("bob")
        entra.activate()
    else:
        acme.directory("staging")
        acme.directory("live")
    assert acme.member("ada").causes == ("directory",)  # unknown to it, as the plan that took it live said
    assert acme.reconciled()


def test_one_of_two_owners_may_be_put_out(database: Database) -> None:
    """The guard keeps one, not every one."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner("ada")
    acme.edit(ada, active=False)
    assert acme.member("ada").status == "suspended"
    assert acme.audit("guard.last_owner") == []


def test_people_are_refused_what_would_take_the_last_owner(database: Database) -> None:
    """409 `last_owner` for suspending, demoting and removing by hand."""
    acme, _ = _last_owner(database)
    for attempt in (
        lambda: acme.suspend("ada"),
        lambda: members.set_role(database, acme.organization, "ada@acme.example", "member"),
        lambda: members.remove(database, acme.organization, "ada@acme.example", block=True),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "last_owner"
    assert (acme.member("ada").role, acme.member("ada").status) == ("owner", "active")


@pytest.mark.parametrize("verb", ["deactivated", "deleted", "taken out of a group"])
def test_a_break_glass_owner_is_outside_what_the_idp_can_do(database: Database, verb: str) -> None:
    """Nothing changes whatever it says; being deactivated or deleted alerts all owners."""
    acme = world.live(database)
    ada = acme.create("ada")
    group = acme.group("Engineering", ada)
    acme.rule(group="Engineering", team="eng")
    _break_glass(acme, "ada")
    before = acme.sources("ada")
    if verb == "taken out of a group":
        acme.take_out(group, ada)
    elif verb == "deleted":
        acme.delete(ada)
    else:
        acme.edit(ada, active=False)
    assert (acme.member("ada").status, acme.member("ada").role, acme.sources("ada")) == ("active", "owner", before)
    told = [event["target"] for event in acme.events("guard.break_glass")]
    assert told == ([] if verb == "taken out of a group" else [f"member:{acme.member('ada').id}"])


def _break_glass(acme: World, name: str) -> None:
    """Name a second break-glass owner, as a later verb will."""
    acme.owner(name)
    key = {"membership_id": acme.member(name).id, "target_kind": "role", "target_id": "", "source": "break_glass"}
    with acme.database.engine.begin() as tx:
        row = {"organization_id": acme.organization, "level": "owner", "created_at": datetime.now(UTC)}
        tx.execute(insert(t.Assignment).values(**key, **row))


@pytest.mark.parametrize(
    ("verb", "directory"),
    [("remove_rule", "live"), ("remove_rule", "staging"), ("rules", "live"), ("delete_connection", "staging")],
)
def test_a_rule_that_gives_the_last_owner_their_role_is_not_removed(database: Database, verb: str, directory: str) -> None:
    """409, in force or not: an admin decides it, not the IdP, so nothing is withheld. Kept as given by hand it may go."""
    acme = world.live(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(top_by_rules=True))
    acme.group("Owners", acme.create("ada"))
    rule = acme.rule(group="Owners", role="owner")
    second = connections.create(database, acme.organization, "Google", "google", base_url=world.BASE).id
    acme.carry_out("activate", connection=second)
    acme.directory(directory)
    acme.owner_on_leave()
    options: dict[str, dict[str, Any]]
    options = {"remove_rule": {"id": rule}, "rules": {"rules": []}, "delete_connection": {"connection": acme.connection}}
    with pytest.raises(Conflict) as refused:
        acme.carry_out(verb, **options[verb])
    assert refused.value.code == "last_owner"
    acme.carry_out("remove_rule", id=rule, keep=True)
    assert (acme.member("ada").role, acme.sources("ada")) == ("owner", {("role", "owner", "manual")})


def _burst(acme: World, people: int, out: int) -> list[str]:
    """Push people and deactivate the first of them."""
    ids = [acme.create(f"p{number:02}") for number in range(people)]
    for user in ids[:out]:
        acme.edit(user, active=False)
    return ids


@pytest.mark.parametrize(
    ("people", "out", "alarms"),
    [(12, 11, 1), (12, 10, 0), (60, 11, 0), (60, 13, 1)],
    ids=["11 of 12", "no more than 10", "11 of 60 are under 20 %", "13 of 60"],
)
def test_a_burst_is_alerted_once_and_happens_all_the_same(database: Database, people: int, out: int, alarms: int) -> None:
    """More than 10 people and more than 20 % within 10 minutes."""
    acme = world.live(database)
    _burst(acme, people, out)
    assert len(acme.events("guard.burst")) == alarms
    assert sum(member.status == "suspended" for member in acme.members.values()) == out


def test_whom_going_live_suspended_does_not_count_in_a_burst(database: Database) -> None:
    """The owners saw those in the plan; the one deactivation after it is no burst."""
    acme = world.staged(database)
    for number in range(12):
        acme.invited(f"unknown{number}@acme.example")
    ada = acme.create("ada")
    assert acme.activate().summary["suspend"] == 12
    acme.edit(ada, active=False)
    assert acme.events("guard.burst") == []


def test_deletions_count_in_a_burst(database: Database) -> None:
    """Whether an IdP deactivates or deletes."""
    acme = world.live(database)
    for user in _burst(acme, 12, 6)[6:11]:
        acme.delete(user)
    assert len(acme.events("guard.burst")) == 1


def test_restore_brings_back_the_suspended_and_the_deleted(database: Database) -> None:
    """With what they had; an admin's suspension and those put out before stay out."""
    acme = world.live(database)
    early = acme.create("early")
    acme.edit(early, active=False)
    ada, bob = acme.create("ada"), acme.create("bob")
    acme.rule(everyone=True, team="all")
    since = datetime.now(UTC)
    acme.suspend("bob")
    acme.edit(ada, active=False)
    acme.edit(bob, active=False)
    cleo = acme.create("cleo")
    acme.delete(cleo)
    plan = acme.propose("restore", connection=acme.connection, since=since.isoformat())
    assert {(c.subject.email, c.target, c.after) for c in plan.changes} == {
        ("ada@acme.example", "status", "active"),
        ("cleo@acme.example", "status", "active"),
        ("cleo@acme.example", "role", "member"),
        ("cleo@acme.example", "team:all", "member"),
    }
    acme.apply(plan)
    assert acme.member("ada").status == "active"
    assert acme.member("bob").causes == ("admin",)
    assert acme.member("early").causes == ("directory",)
    assert acme.member("cleo").teams == (TeamPlace("all", "member"),)


def test_a_restore_holds_until_the_idp_next_writes_active(database: Database) -> None:
    """A new title does not end it; `active: false`, said again, does."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.edit(ada, active=False)
    _restore_all(acme)
    acme.edit(ada, title="Countess")
    assert acme.member("ada").status == "active"
    assert acme.reconciled()
    acme.edit(ada, active=False)
    assert acme.member("ada").status == "suspended"


def test_somebody_restored_and_pushed_again_belongs_to_the_rules_again(database: Database) -> None:
    """What the restore kept as `converted` is withdrawn, the rules give theirs."""
    acme = world.live(database)
    acme.rule(everyone=True, team="all")
    ada = acme.create("ada")
    person = acme.person_of(ada)
    acme.delete(ada)
    _restore_all(acme)
    assert acme.sources("ada") == {("role", "member", "converted"), ("team:all", "member", "converted")}
    again = acme.create("ada")
    assert acme.person_of(again) == person
    assert acme.sources("ada") == {("team:all", "member", "rule")}


def test_a_restored_owner_is_an_owner_again(database: Database) -> None:
    """Other than a rehire, which an IdP sets off alone, a restore is a plan that an owner looked at."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner("ada")
    acme.delete(ada)
    _restore_all(acme)
    assert acme.member("ada").role == "owner"


def test_restoring_twice_changes_nothing_the_second_time(database: Database) -> None:
    """The call may be repeated."""
    acme = world.live(database)
    ada, bob = acme.create("ada"), acme.create("bob")
    acme.edit(ada, active=False)
    acme.delete(bob)
    _restore_all(acme)
    assert _restore_all(acme) == 0


def test_somebody_deleted_twice_is_restored_once(database: Database) -> None:
    """Restored, linked by hand to another pushed user, and deleted again: two tombstones, one member."""
    acme = world.live(database)
    acme.delete(acme.create("ada", external_id="00u1"))
    _restore_all(acme)
    other = acme.create("ada.l", email="lovelace@acme.example", external_id="00u2")
    linking.link(database, acme.organization, "ada@acme.example", other)
    acme.delete(other)
    assert "ada@acme.example" not in acme.members
    _restore_all(acme)
    assert acme.member("ada").status == "active"


def _restore_all(acme: World) -> int:
    since = datetime.now(UTC) - timedelta(minutes=10)
    return len(acme.carry_out("restore", connection=acme.connection, since=since.isoformat()).changes)


@pytest.mark.parametrize("since", ["yesterday", "2026-11-21T09:30:00", ""])
def test_restore_needs_a_time_with_its_zone(database: Database, since: str) -> None:
    """Half past nine is not the same everywhere."""
    acme = world.live(database)
    with pytest.raises(Invalid) as refused:
        acme.carry_out("restore", connection=acme.connection, since=since)
    assert refused.value.code == "since_invalid"


def test_nobody_was_put_out_since_a_moment_that_is_to_come(database: Database) -> None:
    """A plan that restores nobody would look like an answer."""
    acme = world.live(database)
    with pytest.raises(Invalid, match="is still to come"):
        acme.carry_out("restore", connection=acme.connection, since=(datetime.now(UTC) + timedelta(minutes=10)).isoformat())
