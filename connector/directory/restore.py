"""After a burst: bring back everyone a connection put out since a moment, until the IdP next writes `active`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, select, update

from connector.directory.model import Document
from connector.errors import Invalid, NotFound
from connector.membership.model import (
    Assignment,
    Because,
    Cause,
    Change,
    Give,
    Holding,
    Join,
    PersonFacts,
    Subject,
    Suspend,
    Target,
)
from connector.membership.plan import Plan
from connector.provisioning import apply, facts, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t


def restore(corridor: Corridor, given: Document) -> sync.Outcome:
    """Lift what the directory of `connection` entered since `since` (ISO time) and bring back whom it deleted.

    The suspended count as active until the IdP next writes `active`. The deleted get their membership back with what they had,
    rule rows as `converted`, until the IdP pushes them again. Raises Invalid `since_invalid`, NotFound `connection_not_found`.
    """
    corridor.need_exclusive()
    since = _moment(str(given["since"]), corridor.now)
    connection_id = str(given["connection"])
    found = select(t.Connection.organization_id).where(t.Connection.id == connection_id)
    if corridor.tx.execute(found).scalar_one_or_none() != corridor.organization_id:
        raise NotFound("connection_not_found", f"There is no connection {connection_id}.")
    suspended = _lift(corridor, connection_id, since)
    deleted = _bring_back(corridor, connection_id, since)
    apply.record(corridor, "connection.restored", f"connection:{connection_id}", None, {"since": since.isoformat()})
    parts = (*suspended.plan.parts, *deleted.plan.parts)
    return sync.Outcome(Plan(parts, deleted.plan.catalogue), suspended.withheld)


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        since = moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        since = None
    if since is None or since > now:
        problem = "is no time with its zone" if since is None else "is still to come: nobody was put out since then"
        expected = "a time with its zone that has passed, such as 2026-11-21T09:30:00+00:00"
        raise Invalid("since_invalid", f'"{text}" {problem}.', expected=expected)
    return since


def _lift(corridor: Corridor, connection_id: str, since: datetime) -> sync.Outcome:
    """Override the directory for those it suspended since then; the sync lifts its cause and nothing else."""
    suspension, member = t.Suspension, t.Membership
    out = (
        select(member.person_id)
        .join(suspension, suspension.membership_id == member.id)
        .where(suspension.connection_id == connection_id, suspension.cause == "directory", suspension.created_at >= since)
    )
    user = t.DirectoryUser
    overridden = update(user).where(user.connection_id == connection_id, user.person_id.in_(out), ~user.active)
    corridor.tx.execute(overridden.values(overridden=True))
    those = select(user.id).where(user.connection_id == connection_id, user.person_id.in_(out))
    return sync.users(corridor, corridor.tx.execute(those).scalars().all())


def _bring_back(corridor: Corridor, connection_id: str, since: datetime) -> sync.Outcome:
    stone = t.Tombstone
    again = exists().where(t.Membership.person_id == stone.person_id, t.Membership.organization_id == stone.organization_id)
    gone = (
        stone.connection_id == connection_id,
        stone.kind == "user",
        stone.deleted_at >= since,
        stone.person_id.is_not(None),
        ~again,
    )
    name = select(t.Address.email).where(t.Address.person_id == stone.person_id, t.Address.is_primary).limit(1).scalar_subquery()
    rows = corridor.tx.execute(select(stone, name.label("email")).where(*gone).order_by(stone.deleted_at, stone.id)).all()
    latest = {row.person_id: row for row in rows if row.left}  # somebody may have been deleted twice
    entries = {row.id: row for row in latest.values()}
    corridor.tx.execute(update(stone).where(*gone).values(restored_at=corridor.now))
    catalogue = facts.setting(corridor).catalogue
    tops = {role.name: role.top for role in catalogue.roles}

    def decide(entry: Entry) -> tuple[Change, ...]:
        return tuple(_return(entries[entry.subject.key.removeprefix("user:")].left, tops))

    return sync.settle(corridor, [_entry(row) for row in entries.values()], decide, joined_by="scim")


def _entry(row: Any) -> Entry:
    subject = Subject(f"user:{row.id}", row.email)
    return Entry(subject, None, None, row.person_id, None, PersonFacts(None), Holding(), False)


def _return(left: dict[str, Any], tops: dict[str, bool]) -> list[Change]:
    """Join again with the rows given by hand, and what the rules had come to as `converted`; other causes stand as before.

    What everybody has (`system` rows) comes with joining. `tops` are the roles that there are, and which is the top one: one
    that there is no more is not kept for the day another is called so."""
    because = Because("restored after the IdP deleted them")
    rows = {
        (Target(kind, slug), source): Assignment(Target(kind, slug), level, source)
        for kind, slug, level, source in left["rows"]
        if source not in ("converted", "system") and (kind != "role" or level in tops)
    }
    welcomed = {(Target(kind, slug), level) for kind, slug, level, source in left["rows"] if source == "system"}
    had = [(Target("role"), left["role"])] if tops.get(left["role"]) is False else []
    had += [(Target("team", slug), level) for slug, level in left["teams"]]
    had += [(Target("project", slug), level) for slug, level in left["projects"]]
    converted = [Assignment(target, level, "converted") for target, level in had if (target, level) not in welcomed]
    given: list[Change] = [Give(row, because) for row in (*rows.values(), *converted)]
    return [Join(because), *given, *(Suspend(Cause(cause), because) for cause in left["causes"])]
