"""ACCESS: what somebody may do with a resource, as one level with its reasons (OA-38 to OA-44). Pure.

Nothing is allowed by default. Whatever gives access adds up, and the highest counts: the order in which it is looked at changes
nothing, and one gift more never means less. A role that may own nothing is held at `read` in the end (OA-16).

Who is a guest (a role without `org_visible`) has what their projects give and nothing else: neither grants nor what everybody
has, and what they made only while they are in its project (ON-8, ON-13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from connector.membership.model import Role

Level = Literal["none", "read", "write", "admin"]

LEVELS: Final[tuple[Level, ...]] = ("none", "read", "write", "admin")
"""Lowest first."""

GRANTED: Final[tuple[Level, ...]] = ("read", "write", "admin")
"""What a grant may give."""

OF_PROJECT_ROLE: Final[Mapping[str, Level]] = {"viewer": "read", "member": "write", "admin": "admin"}
"""What a place in a project is worth on what stands in it."""

BY_PERMISSION: Final[tuple[tuple[str, Level], ...]] = (
    ("resources.admin_all", "admin"),
    ("resources.write_all", "write"),
    ("resources.read_all", "read"),
)
"""The permissions of roles that reach every resource of the organization, highest first."""


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """One person and one resource of an organization, as they stand to each other.

    `role` is None for who is no member, `active` False for who is suspended. `enforced` and `private` are the resource's kind.
    `teams` are the levels that teams of theirs were granted, by slug; `everybody` what the organization as a whole was granted;
    `base` what the organization lets every member do. `project` is where the resource stands, `project_role` their place in it.
    """

    role: Role | None
    active: bool = True
    private: bool = False
    enforced: bool = True
    creator: bool = False
    project: str | None = None
    project_role: str | None = None
    teams: tuple[tuple[str, Level], ...] = ()
    everybody: Level = "none"
    base: Level = "none"


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do, and why: one sentence for everything that gives access, the highest first; of `none` why not."""

    level: Level
    because: tuple[str, ...]

    def allows(self, wanted: Level) -> bool:
        """Whether the level is as high as `wanted`, or higher."""
        return rank(self.level) >= rank(wanted)


OWN: Final = Access("admin", ("it is their own",))
"""What somebody may do with what is theirs (OA-1)."""


def rank(level: Level) -> int:
    """The place of a level, lowest first."""
    return LEVELS.index(level)


def effective(facts: AccessFacts) -> Access:
    """Return what somebody may do with a resource of an organization. Equal facts, in whatever order, give equal values."""
    role = facts.role
    if role is None:
        return Access("none", ("not a member of this organization",))
    if not facts.active:
        return Access("none", ("suspended: what they have is kept for the day they come back",))
    given = sorted(set(_given(facts, role)), key=lambda each: (-rank(each[0]), each[1]))
    if not given:
        return Access("none", (_why_not(facts),))
    highest = given[0][0]
    reasons = tuple(reason for _, reason in given)
    if role.can_own or rank(highest) <= rank("read"):
        return Access(highest, reasons)
    return Access("read", (f"role {role.name} may own nothing, so this is read at most", *reasons))


def _given(facts: AccessFacts, role: Role) -> Iterator[tuple[Level, str]]:
    """Everything that gives access, each with its sentence."""
    if facts.private:
        if facts.creator:
            yield "admin", "made it, and this kind is private to its maker"
        return
    yield from _by_role(role)
    at_home = facts.project_role is not None
    if facts.creator and (role.org_visible or at_home):
        yield "admin", "made it"
    if facts.project_role is not None:
        yield OF_PROJECT_ROLE[facts.project_role], f"{facts.project_role} of project {facts.project}"
    if role.org_visible:
        yield from _shared(facts)


def _by_role(role: Role) -> Iterator[tuple[Level, str]]:
    for permission, level in BY_PERMISSION:
        if permission in role.permissions:
            yield level, f"role {role.name} holds {permission}"
            return


def _shared(facts: AccessFacts) -> Iterator[tuple[Level, str]]:
    if facts.enforced:
        yield from ((level, f"team {slug} has {level}") for slug, level in facts.teams)
        if facts.everybody != "none":
            yield facts.everybody, f"everybody of the organization was granted {facts.everybody}"
    if facts.base != "none":
        yield facts.base, f"every member has {facts.base} on resources of this organization"


def _why_not(facts: AccessFacts) -> str:
    if facts.private:
        return "this kind is private to who made it"
    if not facts.enforced and (facts.teams or facts.everybody != "none"):
        return "no role, project or authorship gives access, and grants do not count for this kind"
    return "no role, project, grant or authorship gives access"
