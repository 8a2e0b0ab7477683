"""INVITATIONS: invite, send again, cancel, list; end them all; and forget what nobody answered. Each verb is one transaction.

Answering one is `joining`. A person is made when an invitation is accepted, never before: whoever is only invited is nobody here.
The link is known to the mail, and to the operator who prints it; we keep its hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, select, update

from connector.accounts import invitation_mail, persons, throttle
from connector.accounts.invitation_mail import Invited, link_url
from connector.accounts.secret import hashed, new_token
from connector.errors import Conflict
from connector.membership import roles
from connector.membership.fold import fold, timestamp
from connector.membership.model import Mode
from connector.organizations import entitlements, settings
from connector.organizations import invitation_rows as rows
from connector.organizations.invitation_rows import InvitationView
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.provisioning.once import Once
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer

INVITE = "members.invite"
STATUSES = ("pending", "accepted", "declined", "cancelled", "expired", "ended")
_BATCH = 10_000  # rows marked in one transaction: on SQLite every writer waits for it
_ROW = t.Invitation


def invite(
    database: Database,
    sealer: Sealer,
    base_url: str,
    organization_id: str,
    email: str,
    *,
    role: str | None = None,
    actor: Actor = OPERATOR,
    once: Once | None = None,
    token: str | None = None,
) -> InvitationView:
    """Invite an address, with a role or the organization's default; the mail waits in the outbox. `token` is the link's, for a
    command that prints it as well.

    Raises Invalid `email_invalid`, `unknown_role`; Conflict `membership_mode`, `already_member`, `invitation_pending`; Forbidden
    `not_enabled`, `role_above`; TooMany `too_many_requests`; and what `acting.act` raises.
    """
    address, secret = persons.read_email(email), token or new_token()

    def work(corridor: Corridor, standing: Standing) -> InvitationView:
        _refuse_closed(corridor)
        given = role or corridor.entered.catalogue.default
        roles.role(corridor.entered.catalogue, given)
        standing.need_assignable(given)
        _refuse_member(corridor, address)
        _refuse_pending(corridor, address)
        row = _insert(corridor, address, given, secret)
        _mail(corridor, sealer, base_url, row, secret)
        after = {"role": given, "expires_at": timestamp(row.expires_at)}
        apply.record(corridor, "invitation.created", address, None, after)
        return rows.view(row, corridor.now)

    return act(database, organization_id, actor, INVITE, "invited somebody", work, once=once)


def _refuse_closed(corridor: Corridor) -> None:
    if corridor.mode is Mode.SSO:
        raise rows.through_idp()
    entitlements.need(corridor, "invitations")


def _refuse_member(corridor: Corridor, email: str) -> None:
    """Only by a verified address: an unverified one is nobody's."""
    holder = persons.find(corridor.tx, email)
    mine = (t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == holder)
    if holder is not None and corridor.tx.execute(select(t.Membership.id).where(*mine)).first():
        raise already_member()


def already_member() -> Conflict:
    """Who belongs here is neither invited nor let in once more, suspended or not."""
    return Conflict(
        "already_member",
        "Whoever has this address is a member of this organization already.",
        expected="the address of somebody who is no member",
        advice="The list of members shows who is; one who is suspended is let in again there.",
    )


def _refuse_pending(corridor: Corridor, email: str) -> None:
    """One that has expired makes way; of two at the same moment the unique index lets one pass, and the other finds it here."""
    mine = (_ROW.organization_id == corridor.organization_id, _ROW.email_key == persons.one_spelling(email))
    stale = update(_ROW).where(*mine, _ROW.status == "pending", _ROW.expires_at <= corridor.now)
    corridor.tx.execute(stale.values(status="expired"))
    if corridor.tx.execute(select(_ROW.id).where(*mine, _ROW.status == "pending")).first():
        raise Conflict(
            "invitation_pending",
            "This address has an invitation that is still open.",
            expected="one open invitation for an address",
            advice="Send that one again, or cancel it first.",
        )


def _insert(corridor: Corridor, email: str, role: str, token: str) -> Any:
    made, now = new_id(), corridor.now
    answer = {"status": "pending", "answered_at": None, "mover": None, "move_asked_at": None}
    row = {"id": made, "organization_id": corridor.organization_id, "role": role, "created_at": now}
    address = {"email": email, "email_key": persons.one_spelling(email)}
    corridor.insert(t.Invitation, [{**row, **address, **_good(corridor, token), **answer}])
    return rows.first(corridor.tx, _ROW.id == made)


def _good(corridor: Corridor, token: str) -> dict[str, Any]:
    """By which link it is found, until when, and who vouches for it: who sends it again does so as well."""
    days = settings.read(corridor.tx, corridor.organization_id).general.invitation_days
    until = corridor.now + timedelta(days=days)
    return {"token_hash": hashed(token), "expires_at": until, "invited_by": corridor.origin.person_id}


