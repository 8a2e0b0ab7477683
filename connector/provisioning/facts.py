"""FACTS: what the stores say, read set-based after the locks, turned into the values of the heart.

A scope is a query for ids of directory users, never a list; the number of statements does not depend on its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

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
from connector.provisioning.corridor import Corridor, Glance, Ids
from connector.storage import tables as t


@dataclass(frozen=True, slots=True)
class Setting:
    """What an organization decides by: catalogue, policy, the live (or paused) directory if there is one, and its rules."""

    catalogue: Catalogue
    policy: Policy
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


def setting(corridor: Corridor | Glance) -> Setting:
    """Read the organization's catalogue, policy, authority and rules in force."""
    tx, organization_id = corridor.tx, corridor.organization_id
    row = tx.execute(select(t.Organization).where(t.Organization.id == organization_id)).one()
    catalogue = Catalogue(roles(corridor), row.default_role)
    policy = Policy(row.role_strategy, row.top_by_rules, row.entry_gate)
    live = select(t.Connection.id).where(
        t.Connection.organization_id == organization_id, t.Connection.directory.in_(("live", "paused"))
    )
    authority = tx.execute(live).scalar_one_or_none()
    rules = read_rules(corridor, authority) if authority else ()
    return Setting(catalogue, policy, authority, prepare(rules, catalogue, policy), rules)


def roles(corridor: Corridor | Glance) -> tuple[Role, ...]:
    """The organization's roles, highest first."""
    found = select(t.Role).where(t.Role.organization_id == corridor.organization_id).order_by(t.Role.rank.desc())
    return tuple(
        Role(row.name, row.rank, row.top, frozenset(row.permissions), row.can_own, row.org_visible)
        for row in corridor.tx.execute(found)
    )


def read_rules(corridor: Corridor | Glance, connection_id: str) -> tuple[Rule, ...]:
    """The rules of a connection, in their order, teams and projects by their slug of today."""
    found = (
        select(t.Rule, t.Team.slug.label("team_slug"), t.Project.slug.label("project_slug"))
        .outerjoin(t.Team, t.Team.id == t.Rule.team_id)
        .outerjoin(t.Project, t.Project.id == t.Rule.project_id)
        .where(t.Rule.connection_id == connection_id)
        .order_by(t.Rule.position, t.Rule.id)
    )
    return tuple(
        Rule(
            row.id,
            Match(row.match_kind, row.match_value, row.match_attribute),
            row.target_kind,
            row.team_slug or row.project_slug or row.slug,
            row.level,
            row.position,
        )
        for row in corridor.tx.execute(found)
    )


def people(corridor: Corridor, org: Setting, scope: Ids | None) -> list[Entry]:
    """Lock and read everybody in scope: directory users of the authority by id, or with None everybody of the organization."""
    if org.authority is None:
        return []
    users = scope if scope is not None else select(t.DirectoryUser.id).where(t.DirectoryUser.connection_id == org.authority)
    members = _members_of(corridor, users) if scope is not None else _all_members(corridor)
    corridor.lock_users(users)
    corridor.lock_memberships(members)
    holdings = read_holdings(corridor, members)
    withheld = _withheld(corridor, members)
    groups = _groups_of(corridor, users)
    entries = [_user_entry(row, holdings, withheld, groups) for row in corridor.tx.execute(_users(corridor, org, users))]
    if scope is None:
        entries += [_member_entry(row, holdings, withheld) for row in corridor.tx.execute(_absent(corridor, org.authority))]
    return entries


def members(corridor: Corridor, scope: Ids) -> list[Entry]:
    """Lock and read memberships by id, for what people decide about members: no facts of the directory."""
    corridor.lock_memberships(scope)
    holdings = read_holdings(corridor, scope)
    withheld = _withheld(corridor, scope)
    found = _with_address(select(t.Membership.id, t.Membership.person_id, t.Address.email, t.Person.display_name))
    rows = corridor.tx.execute(found.where(t.Membership.id.in_(scope)).order_by(t.Membership.id))
    return [_member_entry(row, holdings, withheld) for row in rows]


def _with_address(found: Any) -> Any:
    return found.join(t.Person, t.Person.id == t.Membership.person_id).outerjoin(
        t.Address, and_(t.Address.person_id == t.Membership.person_id, t.Address.is_primary)
    )


def _all_members(corridor: Corridor) -> Ids:
    return select(t.Membership.id).where(t.Membership.organization_id == corridor.organization_id)


def _members_of(corridor: Corridor, users: Ids) -> Ids:
    persons = select(t.DirectoryUser.person_id).where(t.DirectoryUser.id.in_(users), t.DirectoryUser.person_id.is_not(None))
    return _all_members(corridor).where(t.Membership.person_id.in_(persons))


