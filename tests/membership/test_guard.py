"""The last owner: DESIGN.md section 5, and row OA-25 of ORGANIZATIONS.md."""

from __future__ import annotations

import pytest

from connector.errors import Conflict
from connector.membership.guard import holds_top, is_last_owner, refuse_last_owner, withhold_last
from connector.membership.model import Because, Cause, Change, Give, Holding, Join, Leave, Subject, Suspend, Take
from connector.membership.plan import Part
from tests.membership.samples import CATALOGUE, member, row

WHY = Because("because")
OWNER = row("role", "owner", "founder")
SUSPEND = Suspend(Cause.DIRECTORY, WHY)
GIVE_TEAM = Give(row("team:ops", "member", "rule:r"), WHY)


def part(key: str, before: Holding, *changes: Change) -> Part:
    return Part(Subject(key), before, changes)


@pytest.mark.parametrize(
    ("holding", "holds"),
    [
        (member(OWNER), True),
        (member(OWNER, row("role", "billing", "rule:r")), True),
        (member(row("role", "owner", "break_glass")), True),
        (member(OWNER, causes=(Cause.ADMIN,)), False),
        (member(row("role", "admin")), False),
        (member(), False),
        (Holding(), False),
    ],
)
def test_a_holder_of_the_top_role_is_active_and_top_by_all_rows(holding: Holding, holds: bool) -> None:
    """Who counts when owners are counted."""
    assert holds_top(holding, CATALOGUE) is holds


COSTS = [
    ("suspended", (SUSPEND,), (SUSPEND,)),
    ("removed", (Leave(WHY),), (Leave(WHY),)),
    ("row withdrawn", (Take(OWNER, WHY),), (Take(OWNER, WHY),)),
    ("lowered", (Give(row("role", "admin", "founder"), WHY, "owner"),), (Give(row("role", "admin", "founder"), WHY, "owner"),)),
    ("suspended beside a team", (GIVE_TEAM, SUSPEND), (SUSPEND,)),
    ("a team", (GIVE_TEAM,), ()),
    ("a lower role beside", (Give(row("role", "admin", "rule:r"), WHY),), ()),
    ("the top role from another source first", (Give(row("role", "owner", "manual"), WHY), Take(OWNER, WHY)), ()),
    ("the top role from another source after", (Take(OWNER, WHY), Give(row("role", "owner", "manual"), WHY)), ()),
]


@pytest.mark.parametrize(("changes", "withheld"), [line[1:] for line in COSTS], ids=[line[0] for line in COSTS])
def test_only_what_would_cost_the_last_owner_their_place_is_withheld(
    changes: tuple[Change, ...], withheld: tuple[Change, ...]
) -> None:
    """Judge the change and not the row: everything else about an owner goes through."""
    asked = part("m1", member(OWNER), *changes)
    applied, kept_back = withhold_last([asked], 0, CATALOGUE)
    assert [each.changes for each in kept_back] == ([withheld] if withheld else [])
    rest = tuple(change for change in changes if change not in withheld)
    assert [each.changes for each in applied] == ([rest] if rest else [])


def test_of_two_rows_that_make_an_owner_one_is_left() -> None:
    """Either could go alone, both could not: each change is judged after those before it."""
    second = row("role", "owner", "rule:r")
    asked = part("m1", member(OWNER, second), Take(OWNER, WHY), Take(second, WHY))
    assert withhold_last([asked], 0, CATALOGUE)[1] == (part("m1", asked.before, Take(second, WHY)),)


def test_with_another_owner_nothing_is_withheld() -> None:
    """Whether outside the plan, inside it untouched, or made by the same plan."""
    losing = part("m1", member(OWNER), SUSPEND)
    assert withhold_last([losing], 1, CATALOGUE) == ((losing,), ())
    staying = part("m2", member(OWNER), GIVE_TEAM)
    assert withhold_last([losing, staying], 0, CATALOGUE) == ((losing, staying), ())
    made = part("m3", Holding(), Join(WHY), Give(row("role", "owner", "rule:r"), WHY))
    assert withhold_last([losing, made], 0, CATALOGUE) == ((losing, made), ())


def test_of_several_losing_owners_the_first_by_key_stays() -> None:
    """One is enough, and always the same one; the others' changes apply."""
    one, two, three = (part(key, member(OWNER), SUSPEND) for key in ("m1", "m2", "m3"))
    assert withhold_last([three, one, two], 0, CATALOGUE) == ((three, two), (one,))


def test_without_an_owner_before_there_is_nothing_to_keep() -> None:
    """A plan that touches no owner is never held up."""
    out = part("m1", member(row("role", "admin")), SUSPEND)
    assert withhold_last([out], 0, CATALOGUE) == ((out,), ())
    assert not is_last_owner([], 0, CATALOGUE)


def test_people_are_told_instead() -> None:
    """409 `last_owner`, with what to do first."""
    with pytest.raises(Conflict) as refused:
        refuse_last_owner([part("m1", member(OWNER), SUSPEND)], 0, CATALOGUE)
    assert refused.value.code == "last_owner"
    assert refused.value.advice == "Make somebody else owner first."
    refuse_last_owner([part("m1", member(OWNER), SUSPEND)], 1, CATALOGUE)
    refuse_last_owner([part("m1", member(OWNER), GIVE_TEAM)], 0, CATALOGUE)