def _mail(corridor: Corridor, sealer: Sealer, base_url: str, row: Any, token: str) -> None:
    """The operator may send as many as they like."""
    if corridor.origin.person_id is not None:
        throttle.spend_in(corridor.tx, "invitation_per_organization", corridor.organization_id, corridor.now)
        throttle.spend_in(corridor.tx, "invitation_per_email", fold(row.email), corridor.now)
    invited = Invited(row.email, row.name, row.role, _called(row), row.expires_at)
    invitation_mail.write(corridor.tx, sealer, invited, link_url(base_url, token), corridor.now)


def _called(row: Any) -> str | None:
    """The inviter for strangers, who may know the name, the address, or neither."""
    if row.inviter_name and row.inviter_email:
        return f"{row.inviter_name} ({row.inviter_email})"
    return rows.inviter(row)


def resend(
    database: Database,
    sealer: Sealer,
    base_url: str,
    organization_id: str,
    invitation_id: str,
    *,
    actor: Actor = OPERATOR,
    token: str | None = None,
) -> InvitationView:
    """Mail a new link, good for as long as a new invitation; the old one is dead. Who does so vouches for it from now on.

    Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`; Forbidden
    `not_enabled`, `role_above`; TooMany `too_many_requests`; and what `acting.act` raises.
    """
    secret = token or new_token()

    def work(corridor: Corridor, standing: Standing) -> InvitationView:
        _refuse_closed(corridor)
        before = _open(corridor, standing, invitation_id)
        if corridor.origin.person_id is not None:
            throttle.spend_in(corridor.tx, "invitation_resend", invitation_id, corridor.now)
        rows.become(corridor, invitation_id, **_good(corridor, secret))
        row = rows.first(corridor.tx, _ROW.id == invitation_id)
        _mail(corridor, sealer, base_url, row, secret)
        was, is_ = ({"expires_at": timestamp(each.expires_at)} for each in (before, row))
        apply.record(corridor, "invitation.resent", row.email, was, is_)
        return rows.view(row, corridor.now)

    return act(database, organization_id, actor, INVITE, "sent an invitation again", work)


def cancel(database: Database, organization_id: str, invitation_id: str, *, actor: Actor = OPERATOR) -> None:
    """Take an invitation back: its link is dead.

    Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict `membership_mode`; Forbidden
    `role_above`; and what `acting.act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> None:
        row = _open(corridor, standing, invitation_id)
        rows.answered(corridor, invitation_id, "cancelled")
        apply.record(corridor, "invitation.cancelled", row.email, {"status": "pending"}, {"status": "cancelled"})

    act(database, organization_id, actor, INVITE, "cancelled an invitation", work)


def _open(corridor: Corridor, standing: Standing, invitation_id: str) -> Any:
    """An invitation that nobody has answered, locked; to a role that the actor may give."""
    row = rows.locked(corridor, invitation_id)
    rows.refuse_over(row, corridor.now)
    standing.need_assignable(row.role)
    return row


def list_(
    database: Database,
    organization_id: str,
    *,
    limit: int,
    after: str | None = None,
    status: str | None = None,
    actor: Actor = OPERATOR,
) -> Page[InvitationView]:
    """The invitations, oldest first; with `status` (one of STATUSES) only those. Raises what `acting.look` raises."""

    def work(glance: Glance, _: Standing) -> Page[InvitationView]:
        now = datetime.now(UTC)
        mine = [_ROW.organization_id == organization_id, _ROW.id > (after or "")]
        mine += [rows.has_status(status, now)] if status else []
        found = glance.tx.execute(rows.ROWS.where(*mine).order_by(_ROW.id).limit(limit + 1))
        return page_of([rows.view(row, now) for row in found], limit, lambda each: each.id)

    return look(database, organization_id, actor, INVITE, work)


def end_pending(corridor: Corridor, because: Sequence[str]) -> int:
    """End all that are pending, since people come through the identity provider from now on; returns how many.

    Each invitee is told by an event, which becomes a mail when it is numbered: where to sign in instead.
    """
    status = case((_ROW.expires_at <= corridor.now, "expired"), else_="ended")
    pending = update(_ROW).where(_ROW.organization_id == corridor.organization_id, _ROW.status == "pending")
    ended = pending.values(status=status, answered_at=corridor.now).returning(_ROW.email, _ROW.status)
    told = sorted(row.email for row in corridor.tx.execute(ended) if row.status == "ended")
    changes = [(email, {"status": "pending"}, {"status": "ended"}) for email in told]
    apply.record_all(corridor, "invitation.ended", changes, because)
    return len(told)


def sweep(database: Database, now: datetime) -> None:
    """Mark what has expired. Nobody waits for this: an invitation is over at its moment."""
    stale = (_ROW.status == "pending", _ROW.expires_at <= now)
    some = select(_ROW.id).where(*stale).limit(_BATCH)
    # The conditions once more: one that was sent again since it was chosen stays.
    expired = update(_ROW).where(_ROW.id.in_(some), *stale).values(status="expired")
    while database.write(lambda tx: tx.execute(expired).rowcount) == _BATCH:
        pass
