"""ORGANIZATIONS.md part A: the five catalogues of roles, as data."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.site import Site, gone, made

CATALOGUES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "openhands": (("owner", "admin", "member"), "member", "owner"),
    "together": (("admin", "member"), "member", "admin"),
    "apolo": (("admin", "manager", "user"), "user", "admin"),
    "onet": (("owner", "editor", "viewer", "guest"), "viewer", "owner"),
    "oagents": (("owner", "admin", "member", "billing"), "member", "owner"),
}
"""Roles from the highest, the default role, what the creator gets."""

ASSIGNED: dict[str, dict[str, set[str]]] = {
    "openhands": {"owner": {"owner", "admin", "member"}, "admin": {"admin", "member"}, "member": set()},
    "together": {"admin": {"admin", "member"}, "member": set()},
    "apolo": {"admin": {"admin", "manager", "user"}, "manager": {"manager", "user"}, "user": set()},
    "onet": {"owner": {"owner", "editor", "viewer", "guest"}, "editor": set(), "viewer": set(), "guest": set()},
    "oagents": {
        "owner": {"owner", "admin", "member", "billing"},
        "admin": {"admin", "member", "billing"},
        "member": set(),
        "billing": set(),
    },
}
"""Who may assign what."""


def by_rank(catalogue: Any) -> list[str]:
    """The names of roles, highest first."""
    return [each["name"] for each in sorted(catalogue["roles"], key=lambda each: -each["rank"])]


def test_A_there_are_five_presets_to_choose_from(site: Site) -> None:
    """GET /api/presets lists five, each with its roles."""
    told = {each["name"]: each for each in site.person("ada").get("/api/presets").ok()["items"]}
    assert {name: (tuple(by_rank(each)), each["default_role"], each["creator_role"]) for name, each in told.items()} == CATALOGUES


@pytest.mark.parametrize("preset", CATALOGUES)
def test_A_an_organization_begins_with_the_catalogue_of_its_preset(site: Site, preset: str) -> None:
    """POST /api/orgs {preset}, then GET /roles equals the line of the preset; the creator has the top role, alone."""
    roles, default, creator = CATALOGUES[preset]
    acme = site.organization(preset)
    told = acme.owner.get(acme / "roles").ok()
    assert (tuple(by_rank(told)), told["default_role"]) == (roles, default)
    assert [each["name"] for each in told["roles"] if each["top"]] == [creator]
    assert {each["name"] for each in told["roles"] if not each["can_own"]} == ({"billing"} if preset == "oagents" else set())
    assert {each["name"] for each in told["roles"] if not each["org_visible"]} == ({"guest"} if preset == "onet" else set())
    assert {email: each["role"] for email, each in acme.members().items()} == {"owner@acme.example": creator}


@pytest.mark.parametrize("preset", CATALOGUES)
def test_A_nobody_gives_a_role_above_their_ceiling(site: Site, preset: str) -> None:
    """Each role invites to each role: what the preset lets it assign, and nothing else."""
    acme = site.organization(preset)
    top = CATALOGUES[preset][0][0]
    for actor in CATALOGUES[preset][0]:
        who = acme.owner if actor == top else acme.joined(f"a-{actor}", actor)
        subject = acme.joined(f"s-{actor}")
        for role in reversed(CATALOGUES[preset][0]):
            answer = who.patch(acme.member(subject), {"role": role})
            assert answer.status == (200 if role in ASSIGNED[preset][actor] else 403), (actor, role, answer.text)


def test_A_roles_of_ones_own_may_be_added_and_one_top_role_remains(site: Site) -> None:
    """PUT /roles may add custom roles; 409 if no `top` role remains, or two."""
    acme = site.organization("oagents")
    catalogue = acme.owner.get(acme / "roles").ok()
    roles = [{**each, "rank": each["rank"] + 1} for each in catalogue["roles"]]
    auditor = {"name": "auditor", "rank": 1, "can_own": False, "permissions": ["org.read", "audit.read"]}
    wanted = [*roles, {**roles[0], "top": False, **auditor}]
    acme.owner.put(acme / "roles", {"roles": wanted, "default_role": "member"}).ok()
    ada = acme.joined("ada", "auditor")
    ada.get(acme / "audit").ok()
    ada.post(acme / "teams", {"name": "Eng"}).refused(403, "permission_missing")
    for tops in ((), ("owner", "admin")):
        changed = [{**each, "top": each["name"] in tops} for each in wanted]
        acme.owner.put(acme / "roles", {"roles": changed}).refused(409, "no_top_role")


def test_A_the_top_role_is_never_without_an_active_holder(site: Site) -> None:
    """Whatever its name is in the catalogue, the code stays `last_owner`."""
    for preset in ("together", "oagents"):
        acme = site.organization(preset, name=preset, owner=f"{preset}-owner")
        default = CATALOGUES[preset][1]
        acme.owner.patch(acme.member(acme.owner), {"role": default}).refused(409, "last_owner")
        acme.owner.delete(acme.member(acme.owner)).refused(409, "last_owner")
        acme.owner.post(f"{acme.member(acme.owner)}/suspend").refused(409, "last_owner")
        second = acme.joined(f"{preset}-second", CATALOGUES[preset][2])
        gone(second.delete(acme.member(acme.owner)))
        assert made(second.post(acme / "invitations", {"email": "more@acme.example"}))["status"] == "pending"
