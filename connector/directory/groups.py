"""Pushed groups: create, edit, delete, read. Member operations are set-based: one member in or out of a group of 100,000 costs
what it costs in a group of ten, and the access of exactly those who came or went is decided anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from connector.directory import claimed_groups, log
from connector.directory.members import Moved, account_for, members_of, plan_members, write_members
from connector.directory.model import (
    AddMembers,
    Check,
    Client,
    GroupPatch,
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
from connector.membership.model import Group
from connector.provisioning import facts, sync
from connector.provisioning.facts import Known
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id

COLUMNS = (
    t.DirectoryGroup.id,
    t.DirectoryGroup.document,
    t.DirectoryGroup.version,
    t.DirectoryGroup.created_at,
    t.DirectoryGroup.updated_at,
)


_GROUP = t.DirectoryGroup
_TWINS = Hot(
    select(_GROUP.id, _GROUP.display_name_key).where(
        _GROUP.connection_id == bindparam("connection"),
        or_(_GROUP.display_name_key == bindparam("key"), _GROUP.external_id == bindparam("external")),
        _GROUP.id != bindparam("self"),
    )
)
_ONE = and_(_GROUP.id == bindparam("id"), _GROUP.connection_id == bindparam("connection"))
_READ = Hot(select(*COLUMNS).where(_ONE))
_LOCK = Hot(select(_GROUP).where(_ONE).with_for_update(key_share=True))


def create_group(
    database: Database, client: Client, group: PushedGroup, members: tuple[str, ...], *, identity: str | None = None
) -> StoredGroup:
    """Keep a new group with its members. `identity` is an id from `pushing.reserve`; one that sign-ins told of keeps its id.

    Raises Taken `uniqueness`, Invalid `member_unknown`, and what `push` raises.
    """

    def work(pushed: Push) -> StoredGroup:
        corridor = pushed.corridor
        _refuse_twins(corridor.tx, client, group, None)
        adopted = claimed_groups.adopted(corridor, client.connection_id, group.display_name, group.external_id)
        row = _row(pushed, identity or adopted or new_id(), group)
        corridor.insert(t.DirectoryGroup, [row])
        corridor.count(client.connection_id, "Group", 1)
        delta = plan_members(pushed, row["id"], (AddMembers(members),))
        known = facts.lock_users(corridor, client.connection_id, delta.touched)
        skipped = account_for(pushed, members, known)
        came = write_members(pushed, row["id"], delta).came
        outcome = _decide(pushed, Group(row["id"], group.display_name, group.external_id), known, came)
        meaning = f"create group {group.display_name} with {len(came)} members"
        log.record(corridor, client, meaning, 201, outcome, skipped)
        inside = members_of(corridor.tx, [row["id"]]).get(row["id"], ())
        return StoredGroup(row["id"], row["document"], row["version"], row["created_at"], row["updated_at"], inside)

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
    key = fold(group.display_name)
    named = {"connection": client.connection_id, "key": key, "external": group.external_id, "self": group_id or ""}
    for other in _TWINS.all(tx, named):
        name = "displayName" if other.display_name_key == key else "externalId"
        raise Taken(
            "uniqueness",
            f"{name} is already used by group {other.id} of this connection.",
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
        edited = after if after and document_text(group_id, after.document) != before.document else None
        if edited:
            _refuse_twins(corridor.tx, client, edited, group_id)
        delta = plan_members(pushed, group_id, patch.members)
        known = facts.lock_users(corridor, client.connection_id, delta.touched)
        skipped = account_for(pushed, _wanted(patch), known)
        moved = write_members(pushed, group_id, delta)
        if edited:
            _update(pushed, before, edited)
        if edited is not None and _renamed(before, edited):
            outcome = _decide_for_all(pushed, group_id, moved.all)
        else:
            outcome = _decide(pushed, Group(before.id, before.display_name, before.external_id), known, moved.all)
        if moved.all and not edited:
            _update(pushed, before, None)
        log.record(corridor, client, _meaning(verb, before, after, moved), answered, outcome, skipped)
        return _changed(pushed, before, edited, moved=bool(edited or moved.all), with_members=with_members)

    return push(database, client, f"{verb} group {group_id}", work)


def _renamed(before: Any, after: PushedGroup) -> bool:
    return (after.display_name, after.external_id) != (before.display_name, before.external_id)


def _wanted(patch: GroupPatch) -> list[str]:
    """Ids that are to be in the group must be known; taking out somebody who is not there is harmless."""
    return [i for change in patch.members if isinstance(change, AddMembers | ReplaceMembers) for i in change.ids]


def _locked(pushed: Push, group_id: str) -> Any:
    row = _LOCK.first(pushed.corridor.tx, {"id": group_id, "connection": pushed.client.connection_id})
    if row is None:
        raise _not_found(group_id)
    return row


def _not_found(group_id: str) -> NotFound:
    return NotFound(
        "group_not_found", f"There is no group {group_id} in this connection.", expected="the id of a group of this connection"
    )


def _update(pushed: Push, before: Any, after: PushedGroup | None) -> None:
    values: dict[str, Any] = {"id": before.id, "version": before.version + 1, "updated_at": pushed.corridor.now}
    if after is not None:
        values |= _said(before.id, after)
    pushed.corridor.update(t.DirectoryGroup, [values], keys=("id",))


def _changed(pushed: Push, before: Any, after: PushedGroup | None, *, moved: bool, with_members: bool) -> StoredGroup:
    """The group after an edit, which nobody else can have changed meanwhile."""
    version, changed = (before.version + 1, pushed.corridor.now) if moved else (before.version, before.updated_at)
    text = document_text(before.id, after.document) if after else before.document
    inside = members_of(pushed.corridor.tx, [before.id]).get(before.id, ()) if with_members else None
    return StoredGroup(before.id, text, version, before.created_at, changed, inside)


def _decide(pushed: Push, group: Group, known: Sequence[Known], moved: Collection[str]) -> sync.Outcome | None:
    """Decide anew for those who came or went, if any rule speaks of the group: the others give nothing."""
    if not (pushed.live and moved and pushed.corridor.entered.mapping.matched_by(group)):
        return None
    there = frozenset(moved)
    return sync.known(pushed.corridor, [user for user in known if user.id in there])


def _decide_for_all(pushed: Push, group_id: str, moved: Collection[str]) -> sync.Outcome | None:
    """After a rename everybody in it is decided anew, since rules may go by name; and those who went."""
    if not pushed.live:
        return None
    inside = select(t.DirectoryMember.user_id).where(t.DirectoryMember.group_id == group_id)
    return sync.users(pushed.corridor, sorted({*moved, *pushed.corridor.tx.execute(inside).scalars()}))


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
        known = facts.lock_users(corridor, client.connection_id, corridor.tx.execute(inside).scalars().all())
        corridor.tx.execute(delete(t.DirectoryGroup).where(t.DirectoryGroup.id == group_id))
        corridor.count(client.connection_id, "Group", -1)
        corridor.insert(t.Tombstone, [_stone(pushed, group_id)])
        group = Group(row.id, row.display_name, row.external_id)
        outcome = _decide(pushed, group, known, [user.id for user in known])
        log.record(corridor, client, f"delete group {row.display_name} with {len(known)} members", 204, outcome)

    push(database, client, f"delete group {group_id}", work)


def _stone(pushed: Push, group_id: str) -> dict[str, Any]:
    client = pushed.client
    row = {"id": group_id, "organization_id": client.organization_id, "connection_id": client.connection_id}
    return {**row, "kind": "group", "deleted_at": pushed.corridor.now}


def get_group(database: Database, client: Client, group_id: str, *, with_members: bool) -> StoredGroup:
    """Read one group. Raises NotFound `group_not_found`, Unavailable `directory_paused`."""
    with reader(database, client) as tx:
        row = _READ.first(tx, {"id": group_id, "connection": client.connection_id})
        if row is None:
            raise _not_found(group_id)
        inside = members_of(tx, [group_id]).get(group_id, ()) if with_members else None
    return StoredGroup(row.id, row.document, row.version, row.created_at, row.updated_at, inside)
