"""A team found, and who runs it: whoever holds `teams.manage` runs every team, a maintainer theirs (OA-29)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from connector.errors import Forbidden, NotFound
from connector.organizations import places
from connector.organizations.places import Reader
from connector.provisioning.acting import Standing
from connector.storage import tables as t

RUNS = "teams.manage"


def find(reader: Reader, team: str) -> Any:
    """The row of a team by id or slug. Raises NotFound `team_not_found`."""
    row = places.find(reader, "team", team)
    if row is None:
        raise NotFound("team_not_found", "There is no such team in this organization.", expected="the id or slug of a team")
    return row


def need_to_run(reader: Reader, standing: Standing, team: Any) -> None:
    """Whether they run this team: they hold `teams.manage`, or are a maintainer of it.

    Raises Forbidden `permission_missing`, `scope_missing`; `not_maintainer` for who maintains another team.
    """
    if standing.may(RUNS):
        return
    row = t.Assignment
    theirs = (row.membership_id == (standing.membership_id or ""), row.target_kind == "team", row.level == "maintainer")
    maintained = set(reader.tx.execute(select(row.target_id).where(*theirs)).scalars())
    if team.id in maintained:
        standing.actor.need_scope(RUNS)
    elif maintained:
        raise Forbidden(
            "not_maintainer",
            f"You maintain another team, not {team.slug}.",
            expected="a maintainer of this team, or a role that holds teams.manage",
        )
    else:
        standing.need(RUNS)
