"""Short ways to say the values of the heart; every field can be overridden."""

from __future__ import annotations

from typing import Any

from connector.membership.model import (
    ROLE,
    Assignment,
    Cause,
    Group,
    Holding,
    Match,
    MatchKind,
    PersonFacts,
    Policy,
    Rule,
    Subject,
    Target,
)
from connector.membership.roles import PRESETS

CATALOGUE = PRESETS["oagents"].catalogue
POLICY = Policy()
ADA = Subject("m1", "ada@acme.example")

ADMINS = Group("g1", "Platform Admins", "ext-1")
ENGINEERS = Group("g2", "Eng-Data", "ext-2")


def role_rule(key: str, level: str, group: Group = ADMINS, **more: Any) -> Rule:
    """A rule that gives a role to a group, by the group's id."""
    return rule(key, "group", group.id, level=level, **more)


def rule(
    key: str, kind: MatchKind, value: str = "", *, attribute: str = "", to: str = "", level: str = "member", position: int = 0
) -> Rule:
    """A rule with id `key`; `to` is `team:SLUG` or `project:SLUG`, a role when empty."""
    target = to.partition(":")
    match = Match(kind, value, attribute)
    if target[0] == "team":
        return Rule(key, match, "team", target[2], level, position)
    if target[0] == "project":
        return Rule(key, match, "project", target[2], level, position)
    return Rule(key, match, "role", "", level, position)


def row(to: str, level: str, source: str = "manual") -> Assignment:
    """A ledger row: `row("role", "admin")`, `row("team:ops", "member", "rule:r1")`."""
    if to == "role":
        return Assignment(ROLE, level, source)
    kind, _, slug = to.partition(":")
    return Assignment(Target("team" if kind == "team" else "project", slug), level, source)


def member(*rows: Assignment, causes: tuple[Cause, ...] = ()) -> Holding:
    """A member with these rows and causes."""
    return Holding(True, frozenset(rows), frozenset(causes))


def person(*groups: Group, active: bool | None = True, **document: Any) -> PersonFacts:
    """What the authority says of somebody."""
    return PersonFacts(active, groups, document)
