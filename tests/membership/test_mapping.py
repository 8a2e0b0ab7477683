"""desired: facts and rules in, what the person should be out, with sentences an admin can read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.errors import Invalid
from connector.membership.attributes import has_value
from connector.membership.mapping import NOT_ACTIVE, check, prepare
from connector.membership.model import Desired, Group, PersonFacts, Policy, Rule
from tests.membership.samples import ADMINS, CATALOGUE, ENGINEERS, POLICY, person, role_rule, rule

TRUSTING = Policy(top_by_rules=True)
ORDERED = Policy(strategy="ordered")
GATED = Policy(gate=True)


def rows(result: Desired) -> list[str]:
    """What is granted, as `target level source`."""
    return [f"{each.assignment.target} {each.assignment.level} {each.assignment.source}" for each in result.granted]


def decide(facts: PersonFacts, *rules: Rule, policy: Policy = POLICY) -> Desired:
    return prepare(rules, CATALOGUE, policy).desired(facts)


@pytest.mark.parametrize(
    ("a_rule", "matches"),
    [
        (rule("r", "group", "g1"), True),
        (rule("r", "group", "G1"), False),  # ids are exact
        (rule("r", "external_id", "ext-1"), True),
        (rule("r", "external_id", "EXT-1"), False),  # so is externalId (RFC 7643 section 3.1)
        (rule("r", "name", "platform ADMINS"), True),
        (rule("r", "name", "Platform"), False),
        (rule("r", "pattern", "platform *"), True),
        (rule("r", "pattern", "platform"), False),
        (rule("r", "everyone"), True),
        (rule("r", "attribute", "Sales", attribute="department"), False),
    ],
)
def test_a_rule_looks_for_one_thing(a_rule: Rule, matches: bool) -> None:
    """A person of the group "Platform Admins", id g1, externalId ext-1."""
    assert bool(decide(person(ADMINS), a_rule).granted) is matches


def test_a_group_without_an_external_id_matches_no_external_id_rule() -> None:
    """Not even the rule with an empty value."""
    assert not decide(person(Group("g9", "X")), rule("r", "external_id", "")).granted


DOCUMENT: dict[str, Any] = {
    "title": "engineer",
    "active": True,
    "name": {"familyname": "Lovelace"},
    "emails": [{"value": "ada@acme.example", "type": "work", "primary": True}, {"value": "ada@home.example"}],
    "roles": [{"value": "lead"}],
    "nickname": None,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"department": "Sales", "manager": {"value": "u7"}},
    "urn:acme:2.0:user": {"level": 3, "share": 0.5, "remote": False, "tags": ["a", "B"], "title": "shadowed"},
}


@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        ("title", "Engineer", True),
        ("TITLE", "engineer", True),
        ("title", "engine", False),
        ("title", "shadowed", False),  # core comes before extensions
        ("active", "true", True),
        ("active", "True", True),
        ("active", "false", False),
        ("name.familyName", "lovelace", True),
        ("emails.value", "ada@HOME.example", True),
        ("emails", "ada@acme.example", True),
        ("emails.type", "work", True),
        ("emails.primary", "true", True),
        ("emails.type", "home", False),
        ("roles", "lead", True),
        ("department", "sales", True),
        ("manager", "u7", True),
        ("manager.value", "u7", True),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Sales", True),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "u7", True),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title", "engineer", True),
        ("urn:acme:2.0:User:title", "shadowed", True),
        ("urn:other:2.0:User:title", "engineer", False),
        ("level", "3", True),
        ("share", "0.5", True),
        ("remote", "false", True),
        ("tags", "b", True),
        ("tags", "c", False),
        ("nickname", "", False),
        ("nickname", "None", False),
        ("missing", "", False),
        ("title.deeper", "engineer", False),
        ("", "", False),
    ],
)
def test_an_attribute_is_found_by_the_names_admins_know(attribute: str, value: str, found: bool) -> None:
    """Core name, path, URN or short name of an extension; lists by any element; values as text without case."""
    assert has_value(DOCUMENT, attribute, value) is found


def test_the_sentence_names_group_rule_and_gift() -> None:
    """One readable line from the IdP's group to the role or place, for every kind of match and target."""
    result = decide(
        person(ADMINS, department="sales"),
        role_rule("r1", "admin"),
        rule("r2", "group", "g1", to="team:ops", level="maintainer"),
        rule("r3", "attribute", "Sales", attribute="department", to="team:sales"),
        rule("r4", "everyone", to="project:apollo"),
    )
    assert [each.because.sentence for each in result.granted] == [
        "everyone -> rule r4 -> project:apollo",
        'IdP group "Platform Admins" -> rule r1 -> role admin',
        'IdP group "Platform Admins" -> rule r2 -> team:ops as maintainer',
        'attribute department = "Sales" -> rule r3 -> team:sales',
    ]
    assert [(each.because.rule, each.because.group) for each in result.granted][1:] == [
        ("r1", "Platform Admins"),
        ("r2", "Platform Admins"),
        ("r3", None),
    ]


