"""Projects: workspaces of an organization with members and resources of their own (TG-16 to TG-18, AP-14, ON-8, ON-11 to ON-13).

Whoever is not in a project does not see it, unless their role sees all. Its admins run it, and so does whoever administers the
organization or every resource of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select

from connector.errors import Conflict, Forbidden, NotFound
from connector.membership.mapping import PROJECT_LEVELS
from connector.organizations import entitlements, places
from connector.organizations.member_views import find as find_member
from connector.organizations.organizations import clean_name
from connector.organizations.places import PlaceMember, Reader
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, Seen, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

CREATES, SEES_ALL = "projects.create", "projects.read_all"
RUNS_ALL = ("resources.admin_all", "org.update")
"""Who holds one of these runs every project."""


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project, and the role in it of whoever asks, None where they have none. Everybody is in the default one."""

    id: str
    slug: str
    name: str
    is_default: bool
    role: str | None
    created_at: datetime


def create(
    database: Database,
    organization_id: str,
    name: str,
    *,
    slug: str | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> ProjectView:
    """Make a project; a person who does becomes its admin. More than one needs the entitlement `projects`.

    Raises Invalid `name_invalid`, `slug_invalid`, Taken `slug_taken`, Forbidden `not_enabled`, and what `act` raises.
    """
    name = clean_name(name)

    def work(corridor: Corridor, standing: Standing) -> ProjectView:
        if corridor.tx.execute(select(t.Project.id).where(t.Project.organization_id == organization_id).limit(1)).first():
            entitlements.need(corridor, "projects")
        made = {"id": new_id(), "slug": places.free_slug(corridor, "project", name, slug), "name": name}
        corridor.insert(t.Project, [{**made, "organization_id": organization_id, "created_at": corridor.now}])
        told = {"slug": made["slug"], "name": name}
        role = None
        if standing.membership_id is not None:
            role = PROJECT_LEVELS[-1]
            apply.seat_maker(corridor, standing.membership_id, made["id"], role)
            told |= {role: actor.name}
        apply.record(corridor, "project.created", f"project:{made['slug']}", None, told)
        return ProjectView(made["id"], made["slug"], name, False, role, corridor.now)

    # Alone, so that two who make the second one at once are both asked whether there may be one.
    return act(database, organization_id, actor, CREATES, f"made the project {name}", work, once=once, exclusive=True)


def list_(
    database: Database, organization_id: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[ProjectView]:
    """The projects that whoever asks may see, oldest first. Raises what `look` raises."""

    def work(glance: Glance, standing: Standing) -> Page[ProjectView]:
        found = _select(glance, standing).where(t.Project.id > (after or "")).order_by(t.Project.id).limit(limit + 1)
        return page_of([_view(row) for row in glance.tx.execute(found)], limit, lambda view: view.id)

    return look(database, organization_id, actor, MEMBER, work)


def show(database: Database, organization_id: str, project: str, *, actor: Actor = OPERATOR) -> ProjectView:
    """A project by id or slug. Raises NotFound `project_not_found`, and what `look` raises."""
    return look(database, organization_id, actor, MEMBER, lambda glance, standing: find(glance, standing, project))


def members_of(
    database: Database, organization_id: str, project: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[PlaceMember]:
    """Who is in a project, for everybody who sees it. Raises as `show`."""

    def work(glance: Glance, standing: Standing) -> Page[PlaceMember]:
        return places.page(glance, "project", find(glance, standing, project).id, limit=limit, after=after)

    return look(database, organization_id, actor, MEMBER, work)


def rename(
    database: Database, organization_id: str, project: str, name: str, *, actor: Actor = OPERATOR, seen: Seen | None = None
) -> ProjectView:
    """Give a project another name; its slug stays.

    Raises Invalid `name_invalid`, NotFound `project_not_found`, Forbidden `permission_missing`, and what `seen` and `act` raise.
    """
    name = clean_name(name)

    def work(corridor: Corridor, standing: Standing) -> ProjectView:
        view = _run(corridor, standing, project, seen)
        if view.name != name:
            corridor.update(t.Project, [{"id": view.id, "name": name}], keys=("id",))
            apply.record(corridor, "project.changed", f"project:{view.slug}", {"name": view.name}, {"name": name})
        return find(corridor, standing, view.id)

    return act(database, organization_id, actor, MEMBER, "renamed a project", work, exclusive=True)


def delete(database: Database, organization_id: str, project: str, *, actor: Actor = OPERATOR, seen: Seen | None = None) -> None:
    """Delete a project with its places and its keys. Raises Conflict `default_project`; `project_not_empty` while there are
    resources in it or rules give it; and as `rename`."""

    def work(corridor: Corridor, standing: Standing) -> None:
        view = _run(corridor, standing, project, seen)
        if view.is_default:
            raise Conflict("default_project", "The default project stays: everybody is a member of it.")
        _refuse_used(corridor, view)
        told = {"slug": view.slug, "name": view.name, "members": places.count(corridor, "project", view.id)}
        corridor.delete(t.Project, [{"id": view.id}])
        apply.record(corridor, "project.deleted", f"project:{view.slug}", told, None)

    # Alone: a sync that gives a place in it at the same time would make it again.
    act(database, organization_id, actor, MEMBER, "deleted a project", work, exclusive=True)


def set_member(
    database: Database, organization_id: str, project: str, who: str, role: str = "member", *, actor: Actor = OPERATOR
) -> PlaceMember:
    """Put a member of the organization into a project, or give them another role there, by hand.

    Raises NotFound `project_not_found`, Forbidden `permission_missing`, Conflict `not_a_member`, `managed_by_idp`, Invalid
    `level_invalid`, and what `act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> PlaceMember:
        view = _run(corridor, standing, project, None)
        membership_id = places.newcomer(corridor, who)
        places.seat(corridor, "project", view, membership_id, role)
        return places.one(corridor, "project", view.id, membership_id)

    return act(database, organization_id, actor, MEMBER, "a place in a project was given by hand", work)


def remove_member(database: Database, organization_id: str, project: str, who: str, *, actor: Actor = OPERATOR) -> None:
    """Take somebody out of a project; anybody may leave by themselves, with a key that is limited to scopes only if
    it has `resources.admin_all`, as an admin of the project. Raises Conflict `default_project`, NotFound `member_not_found`,
    Forbidden `scope_missing`, and as `set_member`."""

    def work(corridor: Corridor, standing: Standing) -> None:
        view = find(corridor, standing, project)
        if standing.is_oneself(who):
            standing.actor.need_scope(RUNS_ALL[0])
        else:
            need_to_run(standing, view)
        places.unseat(corridor, "project", view, find_member(corridor, who))

    act(database, organization_id, actor, MEMBER, "a place in a project was taken by hand", work)


def find(reader: Reader, standing: Standing, project: str) -> ProjectView:
    """A project by id or slug, if whoever asks may see it. Raises NotFound `project_not_found`."""
    called = or_(t.Project.id == project, t.Project.slug == project)
    row = reader.tx.execute(_select(reader, standing).where(called)).first()
    if row is None:
        raise NotFound(
            "project_not_found",
            "There is no such project in this organization, or none that you are in.",
            expected="the id or slug of a project",
        )
    return _view(row)


def need_to_run(standing: Standing, view: ProjectView) -> None:
    """Whether they run this project. Raises Forbidden `permission_missing`, `scope_missing`."""
    if any(standing.may(permission) for permission in RUNS_ALL):
        return
    if view.role == PROJECT_LEVELS[-1]:
        standing.actor.need_scope(RUNS_ALL[0])
        return
    raise Forbidden(
        "permission_missing",
        f"You are {view.role or 'not a member'} of the project {view.slug}.",
        expected=f"an admin of it, or a role that holds {' or '.join(RUNS_ALL)}",
        advice="Ask an admin of the project: its members list shows who is.",
    )


def _run(corridor: Corridor, standing: Standing, project: str, seen: Seen | None) -> ProjectView:
    view = find(corridor, standing, project)
    need_to_run(standing, view)
    if seen is not None:
        seen(view)
    return view


def _select(reader: Reader, standing: Standing) -> Any:
    """The projects that they may see, with what they were given there."""
    project, row = t.Project, t.Assignment
    mine = (row.membership_id == (standing.membership_id or ""), row.target_kind == "project", row.target_id == project.id)
    levels = [exists().where(*mine, row.level == level).label(level) for level in PROJECT_LEVELS]
    found = select(project.id, project.slug, project.name, project.is_default, project.created_at, *levels)
    found = found.where(project.organization_id == reader.organization_id)
    if standing.actor.project_id is not None:
        return found.where(project.id == standing.actor.project_id)
    return found if standing.may(SEES_ALL) else found.where(exists().where(*mine))


def _view(row: Any) -> ProjectView:
    role = next((level for level in reversed(PROJECT_LEVELS) if row._mapping[level]), None)
    return ProjectView(row.id, row.slug, row.name, bool(row.is_default), role, row.created_at)


def _refuse_used(corridor: Corridor, view: ProjectView) -> None:
    rules = places.rules_of(corridor, "project", view.id)
    inside = exists().where(t.Resource.project_id == view.id)
    if rules or corridor.tx.execute(select(inside)).scalar_one():
        told = f"rules give it: {rules}" if rules else "there are resources in it"
        raise Conflict(
            "project_not_empty",
            f"The project {view.slug} is in use: {told}.",
            expected="a project without resources that no rule gives",
            advice="Remove the rules." if rules else "Delete its resources first.",
        )
