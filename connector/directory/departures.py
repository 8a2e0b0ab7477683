"""Leaving and coming back: tombstones, rehire, another human under an old name, and break-glass owners.

A later POST always gets a new SCIM id. It is a *rehire* when externalId is equal (or absent on both sides) and userName matches
within 90 days; everything else is another human and a new Person, to whom the verified address goes over only if this connection
made the old Person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from connector.membership.ledger import breaks_glass, effective
from connector.membership.model import Assignment, Because, Cause, Change, Give, Join, Suspend, Take, Target
from connector.provisioning import apply, facts, people
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.provisioning.sync import Extra
from connector.storage import tables as t
from connector.storage.sets import insert_rows, update_rows

MEMORY = timedelta(days=90)


def bury(corridor: Corridor, row: Any) -> None:
    """Leave a tombstone for a directory user about to be deleted, with what they held."""
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
    insert_rows(corridor.tx, t.Tombstone, [stone])


def _left(corridor: Corridor, person_id: str | None) -> dict[str, Any] | None:
    """What a person holds now, as JSON: rows given by hand, causes that are not the directory's, and the effective access."""
    if person_id is None:
        return None
    members = select(t.Membership.id).where(
        t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == person_id
    )
    corridor.lock_memberships(members)
    for holding in facts.read_holdings(corridor, members).values():
        now = effective(holding, facts.setting(corridor).catalogue)
        return {
            "rows": [[r.target.kind, r.target.slug, r.level, r.source] for r in sorted(holding.rows) if not r.from_rule],
            "causes": sorted(str(cause) for cause in holding.causes if cause is not Cause.DIRECTORY),
            "role": now.role,
            "teams": [list(team) for team in now.teams],
            "projects": [list(project) for project in now.projects],
        }
    return None


def recognise(corridor: Corridor, row: Mapping[str, Any]) -> Extra | None:
    """Judge a new directory user against the tombstones. A rehire is linked to its Person, and gets back what was given by hand
    (never the top role) and every suspension that was not the directory's; for another human a clashing address is released."""
    stone = _stone(corridor, row)
    if stone is None:
        return None
    if not _same_human(stone, row):
        _another_human(corridor, stone, row)
        return None
    update_rows(corridor.tx, t.DirectoryUser, [{"id": row["id"], "person_id": stone.person_id}], keys=("id",))
    update_rows(corridor.tx, t.Tombstone, [{"id": stone.id, "person_id": None}], keys=("id",))
    return _returning(corridor, stone)


def _stone(corridor: Corridor, row: Mapping[str, Any]) -> Any:
    """The latest tombstone of a person under the same userName or externalId, while it is remembered."""
    stone = t.Tombstone
    same = stone.user_name_key == row["user_name_key"]
    if row["external_id"] is not None:
        same = or_(same, stone.external_id == row["external_id"])
    found = (
        select(stone)
        .where(stone.connection_id == row["connection_id"], stone.kind == "user", stone.person_id.is_not(None), same)
        .where(stone.deleted_at > corridor.now - MEMORY)
        .order_by(stone.deleted_at.desc())
        .limit(1)
    )
    return corridor.tx.execute(found).one_or_none()


def _same_human(stone: Any, row: Mapping[str, Any]) -> bool:
    return bool(stone.external_id == row["external_id"] and stone.user_name_key == row["user_name_key"])


def _another_human(corridor: Corridor, stone: Any, row: Mapping[str, Any]) -> None:
    if row["email_key"] is not None:
        people.release_addresses(corridor, row["connection_id"], row["email_key"])
    if stone.external_id is not None and stone.external_id == row["external_id"]:
        because = [
            "the same externalId came back under another userName: taken for another person; `connector member link` if not"
        ]
        apply.record(corridor, "directory.same_external_id", row["user_name"], None, None, because)


def _returning(corridor: Corridor, stone: Any) -> Extra:
    catalogue = facts.setting(corridor).catalogue
    tops = {role.name for role in catalogue.roles if role.top}
    left = stone.left or {"rows": [], "causes": []}
    because = Because("came back: the same externalId and userName as before")
    rows = [Assignment(Target(kind, slug), level, source) for kind, slug, level, source in left["rows"]]
    given = [Give(r, because) for r in rows if r.level not in tops or r.target.kind != "role"]
    causes = [Suspend(Cause(cause), Because(f"came back, and was suspended before ({cause})")) for cause in left["causes"]]

    def extra(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        if not entry.holding.member and any(isinstance(change, Join) for change in changes):
            return (*changes, *given, *causes)
        return (*changes, *_hand_back(entry))

    return extra


def _hand_back(entry: Entry) -> tuple[Change, ...]:
    """Somebody restored by hand whom the IdP pushes again: what the restore kept is the rules' business again."""
    because = Because("pushed again after a restore: the rules speak again")
    return tuple(Take(row, because) for row in sorted(entry.holding.rows) if row.source == "converted")


def warn_break_glass(corridor: Corridor, user_id: str, person_id: str | None) -> None:
    """The IdP put out a break-glass owner: nothing changes, and all owners are told."""
    members = select(t.Membership.id).where(
        t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == (person_id or "")
    )
    for membership_id, holding in facts.read_holdings(corridor, members).items():
        if breaks_glass(holding):
            because = ["the IdP deactivated a break-glass owner: break-glass owners stay, whatever the IdP says"]
            once = f"break_glass:{user_id}:{corridor.now.date()}"
            apply.alert(corridor, "guard.break_glass", f"member:{membership_id}", {}, once=once, because=because)