def test_teams_and_projects_are_a_union() -> None:
    """Every matching rule gives its row, also the same team twice."""
    result = decide(
        person(ADMINS, ENGINEERS),
        rule("r1", "group", "g1", to="team:ops", level="maintainer"),
        rule("r2", "group", "g2", to="team:ops"),
        rule("r3", "group", "g2", to="team:data"),
        rule("r4", "group", "g2", to="project:apollo"),
    )
    assert rows(result) == [
        "project:apollo member rule:r4",
        "team:data member rule:r3",
        "team:ops maintainer rule:r1",
        "team:ops member rule:r2",
    ]


def test_captures_make_one_team_per_group() -> None:
    """One pattern rule gives as many teams as there are different slugs."""
    data, ops = Group("g3", "eng-Data"), Group("g4", "eng-Ops")
    assert rows(decide(person(data, ops), rule("r", "pattern", "eng-*", to="team:{1}"))) == [
        "team:data member rule:r",
        "team:ops member rule:r",
    ]


@pytest.mark.parametrize("groups", [(ENGINEERS, ADMINS), (ADMINS, ENGINEERS)])
def test_several_groups_of_one_rule_make_one_row_named_after_the_first(groups: tuple[Group, Group]) -> None:
    """Which group is named does not depend on the order the IdP listed them in."""
    result = decide(person(*groups), rule("r", "pattern", ".*", to="team:all"))
    assert [each.because.group for each in result.granted] == ["Eng-Data"]


def test_under_highest_every_matching_role_rule_writes_its_row() -> None:
    """Which of them holds is a matter of rank, when the rows are read."""
    result = decide(person(ADMINS), rule("r1", "everyone"), role_rule("r2", "admin", position=9), role_rule("r3", "billing"))
    assert rows(result) == ["role member rule:r1", "role admin rule:r2", "role billing rule:r3"]
    assert result.refused == ()


def test_under_ordered_only_the_first_matching_role_rule_writes_a_row() -> None:
    """By position, then id; the others are told with the reason. Teams are not affected."""
    result = decide(
        person(ADMINS),
        role_rule("r3", "admin", position=2),
        role_rule("r2", "billing", position=1),
        role_rule("r1", "member", position=2),
        role_rule("r0", "member", group=ENGINEERS, position=0),
        rule("r9", "everyone", to="team:all"),
        policy=ORDERED,
    )
    assert rows(result) == ["role billing rule:r2", "team:all member rule:r9"]
    assert [each.reason for each in result.refused] == [
        f'IdP group "Platform Admins" -> rule {key} -> role {level}: rule r2 comes first, and the first matching rule decides'
        for key, level in (("r1", "member"), ("r3", "admin"))
    ]


def test_under_ordered_a_refused_rule_does_not_decide() -> None:
    """A rule that may not give the top role leaves the decision to the next."""
    result = decide(person(ADMINS), role_rule("r1", "owner"), role_rule("r2", "admin", position=1), policy=ORDERED)
    assert rows(result) == ["role admin rule:r2"]
    assert "the top role is not given by rules" in result.refused[0].reason


@pytest.mark.parametrize(("policy", "given"), [(POLICY, []), (TRUSTING, ["role owner rule:r"])])
def test_the_top_role_is_given_by_rules_only_where_the_organization_says_so(policy: Policy, given: list[str]) -> None:
    """Refused with the reason otherwise."""
    result = decide(person(ADMINS), role_rule("r", "owner"), policy=policy)
    assert rows(result) == given
    assert [str(each.target) for each in result.refused] == ([] if given else ["role"])


def test_a_role_the_catalogue_does_not_have_is_refused() -> None:
    """The rule stays and says what is wrong with it."""
    result = decide(person(ADMINS), role_rule("r", "emperor"))
    assert result.granted == ()
    assert result.refused[0].reason.endswith("-> role emperor: this organization has no such role")


