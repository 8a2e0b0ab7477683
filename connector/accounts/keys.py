"""API KEYS: `Authorization: Bearer cnk_…` instead of a session. Only a hash is kept; what a key opens is computed at every use.

An organization's key opens that organization while the person who holds it is an active member there; a project's key opens that
project while it lives, whatever became of who made it; a personal key opens what a local sign-in opens. Here are keys as such,
what finds them, and what an operator does with them; people make theirs in `personal_keys.py` and `organizations/keys.py`.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, or_, select, update

from connector.accounts import persons
from connector.accounts.secret import hashed, new_token
from connector.errors import Conflict, Forbidden, Invalid, NotFound
from connector.membership.opening import Authentication
from connector.membership.roles import PERMISSIONS
from connector.provisioning import apply
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.corridor import Corridor, enter
from connector.provisioning.pages import Page, page_of
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.writes import insert_rows

PREFIX = "cnk_"
"""So that people, and scanners of public code, recognise what they have found."""

TOUCH = timedelta(minutes=1)
"""How exact "last used" is."""

PERSONAL = "personal"
"""The scope of what is not inside one organization."""

SCOPES = PERMISSIONS | {PERSONAL}
"""What a key may be limited to: the permissions of roles, and what is the person's own."""

MADE = "an API key was made"
REVOKED = "an API key was revoked"

