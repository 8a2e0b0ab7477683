"""The last owner: an organization is never left without an active holder of its top role (DESIGN.md section 5).

The change is judged and not the row: whatever does not cost the last holder their place goes through.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.errors import Conflict
from connector.membership import roles
from connector.membership.ledger import play
from connector.membership.model import ROLE, Catalogue, Change, Holding
from connector.membership.plan import Part


def holds_top(holding: Holding, catalogue: Catalogue) -> bool:
    """True for an active member whose effective role is the top one: no role outranks it, so one row is enough."""
    if holding.causes or not holding.member:
        return False
    levels = [row.level for row in holding.rows if row.target == ROLE] or [catalogue.default]
    return roles.top(catalogue).name in levels


def is_last_owner(parts: Sequence[Part], others: int, catalogue: Catalogue) -> bool:
    """Tell whether `parts` would take the last active holder of the top role; `others` counts the holders outside `parts`."""
    if others or not any(holds_top(part.before, catalogue) for part in parts):
        return False
    return not any(holds_top(play(part.changes, part.before), catalogue) for part in parts)


def refuse_last_owner(parts: Sequence[Part], others: int, catalogue: Catalogue) -> None:
    """For what people do. Raises Conflict `last_owner` where `withhold_last` would withhold something."""
    if is_last_owner(parts, others, catalogue):
        top = roles.top(catalogue).name
        raise Conflict(
            "last_owner",
            f"This would leave the organization without an active {top}.",
            expected=f"at least one active {top} at all times",
            advice=f"Make somebody else {top} first.",
        )


def withhold_last(parts: Sequence[Part], others: int, catalogue: Catalogue) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """For what an identity provider does: return the parts to apply and the parts withheld (at most one).

    `others` counts the active holders of the top role outside `parts`. Where none would be left, the first of the losing
    holders by subject key keeps their place: the changes that would take it are withheld, their other changes apply.
    """
    if not is_last_owner(parts, others, catalogue):
        return tuple(parts), ()
    kept = min((part for part in parts if holds_top(part.before, catalogue)), key=lambda part: part.subject.key)
    harmless, harmful = divide(kept, catalogue)
    applied = tuple(Part(part.subject, part.before, harmless) if part is kept else part for part in parts)
    return tuple(part for part in applied if part.changes), (Part(kept.subject, kept.before, harmful),)


def divide(part: Part, catalogue: Catalogue) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes that do not cost an active holder their place, and those that do.

    Plays the changes one by one and set aside each that costs the place, given those that went through before it."""
    harmless: list[Change] = []
    harmful: list[Change] = []
    holding = part.before
    for change in part.changes:
        after = play((change,), holding)
        if holds_top(after, catalogue):
            harmless.append(change)
            holding = after
        else:
            harmful.append(change)
    return tuple(harmless), tuple(harmful)
