"""ORGANIZATIONS.md part E: OnetSolutions, settings (ON-15)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.site import Site

CHANGES: dict[str, dict[str, Any]] = {
    "general": {"support_url": "https://help.acme.example", "member_base_level": "read", "invitation_days": 14},
    "preferences": {"locale": "cs", "timezone": "Europe/Prague", "custom": {"theme": "dark"}},
    "notifications": {"muted": ["token.expiring"]},
    "auth": {"session_hours": 8, "member_may_leave": True},
}


@pytest.mark.parametrize("namespace", CHANGES)
def test_ON_15_settings_are_changed_by_owners(site: Site, namespace: str) -> None:
    """PUT each: 200 for an owner, 403 for an editor, who reads them; one audit entry with what was and what is."""
    acme = site.organization("onet")
    editor, path, wanted = acme.joined("ada", "editor"), acme / f"settings/{namespace}", CHANGES[namespace]
    was = acme.owner.get(path).ok()
    before = {name: was[name] for name in wanted}
    editor.put(path, wanted).refused(403, "permission_missing")
    acme.owner.put(path, wanted).ok()
    told = editor.get(path).ok()
    assert {name: told[name] for name in wanted} == wanted != before
    [entry] = acme.entries("settings.changed")
    assert (entry["actor"], entry["before"], entry["after"]) == ("owner@acme.example", before, wanted)


def test_ON_15_the_name_is_a_setting_too_and_auth_tells_the_mode(site: Site) -> None:
    """The name by PATCH of the organization; how members come is shown beside the settings of signing in."""
    acme = site.organization("onet")
    editor = acme.joined("ada", "editor")
    editor.patch(str(acme), {"display_name": "Mine"}).refused(403, "permission_missing")
    assert acme.owner.patch(str(acme), {"display_name": "Acme Hosting"}).ok()["display_name"] == "Acme Hosting"
    assert acme.owner.get(acme / "settings/auth").ok()["mode"] == "invitation"
