"""Grants: what a team, or everybody of an organization, may do with one of its resources (OA-30 to OA-36, AP-3).

There is at most one for each, and granting again changes its level. Only what the organization owns can be granted: what is a
person's own is not shared by grants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.errors import Conflict, Invalid, NotFound
from connector.membership.access import GRANTED
from connector.organizations import kinds, reach
from connector.organizations.places import Reader
from connector.organizations.reach import Found
from connector.organizations.team_rows import find as find_team
from connector.organizations.team_rows import find_to_run
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows

EVERYBODY = "org:*"
"""The subject of a grant to the whole organization."""

ADMINISTERS, SEES = "resources.admin_all", "org.participants.read"


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant. `team` is None where `subject` is everybody (`org:*`)."""

    id: str
    team: str | None
    subject: str
    resource_kind: str
    resource_id: str
    permission: str
    created_at: datetime


def grant_team(
    database: Database,
    organization_id: str,
    team: str,
    kind: str,
    resource: str,
    level: str = "write",
    *,
    actor: Actor = OPERATOR,
) -> GrantView:
    """Give a team a level on a resource. For whoever holds `teams.manage`, and for its maintainers who are admin on the resource.

    Raises NotFound `resource_not_found`; Conflict `not_owned_here`; Unprocessable `kind_unknown`; Invalid `level_invalid`; what
    `find_to_run` and `act` raise.
    """
    _check_level(level)

    def work(corridor: Corridor, standing: Standing) -> GrantView:
        row = find_to_run(corridor, standing, team)
        found = _resource(corridor, standing, kind, resource)
        if not standing.may("teams.manage"):
            reach.need(standing, reach.access_of(standing, found), "admin")
        return _put(corridor, found, row.id, level)

    return act(database, organization_id, actor, MEMBER, "a team was granted a resource", work)


def revoke_team(database: Database, organization_id: str, team: str, grant_id: str, *, actor: Actor = OPERATOR) -> None:
    """Take a grant from a team. Raises NotFound `grant_not_found`, and what `find_to_run` and `act` raise."""

    def work(corridor: Corridor, standing: Standing) -> None:
        row = find_to_run(corridor, standing, team)
        _take(corridor, _find(corridor, t.ResourceGrant.id == grant_id, t.ResourceGrant.team_id == row.id))

    act(database, organization_id, actor, MEMBER, "a grant was taken from a team", work)


def grant_everybody(
    database: Database, organization_id: str, kind: str, resource: str, level: str = "write", *, actor: Actor = OPERATOR
) -> GrantView:
    """Give every member but guests a level on a resource. Raises as `grant_team`."""
    _check_level(level)

    def work(corridor: Corridor, standing: Standing) -> GrantView:
        return _put(corridor, _resource(corridor, standing, kind, resource), None, level)

    return act(database, organization_id, actor, ADMINISTERS, "everybody was granted a resource", work)


def revoke_everybody(database: Database, organization_id: str, grant_id: str, *, actor: Actor = OPERATOR) -> None:
    """Take a grant from everybody. Raises NotFound `grant_not_found`, and what `act` raises."""

    def work(corridor: Corridor, _: Standing) -> None:
        _take(corridor, _find(corridor, t.ResourceGrant.id == grant_id, t.ResourceGrant.team_id.is_(None)))

    act(database, organization_id, actor, ADMINISTERS, "a grant was taken from everybody", work)


