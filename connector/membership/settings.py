"""SETTINGS: what an organization may set, by namespace: values with defaults, and what may stand in each. Pure.

general         how members begin, and where they find help
preferences     what applications go by: language, time zone, and whatever else they keep here
notifications   which alerts the owners do not want as mail
auth            how long sign-ins last, and who may go
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connector.errors import Invalid
from connector.membership.fold import is_storable

Namespace = Literal["general", "preferences", "notifications", "auth"]
BaseLevel = Literal["none", "read", "write"]

CUSTOM_SIZE = 16_384
"""Bytes of what applications keep, as JSON without spaces."""

CUSTOM_DEPTH = 20
NEVER_MUTED = ("guard.", "break_glass.")
"""Alerts that begin so are about losing the organization itself."""

MAX_SESSION_HOURS = 24
"""As long as an identity provider's word is taken for at most (`accounts/session_model.py`)."""


@dataclass(frozen=True, slots=True)
class General:
    """`support_url` is where members ask for help; `member_base_level` what everybody may do with the organization's resources;
    `invitation_days` how long an invitation waits."""

    support_url: str | None = None
    member_base_level: BaseLevel = "none"
    invitation_days: int = 7


@dataclass(frozen=True, slots=True)
class Preferences:
    """What applications go by. `custom` is theirs: any JSON object of 16 kB at most."""

    locale: str = "en"
    timezone: str = "UTC"
    custom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notifications:
    """`muted` are the kinds of alerts that are not mailed to the owners; they stay in the audit trail."""

    muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Auth:
    """`session_hours` shortens what was signed in through the organization's identity providers, from the next sign-in on;
    `member_may_leave` lets people go whom an identity provider manages."""

    session_hours: int | None = None
    member_may_leave: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All namespaces of one organization."""

    general: General
    preferences: Preferences
    notifications: Notifications
    auth: Auth


Values = General | Preferences | Notifications | Auth
_V = TypeVar("_V", General, Preferences, Notifications, Auth)

NAMESPACES: Mapping[str, type[Values]] = {
    "general": General,
    "preferences": Preferences,
    "notifications": Notifications,
    "auth": Auth,
}


def settings_of(documents: Mapping[str, Mapping[str, Any]]) -> Settings:
    """All settings from what is kept of them, namespace -> document; what is not kept has its default."""
    return Settings(
        _kept(General, documents.get("general", {})),
        _kept(Preferences, documents.get("preferences", {})),
        _kept(Notifications, documents.get("notifications", {})),
        _kept(Auth, documents.get("auth", {})),
    )


def _kept(kind: type[_V], document: Mapping[str, Any]) -> _V:
    known = {name: document[name] for name in names(kind) if name in document}
    values: dict[str, Any] = {name: tuple(said) if isinstance(said, list) else said for name, said in known.items()}
    return kind(**values)


def names(kind: type[Values]) -> tuple[str, ...]:
    """What may be set in a namespace."""
    return tuple(each.name for each in dataclasses.fields(kind))


def document(values: Values) -> dict[str, Any]:
    """The values as they are kept, and told."""
    said = {name: getattr(values, name) for name in names(type(values))}
    return {name: list(each) if isinstance(each, tuple) else each for name, each in said.items()}


def read(kind: type[Values], given: Mapping[str, Any], alerts: Collection[str]) -> Values:
    """The values of a namespace as somebody gives them; what they leave out gets its default. `alerts` are the kinds there are.

    Raises Invalid `settings_unknown`, `settings_invalid`.
    """
    unknown = next((name for name in given if name not in names(kind)), None)
    if unknown is not None:
        raise Invalid("settings_unknown", "There is no such setting here.", expected=f"one of: {', '.join(names(kind))}")
    for name, said in given.items():
        good, expected = _RULES[name]
        if not (_may_be_muted(said, alerts) if name == "muted" else good(said)):
            raise Invalid("settings_invalid", f"{name} cannot be set to that.", expected=f"{name}: {expected}")
    if "muted" in given:
        given = {**given, "muted": tuple(sorted(set(given["muted"])))}
    return kind(**given)


def _is_address(said: object) -> bool:
    if said is None:
        return True
    if not isinstance(said, str) or len(said) > 2000 or not said.isprintable() or " " in said or not is_storable(said):
        return False
    try:
        parts = urlsplit(said)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.username


def _is_locale(said: object) -> bool:
    return isinstance(said, str) and _LOCALE.fullmatch(said) is not None


def _is_zone(said: object) -> bool:
    if not isinstance(said, str) or _ZONE.fullmatch(said) is None:
        return False
    try:
        ZoneInfo(said)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _is_custom(said: object) -> bool:
    if not isinstance(said, dict) or not _is_plain(said, CUSTOM_DEPTH):
        return False
    return len(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()) <= CUSTOM_SIZE


def _is_plain(said: object, depth: int) -> bool:
    """Whether both databases can keep it as JSON."""
    if depth < 0:
        return False
    if isinstance(said, dict):
        return all(isinstance(name, str) and is_storable(name) and _is_plain(each, depth - 1) for name, each in said.items())
    if isinstance(said, list):
        return all(_is_plain(each, depth - 1) for each in said)
    if isinstance(said, str):
        return is_storable(said)
    return said is None or isinstance(said, int) or (isinstance(said, float) and math.isfinite(said))


def _may_be_muted(said: object, alerts: Collection[str]) -> bool:
    return isinstance(said, list | tuple) and all(
        isinstance(kind, str) and kind in alerts and not kind.startswith(NEVER_MUTED) for kind in said
    )


def _is_between(low: int, high: int) -> Callable[[object], bool]:
    def good(said: object) -> bool:
        return isinstance(said, int) and not isinstance(said, bool) and low <= said <= high

    return good


_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,5}")  # RFC 5646 section 2.1, as far as its form goes
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_days, _hours = _is_between(1, 30), _is_between(1, MAX_SESSION_HOURS)

_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "support_url": (_is_address, "an https address of at most 2,000 characters, or null"),
    "member_base_level": (lambda said: said in ("none", "read", "write"), "none, read or write"),
    "invitation_days": (_days, "a whole number from 1 to 30"),
    "locale": (_is_locale, "a language tag such as en or pt-BR"),
    "timezone": (_is_zone, "a time zone such as UTC or Europe/Berlin"),
    "custom": (_is_custom, f"a JSON object of at most {CUSTOM_SIZE:,} bytes, nested {CUSTOM_DEPTH} deep at most"),
    "muted": (lambda said: isinstance(said, list), "a list of kinds of alerts, none of which begins with guard. or break_glass."),
    "session_hours": (
        lambda said: said is None or _hours(said),
        f"a whole number of hours from 1 to {MAX_SESSION_HOURS}, or null",
    ),
    "member_may_leave": (lambda said: isinstance(said, bool), "true or false"),
}
