"""Going back from `sso` to `invitation`: nobody active loses access (DESIGN section 5).

What rules gave becomes rows of its own, connections become drafts and their directories stage. Nothing is forgotten: identities,
tokens, rules and what was pushed stay, so that going live again finds everybody as they were.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, exists, or_, select, update

from connector.accounts import sessions
from connector.directory import unverified
from connector.directory.activation import no_longer_heard
from connector.directory.states import as_an_admins
from connector.errors import Conflict
from connector.membership.ledger import convert
from connector.membership.model import Because, Cause, Change, Lift
from connector.membership.opening import LOCAL
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import Actor
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t

_LIVE = t.Connection.directory.in_(("live", "paused"))
_BACK = Because("members come by invitation again: nobody has to be linked to an account at the IdP")


def need_local(corridor: Corridor, actor: Actor) -> None:
    """What is asked of the person who goes back: a way in that is left to them then. Raises Conflict `local_sign_in_first`."""
    if keeps_a_way_in(actor, corridor.organization_id):
        return
    raise Conflict(
        "local_sign_in_first",
        "You are signed in through the identity provider only, which opens this organization no more when it has gone back.",
        expected="a session that holds a local sign-in, or break-glass",
        advice="Sign in with an e-mail link in this browser as well, then go back.",
    )


def keeps_a_way_in(actor: Actor, organization_id: str) -> bool:
    """Whether somebody is signed in by what opens the organization when it has gone back."""
    held = actor.authentications
    return any(
        each.method in LOCAL or (each.method == "break_glass" and each.organization_id == organization_id) for each in held
    )


def go_back(corridor: Corridor) -> sync.Outcome:
    """Turn the organization to `invitation`: rules, directories and connections say nothing any more, everybody keeps what they
    have. Who has no verified address is mailed a link that verifies it; whom none would help is named."""
    corridor.need_exclusive()
    connections = _connections(corridor)
    outcome = sync.settle(corridor, facts.members(corridor, _concerned(corridor)), _decision(corridor, connections))
    no_longer_heard(corridor)
    _out_of_force(corridor, connections)
    corridor.tx.execute(
        update(t.Organization).where(t.Organization.id == corridor.organization_id).values(membership_mode="invitation")
    )
    notes = (*_what_happens(connections), *unverified.tell(corridor))
    return sync.Outcome(outcome.plan, outcome.withheld, notes)


def _connections(corridor: Corridor) -> list[Any]:
    """Those in force, oldest first."""
    mine = (t.Connection.organization_id == corridor.organization_id, or_(t.Connection.state == "active", _LIVE))
    columns = (t.Connection.id, t.Connection.name, t.Connection.directory)
    return list(corridor.tx.execute(select(*columns).where(*mine).order_by(t.Connection.id)).all())


def _concerned(corridor: Corridor) -> Select[str]:
    """The members who hold something of a rule, or are out by what only a directory or a sign-in could lift."""
    member, row, out = t.Membership, t.Assignment, t.Suspension
    ruled = exists().where(row.membership_id == member.id, row.rule_id.is_not(None))
    stuck = exists().where(out.membership_id == member.id, out.cause.in_(("directory", "cannot_link")))
    return select(member.id).where(member.organization_id == corridor.organization_id, or_(ruled, stuck))


def _decision(corridor: Corridor, connections: list[Any]) -> Any:
    catalogue = corridor.entered.catalogue
    name = next((each.name for each in connections if each.id == corridor.entered.authority), "the identity provider")

    def decide(entry: Entry) -> tuple[Change, ...]:
        found = (Lift(Cause.CANNOT_LINK, _BACK),) if Cause.CANNOT_LINK in entry.holding.causes else ()
        return (*convert(entry.holding, catalogue), *as_an_admins(entry, name), *found)

    return decide


def _out_of_force(corridor: Corridor, connections: list[Any]) -> None:
    """Connections become drafts, directories stage, in one statement: a live directory has an active connection. What was signed
    in through them ends. One audit entry for all of it."""
    one = t.Connection
    drafted = case((one.state == "active", "draft"), else_=one.state)
    staged = case((_LIVE, "staging"), else_=one.directory)
    mine = update(one).where(one.organization_id == corridor.organization_id)
    corridor.tx.execute(mine.values(state=drafted, directory=staged))
    for each in connections:
        sessions.end_of_connection(corridor.tx, each.id, corridor.now)
    lived = [each for each in connections if each.directory in ("live", "paused")]
    after = {"mode": "invitation", "draft": [f"connection:{each.id}" for each in connections]}
    apply.record(corridor, "organization.mode_changed", "organization", {"mode": "sso"}, after)
    told = [(f"connection:{each.id}", each.directory) for each in lived]
    changes = [{"target": who, "before": {"directory": was}, "after": {"directory": "staging"}} for who, was in told]
    apply.tell(corridor, "directory.staged", changes)


def _what_happens(connections: list[Any]) -> tuple[str, ...]:
    drafts = ", ".join(each.name for each in connections)
    lived = [each.name for each in connections if each.directory in ("live", "paused")]
    return (
        "Members come by invitation from then on, and sign in with an e-mail link.",
        f"Connections become drafts: {drafts}. Who signed in through them is signed out.",
        *(f"The directory of {name} stages: what is pushed is kept, and changes nobody's access." for name in lived),
    )
