"""The laws of the heart: exhaustively on a small domain, by chance on a larger one."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.membership.guard import holds_top, withhold_last
from connector.membership.ledger import await_rules, breaks_glass, convert, effective, hand_over, play, release
from connector.membership.mapping import prepare
from connector.membership.model import (
    ROLE,
    Assignment,
    Because,
    Cause,
    Change,
    Desired,
    Effective,
    Give,
    Group,
    Holding,
    Join,
    Leave,
    Lift,
    PersonFacts,
    Policy,
    Rule,
    Subject,
    Suspend,
    Take,
)
from connector.membership.plan import Part, Plan, reconcile
from tests.membership.samples import ADA, CATALOGUE, row, rule

T = TypeVar("T")

WHY = Because("because")
GROUPS = (Group("g1", "Admins", "x1"), Group("g2", "eng-data"))
RULES = (
    rule("r1", "group", "g1", level="admin", position=2),
    rule("r2", "pattern", "eng-*", to="team:{1}", position=1),
    rule("r3", "everyone", level="billing"),
    rule("r4", "name", "ENG-DATA", to="team:data", level="maintainer", position=1),
    rule("r5", "external_id", "x1", level="owner", position=3),
)
HELD = (
    row("role", "owner", "founder"),
    row("role", "member", "rule:r1"),
    row("team:data", "maintainer", "manual"),
    row("team:data", "member", "rule:r2"),
    row("team:gone", "member", "rule:r9"),
    row("role", "owner", "break_glass"),
)
CAUSES: tuple[frozenset[Cause], ...] = (frozenset(), frozenset({Cause.DIRECTORY}), frozenset({Cause.DIRECTORY, Cause.ADMIN}))


def subsets(values: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Every subset, in order."""
    return itertools.chain.from_iterable(itertools.combinations(values, size) for size in range(len(values) + 1))


ALL_FACTS = [PersonFacts(active, groups) for active in (True, False, None) for groups in subsets(GROUPS)]
ALL_POLICIES = [
    Policy(strategy, top, gate) for strategy in ("highest", "ordered") for top in (True, False) for gate in (True, False)
]  # fmt: skip
ALL_HOLDINGS = [Holding(), *(Holding(True, frozenset(rows), causes) for rows in subsets(HELD) for causes in CAUSES)]


@cache
def everything_desired() -> frozenset[Desired]:
    """What every combination of facts, rules and policy comes to: each distinct value once."""
    return frozenset(
        mapping.desired(facts)
        for rules in subsets(RULES)
        for policy in ALL_POLICIES
        for mapping in (prepare(rules, CATALOGUE, policy),)
        for facts in ALL_FACTS
    )


def pairs() -> Iterator[tuple[Desired, Holding]]:
    """Every distinct desired value with every holding."""
    return itertools.product(everything_desired(), ALL_HOLDINGS)


def rule_rows(holding: Holding) -> frozenset[Assignment]:
    return frozenset(each for each in holding.rows if each.from_rule)


def test_the_small_domain_is_not_empty() -> None:
    """The loops below go over thousands of cases; without this they could pass by going over none."""
    assert len(everything_desired()) > 100
    assert len(ALL_HOLDINGS) == 193


def test_playing_the_changes_on_the_actual_gives_the_desired() -> None:
    """Rule rows and the directory's cause are as desired, for members and those who become one."""
    for wanted, actual in pairs():
        after = play(reconcile(wanted, actual), actual)
        if breaks_glass(actual):
            assert after == actual
            continue
        assert after.member is (actual.member or (wanted.enters and wanted.suspended is None))
        if after.member:
            assert rule_rows(after) == {each.assignment for each in wanted.granted}
            assert (Cause.DIRECTORY in after.causes) is (wanted.suspended is not None)


def test_reconciling_again_gives_nothing() -> None:
    """What is as it should be stays as it is."""
    for wanted, actual in pairs():
        assert reconcile(wanted, play(reconcile(wanted, actual), actual)) == ()


def test_what_people_gave_and_other_causes_are_never_touched() -> None:
    """Rows that are not from rules, and every cause but the directory's."""
    for wanted, actual in pairs():
        after = play(reconcile(wanted, actual), actual)
        assert after.rows - rule_rows(after) == actual.rows - rule_rows(actual)
        assert after.causes - {Cause.DIRECTORY} == actual.causes - {Cause.DIRECTORY}


def test_no_change_is_idle() -> None:
    """Each change of a reconcile, left out, would be missed."""
    for wanted, actual in pairs():
        changes = reconcile(wanted, actual)
        whole = play(changes, actual)
        for at in range(len(changes)):
            assert play(changes[:at] + changes[at + 1 :], actual) != whole


