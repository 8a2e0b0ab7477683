"""Members over HTTP: lists, roles, suspensions, removal and leaving, and who may (OA-12 to OA-25, AP-2, AP-11 to AP-16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api import Api, Client

OWNER, ADMIN, MEMBER, OTHER = (f"{name}@acme.example" for name in ("owner", "admin", "member", "other"))


def org(api: Api, preset: str = "oagents", **people: str) -> tuple[str, Client]:
    """An organization of this preset with OWNER at its top and these people, named by role; returns its address and OWNER."""
    owner = api.as_(OWNER)
    home = "/api/orgs/" + owner.post("/api/orgs", {"display_name": "Acme", "preset": preset}).ok()["id"]
    for name, role in people.items():
        added(api, owner, home, f"{name}@acme.example", role)
    return home, owner


def added(api: Api, owner: Client, home: str, email: str, role: str) -> str:
    """Somebody with an account is added with a role; returns the id of the person."""
    person = api.person(email)
    owner.put(f"{home}/members", {"email": email, "role": role}).ok()
    return person


def audit(client: Client, home: str) -> list[dict[str, Any]]:
    """What the trail says, newest first."""
    return list(client.get(f"{home}/audit").ok()["items"])


def test_somebody_is_added_by_the_user_name_they_handed_over(api: Api) -> None:
    """AP-2: whoever has an account is a member at once, by hand; an unknown name is told as one."""
    home, owner = org(api, "apolo")
    ada = api.as_("ada@elsewhere.example")
    ada.patch("/api/me", {"username": "Ada.L"}).ok()
    made = owner.put(f"{home}/members", {"username": "ada.l"}).ok()
    assert (made["email"], made["role"], made["source"], made["status"]) == ("ada@elsewhere.example", "user", "manual", "active")
    assert [each["id"] for each in ada.get("/api/orgs").ok()["items"]] == [home.rpartition("/")[2]]
    owner.put(f"{home}/members", {"username": "nobody"}).refused(404, "person_not_found")
    owner.put(f"{home}/members", {"username": "ada.l"}).refused(409, "already_member")
