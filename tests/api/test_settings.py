"""Settings over HTTP: ON-15."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.cast import Cast, cast
from tests.support.api import Api

SETTINGS = "/api/orgs/acme/settings"


@pytest.fixture
def acme(api: Api) -> Cast:
    """An onet organization with an editor and a guest."""
    return cast(api, "onet", eve="editor", gus="guest")


PUTS: list[tuple[str, dict[str, Any]]] = [
    ("general", {"support_url": "https://help.example", "member_base_level": "read", "invitation_days": 3}),
    ("preferences", {"locale": "de-AT", "timezone": "Europe/Vienna", "custom": {"theme": {"dark": True}}}),
    ("notifications", {"muted": ["directory.silent", "token.expiring"]}),
    ("auth", {"session_hours": 8, "member_may_leave": True}),
]


@pytest.mark.parametrize(("namespace", "said"), PUTS)
def test_each_namespace_is_put_by_the_owner_with_one_entry(acme: Cast, namespace: str, said: dict[str, Any]) -> None:
    """200 for the owner, 403 for an editor; every member reads it."""
    path = f"{SETTINGS}/{namespace}"
    before = len(acme.audit())
    acme["eve"].put(path, said).refused(403, "permission_missing")
    assert acme.owner.put(path, said).ok().items() >= said.items()
    assert acme["gus"].get(path).ok().items() >= said.items()
    assert acme["gus"].get(SETTINGS).ok()[namespace].items() >= said.items()
    [entry] = acme.audit()[before:]
    assert (entry.actor, entry.action, entry.target) == ("owner@acme.example", "settings.changed", f"settings:{namespace}")
    assert entry.after == said
    acme.owner.put(path, {}).ok()
    assert acme.audit()[-1].before == said


def test_what_is_decided_elsewhere_is_told_beside(acme: Cast) -> None:
    """And cannot be put."""
    auth = acme.owner.get(f"{SETTINGS}/auth").ok()
    assert (auth["mode"], auth["active_connections"], auth["role_strategy"]) == ("invitation", [], "highest")
    acme.owner.put(f"{SETTINGS}/auth", {"mode": "sso"}).refused(400, "body_invalid")


def test_a_change_is_of_the_version_that_was_read(acme: Cast) -> None:
    """Two admins at once: the second is told."""
    path = f"{SETTINGS}/general"
    etag = acme.owner.get(path).headers["ETag"]
    assert acme.owner.get(path, headers={"If-None-Match": etag}).status == 304
    changed = acme.owner.put(path, {"invitation_days": 3}, headers={"If-Match": etag})
    assert changed.headers["ETag"] == acme.owner.get(path).headers["ETag"] != etag
    acme.owner.put(path, {"invitation_days": 4}, headers={"If-Match": etag}).refused(412, "version_mismatch")
    assert acme.owner.get(path).ok()["invitation_days"] == 3


@pytest.mark.parametrize(
    ("namespace", "body", "code"),
    [
        ("general", {"invitation_days": 0}, "body_invalid"),
        ("general", {"invitation_days": "7"}, "body_invalid"),
        ("general", {"colour": "red"}, "body_invalid"),
        ("general", {"support_url": "http://x"}, "settings_invalid"),
        ("preferences", {"timezone": "Nowhere"}, "settings_invalid"),
        ("preferences", {"custom": {"a": "x" * 17_000}}, "settings_invalid"),
        ("preferences", {"custom": {"a": "\x00"}}, "body_invalid"),
        ("preferences", {"custom": []}, "body_invalid"),
        ("notifications", {"muted": ["guard.burst"]}, "settings_invalid"),
        ("auth", {"session_hours": 25}, "body_invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(acme: Cast, namespace: str, body: dict[str, Any], code: str) -> None:
    """By its form, or by what it means."""
    before = acme.owner.get(SETTINGS).ok()
    acme.owner.put(f"{SETTINGS}/{namespace}", body).refused(400, code)
    assert acme.owner.get(SETTINGS).ok() == before


def test_an_unknown_namespace_is_not_there(acme: Cast) -> None:
    """As any address that is none."""
    assert acme.owner.get(f"{SETTINGS}/nothing").status == 404
