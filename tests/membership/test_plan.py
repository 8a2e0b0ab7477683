"""From desired and actual to changes, visible differences, and plans that can be counted, signed and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.membership.mapping import NOT_ACTIVE
from connector.membership.model import (
    AccessChange,
    Because,
    Cause,
    Change,
    Desired,
    Give,
    Granted,
    Holding,
    Join,
    Leave,
    Lift,
    Subject,
    Suspend,
    Take,
)
from connector.membership.plan import ACTIVE, Part, Plan, Summary, reconcile
from tests.membership.samples import ADA, CATALOGUE, member, row

WHY = Because("because")
ADMIN = row("role", "admin", "rule:r1")
OPS = row("team:ops", "member", "rule:r2")
WANTED = Desired((Granted(ADMIN, Because("admins are admins")), Granted(OPS, Because("ops is ops"))))


def test_somebody_new_joins_with_everything_the_rules_give() -> None:
    """Join first, then the rows, each with its because."""
    assert reconcile(WANTED, Holding()) == (Join(ACTIVE), *(Give(each.assignment, each.because) for each in WANTED.granted))


@pytest.mark.parametrize("desired", [replace(WANTED, suspended=NOT_ACTIVE), replace(WANTED, enters=False), Desired(enters=False)])
def test_nobody_joins_suspended_or_past_the_gate(desired: Desired) -> None:
    """A pushed user with active false, and one no rule matches under the gate."""
    assert reconcile(desired, Holding()) == ()


def test_the_gate_does_not_put_members_out() -> None:
    """It is a condition of entry: a member whom no rule matches any longer loses the rows and stays."""
    gone = Because("rule r1 no longer gives role admin", "r1")
    assert reconcile(Desired(enters=False), member(ADMIN)) == (Take(ADMIN, gone),)


def test_a_member_is_changed_where_they_differ_and_nowhere_else() -> None:
    """A new level replaces, a missing row is given, a row no rule gives is withdrawn naming the rule."""
    before = member(replace(ADMIN, level="billing"), row("team:old", "maintainer", "rule:r9"))
    assert reconcile(WANTED, before) == (
        Give(ADMIN, Because("admins are admins"), replaces="billing"),
        Give(OPS, Because("ops is ops")),
        Take(row("team:old", "maintainer", "rule:r9"), Because("rule r9 no longer gives team:old as maintainer", "r9")),
    )


@pytest.mark.parametrize("source", ["manual", "invitation", "founder", "converted", "system"])
def test_what_people_gave_is_never_touched(source: str) -> None:
    """Sync withdraws what sync granted, and nothing else."""
    assert reconcile(Desired(), member(row("role", "owner", source), row("team:x", "member", source))) == ()


def test_the_directory_suspends_and_lifts_its_own_cause_only() -> None:
    """An admin's suspension stands whatever the IdP says."""
    out = Desired(suspended=NOT_ACTIVE)
    assert reconcile(out, member()) == (Suspend(Cause.DIRECTORY, NOT_ACTIVE),)
    assert reconcile(out, member(causes=(Cause.DIRECTORY,))) == ()
    assert reconcile(Desired(), member(causes=(Cause.DIRECTORY, Cause.ADMIN))) == (Lift(Cause.DIRECTORY, ACTIVE),)
    assert reconcile(Desired(), member(causes=(Cause.ADMIN, Cause.BLOCK, Cause.CANNOT_LINK))) == ()


def test_a_break_glass_owner_is_outside_it_all() -> None:
    """Neither rows nor deactivation reach them."""
    owner = member(row("role", "owner", "break_glass"))
    assert reconcile(replace(WANTED, suspended=NOT_ACTIVE), owner) == ()


def seen(before: Holding, *changes: Change) -> list[tuple[str, str | None, str | None, tuple[str, ...]]]:
    """The differences without their subject."""
    lines = Plan((Part(ADA, before, changes),), CATALOGUE).access
    assert all(line.subject is ADA for line in lines)
    return [(line.target, line.before, line.after, line.because) for line in lines]


def test_joining_shows_status_role_and_places() -> None:
    """Each line with its own reason; places without one of their own get the reason of joining."""
    assert seen(Holding(), Join(WHY), Give(ADMIN, Because("a")), Give(OPS, Because("b"))) == [
        ("status", None, "active", ("because",)),
        ("role", None, "admin", ("a",)),
        ("team:ops", None, "member", ("b",)),
    ]


def test_the_default_role_is_explained_where_it_is_why() -> None:
    """On joining without a role, and when the last role row goes."""
    default = "nothing gives a role: the default is member"
    assert seen(Holding(), Join(WHY))[1] == ("role", None, "member", (default,))
    assert seen(member(ADMIN), Take(ADMIN, Because("gone"))) == [("role", "admin", "member", ("gone", default))]


def test_leaving_shows_the_reverse() -> None:
    """Everything ends for the reason of leaving."""
    assert seen(member(ADMIN, OPS, row("project:p", "member")), Leave(WHY)) == [
        ("status", "active", None, ("because",)),
        ("role", "admin", None, ("because",)),
        ("team:ops", "member", None, ("because",)),
        ("project:p", "member", None, ("because",)),
    ]


