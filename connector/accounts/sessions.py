"""SESSIONS: browsers that somebody signed in with, and the authentications in each, all of one person.

A session lives while an authentication in it does, which is computed whenever it is read: nothing has to be told that a member
was suspended or an organization went back to invitations. What is dead is swept later. The cookie carries 256 random bits, of
which only a hash is kept; every sign-in makes new ones.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select, update

from connector.accounts.secret import hashed, new_token
from connector.accounts.session_model import LIMITS, not_idle
from connector.accounts.session_model import Held as Held
from connector.accounts.session_model import Proof as Proof
from connector.accounts.session_model import Session as Session
from connector.accounts.session_model import Visitor as Visitor
from connector.errors import NotFound
from connector.membership.domain_names import domain_of
from connector.membership.opening import SSO, Authentication
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.sets import among, rows_as_json
from connector.storage.writes import insert_rows

TOUCH = timedelta(minutes=1)
"""How exact "last seen" is: at most one write in this time, however many requests come."""

AGENT_KEPT = 300
_log = logging.getLogger(__name__)
_CHUNK = 10_000  # rows deleted in one transaction: on SQLite every writer waits for it


@dataclass(frozen=True, slots=True)
class Opened:
    """A session about to be written: its token, and the rows of session and authentication."""

    token: str = field(repr=False)
    session: dict[str, Any]
    authentication: dict[str, Any]


def opened(person_id: str, proof: Proof, visitor: Visitor, now: datetime, *, kept_until: Sequence[datetime] = ()) -> Opened:
    """A new session with one authentication; others that come along end at `kept_until`."""
    made, expires, token = new_id(), _end_of(proof, now), new_token()
    row = {"id": made, "person_id": person_id, "token_hash": hashed(token), **_seen(visitor), "created_at": now}
    held = {**_row(proof), "session_id": made, "person_id": person_id, "at": now, "expires_at": expires}
    return Opened(token, {**row, "last_seen_at": now, "expires_at": max([expires, *kept_until])}, held)


def open(tx: Connection, person_id: str, proof: Proof, visitor: Visitor, now: datetime) -> str:  # noqa: A001 - sessions.open
    """Sign the visitor in as this person, inside the caller's transaction; returns the new session's token, seen this once.

    The visitor's old session ends. If it was the same person's, what lives in it comes along, but for an earlier authentication
    of the same kind, whose place the new one takes.
    """
    old = _lock(tx, visitor.session_token)
    kept = _kept(tx, old, proof, now) if old is not None and old.person_id == person_id else []
    new = opened(person_id, proof, visitor, now, kept_until=[each.expires_at for each in kept])
    insert_rows(tx, t.Session, [new.session])
    if kept:
        mine = among(t.Authentication.id, [each.id for each in kept])
        tx.execute(update(t.Authentication).where(mine).values(session_id=new.session["id"]))
    if old is not None:
        tx.execute(delete(t.Session).where(t.Session.id == old.id))
    insert_rows(tx, t.Authentication, [new.authentication])
    if proof.organization_id is None:  # of the others an organization's audit trail tells
        _log.info("signed in by %s, session %s", proof.method, new.session["id"])
    return new.token


def _end_of(proof: Proof, now: datetime) -> datetime:
    longest = now + LIMITS[proof.method][1]
    return min(longest, proof.ends_at) if proof.ends_at else longest


def _lock(tx: Connection, token: str | None) -> Any:
    """The session that the browser comes with, locked: its authentications are moved by one sign-in only."""
    if token is None:
        return None
    session = t.Session
    mine = select(session.id, session.person_id, session.last_seen_at).where(session.token_hash == hashed(token))
    return tx.execute(mine.with_for_update()).first()


def _kept(tx: Connection, old: Any, proof: Proof, now: datetime) -> list[Any]:
    """The authentications of the old session that come along."""
    held = t.Authentication
    same = and_(
        held.method == proof.method,
        held.organization_id.is_not_distinct_from(proof.organization_id),
        held.connection_id.is_not_distinct_from(proof.connection_id),
    )
    alive = (held.ended_at.is_(None), held.expires_at > now, held.method.in_(not_idle(old.last_seen_at, now)))
    return list(tx.execute(select(held.id, held.expires_at).where(held.session_id == old.id, ~same, *alive)))


def _seen(visitor: Visitor) -> dict[str, str]:
    agent = "".join(letter for letter in visitor.agent if letter.isprintable())
    return {"address": visitor.address, "agent": agent[:AGENT_KEPT]}


def _row(proof: Proof) -> dict[str, Any]:
    home = {
        "id": new_id(),
        "method": proof.method,
        "organization_id": proof.organization_id,
        "connection_id": proof.connection_id,
    }
    handles = {name: None if said is None else hashed(said) for name, said in _handles(proof.handle, proof.handle_index)}
    return {**home, **handles, "logout": proof.logout, "ended_at": None}


def _handles(handle: str | None, index: str | None) -> tuple[tuple[str, str | None], ...]:
    return ("handle", handle), ("handle_index", index)


# ---------------------------------------------------------------------------------------------------------------- reading

_AS, _BY, _IDP, _ORG = t.Session, t.Authentication, t.Connection, t.Organization
_PRIMARY = and_(t.Address.person_id == _AS.person_id, t.Address.is_primary)
_MEMBER = and_(t.Membership.organization_id == _BY.organization_id, t.Membership.person_id == _AS.person_id)
_ROLE = and_(t.Role.organization_id == t.Membership.organization_id, t.Role.name == t.Membership.role)
_DOMAINS = rows_as_json(t.Domain.name).where(t.Domain.organization_id == _BY.organization_id, t.Domain.verified_at.is_not(None))
_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)

_SESSIONS = (
    select(
        _AS.id,
        _AS.person_id,
        _AS.address,
        _AS.agent,
        _AS.created_at,
        _AS.last_seen_at,
        _AS.workspace,
        t.Person.display_name,
        t.Person.username,
        t.Person.super_admin,
        t.Address.email,
        t.Address.email_key,
        t.Address.verified,
        _BY.id.label("held_id"),
        _BY.method,
        _BY.organization_id,
        _BY.connection_id,
        _BY.logout,
        _BY.at,
        _BY.expires_at,
        _IDP.state,
        _IDP.name.label("connection_name"),
        _ORG.membership_mode,
        _ORG.name.label("organization_name"),
        t.Membership.id.label("membership_id"),
        t.Role.top,
        _SUSPENDED.label("suspended"),
        _DOMAINS.scalar_subquery().label("domains"),
    )
    .join(t.Person, t.Person.id == _AS.person_id)
    .join(_BY, _BY.session_id == _AS.id)
    .outerjoin(t.Address, _PRIMARY)
    .outerjoin(_ORG, _ORG.id == _BY.organization_id)
    .outerjoin(_IDP, _IDP.id == _BY.connection_id)
    .outerjoin(t.Membership, _MEMBER)
    .outerjoin(t.Role, _ROLE)
    .where(_BY.ended_at.is_(None), _BY.expires_at > bindparam("now", type_=_BY.expires_at.type))
    .order_by(_AS.id, _BY.id)
)
_BY_TOKEN = Hot(_SESSIONS.where(_AS.token_hash == bindparam("hash")))
_BY_PERSON = Hot(_SESSIONS.where(_AS.person_id == bindparam("person")))


def find(database: Database, token: str | None, now: datetime) -> Session | None:
    """Return the live session of a cookie, and note that it was seen; None when there is none, or it is dead."""
    if not token:
        return None
    with database.read() as tx:
        rows = _BY_TOKEN.all(tx, {"hash": hashed(token), "now": now})
    found = _session(rows, now) if rows else None
    if found is not None and now - found.last_seen_at >= TOUCH:
        _touch(database, found.id, now)
    return found


def list_(database: Database, person_id: str, now: datetime) -> tuple[Session, ...]:
    """Return the live sessions of a person, oldest first."""
    with database.read() as tx:
        rows = _BY_PERSON.all(tx, {"person": person_id, "now": now})
    sessions = (_session(list(mine), now) for _, mine in groupby(rows, key=lambda row: row.id))
    return tuple(session for session in sessions if session is not None)


def _session(rows: list[Any], now: datetime) -> Session | None:
    """The session of these rows, one for each authentication; None without a live one."""
    alive = [row for row in rows if _lives(row, now)]
    if not alive:
        return None
    first = alive[0]
    held = tuple(_held(row) for row in alive)
    who = (first.id, first.person_id, first.display_name, first.email)
    seen = (first.address, first.agent, first.created_at, first.last_seen_at)
    now_at = (first.username, first.super_admin, first.workspace)
    return Session(*who, held, _domain_owner(alive), *seen, *now_at)


def _lives(row: Any, now: datetime) -> bool:
    """Whether an authentication that has neither ended nor expired counts. An organization's counts for its active members only,
    one through its IdP while the connection is active, break-glass while the person holds the top role."""
    if row.method not in not_idle(row.last_seen_at, now):
        return False
    if row.organization_id is None:
        return True
    if row.membership_id is None or row.suspended:
        return False
    if row.method in SSO:
        return bool(row.state == "active" and row.membership_mode == "sso")
    return bool(row.top)


def _held(row: Any) -> Held:
    authentication = Authentication(row.method, row.organization_id, row.connection_id, row.state == "active")
    return Held(row.held_id, authentication, row.organization_name, row.connection_name, row.at, row.expires_at, row.logout)


def _domain_owner(rows: Iterable[Any]) -> str | None:
    for row in rows:
        domains = [name for (name,) in json.loads(row.domains or "[]")]
        if row.verified and domain_of(row.email_key) in domains:
            return str(row.organization_id)
    return None


def _touch(database: Database, session_id: str, now: datetime) -> None:
    """Note that the session was seen, and end what had been idle for too long: being seen later must not bring it back. Never
    waits for somebody else's lock, and never fails the request."""
    session, held = t.Session, t.Authentication

    def work(tx: Connection) -> None:
        mine = select(session.last_seen_at).where(session.id == session_id, session.last_seen_at <= now - TOUCH)
        last_seen_at = tx.execute(mine.with_for_update(skip_locked=True)).scalar_one_or_none()
        if last_seen_at is None:
            return
        idle = (held.session_id == session_id, held.ended_at.is_(None), held.method.not_in(not_idle(last_seen_at, now)))
        tx.execute(update(held).where(*idle).values(ended_at=now))
        tx.execute(update(session).where(session.id == session_id).values(last_seen_at=now))

    database.write_unless_busy(work)


