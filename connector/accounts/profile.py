"""PROFILE: what a person says of themselves, to be known and to be added by. It opens nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from connector.errors import Invalid, Taken
from connector.membership.fold import can_name, fold
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot

LONGEST_NAME = 200

_USERNAME = re.compile(r"[A-Za-z0-9._-]{2,39}")


@dataclass(frozen=True, slots=True)
class Profile:
    """`name` is for people to read; `username` is unique in the installation, whatever its case."""

    name: str | None
    username: str | None
    super_admin: bool


_PROFILE = Hot(select(t.Person.display_name, t.Person.username, t.Person.super_admin).where(t.Person.id == bindparam("person")))


def show(database: Database, person_id: str) -> Profile:
    """Return the profile of a person there is."""
    with database.read() as tx:
        row = _PROFILE.first(tx, {"person": person_id})
    return Profile(row.display_name, row.username, row.super_admin) if row else Profile(None, None, False)


def change(database: Database, person_id: str, changes: dict[str, str | None]) -> None:
    """Set `name` and `username`, those that are given; None takes one away.

    Two who choose a username at the same moment: the unique index makes the second begin again, and find it taken. Raises Invalid
    `name_invalid`, `username_invalid`; Taken `username_taken`.
    """
    values = _values(changes)

    def work(tx: Connection) -> None:
        if values.get("username_key") is not None:
            _check_free(tx, person_id, values["username_key"])
        tx.execute(update(t.Person).where(t.Person.id == person_id).values(**values))

    if values:
        database.write(work)


def _values(changes: dict[str, str | None]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "name" in changes:
        values["display_name"] = _name(changes["name"])
    if "username" in changes:
        username = _username(changes["username"])
        values |= {"username": username, "username_key": None if username is None else fold(username)}
    return values


def _name(given: str | None) -> str | None:
    clean = None if given is None else given.strip()
    if clean is not None and not (clean and len(clean) <= LONGEST_NAME and can_name(clean)):
        expected = f"1 to {LONGEST_NAME} characters on one line, in any script"
        raise Invalid("name_invalid", "This name cannot be used.", expected=expected)
    return clean


def _username(given: str | None) -> str | None:
    if given is not None and not _USERNAME.fullmatch(given):
        expected = "2 to 39 of the letters a to z, digits, hyphens, underscores and dots"
        raise Invalid("username_invalid", "This user name cannot be used.", expected=expected)
    return given


def _check_free(tx: Connection, person_id: str, key: str) -> None:
    person = t.Person
    if tx.execute(select(person.id).where(person.username_key == key, person.id != person_id)).first():
        raise Taken("username_taken", "Somebody else has this user name.", advice="Choose another one.")
