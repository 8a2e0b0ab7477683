"""FACTS: what the stores say, read set-based after the locks, turned into the values of the heart.

A scope is a set of ids that travels as one parameter, or everybody; the number of statements does not depend on its size. The
statements are built once: every push runs them all, and building one costs as much as running it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, exists, null, select

from connector.membership.mapping import Mapping as RuleMapping
from connector.membership.mapping import prepare
from connector.membership.model import (
    Assignment,
    Catalogue,
    Cause,
    Group,
    Holding,
    Match,
    PersonFacts,
    Policy,
    Role,
    Rule,
    Subject,
    Target,
)
from connector.provisioning.corridor import Corridor, Glance, Ids, memberships_locked
from connector.storage import tables as t
from connector.storage.sets import among_these, these


@dataclass(frozen=True, slots=True)
class Setting:
    """What an organization decides by: catalogue, policy, verified domains, the live (or paused) directory if there is one, and
    its rules."""

    catalogue: Catalogue
    policy: Policy
    domains: frozenset[str]
    authority: str | None
    mapping: RuleMapping
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One person under consideration: who, what the directory says of them, what they hold, and what was withheld before."""

    subject: Subject
    user_id: str | None
    membership_id: str | None
    person_id: str | None
    name: str | None
    facts: PersonFacts
    holding: Holding
    withheld: bool


_ORGANIZATION = (
    select(t.Organization, t.Connection.id.label("authority"))
    .outerjoin(
        t.Connection,
        and_(t.Connection.organization_id == t.Organization.id, t.Connection.directory.in_(("live", "paused"))),
    )
    .where(t.Organization.id == bindparam("organization"))
)
_ROLES = select(t.Role).where(t.Role.organization_id == bindparam("organization")).order_by(t.Role.rank.desc())
_DOMAINS = select(t.Domain.name).where(t.Domain.organization_id == bindparam("organization"), t.Domain.verified_at.is_not(None))
_RULES = (
    select(t.Rule, t.Team.slug.label("team_slug"), t.Project.slug.label("project_slug"))
    .outerjoin(t.Team, t.Team.id == t.Rule.team_id)
    .outerjoin(t.Project, t.Project.id == t.Rule.project_id)
    .where(t.Rule.connection_id == bindparam("connection"))
    .order_by(t.Rule.position, t.Rule.id)
)


def setting(corridor: Corridor | Glance) -> Setting:
    """Read the organization's catalogue, policy, verified domains, authority and rules in force."""
    tx, given = corridor.tx, {"organization": corridor.organization_id}
    row = tx.execute(_ORGANIZATION, given).one()
    roles = tuple(
        Role(each.name, each.rank, each.top, frozenset(each.permissions), each.can_own, each.org_visible)
        for each in tx.execute(_ROLES, given)
    )
    catalogue = Catalogue(roles, row.default_role)
    policy = Policy(row.role_strategy, row.top_by_rules, row.entry_gate)
    domains = frozenset(tx.execute(_DOMAINS, given).scalars())
    rules = read_rules(corridor, row.authority) if row.authority else ()
    return Setting(catalogue, policy, domains, row.authority, prepare(rules, catalogue, policy), rules)


def read_rules(corridor: Corridor | Glance, connection_id: str) -> tuple[Rule, ...]:
    """The rules of a connection, in their order, teams and projects by their slug of today."""
    return tuple(
        Rule(
            row.id,
            Match(row.match_kind, row.match_value, row.match_attribute),
            row.target_kind,
            row.team_slug or row.project_slug or row.slug,
            row.level,
            row.position,
        )
        for row in corridor.tx.execute(_RULES, {"connection": connection_id})
    )


@dataclass(frozen=True, slots=True)
class _Reads:
    """The statements that read people, for one kind of scope."""

    users: Any
    users_with_documents: Any
    members: Ids
    places: Any
    groups: Any


@cache
def _reads(*, everybody: bool) -> _Reads:
    """Parameters: `ids` of directory users (or, for everybody, none), `authority` and `organization`."""
    user, member, place, group = t.DirectoryUser, t.Membership, t.DirectoryMember, t.DirectoryGroup
    of_authority = user.connection_id == bindparam("authority")
    chosen = of_authority if everybody else and_(of_authority, among_these(user.id))
    mine = member.organization_id == bindparam("organization")
    # By id alone: with the connection beside it a planner that does not know a new tenant yet would go by that.
    persons = select(user.person_id).where(of_authority if everybody else among_these(user.id), user.person_id.is_not(None))
    inside = place.user_id.in_(select(user.id).where(chosen)) if everybody else among_these(place.user_id)
    link = and_(member.person_id == user.person_id, mine)
    known = (user.id, user.user_name, user.email, user.display_name, user.person_id, user.active, user.overridden)
    columns = (*known, member.id.label("membership_id"))
    return _Reads(
        users=select(*columns, null().label("search")).outerjoin(member, link).where(chosen).order_by(user.id),
        users_with_documents=select(*columns, user.search).outerjoin(member, link).where(chosen).order_by(user.id),
        members=memberships_locked(mine) if everybody else memberships_locked(mine, member.person_id.in_(persons)),
        places=select(place.user_id, place.group_id).where(inside),
        groups=select(group.id, group.display_name, group.external_id).where(group.id.in_(select(place.group_id).where(inside))),
    )


