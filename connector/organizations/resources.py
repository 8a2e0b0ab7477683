"""Resources of an organization: what its application has, known here by kind and id (OA-2, TG-15, ON-6, ON-12).

What an organization owns stays when its maker leaves, with their name. A kind that is private to its maker is the person's own
from the start, wherever it was made: it never belongs to the organization, so it stays theirs when they leave (OH-13, part H 6).
It is found at the addresses of the organization where it was made, and of no other (whose identity provider could sign in as
them), by nobody but them; it is listed in their personal workspace, and leaves no entry in the audit trail (`personal.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, func, select

from connector.errors import Forbidden, Unprocessable
from connector.membership.access import Access, Level
from connector.membership.kinds import Kind
from connector.organizations import kinds, personal, projects, reach
from connector.organizations.organizations import clean_name
from connector.organizations.places import SYSTEM, Reader, given_in
from connector.organizations.projects import ProjectView
from connector.organizations.reach import Found
from connector.organizations.resource_views import ResourceView, clean_id, taken
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Seen
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

CREATES = "resources.create"
WRITES_ALL = ("resources.write_all", "resources.admin_all")
NAMED = 20
"""How many of the resources that keep an organization from being deleted are named."""


@dataclass(frozen=True, slots=True)
class Owned:
    """What an organization owns: how many, and the first of them as `kind:id`."""

    count: int
    first: tuple[str, ...]


def create(
    database: Database,
    organization_id: str,
    kind: str,
    name: str,
    *,
    id_: str | None = None,
    project: str | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> ResourceView:
    """Make a resource known; without an id one is made. `project` is an id or slug.

    Raises Invalid `name_invalid`, `resource_id_invalid`; Unprocessable `kind_unknown`, `project_required`, `kind_private`;
    NotFound `project_not_found`; Forbidden `cannot_own`, `permission_missing`; Taken `resource_exists`; and what `act` raises.
    """
    name, id_ = clean_name(name), clean_id(id_ or new_id())

    def work(corridor: Corridor, standing: Standing) -> ResourceView:
        known = kinds.need(corridor, kind)
        if known.visibility == "private":
            return _create_own(corridor, standing, kind, id_, name)
        place = _place(corridor, standing, known, project)
        _need_create(corridor, standing, place)
        return _insert(corridor, standing, kind, id_, name, place)

    return act(database, organization_id, actor, MEMBER, f"made the {kind} {name}", work, once=once)


def show(database: Database, organization_id: str, kind: str, id_: str, *, actor: Actor = OPERATOR) -> ResourceView:
    """A resource that whoever asks may read. Raises NotFound `resource_not_found`, and what `look` raises."""

    def work(glance: Glance, standing: Standing) -> ResourceView:
        own = _own(glance, standing, kind, id_, "read")
        return personal.view(own) if own is not None else view(*_reached(glance, standing, kind, id_, "read"))

    return look(database, organization_id, actor, MEMBER, work)


def rename(
    database: Database,
    organization_id: str,
    kind: str,
    id_: str,
    name: str,
    *,
    actor: Actor = OPERATOR,
    seen: Seen | None = None,
) -> ResourceView:
    """Give a resource another name; `write` on it is needed.

    Raises Invalid `name_invalid`, NotFound `resource_not_found`, Forbidden `permission_missing`, what `seen` and `act` raise.
    """
    name = clean_name(name)

    def work(corridor: Corridor, standing: Standing) -> ResourceView:
        own = _own(corridor, standing, kind, id_, "write")
        if own is not None:
            return personal.change(corridor.tx, own, name, seen)
        found, access = _reached(corridor, standing, kind, id_, "write")
        if seen is not None:
            seen(view(found, access))
        if found.name != name:
            corridor.update(t.Resource, [{"key": found.key, "name": name}], keys=("key",))
            apply.record(corridor, "resource.changed", _called(kind, id_), {"name": found.name}, {"name": name})
        return view(*_reached(corridor, standing, kind, id_, "write"))

    return act(database, organization_id, actor, MEMBER, "renamed a resource", work, exclusive=True)


def delete(
    database: Database, organization_id: str, kind: str, id_: str, *, actor: Actor = OPERATOR, seen: Seen | None = None
) -> None:
    """Forget a resource, with its grants; `admin` on it is needed. Raises as `rename`."""

    def work(corridor: Corridor, standing: Standing) -> None:
        own = _own(corridor, standing, kind, id_, "admin")
        if own is not None:
            personal.drop(corridor.tx, own, seen)
            return
        found, access = _reached(corridor, standing, kind, id_, "admin")
        if seen is not None:
            seen(view(found, access))
        corridor.delete(t.Resource, [{"key": found.key}])
        apply.record(corridor, "resource.deleted", _called(kind, id_), _told(found.name, found.project), None)

    act(database, organization_id, actor, MEMBER, "deleted a resource", work, exclusive=True)


def owned(tx: Connection, organization_id: str) -> Owned:
    """What an organization owns, which keeps it from being deleted (OA-47)."""
    mine = t.Resource.organization_id == organization_id
    count = int(tx.execute(select(func.count()).select_from(t.Resource).where(mine)).scalar_one())
    named = select(t.Resource.kind, t.Resource.id).where(mine).order_by(t.Resource.key).limit(NAMED)
    return Owned(count, tuple(_called(kind, id_) for kind, id_ in tx.execute(named)))


def view(found: Found, access: Access) -> ResourceView:
    """A resource of the organization as somebody sees it who has this access."""
    named = (found.kind, found.id, found.name, found.project)
    return ResourceView(*named, "organization", found.creator, found.created_at, access.level)


def _reached(reader: Reader, standing: Standing, kind: str, id_: str, wanted: Level) -> tuple[Found, Access]:
    """A resource of the organization on which whoever asks has `wanted`. Raises what `reach.need` raises."""
    found = reach.one(reader, kind, id_, standing.actor.person_id)
    if found is None:
        raise reach.not_found()
    access = reach.access_of(standing, found)
    reach.need(standing, access, wanted)
    return found, access


def _own(reader: Reader, standing: Standing, kind: str, id_: str, wanted: Level) -> Any | None:
    """The row of something private that is the member's own; None where it is nothing of the kind. Raises Forbidden
    `scope_missing`."""
    if standing.membership_id is None or standing.actor.person_id is None:
        return None
    private = exists().where(
        t.ResourceKind.organization_id == reader.organization_id,
        t.ResourceKind.name == kind,
        t.ResourceKind.visibility == "private",
    )
    here = t.Resource.made_in == reader.organization_id
    row = personal.find(reader.tx, standing.actor.person_id, kind, id_, private, here, lock=wanted != "read")
    if row is not None:
        reach.need_scope(standing, wanted)
    return row


def _create_own(corridor: Corridor, standing: Standing, kind: str, id_: str, name: str) -> ResourceView:
    if standing.membership_id is None or standing.actor.person_id is None:
        raise Unprocessable(
            "kind_private",
            f"A resource of the kind {kind} is private to a person, and no person asks for this one.",
            expected="a member, signed in or with a key of theirs",
        )
    _need_own(standing)
    standing.actor.need_scope(CREATES)
    who, home = standing.actor, corridor.organization_id
    return personal.make(corridor.tx, str(who.person_id), kind, id_, name, who.name, corridor.now, home)


def _place(corridor: Corridor, standing: Standing, kind: Kind, project: str | None) -> ProjectView | None:
    """The project it is to stand in."""
    project = standing.actor.project_id if project is None else project
    if project is not None:
        return projects.find(corridor, standing, project)
    if kind.in_project:
        raise Unprocessable(
            "project_required",
            f"A resource of the kind {kind.name} stands in a project, and none is named.",
            expected="project: the id or slug of a project that you are in",
        )
    return None


def _need_create(corridor: Corridor, standing: Standing, place: ProjectView | None) -> None:
    """Whether they may make a resource there: by their role or, inside a project, by their place in it.

    The role counts inside a project as well where it reaches every resource, and where everybody is in the project.
    """
    if standing.actor.is_operator or standing.actor.project_id is not None:
        standing.actor.need_scope(CREATES)
        return
    _need_own(standing)
    if place is None or any(standing.may(permission) for permission in WRITES_ALL):
        standing.need(CREATES)
        return
    given = given_in(corridor, "project", place.id, standing.membership_id)
    if {source for _, source in given} == {SYSTEM}:
        standing.need(CREATES)
    elif reach.place(given) not in ("member", "admin"):
        raise Forbidden(
            "permission_missing",
            f"You are {place.role or 'not a member'} of the project {place.slug}.",
            expected="a member or an admin of the project",
            advice="Ask an admin of the project.",
        )
    else:
        standing.actor.need_scope(CREATES)


def _need_own(standing: Standing) -> None:
    if standing.role is not None and not standing.role.can_own:
        raise Forbidden(
            "cannot_own",
            f"The role {standing.role.name} may own nothing.",
            expected="a role that may own resources",
            advice="Ask somebody with another role to make it.",
        )


def _insert(corridor: Corridor, standing: Standing, kind: str, id_: str, name: str, place: ProjectView | None) -> ResourceView:
    same = exists().where(t.Resource.organization_id == corridor.organization_id, t.Resource.kind == kind, t.Resource.id == id_)
    if corridor.tx.execute(select(same)).scalar_one():
        raise taken()
    actor = standing.actor
    corridor.insert(
        t.Resource,
        [
            {
                "key": new_id(),
                "organization_id": corridor.organization_id,
                "project_id": place.id if place else None,
                "kind": kind,
                "id": id_,
                "name": name,
                # What a project's key makes is the project's: its maker is not admin of it by having made the key.
                "created_by": None if actor.project_id else actor.person_id,
                "creator": actor.name,
                "created_at": corridor.now,
            }
        ],
    )
    project = place.slug if place else None
    apply.record(corridor, "resource.created", _called(kind, id_), None, _told(name, project))
    level: Level = "write" if actor.project_id else "admin"
    return ResourceView(kind, id_, name, project, "organization", actor.name, corridor.now, level)


def _called(kind: str, id_: str) -> str:
    return f"{kind}:{id_}"


def _told(name: str, project: str | None) -> dict[str, Any]:
    return {"name": name, "project": project}
