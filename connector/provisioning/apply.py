"""APPLY: the only writer of persons made by a push, memberships, assignments, suspensions, audit entries and outbox events.

A plan becomes a fixed number of set-based statements, whatever its size. The audit entry and the event are written beside the
change they tell of, in the same transaction: neither can exist without the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from connector.membership.fold import fold
from connector.membership.model import (
    Assignment,
    Change,
    Effective,
    Give,
    Join,
    Leave,
    Lift,
    Suspend,
    Take,
    Target,
)
from connector.membership.plan import Difference, Effect, Part, Plan
from connector.provisioning import people
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.sets import among, among_these, these
from connector.storage.writes import insert_rows

Values = Mapping[str, Any]
Recorded = tuple[str, dict[str, Any] | None, dict[str, Any] | None]
"""The target of a change, and what it was before and after."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part is written: the membership (new or known) and the person behind it."""

    entry: Entry
    part: Part
    effect: Effect
    membership_id: str
    person_id: str


def write(corridor: Corridor, org: Setting, plan: Plan, entries: Mapping[str, Entry], *, joined_by: str) -> None:
    """Write every part of the plan. `entries` maps a subject's key to its entry."""
    if not plan.parts:
        return
    joins = [part for part in plan.parts if _has(part, Join)]
    persons = _make_persons(corridor, org, [entries[part.subject.key] for part in joins])
    both = zip(plan.parts, plan.effects, strict=True)
    placed = [_place(part, effect, entries[part.subject.key], persons) for part, effect in both]
    _write_memberships(corridor, placed, joined_by)
    _write_assignments(corridor, org, placed)
    _write_suspensions(corridor, placed, org.authority)
    _end_authentications(corridor, placed)
    _tell(corridor, plan, placed)


def _has(part: Part, kind: type[Change]) -> bool:
    return any(isinstance(change, kind) for change in part.changes)


def _place(part: Part, effect: Effect, entry: Entry, persons: Mapping[str, str]) -> Place:
    person_id = entry.person_id or persons[part.subject.key]
    return Place(entry, part, effect, entry.membership_id or new_id(), person_id)


def _make_persons(corridor: Corridor, org: Setting, joining: Sequence[Entry]) -> dict[str, str]:
    """Make a Person for everyone who joins unlinked, and link their directory user to it. Returns subject key -> person id."""
    unknown = [entry for entry in joining if entry.person_id is None]
    if not unknown:
        return {}
    made = {entry.subject.key: new_id() for entry in unknown}
    corridor.insert(
        t.Person,
        [
            {"id": made[e.subject.key], "display_name": e.name, "created_by": org.authority, "created_at": corridor.now}
            for e in unknown
        ],
    )
    corridor.insert(t.Address, list(_addresses(corridor, org, unknown, made)))
    links = [{"id": entry.user_id, "person_id": made[entry.subject.key]} for entry in unknown]
    corridor.update(t.DirectoryUser, links, keys=("id",))
    return made


def _addresses(corridor: Corridor, org: Setting, unknown: Sequence[Entry], made: Mapping[str, str]) -> Iterator[Values]:
    """One primary address each: verified inside a verified domain and while nobody else has it verified, else display data."""
    keys = {entry.subject.key: fold(entry.subject.email or "") for entry in unknown}
    asked = [keys[entry.subject.key] for entry in unknown if not entry.unknown]
    taken = set(people.taken_addresses(corridor, asked)) if asked else set()
    for entry in unknown:
        key = keys[entry.subject.key]
        if "@" not in key:
            continue
        verified = people.inside(key, org.domains) and key not in taken
        if verified:
            taken.add(key)
        yield {
            "id": new_id(),
            "person_id": made[entry.subject.key],
            "email": entry.subject.email,
            "email_key": key,
            "verified": verified,
            "is_primary": True,
            "created_at": corridor.now,
        }


