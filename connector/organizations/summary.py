"""SUMMARY: an organization in a few numbers and names, for the first page that somebody sees of it. They are counted from indexes
by a constant number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, exists, func, select

from connector.organizations import settings
from connector.organizations.member_list import SEES_PEOPLE
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

NAMED = 5
"""How many of those who run it are named."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Somebody who holds the top role."""

    user_id: str
    name: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class People:
    """How many members there are (`suspended` among them), what they are parted into, and how many are invited and have not
    answered; `keepers` hold the top role, the first five of them."""

    members: int
    suspended: int
    teams: int
    projects: int
    invited: int
    keepers: tuple[Keeper, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What an organization is like. `people` is None for whom the others are not to be seen. `ways_in` are the names of its
    active connections, `has_codes` whether an active break-glass owner holds an unused recovery code."""

    created_at: datetime
    support_url: str | None
    ways_in: tuple[str, ...]
    has_codes: bool
    people: People | None


_HERE: BindParameter[str] = bindparam("organization", type_=t.Organization.id.type)
_OUT = exists().where(t.Suspension.membership_id == t.Membership.id)
_CODES = (
    select(t.RecoveryCode.id)
    .join(t.Assignment, and_(t.Assignment.membership_id == t.RecoveryCode.membership_id, t.Assignment.source == "break_glass"))
    .join(t.Membership, t.Membership.id == t.RecoveryCode.membership_id)
    .where(t.RecoveryCode.organization_id == _HERE, t.RecoveryCode.used_at.is_(None), ~_OUT)
    .exists()
)
_ABOUT = Hot(
    select(t.Organization.created_at, _CODES.label("has_codes"), t.Connection.name.label("way_in"))
    .outerjoin(t.Connection, and_(t.Connection.organization_id == t.Organization.id, t.Connection.state == "active"))
    .where(t.Organization.id == _HERE)
    .order_by(t.Connection.id)
)
_PENDING = (t.Invitation.status == "pending", t.Invitation.expires_at > bindparam("now", type_=t.Invitation.expires_at.type))
_COUNTS = Hot(
    select(
        select(func.count()).where(t.Membership.organization_id == _HERE).scalar_subquery().label("members"),
        select(func.count(t.Suspension.membership_id.distinct()))
        .where(t.Suspension.organization_id == _HERE)
        .scalar_subquery()
        .label("suspended"),
        select(func.count()).where(t.Team.organization_id == _HERE).scalar_subquery().label("teams"),
        select(func.count()).where(t.Project.organization_id == _HERE).scalar_subquery().label("projects"),
        select(func.count()).where(t.Invitation.organization_id == _HERE, *_PENDING).scalar_subquery().label("invited"),
    )
)
_TOP = select(t.Role.name).where(t.Role.organization_id == _HERE, t.Role.top)
_KEEPERS = Hot(  # ordered by id alone, everybody would be read in that order until five are found
    select(t.Membership.person_id, t.Person.display_name, t.Address.email)
    .join(t.Person, t.Person.id == t.Membership.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == t.Person.id, t.Address.is_primary))
    .where(t.Membership.organization_id == _HERE, t.Membership.role.in_(_TOP), ~_OUT)
    .order_by(t.Membership.created_at, t.Membership.id)
    .limit(NAMED)
)


def show(database: Database, organization_id: str, now: datetime, *, actor: Actor = OPERATOR) -> Summary:
    """What whoever asks may see of it. Raises what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> Summary:
        rows = glance.read(_ABOUT, {"organization": organization_id})
        ways_in = tuple(row.way_in for row in rows if row.way_in is not None)
        people = _people(glance, now) if standing.may(SEES_PEOPLE) else None
        support = settings.read(glance.tx, organization_id).general.support_url
        return Summary(rows[0].created_at, support, ways_in, bool(rows[0].has_codes), people)

    return look(database, organization_id, actor, MEMBER, work)


def _people(glance: Glance, now: datetime) -> People:
    counted = glance.read(_COUNTS, {"organization": glance.organization_id, "now": now})[0]
    keepers = glance.read(_KEEPERS, {"organization": glance.organization_id})
    named = tuple(Keeper(row.person_id, row.display_name, row.email) for row in keepers)
    return People(counted.members, counted.suspended, counted.teams, counted.projects, counted.invited, named)
