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


def role_rule(id: str, level: str, group: Group = ADMINS, **more: Any) -> Rule:
    """A rule that gives a role to a group, by the group's id."""
    return rule(id, "group", group.id, level=level, **more)


def rule(id: str, kind: MatchKind, value: str = "", *, attribute: str = "", to: str = "", level: str = "", position: int = 0) -> Rule:
    """A rule; `to` is `team:SLUG` or `project:SLUG`, a role when empty."""
    target = to.partition(":")
    match = Match(kind, value, attribute)
    if target[0] == "team":
        return Rule(id, match, "team", target[2], level or "member", position)
    if target[0] == "project":
        return Rule(id, match, "project", target[2], level or "member", position)
    return Rule(id, match, "role", "", level or "member", position)


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
