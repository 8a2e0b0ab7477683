"""The alarm for a burst of deprovisioning: it still happens at once, and the owners are told.

`connector connection restore` undoes it.
"""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy import bindparam, case, exists, func, select

from connector.membership.mapping import NOT_ACTIVE
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t
from connector.storage.hot import Hot

PEOPLE = 10
SHARE = 0.20
WINDOW = timedelta(minutes=10)


def watch(corridor: Corridor, connection_id: str) -> None:
    """Alert once per window when more than PEOPLE and more than SHARE of a connection's people went out within WINDOW.

    Whom a plan suspended because the directory does not know them is not counted: the IdP said nothing of them.
    """
    since = corridor.now - WINDOW
    once = f"burst:{connection_id}:{int(corridor.now.timestamp() // WINDOW.total_seconds())}"
    given = {"organization": corridor.organization_id, "connection": connection_id, "since": since, "once": once}
    suspended, deleted = corridor.read(_GONE, given)[0]
    gone = suspended + deleted
    if gone <= PEOPLE or _at_least(corridor, connection_id, math.ceil(round(gone / SHARE, 6)) - deleted):
        return
    known = corridor.read(_KNOWN, given)[0][0] + deleted
    apply.alert(
        corridor,
        "guard.burst",
        f"connection:{connection_id}",
        {"people": gone, "of": known, "since": since.isoformat()},
        once=once,
        because=[f"{gone} of {known} people went out within 10 minutes; `connector connection restore` brings them back"],
    )


def _at_least(corridor: Corridor, connection_id: str, people: int) -> bool:
    """Whether the connection has so many people; no more of them are counted."""
    return bool(corridor.read(_NTH, {"connection": connection_id, "others": max(people - 1, 0)}))


_TOLD = exists().where(t.OutboxEvent.organization_id == bindparam("organization"), t.OutboxEvent.once == bindparam("once"))
_SUSPENDED = select(func.count()).where(
    t.Suspension.connection_id == bindparam("connection"),
    t.Suspension.cause == "directory",
    t.Suspension.created_at > bindparam("since"),
    t.Suspension.origin == NOT_ACTIVE.sentence,
)
_DELETED = select(func.count()).where(
    t.Tombstone.connection_id == bindparam("connection"),
    t.Tombstone.kind == "user",
    t.Tombstone.deleted_at > bindparam("since"),
)
# Once the owners were told nobody is counted any more: deactivating ten thousand must not count ten thousand each time.
_GONE = Hot(
    select(
        case((_TOLD, 0), else_=_SUSPENDED.scalar_subquery()).label("suspended"),
        case((_TOLD, 0), else_=_DELETED.scalar_subquery()).label("deleted"),
    )
)
_OF_CONNECTION = t.DirectoryUser.connection_id == bindparam("connection")
_KNOWN = Hot(select(func.count().label("people")).select_from(t.DirectoryUser).where(_OF_CONNECTION))
_NTH = Hot(select(t.DirectoryUser.id).where(_OF_CONNECTION).order_by(t.DirectoryUser.id).offset(bindparam("others")).limit(1))
