"""Pushed groups: create, edit, delete, read. Member operations are set-based: one member in or out of a group of 100,000 costs
what it costs in a group of ten, and the access of exactly those who came or went is decided anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select, update

from connector.directory import log
from connector.directory.members import Moved, members_of, plan_members, resolve, write_members
from connector.directory.model import (
    AddMembers,
    Check,
    Client,
    GroupPatch,
    MemberChange,
    PushedGroup,
    ReplaceMembers,
    StoredGroup,
    unchecked,
)
from connector.directory.pushing import Push, document_of, document_text, push
from connector.directory.reading import reader
from connector.directory.users import Verb
from connector.errors import NotFound, Taken
from connector.membership.fold import fold
from connector.provisioning import sync
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sets import insert_rows

COLUMNS = (
    t.DirectoryGroup.id,
    t.DirectoryGroup.document,
    t.DirectoryGroup.version,
    t.DirectoryGroup.created_at,
    t.DirectoryGroup.updated_at,
)


def create_group(
    database: Database, client: Client, group: PushedGroup, members: tuple[str, ...], *, identity: str | None = None
) -> StoredGroup:
    """Keep a new group with its members. `identity` is an id from `pushing.reserve`.

    Raises Taken `uniqueness`, Invalid `member_unknown`, and what `push` raises.
    """

    def work(pushed: Push) -> StoredGroup:
        corridor = pushed.corridor
        _refuse_twins(corridor.tx, client, group, None)
        row = _row(pushed, identity or new_id(), group)
        insert_rows(corridor.tx, t.DirectoryGroup, [row])
        known, skipped = resolve(pushed, members)
        delta = plan_members(pushed, row["id"], (AddMembers(known),))
        corridor.lock_users(delta.touched, client.connection_id)
        came = write_members(pushed, row["id"], delta).came
        outcome = sync.users(corridor, came) if pushed.live and came else None
        meaning = f"create group {group.display_name} with {len(came)} members"
        log.record(corridor, client, meaning, 201, outcome, skipped)
        return _stored(corridor.tx, row["id"], with_members=True)

    return push(database, client, f"create group {group.display_name}", work)


def _row(pushed: Push, group_id: str, group: PushedGroup) -> dict[str, Any]:
    now, client = pushed.corridor.now, pushed.client
    row = {"id": group_id, "organization_id": client.organization_id, "connection_id": client.connection_id}
    return {**row, **_said(group_id, group), "version": 1, "created_at": now, "updated_at": now}


def _said(group_id: str, group: PushedGroup) -> dict[str, Any]:
    return {
        "display_name": group.display_name,
        "display_name_key": fold(group.display_name),
        "external_id": group.external_id,
        "document": document_text(group_id, group.document),
        "search": group.search,
    }


def _refuse_twins(tx: Connection, client: Client, group: PushedGroup, group_id: str | None) -> None:
    """displayName is unique without case, externalId with it, within one connection."""
    twin = t.DirectoryGroup
    same = [("displayName", twin.display_name_key == fold(group.display_name))]
    if group.external_id is not None:
        same.append(("externalId", twin.external_id == group.external_id))
    for name, condition in same:
        found = select(twin.id).where(twin.connection_id == client.connection_id, condition, twin.id != (group_id or ""))
        other = tx.execute(found).scalar_one_or_none()
        if other is not None:
            raise Taken(
                "uniqueness",
                f"{name} is already used by group {other} of this connection.",
                expected=f"a {name} that no other group of this connection has",
                advice="Rename one of the two groups in the IdP, or link the pushed group to the existing one.",
            )


def edit_group(
    database: Database,
    client: Client,
    group_id: str,
    patch: GroupPatch,
    *,
    verb: Verb,
    with_members: bool,
    answered: int,
    check: Check = unchecked,
) -> StoredGroup:
    """Change a group's attributes and members in one transaction. Nothing moves when nothing changed.

    `answered` is the HTTP status of success, for the provisioning log.

    Raises NotFound `group_not_found`, Taken `uniqueness`, Invalid `member_unknown`, what `check`, `patch.edit` and `push`
    raise.
    """

    def work(pushed: Push) -> StoredGroup:
        corridor = pushed.corridor
        before = _locked(pushed, group_id)
        check(before.version)
        after = patch.edit(document_of(before.document)) if patch.edit else None
        known, skipped = _resolved(pushed, patch)
        delta = plan_members(pushed, group_id, known)
        corridor.lock_users(delta.touched, client.connection_id)
        moved = write_members(pushed, group_id, delta)
        edited = after if after and document_text(group_id, after.document) != before.document else None
        if edited:
            _refuse_twins(corridor.tx, client, edited, group_id)
        if edited or moved.all:
            _update(pushed, before, edited)
        outcome = _follow(pushed, group_id, moved.all, renamed=edited is not None and _renamed(before, edited))
        log.record(corridor, client, _meaning(verb, before, after, moved), answered, outcome, skipped)
        return _stored(corridor.tx, group_id, with_members=with_members)

    return push(database, client, f"{verb} group {group_id}", work)


def _renamed(before: Any, after: PushedGroup) -> bool:
    return (after.display_name, after.external_id) != (before.display_name, before.external_id)


def _resolved(pushed: Push, patch: GroupPatch) -> tuple[tuple[MemberChange, ...], str]:
    """The member operations with ids that are people of this connection; which ids were passed over, as a note for the log."""
    # Only ids that are to be in the group must be known; taking out somebody who is not there is harmless.
    wanted = [i for change in patch.members if isinstance(change, AddMembers | ReplaceMembers) for i in change.ids]
    known, skipped = resolve(pushed, wanted)
    keep = frozenset(known)
    return tuple(_only(change, keep) for change in patch.members), skipped


def _only(change: MemberChange, keep: frozenset[str]) -> MemberChange:
    if isinstance(change, AddMembers | ReplaceMembers):
        return replace(change, ids=tuple(i for i in change.ids if i in keep))
    return change


def _locked(pushed: Push, group_id: str) -> Any:
    pushed.corridor.lock_groups([group_id])
    group = t.DirectoryGroup
    found = select(group).where(group.id == group_id, group.connection_id == pushed.client.connection_id)
    row = pushed.corridor.tx.execute(found).one_or_none()
    if row is None:
        raise _not_found(group_id)
    return row


def _not_found(group_id: str) -> NotFound:
    return NotFound(
        "group_not_found", f"There is no group {group_id} in this connection.", expected="the id of a group of this connection"
    )


def _update(pushed: Push, before: Any, after: PushedGroup | None) -> None:
    values: dict[str, Any] = {"version": before.version + 1, "updated_at": pushed.corridor.now}
    if after is not None:
        values |= _said(before.id, after)
    pushed.corridor.tx.execute(update(t.DirectoryGroup).where(t.DirectoryGroup.id == before.id).values(**values))


def _follow(pushed: Push, group_id: str, touched: tuple[str, ...], *, renamed: bool) -> sync.Outcome | None:
    """Decide anew for those who came or went; after a rename also for everybody in it, since rules may go by name."""
    if not pushed.live or not (touched or renamed):
        return None
    if not renamed:
        return sync.users(pushed.corridor, touched)
    inside = select(t.DirectoryMember.user_id).where(t.DirectoryMember.group_id == group_id)
    return sync.users(pushed.corridor, sorted({*touched, *pushed.corridor.tx.execute(inside).scalars()}))


def _meaning(verb: Verb, before: Any, after: PushedGroup | None, moved: Moved) -> str:
    told = f"{verb} group {before.display_name}"
    if after is not None and after.display_name != before.display_name:
        told += f", now {after.display_name}"
    return f"{told}: {len(moved.came)} in, {len(moved.gone)} out" if moved.all else told


def delete_group(database: Database, client: Client, group_id: str, *, check: Check = unchecked) -> None:
    """Forget a group: what it gave is withdrawn, its id rules stay. Raises NotFound `group_not_found`; and as `check`."""

    def work(pushed: Push) -> None:
        corridor = pushed.corridor
        row = _locked(pushed, group_id)
        check(row.version)
        inside = select(t.DirectoryMember.user_id).where(t.DirectoryMember.group_id == group_id)
        touched = tuple(corridor.tx.execute(inside).scalars())
        corridor.lock_users(touched, client.connection_id)
        corridor.tx.execute(delete(t.DirectoryGroup).where(t.DirectoryGroup.id == group_id))
        insert_rows(corridor.tx, t.Tombstone, [_stone(pushed, group_id)])
        outcome = sync.users(corridor, touched) if pushed.live and touched else None
        log.record(corridor, client, f"delete group {row.display_name} with {len(touched)} members", 204, outcome)

    push(database, client, f"delete group {group_id}", work)


def _stone(pushed: Push, group_id: str) -> dict[str, Any]:
    client = pushed.client
    row = {"id": group_id, "organization_id": client.organization_id, "connection_id": client.connection_id}
    return {**row, "kind": "group", "deleted_at": pushed.corridor.now}


def get_group(database: Database, client: Client, group_id: str, *, with_members: bool) -> StoredGroup:
    """Read one group. Raises NotFound `group_not_found`, Unavailable `directory_paused`."""
    with reader(database, client) as tx:
        return _stored(tx, group_id, with_members=with_members, client=client)


def _stored(tx: Connection, group_id: str, *, with_members: bool, client: Client | None = None) -> StoredGroup:
    found = select(*COLUMNS).where(t.DirectoryGroup.id == group_id)
    if client is not None:
        found = found.where(t.DirectoryGroup.connection_id == client.connection_id)
    row = tx.execute(found).one_or_none()
    if row is None:
        raise _not_found(group_id)
    return StoredGroup(*row, members=members_of(tx, [group_id]).get(group_id, ()) if with_members else None)
