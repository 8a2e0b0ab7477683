"""SESSIONS of a member, as far as they are the organization's: browsers that came in through its identity providers or by
break-glass. Local sign-ins belong to the person, and nobody here sees or ends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from connector.accounts import sessions
from connector.accounts.sessions import Held, Session
from connector.membership.opening import Method
from connector.organizations.member_views import MemberView, find, view
from connector.organizations.members import MANAGES
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, look
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database


@dataclass(frozen=True, slots=True)
class MemberSession:
    """A browser in which a member is signed in to this organization: since when, by what (`connection` is the name of one), until
    when at most. When it was last seen is not told: it may have been elsewhere."""

    agent: str
    method: Method
    connection: str | None
    since: datetime
    ends_at: datetime


def list_(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> tuple[MemberSession, ...]:
    """The live sessions of a member in this organization, newest first: for whoever manages members, and for everybody their own.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`, Forbidden `permission_missing`, and what `look` raises.
    """

    def work(glance: Glance, standing: Standing) -> str:
        if not standing.is_oneself(who):
            standing.need(MANAGES)
        return _person(glance, find(glance, who))

    person_id = look(database, organization_id, actor, MEMBER, work)
    found = sessions.list_(database, person_id, datetime.now(UTC))
    mine = [_view(each, held) for each in found for held in each.held if _is_here(held, organization_id)]
    return tuple(sorted(mine, key=lambda each: each.since, reverse=True))


def end(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> MemberView:
    """Sign a member out of this organization, in every browser. They may sign in again; what belongs to others stays.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`, Forbidden `role_above`, and what `acting.act` raises.
    """

    def work(corridor: Corridor, standing: Standing) -> MemberView:
        member = view(corridor, find(corridor, who))
        if not standing.is_oneself(member.id):
            standing.need_assignable(member.role or "")
        held = t.Authentication
        here = (held.organization_id == corridor.organization_id, held.person_id == member.user_id, held.ended_at.is_(None))
        ended = corridor.tx.execute(update(held).where(*here).values(ended_at=corridor.now)).rowcount
        apply.record(corridor, "member.signed_out", member.email or str(member.user_id), None, {"sessions": ended})
        return member

    return act(database, organization_id, actor, MANAGES, "a member was signed out by hand", work)


def _person(reader: Glance, membership_id: str) -> str:
    found: Any = select(t.Membership.person_id).where(t.Membership.id == membership_id)
    return str(reader.tx.execute(found).scalar_one())


def _is_here(held: Held, organization_id: str) -> bool:
    return held.authentication.organization_id == organization_id


def _view(session: Session, held: Held) -> MemberSession:
    return MemberSession(session.agent, held.authentication.method, held.connection_name, held.at, held.expires_at)
