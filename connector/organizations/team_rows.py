"""A team found, and who runs it: whoever holds `teams.manage` runs every team, a maintainer theirs (OA-29)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from connector.errors import Forbidden, NotFound
from connector.organizations import places
from connector.organizations.places import Reader
from connector.provisioning.acting import Standing
from connector.storage import tables as t

RUNS, SEES = "teams.manage", "org.participants.read"


def find(reader: Reader, team: str) -> Any:
    """The row of a team by id or slug. Raises NotFound `team_not_found`."""
    row = places.find(reader, "team", team)
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound("team_not_found", "There is no such team in this organization.", expected="the id or slug of a team")


def find_to_run(reader: Reader, standing: Standing, team: str) -> Any:
    """The row of a team by id or slug, for who runs it: they hold `teams.manage`, or are a maintainer of it. To others it is not
    told whether there is such a team.

    Raises Forbidden `permission_missing`, `scope_missing`; `not_maintainer` for who maintains another team; NotFound
    `team_not_found`.
    """
    if standing.may(RUNS):
        return find(reader, team)
    maintained = _maintained(reader, standing)
    if not maintained:
        standing.need(RUNS)
    standing.actor.need_scope(RUNS)
    row = places.find(reader, "team", team)
    if row is None or row.id not in maintained:
        raise Forbidden(
            "not_maintainer",
            f"You maintain another team, not {team}.",
            expected="a maintainer of this team, or a role that holds teams.manage",
        )
    return row


def find_to_leave(reader: Reader, standing: Standing, team: str) -> Any:
    """The row of a team that somebody leaves; who may not see the teams is told of none but their own.

    With a key that is limited to scopes it takes `teams.manage`, as for a maintainer. Raises Forbidden `scope_missing`, NotFound
    `team_not_found`.
    """
    standing.actor.need_scope(RUNS)
    row = find(reader, team)
    if not standing.may(SEES) and not places.given_in(reader, "team", row.id, standing.membership_id):
        raise _not_found()
    return row


def _maintained(reader: Reader, standing: Standing) -> set[str]:
    row = t.Assignment
    theirs = (row.membership_id == (standing.membership_id or ""), row.target_kind == "team", row.level == "maintainer")
    return set(reader.tx.execute(select(row.target_id).where(*theirs)).scalars())
