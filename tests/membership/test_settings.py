"""What may stand in the settings of an organization, and what may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connector.errors import Invalid
from connector.membership.settings import (
    NAMESPACES,
    Auth,
    General,
    Notifications,
    Preferences,
    document,
    read,
    settings_of,
)

ALERTS = ("token.expiring", "directory.silent", "guard.burst", "guard.last_owner", "break_glass.used")


def nested(depth: int) -> dict[str, Any]:
    """An object inside an object, and so on."""
    return {"a": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize("kind", NAMESPACES.values())
def test_what_is_not_given_has_its_default(kind: Any) -> None:
    """An empty document is a good one, and what is kept of it is read back the same."""
    assert read(kind, {}, ALERTS) == kind()
    assert read(kind, document(kind()), ALERTS) == kind()


GOOD: list[tuple[Any, dict[str, Any]]] = [
    (General, {"support_url": "https://help.example/a?b=c", "member_base_level": "write", "invitation_days": 30}),
    (General, {"support_url": None, "invitation_days": 1}),
    (Preferences, {"locale": "pt-BR", "timezone": "Europe/Berlin"}),
    (Preferences, {"locale": "zh-Hant-TW", "timezone": "America/Argentina/Salta"}),
    (Preferences, {"custom": {"theme": "dark", "rows": 50, "ratio": 0.5, "on": True, "of": [None, {"é": "🦆"}]}}),
    (Preferences, {"custom": nested(20)}),
    (Preferences, {"custom": {"a": "x" * (16_384 - len('{"a":""}'))}}),
    (Notifications, {"muted": ["directory.silent", "token.expiring"]}),
    (Auth, {"session_hours": 1, "member_may_leave": True}),
    (Auth, {"session_hours": 24}),
]


@pytest.mark.parametrize(("kind", "given"), GOOD)
def test_what_is_good_is_kept_as_it_was_said(kind: Any, given: Mapping[str, Any]) -> None:
    """And comes back from what is kept of it."""
    values = read(kind, given, ALERTS)
    assert {name: document(values)[name] for name in given} == given
    name = next(name for name, each in NAMESPACES.items() if each is kind)
    assert getattr(settings_of({name: document(values)}), name) == values


BAD: list[tuple[Any, str, list[Any]]] = [
    (
        General,
        "support_url",
        [
            "http://help.example",
            "javascript:alert(1)",
            "https://",
            "https://[",
            "https://a b",
            "https://u:p@x",
            "",
            1,
            "https://x\x00",
        ],
    ),
    (General, "member_base_level", ["admin", "", None, ["none"], 0]),
    (General, "invitation_days", [0, 31, -1, True, 1.5, "7", None]),
    (Preferences, "locale", ["", "e", "en_US", "en-", "-en", None, "x" * 100]),
    (Preferences, "timezone", ["", "Nowhere", "Europe", "../etc/passwd", "/etc/passwd", "europe//berlin", None, 1]),
    (
        Preferences,
        "custom",
        [
            None,
            [],
            "{}",
            {"a": "x" * 16_384},
            nested(21),
            {"a": float("nan")},
            {"a": float("inf")},
            {"a": "\x00"},
            {"\ud800": 1},
            {1: 1},
        ],
    ),
    (
        Notifications,
        "muted",
        [None, "token.expiring", ["unknown"], [1], ["guard.burst"], ["guard.last_owner"], ["break_glass.used"]],
    ),
    (Auth, "session_hours", [0, 25, -1, True, "8", 1.5]),
    (Auth, "member_may_leave", [None, 1, "true"]),
]


@pytest.mark.parametrize(("kind", "name", "said"), [(kind, name, said) for kind, name, many in BAD for said in many])
def test_anything_else_is_refused_by_the_name_of_the_setting(kind: Any, name: str, said: object) -> None:
    """The sentence says what it may be, and never repeats what was sent."""
    with pytest.raises(Invalid) as refused:
        read(kind, {name: said}, ALERTS)
    assert refused.value.code == "settings_invalid"
    assert refused.value.expected.startswith(f"{name}: ")


def test_a_setting_that_is_not_there_is_refused() -> None:
    """Also one of another namespace."""
    with pytest.raises(Invalid) as refused:
        read(General, {"locale": "en"}, ALERTS)
    assert (refused.value.code, "invitation_days" in refused.value.expected) == ("settings_unknown", True)


def test_what_an_older_or_newer_program_kept_does_not_matter() -> None:
    """Unknown names are passed over, missing ones have their defaults."""
    assert settings_of({"general": {"gone": 1, "invitation_days": 3}, "lost": {"x": 1}}).general == General(invitation_days=3)


def test_muted_kinds_are_kept_once_and_in_order() -> None:
    """The same set is the same document, and no change."""
    values = read(Notifications, {"muted": ["token.expiring", "directory.silent", "token.expiring"]}, ALERTS)
    assert values == Notifications(("directory.silent", "token.expiring"))
