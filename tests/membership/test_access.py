"""What somebody may do with a resource: the rows of the reference systems, and laws against a model of one page."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.membership.access import GRANTED, LEVELS, OF_PROJECT_ROLE, AccessFacts, effective, rank
from connector.membership.mapping import PROJECT_LEVELS
from connector.membership.model import Role
from connector.membership.roles import PRESETS, role


def held(preset: str, name: str) -> Role:
    return role(PRESETS[preset].catalogue, name)


MEMBER, GUEST, BILLING = held("oagents", "member"), held("onet", "guest"), held("oagents", "billing")
ROWS = [
    # row, facts, level, how the first reason begins
    ("OA-39 admins bypass grants", AccessFacts(held("oagents", "admin")), "admin", "role admin holds resources.admin_all"),
    ("OA-40 billing reads", AccessFacts(BILLING), "read", "role billing holds resources.read_all"),
    (
        "OA-16 a team's admin grant leaves billing at read",
        AccessFacts(BILLING, teams=(("eng", "admin"),)),
        "read",
        "role billing",
    ),
    ("OA-41 the highest of the teams", AccessFacts(MEMBER, teams=(("a", "read"), ("b", "write"))), "write", "team b has write"),
    ("OA-42 the maker is admin", AccessFacts(MEMBER, creator=True), "admin", "made it"),
    ("OA-42 not while suspended", AccessFacts(MEMBER, active=False, creator=True), "none", "suspended"),
    ("OA-43 no role, nothing", AccessFacts(None, creator=True, teams=(("eng", "admin"),)), "none", "not a member"),
    ("OA-44 one team less", AccessFacts(MEMBER, teams=(("a", "read"),)), "read", "team a has read"),
    (
        "OA-32 grants on a kind that is not enforced",
        AccessFacts(MEMBER, enforced=False, teams=(("a", "read"),)),
        "none",
        "no role",
    ),
    ("OH-6 private things are not the admin's", AccessFacts(held("openhands", "owner"), private=True), "none", "this kind"),
    ("OH-6 private things are the maker's", AccessFacts(MEMBER, private=True, creator=True), "admin", "made it"),
    ("TG-15 members read", AccessFacts(held("together", "member")), "read", "role member holds resources.read_all"),
    ("AP-3 what the organization was granted", AccessFacts(held("apolo", "user"), everybody="read"), "read", "everybody"),
    ("ON-6 editors write", AccessFacts(held("onet", "editor")), "write", "role editor holds resources.write_all"),
    ("ON-8 guests by project", AccessFacts(GUEST, project="site", project_role="viewer"), "read", "viewer of project site"),
    ("ON-8 grants do not reach guests", AccessFacts(GUEST, everybody="admin", teams=(("a", "admin"),)), "none", "no role"),
    ("ON-8 nor what every member has", AccessFacts(GUEST, base="write"), "none", "no role"),
    ("ON-13 a guest out of the project", AccessFacts(GUEST, creator=True, project="site"), "none", "no role"),
    ("ON-11 the admin of a project", AccessFacts(MEMBER, project="x", project_role="admin"), "admin", "admin of project x"),
    ("part H 7 the base level", AccessFacts(MEMBER, base="write"), "write", "every member has write"),
    ("a plain member", AccessFacts(MEMBER), "none", "no role"),
]


@pytest.mark.parametrize(("row", "facts", "level", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_a_level_is_what_the_reference_system_says_with_its_reason(row: str, facts: AccessFacts, level: str, reason: str) -> None:
    """Row by row of ORGANIZATIONS.md."""
    access = effective(facts)
    assert access.level == level, row
    assert access.because[0].startswith(reason)


def test_every_role_of_a_project_is_worth_a_level() -> None:
    """Lowest first, as rules order them."""
    assert tuple(OF_PROJECT_ROLE) == PROJECT_LEVELS
    assert [rank(level) for level in OF_PROJECT_ROLE.values()] == [1, 2, 3]


levels = st.sampled_from(LEVELS)
mostly = st.sampled_from([True, True, True, False])
permissions = st.sets(st.sampled_from([f"resources.{level}_all" for level in GRANTED] + ["org.read"])).map(frozenset)
roles = st.builds(Role, st.just("role"), st.just(1), permissions=permissions, can_own=st.booleans(), org_visible=mostly)
worlds = st.builds(
    AccessFacts,
    role=roles | roles | roles | st.none(),
    active=mostly,
    private=mostly.map(lambda said: not said),
    enforced=st.booleans(),
    creator=st.booleans(),
    project=st.just("site"),
    project_role=st.none() | st.sampled_from(PROJECT_LEVELS),
    teams=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(GRANTED)), max_size=4).map(tuple),
    everybody=levels,
    base=levels,
)


def model(facts: AccessFacts) -> str:
    """The rows OA-38 to OA-44, OH-6 and ON-8, as one would say them: a list of all that counts, its highest, and the cap."""
    if facts.role is None or not facts.active:
        return "none"
    if facts.private:
        counts = ["admin"] if facts.creator else []
    else:
        held = facts.role.permissions
        counts = [level for level in GRANTED if f"resources.{level}_all" in held]
        counts += [{"viewer": "read", "member": "write", "admin": "admin"}[facts.project_role]] if facts.project_role else []
        if facts.role.org_visible:
            counts += ["admin"] * facts.creator + [facts.base]
            counts += [level for _, level in facts.teams] + [facts.everybody] if facts.enforced else []
        elif facts.creator and facts.project_role:
            counts += ["admin"]
    highest = max([*counts, "none"], key=["none", "read", "write", "admin"].index)
    return highest if facts.role.can_own or highest == "none" else "read"


@settings(max_examples=500)
@given(worlds)
def test_the_level_equals_the_model(facts: AccessFacts) -> None:
    """A reference model that knows no reasons comes to the same."""
    assert effective(facts).level == model(facts)


@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_grants_changes_nothing(facts: AccessFacts, dice: random.Random) -> None:
    """Nor do grants that are told twice."""
    shuffled = [*facts.teams, *facts.teams[:1]]
    dice.shuffle(shuffled)
    assert effective(dataclasses.replace(facts, teams=tuple(shuffled))) == effective(facts)


@given(worlds, st.sampled_from(["teams", "everybody", "base", "creator", "project_role"]))
def test_one_gift_more_never_means_less(facts: AccessFacts, gift: str) -> None:
    """What gives access adds up (OA-44)."""
    more: dict[str, Any] = {"everybody": "admin", "base": "admin", "creator": True, "project_role": "admin"}
    more["teams"] = (*facts.teams, ("z", "admin"))
    richer = dataclasses.replace(facts, **{gift: more[gift]})
    assert rank(effective(richer).level) >= rank(effective(facts).level)


@given(worlds)
def test_every_level_has_a_reason_and_every_sentence_is_told_once(facts: AccessFacts) -> None:
    """Of `none`, why not."""
    because = effective(facts).because
    assert because
    assert len(set(because)) == len(because)