def test_suspension_is_one_line() -> None:
    """Role and places are compared as they would be: they do not change."""
    assert seen(member(ADMIN, OPS), Suspend(Cause.DIRECTORY, WHY)) == [("status", "active", "suspended", ("because",))]


def test_lines_come_in_a_fixed_order() -> None:
    """Status, role, teams, projects, each by name, wherever in the ledger the change happened."""
    before = member(row("project:p", "member"), row("team:z", "member"))
    changes = (Leave(WHY), Join(WHY), Give(row("team:a", "member"), WHY), Give(ADMIN, WHY), Suspend(Cause.ADMIN, WHY))
    assert [line[0] for line in seen(before, *changes)] == ["status", "role", "team:a", "team:z", "project:p"]


def test_a_second_cause_is_no_visible_difference() -> None:
    """Suspended stays suspended; it is a change all the same."""
    assert seen(member(causes=(Cause.ADMIN,)), Suspend(Cause.DIRECTORY, WHY)) == []
    assert seen(member(causes=(Cause.ADMIN, Cause.DIRECTORY)), Lift(Cause.DIRECTORY, WHY)) == []


def test_a_row_that_changes_nothing_effective_is_no_line() -> None:
    """A lower role beside a higher one."""
    assert seen(member(ADMIN), Give(row("role", "billing"), WHY)) == []


def test_the_because_of_a_line_are_the_changes_that_touch_it() -> None:
    """And not those of other targets."""
    changes = (Give(row("team:ops", "maintainer"), Because("x")), Take(OPS, Because("y")), Give(ADMIN, Because("z")))
    assert seen(member(OPS), *changes) == [("role", "member", "admin", ("z",)), ("team:ops", "member", "maintainer", ("x", "y"))]


BOB = Subject("m2", "bob@acme.example")
JOINING = Part(ADA, Holding(), (Join(WHY), Give(ADMIN, WHY), Give(OPS, WHY)))
SUSPENDED = Part(BOB, member(), (Suspend(Cause.DIRECTORY, WHY),))


@pytest.mark.parametrize(
    ("parts", "summary"),
    [
        ((), Summary()),
        ((JOINING,), Summary(join=1, role=1, team=1, people=1)),
        ((SUSPENDED,), Summary(suspend=1, people=1)),
        ((JOINING, SUSPENDED), Summary(join=1, role=1, team=1, suspend=1, people=2)),
        ((Part(BOB, member(causes=(Cause.DIRECTORY,)), (Lift(Cause.DIRECTORY, WHY),)),), Summary(reactivate=1, people=1)),
        ((Part(BOB, member(row("project:p", "member")), (Leave(WHY),)),), Summary(leave=1, role=1, project=1, people=1)),
        ((Part(BOB, member(ADMIN), (Give(row("role", "member"), WHY),)),), Summary()),
    ],
)
def test_a_summary_counts_what_is_visible(parts: tuple[Part, ...], summary: Summary) -> None:
    """People who join, leave, are suspended or come back; lines of role, team and project; people touched."""
    assert Plan(parts, CATALOGUE).summary == summary


def test_a_plan_keeps_its_lines_part_by_part() -> None:
    """`access` for people to read, `lines` sorted to store and compare."""
    plan = Plan((SUSPENDED, JOINING), CATALOGUE)
    assert plan.access[0] == AccessChange(BOB, "status", "active", "suspended", ("because",))
    assert plan.lines == (
        ("m1", "role", None, "admin"),
        ("m1", "status", None, "active"),
        ("m1", "team:ops", None, "member"),
        ("m2", "status", "active", "suspended"),
    )


def test_the_digest_covers_access_and_nothing_else() -> None:
    """Order of parts, reasons and addresses do not matter; any visible difference does. The value is fixed across versions."""
    plan = Plan((JOINING, SUSPENDED), CATALOGUE)
    other_words = Part(Subject("m1", None), Holding(), (Join(ACTIVE), Give(OPS, ACTIVE), Give(ADMIN, ACTIVE)))
    assert Plan((SUSPENDED, other_words), CATALOGUE).digest == plan.digest
    assert Plan((JOINING,), CATALOGUE).digest != plan.digest
    assert Plan((), CATALOGUE).digest == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


def test_a_plan_is_within_a_stored_one_when_it_has_nothing_new() -> None:
    """Some of the stored may have become moot; another before or after is another change."""
    stored = Plan((JOINING, SUSPENDED), CATALOGUE).lines
    assert Plan((JOINING,), CATALOGUE).is_within(stored)
    assert Plan((), CATALOGUE).is_within(())
    assert not Plan((JOINING,), CATALOGUE).is_within(stored[1:])
    changed = Part(ADA, Holding(), (Join(WHY), Give(replace(ADMIN, level="billing"), WHY)))
    assert not Plan((changed,), CATALOGUE).is_within(stored)