State = Literal["live", "dormant", "revoked"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that `key` is seen."""

    id: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it is listed; `hint` are its last letters, `person` who made it, `project` the slug of the one it belongs to. A
    dormant one waits until its person is an active member again."""

    id: str
    hint: str
    person: str | None
    organization: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    state: State
    name: str
    project: str | None


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


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a key: checked by `wish`."""

    name: str
    scopes: tuple[str, ...]


# ------------------------------------------------------------------------------------------------------------------ making


def wish(actor: Actor, name: str, scopes: Collection[str]) -> Wish:
    """What somebody may have: a key makes no key that may do more than itself.

    Raises Invalid `scope_unknown`, `name_invalid`; Forbidden `scope_missing`.
    """
    clean = name.strip()
    if len(clean) > 100 or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in clean):
        raise Invalid("name_invalid", "This name cannot be used.", expected="at most 100 characters on one line, in any script")
    if not SCOPES.issuperset(scopes):
        raise Invalid("scope_unknown", "There is no such scope.", expected=f"some of: {', '.join(sorted(SCOPES))}")
    if _may_more(actor, scopes):
        raise Forbidden(
            "scope_missing",
            "A key that is limited to scopes makes no key that may do more.",
            expected=f"some of: {', '.join(sorted(actor.scopes))}",
            advice="Ask for fewer scopes, or make the key in a browser.",
        )
    return Wish(clean, tuple(sorted(set(scopes))))


def _may_more(actor: Actor, scopes: Collection[str]) -> bool:
    """Whether a key of these scopes may do more than the one that somebody uses."""
    return bool(actor.scopes) and not (scopes and actor.scopes.issuperset(scopes))


def row_of(wished: Wish, person_id: str, now: datetime, **home: str | None) -> tuple[NewKey, dict[str, Any]]:
    """A new key and its row; `home` may be its `organization_id` and `project_id`."""
    made = NewKey(new_id(), new_token(PREFIX))
    row = {"id": made.id, "person_id": person_id, "token_hash": hashed(made.key), "hint": made.key[-4:], "name": wished.name}
    times = {"created_at": now, "last_used_at": None, "revoked_at": None}
    return made, {**row, "scopes": list(wished.scopes), **times, "organization_id": None, "project_id": None, **home}


def create(
    database: Database,
    email: str,
    now: datetime,
    *,
    organization_id: str | None = None,
    project: str | None = None,
    name: str = "",
    scopes: Collection[str] = (),
) -> NewKey:
    """Make a key for the person who has the address verified, whom the operator vouches for: a new one where nobody has it.

    Raises Invalid `email_invalid`, `scope_unknown`, `name_invalid`; with an organization Conflict `not_a_member`; with a project
    of it (id or slug) NotFound `project_not_found`.
    """
    address, wished = persons.read_email(email), wish(OPERATOR, name, scopes)

    def inside(corridor: Corridor) -> NewKey:
        home = {"organization_id": corridor.organization_id, "project_id": _project(corridor, project)}
        made, row = row_of(wished, _member(corridor, address), corridor.now, **home)
        record_made(corridor, row, address, project)
        return made

    if organization_id is None:
        return database.write(lambda tx: insert_personal(tx, wished, persons.find_or_make(tx, address, now), now))
    return enter(database, organization_id, OPERATOR.origin(MADE), inside)


def insert_personal(tx: Connection, wished: Wish, person_id: str, now: datetime) -> NewKey:
    """Write a key of a person's own. No organization's audit trail tells of it; the log does, without saying whose it is."""
    made, row = row_of(wished, person_id, now)
    insert_rows(tx, t.Key, [row])
    _log.info("personal key %s was made", made.id)
    return made


def end_personal(tx: Connection, key_id: str, now: datetime) -> None:
    """End a key of a person's own; a dead one stays dead."""
    live = (_KEY.id == key_id, _KEY.organization_id.is_(None), _KEY.revoked_at.is_(None))
    if tx.execute(update(_KEY).where(*live).values(revoked_at=now)).rowcount:
        _log.info("personal key %s was revoked", key_id)


def record_made(corridor: Corridor, row: dict[str, Any], person: str, project: str | None) -> None:
    """Write a key of an organization or a project, and that it was made."""
    corridor.insert(t.Key, [row])
    told = {"person": person, "name": row["name"], "scopes": row["scopes"], "project": project}
    apply.record(corridor, "key.created", f"key:{row['id']}", None, {name: said for name, said in told.items() if said})


def _project(corridor: Corridor, called: str | None) -> str | None:
    if called is None:
        return None
    project = t.Project
    named = (project.organization_id == corridor.organization_id, or_(project.id == called, project.slug == called))
    found = corridor.tx.execute(select(project.id).where(*named)).scalar_one_or_none()
    if found is None:
        raise NotFound("project_not_found", "There is no such project.", expected="the id or slug of a project")
    return found


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


# ----------------------------------------------------------------------------------------------------------------- reading


_KEY = t.Key
_SUSPENDED = exists().where(t.Suspension.membership_id == t.Membership.id)
_MEMBER = and_(t.Membership.organization_id == _KEY.organization_id, t.Membership.person_id == _KEY.person_id)
_ACTIVE = case(
    (_KEY.organization_id.is_(None), True),
    (t.Organization.deleted_at.is_not(None), False),
    (_KEY.project_id.is_not(None), True),
    else_=and_(t.Membership.id.is_not(None), ~_SUSPENDED),
).label("active")
_KEYS = (
    select(_KEY.id, _KEY.hint, _KEY.person_id, _KEY.organization_id, _KEY.scopes, _KEY.created_at, _KEY.last_used_at)
    .add_columns(_KEY.revoked_at, _KEY.project_id, _KEY.name, t.Address.email, t.Person.display_name, t.Person.super_admin)
    .add_columns(t.Organization.slug, t.Project.slug.label("project"), _ACTIVE)
    .join(t.Person, t.Person.id == _KEY.person_id)
    .outerjoin(t.Address, and_(t.Address.person_id == _KEY.person_id, t.Address.is_primary))
    .outerjoin(t.Organization, t.Organization.id == _KEY.organization_id)
    .outerjoin(t.Project, t.Project.id == _KEY.project_id)
    .outerjoin(t.Membership, _MEMBER)
)
_BY_HASH = Hot(_KEYS.where(_KEY.token_hash == bindparam("hash"), _KEY.revoked_at.is_(None)))


def page(tx: Connection, *which: ColumnElement[bool], limit: int, after: str | None) -> Page[KeyView]:
    """Keys, oldest first, dead ones too."""
    found = _KEYS.where(*which, _KEY.id > (after or "")).order_by(_KEY.id).limit(limit + 1)
    return page_of([_view(row) for row in tx.execute(found)], limit, lambda view: view.id)


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
    return KeyView(row.id, row.hint, row.email, row.slug, tuple(row.scopes), *used, state, row.name, row.project)


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
    who = (row.id, row.person_id, row.email, _counts_as(row), tuple(row.scopes), row.display_name)
    return Holder(*who, row.hint, row.organization_id, row.project_id, bool(row.super_admin))


def _counts_as(row: Any) -> Authentication:
    if row.organization_id is None:
        return Authentication("personal_key")
    return Authentication("project_key" if row.project_id else "organization_key", row.organization_id)


def _touch(database: Database, key_id: str, now: datetime) -> None:
    """Never waits for somebody else's lock, and never fails the request."""
    stale = or_(_KEY.last_used_at.is_(None), _KEY.last_used_at <= now - TOUCH)
    free = select(_KEY.id).where(_KEY.id == key_id, stale).with_for_update(skip_locked=True)
    database.write_unless_busy(lambda tx: tx.execute(update(_KEY).where(_KEY.id.in_(free)).values(last_used_at=now)))


# ---------------------------------------------------------------------------------------------------------------- revoking


def revoke(database: Database, key_id: str) -> None:
    """End a key at once, at the command line; a dead one stays dead. Raises NotFound `key_not_found`."""
    with database.read() as tx:
        found = tx.execute(select(_KEY.organization_id).where(_KEY.id == key_id)).first()
    if found is None:
        raise not_found()
    if found.organization_id is None:
        database.write(lambda tx: end_personal(tx, key_id, datetime.now(UTC)))
        return
    enter(database, found.organization_id, OPERATOR.origin(REVOKED), lambda corridor: end(corridor, key_id))


def end(corridor: Corridor, key_id: str) -> None:
    """End a key of the organization, and tell of it unless it was dead."""
    live = (_KEY.id == key_id, _KEY.organization_id == corridor.organization_id, _KEY.revoked_at.is_(None))
    if corridor.tx.execute(update(_KEY).where(*live).values(revoked_at=corridor.now)).rowcount:
        apply.record(corridor, "key.revoked", f"key:{key_id}", {"key": key_id}, None)


def need_to_end(actor: Actor, scopes: Collection[str]) -> None:
    """Whether somebody may end a key of these scopes: one that is limited to scopes ends itself, and what it could have made.

    Raises Forbidden `scope_missing`.
    """
    if _may_more(actor, scopes):
        raise Forbidden(
            "scope_missing",
            "A key that is limited to scopes ends no key that may do more.",
            expected=f"a key limited to some of: {', '.join(sorted(actor.scopes))}",
            advice="End the key in a browser, or with a key that is not limited.",
        )


def not_found() -> NotFound:
    """There is no such key, or none that is anything to whoever asks."""
    return NotFound(
        "key_not_found", "There is no such key.", advice="`connector key list`, or GET of the same list, has the ids."
    )
