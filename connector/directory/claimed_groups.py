"""Groups that sign-ins tell of: kept so that rules can name them. SCIM does not see them.

A claim says a name or an id and nothing else. Where the IdP pushes a group of the same externalId or displayName to the same
connection, both are one group with one id, whichever came first; so a rule made for one speaks of the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import or_, select

from connector.membership.fold import fold
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.ids import new_id
from connector.storage.sets import among
from connector.storage.writes import insert_rows


def keep(corridor: Corridor, connection_id: str, values: Collection[str]) -> None:
    """Keep the groups of a sign-in that are new. Two sign-ins that bring the same one at once keep one."""
    if not values:
        return
    group = t.ClaimedGroup
    mine = select(group.value).where(group.connection_id == connection_id, among(group.value, values))
    known = set(corridor.tx.execute(mine).scalars())
    missing = sorted(set(values) - known)  # in one order: two that bring the same ones must not wait for each other
    if not missing:
        return
    pushed = _pushed(corridor, connection_id, missing)
    rows = [
        {
            "connection_id": connection_id,
            "value": value,
            "value_key": fold(value),
            "id": pushed.get(value) or pushed.get(fold(value)) or new_id(),
            "organization_id": corridor.organization_id,
            "created_at": corridor.now,
        }
        for value in missing
    ]
    insert_rows(corridor.tx, group, rows, ignore=True)


def _pushed(corridor: Corridor, connection_id: str, values: Sequence[str]) -> dict[str, str]:
    """The ids of pushed groups by externalId and by folded name."""
    group = t.DirectoryGroup
    same = or_(among(group.external_id, values), among(group.display_name_key, [fold(value) for value in values]))
    found = select(group.id, group.external_id, group.display_name_key).where(group.connection_id == connection_id, same)
    rows = corridor.tx.execute(found).all()
    return {row.display_name_key: row.id for row in rows} | {row.external_id: row.id for row in rows if row.external_id}


def adopted(corridor: Corridor, connection_id: str, display_name: str, external_id: str | None) -> str | None:
    """The id that a group about to be pushed takes over from claims, None when no sign-in told of it, or the id is in use."""
    group, taken = t.ClaimedGroup, t.DirectoryGroup
    same = or_(group.value == (external_id or ""), group.value_key == fold(display_name))
    free = (
        ~select(taken.id).where(taken.id == group.id).exists(),
        ~select(t.Tombstone.id).where(t.Tombstone.id == group.id).exists(),
    )
    found = select(group.id).where(group.connection_id == connection_id, same, *free)
    ids: Sequence[Any] = corridor.tx.execute(found.order_by(group.value != (external_id or ""), group.id)).scalars().all()
    return ids[0] if ids else None
