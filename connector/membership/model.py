"""The values the heart works on. Frozen, without identity in a database, equal when they say the same.

Two ledgers say what a person has. *Assignments* say what was given, by whom: effective access is a pure function of the live
rows, and withdrawing a source deletes only its own. *Suspensions* say why a person is out: active means there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

TargetKind = Literal["role", "team", "project"]
MatchKind = Literal["group", "external_id", "name", "pattern", "attribute", "everyone"]
Strategy = Literal["highest", "ordered"]
Status = Literal["active", "suspended"]

RULE = "rule:"


class Mode(StrEnum):
    """How an organization gets its members: never both at once."""

    INVITATION = "invitation"
    SSO = "sso"


class Cause(StrEnum):
    """Why a membership is suspended; each cause is lifted by its own kind of act only."""

    ADMIN = "admin"
    BLOCK = "block"
    DIRECTORY = "directory"
    CANNOT_LINK = "cannot_link"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What an assignment is about: the organization role (slug ''), a team or a project by slug."""

    kind: TargetKind
    slug: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind == "role" else f"{self.kind}:{self.slug}"


ROLE = Target("role")


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """One row of the ledger. `level` is a role of the catalogue, a team role (`maintainer`, `member`) or a project role.

    `source` is `manual`, `invitation`, `founder`, `break_glass`, `converted`, `system` or `rule:<id>`. A person holds at most one
    row per (target, source).
    """

    target: Target
    level: str
    source: str

    @property
    def from_rule(self) -> bool:
        """True when sync gave this row, and sync may take it."""
        return self.source.startswith(RULE)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one person has in one organization, as the ledgers say; `member` is False before the membership exists."""

    member: bool = False
    rows: frozenset[Assignment] = frozenset()
    causes: frozenset[Cause] = frozenset()


@dataclass(frozen=True, slots=True)
class Role:
    """A role of an organization's catalogue. Higher rank wins; the `top` role can never be without an active holder."""

    name: str
    rank: int
    top: bool = False
    permissions: frozenset[str] = frozenset()
    can_own: bool = True
    org_visible: bool = True


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The roles of one organization and the one that holds when nothing was given."""

    roles: tuple[Role, ...]
    default: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How an organization reads its rules: the strategy for the one organization role; whether rules may give the top role;
    and the gate: when True, people whom no group rule matches do not enter."""

    strategy: Strategy = "highest"
    top_by_rules: bool = False
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the IdP pushed it."""

    id: str
    name: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks for: `value` is a group id, external id, name, pattern or the value of `attribute`."""

    kind: MatchKind
    value: str = ""
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a connection: who matches gets `level` at the target.

    For a role the level is the role's name and `slug` is ''. For a team or project `slug` may hold captures of a pattern: `{1}`.
    `position` orders rules for the `ordered` strategy.
    """

    id: str
    match: Match
    kind: TargetKind
    slug: str
    level: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What the authority says of a person. `active` is None when it does not know them; `document` is the folded search document,
    present only when a rule asks for attributes."""

    active: bool | None
    groups: tuple[Group, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Because:
    """Why: the rule and the group that led to it (None where there is none), and the sentence a person reads."""

    sentence: str
    rule: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """An assignment the rules call for, with its because."""

    assignment: Assignment
    because: Because


@dataclass(frozen=True, slots=True)
class Refused:
    """What a rule would have given and did not, and why not."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What a person should be by the authority: the rule rows they should hold, whether the directory suspends them, whether they
    may enter, each with its because; and what was not given."""

    granted: tuple[Granted, ...] = ()
    suspended: Because | None = None
    enters: bool = True
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """The membership begins."""

    because: Because


@dataclass(frozen=True, slots=True)
class Leave:
    """The membership ends, with all its rows and causes."""

    because: Because


@dataclass(frozen=True, slots=True)
class Give:
    """A row is written; `replaces` is the level the same (target, source) had before, if any."""

    assignment: Assignment
    because: Because
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """A row is withdrawn."""

    assignment: Assignment
    because: Because


@dataclass(frozen=True, slots=True)
class Suspend:
    """A cause is entered."""

    cause: Cause
    because: Because


@dataclass(frozen=True, slots=True)
class Lift:
    """A cause is removed."""

    cause: Cause
    because: Because


Change = Join | Leave | Give | Take | Suspend | Lift


@dataclass(frozen=True, slots=True)
class Effective:
    """What all live rows together come to. `status` and `role` are None for someone who is not a member. Teams and projects map
    slug to role, sorted by slug."""

    status: Status | None = None
    role: str | None = None
    teams: tuple[tuple[str, str], ...] = ()
    projects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a part of a plan is about. `key` is stable between preview and apply: membership id, or `user:<DirectoryUser id>` for
    somebody who is not a member yet. `email` is for people to read and may be unknown."""

    key: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class AccessChange:
    """One visible difference: `target` is `role`, `team:SLUG`, `project:SLUG` or `status`; before and after a name or None."""

    subject: Subject
    target: str
    before: str | None
    after: str | None
    because: tuple[str, ...]
