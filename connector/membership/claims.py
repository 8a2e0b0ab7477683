"""What sign-ins give while no directory is live: the rules of each connection speak for the people who signed in through it.

Unknown is not empty: who never told of groups keeps what group rules gave, and nothing is said by rules of connections that
somebody never came through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.membership.mapping import Mapping as RuleMapping
from connector.membership.model import RULE, Because, Desired, Granted, Holding, PersonFacts, Rule

_BY_GROUP: Final = frozenset({"group", "external_id", "name", "pattern"})
_NOT_SAID: Final = "the identity provider said nothing of groups: what they gave stays"
_NOT_ASKED: Final = "given by the rule of a connection that this person has not signed in through since"


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The rules of one connection: read, and as they are."""

    mapping: RuleMapping
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the last sign-in through a connection said. `groups_known` is False when no sign-in ever told of groups."""

    connection: str
    facts: PersonFacts
    groups_known: bool


def desired_by_claims(claims: Sequence[Claim], rules: Mapping[str, ClaimRules], holding: Holding) -> Desired:
    """Return what somebody should be who signed in through these connections, of which `rules` has those in force.

    Several connections add up. Under an entry gate one of them has to match.
    """
    spoken = [(claim, rules[claim.connection]) for claim in claims if claim.connection in rules]
    each = [said.mapping.desired(claim.facts) for claim, said in spoken]
    granted = {(one.assignment.target, one.assignment.source): one for desired in each for one in desired.granted}
    for one in _staying(spoken, holding):
        granted.setdefault((one.assignment.target, one.assignment.source), one)
    return Desired(
        tuple(sorted(granted.values(), key=lambda one: one.assignment)),
        None,
        any(desired.enters for desired in each),
        tuple(refused for desired in each for refused in desired.refused),
    )


def _staying(spoken: Sequence[tuple[Claim, ClaimRules]], holding: Holding) -> Iterator[Granted]:
    """The rows that nothing said takes away."""
    asked = {rule.id for _, said in spoken for rule in said.rules}
    unsaid = {r.id for claim, said in spoken if not claim.groups_known for r in said.rules if r.match.kind in _BY_GROUP}
    for row in holding.rows:
        rule = row.source.removeprefix(RULE)
        if row.from_rule and rule not in asked:
            yield Granted(row, Because(_NOT_ASKED, rule))
        elif row.from_rule and rule in unsaid:
            yield Granted(row, Because(_NOT_SAID, rule))
