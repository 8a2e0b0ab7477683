"""Teams: sub-groups of an organization that hold grants on its resources (OA-26 to OA-36). Each verb is one transaction.

Whoever holds `teams.manage` runs every team, a maintainer theirs. The name of a team that rules give belongs to whoever runs the
identity provider, and so do the places that they gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from connector.errors import Conflict
from connector.organizations import places
from connector.organizations.grants import GrantView, grants_of
from connector.organizations.member_views import find as find_member
from connector.organizations.organizations import clean_name
from connector.organizations.places import PlaceMember, Reader
from connector.organizations.team_rows import RUNS, SEES, find, find_to_leave, find_to_run
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, Seen, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id

SHOWN = 200
"""How many members and grants are shown with a team; the rest is paged."""


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team in a list."""

    id: str
    slug: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TeamDetail:
    """A team with who is in it and what it was granted, the first 200 of each. `managed`: rules of an identity provider give it,
    so its name and the places they gave are locked."""

    id: str
    slug: str
    name: str
    created_at: datetime
    managed: bool
    member_count: int
    members: tuple[PlaceMember, ...]
    grant_count: int
    grants: tuple[GrantView, ...]


def create(
    database: Database,
    organization_id: str,
    name: str,
    *,
    slug: str | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
) -> TeamDetail:
    """Make a team, empty. Raises Invalid `name_invalid`, `slug_invalid`, Taken `slug_taken`, and what `act` raises."""
    name = clean_name(name)

    def work(corridor: Corridor, _: Standing) -> TeamDetail:
        made = places.free_slug(corridor, "team", name, slug)
        row = {"id": new_id(), "organization_id": organization_id, "slug": made, "name": name}
        corridor.insert(t.Team, [{**row, "created_at": corridor.now}])
        apply.record(corridor, "team.created", f"team:{made}", None, {"slug": made, "name": name})
        return TeamDetail(row["id"], made, name, corridor.now, False, 0, (), 0, ())

    return act(database, organization_id, actor, RUNS, f"made the team {name}", work, once=once)


def list_(
    database: Database, organization_id: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[TeamView]:
    """The teams, oldest first. Raises what `look` raises."""

    def work(glance: Glance, _: Standing) -> Page[TeamView]:
        team = t.Team
        found = select(team.id, team.slug, team.name, team.created_at).where(team.organization_id == organization_id)
        rows = glance.tx.execute(found.where(team.id > (after or "")).order_by(team.id).limit(limit + 1))
        return page_of([TeamView(*row) for row in rows], limit, lambda view: view.id)

    return look(database, organization_id, actor, SEES, work)


def show(database: Database, organization_id: str, team: str, *, actor: Actor = OPERATOR) -> TeamDetail:
    """A team by id or slug. Raises NotFound `team_not_found`, and what `look` raises."""
    return look(database, organization_id, actor, SEES, lambda glance, _: _detail(glance, find(glance, team)))


def members_of(
    database: Database, organization_id: str, team: str, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR
) -> Page[PlaceMember]:
    """Who is in a team. Raises as `show`."""

    def work(glance: Glance, _: Standing) -> Page[PlaceMember]:
        return places.page(glance, "team", find(glance, team).id, limit=limit, after=after)

    return look(database, organization_id, actor, SEES, work)


def rename(
    database: Database, organization_id: str, team: str, name: str, *, actor: Actor = OPERATOR, seen: Seen | None = None
) -> TeamDetail:
    """Give a team another name; its slug stays. For its maintainers and whoever runs teams.

    Raises Invalid `name_invalid`, Conflict `managed_by_idp`; what `find_to_run`, `seen` and `act` raise.
    """
    name = clean_name(name)

    def work(corridor: Corridor, standing: Standing) -> TeamDetail:
        row = find_to_run(corridor, standing, team)
        if seen is not None:
            seen(_detail(corridor, row))
        if row.name != name:
            _refuse_linked(corridor, row, "its name is not changed here")
            corridor.update(t.Team, [{"id": row.id, "name": name}], keys=("id",))
            apply.record(corridor, "team.changed", f"team:{row.slug}", {"name": row.name}, {"name": name})
        return _detail(corridor, find(corridor, row.id))

    return act(database, organization_id, actor, MEMBER, "renamed a team", work, exclusive=True)


def delete(database: Database, organization_id: str, team: str, *, actor: Actor = OPERATOR, seen: Seen | None = None) -> None:
    """Delete a team, with its places and grants. Raises NotFound `team_not_found`, Conflict `managed_by_idp` while a rule gives
    it, and what `seen` and `act` raise."""

    def work(corridor: Corridor, _: Standing) -> None:
        row = find(corridor, team)
        detail = _detail(corridor, row)
        if seen is not None:
            seen(detail)
        _refuse_linked(corridor, row, "it would be made again")
        told = {"slug": row.slug, "name": row.name, "members": detail.member_count, "grants": detail.grant_count}
        corridor.delete(t.Team, [{"id": row.id}])
        apply.record(corridor, "team.deleted", f"team:{row.slug}", told, None)

    # Alone: a sync that gives a place in it at the same time would make it again.
    act(database, organization_id, actor, RUNS, "deleted a team", work, exclusive=True)


def set_member(
    database: Database, organization_id: str, team: str, who: str, role: str = "member", *, actor: Actor = OPERATOR
) -> PlaceMember:
    """Put a member of the organization into a team, or give them another role there, by hand.

    Raises Conflict `not_a_member`, `managed_by_idp`, Invalid `level_invalid`, and what `find_to_run` and `act` raise.
    """

    def work(corridor: Corridor, standing: Standing) -> PlaceMember:
        row = find_to_run(corridor, standing, team)
        membership_id = places.newcomer(corridor, who)
        places.seat(corridor, "team", row, membership_id, role)
        return places.one(corridor, "team", row.id, membership_id)

    return act(database, organization_id, actor, MEMBER, "a place in a team was given by hand", work)


def remove_member(database: Database, organization_id: str, team: str, who: str, *, actor: Actor = OPERATOR) -> None:
    """Take somebody out of a team; anybody may leave by themselves. Raises NotFound `member_not_found`, Conflict
    `managed_by_idp`, and what `find_to_run`, `find_to_leave` and `act` raise."""

    def work(corridor: Corridor, standing: Standing) -> None:
        find_place = find_to_leave if standing.is_oneself(who) else find_to_run
        row = find_place(corridor, standing, team)
        places.unseat(corridor, "team", row, find_member(corridor, who))

    act(database, organization_id, actor, MEMBER, "a place in a team was taken by hand", work)


def _refuse_linked(corridor: Corridor, team: Any, consequence: str) -> None:
    rules = places.rules_of(corridor, "team", team.id)
    if rules:
        raise Conflict(
            "managed_by_idp",
            f"The team {team.slug} comes from the identity provider ({rules}), so {consequence}.",
            expected="a team that no rule gives",
            advice="Remove the rule first.",
        )


def _detail(reader: Reader, row: Any) -> TeamDetail:
    inside = places.page(reader, "team", row.id, limit=SHOWN, after=None)
    granted = grants_of(reader, row.id, limit=SHOWN, after=None)
    grant = t.ResourceGrant
    linked = places.rules_of(reader, "team", row.id) is not None
    return TeamDetail(
        row.id,
        row.slug,
        row.name,
        row.created_at,
        linked,
        places.count(reader, "team", row.id),
        inside.items,
        int(reader.tx.execute(select(func.count()).where(grant.team_id == row.id)).scalar_one()),
        granted.items,
    )