def moved_to(a_rule: Rule, position: int) -> Rule:
    return replace(a_rule, position=position)


@pytest.mark.parametrize("facts", ALL_FACTS)
def test_the_order_of_rules_does_not_matter_under_highest(facts: PersonFacts) -> None:
    """Neither the order they are read in nor their positions."""
    for policy in (each for each in ALL_POLICIES if each.strategy == "highest"):
        expected = prepare(RULES, CATALOGUE, policy).desired(facts)
        for order in itertools.permutations(RULES):
            moved = [moved_to(each, position) for position, each in enumerate(order)]
            assert prepare(order, CATALOGUE, policy).desired(facts) == expected
            assert prepare(moved, CATALOGUE, policy).desired(facts) == expected


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_neither_the_order_rules_are_read_in_nor_that_of_groups_matters(policy: Policy) -> None:
    """Under `ordered` positions decide, not the order of rows a database happens to return."""
    expected = prepare(RULES, CATALOGUE, policy).desired(PersonFacts(True, GROUPS))
    for order in itertools.permutations(RULES):
        assert prepare(order, CATALOGUE, policy).desired(PersonFacts(True, GROUPS[::-1])) == expected


def test_under_ordered_a_person_has_at_most_one_role_row() -> None:
    """However many rules match."""
    policy = Policy("ordered", top_by_rules=True)
    for rules in subsets(RULES):
        for facts in ALL_FACTS:
            granted = prepare(rules, CATALOGUE, policy).desired(facts).granted
            assert sum(each.assignment.target == ROLE for each in granted) <= 1


def test_withdrawing_a_rule_touches_only_its_own_rows() -> None:
    """Under `highest`: the plan of a removed rule takes exactly the rows of that source."""
    policy = Policy(top_by_rules=True)
    for facts in (each for each in ALL_FACTS if each.active):
        for rules in subsets(RULES):
            holding = play(reconcile(prepare(rules, CATALOGUE, policy).desired(facts), Holding()), Holding())
            for removed in rules:
                rest = [each for each in rules if each is not removed]
                changes = reconcile(prepare(rest, CATALOGUE, policy).desired(facts), holding)
                own = {each for each in holding.rows if each.source == f"rule:{removed.id}"}
                assert {change.assignment for change in changes if isinstance(change, Take)} == own
                assert len(changes) == len(own)


TEXTS = st.sampled_from(["ops", "data", "web"])
SOURCES = st.sampled_from(["manual", "invitation", "founder", "converted", "system", "rule:r1", "rule:r2"])
ROLE_ROWS = st.builds(row, st.just("role"), st.sampled_from([role.name for role in CATALOGUE.roles]), SOURCES)
TEAM_LEVELS = st.sampled_from(["member", "maintainer"])
TEAM_ROWS = st.builds(lambda slug, level, source: row(f"team:{slug}", level, source), TEXTS, TEAM_LEVELS, SOURCES)
PROJECT_ROWS = st.builds(lambda slug, source: row(f"project:{slug}", "member", source), TEXTS, SOURCES)
ROWS = st.lists(st.one_of(ROLE_ROWS, TEAM_ROWS, PROJECT_ROWS), max_size=8, unique_by=lambda each: (each.target, each.source))
CAUSE_SETS = st.frozensets(st.sampled_from(list(Cause)))
MEMBERS = st.builds(lambda rows, causes: Holding(True, frozenset(rows), causes), ROWS, CAUSE_SETS)
HOLDINGS = st.one_of(st.just(Holding()), MEMBERS)
CHANGES = st.lists(
    st.one_of(
        st.builds(Give, st.one_of(ROLE_ROWS, TEAM_ROWS, PROJECT_ROWS), st.just(WHY)),
        st.builds(Take, st.one_of(ROLE_ROWS, TEAM_ROWS, PROJECT_ROWS), st.just(WHY)),
        st.builds(Suspend, st.sampled_from(list(Cause)), st.just(WHY)),
        st.builds(Lift, st.sampled_from(list(Cause)), st.just(WHY)),
        st.just(Join(WHY)),
        st.just(Leave(WHY)),
    ),
    max_size=6,
).map(tuple)  # fmt: skip
PARTS = st.lists(st.tuples(HOLDINGS, CHANGES), max_size=5).map(
    lambda drawn: [Part(Subject(f"m{at}"), before, changes) for at, (before, changes) in enumerate(drawn)]
)


@given(MEMBERS, st.randoms(use_true_random=False))
def test_effective_access_depends_on_the_set_of_rows_only(holding: Holding, shuffle: random.Random) -> None:
    """In whatever order the rows were written."""
    rows = sorted(holding.rows)
    shuffle.shuffle(rows)
    written = play([Give(each, WHY) for each in rows], Holding(True, causes=holding.causes))
    assert effective(written, CATALOGUE) == effective(holding, CATALOGUE)


