"""Who becomes what: the facts about a person and the rules in force, made into what the person should be, with the reasons.

`prepare` reads the rules once; the `Mapping` it returns is asked about as many people as there are. What one group gives is the
same for all its members, so it is worked out once per group.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from connector.errors import Invalid
from connector.membership import roles
from connector.membership.attributes import has_value
from connector.membership.fold import fold
from connector.membership.model import (
    RULE,
    Assignment,
    Because,
    Catalogue,
    Desired,
    Granted,
    Group,
    PersonFacts,
    Policy,
    Refused,
    Rule,
    Target,
)
from connector.membership.pattern import CompiledPattern, compile_pattern, fill

TEAM_LEVELS: Final = ("member", "maintainer")
PROJECT_LEVELS: Final = ("viewer", "member", "admin")
"""The levels of teams and projects, lowest first."""

REMEMBERED: Final = 5_000
"""Groups whose hits a mapping remembers."""

NOT_ACTIVE: Final = Because("the IdP says this person is not active")


class _Hit(NamedTuple):
    """A rule that matched, through which group, and what comes of it."""

    rule: Rule
    group: Group | None
    outcome: Granted | Refused

    @property
    def order(self) -> tuple[int, str, str, str]:
        """First rule first; of several groups that match one rule, the first by name."""
        return self.rule.position, self.rule.id, self.group.name if self.group else "", self.group.id if self.group else ""

    @property
    def target(self) -> Target:
        return self.outcome.assignment.target if isinstance(self.outcome, Granted) else self.outcome.target


@dataclass(frozen=True, slots=True)
class Mapping:
    """The rules of one organization, read. Made by `prepare`, and as good as these rules are."""

    catalogue: Catalogue
    policy: Policy
    by_group: abc.Mapping[tuple[str, str | None], tuple[Rule, ...]]
    by_pattern: tuple[tuple[Rule, CompiledPattern], ...]
    by_attribute: tuple[_Hit, ...]
    for_everyone: tuple[_Hit, ...]
    _of_group: dict[Group, tuple[_Hit, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def needs_document(self) -> bool:
        """True when `desired` needs `PersonFacts.document`."""
        return bool(self.by_attribute)

    def matched_by(self, group: Group) -> tuple[Rule, ...]:
        """Return the rules that match `group`, in their order."""
        return tuple(hit.rule for hit in self._hits_of(group))

    def gifts_of(self, group: Group) -> tuple[tuple[Rule, Target], ...]:
        """Return the rules that match `group` with what each is about there: the captures of a pattern are filled in."""
        return tuple((hit.rule, hit.target) for hit in self._hits_of(group))

    def desired(self, facts: PersonFacts) -> Desired:
        """Return what the person should be. Equal facts and rules, in whatever order, give equal values.

        What the rules give is worked out for suspended people too: it is kept for the day they come back. Nothing is said of
        someone the authority does not know (`active` None), and they do not enter.
        """
        if facts.active is None:
            return Desired(enters=False)
        hits = self._hits(facts)
        granted, refused = self._ordered(hits) if self.policy.strategy == "ordered" else _split(hits)
        enters = not self.policy.gate or any(hit.rule.match.kind != "everyone" for hit in hits)
        return Desired(
            tuple(sorted(granted, key=_by_assignment)) if len(granted) > 1 else tuple(granted),
            None if facts.active else NOT_ACTIVE,
            enters,
            tuple(sorted(refused, key=_by_target)) if refused else (),
        )

    def _hits(self, facts: PersonFacts) -> list[_Hit]:
        """Return what matched, once per rule and target, in the order of rules where it matters."""
        found = list(self.for_everyone)
        for group in facts.groups:
            found += self._hits_of(group)
        found += (hit for hit in self.by_attribute if has_value(facts.document, hit.rule.match.attribute, hit.rule.match.value))
        if len(found) < 2:
            return found
        first: dict[tuple[str, Target], _Hit] = {}
        for hit in found:
            key = (hit.rule.id, hit.target)
            other = first.setdefault(key, hit)
            if other is not hit and hit.order < other.order:
                first[key] = hit
        return list(first.values())

    def _hits_of(self, group: Group) -> tuple[_Hit, ...]:
        hits = self._of_group.get(group)
        if hits is None:
            if len(self._of_group) >= REMEMBERED:
                self._of_group.clear()
            hits = self._of_group[group] = tuple(sorted(self._match(group), key=lambda hit: hit.order))
        return hits

    def _match(self, group: Group) -> Iterator[_Hit]:
        for key in (("group", group.id), ("external_id", group.external_id), ("name", fold(group.name))):
            for rule in self.by_group.get(key, ()):
                yield _hit(rule, group, (), self.catalogue, self.policy)
        for rule, pattern in self.by_pattern:
            captures = pattern.match(group.name)
            if captures is not None:
                yield _hit(rule, group, captures, self.catalogue, self.policy)

    def _ordered(self, hits: Iterable[_Hit]) -> tuple[list[Granted], list[Refused]]:
        """Keep of the role rules only the first that gives anything; one that is refused decides nothing."""
        granted, refused = _split(hit for hit in hits if hit.target.kind != "role")
        decided: Rule | None = None
        for hit in sorted((hit for hit in hits if hit.target.kind == "role"), key=lambda hit: hit.order):
            if isinstance(hit.outcome, Refused):
                refused.append(hit.outcome)
            elif decided is None:
                decided = hit.rule
                granted.append(hit.outcome)
            else:
                reason = f"{hit.outcome.because.sentence}: rule {decided.id} comes first, and the first matching rule decides"
                refused.append(Refused(hit.target, reason))
        return granted, refused


def prepare(rules: Iterable[Rule], catalogue: Catalogue, policy: Policy) -> Mapping:
    """Read the rules in force, for many people. Raises Invalid for the patterns and slugs that `check` refuses."""
    rules = tuple(rules)
    by_group: dict[tuple[str, str | None], tuple[Rule, ...]] = {}
    for rule in rules:
        if rule.match.kind in ("group", "external_id", "name"):
            value = fold(rule.match.value) if rule.match.kind == "name" else rule.match.value
            key = (rule.match.kind, value)
            by_group[key] = (*by_group.get(key, ()), rule)
    patterns = tuple((rule, compile_pattern(rule.match.value)) for rule in rules if rule.match.kind == "pattern")
    attributes = tuple(_hit(rule, None, (), catalogue, policy) for rule in rules if rule.match.kind == "attribute")
    everyone = tuple(_hit(rule, None, (), catalogue, policy) for rule in rules if rule.match.kind == "everyone")
    return Mapping(catalogue, policy, by_group, patterns, attributes, everyone)


def check(rule: Rule, catalogue: Catalogue) -> None:
    """Refuse a rule that could never give anything.

    Raises Invalid: `unknown_role`, `pattern_invalid`, `slug_invalid` (no slug, or a capture the pattern does not have),
    `level_invalid` (neither a team role nor a project role).
    """
    if rule.kind == "role":
        roles.role(catalogue, rule.level)
    captures = compile_pattern(rule.match.value).captures if rule.match.kind == "pattern" else 0
    if rule.kind == "role":
        return
    if fill(rule.slug, ("x",) * captures) is None:
        raise Invalid("slug_invalid", f'"{rule.slug}" is no slug.', expected="lower-case letters, digits and hyphens")
    levels = TEAM_LEVELS if rule.kind == "team" else PROJECT_LEVELS
    if rule.level not in levels:
        raise Invalid("level_invalid", f'"{rule.level}" is no role in a {rule.kind}.', expected=f"one of: {', '.join(levels)}")


def gift(target: Target, level: str) -> str:
    """Say an assignment: `role admin`, `team:ops`, `team:ops as maintainer`, `project:apollo`."""
    if target.kind == "role":
        return f"role {level}"
    return f"{target}" if level == "member" else f"{target} as {level}"


def _hit(rule: Rule, group: Group | None, captures: Sequence[str], catalogue: Catalogue, policy: Policy) -> _Hit:
    slug = "" if rule.kind == "role" else fill(rule.slug, captures)
    target = Target(rule.kind, rule.slug if slug is None else slug)
    sentence = f"{_origin(rule, group)} -> rule {rule.id} -> {gift(target, rule.level)}"
    objection = _objection(rule, slug, catalogue, policy)
    if objection:
        return _Hit(rule, group, Refused(target, f"{sentence}: {objection}"))
    because = Because(sentence, rule.id, group.name if group else None)
    return _Hit(rule, group, Granted(Assignment(target, rule.level, f"{RULE}{rule.id}"), because))


def _objection(rule: Rule, slug: str | None, catalogue: Catalogue, policy: Policy) -> str | None:
    if slug is None:
        return "what the pattern captured has no letters or digits a slug could be made of"
    if rule.kind != "role":
        return None
    if all(rule.level != role.name for role in catalogue.roles):
        return "this organization has no such role"
    if rule.level == roles.top(catalogue).name and not policy.top_by_rules:
        return "the top role is not given by rules in this organization"
    return None


def _split(hits: Iterable[_Hit]) -> tuple[list[Granted], list[Refused]]:
    granted: list[Granted] = []
    refused: list[Refused] = []
    for hit in hits:
        if isinstance(hit.outcome, Granted):
            granted.append(hit.outcome)
        else:
            refused.append(hit.outcome)
    return granted, refused


def _origin(rule: Rule, group: Group | None) -> str:
    if group:
        return f'IdP group "{group.name}"'
    if rule.match.kind == "attribute":
        return f'attribute {rule.match.attribute} = "{rule.match.value}"'
    return "everyone"


def _by_assignment(granted: Granted) -> tuple[str, str, str]:
    row = granted.assignment
    return row.target.kind, row.target.slug, row.source


def _by_target(refused: Refused) -> tuple[str, str, str]:
    return refused.target.kind, refused.target.slug, refused.reason
