"""FACTS: what the stores say, read set-based after the locks, turned into the values of the heart.

A scope is a set of ids that travels as one parameter, or everybody; the number of statements does not depend on its size. The
statements are built once: every push runs them all, and building one costs as much as running it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, exists, func, literal, null, select, union_all

from connector.errors import NotFound
from connector.membership.claims import Claim
from connector.membership.model import (
    Assignment,
    Catalogue,
    Cause,
    Group,
    Holding,
    PersonFacts,
    Subject,
    Target,
)
from connector.provisioning.corridor import Corridor, Glance, Ids, memberships_locked
from connector.provisioning.setting import Setting, read_setting
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.sets import among_these, these


@dataclass(frozen=True, slots=True)
class Entry:
    """One person under consideration: who, what the directory says of them, what they hold, and what was withheld before.

    `unknown` says that nobody has their address verified, so that it need not be looked up again. `claims` is what their sign-ins
    said, where no directory is live."""

    subject: Subject
    user_id: str | None
    membership_id: str | None
    person_id: str | None
    name: str | None
    facts: PersonFacts
    holding: Holding
    withheld: bool
    unknown: bool = False
    claims: tuple[Claim, ...] = ()


def setting(corridor: Corridor | Glance) -> Setting:
    """Read what the organization decides by now."""
    found = read_setting(corridor.tx, corridor.organization_id)
    if found is None:
        raise NotFound("organization_not_found", "This organization does not exist.")
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """A directory user of the authority, locked: as read, or as the verb that holds the lock has just written it."""

    id: str
    user_name: str
    email: str | None
    display_name: str | None
    person_id: str | None
    active: bool
    overridden: bool
    search: Mapping[str, Any] | None


_USER, _PLACE, _GROUP = t.DirectoryUser, t.DirectoryMember, t.DirectoryGroup
_COLUMNS = (_USER.id, _USER.user_name, _USER.email, _USER.display_name, _USER.person_id, _USER.active, _USER.overridden)
_OF_AUTHORITY = _USER.connection_id == bindparam("authority")
_IN_GROUPS = select(
    _PLACE.user_id.label("of"),
    literal("in").label("kind"),
    _GROUP.id.label("a"),
    _GROUP.display_name.label("b"),
    _GROUP.external_id.label("c"),
).join(_GROUP, _GROUP.id == _PLACE.group_id)


def _users(*where: ColumnElement[bool], documents: bool) -> Hot:
    """The query that locks directory users, in id order. A row that was waited for is read as it became."""
    search = _USER.search if documents else null().label("search")
    return Hot(select(*_COLUMNS, search).where(_OF_AUTHORITY, *where).order_by(_USER.id).with_for_update(key_share=True))


_THESE_USERS = {documents: _users(among_these(_USER.id), documents=documents) for documents in (False, True)}
_ALL_USERS = {documents: _users(documents=documents) for documents in (False, True)}
_MINE = t.Membership.organization_id == bindparam("organization")
_ALL_MEMBERS = Hot(memberships_locked(_MINE).add_columns(t.Membership.person_id))
_THESE_MEMBERS = Hot(
    memberships_locked(_MINE, among_these(t.Membership.person_id))
    .add_columns(t.Membership.person_id)
    # The order of ids, but not of an index: SQLite would walk through the whole organization to have it for nothing.
    .order_by(None)
    .order_by(t.Membership.id.concat(""))
)
_ALL_PLACES = Hot(_IN_GROUPS.where(_PLACE.connection_id == bindparam("authority")))


_NO_TEXT = null().cast(Text)
_HELD = (
    select(
        t.Assignment.membership_id.label("of"),
        t.Assignment.target_kind.label("kind"),
        func.coalesce(t.Team.slug, t.Project.slug, "").label("a"),
        t.Assignment.level.label("b"),
        t.Assignment.source.label("c"),
    )
    .outerjoin(t.Team, t.Team.id == t.Assignment.team_id)
    .outerjoin(t.Project, t.Project.id == t.Assignment.project_id)
    .where(among_these(t.Assignment.membership_id))
)
_CAUSES = select(t.Suspension.membership_id, literal("suspension"), t.Suspension.cause, _NO_TEXT, _NO_TEXT).where(
    among_these(t.Suspension.membership_id)
)
_WAITING = select(t.Withheld.membership_id, literal("withheld"), _NO_TEXT, _NO_TEXT, _NO_TEXT).where(
    among_these(t.Withheld.membership_id)
)
_LEDGERS = Hot(union_all(_HELD, _CAUSES, _WAITING))
_ABOUT = Hot(union_all(_HELD, _CAUSES, _WAITING, _IN_GROUPS.where(among_these(_PLACE.user_id, "users"))))


def lock_users(corridor: Corridor, connection_id: str, ids: Collection[str]) -> list[Known]:
    """Lock directory users of a connection, in id order, and read them; ids that are none are passed over."""
    if not ids:
        return []
    statement = _THESE_USERS[corridor.entered.mapping.needs_document]
    return [Known(*row) for row in corridor.read(statement, {**these(ids), "authority": connection_id})]


def people(corridor: Corridor, org: Setting, ids: Collection[str]) -> list[Entry]:
    """Lock and read people: directory users of the authority by id."""
    return [] if org.authority is None else known_people(corridor, lock_users(corridor, org.authority, ids))


def known_people(corridor: Corridor, users: Sequence[Known]) -> list[Entry]:
    """Read what is to be known of directory users of the authority that are locked already."""
    persons = [user.person_id for user in users if user.person_id]
    given = {**these(persons), "organization": corridor.organization_id}
    found = corridor.read(_THESE_MEMBERS, given) if persons else []
    if not users:
        return []
    about = corridor.read(_ABOUT, {**these(row.id for row in found), "users": [user.id for user in users]})
    return _entries(users, found, *_told(about, found))


def everybody(corridor: Corridor, org: Setting) -> list[Entry]:
    """Lock and read everybody of the organization: directory users of the authority, and members it does not know."""
    if org.authority is None:
        return []
    given = {"authority": org.authority, "organization": corridor.organization_id}
    users = corridor.read(_ALL_USERS[org.mapping.needs_document], given)
    found = corridor.read(_ALL_MEMBERS, given)
    about = [*corridor.read(_LEDGERS, these(row.id for row in found)), *corridor.read(_ALL_PLACES, given)]
    entries = _entries(users, found, *_told(about, found))
    linked = {user.person_id for user in users}
    absent = [row.id for row in found if row.person_id not in linked]
    return entries + (_described(corridor, absent) if absent else [])


def members_of(corridor: Corridor, persons: Collection[str] | None) -> list[Entry]:
    """Lock and read the memberships of people (None: of everybody); no facts of the directory."""
    given = {**these(persons or ()), "organization": corridor.organization_id}
    found = corridor.read(_ALL_MEMBERS if persons is None else _THESE_MEMBERS, given)
    return _described(corridor, [row.id for row in found]) if found else []


def facts_of(corridor: Corridor, user_id: str, active: bool, document: Mapping[str, Any]) -> PersonFacts:
    """What a directory says of one of its users, whatever state it is in."""
    rows = corridor.tx.execute(_IN_GROUPS.where(among_these(_PLACE.user_id)), these([user_id])).all()
    return PersonFacts(active, tuple(sorted((Group(a, b, c) for _, _, a, b, c in rows), key=_by_name)), document)


def stranger(subject: Subject, person_id: str | None, name: str | None) -> Entry:
    """Somebody who is no member and of whom the directory has nothing."""
    return Entry(subject, None, None, person_id, name, PersonFacts(active=True), Holding(), withheld=False)


def newcomer(user: Known) -> Entry:
    """Somebody of whom it was seen that nobody here knows them by name, externalId or address: there is nothing to read."""
    facts = PersonFacts(user.active or user.overridden, (), user.search or {})
    return Entry(_subject(user, None), user.id, None, None, user.display_name, facts, Holding(), withheld=False, unknown=True)


def _entries(
    users: Sequence[Any],
    memberships: Sequence[Any],
    holdings: Mapping[str, Holding],
    withheld: frozenset[str],
    groups: Mapping[str, tuple[Group, ...]],
) -> list[Entry]:
    member_of = {row.person_id: row.id for row in memberships}
    said: dict[tuple[bool, int], PersonFacts] = {}
    entries = []
    for user in users:
        active, inside = bool(user.active or user.overridden), groups.get(user.id, ())
        alike = (active, id(inside))
        if user.search is not None:
            facts = PersonFacts(active, inside, user.search)
        else:
            facts = said.get(alike) or said.setdefault(alike, PersonFacts(active, inside))
        entries.append(_user_entry(user, member_of.get(user.person_id), facts, holdings, withheld))
    return entries


_NO_MEMBER = Holding()


def members(corridor: Corridor, scope: Ids) -> list[Entry]:
    """Lock and read memberships by id, for what people decide about members: no facts of the directory."""
    return _described(corridor, corridor.lock_memberships(memberships_locked(t.Membership.id.in_(scope)), {}))


def _described(corridor: Corridor, ids: Collection[str]) -> list[Entry]:
    holdings, withheld = read_ledgers(corridor, ids)
    return [_member_entry(row, holdings, withheld) for row in corridor.read(_MEMBERS, these(ids))]


def _with_address() -> Any:
    """Members with what they are called: their primary address."""
    found = select(t.Membership.id, t.Membership.person_id, t.Address.email, t.Person.display_name)
    return found.join(t.Person, t.Person.id == t.Membership.person_id).outerjoin(
        t.Address, and_(t.Address.person_id == t.Membership.person_id, t.Address.is_primary)
    )


_MEMBERS = Hot(_with_address().where(among_these(t.Membership.id)).order_by(t.Membership.id))


def _subject(user: Any, membership_id: str | None) -> Subject:
    return Subject(membership_id or f"user:{user.id}", user.email or user.user_name)


def _user_entry(
    user: Any, membership_id: str | None, facts: PersonFacts, holdings: Mapping[str, Holding], withheld: frozenset[str]
) -> Entry:
    holding = holdings[membership_id] if membership_id else _NO_MEMBER
    subject = _subject(user, membership_id)
    return Entry(subject, user.id, membership_id, user.person_id, user.display_name, facts, holding, membership_id in withheld)


def _member_entry(row: Any, holdings: Mapping[str, Holding], withheld: frozenset[str]) -> Entry:
    holding = holdings.get(row.id, Holding(member=True))
    subject = Subject(row.id, row.email)
    return Entry(subject, None, row.id, row.person_id, row.display_name, PersonFacts(None), holding, row.id in withheld)


def read_ledgers(corridor: Corridor | Glance, membership_ids: Collection[str]) -> tuple[dict[str, Holding], frozenset[str]]:
    """What the memberships named hold, their assignments and causes; and of whom a change is withheld."""
    if not membership_ids:
        return {}, frozenset()
    holdings, withheld, _ = _told(corridor.read(_LEDGERS, these(membership_ids)), membership_ids)
    return holdings, withheld


def _told(
    rows: Sequence[Any], memberships: Collection[Any]
) -> tuple[dict[str, Holding], frozenset[str], dict[str, tuple[Group, ...]]]:
    """What the rows of `_ABOUT` tell: what each membership holds, of whom a change is withheld, and the groups of each user.

    Members who hold the same share one value, and users in the same groups too: of 100,000 people most are alike, and what is
    worked out for one (`sync.py`, `Plan`) is good for all of them.
    """
    given: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    inside: dict[str, list[str]] = defaultdict(list)
    withheld, known = set(), dict[str, Group]()
    for of, kind, a, b, c in rows:
        if kind == "in":
            inside[of].append(a)
            if a not in known:
                known[a] = Group(a, b, c)
        elif kind == "withheld":
            withheld.add(of)
        else:
            given[of].append((kind, a, b or "", c or ""))
    holdings: dict[tuple[Any, ...], Holding] = {}
    held = {}
    for row in memberships:
        key = row if isinstance(row, str) else row.id
        rows_of = tuple(sorted(given.get(key, ())))
        held[key] = holdings.get(rows_of) or holdings.setdefault(rows_of, _holding(rows_of))
    teams: dict[tuple[str, ...], tuple[Group, ...]] = {}
    groups = {}
    for user, ids in inside.items():
        same = tuple(sorted(ids))
        groups[user] = teams.get(same) or teams.setdefault(same, tuple(sorted((known[each] for each in same), key=_by_name)))
    return held, frozenset(withheld), groups


def _holding(rows: tuple[tuple[str, str, str, str], ...]) -> Holding:
    """A member's holding, from the rows of the ledgers."""
    given = (Assignment(Target(kind, a), b, c) for kind, a, b, c in rows if kind != "suspension")  # type: ignore[arg-type]
    return Holding(True, frozenset(given), frozenset(Cause(a) for kind, a, _, _ in rows if kind == "suspension"))


def _by_name(group: Group) -> tuple[str, str]:
    return group.name, group.id


def other_top_holders(corridor: Corridor, catalogue: Catalogue, without: Iterable[str]) -> int:
    """How many active holders of the top role there are beside the memberships named."""
    tops = [role.name for role in catalogue.roles if role.top]
    member = t.Membership
    suspended = exists().where(t.Suspension.membership_id == member.id)
    found = select(member.id).where(member.organization_id == corridor.organization_id, member.role.in_(tops), ~suspended)
    return len(set(corridor.tx.execute(found).scalars()) - set(without))
