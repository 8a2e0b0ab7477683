"""ACCOUNTS of members: as whom the identity providers of an organization know them, pushed or signed in, and when they came last.

Of this organization and nothing else: what other organizations know of the same human, and when somebody was there, is not told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from connector.directory.states import OF_DIRECTORY
from connector.organizations.member_views import find
from connector.organizations.members import MANAGES
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, look
from connector.provisioning.corridor import Glance
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sets import among


@dataclass(frozen=True, slots=True)
class PushedAccount:
    """A pushed user that a member is linked to: its SCIM id, and what the IdP says of them. `directory` is the state it is in."""

    id: str
    connection: str
    connection_name: str
    directory: str
    user_name: str
    external_id: str | None
    email: str | None
    name: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class SignInAccount:
    """An account that a member signs in with, as the IdP of a connection names it. `mutable`: by an e-mail address."""

    connection: str
    connection_name: str
    issuer: str
    subject: str
    mutable: bool
    since: datetime
    last_sign_in_at: datetime


@dataclass(frozen=True, slots=True)
class Accounts:
    """What identity providers know of a member, oldest first."""

    pushed: tuple[PushedAccount, ...]
    signs_in: tuple[SignInAccount, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a member comes from: the connections (by name) that pushed them and that they sign in through; when they last did.
    With `staged` an admin's suspension was their directory's before, which is no longer live."""

    pushed_by: str | None = None
    signs_in_by: str | None = None
    last_sign_in_at: datetime | None = None
    staged: bool = False


def show(database: Database, organization_id: str, who: str, *, actor: Actor = OPERATOR) -> Accounts:
    """The accounts of a member: for whoever manages members, and for everybody their own.

    Raises NotFound `member_not_found`, Conflict `member_ambiguous`, Forbidden `permission_missing`, and what `look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Accounts:
        if not standing.is_oneself(who):
            standing.need(MANAGES)
        person = select(t.Membership.person_id).where(t.Membership.id == find(glance, who)).scalar_subquery()
        return Accounts(_pushed(glance, person), _signs_in(glance, person))

    return look(database, organization_id, actor, MEMBER, work)


def _pushed(glance: Glance, person: Any) -> tuple[PushedAccount, ...]:
    user, connection = t.DirectoryUser, t.Connection
    columns = (user.id, user.connection_id, connection.name, connection.directory, user.user_name, user.external_id)
    found = select(*columns, user.email, user.display_name, user.active | user.overridden)
    mine = found.join(connection, connection.id == user.connection_id).where(
        user.organization_id == glance.organization_id, user.person_id == person
    )
    return tuple(PushedAccount(*row) for row in glance.tx.execute(mine.order_by(user.id)))


def _signs_in(glance: Glance, person: Any) -> tuple[SignInAccount, ...]:
    known, connection = t.ExternalIdentity, t.Connection
    columns = (known.connection_id, connection.name, known.issuer, known.subject, known.mutable)
    found = select(*columns, known.created_at, known.last_sign_in_at)
    mine = found.join(connection, connection.id == known.connection_id).where(
        known.organization_id == glance.organization_id, known.person_id == person
    )
    return tuple(SignInAccount(*row) for row in glance.tx.execute(mine.order_by(known.id)))


def traces(
    database: Database, organization_id: str, user_ids: Collection[str], *, actor: Actor = OPERATOR
) -> Mapping[str, Trace]:
    """Where these people (by person id, a page of them) come from: for whoever manages members. A constant number of statements.

    Raises Forbidden `permission_missing`, and what `acting.look` raises.
    """

    def work(glance: Glance, standing: Standing) -> Mapping[str, Trace]:
        pushed, came = _pushed_by(glance, user_ids), _came(glance, user_ids)
        through, staged = _glass(glance, user_ids), _staged(glance, user_ids)
        return {each: _trace(pushed.get(each), came.get(each), through.get(each), each in staged) for each in user_ids}

    return look(database, organization_id, actor, MANAGES, work)


def _trace(pushed_by: str | None, came: tuple[str, datetime] | None, by_glass: datetime | None, staged: bool) -> Trace:
    last = [at for at in (came[1] if came else None, by_glass) if at is not None]
    return Trace(pushed_by, came[0] if came else None, max(last, default=None), staged)


def _pushed_by(glance: Glance, ids: Collection[str]) -> dict[str, str]:
    user, connection = t.DirectoryUser, t.Connection
    found = select(user.person_id, connection.name).join(connection, connection.id == user.connection_id)
    mine = found.where(user.organization_id == glance.organization_id, among(user.person_id, ids))
    live = connection.directory.in_(("live", "paused"))
    return {str(person): name for person, name in glance.tx.execute(mine.order_by(live, user.id))}


def _came(glance: Glance, ids: Collection[str]) -> dict[str, tuple[str, datetime]]:
    known, connection = t.ExternalIdentity, t.Connection
    found = select(known.person_id, connection.name, known.last_sign_in_at).join(connection, connection.id == known.connection_id)
    mine = found.where(known.organization_id == glance.organization_id, among(known.person_id, ids))
    return {row[0]: (row[1], row[2]) for row in glance.tx.execute(mine.order_by(known.last_sign_in_at))}


def _staged(glance: Glance, ids: Collection[str]) -> set[str]:
    """Whom a directory had put out, and an admin's row keeps out since it is no longer live."""
    member, out = t.Membership, t.Suspension
    found = select(member.person_id).join(out, out.membership_id == member.id)
    mine = found.where(member.organization_id == glance.organization_id, among(member.person_id, ids), out.cause == "admin")
    return set(glance.tx.execute(mine.where(out.origin.startswith(OF_DIRECTORY, autoescape=True))).scalars())


def _glass(glance: Glance, ids: Collection[str]) -> dict[str, datetime]:
    """When break-glass owners last came in as such, as far as their sessions are still there."""
    held = t.Authentication
    mine = (held.organization_id == glance.organization_id, held.method == "break_glass", among(held.person_id, ids))
    found = select(held.person_id, func.max(held.at)).where(*mine).group_by(held.person_id)
    return {row[0]: row[1] for row in glance.tx.execute(found)}