def work_in(database: Database, session: Session, organization_id: str | None) -> None:
    """Note where the person of a session works from now on; None is their own workspace."""
    mine = update(t.Session).where(t.Session.id == session.id)
    database.write(lambda tx: tx.execute(mine.values(workspace=organization_id)))


# ----------------------------------------------------------------------------------------------------------------- ending


def end(database: Database, session: Session) -> None:
    """End a session: nothing with its token is answered any more. One that has ended already stays so."""
    database.write(lambda tx: tx.execute(delete(t.Session).where(t.Session.id == session.id)))


def end_one(database: Database, person_id: str, session_id: str) -> None:
    """End a session of this person, seen in the list. Raises NotFound `session_not_found`."""
    mine = delete(t.Session).where(t.Session.id == session_id, t.Session.person_id == person_id)
    if not database.write(lambda tx: tx.execute(mine).rowcount):
        advice = "Load the list again: it may have ended meanwhile."
        raise NotFound("session_not_found", "There is no such session of yours.", advice=advice)


def end_all(database: Database, person_id: str, *, keep: str | None = None) -> int:
    """End all sessions of a person, but the one whose id is `keep`; returns how many."""
    mine = delete(t.Session).where(t.Session.person_id == person_id, t.Session.id != (keep or ""))
    return database.write(lambda tx: tx.execute(mine).rowcount)


