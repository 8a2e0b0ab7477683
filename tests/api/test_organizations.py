"""Organizations over HTTP: founding, listing, changing, and who may (ORGANIZATIONS.md OA-1 to OA-10, ON-1 to ON-3)."""

from __future__ import annotations

import pytest

from connector.membership.roles import PRESETS
from tests.support.api import Api

ADA, BOB = "ada@acme.example", "bob@acme.example"


def test_presets_are_listed_with_their_roles(api: Api) -> None:
    """Part A: five, each with its roles, highest first."""
    told = api.as_(ADA).get("/api/presets").ok()["items"]
    assert [each["name"] for each in told] == list(PRESETS)
    assert [role["name"] for role in told[-1]["roles"]] == ["owner", "admin", "member", "billing"]


def test_two_of_one_name_have_two_slugs_and_an_owner_each(api: Api) -> None:
    """OA-5: the slug is made from the name and made unique; who makes it is its only owner."""
    ada = api.as_(ADA)
    made = [ada.post("/api/orgs", {"display_name": "Acme Inc"}).ok() for _ in range(2)]
    assert [each["slug"] for each in made] == ["acme-inc", "acme-inc-2"]
    assert [each["role"] for each in made] == ["owner", "owner"]
