"""API KEYS: `Authorization: Bearer cnk_…` instead of a session. Only a hash is kept; what a key opens is computed at every use.

An organization's key opens that organization while the person who holds it is an active member there; a personal key opens what
a local sign-in opens.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, exists, insert, or_, select, update

from connector.accounts import persons
from connector.accounts.secret import hashed, new_token
from connector.errors import Conflict, Invalid, NotFound
from connector.membership.opening import Authentication
from connector.provisioning import apply
from connector.provisioning.corridor import OPERATOR, Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id

PREFIX = "cnk_"
"""So that people, and scanners of public code, recognise what they have found."""

TOUCH = timedelta(minutes=1)
"""How exact "last used" is."""

_SCOPE = re.compile(r"[a-z][a-z0-9_.:-]{0,99}")
_ASKED = Origin(OPERATOR, "an operator asked for it at the command line")

State = Literal["live", "dormant", "revoked"]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that `key` is seen."""

    id: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is listed; `hint` are its last letters. A dormant one waits until its person is an active member again."""

    id: str
    hint: str
    person: str | None
    organization: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class Holder:
    """Who uses a live key, and what it counts as for `opening`; `hint` are the key's last letters, `organization_id` and
    `project_id` what it belongs to, where that is not the person."""

    key_id: str
    person_id: str
    email: str | None
    authentication: Authentication
    scopes: tuple[str, ...]
    name: str | None
    hint: str
    organization_id: str | None
    project_id: str | None
    super_admin: bool


def create(
    database: Database, email: str, now: datetime, *, organization_id: str | None = None, scopes: Collection[str] = ()
) -> NewKey:
    """Make a key for the person who has the address verified, whom the operator vouches for: a new one where nobody has it.

    Raises Invalid `email_invalid`, `scope_invalid`; with an organization Conflict `not_a_member`.
    """
    address, asked = persons.read_email(email), _scopes(scopes)
    made = NewKey(new_id(), new_token(PREFIX))
    row = {"id": made.id, "token_hash": hashed(made.key), "hint": made.key[-4:], "scopes": asked, "created_at": now}

    def write(tx: Connection, person_id: str) -> NewKey:
        home = {"person_id": person_id, "organization_id": organization_id, "last_used_at": None, "revoked_at": None}
        home |= {"project_id": None, "name": ""}
        tx.execute(insert(t.Key).values(**row, **home))
        return made

    def inside(corridor: Corridor) -> NewKey:
        person_id = _member(corridor, address)
        apply.record(corridor, "key.created", f"key:{made.id}", None, {"person": address, "scopes": asked})
        return write(corridor.tx, person_id)

    if organization_id is None:
        return database.write(lambda tx: write(tx, persons.find_or_make(tx, address, now)))
    return enter(database, organization_id, _ASKED, inside)


def _scopes(given: Collection[str]) -> list[str]:
    odd = next((each for each in given if not _SCOPE.fullmatch(each)), None)
    if odd is not None:
        raise Invalid("scope_invalid", "This is not the name of a scope.", expected="lower-case words such as members.read")
    return sorted(set(given))


def _member(corridor: Corridor, email: str) -> str:
    person_id = persons.find(corridor.tx, email)
    mine = (t.Membership.organization_id == corridor.organization_id, t.Membership.person_id == (person_id or ""))
    if person_id is None or corridor.tx.execute(select(t.Membership.id).where(*mine, ~_SUSPENDED)).first() is None:
        raise Conflict(
            "not_a_member",
            f"{email} is no active member of this organization.",
            expected="the verified address of an active member",
            advice="`connector member list ORG` shows who is.",
        )
    return person_id


_KEY = t.Key
_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_MEMBER = and_(t.Membership.organization_id == _KEY.organization_id, t.Membership.person_id == _KEY.person_id)
_ACTIVE = or_(_KEY.organization_id.is_(None), and_(t.Membership.id.is_not(None), ~_SUSPENDED)).label("active")
_KEYS = (
    select(_KEY.id, _KEY.hint, _KEY.person_id, _KEY.organization_id, _KEY.scopes, _KEY.created_at, _KEY.last_used_at)
    .add_columns(_KEY.revoked_at, _KEY.project_id, t.Address.email, t.Person.display_name, t.Person.super_admin)
    .add_columns(t.Organization.slug, _ACTIVE)
    .join(t.Person, t.Person.id == _KEY.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == _KEY.person_id, t.Address.is_primary))
    .outerjoin(t.Organization, t.Organization.id == _KEY.organization_id)
    .outerjoin(t.Membership, _MEMBER)
)
_BY_HASH = Hot(_KEYS.where(_KEY.token_hash == bindparam("hash"), _KEY.revoked_at.is_(None)))


def list_(database: Database, *, email: str | None = None, organization_id: str | None = None) -> tuple[KeyView, ...]:
    """Return the keys of a person, or of an organization, or both of both; oldest first, dead ones too. Raises Invalid
    `email_invalid`."""
    chosen = _KEYS.order_by(_KEY.id)
    if organization_id is not None:
        chosen = chosen.where(_KEY.organization_id == organization_id)
    with database.read() as tx:
        if email is not None:
            chosen = chosen.where(_KEY.person_id == (persons.find(tx, persons.read_email(email)) or ""))
        return tuple(_view(row) for row in tx.execute(chosen))


def _view(row: Any) -> KeyView:
    state: State = "revoked" if row.revoked_at else "live" if row.active else "dormant"
    used = (row.created_at, row.last_used_at)
    return KeyView(row.id, row.hint, row.email, row.slug, tuple(row.scopes), *used, state)


def revoke(database: Database, key_id: str) -> None:
    """End a key at once; a dead one stays dead. Raises NotFound `key_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(_KEY.organization_id).where(_KEY.id == key_id)).first()
    if found is None:
        raise NotFound("key_not_found", "There is no such key.", advice="`connector key list` shows the ids.")
    live = update(_KEY).where(_KEY.id == key_id, _KEY.revoked_at.is_(None))

    def inside(corridor: Corridor) -> None:
        if corridor.tx.execute(live.values(revoked_at=corridor.now)).rowcount:
            apply.record(corridor, "key.revoked", f"key:{key_id}", {"key": key_id}, None)

    if found.organization_id is None:
        database.write(lambda tx: tx.execute(live.values(revoked_at=datetime.now(UTC))))
    else:
        enter(database, found.organization_id, _ASKED, inside)


def find(database: Database, key: str, now: datetime) -> Holder | None:
    """Return who uses a key, and note that it was used; None when it is unknown, revoked or dormant."""
    if not key.startswith(PREFIX):
        return None
    with database.read() as tx:
        row = _BY_HASH.first(tx, {"hash": hashed(key)})
    if row is None or not row.active:
        return None
    if row.last_used_at is None or now - row.last_used_at >= TOUCH:
        _touch(database, row.id, now)
    who = (row.id, row.person_id, row.email, _counts_as(row.organization_id), tuple(row.scopes), row.display_name)
    return Holder(*who, row.hint, row.organization_id, row.project_id, row.super_admin)


def _counts_as(organization_id: str | None) -> Authentication:
    return Authentication("personal_key") if organization_id is None else Authentication("organization_key", organization_id)


def _touch(database: Database, key_id: str, now: datetime) -> None:
    """Never waits for somebody else's lock, and never fails the request."""
    stale = or_(_KEY.last_used_at.is_(None), _KEY.last_used_at <= now - TOUCH)
    free = select(_KEY.id).where(_KEY.id == key_id, stale).with_for_update(skip_locked=True)
    database.write_unless_busy(lambda tx: tx.execute(update(_KEY).where(_KEY.id.in_(free)).values(last_used_at=now)))
