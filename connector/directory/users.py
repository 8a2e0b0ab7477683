"""Pushed users: create, edit, delete, read. Each write is one transaction in which members, roles and teams follow at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, delete, exists, or_, select, update

from connector.directory import access, burst, departures, log, returns
from connector.directory.model import Check, Client, GroupRef, PushedUser, StoredUser, UserEdit, unchecked
from connector.directory.pushing import Push, document_of, document_text, push
from connector.directory.reading import reader
from connector.errors import NotFound, Taken
from connector.membership.fold import fold
from connector.membership.model import Because
from connector.provisioning import people, sync
from connector.provisioning.corridor import Opening
from connector.provisioning.facts import Known
from connector.provisioning.setting import Setting
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.sets import among_these, rows_as_json, these

Verb = Literal["replace", "patch"]

COLUMNS = (
    t.DirectoryUser.id,
    t.DirectoryUser.document,
    t.DirectoryUser.version,
    t.DirectoryUser.created_at,
    t.DirectoryUser.updated_at,
)


_USER = t.DirectoryUser
_SAME_NAME = and_(
    _USER.connection_id == bindparam("connection"),
    or_(_USER.user_name_key == bindparam("key"), _USER.external_id == bindparam("external")),
)
_TWINS = Hot(select(_USER.id, _USER.user_name_key).where(_SAME_NAME, _USER.id != bindparam("self")))
_MET = Hot(
    access.AT_THE_DOOR.add_columns(
        exists().where(_SAME_NAME).label("twins"),
        exists()
        .where(
            t.Tombstone.connection_id == bindparam("connection"),
            or_(t.Tombstone.user_name_key == bindparam("key"), t.Tombstone.external_id == bindparam("external")),
        )
        .label("gone"),
        exists().where(t.Address.email_key == bindparam("email"), t.Address.verified).label("holder"),
    )
)
"""What a push reads when its lock is there, and whether anybody of this name or address has been met."""

_IN_GROUPS = select(t.DirectoryMember.user_id, t.DirectoryGroup.id, t.DirectoryGroup.display_name).join(
    t.DirectoryGroup, t.DirectoryGroup.id == t.DirectoryMember.group_id
)
_GROUPS = Hot(_IN_GROUPS.where(among_these(t.DirectoryMember.user_id)))
_ONE = and_(_USER.id == bindparam("id"), _USER.connection_id == bindparam("connection"))
GROUPS = (
    rows_as_json(t.DirectoryGroup.id, t.DirectoryGroup.display_name)
    .join(t.DirectoryMember, t.DirectoryMember.group_id == t.DirectoryGroup.id)
    .where(t.DirectoryMember.user_id == _USER.id)
    .correlate(_USER)
    .scalar_subquery()
    .label("groups")
)
"""The groups of one user beside its columns; `stored_user` reads them."""

_READ = Hot(select(*COLUMNS, GROUPS).where(_ONE))
_LOCK = Hot(select(_USER).where(_ONE).with_for_update(key_share=True))


def create_user(database: Database, client: Client, user: PushedUser, *, identity: str | None = None) -> StoredUser:
    """Keep a new user; where the directory is live, make them a member. `identity` is an id from `pushing.reserve`.

    Raises Taken `uniqueness`, and what `push` raises.
    """
    meaning = f"create user {user.user_name}"

    def work(pushed: Push) -> StoredUser:
        corridor = pushed.corridor
        met = corridor.beside
        if met.twins:
            _refuse_twins(corridor.tx, client, user, None)
        row = _row(pushed, identity or new_id(), user)
        corridor.insert(t.DirectoryUser, [row])
        corridor.count(client.connection_id, "User", 1)
        outcome = None
        if pushed.live:
            stranger = not (met.gone or met.holder)
            outcome = sync.newcomer(corridor, _known(row, None)) if stranger else _arrive(pushed, row["id"])
        log.record(corridor, client, meaning, 201, outcome)
        return StoredUser(row["id"], row["document"], row["version"], row["created_at"], row["updated_at"])

    given = {**_named(client, user), "email": fold(user.email or ""), "token": client.token_id}
    return push(database, client, meaning, work, opening=Opening(_MET, given))


def _named(client: Client, user: PushedUser) -> dict[str, Any]:
    return {"connection": client.connection_id, "key": fold(user.user_name), "external": user.external_id}


def _known(said: Mapping[str, Any], person_id: str | None) -> Known:
    """A user as this transaction has just written it."""
    names = (said["id"], said["user_name"], said["email"], said["display_name"])
    return Known(*names, person_id, said["active"], said["overridden"], said["search"])


def _row(pushed: Push, user_id: str, user: PushedUser) -> dict[str, Any]:
    now, client = pushed.corridor.now, pushed.client
    return {
        "id": user_id,
        "organization_id": client.organization_id,
        "connection_id": client.connection_id,
        "person_id": None,
        **_said(user_id, user),
        "overridden": False,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _said(user_id: str, user: PushedUser) -> dict[str, Any]:
    """The columns that come from what the IdP said."""
    return {
        "user_name": user.user_name,
        "user_name_key": fold(user.user_name),
        "external_id": user.external_id,
        "display_name": user.display_name,
        "email": user.email,
        "email_key": fold(user.email) if user.email else None,
        "active": user.active,
        "document": document_text(user_id, user.document),
        "search": user.search,
    }


def _arrive(pushed: Push, user_id: str) -> sync.Outcome:
    """Somebody new in a live directory: a rehire, another human under an old name, a known person, or a new one."""
    rejoin = returns.recognise(pushed.corridor, [user_id], pushed.corridor.entered.catalogue)
    return sync.users(pushed.corridor, [user_id], extra=rejoin)


def _refuse_twins(tx: Connection, client: Client, user: PushedUser, user_id: str | None) -> None:
    """userName is unique without case, externalId with it, within one connection (RFC 7643 section 4.1.1)."""
    named = _named(client, user)
    for other in _TWINS.all(tx, {**named, "self": user_id or ""}):
        name = "userName" if other.user_name_key == named["key"] else "externalId"
        raise Taken(
            "uniqueness",
            f"{name} is already used by user {other.id} of this connection.",
            expected=f"a {name} that no other user of this connection has",
            advice="Look the user up and update it, or delete it first.",
        )


def edit_user(
    database: Database, client: Client, user_id: str, edit: UserEdit, *, verb: Verb, check: Check = unchecked
) -> StoredUser:
    """Change a user by a pure edit of its stored document, under its lock. Nothing moves when nothing changed.

    Raises NotFound `user_not_found`, Taken `uniqueness`, what `check`, `edit` and `push` raise.
    """
    meaning = f"{verb} user {user_id}"

    def work(pushed: Push) -> StoredUser:
        before = _locked(pushed, user_id)
        check(before.version)
        after = edit(document_of(before.document), before.active)
        text = document_text(user_id, after.document)
        moved = text != before.document
        outcome = None
        if moved or (after.says_active and before.overridden):
            outcome = _edited(pushed, before, after, moved=moved)
        log.record(pushed.corridor, client, _meaning(meaning, before, after), 200, outcome, "" if moved else "nothing new")
        if pushed.live and before.active and not after.active:
            _watch(pushed, before, outcome)
        return _stored(pushed, before, text, moved=moved)

    return push(database, client, meaning, work)


def _edited(pushed: Push, before: Any, after: PushedUser, *, moved: bool) -> sync.Outcome | None:
    """Write a user that changed, and what follows from it."""
    corridor = pushed.corridor
    if (fold(after.user_name), after.external_id) != (before.user_name_key, before.external_id):
        _refuse_twins(corridor.tx, pushed.client, after, before.id)
    said = {"id": before.id, **_said(before.id, after), "overridden": before.overridden and not after.says_active}
    if moved:
        said |= {"version": before.version + 1, "updated_at": corridor.now}
    corridor.update(t.DirectoryUser, [said], keys=("id",))
    return _follow(pushed, before, after, _known(said, before.person_id)) if pushed.live else None


def _locked(pushed: Push, user_id: str) -> Any:
    row = _LOCK.first(pushed.corridor.tx, {"id": user_id, "connection": pushed.client.connection_id})
    if row is None:
        raise _not_found(user_id)
    return row


def _not_found(user_id: str) -> NotFound:
    return NotFound(
        "user_not_found", f"There is no user {user_id} in this connection.", expected="the id of a user of this connection"
    )


def _follow(pushed: Push, before: Any, after: PushedUser, now: Known) -> sync.Outcome | None:
    """Carry what changed to the person and the membership."""
    corridor, client = pushed.corridor, pushed.client
    outcome = None
    if before.person_id is None:  # pushed inactive, or into a staged directory: it is now that they arrive, if they do
        outcome = _arrive(pushed, before.id)
    elif _matters(corridor.entered, before, after):
        outcome = sync.known(corridor, [now])
    renamed = (before.email, before.display_name) != (after.email, after.display_name)
    if renamed and before.person_id is not None:
        people.follow(corridor, client.connection_id, [before.id])
    return outcome


def _watch(pushed: Push, before: Any, outcome: sync.Outcome | None) -> None:
    """Somebody was put out: whoever was suspended for it is no break-glass owner."""
    if outcome is None or not outcome.plan.parts:
        departures.warn_break_glass(pushed.corridor, before.id, before.person_id)
    burst.watch(pushed.corridor, pushed.client.connection_id)


def _matters(org: Setting, before: Any, after: PushedUser) -> bool:
    """Whether access may follow from an edit: from `active`, and from attributes where a rule asks for them."""
    told = before.active != after.active or (after.says_active and before.overridden)
    return told or (org.mapping.needs_document and before.search != after.search)


def _meaning(meaning: str, before: Any, after: PushedUser) -> str:
    """Say in the log what the request came to: deactivate and reactivate by their names."""
    told = f"{meaning} ({after.user_name})"
    if before.active != after.active:
        return f"{'reactivate' if after.active else 'deactivate'}: {told}"
    return told


def delete_user(database: Database, client: Client, user_id: str, *, check: Check = unchecked) -> None:
    """Forget a user and end the membership; a tombstone remembers what a rehire or a restore needs.

    Raises NotFound `user_not_found`, what `check` and `push` raise.
    """

    def work(pushed: Push) -> None:
        corridor = pushed.corridor
        groups = select(t.DirectoryMember.group_id).where(t.DirectoryMember.user_id == user_id)
        corridor.lock_groups(corridor.tx.execute(groups).scalars().all())
        row = _locked(pushed, user_id)
        check(row.version)
        departures.bury(corridor, row)
        because = Because(f"the IdP deleted {row.user_name}")
        outcome = sync.leave(corridor, [user_id], because) if pushed.live else None
        bump = update(t.DirectoryGroup).where(t.DirectoryGroup.id.in_(groups))
        corridor.tx.execute(bump.values(version=t.DirectoryGroup.version + 1, updated_at=corridor.now))
        corridor.tx.execute(delete(t.DirectoryUser).where(t.DirectoryUser.id == user_id))
        corridor.count(client.connection_id, "User", -1)
        if pushed.live:
            departures.warn_break_glass(corridor, row.id, row.person_id)
            burst.watch(corridor, client.connection_id)
        log.record(corridor, client, f"delete user {user_id} ({row.user_name})", 204, outcome)

    push(database, client, f"delete user {user_id}", work)


def get_user(database: Database, client: Client, user_id: str) -> StoredUser:
    """Read one user with its groups. Raises NotFound `user_not_found`, Unavailable `directory_paused`."""
    with reader(database, client) as tx:
        row = _READ.first(tx, {"id": user_id, "connection": client.connection_id})
    if row is None:
        raise _not_found(user_id)
    return stored_user(row)


def stored_user(row: Any) -> StoredUser:
    """A user of whom `COLUMNS` and `GROUPS` were read."""
    groups = _by_name([GroupRef(*group) for group in json.loads(row.groups)]) if row.groups else ()
    return StoredUser(row.id, row.document, row.version, row.created_at, row.updated_at, groups)


def _stored(pushed: Push, before: Any, text: str, *, moved: bool) -> StoredUser:
    """The user after an edit, which nobody else can have changed meanwhile."""
    version, changed = (before.version + 1, pushed.corridor.now) if moved else (before.version, before.updated_at)
    groups = groups_of(pushed.corridor.tx, [before.id]).get(before.id, ())
    return StoredUser(before.id, text, version, before.created_at, changed, groups)


def groups_of(tx: Connection, ids: list[str]) -> dict[str, tuple[GroupRef, ...]]:
    """The groups that users are in, by name, with one statement."""
    known: dict[str, GroupRef] = {}
    found: dict[str, list[GroupRef]] = {}
    for user_id, group_id, name in _GROUPS.all(tx, these(ids)):
        group = known.get(group_id) or known.setdefault(group_id, GroupRef(group_id, name))
        found.setdefault(user_id, []).append(group)
    return {user_id: _by_name(groups) for user_id, groups in found.items()}


def _by_name(groups: list[GroupRef]) -> tuple[GroupRef, ...]:
    return tuple(sorted(groups, key=_name_key)) if len(groups) > 1 else tuple(groups)


def _name_key(group: GroupRef) -> tuple[str, str]:
    return fold(group.display_name), group.id
