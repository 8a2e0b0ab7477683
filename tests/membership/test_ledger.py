"""What rows and causes come to, and how rows change hands between the modes."""

from __future__ import annotations

import pytest

from connector.membership.ledger import await_rules, breaks_glass, convert, effective, hand_over, play, release
from connector.membership.model import (
    Assignment,
    Because,
    Cause,
    Change,
    Effective,
    Give,
    Holding,
    Join,
    Leave,
    Lift,
    Suspend,
    Take,
)
from tests.membership.samples import CATALOGUE, member, row

WHY = Because("because")


def test_someone_who_is_not_a_member_has_nothing() -> None:
    """No status, no role, whatever rows there might be."""
    assert effective(Holding(), CATALOGUE) == Effective()
    assert effective(Holding(rows=frozenset({row("role", "owner")})), CATALOGUE) == Effective()


@pytest.mark.parametrize(
    ("rows", "role"),
    [
        ((), "member"),
        ((row("role", "billing"),), "billing"),
        ((row("role", "admin"), row("role", "billing", "rule:r1")), "admin"),
        ((row("role", "member"), row("role", "admin", "rule:r1")), "admin"),
    ],
)
def test_manual_and_rule_rows_compete_by_rank(rows: tuple[Assignment, ...], role: str) -> None:
    """The default holds only when there is neither."""
    assert effective(member(*rows), CATALOGUE).role == role


def test_teams_and_projects_are_sorted_and_the_higher_team_role_wins() -> None:
    """Whoever gave it."""
    holding = member(
        row("team:ops", "member", "rule:r1"),
        row("team:ops", "maintainer"),
        row("team:data", "member", "rule:r2"),
        row("project:zeus", "member", "rule:r3"),
        row("project:apollo", "member"),
        row("project:apollo", "member", "rule:r3"),
    )
    access = effective(holding, CATALOGUE)
    assert access.teams == (("data", "member"), ("ops", "maintainer"))
    assert access.projects == (("apollo", "member"), ("zeus", "member"))


@pytest.mark.parametrize("cause", list(Cause))
def test_any_cause_suspends_and_hides_nothing_else(cause: Cause) -> None:
    """Role and teams of the suspended are told; the status says they open nothing."""
    rows = (row("role", "admin"), row("team:ops", "member"))
    access = effective(member(*rows, causes=(cause,)), CATALOGUE)
    assert access == Effective("suspended", "admin", (("ops", "member"),), ())
    assert effective(member(*rows), CATALOGUE).status == "active"


PLAYED = [
    ("join", Join(WHY), Holding(), member()),
    ("leave", Leave(WHY), member(row("role", "admin"), causes=(Cause.ADMIN,)), Holding()),
    ("give", Give(row("role", "admin"), WHY), member(), member(row("role", "admin"))),
    ("replace", Give(row("role", "admin"), WHY, "billing"), member(row("role", "billing")), member(row("role", "admin"))),
    (
        "give beside",
        Give(row("role", "admin"), WHY),
        member(row("role", "billing", "rule:r")),
        member(row("role", "admin"), row("role", "billing", "rule:r")),
    ),
    (
        "take",
        Take(row("role", "admin"), WHY),
        member(row("role", "admin"), row("role", "admin", "rule:r")),
        member(row("role", "admin", "rule:r")),
    ),
    ("suspend", Suspend(Cause.ADMIN, WHY), member(causes=(Cause.DIRECTORY,)), member(causes=(Cause.ADMIN, Cause.DIRECTORY))),
    ("lift", Lift(Cause.DIRECTORY, WHY), member(causes=(Cause.ADMIN, Cause.DIRECTORY)), member(causes=(Cause.ADMIN,))),
]  # fmt: skip


@pytest.mark.parametrize(("change", "before", "after"), [line[1:] for line in PLAYED], ids=[line[0] for line in PLAYED])
def test_a_change_does_one_thing(change: Change, before: Holding, after: Holding) -> None:
    """Each kind of change on a ledger, and what is left alone."""
    assert play((change,), before) == after


