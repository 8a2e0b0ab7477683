"""JOINING by an invitation: what I am invited to, accept, decline; with an account, or with the link alone.

The mode, the invitation and the inviter are judged behind the organization's lock, at the moment of joining: whoever may no
longer invite lets nobody in. An invitation is for a verified address; to everybody else it does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from connector.accounts import persons, sessions
from connector.accounts.secret import hashed
from connector.accounts.sessions import Proof, Visitor
from connector.errors import Conflict, Forbidden, Unauthenticated
from connector.membership import roles
from connector.membership.model import ROLE, Assignment, Because, Change, Give, Join, Subject
from connector.organizations import invitation_rows as rows
from connector.organizations import single_org
from connector.organizations.invitation_rows import Host
from connector.organizations.invitations import INVITE, already_member
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import Actor
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database

Result = TypeVar("Result")

_ROW = t.Invitation


@dataclass(frozen=True, slots=True)
class MyInvitation:
    """An invitation as the person sees whose verified address was invited. `invited_by` is None for the operator."""

    id: str
    organization: Host
    email: str
    role: str
    invited_by: str | None
    created_at: datetime
    expires_at: datetime
    move_requested: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation as whoever holds the link sees it. `needs_sign_in`: there is an account with the address, so its holder signs
    in to accept."""

    organization: Host
    email: str
    role: str
    invited_by: str | None
    expires_at: datetime
    move_requested: bool
    needs_sign_in: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """What somebody has joined: the organization, their membership, and the role they have in it."""

    organization: Host
    member_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of a link: what was joined, and for a new person the token of their session, seen this once."""

    joined: Joined
    session_token: str | None = field(repr=False)


# ------------------------------------------------------------------------------------------------------- with an account


def mine(database: Database, person_id: str, *, limit: int, after: str | None = None) -> Page[MyInvitation]:
    """The open invitations to verified addresses of a person, oldest first; but not to where they belong already."""
    now, member = datetime.now(UTC), t.Membership
    belongs = exists().where(member.organization_id == _ROW.organization_id, member.person_id == person_id)
    with database.read() as tx:
        to_me = _ROW.email_key.in_(_keys(tx, person_id))
        open_ = rows.ROWS.where(to_me, rows.has_status("pending", now), ~belongs, _ROW.id > (after or ""))
        found = [my_view(row) for row in tx.execute(open_.order_by(_ROW.id).limit(limit + 1))]
    return page_of(found, limit, lambda each: each.id)


def my_view(row: Any) -> MyInvitation:
    """A row as the invited person sees it."""
    until = (row.created_at, row.expires_at, row.mover is not None)
    return MyInvitation(row.id, rows.host(row), row.email, row.role, rows.inviter(row), *until)


def _keys(tx: Connection, person_id: str) -> list[str]:
    """The verified addresses of a person, each in the spelling that invitations are found by."""
    verified = select(t.Address.email).where(t.Address.person_id == person_id, t.Address.verified)
    return [persons.one_spelling(email) for email in tx.execute(verified).scalars()]


def accept(database: Database, invitation_id: str, *, actor: Actor) -> Joined:
    """Join what the actor was invited to.

    Raises NotFound `invitation_not_found` for everybody but the invited person; Gone `invitation_over`, `invitation_expired`;
    Conflict `membership_mode`, `already_member`, `inviter_may_not`, `single_org`.
    """

    def work(corridor: Corridor) -> Joined:
        row, person_id = addressed(corridor, invitation_id, actor)
        return join(corridor, row, person_id)

    return enter(database, home_of(database, invitation_id), actor.origin("accepted the invitation"), work)


def decline(database: Database, invitation_id: str, *, actor: Actor) -> None:
    """Say no; somebody may invite the address again.

    Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`.
    """

    def work(corridor: Corridor) -> None:
        row, _ = addressed(corridor, invitation_id, actor)
        _decline(corridor, row)

    enter(database, home_of(database, invitation_id), actor.origin("declined the invitation"), work)


def home_of(database: Database, invitation_id: str) -> str:
    """The organization that invites. Raises NotFound `invitation_not_found`."""
    with database.read() as tx:
        return str(rows.first(tx, _ROW.id == invitation_id).organization_id)


def addressed(corridor: Corridor, invitation_id: str, actor: Actor) -> tuple[Any, str]:
    """The invitation, locked, and the person it is for, who is the actor. Raises NotFound `invitation_not_found` for others."""
    row, person_id = rows.locked(corridor, invitation_id), actor.person_id
    if person_id is None or not is_for(corridor, row, person_id):
        raise rows.unknown()
    return row, person_id


def is_for(corridor: Corridor, row: Any, person_id: str) -> bool:
    """Whether an invitation is to a verified address of somebody."""
    return row.email_key in _keys(corridor.tx, person_id)


# ------------------------------------------------------------------------------------------------------- with the link alone


def look(database: Database, token: str) -> Offer:
    """What a link offers. Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict
    `membership_mode`."""
    with database.read() as tx:
        row = rows.first(tx, _by(token))
        rows.refuse_over(row, datetime.now(UTC))
        known = persons.find(tx, row.email) is not None
    who = (rows.host(row), row.email, row.role, rows.inviter(row))
    return Offer(*who, row.expires_at, row.mover is not None, known)


def accept_link(database: Database, token: str, visitor: Visitor, *, actor: Actor | None, sign_in_at: str) -> Entered:
    """Join by a link. Whoever has no account gets one with the address, which the mail has shown to be theirs, and is signed in;
    who has one is asked to be signed in (`actor`), at the address `sign_in_at`. All of it in one transaction.

    Raises Unauthenticated `sign_in_first`, Forbidden `other_address`, and what `accept` raises.
    """

    def work(corridor: Corridor) -> Entered:
        row = _linked(corridor, token)
        holder = persons.find(corridor.tx, row.email)
        if actor is not None:
            return Entered(join(corridor, row, _same(actor, holder)), None)
        if holder is not None:
            raise _sign_in_first(sign_in_at)
        made = persons.make(corridor.tx, row.email, corridor.now)
        joined = join(corridor, row, made)
        return Entered(joined, sessions.open(corridor.tx, made, Proof("email_link"), visitor, corridor.now))

    return _enter_by(database, token, visitor, actor, "accepted the invitation by its link", work)


def decline_link(database: Database, token: str, visitor: Visitor, *, actor: Actor | None) -> None:
    """Say no by a link, with or without an account. Raises Forbidden `other_address` for somebody else, and what `decline`
    raises."""

    def work(corridor: Corridor) -> None:
        row = _linked(corridor, token)
        if actor is not None:
            _same(actor, persons.find(corridor.tx, row.email))
        _decline(corridor, row)

    _enter_by(database, token, visitor, actor, "declined the invitation by its link", work)


def link_of(database: Database, token: str, *, actor: Actor) -> str:
    """The id of the invitation behind a link, for the person it is for. Raises NotFound `invitation_not_found`, Forbidden
    `other_address`."""
    with database.read() as tx:
        row = rows.first(tx, _by(token))
        _same(actor, persons.find(tx, row.email))
    return str(row.id)


def _by(token: str) -> ColumnElement[bool]:
    return _ROW.token_hash == hashed(token)


def _linked(corridor: Corridor, token: str) -> Any:
    """The invitation of a link, locked and open: that it is over is told before whose it was. Sent again meanwhile, it is not
    that of this link any more."""
    found = select(_ROW.id).where(_by(token), _ROW.organization_id == corridor.organization_id)
    row = rows.locked(corridor, corridor.tx.execute(found).scalar_one_or_none() or "")
    if row.token_hash != hashed(token):
        raise rows.unknown()
    rows.refuse_over(row, corridor.now)
    return row


def _enter_by(
    database: Database, token: str, visitor: Visitor, actor: Actor | None, sentence: str, work: Callable[[Corridor], Result]
) -> Result:
    with database.read() as tx:
        row = rows.first(tx, _by(token))
    origin = actor.origin(sentence) if actor is not None else Origin(row.email, sentence, visitor.address)
    return enter(database, row.organization_id, origin, work)


def _same(actor: Actor, holder: str | None) -> str:
    if actor.person_id is None or actor.person_id != holder:
        raise Forbidden(
            "other_address",
            "This invitation is for another address than yours.",
            expected="to be signed in as the holder of the invited address, or not at all",
            advice="Sign out, then open the link of the mail again.",
        )
    return actor.person_id


def _sign_in_first(sign_in_at: str) -> Unauthenticated:
    return Unauthenticated(
        "sign_in_first",
        "There is an account with the invited address.",
        expected="its holder, signed in",
        advice=f"Sign in at {sign_in_at}, then accept the invitation.",
    )


# --------------------------------------------------------------------------------------------------------------- joining


def join(corridor: Corridor, row: Any, person_id: str) -> Joined:
    """Make a person a member by a locked invitation.

    Raises Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`, `already_member`, `inviter_may_not`,
    `single_org`.
    """
    rows.refuse_over(row, corridor.now)
    _refuse_inviter(corridor, row)
    single_org.refuse(corridor, person_id)
    return enroll(corridor, row, person_id)


def enroll(corridor: Corridor, row: Any, person_id: str) -> Joined:
    """The end of it, when nothing stands in the way any more. Raises Conflict `already_member`."""
    if _membership(corridor, person_id) is not None:
        raise already_member()
    rows.answered(corridor, row.id, "accepted")
    called = rows.inviter(row) or "the operator"
    because = Because(f"invited by {called} as {row.role}")
    changes: tuple[Change, ...] = (Join(because), Give(Assignment(ROLE, row.role, "invitation"), because))
    entry = facts.stranger(Subject(f"person:{person_id}", row.email), person_id, None)
    sync.settle(corridor, [entry], lambda _: changes, joined_by="invitation")
    return Joined(rows.host(row), str(_membership(corridor, person_id)), row.role)


def _membership(corridor: Corridor, person_id: str) -> str | None:
    mine = (t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == person_id)
    found: str | None = corridor.tx.execute(select(t.Membership.id).where(*mine)).scalar_one_or_none()
    return found


def _refuse_inviter(corridor: Corridor, row: Any) -> None:
    """What was promised must still be theirs to give. The operator's and super admins' promises hold."""
    if row.invited_by is None:
        return
    member = t.Membership
    suspended = exists().where(t.Suspension.membership_id == member.id)
    here = and_(member.person_id == t.Person.id, member.organization_id == corridor.organization_id, ~suspended)
    found = select(t.Person.super_admin, member.role).outerjoin(member, here).where(t.Person.id == row.invited_by)
    inviter = corridor.tx.execute(found).first()
    if inviter is None or not (inviter.super_admin or _may_give(corridor, inviter.role, row.role)):
        raise Conflict(
            "inviter_may_not",
            "Whoever sent this invitation may not give this role any more.",
            expected="an invitation by somebody who may",
            advice="Ask somebody who invites people there to send it again.",
        )


def _may_give(corridor: Corridor, role: str | None, given: str) -> bool:
    catalogue = corridor.entered.catalogue
    if role is None or INVITE not in roles.role(catalogue, role).permissions:
        return False
    return given in roles.assignable(catalogue, role)


def _decline(corridor: Corridor, row: Any) -> None:
    rows.refuse_over(row, corridor.now)
    rows.answered(corridor, row.id, "declined")
    apply.record(corridor, "invitation.declined", row.email, {"status": "pending"}, {"status": "declined"})