def test_a_capture_without_a_slug_gives_nothing_and_is_told() -> None:
    """A group in a script that has no ASCII letters."""
    result = decide(person(Group("g", "eng-漢字")), rule("r", "pattern", "eng-*", to="team:{1}"))
    assert result.granted == ()
    assert "no letters or digits" in result.refused[0].reason


@pytest.mark.parametrize(
    ("rules", "enters"),
    [
        ((), False),
        ((rule("r", "everyone"),), False),
        ((role_rule("r", "member", group=ENGINEERS),), False),
        ((role_rule("r", "member"),), True),
        ((rule("r", "pattern", "platform*", to="team:{1}"),), True),
        ((rule("r", "attribute", "x", attribute="title"),), True),
        ((role_rule("r", "owner"),), True),  # matched, though it gives nothing
    ],
)
def test_the_gate_lets_in_whom_a_group_or_attribute_rule_matches(rules: tuple[Rule, ...], enters: bool) -> None:
    """A rule for everyone opens no gate; without the gate everybody enters."""
    facts = person(ADMINS, title="x")
    assert decide(facts, *rules, policy=GATED).enters is enters
    assert decide(facts, *rules).enters is True


def test_the_deactivated_keep_what_the_rules_give() -> None:
    """Suspension is its own matter: the rows are there on the day of reactivation."""
    active = decide(person(ADMINS), role_rule("r", "admin"))
    assert active.suspended is None
    assert decide(person(ADMINS, active=False), role_rule("r", "admin")) == replace(active, suspended=NOT_ACTIVE)


def test_nothing_is_said_of_people_the_authority_does_not_know() -> None:
    """No rows, no suspension, no entry; not even by a rule for everyone."""
    assert decide(person(active=None), rule("r", "everyone")) == Desired(enters=False)


def test_a_mapping_tells_which_rules_match_a_group() -> None:
    """In the order of rules, for "mapped by no rule" and for showing orphans."""
    by_name, by_id = rule("r2", "name", "platform admins", position=2), role_rule("r3", "admin", position=1)
    mapping = prepare([by_name, by_id], CATALOGUE, POLICY)
    assert mapping.matched_by(ADMINS) == (by_id, by_name)
    assert mapping.matched_by(ENGINEERS) == ()


def test_a_renamed_group_is_judged_by_its_new_name() -> None:
    """Id rules do not notice, name rules follow at once, within one and the same prepared mapping."""
    mapping = prepare([role_rule("r1", "admin"), rule("r2", "name", "platform admins", to="team:ops")], CATALOGUE, POLICY)
    assert rows(mapping.desired(person(ADMINS))) == ["role admin rule:r1", "team:ops member rule:r2"]
    assert rows(mapping.desired(person(replace(ADMINS, name="Others")))) == ["role admin rule:r1"]


@pytest.mark.parametrize(
    ("a_rule", "needed"), [(role_rule("r", "admin"), False), (rule("r", "attribute", "x", attribute="title"), True)]
)
def test_documents_are_needed_only_by_attribute_rules(a_rule: Rule, needed: bool) -> None:
    """So that nobody loads them for nothing."""
    assert prepare([a_rule], CATALOGUE, POLICY).needs_document is needed


@pytest.mark.parametrize(
    ("a_rule", "code"),
    [
        (role_rule("r", "admin"), None),
        (role_rule("r", "emperor"), "unknown_role"),
        (rule("r", "pattern", "eng-*", to="team:{1}"), None),
        (rule("r", "pattern", "eng-*", to="team:{2}"), "slug_invalid"),
        (rule("r", "pattern", "(a", to="team:x"), "pattern_invalid"),
        (rule("r", "pattern", "(a"), "pattern_invalid"),
        (rule("r", "group", "g1", to="team:{1}"), "slug_invalid"),
        (rule("r", "group", "g1", to="team:---"), "slug_invalid"),
        (rule("r", "group", "g1", to="team:ops", level="maintainer"), None),
        (rule("r", "group", "g1", to="team:ops", level="owner"), "level_invalid"),
        (rule("r", "group", "g1", to="project:x", level="maintainer"), "level_invalid"),
    ],
)
def test_a_rule_that_could_never_give_anything_is_refused(a_rule: Rule, code: str | None) -> None:
    """Said when it is added, not discovered later."""
    if code is None:
        check(a_rule, CATALOGUE)
        return
    with pytest.raises(Invalid) as refused:
        check(a_rule, CATALOGUE)
    assert refused.value.code == code