def people(corridor: Corridor, org: Setting, ids: Collection[str] | None) -> list[Entry]:
    """Lock and read people: directory users of the authority by id, or with None everybody of the organization."""
    if org.authority is None:
        return []
    reads = _reads(everybody=ids is None)
    given = {**these(ids or ()), "authority": org.authority, "organization": corridor.organization_id}
    tx = corridor.tx
    corridor.lock_users(ids, org.authority)
    membership_ids = corridor.lock_memberships(reads.members, given)
    holdings, withheld = read_holdings(corridor, membership_ids), _withheld(corridor, membership_ids)
    groups = _groups_of(corridor, reads, given)
    found = reads.users_with_documents if org.mapping.needs_document else reads.users
    entries = [_user_entry(row, holdings, withheld, groups) for row in tx.execute(found, given).all()]
    if ids is None:
        entries += [_member_entry(row, holdings, withheld) for row in tx.execute(_ABSENT, given).all()]
    return entries


def members(corridor: Corridor, scope: Ids) -> list[Entry]:
    """Lock and read memberships by id, for what people decide about members: no facts of the directory."""
    ids = corridor.lock_memberships(memberships_locked(t.Membership.id.in_(scope)), {})
    holdings, withheld = read_holdings(corridor, ids), _withheld(corridor, ids)
    return [_member_entry(row, holdings, withheld) for row in corridor.tx.execute(_MEMBERS, these(ids)).all()]


def _with_address() -> Any:
    """Members with what they are called: their primary address."""
    found = select(t.Membership.id, t.Membership.person_id, t.Address.email, t.Person.display_name)
    return found.join(t.Person, t.Person.id == t.Membership.person_id).outerjoin(
        t.Address, and_(t.Address.person_id == t.Membership.person_id, t.Address.is_primary)
    )


_MEMBERS = _with_address().where(among_these(t.Membership.id)).order_by(t.Membership.id)
_KNOWN = exists().where(
    t.DirectoryUser.person_id == t.Membership.person_id, t.DirectoryUser.connection_id == bindparam("authority")
)
_ABSENT = _with_address().where(t.Membership.organization_id == bindparam("organization"), ~_KNOWN).order_by(t.Membership.id)


def _user_entry(
    row: Any, holdings: Mapping[str, Holding], withheld: frozenset[str], groups: Mapping[str, tuple[Group, ...]]
) -> Entry:
    member = row.membership_id
    facts = PersonFacts(row.active or row.overridden, groups.get(row.id, ()), row.search or {})
    subject = Subject(member or f"user:{row.id}", row.email or row.user_name)
    holding = holdings.get(member, Holding()) if member else Holding()
    return Entry(subject, row.id, member, row.person_id, row.display_name, facts, holding, member in withheld)


def _member_entry(row: Any, holdings: Mapping[str, Holding], withheld: frozenset[str]) -> Entry:
    holding = holdings.get(row.id, Holding(member=True))
    subject = Subject(row.id, row.email)
    return Entry(subject, None, row.id, row.person_id, row.display_name, PersonFacts(None), holding, row.id in withheld)


_ASSIGNMENTS = (
    select(t.Assignment, t.Team.slug.label("team_slug"), t.Project.slug.label("project_slug"))
    .outerjoin(t.Team, t.Team.id == t.Assignment.team_id)
    .outerjoin(t.Project, t.Project.id == t.Assignment.project_id)
    .where(among_these(t.Assignment.membership_id))
)
_SUSPENSIONS = select(t.Suspension.membership_id, t.Suspension.cause).where(among_these(t.Suspension.membership_id))
_WITHHELD = select(t.Withheld.membership_id).where(among_these(t.Withheld.membership_id))


def read_holdings(corridor: Corridor | Glance, membership_ids: Collection[str]) -> dict[str, Holding]:
    """What the memberships named hold: their assignments and causes."""
    if not membership_ids:
        return {}
    rows: dict[str, list[Assignment]] = defaultdict(list)
    causes: dict[str, list[Cause]] = defaultdict(list)
    given = these(membership_ids)
    for row in corridor.tx.execute(_ASSIGNMENTS, given).all():
        target = Target(row.target_kind, row.team_slug or row.project_slug or "")
        rows[row.membership_id].append(Assignment(target, row.level, row.source))
    for membership_id, cause in corridor.tx.execute(_SUSPENSIONS, given).all():
        causes[membership_id].append(Cause(cause))
    return {key: Holding(True, frozenset(rows.get(key, ())), frozenset(causes.get(key, ()))) for key in membership_ids}


def _withheld(corridor: Corridor, membership_ids: Collection[str]) -> frozenset[str]:
    if not membership_ids:
        return frozenset()
    return frozenset(corridor.tx.execute(_WITHHELD, these(membership_ids)).scalars())


def _groups_of(corridor: Corridor, reads: _Reads, given: Mapping[str, Any]) -> dict[str, tuple[Group, ...]]:
    places = corridor.tx.execute(reads.places, given).all()
    if not places:
        return {}
    known = {row.id: Group(row.id, row.display_name, row.external_id) for row in corridor.tx.execute(reads.groups, given)}
    found: dict[str, list[Group]] = defaultdict(list)
    for user_id, group_id in places:
        found[user_id].append(known[group_id])
    return {user_id: tuple(sorted(groups, key=_by_name)) for user_id, groups in found.items()}


def _by_name(group: Group) -> tuple[str, str]:
    return group.name, group.id


def other_top_holders(corridor: Corridor, catalogue: Catalogue, without: Iterable[str]) -> int:
    """How many active holders of the top role there are beside the memberships named."""
    tops = [role.name for role in catalogue.roles if role.top]
    member = t.Membership
    suspended = exists().where(t.Suspension.membership_id == member.id)
    found = select(member.id).where(member.organization_id == corridor.organization_id, member.role.in_(tops), ~suspended)
    return len(set(corridor.tx.execute(found).scalars()) - set(without))
