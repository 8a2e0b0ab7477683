"""Going live, pausing, swapping directories, and taking a connection out: the states of DESIGN section 5, each change a plan.

The verbs here run inside an exclusive corridor and are named in `plans.py`, which previews, stores and applies them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, delete, exists, select, update

from connector.accounts import sessions
from connector.directory import returns, rules
from connector.directory.model import Document
from connector.errors import Conflict, Invalid, NotFound
from connector.membership import roles
from connector.membership.ledger import breaks_glass, hand_over
from connector.membership.model import (
    ROLE,
    Assignment,
    Because,
    Cause,
    Change,
    Give,
    Join,
    Lift,
    Mode,
    Suspend,
)
from connector.membership.plan import Plan
from connector.provisioning import apply, facts, people, sync
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t

DIRECTORIES = ("off", "staging", "live", "paused")


def activate(corridor: Corridor, given: Document) -> sync.Outcome:
    """Take a connection live and, where it is staged, its directory with it; the first one turns the organization to `sso`.

    At the command line the operator vouches for the test sign-in. Raises Conflict `domain_required`, `already_active`.
    """
    corridor.need_exclusive()
    connection = _connection(corridor, given)
    if connection.state == "active" and connection.directory != "staging":
        raise Conflict("already_active", "This connection is active and has no staged directory.")
    if not facts.setting(corridor).domains:
        raise Conflict(
            "domain_required",
            "The organization has no verified domain: nobody could be linked by address.",
            expected="at least one verified domain",
            advice="`connector domain add ORG DOMAIN --verified` vouches for one.",
        )
    switching = corridor.mode is Mode.INVITATION
    broken_glass = _break_glass(corridor)
    notes = (*broken_glass.notes, *(_switch_to_sso(corridor) if switching else ()))
    _set(corridor, connection, state="active")
    apply.record(
        corridor, "connection.activated", f"connection:{connection.id}", {"state": connection.state}, {"state": "active"}
    )
    staged = connection.directory == "staging"
    outcome = _go_live(corridor, connection, switching=switching) if staged else _suspend_outsiders(corridor)
    parts = (*broken_glass.plan.parts, *outcome.plan.parts)
    return sync.Outcome(Plan(parts, outcome.plan.catalogue), outcome.withheld, notes)


def _connection(corridor: Corridor, given: Document) -> Any:
    found = select(t.Connection).where(
        t.Connection.id == str(given["connection"]), t.Connection.organization_id == corridor.organization_id
    )
    row = corridor.tx.execute(found).one_or_none()
    if row is None:
        raise NotFound("connection_not_found", f"There is no connection {given['connection']}.")
    return row


def _set(corridor: Corridor, connection: Any, **values: str) -> None:
    corridor.tx.execute(update(t.Connection).where(t.Connection.id == connection.id).values(**values))


def _switch_to_sso(corridor: Corridor) -> tuple[str, ...]:
    """The mode turns, and pending invitations end: each invitee is told where to sign in, through the outbox. Says so."""
    organization = t.Organization
    corridor.tx.execute(update(organization).where(organization.id == corridor.organization_id).values(membership_mode="sso"))
    apply.record(corridor, "organization.mode_changed", "organization", {"mode": "invitation"}, {"mode": "sso"})
    invitation = t.Invitation
    pending = (invitation.organization_id == corridor.organization_id, invitation.status == "pending")
    invitees = corridor.tx.execute(select(invitation.email).where(*pending)).scalars().all()
    ended = [(email, {"status": "pending"}, {"status": "ended"}) for email in invitees]
    apply.record_all(corridor, "invitation.ended", ended, ["members come from SSO now"])
    corridor.tx.execute(update(invitation).where(*pending).values(status="ended"))
    ending = (f"Pending invitations end: {len(invitees)}; the invitees are told where to sign in.",) if invitees else ()
    return ("Members come from the identity provider from then on, and no longer by invitation.", *ending)


def _break_glass(corridor: Corridor) -> sync.Outcome:
    """The founder is the first break-glass owner (or, without one, the owner of longest standing), if there is none yet."""
    setting = facts.setting(corridor)
    top = roles.top(setting.catalogue).name
    member = t.Membership
    holds = exists().where(t.Assignment.membership_id == member.id, t.Assignment.source == "break_glass")
    mine = member.organization_id == corridor.organization_id
    if corridor.tx.execute(select(member.id).where(mine, holds).limit(1)).first():
        return sync.Outcome(Plan((), setting.catalogue))
    suspended = exists().where(t.Suspension.membership_id == member.id)
    first = (
        select(member.id).where(mine, member.role == top, ~suspended).order_by(member.joined_by != "founder", member.id).limit(1)
    )
    chosen = select(first.subquery().c.id)
    because = Because("the first break-glass owner: outside the IdP, for the day it fails")

    def decide(entry: Entry) -> tuple[Change, ...]:
        return (Give(Assignment(ROLE, top, "break_glass"), because),)

    named = facts.members(corridor, chosen)
    told = [(entry.subject.email or entry.subject.key, None, {"break_glass": True}) for entry in named]
    apply.record_all(corridor, "break_glass.added", told, [because.sentence])
    notes = tuple(f"{email} becomes a break-glass owner, whom the identity provider cannot touch." for email, _, _ in told)
    return replace(sync.settle(corridor, named, decide), notes=notes)


def _no_longer_heard(corridor: Corridor) -> None:
    """What waits to be confirmed was asked by the directory that speaks no more: the next one is judged by what it says."""
    corridor.tx.execute(delete(t.Withheld).where(t.Withheld.organization_id == corridor.organization_id))


def _go_live(corridor: Corridor, connection: Any, *, switching: bool) -> sync.Outcome:
    """The staged directory becomes the authority; a directory live until now becomes staged, first, for the unique index."""
    _stage_others(corridor, connection)
    _set(corridor, connection, directory="live")
    before = {"directory": connection.directory}
    apply.record(corridor, "directory.live", f"connection:{connection.id}", before, {"directory": "live"})
    setting = facts.setting(corridor)
    catalogue, domains = setting.catalogue, setting.domains
    pushed = select(t.DirectoryUser.id).where(t.DirectoryUser.connection_id == connection.id)
    rejoin = returns.recognise(corridor, corridor.tx.execute(pushed).scalars().all(), catalogue)

    def extra(entry: Entry, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        changes = rejoin(entry, changes)
        if switching and entry.user_id and not any(isinstance(c, Join) for c in changes):
            changes = (*changes, *hand_over(entry.holding, catalogue))
        return _outside(entry, changes, domains)

    absent = Because(f"not in the directory of {connection.name}")
    outcome = sync.everyone(corridor, absent=absent, extra=extra)
    people.follow(corridor, connection.id, None)  # what was said while it was staged
    return outcome


def _outside(entry: Entry, changes: tuple[Change, ...], domains: frozenset[str]) -> tuple[Change, ...]:
    """A member who cannot link, being outside the verified domains, is suspended for that reason and not for being absent."""
    absent = entry.user_id is None and not breaks_glass(entry.holding)
    if not absent or people.inside((entry.subject.email or "").lower(), domains):
        return changes
    rest = tuple(c for c in changes if not (isinstance(c, Suspend) and c.cause is Cause.DIRECTORY))
    if Cause.CANNOT_LINK in entry.holding.causes:
        return rest
    because = Because("outside the verified domains: cannot be linked to an account at the IdP")
    return (*rest, Suspend(Cause.CANNOT_LINK, because))


def _stage_others(corridor: Corridor, connection: Any) -> None:
    connections = t.Connection
    others = (
        connections.organization_id == corridor.organization_id,
        connections.directory.in_(("live", "paused")),
        connections.id != connection.id,
    )
    for other in corridor.tx.execute(select(connections.id, connections.directory).where(*others)).all():
        before, after = {"directory": other.directory}, {"directory": "staging"}
        apply.record(corridor, "directory.staged", f"connection:{other.id}", before, after)
    corridor.tx.execute(update(connections).where(*others).values(directory="staging"))
    _no_longer_heard(corridor)


def _suspend_outsiders(corridor: Corridor) -> sync.Outcome:
    """A connection goes live without a directory: members outside the domains, who could never sign in, are suspended.

    Not those whom the live directory of another connection knows: they are linked by what it said of them.
    """
    setting = facts.setting(corridor)
    member, user = t.Membership, t.DirectoryUser
    known = exists().where(user.person_id == member.person_id, user.connection_id == (setting.authority or ""))
    unknown = select(member.id).where(member.organization_id == corridor.organization_id, ~known)

    def decide(entry: Entry) -> tuple[Change, ...]:
        return _outside(entry, (), setting.domains)

    return sync.settle(corridor, facts.members(corridor, unknown), decide)


def set_directory(corridor: Corridor, given: Document) -> sync.Outcome:
    """Move a directory between its states. Raises Conflict `membership_mode`, `connection_not_active`, `directory_not_staged`."""
    corridor.need_exclusive()
    connection, wanted = _connection(corridor, given), str(given["directory"])
    if wanted not in DIRECTORIES:
        raise Invalid("directory_invalid", f'"{wanted}" is no state of a directory.', expected=f"one of {', '.join(DIRECTORIES)}")
    catalogue = facts.setting(corridor).catalogue
    nothing = sync.Outcome(Plan((), catalogue))
    if wanted == connection.directory:
        return nothing
    if wanted in ("live", "paused"):
        return _into_force(corridor, connection, wanted, nothing)
    left = _leave_live(corridor, connection) if connection.directory in ("live", "paused") else nothing
    _set(corridor, connection, directory=wanted)
    _record_state(corridor, connection, wanted)
    return left


def _record_state(corridor: Corridor, connection: Any, wanted: str) -> None:
    action = {"staging": "directory.staged", "off": "directory.off", "paused": "directory.paused", "live": "directory.resumed"}
    before, after = {"directory": connection.directory}, {"directory": wanted}
    apply.record(corridor, action[wanted], f"connection:{connection.id}", before, after)


def _into_force(corridor: Corridor, connection: Any, wanted: str, nothing: sync.Outcome) -> sync.Outcome:
    if corridor.mode is Mode.INVITATION:
        raise Conflict(
            "membership_mode",
            "Members of this organization come by invitation.",
            expected="an organization in sso",
            advice="`connector connection activate CONNECTION` shows the plan that switches.",
        )
    if connection.state != "active":
        raise Conflict("connection_not_active", f"The connection is {connection.state}.", expected="an active connection")
    if wanted == "paused":
        if connection.directory != "live":
            raise Conflict("directory_not_live", f"The directory is {connection.directory}.", expected="a live directory")
        _set(corridor, connection, directory="paused")
        _record_state(corridor, connection, "paused")
        return nothing
    if connection.directory == "off":
        raise Conflict("directory_not_staged", "The directory is off.", expected="a staged or paused directory")
    if connection.directory == "staging":
        return _go_live(corridor, connection, switching=False)
    _set(corridor, connection, directory="live")
    _record_state(corridor, connection, "live")
    return sync.everyone(corridor)


def _leave_live(corridor: Corridor, connection: Any) -> sync.Outcome:
    """No suspension is ever without somebody who can lift it: the directory's become an admin's and say where they came from."""
    stands = select(t.Suspension.membership_id).where(
        t.Suspension.organization_id == corridor.organization_id, t.Suspension.cause == "directory"
    )
    because = Because(f"was suspended by the directory of {connection.name}, which is no longer live")
    _no_longer_heard(corridor)

    def decide(entry: Entry) -> tuple[Change, ...]:
        lifted = Lift(Cause.DIRECTORY, because)
        return (lifted,) if Cause.ADMIN in entry.holding.causes else (lifted, Suspend(Cause.ADMIN, because))

    return sync.settle(corridor, facts.members(corridor, stands), decide)


def disable(corridor: Corridor, given: Document) -> sync.Outcome:
    """Disable a connection: no sign-in starts, who signed in through it is signed out, its tokens are refused.

    Raises Conflict `directory_live`, `last_connection`.
    """
    connection = _connection(corridor, given)
    _refuse_in_use(corridor, connection, "disabled")
    _set(corridor, connection, state="disabled")
    sessions.end_of_connection(corridor.tx, connection.id, corridor.now)
    apply.record(
        corridor, "connection.disabled", f"connection:{connection.id}", {"state": connection.state}, {"state": "disabled"}
    )
    return sync.Outcome(Plan((), facts.setting(corridor).catalogue))


def _refuse_in_use(corridor: Corridor, connection: Any, what: str) -> None:
    if connection.directory in ("live", "paused"):
        raise Conflict(
            "directory_live",
            f"The directory of this connection is {connection.directory}.",
            expected="a directory that is off or staging",
            advice="`connector connection directory CONNECTION staging --yes` takes it out of force.",
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
    connection = _connection(corridor, given)
    _refuse_in_use(corridor, connection, "deleted")
    mine: Select[str] = select(t.Rule.id).where(t.Rule.connection_id == connection.id)
    outcome = rules.drop(corridor, list(corridor.tx.execute(mine).scalars()), keep=bool(given.get("keep")))
    if not corridor.preview:
        corridor.tx.execute(delete(t.Connection).where(t.Connection.id == connection.id))
    apply.record(corridor, "connection.deleted", f"connection:{connection.id}", {"name": connection.name}, None)
    return outcome
