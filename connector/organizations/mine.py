"""MINE: the organizations of one person, as that person sees them; read with one statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, exists, or_, select

from connector.membership.fold import is_storable
from connector.membership.mapping import TEAM_LEVELS
from connector.membership.model import Mode
from connector.membership.opening import OrganizationAccess
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.sets import rows_as_json


@dataclass(frozen=True, slots=True)
class Mine:
    """A membership of mine. `teams` are pairs of slug and team role; `active` is False while I am suspended."""

    id: str
    slug: str
    name: str
    mode: Mode
    role: str
    active: bool
    teams: tuple[tuple[str, str], ...]

    @property
    def access(self) -> OrganizationAccess:
        """What `opening.opens` judges by."""
        return OrganizationAccess(self.id, self.mode, self.active)


_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_TEAMS = (
    rows_as_json(t.Team.slug, t.Assignment.level)
    .select_from(t.Assignment)
    .join(t.Team, t.Team.id == t.Assignment.team_id)
    .where(t.Assignment.membership_id == t.Membership.id)
)
_MINE = Hot(
    select(t.Organization.id, t.Organization.slug, t.Organization.name, t.Organization.membership_mode, t.Membership.role)
    .add_columns((~_SUSPENDED).label("active"), _TEAMS.scalar_subquery().label("teams"))
    .join(t.Membership, t.Membership.organization_id == t.Organization.id)
    .where(t.Membership.person_id == bindparam("person"), t.Organization.deleted_at.is_(None))
    .order_by(t.Organization.id)
)
_NAMED = Hot(
    select(t.Organization.id, t.Organization.slug, t.Organization.name).where(
        or_(t.Organization.id == bindparam("named"), t.Organization.slug == bindparam("named")),
        t.Organization.deleted_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Named:
    """What an organization is called."""

    id: str
    slug: str
    name: str


def named(database: Database, slug_or_id: str) -> Named | None:
    """The organization with this id or slug, open or not, unless it was deleted: who may what there is judged elsewhere."""
    with database.read() as tx:
        row = _NAMED.first(tx, {"named": slug_or_id}) if is_storable(slug_or_id) else None
    return None if row is None else Named(row.id, row.slug, row.name)


def of_person(database: Database, person_id: str) -> tuple[Mine, ...]:
    """Return a person's organizations, oldest first, also those they are suspended in."""
    with database.read() as tx:
        return tuple(_mine(row) for row in _MINE.all(tx, {"person": person_id}))


def _mine(row: Any) -> Mine:
    who = (row.id, row.slug, row.name, Mode(row.membership_mode), row.role)
    return Mine(*who, bool(row.active), _teams(row.teams))


def _teams(told: str | None) -> tuple[tuple[str, str], ...]:
    """Each team once, with the higher role where several rows give it."""
    levels: dict[str, list[str]] = {}
    for slug, level in json.loads(told or "[]"):
        levels.setdefault(slug, []).append(level)
    return tuple((slug, max(given, key=TEAM_LEVELS.index)) for slug, given in sorted(levels.items()))
