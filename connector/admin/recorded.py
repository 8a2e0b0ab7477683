"""RECORDED: what the pages of the provisioning log, the sign-ins and the audit trail share: days in addresses, what connections
are called, and values in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.admin.forms import asked
from connector.admin.frame import Visit
from connector.admin.guides import GUIDES
from connector.directory import connections
from connector.directory.connections import ConnectionView
from connector.errors import Invalid
from connector.web import pages

LONGEST = 80
"""Characters of a change that is told in the line of its entry."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BESIDE_NAME = re.compile(rf" {_ID.pattern} \((?=.)([^()]*)\)".replace("(-", "(?:-"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")

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
        """What a connection is called; one that is gone, or that may not be seen, by its id."""
        found = self.by_id.get(connection_id)
        return found.name if found else connection_id

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
        return f"{self.name(connection_id)} ({by})" if by else actor

    def thing(self, target: str) -> str:
        """What something was done to, as people call it."""
        kind, _, connection_id = target.partition(":")
        return self.name(connection_id) if kind == "connection" else target.replace(":", " ", 1)


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
    return [(_name(name), value(was.get(name)), value(is_.get(name))) for name in dict.fromkeys((*was, *is_))]


def _name(name: str) -> str:
    return name.replace(":", " ").replace("_", " ")


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


def named(meaning: str) -> str:
    """What an identity provider asked, with the names of people and groups and without their ids."""
    text = _BESIDE_NAME.sub(r" \1", meaning)
    return text[:1].upper() + text[1:]
