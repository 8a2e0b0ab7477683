"""Leaving: tombstones, and what becomes of break-glass owners. Coming back is `returns.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam

from connector.membership.ledger import breaks_glass, effective
from connector.membership.model import Cause, Holding
from connector.provisioning import apply, facts
from connector.provisioning.corridor import Corridor, memberships_locked
from connector.storage import tables as t

MEMORY = timedelta(days=90)


_OF_THE_DIRECTORY = (Cause.DIRECTORY, Cause.CANNOT_LINK)


def bury(corridor: Corridor, row: Any) -> None:
    """Leave a tombstone for a directory user about to be deleted, with what they held; their identities here are unlinked."""
    stone = {
        "id": row.id,
        "organization_id": row.organization_id,
        "connection_id": row.connection_id,
        "kind": "user",
        "user_name_key": row.user_name_key,
        "external_id": row.external_id,
        "person_id": row.person_id,
        "left": _left(corridor, row.person_id),
        "deleted_at": corridor.now,
    }
    corridor.insert(t.Tombstone, [stone])
    if row.person_id is not None:
        gone = {"organization_id": row.organization_id, "person_id": row.person_id}
        corridor.delete(t.ExternalIdentity, [gone])


def _left(corridor: Corridor, person_id: str | None) -> dict[str, Any] | None:
    """What a person holds now, as JSON: rows given by hand, causes that people entered, and the effective access."""
    if person_id is None:
        return None
    for holding in _holdings(corridor, person_id).values():
        now = effective(holding, facts.setting(corridor).catalogue)
        return {
            "rows": [[r.target.kind, r.target.slug, r.level, r.source] for r in sorted(holding.rows) if not r.from_rule],
            "causes": sorted(str(cause) for cause in holding.causes if cause not in _OF_THE_DIRECTORY),
            "role": now.role,
            "teams": [list(team) for team in now.teams],
            "projects": [list(project) for project in now.projects],
        }
    return None


def _holdings(corridor: Corridor, person_id: str) -> dict[str, Holding]:
    """What the person holds here, locked; empty for somebody who is not a member."""
    given = {"organization": corridor.organization_id, "person": person_id}
    return facts.read_ledgers(corridor, corridor.lock_memberships(_OF_PERSON, given))[0]


_OF_PERSON = memberships_locked(
    t.Membership.organization_id == bindparam("organization"), t.Membership.person_id == bindparam("person")
)


def warn_break_glass(corridor: Corridor, user_id: str, person_id: str | None) -> None:
    """The IdP put out a break-glass owner: nothing changes, and all owners are told."""
    for membership_id, holding in _holdings(corridor, person_id or "").items():
        if breaks_glass(holding):
            because = ["the IdP deactivated a break-glass owner: break-glass owners stay, whatever the IdP says"]
            once = f"break_glass:{user_id}:{corridor.now.date()}"
            apply.alert(corridor, "guard.break_glass", f"member:{membership_id}", {}, once=once, because=because)
