"""RECORDED: what the pages of the provisioning log, the sign-ins and the audit trail share: days in addresses, what connections
are called, and values in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import escape

from connector.admin import people_words
from connector.admin.forms import asked
from connector.admin.frame import Visit
from connector.admin.guides import GUIDES
from connector.directory import connections
from connector.directory.connections import ConnectionView
from connector.errors import Invalid
from connector.provisioning.history import AuditItem
from connector.web import pages

REFUSED = {"ok": False, "refused": True}
"""Whether what is asked for was refused, by the word of the filter; any other asks for all."""

ROOM = 20_000
"""Bytes that the details of all entries on one page of the audit trail take at most, with what they are wrapped in."""

WRAPPED = 120
"""Bytes about that one line of details is wrapped in."""

LONGEST = 80
"""Characters of a change that is told in the line of its entry."""

Line = tuple[str, ...]
"""What is told on one line: the name of what changed, what it was and what it is; or why."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BESIDE_NAME = re.compile(rf" {_ID.pattern} \((?=.)([^()]*)\)".replace("(-", "(?:-"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")

_KINDS = {
    "rule": "a rule",
    "token": "a token",
    "client": "a client",
    "key": "a key",
    "setup_link": "a set-up link",
    "organization": "the organization",
}
"""What is told of things that have ids only; of people that they are somebody."""

_LAST = datetime(9999, 12, 31, tzinfo=UTC)  # no day comes behind it

CONNECTIONS = 50
"""Connections that can be chosen from; there are seldom more than two."""


@dataclass(frozen=True, slots=True)
class Known:
    """The connections of an organization, by their ids, as far as whoever visits may see them."""

    by_id: Mapping[str, ConnectionView]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What to choose from, all of them first."""
        return [("", "All"), *((each.id, each.name) for each in self.by_id.values())]

    def name(self, connection_id: str) -> str:
        """What a connection is called; nothing more of one that is gone, or that may not be seen."""
        found = self.by_id.get(connection_id)
        return found.name if found else "a connection"

    def idp(self, connection_id: str) -> str:
        """Which provider it is, for advice."""
        found = self.by_id.get(connection_id)
        return found.idp if found else "generic"

    def provider(self, connection_id: str) -> str:
        """What the provider is called."""
        guide = GUIDES[self.idp(connection_id)]
        return "the identity provider" if guide.idp == "generic" else guide.name

    def actor(self, actor: str) -> str:
        """Who did something, as people call it."""
        kind, _, connection_id = actor.partition(":")
        by = {"scim": "provisioning", "sign_in": "sign-in"}.get(kind)
        if by:
            return f"{self.name(connection_id)} ({by})"
        return "somebody without an address" if kind == "person" else actor

    def thing(self, entry: AuditItem) -> str:
        """What something was done to, as people call it: by what the entry tells of it, else of which kind it is."""
        kind, _, called = entry.target.partition(":")
        if kind == "connection":
            return self.name(called)
        if not _ID.fullmatch(called or kind):
            return entry.target.replace(":", " ", 1)
        told = entry.after or entry.before or {}
        if kind == "rule" and "match" in told:
            return f"{told['match']} → {str(told.get('target')).replace(':', ' ', 1)}"
        return str(told["name"]) if told.get("name") else _KINDS.get(kind, "somebody")


def known(visit: Visit) -> Known:
    """The connections that whoever visits may see."""
    if not visit.may(connections.MANAGE):
        return Known({})
    base_url = visit.house.settings.base_url
    found = connections.list_(visit.database, visit.here.id, base_url=base_url, limit=CONNECTIONS, actor=visit.actor)
    return Known({each.id: each for each in found.items})


def between() -> tuple[datetime | None, datetime | None]:
    """The days from `since` to `until` of the address, both whole, in UTC: from the first moment on, and before the last one.
    Raises Invalid `day_invalid`."""
    since, until = _day("since"), _day("until")
    return since, until + timedelta(days=1) if until and until < _LAST else None


def _day(name: str) -> datetime | None:
    given = asked(name)
    if given is None:
        return None
    try:
        return datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid("day_invalid", f"{given[:40]} is no day.", expected="a day such as 2026-11-22") from None


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """What an entry says of each thing: its name, what it was and what it is; "" for nothing."""
    was, is_ = before or {}, after or {}
    return [(_name(name), _told(name, was), _told(name, is_)) for name in dict.fromkeys((*was, *is_))]


def _told(name: str, said: Mapping[str, Any]) -> str:
    """One of the values of an entry."""
    return people_words.held(str(said[name])) if name == "causes" and said.get(name) else value(said.get(name))


def _name(name: str) -> str:
    return "out" if name == "causes" else name.replace(":", " ").replace("_", " ")


def value(given: Any) -> str:
    """A value of JSON as people write it."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        return ", ".join(f"{_name(name)}: {value(each) or 'none'}" for name, each in given.items()) or "none"
    if isinstance(given, list | tuple):
        return ", ".join(value(each) or "none" for each in given) or "none"
    return _moment(given) if isinstance(given, str) and _MOMENT.fullmatch(given) else str(given)


def _moment(given: str) -> str:
    """A moment; what only looks like one, as people and groups may be called, as it is."""
    try:
        return pages.moment(datetime.fromisoformat(given))
    except ValueError:
        return given


def brief(lines: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The first two of what was changed that say something at a glance: no ids, nothing long."""
    some = [(name, was, is_) for name, was, is_ in lines if len(was) + len(is_) < LONGEST and not _ID.search(was + is_)]
    return some[:2]


def share(entries: Sequence[Sequence[Line]], room: int = ROOM) -> int:
    """How much the details of any of these entries may take, so that all find room: what short ones leave, long ones get."""
    left = len(entries)
    for size in sorted(sum(map(_size, lines)) for lines in entries):
        if size * left > room:
            return room // left
        room, left = room - size, left - 1
    return room


def within(lines: Sequence[Line], most: int) -> list[Line]:
    """The first of an entry's details that find room: those that do not are in the files."""
    kept = []
    for line in lines:
        most -= _size(line)
        if most < 0:
            break
        kept.append(line)
    return kept


def _size(line: Line) -> int:
    return WRAPPED + len(str(escape("".join(line))).encode())


def named(meaning: str) -> str:
    """What an identity provider asked, with the names of people and groups and without their ids."""
    text = _BESIDE_NAME.sub(r" \1", meaning)
    return text[:1].upper() + text[1:]
