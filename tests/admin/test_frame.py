"""What every page of the console stands in."""

from __future__ import annotations

import pytest

from connector.accounts.sessions import Proof
from tests.support.console import Console
from tests.support.world import OWNER, live, staged


def test_who_is_signed_out_signs_in_and_comes_back(console: Console) -> None:
    """The address asked for is kept."""
    assert console.nobody().get("/admin/acme?x=1").location == "/login?next=%2Fadmin%2Facme%3Fx%3D1"


def test_an_organization_that_does_not_open_is_as_one_that_there_is_not(console: Console) -> None:
    """A stranger learns nothing from the answer: but for its reference it is the same."""
    staged(console.database)
    stranger = console.as_("eve@elsewhere.example")
    pages = [stranger.get(f"/admin/{slug}") for slug in ("acme", "nowhere")]
    assert [page.status for page in pages] == [404, 404]
    first, second = (page.text.replace(page.headers["X-Connector-Reference"], "") for page in pages)
    assert first.replace("acme", "nowhere") == second


@pytest.mark.parametrize(("role", "shown"), [("owner", True), ("member", False)])
def test_the_navigation_shows_what_a_role_may_see(console: Console, role: str, shown: bool) -> None:
    """Members see no pages of the identity provider."""
    acme = staged(console.database)
    acme.invited("bob@acme.example", role)
    page = console.as_("bob@acme.example").get("/admin/acme")
    assert page.status == 200
    assert ("Mapping" in page.links) is shown


def test_a_break_glass_owner_is_let_into_an_organization_in_sso(console: Console) -> None:
    """An e-mail link alone does not open it."""
    acme = live(console.database)
    assert console.as_(OWNER).get("/admin/acme").status == 404
    assert console.as_(OWNER, Proof("break_glass", acme.organization)).get("/admin/acme").status == 200


def test_letters_that_no_database_keeps_are_refused(console: Console) -> None:
    """In an address, and in a form: PostgreSQL has no NUL in texts, and it is no failure of ours."""
    staged(console.database)
    owner = console.as_(OWNER)
    refused = [owner.get("/admin/acme/people/%00"), owner.get("/admin/acme/people?after=%00")]
    refused += [owner.post("/admin/acme/people/add", {"username": "a\x00"})]
    assert [page.status for page in refused] == [404, 404, 400]
    assert [page.headers["X-Connector-Error"] for page in refused] == ["not_found", "not_found", "form_invalid"]
