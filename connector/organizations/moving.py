"""MOVING: who is invited where accounts have one organization only, and belongs elsewhere, asks to move; an admin lets them.

Leaving and joining are one transaction, behind the locks of both organizations and by the rules of both. Neither learns of the
other: the inviting one hears that somebody asked, the other that somebody left.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from connector.errors import Conflict, Unavailable
from connector.membership.ledger import breaks_glass
from connector.membership.model import Because, Change, Leave, Mode
from connector.membership.plan import Part
from connector.organizations import invitation_rows as rows
from connector.organizations import joining, single_org
from connector.organizations.invitation_rows import InvitationView
from connector.organizations.invitations import INVITE
from connector.organizations.joining import MyInvitation
from connector.organizations.last_owner import guard_by_hand
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import OPERATOR, Actor, look, stand
from connector.provisioning.corridor import Corridor, Origin, enter, lock_organization, open_new
from connector.storage import tables as t
from connector.storage.database import RETRY_AFTER, Database
from connector.storage.sets import id_rows

_ROW = t.Invitation


def request(database: Database, invitation_id: str, *, actor: Actor) -> MyInvitation:
    """Ask to move to where the actor is invited; asked twice it is asked once.

    Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`,
    `move_not_needed`.
    """

    def work(corridor: Corridor) -> MyInvitation:
        row, person_id = joining.addressed(corridor, invitation_id, actor)
        rows.refuse_over(row, corridor.now)
        if not single_org.in_the_way(corridor.tx, corridor.organization_id, person_id):
            raise Conflict(
                "move_not_needed",
                "Nothing keeps you from joining: you need not leave anything for it.",
                expected="an invitation that single_org stands in the way of",
                advice="Accept the invitation.",
            )
        if row.mover != person_id:
            rows.become(corridor, invitation_id, mover=person_id, move_asked_at=corridor.now)
            apply.record(corridor, "invitation.move_requested", row.email, None, {"move_requested": True})
        return joining.my_view(rows.first(corridor.tx, _ROW.id == invitation_id))

    return enter(database, joining.home_of(database, invitation_id), actor.origin("asked to move here"), work)


def approve(database: Database, organization_id: str, invitation_id: str, *, actor: Actor = OPERATOR) -> InvitationView:
    """Let somebody in who asked to move: they leave where they belong and join here, or nothing happens.

    Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`,
    `move_not_requested`, `already_member`, and for what keeps them where they are `last_owner`, `break_glass`,
    `managed_by_idp`; Forbidden `role_above`; Unavailable; and what `acting.act` raises.
    """
    # Who may not hears so before anything is locked that belongs to others.
    look(database, organization_id, actor, INVITE, lambda glance, standing: None)
    origin = actor.origin("let somebody move here who asked to")

    def transaction(tx: Connection) -> InvitationView:
        leaving = _places(tx, organization_id, invitation_id)
        for locked in sorted({organization_id, *leaving}):
            lock_organization(tx, locked, exclusive=True)
        with open_new(tx, organization_id, origin) as corridor:
            row = _asked(corridor, invitation_id, actor)
            _move(corridor, row, frozenset(leaving))
            return rows.view(rows.first(corridor.tx, _ROW.id == invitation_id), datetime.now(UTC))

    return database.write(transaction)


def _places(tx: Connection, organization_id: str, invitation_id: str) -> list[str]:
    """The organizations that the one who asked would leave, in order: all of them are locked before anything is decided."""
    asked = select(_ROW.mover).where(_ROW.id == invitation_id, _ROW.organization_id == organization_id)
    mover = tx.execute(asked).scalar_one_or_none()
    return single_org.in_the_way(tx, organization_id, mover) if mover else []


def _asked(corridor: Corridor, invitation_id: str, actor: Actor) -> Any:
    """The invitation, locked: open, with a move asked for, to a role that the actor may give."""
    standing = stand(corridor, corridor.entered, actor)
    standing.need(INVITE)
    row = rows.locked(corridor, invitation_id)
    rows.refuse_over(row, corridor.now)
    standing.need_assignable(row.role)
    if row.mover is None or not joining.is_for(corridor, row, row.mover):
        raise Conflict(
            "move_not_requested",
            "Nobody has asked to move by this invitation.",
            expected="an invitation with move_requested",
            advice="Who was invited asks for it where they see the invitation.",
        )
    return row


def _move(corridor: Corridor, row: Any, locked: frozenset[str]) -> None:
    corridor.lock_persons([row.mover])
    leaving = single_org.in_the_way(corridor.tx, corridor.organization_id, row.mover)
    if not locked >= set(leaving):
        raise Unavailable("busy", "The person has joined another organization at this moment.", retry_after=RETRY_AFTER)
    origin = Origin(row.email, "moved to another organization, as they had asked", None, row.mover)
    with ExitStack() as opened:
        for organization_id in leaving:
            _leave(opened.enter_context(open_new(corridor.tx, organization_id, origin)), row.mover)
    joining.enroll(corridor, row, row.mover)


_LEFT: tuple[Change, ...] = (Leave(Because("moved to another organization")),)


def _leave(there: Corridor, person_id: str) -> None:
    """End a membership by the rules of that organization, none of which is told by name."""
    member = select(t.Membership.id).where(
        t.Membership.organization_id == there.organization_id, t.Membership.person_id == person_id
    )
    entries = facts.members(there, id_rows(there.tx.execute(member).scalars().all()))
    for entry in entries:
        if there.mode is Mode.SSO:
            raise _kept("managed_by_idp", "an identity provider decides where they belong")
        if breaks_glass(entry.holding):
            raise _kept("break_glass", "they are a break-glass owner there")
        try:
            guard_by_hand(there, [Part(entry.subject, entry.holding, _LEFT)])
        except Conflict:
            raise _kept("last_owner", "nobody else active holds the top role there") from None
    sync.settle(there, entries, lambda _: _LEFT)


def _kept(code: str, why: str) -> Conflict:
    return Conflict(
        code,
        f"The person cannot leave where they are: {why}.",
        expected="somebody who may leave their organization",
        advice="They see to that where they are, and ask to move again.",
    )