def test_rule_rows_become_one_converted_row_per_target() -> None:
    """With the level they came to; what people gave stays beside it."""
    manual = row("role", "billing")
    holding = member(
        manual,
        row("role", "admin", "rule:r1"),
        row("role", "member", "rule:r2"),
        row("team:ops", "member", "rule:r1"),
        row("team:ops", "maintainer", "rule:r2"),
    )
    changes = convert(holding, CATALOGUE)
    assert play(changes, holding) == member(manual, row("role", "admin", "converted"), row("team:ops", "maintainer", "converted"))
    assert changes[0].because.sentence == "kept: role admin came from rule r1, rule r2"


def test_only_the_rows_of_the_removed_rule_are_kept() -> None:
    """Other rules go on governing theirs."""
    other = row("role", "member", "rule:r2")
    holding = member(row("role", "admin", "rule:r1"), other)
    assert play(convert(holding, CATALOGUE, {"rule:r1"}), holding) == member(row("role", "admin", "converted"), other)


@pytest.mark.parametrize(("old", "given", "kept"), [("member", "admin", "admin"), ("admin", "member", "admin")])
def test_a_converted_row_is_raised_and_never_lowered(old: str, given: str, kept: str) -> None:
    """Keeping twice loses nothing."""
    holding = member(row("role", old, "converted"), row("role", given, "rule:r1"))
    assert play(convert(holding, CATALOGUE), holding) == member(row("role", kept, "converted"))


def test_without_rule_rows_there_is_nothing_to_convert() -> None:
    """Converting twice is converting once."""
    assert convert(member(row("role", "admin"), row("role", "member", "converted")), CATALOGUE) == ()


HANDED = [
    # row, whether going live withdraws it
    (row("role", "admin", "manual"), True),
    (row("role", "member", "invitation"), True),
    (row("role", "admin", "converted"), True),
    (row("team:ops", "maintainer", "manual"), True),
    (row("team:ops", "member", "founder"), True),
    (row("project:apollo", "member", "converted"), True),
    (row("role", "owner", "manual"), False),
    (row("role", "owner", "founder"), False),
    (row("role", "owner", "converted"), False),
    (row("project:default", "member", "system"), False),
    (row("role", "member", "rule:r1"), False),
]


@pytest.mark.parametrize(("held", "withdrawn"), HANDED)
def test_going_live_hands_over_what_people_gave(held: Assignment, withdrawn: bool) -> None:
    """All but the top role, system rows, and of course what rules give."""
    assert [each.assignment for each in hand_over(member(held), CATALOGUE)] == ([held] if withdrawn else [])


def test_a_break_glass_owner_hands_over_nothing() -> None:
    """They are outside of it all."""
    holding = member(row("role", "owner", "break_glass"), row("team:ops", "member"))
    assert breaks_glass(holding)
    assert not breaks_glass(member(row("role", "owner")))
    assert hand_over(holding, CATALOGUE) == ()


@pytest.mark.parametrize(("held", "withdrawn"), HANDED)
def test_what_would_be_handed_over_can_wait_until_the_rules_speak(held: Assignment, withdrawn: bool) -> None:
    """Marked as kept, at the same level; then it goes, and nothing else does."""
    waiting = play(await_rules(member(held), CATALOGUE), member(held))
    kept = row(str(held.target), held.level, "converted") if withdrawn else held
    assert waiting == member(kept)
    assert play(release(waiting, CATALOGUE), waiting) == (member() if withdrawn else member(held))


def test_what_waits_is_one_row_at_the_highest_level() -> None:
    """Of several that people gave, and of one that waited before."""
    held = member(row("team:ops", "member"), row("team:ops", "maintainer", "invitation"), row("role", "admin", "converted"))
    waiting = play(await_rules(held, CATALOGUE), held)
    assert waiting == member(row("team:ops", "maintainer", "converted"), row("role", "admin", "converted"))
    assert await_rules(waiting, CATALOGUE) == ()


def test_what_people_gave_is_not_released() -> None:
    """Only what waits; and nothing of a break-glass owner."""
    assert release(member(row("role", "admin"), row("team:ops", "member", "invitation")), CATALOGUE) == ()
    assert release(member(row("role", "owner", "break_glass"), row("team:ops", "member", "converted")), CATALOGUE) == ()
