"""Stored plans as people read them: person by person, some at a time, with what became of the plan.

The lines of one person stand together. A plan of a hundred thousand lines is read and decoded once for a page, with a constant
number of statements.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from sqlalchemy import null, select

from connector.directory.plan_lines import Lines, packed, unpacked
from connector.directory.plans import Stored, stored_in
from connector.errors import NotFound
from connector.membership.model import AccessChange
from connector.membership.plan import Line
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among

State = Literal["waiting", "applied", "expired"]
_PUSHED = "user:"


@dataclass(frozen=True, slots=True)
class Person:
    """What a plan changes for one person. `person_id` is that of a member, None of who is not one yet; `new` whether any of it
    was not in the plan that was looked at before."""

    person_id: str | None
    name: str | None
    called: str | None
    changes: tuple[AccessChange, ...]
    new: bool = False


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A stored plan, and some of the people in it. `took` is how many seconds it took to compute. `counts` says how many lines
    there are of each kind, `total` how many people have one. `found` counts the people that were asked for; `next` is where the
    next page begins. With an older plan, `added` and `gone` count the lines that it did not have, and those that this one has no
    more."""

    digest: str
    kind: str
    given: Mapping[str, object]
    state: State
    created_at: datetime
    expires_at: datetime
    applied_at: datetime | None
    applied_by: str | None
    took: float
    counts: Mapping[str, int]
    total: int
    withheld: tuple[str, ...]
    notes: tuple[str, ...]
    people: tuple[Person, ...]
    found: int
    next: int | None
    added: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan would change that is not stored: lines by kind, people in all, and the first of them."""

    counts: Mapping[str, int]
    total: int
    people: tuple[Person, ...]


def of_changes(changes: Sequence[AccessChange], limit: int) -> Preview:
    """Changes as people read them. Pure."""
    lines = unpacked(packed(changes))
    firsts = list(_firsts(lines, range(len(lines))))
    people = (Person(None, None, lines.called[at], tuple(lines.change(each) for each in lines.of_person(at))) for at in firsts)
    return Preview(lines.counted(), len(firsts), tuple(islice(people, limit)))


def show(
    database: Database,
    organization_id: str,
    digest: str,
    *,
    q: str = "",
    kind: str = "",
    start: int = 0,
    limit: int,
    before: str = "",
    actor: Actor = OPERATOR,
) -> PlanPage:
    """A page of a stored plan, also of one whose time is over: from line `start` on the people with a line of a kind (that of
    `Difference`, "" is any), in whose address `q` stands. `before` is the digest of the plan that was looked at before this one.

    Raises what `plans.stored_in` raises.
    """

    def work(glance: Glance, standing: Standing) -> PlanPage:
        stored = stored_in(glance, standing, digest)
        added, gone = _moved(glance, standing, stored.lines, before)
        firsts, found = _chosen(stored, q, kind, start, limit + 1)
        people = tuple(_people(glance, stored.lines, firsts[:limit], added))
        following = firsts[limit] if len(firsts) > limit else None
        return _page(stored, people, found, following, (len(added), gone))

    return look(database, organization_id, actor, MEMBER, work, by_link=True)


def _moved(glance: Glance, standing: Standing, lines: Lines, before: str) -> tuple[set[Line], int]:
    """The lines that the plan that was looked at before did not have, and how many it had that are no more; nothing where there
    was none, or it is not kept any more."""
    if not before:
        return set(), 0
    try:
        older = set(stored_in(glance, standing, before).lines.compared())
    except NotFound:
        return set(), 0
    now = set(lines.compared())
    return now - older, len(older - now)


def _chosen(stored: Stored, q: str, kind: str, start: int, most: int) -> tuple[list[int], int]:
    """From line `start` on the first lines of so many people that were asked for, and how many there are in all. Where everybody
    was asked for, no more than these are looked at."""
    lines = stored.lines
    if not (q or kind):
        return list(islice(_firsts(lines, range(start, len(lines))), most)), stored.summary["people"]
    found = list(_firsts(lines, lines.chosen(q, kind)))
    begin = bisect_left(found, start)
    return found[begin : begin + most], len(found)


def _firsts(lines: Lines, chosen: Iterable[int]) -> Iterator[int]:
    """Of each person in these lines, the first of them."""
    last = None
    for at in chosen:
        if lines.keys[at] != last:
            last = lines.keys[at]
            yield at


def _people(glance: Glance, lines: Lines, firsts: Sequence[int], added: set[Line]) -> Iterator[Person]:
    known = _known(glance, [lines.keys[at] for at in firsts])
    for at in firsts:
        changes = tuple(lines.change(each) for each in lines.of_person(at))
        person, name = known.get(lines.keys[at], (None, None))
        new = any((each.subject.key, each.target, each.before, each.after) in added for each in changes)
        yield Person(person, name, lines.called[at], changes, new)


def _known(glance: Glance, keys: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Person and name by subject key: of members, and of those whom a directory pushed."""
    member, person, user = t.Membership, t.Person, t.DirectoryUser
    members = (
        select(member.id, person.id.label("person"), person.display_name)
        .join(person, person.id == member.person_id)
        .where(among(member.id, keys), member.organization_id == glance.organization_id)
    )
    pushed = [key.removeprefix(_PUSHED) for key in keys if key.startswith(_PUSHED)]
    users = select(user.id, null().label("person"), user.display_name).where(
        among(user.id, pushed), user.organization_id == glance.organization_id
    )
    of_members = {row.id: (row.person, row.display_name) for row in glance.tx.execute(members)}
    return of_members | {_PUSHED + row.id: (None, row.display_name) for row in glance.tx.execute(users)}


def _page(stored: Stored, people: tuple[Person, ...], found: int, following: int | None, compared: tuple[int, int]) -> PlanPage:
    state: State = "applied" if stored.applied_at else "waiting" if stored.waits else "expired"
    times = (stored.created_at, stored.expires_at, stored.applied_at, stored.applied_by)
    what = (stored.digest, stored.kind, stored.given, state, *times)
    said = (stored.took, stored.lines.counted(), stored.summary["people"], stored.withheld, stored.notes)
    return PlanPage(*what, *said, people, found, following, *compared)
