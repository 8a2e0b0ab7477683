"""THE LINK of an invitation: what it offers, and joining or declining by it, with an account or without.

Whoever has the link has the mailbox it was sent to. It makes an account where there is none; one that is there is opened by its
own means only. Looking changes nothing: mail scanners look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select

from connector.accounts import persons, sessions
from connector.accounts.secret import hashed
from connector.accounts.sessions import Proof, Visitor
from connector.errors import Forbidden, Unauthenticated
from connector.organizations import invitation_rows as rows
from connector.organizations import joining
from connector.organizations.invitation_rows import Host
from connector.organizations.joining import Joined
from connector.provisioning.acting import Actor
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database

Result = TypeVar("Result")

_ROW = t.Invitation


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
class Entered:
    """What came of a link: what was joined, and for a new person the token of their session, seen this once."""

    joined: Joined
    session_token: str | None = field(repr=False)


def look(database: Database, token: str) -> Offer:
    """What a link offers. Raises NotFound `invitation_not_found`; Gone `invitation_over`, `invitation_expired`; Conflict
    `membership_mode`."""
    with database.read() as tx:
        row = rows.first(tx, _by(token))
        rows.refuse_over(row, datetime.now(UTC))
        known = persons.find(tx, row.email) is not None
    who = (rows.host(row), row.email, row.role, rows.inviter(row))
    return Offer(*who, row.expires_at, row.mover is not None, known)


def accept(database: Database, token: str, visitor: Visitor, *, actor: Actor | None, sign_in_at: str) -> Entered:
    """Join by a link. Whoever has no account gets one with the address, which the mail has shown to be theirs, and is signed in;
    who has one is asked to be signed in (`actor`), at the address `sign_in_at`. All of it in one transaction.

    Raises Unauthenticated `sign_in_first`, Forbidden `other_address`, and what `joining.accept` raises.
    """

    def work(corridor: Corridor) -> Entered:
        row = _linked(corridor, token)
        holder = persons.find(corridor.tx, row.email)
        if actor is not None:
            return Entered(joining.join(corridor, row, _same(actor, holder)), None)
        if holder is not None:
            raise _sign_in_first(sign_in_at)
        made = persons.make(corridor.tx, row.email, corridor.now)
        joined = joining.join(corridor, row, made)
        return Entered(joined, sessions.open(corridor.tx, made, Proof("email_link"), visitor, corridor.now))

    return _enter_by(database, token, visitor, actor, "accepted the invitation by its link", work)


def decline(database: Database, token: str, visitor: Visitor, *, actor: Actor | None) -> None:
    """Say no by a link, with or without an account. Raises Forbidden `other_address` for somebody else, and what
    `joining.decline` raises."""

    def work(corridor: Corridor) -> None:
        row = _linked(corridor, token)
        if actor is not None:
            _same(actor, persons.find(corridor.tx, row.email))
        joining.refuse(corridor, row)

    _enter_by(database, token, visitor, actor, "declined the invitation by its link", work)


def invitation_of(database: Database, token: str, *, actor: Actor) -> str:
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