def _write_memberships(corridor: Corridor, placed: Sequence[Place], joined_by: str) -> None:
    new, changed, gone = [], [], []
    for place in placed:
        before, after = place.effect.before, place.effect.after
        if after.role is None:
            gone.append({"id": place.membership_id})
        elif before.role is None:
            new.append(_membership(corridor, place, after, joined_by))
        elif before.role != after.role:
            changed.append({"id": place.membership_id, "role": after.role})
    corridor.insert(t.Membership, new)
    corridor.update(t.Membership, changed, keys=("id",))
    corridor.delete(t.Membership, gone)  # the ledgers go with it, by their foreign keys
    _revoke_keys(corridor, [place.person_id for place in placed if place.effect.after.role is None])


_REVOKE = Hot(
    update(t.Key)
    .where(t.Key.organization_id == bindparam("home"), among_these(t.Key.person_id))
    .where(t.Key.project_id.is_(None), t.Key.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
    .returning(t.Key.id)
)


def _revoke_keys(corridor: Corridor, persons: Sequence[str]) -> None:
    """Whoever leaves loses their keys of this organization for good: who comes back makes new ones. Those of projects stay."""
    if persons:
        _REVOKE.all(corridor.tx, {**these(persons), "home": corridor.organization_id, "now": corridor.now})


def _membership(corridor: Corridor, place: Place, after: Effective, joined_by: str) -> Values:
    return {
        "id": place.membership_id,
        "organization_id": corridor.organization_id,
        "person_id": place.person_id,
        "joined_by": joined_by,
        "role": after.role,
        "created_at": corridor.now,
    }


def _write_assignments(corridor: Corridor, org: Setting, placed: Sequence[Place]) -> None:
    staying = [place for place in placed if not _has(place.part, Leave)]
    ids = _target_ids(corridor, org, [c for p in staying for c in p.part.changes if isinstance(c, Give | Take)])
    taken, given = [], []
    for place in staying:
        for change in place.part.changes:
            if isinstance(change, Give | Take):
                key = _key(place.membership_id, change.assignment, ids)
                if isinstance(change, Take) or change.replaces is not None:
                    taken.append(key)
                if isinstance(change, Give):
                    given.append(_given(corridor, key, change.assignment))
    corridor.delete(t.Assignment, taken)
    corridor.insert(t.Assignment, given)


def _key(membership_id: str, assignment: Assignment, ids: Mapping[Target, str]) -> Values:
    return {
        "membership_id": membership_id,
        "target_kind": assignment.target.kind,
        "target_id": ids[assignment.target] if assignment.target.slug else "",
        "source": assignment.source,
    }


def _given(corridor: Corridor, key: Values, assignment: Assignment) -> Values:
    return {**key, "organization_id": corridor.organization_id, "level": assignment.level, "created_at": corridor.now}


def _target_ids(corridor: Corridor, org: Setting, changes: Iterable[Give | Take]) -> dict[Target, str]:
    """The ids of the teams and projects spoken of: known from the rules, or looked up; those that do not exist yet are made."""
    ids = dict(org.places)
    wanted = {change.assignment.target for change in changes if change.assignment.target.slug} - ids.keys()
    for kind in ("team", "project"):
        slugs = sorted(target.slug for target in wanted if target.kind == kind)
        ids |= {Target(kind, slug): id_ for slug, id_ in ensure(corridor, kind, slugs).items()}
    return ids


def ensure(corridor: Corridor, kind: str, slugs: Sequence[str]) -> dict[str, str]:
    """Return slug -> id of the teams (or projects) named, making those that are missing."""
    if not slugs:
        return {}
    table: Any = t.Team if kind == "team" else t.Project
    found = select(table.slug, table.id).where(table.organization_id == corridor.organization_id, among(table.slug, slugs))
    known = {row.slug: row.id for row in corridor.tx.execute(found)}
    missing = [slug for slug in slugs if slug not in known]
    if not missing:
        return known
    rows = [
        {"id": new_id(), "organization_id": corridor.organization_id, "slug": slug, "name": slug, "created_at": corridor.now}
        for slug in missing
    ]
    # Two shared corridors may make the same team at once: the second finds the first one's row.
    insert_rows(corridor.tx, table, rows, ignore=True)
    return {row.slug: row.id for row in corridor.tx.execute(found)}


_END = Hot(
    update(t.Authentication)
    .where(t.Authentication.organization_id == bindparam("home"), among_these(t.Authentication.person_id))
    .where(t.Authentication.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(t.Authentication.id)
)


def _end_authentications(corridor: Corridor, placed: Sequence[Place]) -> None:
    """Who is put out or leaves is signed out of this organization, at once and for good; what belongs to others stays."""
    out = [each.person_id for each in placed if each.effect.before.status == "active" != each.effect.after.status]
    if out:
        _END.all(corridor.tx, {**these(out), "home": corridor.organization_id, "now": corridor.now})


def _write_suspensions(corridor: Corridor, placed: Sequence[Place], connection_id: str | None) -> None:
    entered, lifted = [], []
    for place in placed:
        for change in place.part.changes:
            if isinstance(change, Suspend):
                entered.append(_suspension(corridor, place.membership_id, change, connection_id))
            elif isinstance(change, Lift):
                lifted.append({"membership_id": place.membership_id, "cause": str(change.cause)})
    corridor.delete(t.Suspension, lifted)
    corridor.insert(t.Suspension, entered)


def _suspension(corridor: Corridor, membership_id: str, change: Suspend, connection_id: str | None) -> Values:
    return {
        "membership_id": membership_id,
        "cause": str(change.cause),
        "organization_id": corridor.organization_id,
        "connection_id": connection_id,
        "origin": change.because.sentence,
        "created_at": corridor.now,
    }


def _tell(corridor: Corridor, plan: Plan, placed: Sequence[Place]) -> None:
    """One audit entry and one event for everyone whose access changed, or the causes that keep them out. What is the same for
    many is put into words once."""
    known: dict[int, tuple[str, Values] | None] = {}
    entries, events = [], []
    for place, lines in zip(placed, plan.differences, strict=True):
        key = id(place.effect)
        if key not in known:
            known[key] = _told(corridor, (*lines, *_other_causes(place)))
        told = known[key]
        if told is not None:
            (action, words), email = told, place.part.subject.email
            whose = {"membership_id": place.membership_id, "person_id": place.person_id, "email": email}
            entries.append(_audit(corridor, action, email or place.person_id, **words))
            events.append(_outbox(corridor, action, {**whose, **words}, None))
    corridor.insert(t.AuditEntry, entries)
    corridor.insert(t.OutboxEvent, events)


def _other_causes(place: Place) -> Iterator[Difference]:
    """Those suspended before and after, for other causes: nothing they may do changes, but who can let them in again does."""
    before, after = place.part.before.causes, place.effect.holding.causes
    if before and after and before != after:
        because = tuple(c.because.sentence for c in place.part.changes if isinstance(c, Suspend | Lift))
        yield "causes", ", ".join(sorted(before)), ", ".join(sorted(after)), because


def _told(corridor: Corridor, lines: Sequence[Difference]) -> tuple[str, Values] | None:
    """What is told of one person: the action, and its before, after and because; None where there is nothing to tell."""
    if not lines:
        return None
    because = dict.fromkeys(sentence for *_, sentences in lines for sentence in sentences)
    words = {
        "before": {target: before for target, before, _, _ in lines},
        "after": {target: after for target, _, after, _ in lines},
        "because": [*because, corridor.origin.sentence],
    }
    return _action(lines), words


_STEPS: Mapping[tuple[str | None, str | None], str] = {
    (None, "active"): "member.joined",
    (None, "suspended"): "member.joined",
    ("active", "suspended"): "member.suspended",
    ("suspended", "active"): "member.reactivated",
}


def _action(lines: Sequence[Difference]) -> str:
    """The name of the event: what happened to the membership as a whole, else that it changed."""
    for target, before, after, _ in lines:
        if target == "status":
            return _STEPS.get((before, after), "member.left")
    return "member.changed"


def record(
    corridor: Corridor,
    action: str,
    target: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    because: Sequence[str] = (),
) -> None:
    """Write one audit entry and one outbox event of kind `action`, for a change that is not about one member's access."""
    record_all(corridor, action, [(target, before, after)], because)


def record_all(corridor: Corridor, action: str, changes: Sequence[Recorded], because: Sequence[str] = ()) -> None:
    """As `record`, for many changes of one kind: two statements however many they are."""
    audit_all(corridor, action, changes, because)
    tell(corridor, action, [{"target": target, "before": before, "after": after} for target, before, after in changes])


def audit_all(corridor: Corridor, action: str, changes: Sequence[Recorded], because: Sequence[str] = ()) -> None:
    """Write audit entries only, of which events tell in other words."""
    if not corridor.preview:
        whole = [*because, corridor.origin.sentence]
        entries = [_audit(corridor, action, target, before, after, whole) for target, before, after in changes]
        corridor.insert(t.AuditEntry, entries)


def tell(corridor: Corridor, kind: str, payloads: Sequence[Values]) -> None:
    """Write outbox events only, one for each payload: for what the audit entry of the act says already."""
    if not corridor.preview:
        corridor.insert(t.OutboxEvent, [_outbox(corridor, kind, payload, None) for payload in payloads])


def alert(corridor: Corridor, kind: str, target: str, payload: dict[str, Any], *, once: str, because: Sequence[str]) -> bool:
    """Tell the owners something through the outbox, and audit it; the same `once` is told one time only. True when told now."""
    event = _outbox(corridor, kind, {"target": target, **payload}, once)
    if corridor.preview or not insert_rows(corridor.tx, t.OutboxEvent, [event], ignore=True):
        return False
    corridor.insert(t.AuditEntry, [_audit(corridor, kind, target, None, payload, [*because, corridor.origin.sentence])])
    return True


def found(corridor: Corridor, person_id: str, email: str, role: str) -> str:
    """The first membership of a new organization: its founder, with the creator's role, and in the project of everybody where
    there is one. The audit entry is that of the organization. Returns the membership id."""
    org, membership_id = corridor.entered, new_id()
    row = {"id": membership_id, "organization_id": corridor.organization_id, "person_id": person_id}
    corridor.insert(t.Membership, [{**row, "joined_by": "founder", "role": role, "created_at": corridor.now}])
    rows = [Assignment(Target("role"), role, "founder")]
    if org.default_project is not None:
        rows.append(Assignment(Target("project", org.default_project), "viewer", "system"))
    corridor.insert(t.Assignment, [_given(corridor, _key(membership_id, each, org.places), each) for each in rows])
    tell(corridor, "member.joined", [{"target": email, "before": None, "after": {"status": "active", "role": role}}])
    return membership_id


def seat_maker(corridor: Corridor, membership_id: str, project_id: str, level: str) -> None:
    """Whoever makes a project gets a place in it. The entry that tells of the project tells of that too: here none is written."""
    key = {"membership_id": membership_id, "target_kind": "project", "target_id": project_id, "source": "manual"}
    corridor.insert(
        t.Assignment, [{**key, "organization_id": corridor.organization_id, "level": level, "created_at": corridor.now}]
    )


def _audit(
    corridor: Corridor, action: str, target: str, before: Values | None, after: Values | None, because: Sequence[str]
) -> Values:
    origin = corridor.origin
    return {
        "id": new_id(),
        "organization_id": corridor.organization_id,
        "at": corridor.now,
        "actor": origin.actor,
        "action": action,
        "target": target,
        "before": before,
        "after": after,
        "because": because,
        "address": origin.address,
    }


def _outbox(corridor: Corridor, kind: str, payload: Values, once: str | None) -> Values:
    row = {"id": new_id(), "organization_id": corridor.organization_id, "kind": kind, "payload": payload, "once": once}
    return {**row, "created_at": corridor.now}
