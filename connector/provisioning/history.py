"""Reading back: the audit trail and the events of an organization.

Entries are never changed and never deleted: whatever is read in several steps is as if it had been read at one moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from connector.errors import Gone
from connector.provisioning import places
from connector.provisioning.acting import OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page, page_of
from connector.provisioning.places import LOOKED
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among

AUDIT_LIMIT = 1_000
READ_AUDIT = "audit.read"

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class AuditItem:
    """Who or what changed what. `target` is an e-mail address or `kind:id`; `before` and `after` map what changed to its names;
    the last sentence of `because` says what set it off."""

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    because: tuple[str, ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: of this actor, with or without a key, about this target, whose action begins so, from `since` on and before
    `until` (aware), with `q` somewhere in actor, action or target, in whichever case; `targets`: about any of these."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None
    targets: tuple[str, ...] | None = None


EVERYTHING = AuditFilter()


@dataclass(frozen=True, slots=True)
class EventItem:
    """A fact that was told: what happened (`kind` is the action of its audit entry), what of it, and its number."""

    sequence: int
    kind: str
    payload: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Events:
    """Some events in their order. `next_after` is where to read on, also when nothing was found."""

    items: tuple[EventItem, ...]
    next_after: int


# ------------------------------------------------------------------------------------------------------------- audit trail


def audit(
    database: Database, organization_id: str, *, since: datetime | None = None, limit: int = AUDIT_LIMIT
) -> tuple[AuditItem, ...]:
    """Return the newest `limit` audit entries of an organization, oldest first; with `since` (aware) none before it."""
    return tuple(reversed(audit_page(database, organization_id, AuditFilter(since=since), limit=limit).items))


def audit_page(
    database: Database,
    organization_id: str,
    chosen: AuditFilter = EVERYTHING,
    *,
    oldest_first: bool = False,
    limit: int,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[AuditItem]:
    """Return a page of audit entries, newest first. For whom `audit.read` is.

    However many there are, a page looks through LOOKED of them at most: it may have fewer than `limit` and still a `next`.
    Raises Invalid `cursor_invalid`, and what `acting.look` raises.
    """
    passed = places.behind(_ORDER, after, oldest_first=oldest_first)

    def work(glance: Glance, _: Standing) -> Page[AuditItem]:
        known, looked_at = [*_known(organization_id, chosen), *passed], list(_looked_at(chosen))
        last = _last_looked_at(glance.tx, known, oldest_first=oldest_first) if looked_at else None
        within = [] if last is None else places.until(_ORDER, last, oldest_first=oldest_first)
        found = _entries(glance.tx, [*known, *within, *looked_at], limit + 1, oldest_first=oldest_first)
        page = page_of(found, limit, _place)
        return Page(page.items, page.next or last)

    return look(database, organization_id, actor, READ_AUDIT, work)


def audit_all(
    database: Database, organization_id: str, chosen: AuditFilter = EVERYTHING, *, now: datetime, actor: Actor = OPERATOR
) -> Iterator[AuditItem]:
    """Return all entries until `now`, oldest first, read as they are used: a few at a time, and nothing is held between. Whoever
    loses the right meanwhile gets no more. Raises as `audit_page`, before anything is returned."""
    until = min(now, chosen.until) if chosen.until else now
    within = replace(chosen, until=until)

    def read(after: str | None) -> Page[AuditItem]:
        return audit_page(database, organization_id, within, oldest_first=True, limit=_BATCH, after=after, actor=actor)

    return _on(read(None), read)


def _on(page: Page[AuditItem], read: Any) -> Iterator[AuditItem]:
    yield from page.items
    while page.next is not None:
        page = read(page.next)
        yield from page.items


_ENTRY = t.AuditEntry
_ORDER = (_ENTRY.at, _ENTRY.id)


def _known(organization_id: str, chosen: AuditFilter) -> Iterator[ColumnElement[bool]]:
    """What an index answers."""
    yield _ENTRY.organization_id == organization_id
    if chosen.target is not None:
        yield _ENTRY.target == chosen.target
    if chosen.targets is not None:
        yield among(_ENTRY.target, chosen.targets)
    if chosen.since is not None:
        yield _ENTRY.at >= chosen.since
    if chosen.until is not None:
        yield _ENTRY.at < chosen.until


def _looked_at(chosen: AuditFilter) -> Iterator[ColumnElement[bool]]:
    """What is seen of the entry only."""
    if chosen.actor is not None:
        with_a_key = _ENTRY.actor.startswith(f"{chosen.actor} (key ", autoescape=True)
        yield or_(_ENTRY.actor == chosen.actor, with_a_key)
    if chosen.action is not None:
        yield _ENTRY.action.startswith(chosen.action, autoescape=True)
    if chosen.q is not None:
        searched = (_ENTRY.actor, _ENTRY.action, _ENTRY.target)
        yield or_(*(column.icontains(chosen.q, autoescape=True) for column in searched))


def _last_looked_at(tx: Connection, known: list[ColumnElement[bool]], *, oldest_first: bool) -> str | None:
    """The place of the last entry that is looked at for a page; None where there are fewer."""
    order = _ORDER if oldest_first else [column.desc() for column in _ORDER]
    row = tx.execute(select(*_ORDER).where(*known).order_by(*order).offset(LOOKED - 1).limit(1)).first()
    return None if row is None else places.place(row.at, row.id)


def _entries(tx: Connection, conditions: list[ColumnElement[bool]], limit: int, *, oldest_first: bool) -> list[AuditItem]:
    columns = (_ENTRY.id, _ENTRY.at, _ENTRY.actor, _ENTRY.action, _ENTRY.target, _ENTRY.before, _ENTRY.after)
    order = _ORDER if oldest_first else [column.desc() for column in _ORDER]
    found = select(*columns, _ENTRY.because, _ENTRY.address).where(*conditions).order_by(*order).limit(limit)
    return [_item(row) for row in tx.execute(found)]


def _item(row: Any) -> AuditItem:
    what = (row.actor, row.action, row.target, row.before, row.after)
    return AuditItem(row.id, row.at, *what, tuple(row.because), row.address)


def _place(item: AuditItem) -> str:
    return places.place(item.at, item.id)


# ------------------------------------------------------------------------------------------------------------------ events


def events(
    database: Database,
    organization_id: str,
    *,
    after: int | None = None,
    kind: str | None = None,
    limit: int,
    actor: Actor = OPERATOR,
) -> Events:
    """Return events with their numbers, from behind `after` on; without it from the oldest that is kept. With `kind` those that
    begin so. For whom `audit.read` is.

    Whoever reads on from `next_after` misses none: numbers are given after the commit (`relay.py`). Raises Gone `events_swept`
    when some behind `after` are not kept any more, and what `acting.look` raises.
    """

    def work(glance: Glance, _: Standing) -> Events:
        oldest, newest = _numbers(glance.tx, organization_id)
        begin = oldest - 1 if after is None else after
        if begin < oldest - 1:
            raise _swept(begin, oldest)
        items = _events(glance.tx, organization_id, begin, newest, kind, limit)
        full = len(items) == limit
        return Events(items, items[-1].sequence if full else max(begin, newest))

    return look(database, organization_id, actor, READ_AUDIT, work)


_EVENT = t.OutboxEvent


def _numbers(tx: Connection, organization_id: str) -> tuple[int, int]:
    """The first and the last number there are; 1 and 0 when there is none yet."""
    mine = (_EVENT.organization_id == organization_id, _EVENT.sequence.is_not(None))  # so there is an index
    oldest, newest = (select(extreme(_EVENT.sequence)).where(*mine).scalar_subquery() for extreme in (func.min, func.max))
    row = tx.execute(select(oldest, newest)).one()
    return row[0] or 1, row[1] or 0


def _events(tx: Connection, organization_id: str, after: int, until: int, kind: str | None, limit: int) -> tuple[EventItem, ...]:
    found = select(_EVENT.sequence, _EVENT.kind, _EVENT.payload, _EVENT.created_at).where(
        _EVENT.organization_id == organization_id, _EVENT.sequence > after, _EVENT.sequence <= until
    )
    if kind is not None:
        found = found.where(_EVENT.kind.startswith(kind, autoescape=True))
    return tuple(EventItem(*row) for row in tx.execute(found.order_by(_EVENT.sequence).limit(limit)))


def _swept(after: int, oldest: int) -> Gone:
    return Gone(
        "events_swept",
        f"Events behind {after} are not kept any more: the oldest is {oldest}.",
        expected=f"after={oldest - 1} or later",
        advice="Read what you need anew, for events were missed, then go on from there. Events are kept for 30 days.",
    )
