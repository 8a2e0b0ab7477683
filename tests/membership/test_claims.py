"""The laws of claims, where no directory is live: unknown is not empty, and nobody speaks for somebody else's connection."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.membership.claims import Claim, ClaimRules, desired_by_claims
from connector.membership.ledger import play
from connector.membership.mapping import prepare
from connector.membership.model import Cause, Group, Holding, PersonFacts, Policy, Rule, Take
from connector.membership.plan import reconcile
from tests.membership.samples import ADMINS, CATALOGUE, ENGINEERS, member, row, rule

RULES: dict[str, tuple[Rule, ...]] = {
    "okta": (
        rule("r1", "group", ADMINS.id, level="admin", position=1),
        rule("r2", "pattern", "Eng-*", to="team:{1}", position=2),
        rule("r3", "attribute", "research", attribute="department", to="team:research", position=3),
        rule("r4", "everyone", to="team:all", position=4),
    ),
    "entra": (
        rule("r5", "name", "Eng-Data", to="team:data", level="maintainer"),
        rule("r6", "external_id", "ext-1", to="project:apollo"),
    ),
    "silent": (rule("r7", "group", ADMINS.id, to="team:silent"),),
}
BY_GROUP = {"rule:r1", "rule:r2", "rule:r5", "rule:r6", "rule:r7"}
HELD = (
    row("role", "admin", "manual"),
    row("role", "admin", "rule:r1"),
    row("role", "member", "invitation"),
    row("team:data", "member", "rule:r2"),
    row("team:old", "member", "rule:r2"),
    row("team:research", "member", "rule:r3"),
    row("team:data", "maintainer", "rule:r5"),
    row("project:apollo", "member", "rule:r6"),
    row("team:silent", "member", "rule:r7"),
    row("team:gone", "member", "rule:r9"),
)

holdings = st.builds(
    lambda rows, causes: Holding(True, frozenset(rows), frozenset(causes)),
    st.sets(st.sampled_from(HELD)),
    st.sets(st.sampled_from([Cause.ADMIN, Cause.BLOCK])),
)
said = st.builds(
    lambda groups, documents: PersonFacts(True, tuple(groups), documents),
    st.lists(st.sampled_from([ADMINS, ENGINEERS, Group("", "Strangers", "Strangers")]), unique=True),
    st.sampled_from([{}, {"department": ["research"]}]),
)


def _claim(connection: str, facts: PersonFacts, known: bool) -> Claim:
    return Claim(connection, facts if known else replace(facts, groups=()), known)


one_claim = st.builds(_claim, st.sampled_from(["okta", "entra"]), said, st.booleans())
claims = st.lists(one_claim, unique_by=lambda claim: claim.connection, max_size=2)
policies = st.builds(Policy, st.sampled_from(["highest", "ordered"]), st.booleans(), st.booleans())


def read(policy: Policy) -> dict[str, ClaimRules]:
    """The rules of each connection under this policy."""
    return {name: ClaimRules(prepare(rules, CATALOGUE, policy), rules) for name, rules in RULES.items()}


def rules_of(spoken: list[Claim], *, known: bool) -> set[str]:
    """The sources that are the rules of the connections whose claims know of groups, or do not."""
    return {f"rule:{each.id}" for claim in spoken if claim.groups_known is known for each in RULES[claim.connection]}


def taken(spoken: list[Claim], policy: Policy, held: Holding) -> set[str]:
    """The sources of the rows that are taken away without a word in their place."""
    changes = reconcile(desired_by_claims(spoken, read(policy), held), held)
    return {change.assignment.source for change in changes if isinstance(change, Take)}


@given(claims, policies, holdings)
def test_unknown_is_not_empty(spoken: list[Claim], policy: Policy, held: Holding) -> None:
    """Nothing that came of a group is taken because a sign-in said nothing of groups."""
    assert not taken(spoken, policy, held) & BY_GROUP & rules_of(spoken, known=False)


@given(claims, policies, holdings)
def test_an_empty_list_takes_what_groups_gave(spoken: list[Claim], policy: Policy, held: Holding) -> None:
    """Of that connection's rules, all of it."""
    none = [replace(claim, facts=replace(claim.facts, groups=()), groups_known=True) for claim in spoken]
    after = play(reconcile(desired_by_claims(none, read(policy), held), held), held)
    assert not {each.source for each in after.rows} & BY_GROUP & rules_of(none, known=True)


@given(claims, policies, holdings)
def test_a_connection_speaks_by_its_own_rules_only(spoken: list[Claim], policy: Policy, held: Holding) -> None:
    """What others gave, it neither takes nor changes, and it gives nothing in their name."""
    mine = rules_of(spoken, known=True) | rules_of(spoken, known=False)
    after = play(reconcile(desired_by_claims(spoken, read(policy), held), held), held)
    assert {each for each in after.rows if each.source not in mine} == {each for each in held.rows if each.source not in mine}
    assert after.causes == held.causes


@given(claims, policies, holdings)
def test_the_same_said_again_changes_nothing(spoken: list[Claim], policy: Policy, held: Holding) -> None:
    """Whatever somebody held before."""
    after = play(reconcile(desired_by_claims(spoken, read(policy), held), held), held)
    assert reconcile(desired_by_claims(spoken, read(policy), after), after) == ()


@given(claims, policies, holdings)
def test_the_order_of_connections_says_nothing(spoken: list[Claim], policy: Policy, held: Holding) -> None:
    """Two connections add up, whichever was first."""
    there, back = (desired_by_claims(each, read(policy), held) for each in (spoken, spoken[::-1]))
    assert (there.granted, there.enters) == (back.granted, back.enters)
    alone = [desired_by_claims([claim], read(policy), Holding()) for claim in spoken]
    both = desired_by_claims(spoken, read(policy), Holding())
    assert {one.assignment for one in both.granted} == {one.assignment for each in alone for one in each.granted}
    assert both.enters == any(each.enters for each in alone)


@given(claims, holdings)
def test_nobody_is_put_out_by_what_a_sign_in_says(spoken: list[Claim], held: Holding) -> None:
    """Claims give and withdraw places; they suspend nobody, and let nobody back in."""
    desired = desired_by_claims(spoken, read(Policy()), held)
    assert desired.suspended is None
    assert play(reconcile(desired, held), held).member


@pytest.mark.parametrize("policy", [Policy("highest", False, gate) for gate in (True, False)])
def test_whoever_never_spoke_keeps_everything_and_does_not_enter(policy: Policy) -> None:
    """Without a claim no rule is asked."""
    held = member(*HELD)
    assert reconcile(desired_by_claims([], read(policy), held), held) == ()
    assert reconcile(desired_by_claims([], read(policy), Holding()), Holding()) == ()


@pytest.mark.parametrize(
    ("group", "known", "enters"),
    [((ADMINS,), True, True), ((), True, False), ((), False, False), ((Group("", "Strangers", "Strangers"),), True, False)],
)
def test_the_gate_opens_to_a_group_that_a_rule_names(group: tuple[Group, ...], known: bool, enters: bool) -> None:
    """A rule for everyone opens it to nobody."""
    claim = Claim("okta", PersonFacts(True, group), known)
    assert desired_by_claims([claim], read(Policy("highest", False, True)), Holding()).enters is enters
