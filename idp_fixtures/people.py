"""The people an imitated identity provider knows: invented, in a domain reserved for examples."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

_SPACE = uuid.UUID("6d6b1a52-5a0e-4f0c-9a4f-0f9f3a5f2a11")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at an identity provider. `id` never changes; `groups` are names, their ids are made from them."""

    id: str
    email: str
    first_name: str
    last_name: str
    groups: tuple[str, ...] = ()
    active: bool = True

    @property
    def display_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The object ids of the groups, for IdPs that tell ids."""
        return tuple(group_id(name) for name in self.groups)


def group_id(name: str) -> str:
    """The id of the group with this name, the same at every run."""
    return str(uuid.uuid5(_SPACE, name))


def person_id(email: str) -> str:
    """An id for the person with this address, the same at every run."""
    return str(uuid.uuid5(_SPACE, email))


def person(email: str, name: str, *groups: str) -> Person:
    """A person from an address and "First Last"; whoever has one name has no last one."""
    first, _, last = name.partition(" ")
    return Person(person_id(email), email, first, last, groups)


ADA = person("ada@acme.example", "Ada Lovelace", "Engineering", "Connector Admins")
GRACE = person("grace@acme.example", "Grace Hopper", "Engineering")
EDSGER = person("edsger@acme.example", "Edsger Dijkstra", "Support")
ZEYNEP = person("zeynep@acme.example", "Zeynep Çelik-Müller")
PEOPLE = (ADA, GRACE, EDSGER, ZEYNEP)
