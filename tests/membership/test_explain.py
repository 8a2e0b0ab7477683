"""Why somebody has what they have, and why not something else."""

from __future__ import annotations

import pytest

from connector.membership.explain import CAUSES, BecauseItem, explain
from connector.membership.ledger import play
from connector.membership.mapping import prepare
from connector.membership.model import Cause, Holding, PersonFacts, Policy, Rule
from connector.membership.plan import reconcile
from tests.membership.samples import ADMINS, CATALOGUE, ENGINEERS, POLICY, member, person, role_rule, row, rule


def applied(facts: PersonFacts, *rules: Rule, before: Holding) -> Holding:
    """What the person holds once the rules were applied."""
    return play(reconcile(prepare(rules, CATALOGUE, POLICY).desired(facts), before), before)


def why_not(facts: PersonFacts, holding: Holding, *rules: Rule, policy: Policy = POLICY) -> list[tuple[str | None, str]]:
    explained = explain(facts, prepare(rules, CATALOGUE, policy), holding)
    return [(item.target, item.reason) for item in explained.not_]


def test_every_live_row_is_told_with_rule_and_group() -> None:
    """Rows of rules name both, rows of people their source."""
    rules = (role_rule("r1", "admin"), rule("r2", "everyone", to="team:all"))
    holding = applied(person(ADMINS), *rules, before=member(row("team:ops", "maintainer"), row("project:p", "member", "system")))
    explained = explain(person(ADMINS), prepare(rules, CATALOGUE, POLICY), holding)
    assert explained.because == (
        BecauseItem("project:p", "member", "system"),
        BecauseItem("role", "admin", "rule:r1", "r1", "Platform Admins"),
        BecauseItem("team:all", "member", "rule:r2", "r2"),
        BecauseItem("team:ops", "maintainer", "manual"),
    )
    assert explained.not_ == ()


def test_the_default_role_is_told_as_such() -> None:
    """Nobody gave it."""
    assert explain(person(), prepare((), CATALOGUE, POLICY), member()).because == (BecauseItem("role", "member", "default"),)
    assert explain(person(active=None), prepare((), CATALOGUE, POLICY), Holding()).because == ()


def test_a_group_no_rule_matches_is_named() -> None:
    """The most frequent question: I am in that group, why am I not…? Rules of other groups are not listed."""
    rules = (role_rule("r1", "admin"), role_rule("r2", "billing", group=ENGINEERS))
    assert why_not(person(ADMINS), applied(person(ADMINS), *rules, before=member()), *rules) == []
    assert why_not(person(ADMINS, ENGINEERS), member(), *()) == [
        (None, 'IdP group "Eng-Data" is mapped by no rule'),
        (None, 'IdP group "Platform Admins" is mapped by no rule'),
    ]


def test_what_a_rule_was_refused_is_told_with_the_reason() -> None:
    """The top role, for one."""
    assert why_not(person(ADMINS), member(), role_rule("r", "owner")) == [
        ("role", 'IdP group "Platform Admins" -> rule r -> role owner: the top role is not given by rules in this organization')
    ]


def test_an_outranked_row_is_told_with_what_outranks_it() -> None:
    """Roles and team roles; equal rows outrank nobody."""
    holding = member(
        row("role", "admin"),
        row("role", "member", "converted"),
        row("team:ops", "maintainer"),
        row("team:ops", "member", "system"),
    )
    assert why_not(person(), holding) == [
        ("role", "role member (converted) is outranked by role admin (manual)"),
        ("team:ops", "team:ops (system) is outranked by team:ops as maintainer (manual)"),
    ]
    assert why_not(person(), member(row("role", "admin"), row("role", "admin", "converted"))) == []


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_of_suspension_has_words(cause: Cause) -> None:
    """Each cause is told, in a sentence of its own."""
    assert why_not(person(), member(causes=(cause,))) == [("status", CAUSES[cause])]
    assert len(set(CAUSES.values())) == len(Cause)


OUTSIDE = [
    (person(active=False), POLICY, "not a member: the IdP says this person is not active"),
    (person(active=None), POLICY, "the IdP has not told us of this person"),
    (person(), Policy(gate=True), "not a member: no rule matches their groups or attributes, and without one nobody enters"),
]


@pytest.mark.parametrize(("facts", "policy", "reason"), OUTSIDE)
def test_whoever_is_not_a_member_is_told_why(facts: PersonFacts, policy: Policy, reason: str) -> None:
    """Not active, not known, or stopped at the gate."""
    assert why_not(facts, Holding(), policy=policy) == [("status", reason)]


def test_rows_and_rules_that_differ_are_told() -> None:
    """What the guard withheld or a paused directory has not applied yet."""
    holding = member(row("team:old", "member", "rule:r9"))
    assert why_not(person(ADMINS), holding, role_rule("r1", "admin")) == [
        ("role", 'IdP group "Platform Admins" -> rule r1 -> role admin: not applied yet'),
        ("team:old", "team:old (rule r9) is still there although the rule no longer gives it"),
    ]


def test_a_break_glass_owner_is_told_to_be_outside() -> None:
    """Their groups explain nothing."""
    holding = member(row("role", "owner", "break_glass"), causes=(Cause.ADMIN,))
    explained = explain(person(ADMINS), prepare([role_rule("r", "admin")], CATALOGUE, POLICY), holding)
    assert explained.because == (BecauseItem("role", "owner", "break_glass"),)
    assert [item.reason for item in explained.not_] == [
        CAUSES[Cause.ADMIN],
        "a break-glass owner is outside SCIM and rules: nothing the IdP says changes them",
    ]
