"""From what should be and what is to changes, and from changes to the visible differences: the plan.

A preview, an applied push and a stored plan are the same value. What is compared and signed is *access* (status, role, teams,
projects by name); which rows carry it may differ.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final, NamedTuple

from connector.membership.ledger import breaks_glass, effective, play
from connector.membership.mapping import gift
from connector.membership.model import (
    RULE,
    AccessChange,
    Assignment,
    Because,
    Catalogue,
    Cause,
    Change,
    Desired,
    Effective,
    Give,
    Holding,
    Join,
    Leave,
    Lift,
    Subject,
    Suspend,
    Take,
)

ACTIVE: Final = Because("the IdP says this person is active")

Line = tuple[str, str, str | None, str | None]
"""One access change as stored and compared: subject key, target, before, after."""


def reconcile(desired: Desired, actual: Holding) -> tuple[Change, ...]:
    """Return the changes that make `actual` what `desired` says; none when it is so already.

    Governs rule rows and the `directory` cause only, and nothing of a break-glass owner. A non-member joins when they may enter
    and are not suspended; nobody is made to leave: what the rules no longer give is withdrawn, the membership stays.
    """
    if breaks_glass(actual):
        return ()
    if not actual.member and (desired.suspended or not desired.enters):
        return ()
    joining = () if actual.member else (Join(ACTIVE),)
    return (*joining, *_rows(desired, actual), *_directory_cause(desired, actual))


def _rows(desired: Desired, actual: Holding) -> Iterator[Give | Take]:
    present = {(row.target, row.source): row for row in actual.rows if row.from_rule}
    for granted in desired.granted:
        row = granted.assignment
        old = present.pop((row.target, row.source), None)
        if old != row:
            yield Give(row, granted.because, replaces=old.level if old else None)
    for row in sorted(present.values()):
        yield Take(row, _no_longer(row))


def _no_longer(row: Assignment) -> Because:
    rule = row.source.removeprefix(RULE)
    return Because(f"rule {rule} no longer gives {gift(row.target, row.level)}", rule)


def _directory_cause(desired: Desired, actual: Holding) -> Iterator[Suspend | Lift]:
    stands = Cause.DIRECTORY in actual.causes
    if desired.suspended and not stands:
        yield Suspend(Cause.DIRECTORY, desired.suspended)
    if stands and not desired.suspended:
        yield Lift(Cause.DIRECTORY, ACTIVE)


class Effect(NamedTuple):
    """What a part does to one person: what the ledgers say afterwards, and what they come to before and after."""

    holding: Holding
    before: Effective
    after: Effective


def _effect(before: Holding, changes: tuple[Change, ...], catalogue: Catalogue) -> Effect:
    after = play(changes, before)
    return Effect(after, effective(before, catalogue), effective(after, catalogue))


Difference = tuple[str, str | None, str | None, tuple[str, ...]]
"""Target, before, after and because: an access change without the person."""


def _differences(changes: tuple[Change, ...], effect: Effect, catalogue: Catalogue) -> tuple[Difference, ...]:
    """Return what becomes visibly different by a part, status first, then role, teams and projects.

    Role and places of a suspended person are compared as if they were active; the status is told on its own line. The because of
    a line are the sentences of the changes that touch its target.
    """
    after, old, new = effect.holding, _named(effect.before), _named(effect.after)
    changed = [target for target in {**old, **new} if old.get(target) != new.get(target)]
    reasons = _reasons(changes)
    if "role" in changed and after.member and not any(row.target.kind == "role" for row in after.rows):
        reasons["role"] = (*reasons.get("role", ()), f"nothing gives a role: the default is {catalogue.default}")
    whole = _membership_reason(changes)
    changed.sort(key=_order)
    return tuple((at, old.get(at), new.get(at), reasons.get(at, whole)) for at in changed)


def _named(access: Effective) -> dict[str, str]:
    """Return access as target to name; nothing for someone who is not a member."""
    if access.status is None or access.role is None:
        return {}
    teams = {f"team:{slug}": level for slug, level in access.teams}
    projects = {f"project:{slug}": level for slug, level in access.projects}
    return {"status": access.status, "role": access.role, **teams, **projects}


def _order(target: str) -> tuple[int, str]:
    return ("status", "role", "team", "project").index(target.partition(":")[0]), target


def _reasons(changes: Iterable[Change]) -> dict[str, tuple[str, ...]]:
    reasons: dict[str, tuple[str, ...]] = {}
    for change in changes:
        target = str(change.assignment.target) if isinstance(change, Give | Take) else "status"
        reasons[target] = (*reasons.get(target, ()), change.because.sentence)
    return reasons


def _membership_reason(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return why the whole membership begins or ends: the reason of every line no row of its own explains."""
    return tuple(change.because.sentence for change in changes if isinstance(change, Join | Leave))


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan does to one person."""

    subject: Subject
    before: Holding
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """How many people join, leave, are suspended and reactivated; how many role, team and project lines; people in all."""

    join: int = 0
    leave: int = 0
    suspend: int = 0
    reactivate: int = 0
    role: int = 0
    team: int = 0
    project: int = 0
    people: int = 0


@dataclass(frozen=True)
class Plan:
    """The changes of one verb, at most one part per person.

    Without slots: what follows from the parts is worked out once, and once for all parts that share what was held before and what
    is changed, as most do when a rule changes for everybody.
    """

    parts: tuple[Part, ...]
    catalogue: Catalogue
    others: tuple[AccessChange, ...] = ()
    """What changes by no row of the ledger: other ranks or another default role make something else of the same rows."""

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What each part does, in the order of the parts. Parts that are alike share one value."""
        known: dict[tuple[int, int], Effect] = {}
        for part in self.parts:
            if _alike(part) not in known:
                known[_alike(part)] = _effect(part.before, part.changes, self.catalogue)
        return tuple(known[_alike(part)] for part in self.parts)

    @cached_property
    def differences(self) -> tuple[tuple[Difference, ...], ...]:
        """What becomes visibly different by each part, in the order of the parts."""
        known: dict[int, tuple[Difference, ...]] = {}
        for part, effect in zip(self.parts, self.effects, strict=True):
            if id(effect) not in known:
                known[id(effect)] = _differences(part.changes, effect, self.catalogue)
        return tuple(known[id(effect)] for effect in self.effects)

    @cached_property
    def access(self) -> tuple[AccessChange, ...]:
        """Every visible difference, part by part, and then the others."""
        both = zip(self.parts, self.differences, strict=True)
        return (*(AccessChange(part.subject, *line) for part, lines in both for line in lines), *self.others)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The differences as they are stored and compared, sorted."""
        lines = ((line.subject.key, line.target, line.before, line.after) for line in self.access)
        return tuple(sorted(lines, key=lambda line: (line[0], line[1])))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the lines: equal for equal differences, whatever order the parts are in and whatever led to them."""
        return hashlib.sha256(json.dumps(self.lines, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def summary(self) -> Summary:
        """The differences, counted."""
        counts = Counter(kind_of(line.target, line.before, line.after) for line in self.access)
        counts["people"] = len({line.subject.key for line in self.access})
        return Summary(**{each.name: counts[each.name] for each in fields(Summary)})

    def is_within(self, stored: Iterable[Line]) -> bool:
        """Tell whether every difference is in a stored plan, of which some may have become moot."""
        return set(stored).issuperset(self.lines)


def _alike(part: Part) -> tuple[int, int]:
    """Parts with the very same values come to the same. The parts keep them, so no other value can have their identity."""
    return id(part.before), id(part.changes)


def kind_of(target: str, before: str | None, after: str | None) -> str:
    """Return under which name of `Summary` a line is counted."""
    if target != "status":
        return target.partition(":")[0]
    if before is None:
        return "join"
    if after is None:
        return "leave"
    return "suspend" if after == "suspended" else "reactivate"
