"""PAGES of lists, and SEEN: what verbs and the API say to each other about lists and about versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

Item = TypeVar("Item")

Seen = Callable[[object], None]
"""Given the view of a thing as it is, raises Outdated `version_mismatch` when the client knows another version of it. A verb
calls it inside its transaction, before it changes anything."""

LEFT_OUT: Mapping[str, bool] = MappingProxyType({"left_out": True})
"""Metadata of a field of a view that the API leaves out while it is None: `field(default=None, metadata=LEFT_OUT)`."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list, in its order. `next` is the key of the last of them (the verb's `after`) when there are more."""

    items: tuple[Item, ...]
    next: str | None


def page_of(found: list[Item], limit: int, key: Callable[[Item], str]) -> Page[Item]:
    """The page of what was found, when one more than `limit` was asked for."""
    items = tuple(found[:limit])
    return Page(items, key(items[-1]) if len(found) > limit else None)
