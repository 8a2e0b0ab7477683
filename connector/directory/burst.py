"""The alarm for a burst of deprovisioning: it still happens at once, and the owners are told.

`connector connection restore` undoes it.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from connector.membership.mapping import NOT_ACTIVE
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t

PEOPLE = 10
SHARE = 0.20
WINDOW = timedelta(minutes=10)


def watch(corridor: Corridor, connection_id: str) -> None:
    """Alert once per window when more than PEOPLE and more than SHARE of a connection's people went out within WINDOW.

    Whom a plan suspended because the directory does not know them is not counted: the IdP said nothing of them.
    """
    since = corridor.now - WINDOW
    out = (t.Suspension.connection_id == connection_id, t.Suspension.cause == "directory", t.Suspension.created_at > since)
    suspended = _count(corridor, t.Suspension, *out, t.Suspension.origin == NOT_ACTIVE.sentence)
    buried = (t.Tombstone.connection_id == connection_id, t.Tombstone.kind == "user", t.Tombstone.deleted_at > since)
    deleted = _count(corridor, t.Tombstone, *buried)
    gone = suspended + deleted
    if gone <= PEOPLE:
        return
    known = _count(corridor, t.DirectoryUser, t.DirectoryUser.connection_id == connection_id) + deleted
    if gone <= known * SHARE:
        return
    bucket = int(corridor.now.timestamp() // WINDOW.total_seconds())
    apply.alert(
        corridor,
        "guard.burst",
        f"connection:{connection_id}",
        {"people": gone, "of": known, "since": since.isoformat()},
        once=f"burst:{connection_id}:{bucket}",
        because=[f"{gone} of {known} people went out within 10 minutes; `connector connection restore` brings them back"],
    )


def _count(corridor: Corridor, table: type[t.Row], *where: object) -> int:
    return corridor.tx.execute(select(func.count()).select_from(table).where(*where)).scalar_one()  # type: ignore[arg-type]
