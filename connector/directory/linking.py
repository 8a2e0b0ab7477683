"""Linking by hand: a pushed user is this member; or unlinking whom an IdP knows them as. For this organization only, audited."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from connector.directory.connections import MANAGE
from connector.errors import Conflict, NotFound
from connector.membership.ledger import breaks_glass
from connector.membership.model import Because, Cause, Change, Leave, Lift, Take
from connector.membership.plan import Part
from connector.organizations import member_views
from connector.organizations.last_owner import guard_by_hand
from connector.organizations.member_views import MemberView
from connector.provisioning import apply, facts, sync
from connector.provisioning.acting import OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor
from connector.provisioning.facts import Entry
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import id_rows


def link(database: Database, organization_id: str, who: str, user_id: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Link a pushed user to a member. The membership that came with the user when it was pushed, if any, ends.

    Raises NotFound `user_not_found`, Conflict `already_linked`, `break_glass`, and what `member_views.find` and `acting.act`
    raise.
    """

    def work(corridor: Corridor, standing: Standing) -> MemberView:
        corridor.need_exclusive()
        user = _user(corridor, user_id)
        membership_id = member_views.find(corridor, who)
        [entry] = facts.members(corridor, id_rows([membership_id]))
        _refuse(corridor, entry, user)
        if user.person_id != entry.person_id:
            _leave_alone(corridor, user)
        linked = update(t.DirectoryUser).where(t.DirectoryUser.id == user_id)
        corridor.tx.execute(linked.values(person_id=entry.person_id))
        apply.record(corridor, "member.linked", entry.subject.email or entry.subject.key, None, {"user": user_id})
        sync.settle(corridor, [entry], _linkable)
        sync.users(corridor, [user_id])
        return member_views.view(corridor, membership_id)

    return act(database, organization_id, actor, MANAGE, "a pushed user was linked by hand", work, exclusive=True)


def unlink(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Forget which accounts of identity providers are this member's: the next sign-in links them anew. Their sessions end.

    For somebody whose account was made anew over there: it is another subject, which is refused while the old one is linked.
    Alone, for a sign-in under way may have found the account that is forgotten here.

    Raises Conflict `not_linked`, and what `member_views.find` and `acting.act` raise.
    """

    def work(corridor: Corridor, standing: Standing) -> MemberView:
        membership_id = member_views.find(corridor, who)
        [entry] = facts.members(corridor, id_rows([membership_id]))
        identity, held = t.ExternalIdentity, t.Authentication
        mine = (identity.organization_id == corridor.organization_id, identity.person_id == entry.person_id)
        if not corridor.tx.execute(delete(identity).where(*mine)).rowcount:
            raise Conflict("not_linked", "No account of an identity provider is linked to this member.")
        open_here = (held.organization_id == corridor.organization_id, held.person_id == entry.person_id, held.ended_at.is_(None))
        corridor.tx.execute(update(held).where(*open_here, held.connection_id.is_not(None)).values(ended_at=corridor.now))
        apply.record(corridor, "member.unlinked", entry.subject.email or entry.subject.key, None, None)
        return member_views.view(corridor, membership_id)

    return act(database, organization_id, actor, MANAGE, "an account was unlinked by hand", work, exclusive=True)


def _user(corridor: Corridor, user_id: str) -> Any:
    user = t.DirectoryUser
    found = select(user).where(user.id == user_id, user.organization_id == corridor.organization_id)
    row = corridor.tx.execute(found).one_or_none()
    if row is None:
        raise NotFound("user_not_found", f"There is no pushed user {user_id} in this organization.")
    return row


def _refuse(corridor: Corridor, entry: Entry, user: Any) -> None:
    if breaks_glass(entry.holding):
        raise Conflict("break_glass", "A break-glass owner links an account only by signing in with both.")
    other = select(t.DirectoryUser.id).where(
        t.DirectoryUser.connection_id == user.connection_id,
        t.DirectoryUser.person_id == entry.person_id,
        t.DirectoryUser.id != user.id,
    )
    if corridor.tx.execute(other).first() is not None:
        raise Conflict("already_linked", "This member is linked to another pushed user of the same connection.")


def _leave_alone(corridor: Corridor, user: Any) -> None:
    """Whom the pushed user was taken for is not them: a membership that came with the push ends, another loses what the rules
    gave it and goes on."""
    own = select(t.Membership.id).where(
        t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == (user.person_id or "")
    )
    pushed = frozenset(corridor.tx.execute(own.where(t.Membership.joined_by == "scim")).scalars())
    because = Because("was taken for another person, and is linked to an existing member now")

    def decide(entry: Entry) -> tuple[Change, ...]:
        return (Leave(because),) if entry.membership_id in pushed else _without_directory(entry, because)

    entries = facts.members(corridor, own)
    guard_by_hand(corridor, [Part(e.subject, e.holding, decide(e)) for e in entries])
    sync.settle(corridor, entries, decide)


def _without_directory(entry: Entry, because: Because) -> tuple[Change, ...]:
    rows = [Take(row, because) for row in sorted(entry.holding.rows) if row.from_rule]
    return (*rows, Lift(Cause.DIRECTORY, because)) if Cause.DIRECTORY in entry.holding.causes else tuple(rows)


def _linkable(entry: Entry) -> tuple[Change, ...]:
    if Cause.CANNOT_LINK not in entry.holding.causes:
        return ()
    return (Lift(Cause.CANNOT_LINK, Because("linked to an account at the IdP")),)
