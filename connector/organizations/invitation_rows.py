"""INVITATIONS as rows: how one is found, locked and shown, and when it is over. The verbs: `invitations`, `joining`, `moving`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, update

from connector.errors import Conflict, ConnectorError, Gone, NotFound
from connector.membership.model import Mode
from connector.provisioning.corridor import Corridor
from connector.storage import tables as t


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation as the inviting organization sees it. `status` is `pending`, `accepted`, `declined`, `cancelled`, `expired`,
    or `ended` by going over to SSO; `invited_by` what the inviter is called, None for the operator."""

    id: str
    email: str
    role: str
    status: str
    invited_by: str | None
    created_at: datetime
    expires_at: datetime
    move_requested: bool


@dataclass(frozen=True, slots=True)
class Host:
    """The organization that invites, as strangers may see it."""

    id: str
    slug: str
    display_name: str
    avatar_url: str | None


_ROW = t.Invitation

ROWS: Any = (
    select(
        _ROW.id,
        _ROW.organization_id,
        _ROW.email,
        _ROW.email_key,
        _ROW.role,
        _ROW.status,
        _ROW.invited_by,
        _ROW.created_at,
        _ROW.expires_at,
        _ROW.token_hash,
        _ROW.mover,
        t.Person.display_name.label("inviter_name"),
        t.Address.email.label("inviter_email"),
        t.Organization.slug,
        t.Organization.name,
        t.Organization.avatar_url,
        t.Organization.membership_mode,
    )
    .join(t.Organization, t.Organization.id == _ROW.organization_id)
    .outerjoin(t.Person, t.Person.id == _ROW.invited_by)
    .outerjoin(t.Address, and_(t.Address.person_id == _ROW.invited_by, t.Address.is_primary))
    .where(t.Organization.deleted_at.is_(None))
)
"""Invitations of organizations that were not deleted, with what is told of inviter and organization."""


def locked(corridor: Corridor, invitation_id: str) -> Any:
    """The row of an invitation of this organization, locked, as it is now. Raises NotFound `invitation_not_found`."""
    mine = ROWS.where(_ROW.id == invitation_id, _ROW.organization_id == corridor.organization_id)
    row = corridor.tx.execute(mine.with_for_update(key_share=True, of=_ROW)).first()
    if row is None:
        raise unknown()
    return row


def first(tx: Connection, *which: ColumnElement[bool]) -> Any:
    """The row of an invitation. Raises NotFound `invitation_not_found`."""
    row = tx.execute(ROWS.where(*which)).first()
    if row is None:
        raise unknown()
    return row


def become(corridor: Corridor, invitation_id: str, **values: object) -> None:
    """Write what becomes of an invitation that is locked."""
    corridor.tx.execute(update(_ROW).where(_ROW.id == invitation_id).values(**values))


def answered(corridor: Corridor, invitation_id: str, status: str) -> None:
    """Write that it is over."""
    become(corridor, invitation_id, status=status, answered_at=corridor.now)


def view(row: Any, now: datetime) -> InvitationView:
    """A row as the inviting organization sees it."""
    moves = row.mover is not None
    return InvitationView(row.id, row.email, row.role, status_at(row, now), inviter(row), row.created_at, row.expires_at, moves)


def host(row: Any) -> Host:
    """The organization of a row."""
    return Host(row.organization_id, row.slug, row.name, row.avatar_url)


def inviter(row: Any) -> str | None:
    """What the inviter is called: by address, else by name; None for the operator."""
    called: str | None = row.inviter_email or row.inviter_name
    return called


def status_at(row: Any, now: datetime) -> str:
    """The status at a moment: who looks at it need not wait for the sweeper."""
    expired = row.status == "pending" and row.expires_at <= now
    return "expired" if expired else str(row.status)


def has_status(status: str, now: datetime) -> ColumnElement[bool]:
    """The condition that `status_at` says `status`."""
    if status == "pending":
        return and_(_ROW.status == "pending", _ROW.expires_at > now)
    if status == "expired":
        return (_ROW.status == "expired") | and_(_ROW.status == "pending", _ROW.expires_at <= now)
    return _ROW.status == status


def refuse_over(row: Any, now: datetime) -> None:
    """Raises what stands in the way of answering an invitation, cancelling it or sending it again: Gone `invitation_over`,
    `invitation_expired`, Conflict `membership_mode`."""
    refusal = _refusal(row, now)
    if refusal is not None:
        raise refusal


def _refusal(row: Any, now: datetime) -> ConnectorError | None:
    status = status_at(row, now)
    if status in ("accepted", "declined", "cancelled"):
        return Gone(
            "invitation_over",
            f"This invitation was {status}.",
            expected="an invitation that nobody has answered yet",
            advice="Ask for a new one if you need it.",
        )
    if row.membership_mode == Mode.SSO:
        return through_idp()
    if status == "ended":
        return Gone(
            "invitation_over",
            "This invitation ended when the organization went over to its identity provider.",
            expected="an invitation from after it came back from there",
            advice="Ask for a new one.",
        )
    if status == "expired":
        return Gone(
            "invitation_expired",
            "This invitation has expired.",
            expected="an answer before the day it says",
            advice="Ask for a new one: inviting the same address again is enough.",
        )
    return None


def through_idp() -> Conflict:
    """Why nobody is invited, or let in by an invitation, while the organization is in `sso`."""
    return Conflict(
        "membership_mode",
        "Members of this organization come through its identity provider, and not by invitation.",
        expected="an organization in invitation mode",
        advice="Sign in at /login with your work address; an admin adds people at the identity provider.",
    )


def unknown() -> NotFound:
    """Nothing by that id or token, or nothing of yours."""
    return NotFound(
        "invitation_not_found",
        "There is no such invitation.",
        expected="an invitation to one of your verified addresses, or the newest link whole as it was mailed",
        advice="If it was sent again, only the newest mail has a link that works.",
    )
