"""API keys of organizations and projects, made and revoked by people.

Any member makes keys of the organization for themselves: what such a key may do is their role at every use, never more. Keys of a
project are made by those who run it, and outlive them.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from connector.accounts import keys
from connector.accounts.keys import KeyView, NewKey
from connector.errors import Conflict
from connector.organizations import projects
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page
from connector.storage import tables as t
from connector.storage.database import Database

RUNS = "members.manage"
"""Who holds it sees and revokes everybody's keys of the organization."""


def create(
    database: Database,
    organization_id: str,
    *,
    project: str | None = None,
    name: str = "",
    scopes: Collection[str] = (),
    actor: Actor,
    once: Once | None = None,
) -> NewKey:
    """Make a key of the organization for whoever asks, or with `project` (id or slug) a key of that, for who runs it.

    Raises Invalid `scope_unknown`, `name_invalid`; Forbidden `scope_missing`, `permission_missing`; NotFound `project_not_found`;
    Conflict `not_a_member`; and what `acting.act` raises.
    """
    wished = keys.wish(actor, name, scopes)

    def work(corridor: Corridor, standing: Standing) -> NewKey:
        if standing.membership_id is None or actor.person_id is None:
            raise Conflict("not_a_member", "Only members make keys of an organization.", expected="a member of it")
        view = _run(corridor, standing, project) if project is not None else None
        home = {"organization_id": organization_id, "project_id": view.id if view else None}
        made, row = keys.row_of(wished, actor.person_id, corridor.now, **home)
        keys.record_made(corridor, row, actor.name, view.slug if view else None)
        return made

    return act(database, organization_id, actor, MEMBER, keys.MADE, work, once=once)


def list_(
    database: Database,
    organization_id: str,
    *,
    project: str | None = None,
    limit: int,
    after: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[KeyView]:
    """Keys, oldest first, dead ones too: one's own; with `members.manage` everybody's, those of projects too. With `project` the
    keys of that, for who runs it. Raises NotFound `project_not_found`, and what `acting.look` raises."""

    def work(glance: Glance, standing: Standing) -> Page[KeyView]:
        return keys.page(glance.tx, *_theirs(glance, standing, project), limit=limit, after=after)

    return look(database, organization_id, actor, MEMBER, work)


def revoke(database: Database, organization_id: str, key_id: str, *, project: str | None = None, actor: Actor = OPERATOR) -> None:
    """End a key at once that `list_` tells them of; a dead one stays dead. Raises as that, NotFound `key_not_found`, and what
    `keys.need_to_end` raises."""

    def work(corridor: Corridor, standing: Standing) -> None:
        theirs = _theirs(corridor, standing, project)
        found = corridor.tx.execute(select(t.Key.scopes).where(t.Key.id == key_id, *theirs)).first()
        if found is None:
            raise keys.not_found()
        keys.need_to_end(actor, found.scopes)
        keys.end(corridor, key_id)

    act(database, organization_id, actor, MEMBER, keys.REVOKED, work)


def _theirs(reader: Corridor | Glance, standing: Standing, project: str | None) -> list[ColumnElement[bool]]:
    """Which keys are anything to whoever asks."""
    home = t.Key.organization_id == reader.organization_id
    if project is not None:
        return [home, t.Key.project_id == _run(reader, standing, project).id]
    if standing.may(RUNS):
        return [home]
    mine = standing.actor.person_id if standing.membership_id else None  # a project's key is nobody's
    return [home, t.Key.project_id.is_(None), t.Key.person_id == (mine or "")]


def _run(reader: Corridor | Glance, standing: Standing, project: str) -> projects.ProjectView:
    view = projects.find(reader, standing, project)
    projects.need_to_run(standing, view)
    return view
