"""The states of a connection and its directory beside going live: staging, off, paused, disabled, gone (DESIGN section 5).

The verbs here run inside an exclusive corridor and are named in `plans.py`, which previews, stores and applies them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, exists, or_, select

from connector.accounts import sessions
from connector.directory import rules
from connector.directory.activation import connection_of, go_live, no_longer_heard, replaced, set_state
from connector.directory.model import Document
from connector.errors import Conflict, Invalid
from connector.membership.model import RULE, Because, Cause, Change, Lift, Mode, Suspend, Take
from connector.membership.plan import Plan
from connector.provisioning import apply, facts, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t

OF_DIRECTORY = "was suspended by the directory of "
"""How the origin of an admin's suspension begins that was a directory's before."""

DIRECTORIES = ("off", "staging", "live", "paused")


def set_directory(corridor: Corridor, given: Document) -> sync.Outcome:
    """Move the directory of `given["connection"]` to the state `given["directory"]`.

    Out of live what its rules gave stays until a sign-in says otherwise, or is kept as given by hand (`keep`). Raises Invalid
    `directory_invalid`, Conflict `membership_mode`, `connection_not_active`, `directory_not_staged`, `directory_not_live`.
    """
    corridor.need_exclusive()
    connection, wanted = connection_of(corridor, given), str(given["directory"])
    if wanted not in DIRECTORIES:
        raise Invalid("directory_invalid", f'"{wanted}" is no state of a directory.', expected=f"one of {', '.join(DIRECTORIES)}")
    if wanted == connection.directory:
        return _nothing(corridor)
    if wanted in ("live", "paused"):
        return _into_force(corridor, connection, wanted)
    left = _nothing(corridor)
    if connection.directory in ("live", "paused"):
        left = _leave_live(corridor, connection, keep=bool(given.get("keep")))
    _move(corridor, connection, wanted)
    return left


def _nothing(corridor: Corridor) -> sync.Outcome:
    return sync.Outcome(Plan((), corridor.entered.catalogue))


_ACTIONS = {"staging": "directory.staged", "off": "directory.off", "paused": "directory.paused", "live": "directory.resumed"}


def _move(corridor: Corridor, connection: Any, wanted: str) -> None:
    """Write the state, and that it was changed."""
    set_state(corridor, connection, directory=wanted)
    before, after = {"directory": connection.directory}, {"directory": wanted}
    apply.record(corridor, _ACTIONS[wanted], f"connection:{connection.id}", before, after)


def _into_force(corridor: Corridor, connection: Any, wanted: str) -> sync.Outcome:
    _refuse_force(corridor, connection, wanted)
    if connection.directory == "staging":
        outcome = go_live(corridor, connection, handing=False)
        after = {"directory": "live", **replaced(corridor, connection)}
        apply.record(corridor, "directory.live", f"connection:{connection.id}", {"directory": "staging"}, after)
        return outcome
    _move(corridor, connection, wanted)
    return sync.everyone(corridor) if wanted == "live" else _nothing(corridor)


def _refuse_force(corridor: Corridor, connection: Any, wanted: str) -> None:
    if corridor.mode is Mode.INVITATION:
        raise Conflict(
            "membership_mode",
            "Members of this organization come by invitation.",
            expected="an organization in sso",
            advice="Activate the connection: the plan of it shows what switching the mode would change.",
        )
    if connection.state != "active":
        raise Conflict("connection_not_active", f"The connection is {connection.state}.", expected="an active connection")
    if wanted == "paused" and connection.directory != "live":
        raise Conflict("directory_not_live", f"The directory is {connection.directory}.", expected="a live directory")
    if connection.directory == "off":
        raise Conflict("directory_not_staged", "The directory is off.", expected="a staged or paused directory")


def _leave_live(corridor: Corridor, connection: Any, *, keep: bool) -> sync.Outcome:
    """The directory's suspensions become an admin's. With `keep` what its rules gave becomes as given by hand."""
    mine = select(t.Rule.id).where(t.Rule.connection_id == connection.id)
    sources = frozenset(RULE + rule for rule in corridor.tx.execute(mine).scalars()) if keep else frozenset[str]()
    catalogue = corridor.entered.catalogue
    no_longer_heard(corridor)
    by_hand = Because(f"kept as given by hand: the directory of {connection.name} is no longer live")

    def decide(entry: Entry) -> tuple[Change, ...]:
        gone = [row for row in sorted(entry.holding.rows) if row.source in sources]
        taken = (Take(row, by_hand) for row in gone)
        return (*rules.as_manual(entry.holding, gone, catalogue), *taken, *as_an_admins(entry, connection.name))

    return sync.settle(corridor, facts.members(corridor, _concerned(corridor, keep=keep)), decide)


def _concerned(corridor: Corridor, *, keep: bool) -> Any:
    """The members whom leaving live changes."""
    member, out, row = t.Membership, t.Suspension, t.Assignment
    suspended = exists().where(out.membership_id == member.id, out.cause == "directory")
    ruled = exists().where(row.membership_id == member.id, row.rule_id.is_not(None))
    concerned = or_(suspended, ruled) if keep else suspended
    return select(member.id).where(member.organization_id == corridor.organization_id, concerned)


def as_an_admins(entry: Entry, name: str) -> tuple[Change, ...]:
    """No suspension is ever without somebody who can lift it: the directory's becomes an admin's and says where it came from."""
    if Cause.DIRECTORY not in entry.holding.causes:
        return ()
    because = Because(f"{OF_DIRECTORY}{name}, which is no longer live")
    lifted = Lift(Cause.DIRECTORY, because)
    return (lifted,) if Cause.ADMIN in entry.holding.causes else (lifted, Suspend(Cause.ADMIN, because))


def disable(corridor: Corridor, given: Document) -> sync.Outcome:
    """Disable a connection: no sign-in starts, who signed in through it is signed out, its tokens are refused.

    Raises Conflict `directory_live`, `last_connection`.
    """
    connection = connection_of(corridor, given)
    _refuse_in_use(corridor, connection, "disabled")
    if connection.state == "disabled":
        return _nothing(corridor)
    set_state(corridor, connection, state="disabled")
    sessions.end_of_connection(corridor.tx, connection.id, corridor.now)
    before, after = {"state": connection.state}, {"state": "disabled"}
    apply.record(corridor, "connection.disabled", f"connection:{connection.id}", before, after)
    return _nothing(corridor)


def _refuse_in_use(corridor: Corridor, connection: Any, what: str) -> None:
    if connection.directory in ("live", "paused"):
        raise Conflict(
            "directory_live",
            f"The directory of this connection is {connection.directory}.",
            expected="a directory that is off or staging",
            advice="Take it out of force first: `connector connection directory CONNECTION staging --yes`.",
        )
    others = select(t.Connection.id).where(
        t.Connection.organization_id == corridor.organization_id, t.Connection.state == "active", t.Connection.id != connection.id
    )
    if corridor.mode is Mode.SSO and connection.state == "active" and not corridor.tx.execute(others.limit(1)).first():
        raise Conflict(
            "last_connection",
            f"The last active connection of an organization in sso cannot be {what}.",
            expected="another active connection, or an organization that is back in invitation mode",
        )


def remove(corridor: Corridor, given: Document) -> sync.Outcome:
    """Delete a connection with all it pushed; what its rules gave is withdrawn or (`keep`) kept as given by hand.

    Raises Conflict `directory_live`, `last_connection`.
    """
    corridor.need_exclusive()
    connection = connection_of(corridor, given)
    _refuse_in_use(corridor, connection, "deleted")
    mine: Select[str] = select(t.Rule.id).where(t.Rule.connection_id == connection.id)
    outcome = rules.drop(corridor, list(corridor.tx.execute(mine).scalars()), keep=bool(given.get("keep")))
    if not corridor.preview:
        corridor.tx.execute(delete(t.Connection).where(t.Connection.id == connection.id))
    apply.record(corridor, "connection.deleted", f"connection:{connection.id}", {"name": connection.name}, None)
    return outcome
