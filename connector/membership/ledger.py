"""The two ledgers of one person: how changes play on them, what they come to, and how rows change hands between modes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from connector.membership import roles
from connector.membership.mapping import PROJECT_LEVELS, TEAM_LEVELS, gift
from connector.membership.model import (
    ROLE,
    Assignment,
    Because,
    Catalogue,
    Cause,
    Change,
    Effective,
    Give,
    Holding,
    Join,
    Leave,
    Lift,
    Suspend,
    Take,
    Target,
)

BREAK_GLASS = "break_glass"
CONVERTED = "converted"

_HANDED_OVER = frozenset({"manual", "invitation", "founder", CONVERTED})
_RULES_SPEAK = Because("the rules speak of this person now: what was kept until then is withdrawn")
_GOING_LIVE = Because("roles and teams are handed over to the rules of the connection going live")


def breaks_glass(holding: Holding) -> bool:
    """True for a break-glass owner, who is outside SCIM, rules and sign-in through an IdP."""
    return any(row.source == BREAK_GLASS for row in holding.rows)


def play(changes: Iterable[Change], holding: Holding) -> Holding:
    """Return what `holding` is after `changes`, one after the other. A Give replaces the row of the same target and source."""
    member = holding.member
    rows = {(row.target, row.source): row for row in holding.rows}
    causes: set[Cause] = set(holding.causes)
    for change in changes:
        match change:
            case Join():
                member = True
            case Leave():
                member = False
                rows.clear()
                causes.clear()
            case Give(assignment):
                rows[assignment.target, assignment.source] = assignment
            case Take(assignment):
                rows.pop((assignment.target, assignment.source), None)
            case Suspend(cause):
                causes.add(cause)
            case Lift(cause):
                causes.discard(cause)
    return Holding(member, frozenset(rows.values()), frozenset(causes))


def effective(holding: Holding, catalogue: Catalogue) -> Effective:
    """Return what the live rows come to: the role of highest rank or the default, the higher team role, every project.

    Suspension changes the status and nothing else: what a suspended person would have is told, and opens nothing.
    """
    if not holding.member:
        return Effective()
    given: dict[Target, set[str]] = {}
    for row in holding.rows:
        given.setdefault(row.target, set()).add(row.level)
    role = roles.highest(catalogue, given.pop(ROLE, ()))
    places = sorted((target, level_of(target, levels, catalogue)) for target, levels in given.items())
    return Effective(
        "suspended" if holding.causes else "active",
        role,
        tuple((target.slug, level) for target, level in places if target.kind == "team"),
        tuple((target.slug, level) for target, level in places if target.kind == "project"),
    )


def level_of(target: Target, levels: Collection[str], catalogue: Catalogue) -> str:
    """Return the level that counts when several rows give the same target."""
    if target.kind == "role":
        return roles.highest(catalogue, levels)
    return max(levels, key=(TEAM_LEVELS if target.kind == "team" else PROJECT_LEVELS).index)


def convert(holding: Holding, catalogue: Catalogue, sources: Collection[str] | None = None) -> tuple[Change, ...]:
    """Turn rule rows into `converted` ones, one per target with the level they came to: nobody loses access by it.

    For going back to invitations (all rules), and for keeping what a rule or a connection gave when it is removed (`sources`: its
    `rule:<id>`). A `converted` row already there is raised, never lowered.
    """
    return _converted(
        holding, [row for row in holding.rows if row.from_rule and (sources is None or row.source in sources)], catalogue
    )


def _converted(holding: Holding, rows: Iterable[Assignment], catalogue: Catalogue) -> tuple[Change, ...]:
    taken = sorted(rows)
    changes: list[Change] = []
    for target in dict.fromkeys(row.target for row in taken):
        mine = [row for row in taken if row.target == target]
        old = next((row.level for row in holding.rows if row.target == target and row.source == CONVERTED), None)
        level = level_of(target, {row.level for row in mine} | ({old} if old else set()), catalogue)
        because = Because(f"kept: {gift(target, level)} came from {', '.join(_named(row) for row in mine)}")
        if level != old:
            changes.append(Give(Assignment(target, level, CONVERTED), because, replaces=old))
        changes += (Take(row, because) for row in mine)
    return tuple(changes)


def hand_over(holding: Holding, catalogue: Catalogue, because: Because = _GOING_LIVE) -> tuple[Take, ...]:
    """Withdraw what people gave, so that the rules speak: manual, invitation, founder's and converted rows of a linked member.

    The top role stays whoever gave it, and so do `system` rows and everything of a break-glass owner.
    """
    if breaks_glass(holding):
        return ()
    top = roles.top(catalogue).name
    rows = (row for row in holding.rows if row.source in _HANDED_OVER and not (row.target == ROLE and row.level == top))
    return tuple(Take(row, because) for row in sorted(rows))


def await_rules(holding: Holding, catalogue: Catalogue) -> tuple[Change, ...]:
    """Keep what `hand_over` would withdraw until the rules speak of this person: manual, invitation and founder's rows become
    `converted` ones, which `release` withdraws then."""
    rows = [take.assignment for take in hand_over(holding, catalogue) if take.assignment.source != CONVERTED]
    return _converted(holding, rows, catalogue)


def release(holding: Holding, catalogue: Catalogue) -> tuple[Take, ...]:
    """Withdraw what was kept until the rules speak, now that they do: `converted` rows, but the top role."""
    if not any(row.source == CONVERTED for row in holding.rows):
        return ()
    return tuple(take for take in hand_over(holding, catalogue, _RULES_SPEAK) if take.assignment.source == CONVERTED)


def _named(row: Assignment) -> str:
    return row.source.replace(":", " ", 1)