def end_by_handle(tx: Connection, connection_id: str, handle: str | None, index: str | None, now: datetime) -> int:
    """End what was signed in through this connection as `handle` (SAML NameID, OIDC `sub`), or only `index` of it (SessionIndex,
    `sid`): SAML 2.0 Core section 3.7.3, OpenID Connect Back-Channel Logout section 2.7. Returns how many authentications ended.

    What came through other connections stays. Without both nobody is meant. Inside the transaction that spends the message: a
    logout that was spent and not done could not be sent again.
    """
    held = t.Authentication
    columns = held.__table__.c
    said = [columns[name] == hashed(value) for name, value in _handles(handle, index) if value is not None]
    if not said:
        return 0
    mine = update(held).where(held.connection_id == connection_id, held.ended_at.is_(None), *said)
    return tx.execute(mine.values(ended_at=now)).rowcount


def end_of_connection(tx: Connection, connection_id: str, now: datetime) -> None:
    """End what was signed in through a connection, for good: activating it again brings nothing back."""
    held = t.Authentication
    tx.execute(update(held).where(held.connection_id == connection_id, held.ended_at.is_(None)).values(ended_at=now))


def end_break_glass(tx: Connection, organization_id: str, person_id: str, now: datetime) -> None:
    """End the break-glass authentications of a person for one organization."""
    held = t.Authentication
    mine = (held.person_id == person_id, held.organization_id == organization_id, held.method == "break_glass")
    tx.execute(update(held).where(*mine, held.ended_at.is_(None)).values(ended_at=now))


def sweep(database: Database, now: datetime) -> None:
    """Delete sessions that are past their end, idle for longer than anything lasts, or without a live authentication."""
    session, held = t.Session, t.Authentication
    longest = max(idle for idle, _ in LIMITS.values())
    alive = exists().where(held.session_id == session.id, held.ended_at.is_(None), held.expires_at > now)
    dead = or_(session.expires_at <= now, session.last_seen_at <= now - longest, ~alive)
    while _delete_some(database, dead) == _CHUNK:
        pass


def _delete_some(database: Database, dead: ColumnElement[bool]) -> int:
    some = select(t.Session.id).where(dead).limit(_CHUNK)
    return database.write(lambda tx: tx.execute(delete(t.Session).where(t.Session.id.in_(some))).rowcount)
