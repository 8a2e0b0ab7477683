"""The catalogue of roles over HTTP (part A of ORGANIZATIONS.md): each preset's line, custom roles, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from connector.membership.roles import PRESETS
from tests.api.test_members import MEMBER, org
from tests.support.api import Api

KEPT = ("name", "rank", "top", "can_own", "org_visible", "permissions")


def described(roles: list[dict[str, Any]], **more: dict[str, Any]) -> list[dict[str, Any]]:
    """The roles of an answer as a body, with changes by name."""
    return [{**{key: role[key] for key in KEPT}, **more.pop(role["name"], {})} for role in roles] + [
        {"name": name, **role} for name, role in more.items()
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_roles_of_an_organization_are_those_of_its_preset(api: Api, preset: str) -> None:
    """Part A: GET tells the line of the table, highest first, with the default; who made it holds the creator's role."""
    home, owner = org(api, preset)
    told, wanted = owner.get(f"{home}/roles").ok(), PRESETS[preset]
    ranked = sorted(wanted.catalogue.roles, key=lambda role: -role.rank)
    assert [(each["name"], each["top"], set(each["permissions"])) for each in told["roles"]] == [
        (role.name, role.top, set(role.permissions)) for role in ranked
    ]
    assert told["default_role"] == wanted.catalogue.default
    assert owner.get(home).ok()["role"] == wanted.creator


def test_a_role_of_ones_own_is_added_and_given(api: Api) -> None:
    """PUT replaces the whole catalogue; what the new role may counts from the next request on; one audit entry."""
    home, owner = org(api, member="member")
    known = owner.get(f"{home}/roles").ok()
    auditor = {"rank": 25, "permissions": ["audit.read", "org.participants.read"]}
    plan = owner.put(f"{home}/roles", {"roles": described(known["roles"], auditor=auditor)}).ok()
    assert (plan["applied"], plan["changes"]) == (True, [])
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "auditor"}).ok()
    assert [each["action"] for each in api.as_(MEMBER).get(f"{home}/audit").ok()["items"]][:2] == ["member.changed", "roles.changed"]