def to_everybody(
    database: Database, organization_id: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[GrantView]:
    """What everybody of the organization was granted, oldest first. Raises what `look` raises."""

    def work(glance: Glance, _: Standing) -> Page[GrantView]:
        return grants_of(glance, None, limit=limit, after=after)

    return look(database, organization_id, actor, SEES, work)


def to_team(
    database: Database, organization_id: str, team: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[GrantView]:
    """What a team was granted, oldest first. Raises NotFound `team_not_found`, and what `look` raises."""

    def work(glance: Glance, _: Standing) -> Page[GrantView]:
        return grants_of(glance, find_team(glance, team).id, limit=limit, after=after)

    return look(database, organization_id, actor, SEES, work)


def grants_of(reader: Reader, team_id: str | None, *, limit: int, after: str | None) -> Page[GrantView]:
    """Some of the grants of a team or, with None, of everybody."""
    grant = t.ResourceGrant
    whose = grant.team_id.is_(None) if team_id is None else grant.team_id == team_id
    found = _select(reader).where(whose, grant.id > (after or "")).order_by(grant.id).limit(limit + 1)
    return page_of([_view(row) for row in reader.tx.execute(found)], limit, lambda view: view.id)


def _select(reader: Reader) -> Any:
    grant, resource = t.ResourceGrant, t.Resource
    columns = (grant.id, t.Team.slug, resource.kind, resource.id.label("resource_id"), grant.level, grant.created_at)
    found = select(*columns).join(resource, resource.key == grant.resource_key)
    return found.outerjoin(t.Team, t.Team.id == grant.team_id).where(grant.organization_id == reader.organization_id)


def _view(row: Any) -> GrantView:
    subject = EVERYBODY if row.slug is None else f"team:{row.slug}"
    return GrantView(row.id, row.slug, subject, row.kind, row.resource_id, row.level, row.created_at)


def _find(reader: Reader, *where: Any) -> GrantView:
    row = reader.tx.execute(_select(reader).where(*where)).first()
    if row is None:
        raise NotFound(
            "grant_not_found", "There is no such grant here.", expected="the id of a grant, at the address of its team"
        )
    return _view(row)


def _resource(corridor: Corridor, standing: Standing, kind: str, resource: str) -> Found:
    """What is to be granted: of a kind that is known, owned by the organization."""
    kinds.need(corridor, kind)
    found = reach.one(corridor, kind, resource, standing.actor.person_id)
    if found is None:
        _refuse_own(corridor, standing, kind, resource)
        raise reach.not_found()
    return found


def _refuse_own(corridor: Corridor, standing: Standing, kind: str, resource: str) -> None:
    mine = select(t.Resource.key).where(
        t.Resource.person_id == (standing.actor.person_id or ""), t.Resource.kind == kind, t.Resource.id == resource
    )
    if corridor.tx.execute(mine).first() is not None:
        raise Conflict(
            "not_owned_here",
            "This resource is your own, and not the organization's.",
            expected="a resource that the organization owns",
            advice="Make it in the organization.",
        )


def _put(corridor: Corridor, found: Found, team_id: str | None, level: str) -> GrantView:
    """Write the grant, or its new level; the same again changes nothing, and two at once make one."""
    grant = t.ResourceGrant
    whose = grant.team_id.is_(None) if team_id is None else grant.team_id == team_id
    here = (grant.resource_key == found.key, whose)
    row = {"id": new_id(), "organization_id": corridor.organization_id, "resource_key": found.key, "team_id": team_id}
    made = insert_rows(corridor.tx, grant, [{**row, "level": level, "created_at": corridor.now}], ignore=True)
    old = None if made else corridor.tx.execute(select(grant.level).where(*here).with_for_update(key_share=True)).scalar_one()
    view = _find(corridor, *here)
    if old != level:
        corridor.update(grant, [{"id": view.id, "level": level}], keys=("id",))
        _tell(corridor, "grant.created" if made else "grant.changed", view, old, level)
    return _find(corridor, *here)


def _take(corridor: Corridor, view: GrantView) -> None:
    corridor.delete(t.ResourceGrant, [{"id": view.id}])
    _tell(corridor, "grant.deleted", view, view.permission, None)


def _tell(corridor: Corridor, action: str, view: GrantView, old: str | None, new: str | None) -> None:
    """The target is the resource; before and after say who had what on it."""
    before, after = ({view.subject: level} if level else None for level in (old, new))
    apply.record(corridor, action, f"{view.resource_kind}:{view.resource_id}", before, after)


def _check_level(level: str) -> None:
    if level not in GRANTED:
        raise Invalid("level_invalid", f'"{level}" is no permission of a grant.', expected=f"one of: {', '.join(GRANTED)}")
