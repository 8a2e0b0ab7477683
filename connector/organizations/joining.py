"""JOINING by an invitation: what I am invited to, accept, decline. With the link of the mail alone: `invitation_links`.

The mode, the invitation and the inviter are judged behind the organization's lock, at the moment of joining: whoever may no
longer invite lets nobody in. An invitation is for a verified address; to everybody else it does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, select

from connector.accounts import persons
from connector.errors import Conflict
from connector.membership import roles
from connector.membership.model import ROLE, Assignment, Because, Change, Give, Join, Subject
from connector.organizations import invitation_rows as rows
from connector.organizations import single_org
from connector.organizations.invitation_rows import Host
from connector.organizations.invitations import INVITE, already_member
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import Actor
from connector.provisioning.corridor import Corridor, enter
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database

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
class Joined:
    """What somebody has joined: the organization, their membership, and the role they have in it."""

    organization: Host
    member_id: str
    role: str


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
        refuse(corridor, row)

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


def refuse(corridor: Corridor, row: Any) -> None:
    """Say no to a locked invitation. Raises what `rows.refuse_over` raises."""
    rows.refuse_over(row, corridor.now)
    rows.answered(corridor, row.id, "declined")
    apply.record(corridor, "invitation.declined", row.email, {"status": "pending"}, {"status": "declined"})