def _users(corridor: Corridor, org: Setting, users: Ids) -> Any:
    user, member = t.DirectoryUser, t.Membership
    columns: list[Any] = [
        user.id,
        user.user_name,
        user.email,
        user.display_name,
        user.person_id,
        user.active,
        user.overridden,
        member.id.label("membership_id"),
    ]
    if org.mapping.needs_document:
        columns.append(user.search)
    link = and_(member.person_id == user.person_id, member.organization_id == corridor.organization_id)
    return (
        select(*columns).outerjoin(member, link).where(user.connection_id == org.authority, user.id.in_(users)).order_by(user.id)
    )


def _absent(corridor: Corridor, authority: str) -> Any:
    """Members without a record in the live directory, with their primary address."""
    known = exists().where(t.DirectoryUser.person_id == t.Membership.person_id, t.DirectoryUser.connection_id == authority)
    found = _with_address(select(t.Membership.id, t.Membership.person_id, t.Address.email, t.Person.display_name))
    return found.where(t.Membership.organization_id == corridor.organization_id, ~known).order_by(t.Membership.id)


def _user_entry(
    row: Any, holdings: Mapping[str, Holding], withheld: frozenset[str], groups: Mapping[str, tuple[Group, ...]]
) -> Entry:
    member = row.membership_id
    facts = PersonFacts(row.active or row.overridden, groups.get(row.id, ()), getattr(row, "search", None) or {})
    subject = Subject(member or f"user:{row.id}", row.email or row.user_name)
    holding = holdings.get(member, Holding()) if member else Holding()
    return Entry(subject, row.id, member, row.person_id, row.display_name, facts, holding, member in withheld)


def _member_entry(row: Any, holdings: Mapping[str, Holding], withheld: frozenset[str]) -> Entry:
    holding = holdings.get(row.id, Holding(member=True))
    subject = Subject(row.id, row.email)
    return Entry(subject, None, row.id, row.person_id, row.display_name, PersonFacts(None), holding, row.id in withheld)


def read_holdings(corridor: Corridor | Glance, members: Ids) -> dict[str, Holding]:
    """What the memberships in the query hold: their assignments and causes."""
    rows: dict[str, list[Assignment]] = defaultdict(list)
    causes: dict[str, list[Cause]] = defaultdict(list)
    found = (
        select(t.Assignment, t.Team.slug.label("team_slug"), t.Project.slug.label("project_slug"))
        .outerjoin(t.Team, t.Team.id == t.Assignment.team_id)
        .outerjoin(t.Project, t.Project.id == t.Assignment.project_id)
        .where(t.Assignment.membership_id.in_(members))
    )
    for row in corridor.tx.execute(found):
        target = Target(row.target_kind, row.team_slug or row.project_slug or "")
        rows[row.membership_id].append(Assignment(target, row.level, row.source))
    suspended = select(t.Suspension.membership_id, t.Suspension.cause).where(t.Suspension.membership_id.in_(members))
    for membership_id, cause in corridor.tx.execute(suspended):
        causes[membership_id].append(Cause(cause))
    return {
        key: Holding(True, frozenset(rows.get(key, ())), frozenset(causes.get(key, ())))
        for key in corridor.tx.execute(members).scalars()
    }


def _withheld(corridor: Corridor, members: Ids) -> frozenset[str]:
    found = select(t.Withheld.membership_id).where(t.Withheld.membership_id.in_(members))
    return frozenset(corridor.tx.execute(found).scalars())


def _groups_of(corridor: Corridor, users: Ids) -> dict[str, tuple[Group, ...]]:
    pairs = corridor.tx.execute(
        select(t.DirectoryMember.user_id, t.DirectoryMember.group_id).where(t.DirectoryMember.user_id.in_(users))
    ).all()
    if not pairs:
        return {}
    ids = select(t.DirectoryMember.group_id).where(t.DirectoryMember.user_id.in_(users))
    known = {group.id: group for group in read_groups(corridor, t.DirectoryGroup.id.in_(ids))}
    found: dict[str, list[Group]] = defaultdict(list)
    for user_id, group_id in pairs:
        found[user_id].append(known[group_id])
    return {user_id: tuple(sorted(groups, key=_by_name)) for user_id, groups in found.items()}


def _by_name(group: Group) -> tuple[str, str]:
    return group.name, group.id


def read_groups(corridor: Corridor, where: ColumnElement[bool]) -> Sequence[Group]:
    """The groups a condition selects, as values."""
    group = t.DirectoryGroup
    rows = corridor.tx.execute(select(group.id, group.display_name, group.external_id).where(where))
    return [Group(row.id, row.display_name, row.external_id) for row in rows]


def other_top_holders(corridor: Corridor, catalogue: Catalogue, without: Iterable[str]) -> int:
    """How many active holders of the top role there are beside the memberships named."""
    tops = [role.name for role in catalogue.roles if role.top]
    member = t.Membership
    suspended = exists().where(t.Suspension.membership_id == member.id)
    found = select(member.id).where(member.organization_id == corridor.organization_id, member.role.in_(tops), ~suspended)
    return len(set(corridor.tx.execute(found).scalars()) - set(without))
