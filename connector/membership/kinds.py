"""Kinds of resources as data: what an organization knows from its first day on, by its preset.

The application says what its resources are; here only what matters for access is known of a kind. An organization may add kinds
of its own (`organizations/`), which are rows of the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Visibility = Literal["organization", "private"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. Grants count for `enforced` kinds only; `private` ones are their creator's alone, whatever roles say
    (OH-6); `in_project` ones stand inside a project (ON-12)."""

    name: str
    enforced: bool = False
    visibility: Visibility = "organization"
    in_project: bool = False


COMMON = (
    Kind("agent", enforced=True),
    Kind("knowledge_base"),
    Kind("skill"),
    Kind("conversation", visibility="private"),
    Kind("cluster", enforced=True),
)
"""What every organization has: agents, whose grants are enforced, and what is named for later (OA-32); conversations (OH-6);
clusters, which organizations are added to (AP-1)."""

HOSTING = tuple(Kind(name, enforced=True, in_project=True) for name in ("vps", "domain", "hosting"))
"""What is hosted inside projects (ON-6, ON-12)."""