@given(MEMBERS)
def test_effective_access_is_the_best_of_the_rows(holding: Holding) -> None:
    """Against a reference written the other way round: no row is better than what counts, and what counts is in a row."""
    ranks = {role.name: role.rank for role in CATALOGUE.roles}
    access = effective(holding, CATALOGUE)
    given_roles = [each.level for each in holding.rows if each.target == ROLE] or [CATALOGUE.default]
    assert access.role in given_roles
    assert all(ranks[level] <= ranks[access.role or ""] for level in given_roles)
    places = [each for each in holding.rows if each.target.kind == "team"]
    teams = {each.target.slug: "member" for each in places}
    teams |= {each.target.slug: "maintainer" for each in places if each.level == "maintainer"}
    assert dict(access.teams) == teams
    assert dict(access.projects) == {each.target.slug: "member" for each in holding.rows if each.target.kind == "project"}


def named(access: Effective) -> dict[str, str | None]:
    """Access as target and name."""
    if access.status is None:
        return {}
    teams = {f"team:{slug}": level for slug, level in access.teams}
    projects = {f"project:{slug}": level for slug, level in access.projects}
    return {"status": access.status, "role": access.role, **teams, **projects}


@given(HOLDINGS, CHANGES)
def test_the_differences_lead_from_access_before_to_access_after(before: Holding, changes: tuple[Change, ...]) -> None:
    """All of them and nothing else, each with a reason."""
    access = named(effective(before, CATALOGUE))
    for line in Plan((Part(ADA, before, changes),), CATALOGUE).access:
        assert access.get(line.target) == line.before != line.after
        assert line.because
        access[line.target] = line.after
    after = named(effective(play(changes, before), CATALOGUE))
    assert {target: name for target, name in access.items() if name is not None} == after


@given(PARTS, st.integers(0, 1))
def test_a_guarded_plan_never_leaves_an_organization_without_an_owner(parts: list[Part], others: int) -> None:
    """If there was an active holder of the top role there is one afterwards; and no change is lost on the way."""
    applied, withheld = withhold_last(parts, others, CATALOGUE)
    after = {part.subject.key: play(part.changes, part.before) for part in applied}
    final = [after.get(part.subject.key, part.before) for part in parts]
    if others or any(holds_top(part.before, CATALOGUE) for part in parts):
        assert others + sum(holds_top(holding, CATALOGUE) for holding in final) > 0
    for part in parts:
        pieces = [change for each in (*applied, *withheld) if each.subject == part.subject for change in each.changes]
        assert sorted(map(repr, pieces)) == sorted(map(repr, part.changes))


@given(PARTS, st.randoms(use_true_random=False))
def test_the_digest_is_stable_under_permutation(parts: list[Part], shuffle: random.Random) -> None:
    """The same people in another order are the same plan, and each is within the other."""
    plan = Plan(tuple(parts), CATALOGUE)
    shuffled = list(parts)
    shuffle.shuffle(shuffled)
    other = Plan(tuple(shuffled), CATALOGUE)
    assert (other.digest, other.lines, other.summary) == (plan.digest, plan.lines, plan.summary)
    assert other.is_within(plan.lines)


@given(MEMBERS)
def test_converting_changes_nobodys_access(holding: Holding) -> None:
    """Going back to invitations: no rule row is left, and everything else is as it was."""
    changes = convert(holding, CATALOGUE)
    after = play(changes, holding)
    assert rule_rows(after) == frozenset()
    assert effective(after, CATALOGUE) == effective(holding, CATALOGUE)
    assert convert(after, CATALOGUE) == ()


@given(MEMBERS)
def test_waiting_for_the_rules_changes_nobodys_access(holding: Holding) -> None:
    """And what waits is what would have been handed over: released, it comes to the same."""
    waiting = play(await_rules(holding, CATALOGUE), holding)
    assert effective(waiting, CATALOGUE) == effective(holding, CATALOGUE)
    assert play(release(waiting, CATALOGUE), waiting) == play(hand_over(holding, CATALOGUE), holding)


@given(MEMBERS)
def test_handing_over_leaves_the_top_role_and_what_is_not_from_people(holding: Holding) -> None:
    """Going live: afterwards only rules, the system and holders of the top role have a say."""
    after = play(hand_over(holding, CATALOGUE), holding)
    assert holds_top(after, CATALOGUE) is holds_top(holding, CATALOGUE)
    assert rule_rows(after) == rule_rows(holding)
    for each in after.rows:
        assert each.from_rule or each.source == "system" or (each.target, each.level) == (ROLE, "owner")
