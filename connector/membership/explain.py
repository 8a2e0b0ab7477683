"""Why somebody has what they have, and why not something else: every live row with rule and group, and what came to nothing."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from connector.membership.claims import Claim, ClaimRules, desired_by_claims
from connector.membership.ledger import breaks_glass, level_of
from connector.membership.mapping import Mapping, gift
from connector.membership.model import RULE, Assignment, Catalogue, Cause, Desired, Granted, Holding, PersonFacts, Target

CAUSES: Final = {
    Cause.ADMIN: "suspended by an admin",
    Cause.BLOCK: "removed and blocked by an admin",
    Cause.DIRECTORY: "suspended by the directory: the IdP says this person is not active",
    Cause.CANNOT_LINK: "suspended because no account at the IdP could be linked",
}


@dataclass(frozen=True, slots=True)
class BecauseItem:
    """A live row. `source` is that of the row, or `default` for the role nobody gave; `rule` its id and `group` the group's name
    where a rule gave it."""

    target: str
    level: str
    source: str
    rule: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class NotItem:
    """What did not come about. `target` is None for a group that leads nowhere."""

    target: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`because` of what a person has; `not_` of what they have not."""

    because: tuple[BecauseItem, ...]
    not_: tuple[NotItem, ...]


NO_SIGN_IN: Final = "has not signed in through an active connection: what rules look at is not known"
NO_DIRECTORY: Final = "no directory is live here: what an identity provider pushes gives nothing yet"


def explain(facts: PersonFacts, mapping: Mapping, holding: Holding, *, live: bool = True) -> Explanation:
    """Explain one person: `facts` by the authority, the rules in force and what the ledgers say; `live`: a directory is."""
    if not live:
        reasons = (*_suspended(holding), NotItem(None, NO_DIRECTORY), *_outranked(holding, mapping.catalogue))
        return Explanation(_because(holding, (), mapping.catalogue), reasons)
    if breaks_glass(holding):
        outside = NotItem(None, "a break-glass owner is outside SCIM and rules: nothing the IdP says changes them")
        return Explanation(
            _because(holding, (), mapping.catalogue), (*_suspended(holding), outside, *_outranked(holding, mapping.catalogue))
        )
    desired = mapping.desired(facts)
    return Explanation(_because(holding, desired.granted, mapping.catalogue), tuple(_reasons(facts, mapping, desired, holding)))


def explain_claims(
    claims: Sequence[Claim], rules: abc.Mapping[str, ClaimRules], catalogue: Catalogue, holding: Holding
) -> Explanation:
    """Explain one person by what their sign-ins said, where no directory is live; `rules` are those of active connections."""
    if not claims or breaks_glass(holding):
        reason = NO_SIGN_IN if not claims else "a break-glass owner is outside of rules: nothing the IdP says changes them"
        not_ = (*_suspended(holding), NotItem(None, reason), *_outranked(holding, catalogue))
        return Explanation(_because(holding, (), catalogue), not_)
    desired = desired_by_claims(claims, rules, holding)
    unmapped = [item for claim in claims if claim.connection in rules for item in _unmapped_by(claim, rules[claim.connection])]
    refused = [NotItem(str(each.target), each.reason) for each in desired.refused]
    not_ = (*_suspended(holding), *unmapped, *refused, *_unapplied(desired, holding), *_outranked(holding, catalogue))
    return Explanation(_because(holding, desired.granted, catalogue), not_)


def _unmapped_by(claim: Claim, said: ClaimRules) -> Iterator[NotItem]:
    if not claim.groups_known:
        yield NotItem(None, "the sign-ins said nothing of groups: they are unknown, and what groups gave stays")
    yield from _unmapped(claim.facts, said.mapping)


def _reasons(facts: PersonFacts, mapping: Mapping, desired: Desired, holding: Holding) -> Iterator[NotItem]:
    yield from _suspended(holding)
    yield from _outside(facts, desired, holding)
    yield from _unmapped(facts, mapping)
    yield from (NotItem(str(refused.target), refused.reason) for refused in desired.refused)
    yield from _unapplied(desired, holding)
    yield from _outranked(holding, mapping.catalogue)


def _because(holding: Holding, granted: tuple[Granted, ...], catalogue: Catalogue) -> tuple[BecauseItem, ...]:
    groups = {(each.assignment.target, each.assignment.source): each.because.group for each in granted}
    items = [
        BecauseItem(
            str(row.target),
            row.level,
            row.source,
            row.source.removeprefix(RULE) if row.from_rule else None,
            groups.get((row.target, row.source)),
        )
        for row in sorted(holding.rows)
    ]
    if holding.member and not any(row.target.kind == "role" for row in holding.rows):
        items.insert(0, BecauseItem("role", catalogue.default, "default"))
    return tuple(items)


def _suspended(holding: Holding) -> Iterator[NotItem]:
    for cause in sorted(holding.causes):
        yield NotItem("status", CAUSES[cause])


def _outside(facts: PersonFacts, desired: Desired, holding: Holding) -> Iterator[NotItem]:
    """Say why somebody is not a member, or what the authority has to say of a member."""
    if facts.active is None:
        yield NotItem("status" if not holding.member else None, "the IdP has not told us of this person")
    elif holding.member:
        return
    elif not facts.active:
        yield NotItem("status", "not a member: the IdP says this person is not active")
    elif not desired.enters:
        yield NotItem("status", "not a member: no rule matches their groups or attributes, and without one nobody enters")


def _unmapped(facts: PersonFacts, mapping: Mapping) -> Iterator[NotItem]:
    for group in sorted(facts.groups, key=lambda group: (group.name, group.id)):
        if not mapping.matched_by(group):
            yield NotItem(None, f'IdP group "{group.name}" is mapped by no rule')


def _unapplied(desired: Desired, holding: Holding) -> Iterator[NotItem]:
    """Name the differences between rules and rows: the guard of the last owner withholds, a paused directory waits."""
    if not holding.member:
        return
    called_for = {granted.assignment for granted in desired.granted}
    for granted in desired.granted:
        if granted.assignment not in holding.rows:
            yield NotItem(str(granted.assignment.target), f"{granted.because.sentence}: not applied yet")
    for row in sorted(holding.rows):
        if row.from_rule and row not in called_for:
            yield NotItem(str(row.target), f"{_said(row)} is still there although the rule no longer gives it")


def _outranked(holding: Holding, catalogue: Catalogue) -> Iterator[NotItem]:
    by_target: dict[Target, list[Assignment]] = {}
    for row in sorted(holding.rows):
        by_target.setdefault(row.target, []).append(row)
    for target, rows in by_target.items():
        level = level_of(target, {row.level for row in rows}, catalogue)
        winner = next((row for row in rows if row.level == level), None)
        for row in rows:
            if winner and row.level != level:
                yield NotItem(str(target), f"{_said(row)} is outranked by {_said(winner)}")


def _said(row: Assignment) -> str:
    return f"{gift(row.target, row.level)} ({row.source.replace(':', ' ', 1)})"
