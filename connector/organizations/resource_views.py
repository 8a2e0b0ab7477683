"""A resource as people see it, and what it may be called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, or_

from connector.errors import Invalid, Taken
from connector.membership.access import Level
from connector.storage import tables as t

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@-]{0,199}")


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource: `kind` and `id` name it, `project` is the slug of where it stands. `created_by` is the name of who made it,
    also when they are gone; `level` is what whoever asks may do with it."""

    kind: str
    id: str
    name: str
    project: str | None
    owner: Literal["organization", "person"]
    created_by: str
    created_at: datetime
    level: Level


def clean_id(given: str) -> str:
    """The id of a resource as the application gives it. Raises Invalid `resource_id_invalid`."""
    if not _ID.fullmatch(given):
        raise Invalid(
            "resource_id_invalid",
            "This id cannot be used.",
            expected="1 to 200 letters, digits and . _ ~ : @ -, a letter or digit first",
        )
    return given


def begins(text: str) -> ColumnElement[bool]:
    """The condition that name or id begin so. As it was typed too: SQLite takes only the letters of ASCII for the same in both
    cases."""
    name, id_ = t.Resource.name, t.Resource.id
    folded = func.lower(name).startswith(text.lower(), autoescape=True)
    return or_(folded, name.startswith(text, autoescape=True), id_.startswith(text, autoescape=True))


def taken() -> Taken:
    """There is another of the same kind and id."""
    return Taken(
        "resource_exists",
        "There is a resource of this kind with this id already.",
        expected="an id that no resource of this kind has here",
        advice="Leave the id out, and one is made.",
    )
