"""What crosses the border between a protocol room and the directory: frozen values, no rows, no messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.storage.conditions import Condition, Order, Scalar

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Document = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Client:
    """Who speaks: a live token of one connection, checked. `address` is the peer, `agent` its shortened User-Agent.

    `paused` tells whether the directory was paused when the token was checked: reads go by that, writes look again.
    """

    connection_id: str
    organization_id: str
    token_id: str
    agent: str
    address: str
    paused: bool = False


@dataclass(frozen=True, slots=True)
class PushedUser:
    """A person as the IdP describes them, normalised.

    `document` is the canonical SCIM document without `id`, `meta`, `groups`, `password`; `search` the same folded for filters
    (keys lower-case, caseExact=false texts folded). `says_active` tells whether the message itself spoke of `active`.
    """

    user_name: str
    external_id: str | None
    active: bool
    says_active: bool
    display_name: str | None
    email: str | None
    document: Document
    search: Document


@dataclass(frozen=True, slots=True)
class PushedGroup:
    """A group as the IdP describes it, without its members. `document` has no `id`, `meta`, `members`."""

    display_name: str
    external_id: str | None
    document: Document
    search: Document


@dataclass(frozen=True, slots=True)
class AddMembers:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembers:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplaceMembers:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembersWhere:
    """Members for which the condition holds; its paths are `("value",)`, `("display",)`, `("type",)` or `("$ref",)`."""

    condition: Condition


MemberChange = AddMembers | RemoveMembers | ReplaceMembers | RemoveMembersWhere

UserEdit = Callable[[Document, bool], PushedUser]
"""(stored document, stored `active`) -> the user as edited. Pure: it may be called again when the transaction is rerun."""

GroupEdit = Callable[[Document], PushedGroup]

Check = Callable[[int], None]
"""Judges the version stored, under the lock and before anything changes. Raises Outdated when it is not the one asked for."""


def unchecked(_: int) -> None:
    """Any version will do."""


@dataclass(frozen=True, slots=True)
class GroupPatch:
    """A PATCH of a group, split: what happens to its own attributes, and the member operations in their order."""

    edit: GroupEdit | None
    members: tuple[MemberChange, ...]


@dataclass(frozen=True, slots=True)
class GroupRef:
    id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class MemberRef:
    id: str
    display: str


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A DirectoryUser as kept. `document` is JSON text of the canonical document with `id`, without `meta` and `groups`."""

    id: str
    document: str
    version: int
    created_at: datetime
    updated_at: datetime
    groups: tuple[GroupRef, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A DirectoryGroup as kept; `members` is None when they were not asked for. `document` as for StoredUser."""

    id: str
    document: str
    version: int
    created_at: datetime
    updated_at: datetime
    members: tuple[MemberRef, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of resource in a list: those of it that a condition selects, and what they are ordered by (None: they have no such
    attribute)."""

    kind: Literal["User", "Group"]
    condition: Condition | None = None
    order: Order | None = None


Position = tuple[Scalar, ...]
"""Where a resource stands in a list: what it is ordered by, then its id. Only good for the query that gave it."""


@dataclass(frozen=True, slots=True)
class Query:
    """A page of a list: `count` resources, after `start` others or behind the position `after`; oldest first unless a part has an
    order. `with_groups` and `with_members` tell whether users come with their groups, and groups with their members."""

    parts: tuple[Part, ...]
    count: int
    start: int = 0
    after: Position | None = None
    descending: bool = False
    with_groups: bool = False
    with_members: bool = False

    @property
    def is_ordered(self) -> bool:
        """Whether there is any order but that of age."""
        return any(part.order is not None for part in self.parts)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, the number of all that match (RFC 7644 section 3.4.2), and the position of the last if more stand behind it."""

    total: int
    items: tuple[StoredUser | StoredGroup, ...]
    end: Position | None
