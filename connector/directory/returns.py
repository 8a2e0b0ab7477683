"""Coming back: a rehire is the same person under a new SCIM id; anybody else under an old name is another human.

A rehire has the externalId of the tombstone (or neither has one) and its userName, within 90 days (DESIGN, section 7). It is
judged when somebody active comes: pushed to a live directory, activated in it, or in a staged one that goes live.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, or_, select

from connector.directory.departures import MEMORY
from connector.membership.model import Assignment, Because, Catalogue, Cause, Change, Give, Join, Suspend, Target
from connector.provisioning import apply, people
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.provisioning.sync import Extra
from connector.storage import tables as t
from connector.storage.sets import among_these, these
from connector.storage.writes import update_rows

_MET_AGAIN = "the same externalId came back under another userName: taken for another person; `connector member link` if not"


def recognise(corridor: Corridor, user_ids: Collection[str], catalogue: Catalogue) -> Extra:
    """Judge active directory users who are linked to nobody against the tombstones of their connection.

    Who is not active waits: the tombstone must still be there, with its block, on the day they are.
    A rehire is linked to its Person, and what is returned gives back what was given by hand (never the top role) and every
    suspension that was not the directory's. For another human under the same userName a clashing address is released.
    """
    met: dict[str, list[Any]] = defaultdict(list)
    for row in corridor.tx.execute(_STONES, {**these(user_ids), "since": corridor.now - MEMORY}):
        met[row.user_id].append(row)
    back = _rehired(met.values())
    update_rows(corridor.tx, t.DirectoryUser, [{"id": r.user_id, "person_id": r.person_id} for r in back], keys=("id",))
    update_rows(corridor.tx, t.Tombstone, [{"id": r.stone_id, "person_id": None} for r in back], keys=("id",))
    known = {row.user_id for row in back}
    _other_humans(corridor, [row for user_id, rows in met.items() if user_id not in known for row in rows])
    return _returning(catalogue, {row.user_id: row.left for row in back})


def _stones() -> Any:
    """Each user with the tombstones of people under the same userName or externalId, while they are remembered, latest first."""
    user, stone = t.DirectoryUser, t.Tombstone
    other = user.__table__.alias("other")
    linked = exists().where(other.c.connection_id == user.connection_id, other.c.person_id == stone.person_id)
    same = or_(stone.user_name_key == user.user_name_key, stone.external_id == user.external_id)
    return (
        select(user.id.label("user_id"), user.connection_id, user.user_name, user.user_name_key, user.external_id, user.email_key)
        .add_columns(stone.id.label("stone_id"), stone.person_id, stone.left)
        .add_columns(stone.user_name_key.label("old_name_key"), stone.external_id.label("old_external_id"))
        .join(stone, (stone.connection_id == user.connection_id) & same)
        .where(among_these(user.id), user.person_id.is_(None), stone.kind == "user", stone.person_id.is_not(None), ~linked)
        .where(or_(user.active, user.overridden), stone.deleted_at > bindparam("since"))
        .order_by(user.id, stone.deleted_at.desc(), stone.id.desc())
    )


_STONES = _stones()


def _rehired(met: Any) -> list[Any]:
    """The latest tombstone that is of the same human, for every user who has one; no person twice."""
    back: dict[str, Any] = {}
    for rows in met:
        mine = next((row for row in rows if _same_human(row)), None)
        if mine is not None:
            back.setdefault(mine.person_id, mine)
    return list(back.values())


def _same_human(row: Any) -> bool:
    return bool(row.old_external_id == row.external_id and row.old_name_key == row.user_name_key)


def _other_humans(corridor: Corridor, rows: Sequence[Any]) -> None:
    """With the same userName the address goes over; the same externalId under another userName is shown to the admin."""
    for connection_id in {row.connection_id for row in rows}:
        same_name = {r.email_key for r in rows if r.email_key and r.old_name_key == r.user_name_key}
        people.release_addresses(corridor, connection_id, same_name)
    renamed = {r.user_name for r in rows if r.external_id is not None and r.old_external_id == r.external_id}
    apply.record_all(corridor, "directory.same_external_id", [(name, None, None) for name in sorted(renamed)], [_MET_AGAIN])


def _returning(catalogue: Catalogue, left: Mapping[str, Mapping[str, Any] | None]) -> Extra:
    below = {role.name for role in catalogue.roles if not role.top}

    def extra(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        if entry.user_id is None or entry.user_id not in left:
            return changes
        if any(isinstance(change, Join) for change in changes):
            return (*changes, *_given_back(left[entry.user_id] or {"rows": [], "causes": []}, below))
        return changes

    return extra


_ANEW = ("converted", "system")
"""Sources that come anew with whoever joins: rules speak for themselves, and everybody is in the default project."""


def _given_back(left: Mapping[str, Any], below: set[str]) -> tuple[Change, ...]:
    """Of roles those below the top one; one that there is no more is not kept for the day another is called so."""
    because = Because("came back: the same externalId and userName as before")
    rows = [Assignment(Target(kind, slug), level, source) for kind, slug, level, source in left["rows"] if source not in _ANEW]
    given = [Give(row, because) for row in rows if row.level in below or row.target.kind != "role"]
    causes = [Suspend(Cause(cause), Because(f"came back, and was suspended before ({cause})")) for cause in left["causes"]]
    return (*given, *causes)
