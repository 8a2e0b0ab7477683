"""THE LAST OWNER, guarded against what people do: an organization keeps an active holder of its top role, and in `sso` an active
break-glass owner. What an identity provider does is guarded in `provisioning/sync.py`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from connector.errors import Conflict
from connector.membership.guard import refuse_last_owner
from connector.membership.ledger import breaks_glass
from connector.membership.model import Mode
from connector.membership.plan import Part
from connector.provisioning import facts, sync
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t


def guard_by_hand(corridor: Corridor, parts: Sequence[Part]) -> None:
    """Refuse what would leave the organization without an active owner. Raises Conflict `last_owner`, `last_break_glass`."""
    catalogue = facts.setting(corridor).catalogue
    losing = [part for part in parts if sync.loses_top(part, catalogue)]
    if not losing:
        return
    corridor.need_exclusive()
    others = facts.other_top_holders(corridor, catalogue, [part.subject.key for part in losing])
    refuse_last_owner(losing, others, catalogue)
    named = corridor.mode is Mode.SSO and any(breaks_glass(part.before) for part in losing)
    if named and not _other_break_glass(corridor, losing):
        raise Conflict(
            "last_break_glass",
            "This is the last active break-glass owner.",
            expected="at least one active break-glass owner while the organization is in sso",
        )


def _other_break_glass(corridor: Corridor, losing: Sequence[Part]) -> bool:
    holders = select(t.Assignment.membership_id).where(
        t.Assignment.organization_id == corridor.organization_id, t.Assignment.source == "break_glass"
    )
    out = {part.subject.key for part in losing}
    holdings, _ = facts.read_ledgers(corridor, corridor.tx.execute(holders).scalars().all())
    return any(not holding.causes for key, holding in holdings.items() if key not in out)
