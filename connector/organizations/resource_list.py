"""Resources listed: all of an organization, for who may read all; or what one may see, found by what gives access to it.

What one may see is put together from the few things that were given (places, grants, authorship) and not by asking of each
resource: it costs what somebody sees, and not what there is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select, union

from connector.membership.access import BY_PERMISSION
from connector.organizations import projects, reach
from connector.organizations.places import Reader
from connector.organizations.resource_views import ResourceView, begins
from connector.organizations.resources import view
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database

READS_ALL = "resources.read_all"


def list_(
    database: Database,
    organization_id: str,
    *,
    kind: str | None = None,
    project: str | None = None,
    q: str | None = None,
    mine: bool = False,
    limit: int = 50,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[ResourceView]:
    """The organization's resources, oldest first; with `mine` those that whoever asks may read. The statements are constant.

    `kind` and `project` (id or slug) are whole, `q` is how name or id begin. Raises Forbidden `permission_missing` for who may
    not read all and does not say `mine`, NotFound `project_not_found`, and what `look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Page[ResourceView]:
        found = _visible(glance, standing, mine=mine).where(*_chosen(glance, standing, kind, project, q))
        found = found.where(t.Resource.key > (after or "")).order_by(t.Resource.key).limit(limit + 1)
        page = page_of(list(glance.tx.execute(found).scalars()), limit, str)
        seen = reach.some(glance, page.items, actor.person_id)
        return Page(tuple(view(each, reach.access_of(standing, each)) for each in seen), page.next)

    return look(database, organization_id, actor, MEMBER, work)


def _chosen(
    glance: Glance, standing: Standing, kind: str | None, project: str | None, q: str | None
) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if kind is not None:
        chosen.append(t.Resource.kind == kind)
    if project is not None:
        chosen.append(t.Resource.project_id == projects.find(glance, standing, project).id)
    if q is not None:
        chosen.append(begins(q))
    return chosen


def _visible(glance: Glance, standing: Standing, *, mine: bool) -> Select[str]:
    """The keys of what whoever asks may read."""
    reach.need_scope(standing, "read")
    resource = t.Resource
    home = resource.organization_id == glance.organization_id
    if standing.actor.project_id is not None:
        return select(resource.key).where(home, resource.project_id == standing.actor.project_id)
    if any(permission in standing.permissions for permission, _ in BY_PERMISSION):
        return select(resource.key).where(home)
    if not mine:
        standing.need(READS_ALL)
    if standing.role is not None and standing.role.org_visible and reach.base_of(glance) != "none":
        return select(resource.key).where(home)
    given = _given(glance, standing).subquery()
    # The organization is compared, not looked for: SQLite would walk through all it has.
    here = resource.organization_id.concat("") == glance.organization_id
    return select(resource.key).join(given, given.c.key == resource.key).where(here)


def _given(reader: Reader, standing: Standing) -> Any:
    """The keys of what a member was given, each way by its own index; some of what they made may be elsewhere."""
    resource, grant, kind = t.Resource, t.ResourceGrant, t.ResourceKind
    in_projects = select(resource.key).where(resource.project_id.in_(_places(standing, "project")))
    if standing.role is None or not standing.role.org_visible:
        return in_projects
    made = select(resource.key).where(resource.created_by == (standing.actor.person_id or ""))
    enforced = (
        select(resource.key)
        .join(grant, grant.resource_key == resource.key)
        .join(kind, (kind.organization_id == grant.organization_id) & (kind.name == resource.kind))
        .where(kind.enforced)
    )
    by_teams = enforced.where(grant.team_id.in_(_places(standing, "team")))
    to_everybody = enforced.where(grant.organization_id == reader.organization_id, grant.team_id.is_(None))
    return union(in_projects, made, by_teams, to_everybody)


def _places(standing: Standing, kind: str) -> Any:
    row = t.Assignment
    return select(row.target_id).where(row.membership_id == standing.membership_id, row.target_kind == kind)
