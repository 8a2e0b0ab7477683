"""The members of a pushed group as set operations: what is asked becomes who comes and who goes, then two statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.directory.model import (
    AddMembers,
    MemberChange,
    MemberRef,
    RemoveMembers,
    RemoveMembersWhere,
    ReplaceMembers,
)
from connector.directory.pushing import Push
from connector.errors import Invalid
from connector.provisioning.facts import Known
from connector.storage import tables as t
from connector.storage.hot import Hot
from connector.storage.search import members_where
from connector.storage.sets import among, among_these, id_rows, these

NAMED = 10
"""Unknown ids named in a refusal; the rest is counted."""


Removal = RemoveMembers | ReplaceMembers | RemoveMembersWhere


@dataclass(frozen=True, slots=True)
class Delta:
    """Who is asked to be in and who out, in the end. Not yet compared with who is in already, nor with who there is."""

    come: frozenset[str]
    go: frozenset[str]

    @property
    def touched(self) -> list[str]:
        """Everybody spoken of, in id order: the order of locks."""
        return sorted(self.come | self.go)


def account_for(pushed: Push, ids: Collection[str], known: Sequence[Known]) -> str:
    """Say which ids are no users of this connection and why they may be passed over, as a note for the log.

    An id this connection issued and deleted, and a group, are passed over: a person deleted a second earlier must not make
    the IdP give the whole group up. Raises Invalid `member_unknown` naming ids that were never issued.
    """
    there = {user.id for user in known}
    rest = [member for member in dict.fromkeys(ids) if member not in there]
    if not rest:
        return ""
    tx, connection_id = pushed.corridor.tx, pushed.client.connection_id
    stone, group = t.Tombstone, t.DirectoryGroup
    gone = set(tx.execute(select(stone.id).where(stone.connection_id == connection_id, among(stone.id, rest))).scalars())
    nested = set(tx.execute(select(group.id).where(group.connection_id == connection_id, among(group.id, rest))).scalars())
    unknown = [member for member in rest if member not in gone and member not in nested]
    if unknown:
        raise _unknown(unknown)
    return f"passed over: {len(gone)} deleted people, {len(nested)} groups"


def _unknown(unknown: Sequence[str]) -> Invalid:
    named = ", ".join(member[:64] for member in unknown[:NAMED])
    more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
    return Invalid(
        "member_unknown",
        f"No user of this connection has the id {named}{more}.",
        expected="ids that this connection answered with when the users were created",
        advice="Push the people first (assign them to the app), then the group.",
    )


def plan_members(pushed: Push, group_id: str, changes: Sequence[MemberChange]) -> Delta:
    """Play the member operations in their order. The group is locked, so who is in it does not change meanwhile."""
    come: set[str] = set()
    go: set[str] = set()
    for change in changes:
        if isinstance(change, AddMembers):
            go.difference_update(change.ids)
            come.update(change.ids)
        else:
            out = _out(pushed, group_id, change, come)
            come -= out
            go |= out
            if isinstance(change, ReplaceMembers):
                come.update(change.ids)
                go.difference_update(change.ids)
    return Delta(frozenset(come), frozenset(go))


def _out(pushed: Push, group_id: str, change: Removal, come: set[str]) -> set[str]:
    """Whom an operation takes out: by id, everybody not named, or everybody a condition selects."""
    if isinstance(change, RemoveMembers):
        return set(change.ids)
    user = t.DirectoryUser
    inside = select(t.DirectoryMember.user_id).where(t.DirectoryMember.group_id == group_id)
    if isinstance(change, ReplaceMembers):
        others = inside.where(t.DirectoryMember.user_id.not_in(id_rows(change.ids)))
        return set(pushed.corridor.tx.execute(others).scalars()) | (come - set(change.ids))
    matching = members_where(change.condition, pushed.corridor.tx.dialect.name)
    asked = select(user.id).where(user.id.in_(inside.union(id_rows(come)) if come else inside), matching)
    return set(pushed.corridor.tx.execute(asked).scalars())


@dataclass(frozen=True, slots=True)
class Moved:
    """Who really came into a group and who really went, in id order."""

    came: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Everybody whose membership changed, in id order."""
        return tuple(sorted(self.came + self.gone))


def write_members(pushed: Push, group_id: str, delta: Delta) -> Moved:
    """Write the delta with one statement each way; returns what it really changed."""
    tx = pushed.corridor.tx
    came: list[str] = []
    gone: list[str] = []
    given = {"group": group_id, "connection": pushed.client.connection_id}
    if delta.go:
        gone = sorted(_DELETE.scalars(tx, {**given, **these(delta.go)}))
    if delta.come:
        came = sorted(_INSERT[tx.dialect.name].scalars(tx, {**given, **these(sorted(delta.come))}))
    return Moved(tuple(came), tuple(gone))


_MEMBER = t.DirectoryMember
_DELETE = Hot(
    delete(_MEMBER).where(_MEMBER.group_id == bindparam("group"), among_these(_MEMBER.user_id)).returning(_MEMBER.user_id)
)


def _insert(insert: Any) -> Hot:
    user = t.DirectoryUser
    rows = select(bindparam("group", type_=Text), user.id, user.connection_id).where(
        user.connection_id == bindparam("connection"), among_these(user.id)
    )
    statement = insert(_MEMBER).from_select(["group_id", "user_id", "connection_id"], rows)
    return Hot(statement.on_conflict_do_nothing().returning(_MEMBER.user_id))


_INSERT = {"sqlite": _insert(sqlite.insert), "postgresql": _insert(postgresql.insert)}


def members_of(tx: Connection, group_ids: Sequence[str]) -> dict[str, tuple[MemberRef, ...]]:
    """The members of the groups, oldest first, with one statement."""
    member, user = t.DirectoryMember, t.DirectoryUser
    rows = tx.execute(
        select(member.group_id, user.id, func.coalesce(user.display_name, user.user_name))
        .join(user, user.id == member.user_id)
        .where(among(member.group_id, group_ids))
        .order_by(user.id)
    )
    found: dict[str, list[MemberRef]] = {}
    for group_id, user_id, display in rows:
        found.setdefault(group_id, []).append(MemberRef(user_id, display))
    return {group_id: tuple(members) for group_id, members in found.items()}
