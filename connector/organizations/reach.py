"""REACH: what one person has to do with resources of an organization, read with one statement however many these are.

The statement tells `membership/access.py` everything it asks for. It is the hot path of `check`: nothing is remembered, every
answer is of this moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, select

from connector.errors import Forbidden, NotFound
from connector.membership.access import BY_PERMISSION, Access, AccessFacts, Level, effective, rank
from connector.membership.mapping import PROJECT_LEVELS
from connector.membership.model import Role
from connector.membership.settings import settings_of
from connector.organizations.places import Reader
from connector.provisioning.acting import Standing
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.sets import among_these, rows_as_json, these


@dataclass(frozen=True, slots=True)
class Found:
    """A resource of an organization as one person finds it; `person_id` is None for who is no member."""

    key: str
    kind: str
    id: str
    name: str
    project_id: str | None
    project: str | None
    creator: str
    created_at: datetime
    person_id: str | None
    facts: AccessFacts


_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_TEAMS = (
    rows_as_json(t.Team.slug, t.ResourceGrant.level)
    .select_from(t.ResourceGrant)
    .join(t.Team, t.Team.id == t.ResourceGrant.team_id)
    .where(
        t.ResourceGrant.resource_key == t.Resource.key,
        # Correlated by hand: two levels below the statement SQLAlchemy would read the memberships of everybody here.
        exists()
        .where(
            t.Assignment.membership_id == t.Membership.id,
            t.Assignment.target_kind == "team",
            t.Assignment.target_id == t.ResourceGrant.team_id,
        )
        .correlate(t.Membership, t.ResourceGrant),
    )
)
_EVERYBODY = select(func.min(t.ResourceGrant.level)).where(
    t.ResourceGrant.resource_key == t.Resource.key, t.ResourceGrant.team_id.is_(None)
)
_PLACES = rows_as_json(t.Assignment.level, t.Assignment.source).where(
    t.Assignment.membership_id == t.Membership.id,
    t.Assignment.target_kind == "project",
    t.Assignment.target_id == t.Resource.project_id,
)
_BASE = select(t.OrganizationSetting.document).where(
    t.OrganizationSetting.organization_id == bindparam("organization"), t.OrganizationSetting.namespace == "general"
)
_READ_BASE = Hot(_BASE)
OF_PERSON = select(t.Membership.id).where(
    t.Membership.organization_id == bindparam("organization"), t.Membership.person_id == bindparam("who")
)
"""The membership of the person `who`."""


def _statement(where: ColumnElement[bool]) -> Hot:
    """Resources with what `who` (a person or a membership, by id) has to do with each."""
    member, resource, kind, role = t.Membership, t.Resource, t.ResourceKind, t.Role
    mine = and_(
        member.id == func.coalesce(OF_PERSON.scalar_subquery(), bindparam("who")),
        member.organization_id == resource.organization_id,
    )
    columns = (resource.key, resource.kind, resource.id, resource.name, resource.project_id, t.Project.slug.label("project"))
    found = select(*columns, resource.created_by, resource.creator, resource.created_at, kind.enforced, kind.visibility)
    return Hot(
        found.add_columns(member.person_id, _SUSPENDED.label("suspended"), role.name.label("role"), role.rank, role.top)
        .add_columns(role.can_own, role.org_visible, role.permissions)
        .add_columns(_TEAMS.correlate(resource, member).scalar_subquery().label("teams"))
        .add_columns(_EVERYBODY.correlate(resource).scalar_subquery().label("everybody"))
        .add_columns(_PLACES.correlate(resource, member).scalar_subquery().label("places"))
        .add_columns(_BASE.scalar_subquery().label("base"))
        .join(kind, and_(kind.organization_id == resource.organization_id, kind.name == resource.kind))
        .outerjoin(t.Project, t.Project.id == resource.project_id)
        .outerjoin(member, mine)
        .outerjoin(role, and_(role.organization_id == member.organization_id, role.name == member.role))
        .where(resource.organization_id == bindparam("organization"), where)
    )


_ONE = _statement(and_(t.Resource.kind == bindparam("kind"), t.Resource.id == bindparam("id")))
_THESE = _statement(among_these(t.Resource.key))


def one(reader: Reader, kind: str, id_: str, who: str | None) -> Found | None:
    """A resource of the organization as `who` finds it; None when the organization owns no such one."""
    given = {"organization": reader.organization_id, "kind": kind, "id": id_, "who": who or ""}
    rows = reader.read(_ONE, given)
    return _found(rows[0]) if rows else None


def some(reader: Reader, keys: Iterable[str], who: str | None) -> list[Found]:
    """Resources by key, in the order of keys, as `who` finds them."""
    rows = reader.read(_THESE, {"organization": reader.organization_id, "who": who or "", **these(keys)})
    return sorted((_found(row) for row in rows), key=lambda found: found.key)


def _found(row: Any) -> Found:
    facts = AccessFacts(
        _role(row),
        active=not row.suspended,
        private=row.visibility == "private",
        enforced=bool(row.enforced),
        creator=row.created_by is not None and row.created_by == row.person_id,
        project=row.project,
        project_role=place(json.loads(row.places or "[]")),
        teams=tuple(sorted((slug, level) for slug, level in json.loads(row.teams or "[]"))),
        everybody=row.everybody or "none",
        base=base_level(row.base),
    )
    named = (row.key, row.kind, row.id, row.name, row.project_id, row.project, row.creator, row.created_at, row.person_id)
    return Found(*named, facts)


def _role(row: Any) -> Role | None:
    if row.role is None:
        return None
    held = frozenset(row.permissions)
    return Role(row.role, row.rank, bool(row.top), held, bool(row.can_own), bool(row.org_visible))


def place(given: Iterable[tuple[str, str]]) -> str | None:
    """The role in a project that rows of the ledger, as level and source, come to."""
    return max((level for level, _ in given), key=PROJECT_LEVELS.index, default=None)


def base_level(document: Mapping[str, Any] | None) -> Level:
    """What the organization lets every member do with its resources (part H, ruling 7)."""
    return settings_of({"general": document or {}}).general.member_base_level


def base_of(reader: Reader) -> Level:
    """The same, read by itself."""
    rows = reader.read(_READ_BASE, {"organization": reader.organization_id})
    return base_level(rows[0].document if rows else None)


def access_of(standing: Standing, found: Found) -> Access:
    """What whoever asks may do with it: a member by what they are, the operator everything, a project's key what members of the
    project may. A super admin from outside nothing."""
    if standing.actor.is_operator:
        return Access("admin", ("asked by the operator",))
    if standing.actor.project_id is not None:
        return _of_key(standing.actor.project_id, found)
    return effective(found.facts)


def _of_key(project_id: str, found: Found) -> Access:
    if found.project_id == project_id and not found.facts.private:
        return Access("write", (f"a key of project {found.project}",))
    return Access("none", ("a project's key opens what stands in the project",))


def need(standing: Standing, access: Access, wanted: Level) -> None:
    """Raises NotFound `resource_not_found` when they may not even read it; Forbidden `permission_missing` when they may do less
    than `wanted`, `scope_missing` when their key may."""
    if access.level == "none":
        raise not_found()
    if not access.allows(wanted):
        raise Forbidden(
            "permission_missing",
            f"You may {access.level} this resource: {access.because[0]}.",
            expected=f"{wanted} on it",
            advice="Ask somebody who is admin on it, or of the organization, for a grant.",
        )
    need_scope(standing, wanted)


def need_scope(standing: Standing, wanted: Level) -> None:
    """A key limited to some permissions reaches resources by those that are about resources. Raises Forbidden `scope_missing`."""
    enough = [permission for permission, level in BY_PERMISSION if rank(level) >= rank(wanted)]
    if not standing.actor.scopes.intersection(enough):
        standing.actor.need_scope(enough[-1])


def not_found() -> NotFound:
    """There is no such resource, or none for whoever asks: nobody learns which."""
    return NotFound(
        "resource_not_found", "There is no such resource here, or none that you may read.", expected="the kind and id of one"
    )
