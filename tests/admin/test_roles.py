"""Roles: what each may, and a change of the catalogue, which is looked at before it is made."""

from __future__ import annotations

import pytest

from connector.membership.roles import PERMISSIONS
from connector.web.permission_words import WORDS
from tests.support.console import Browser, Console
from tests.support.world import OWNER, World, staged

BOB = "bob@acme.example"


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation: its founder, and Bob, a member."""
    world = staged(console.database)
    world.invited(BOB, "member")
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.as_(OWNER)


def test_every_permission_is_said_in_words() -> None:
    """One that is new must be put into words here as well."""
    assert set(WORDS) == PERMISSIONS


def test_a_role_is_made_and_offered(owner: Browser) -> None:
    """It begins with what the default role may; the plan is applied as looked at."""
    page = owner.submit(owner.get("/admin/acme/roles/new"), "See what would change", name="auditor", permission=["audit.read"])
    page = owner.submit(page, "Change the roles")
    assert "for everybody at once" in page.words
    assert "auditor" in page.words
    assert owner.get("/admin/acme/roles/auditor").form("See what would change").fields["permission"] == ["org.read", "audit.read"]


def test_what_somebody_else_changed_meanwhile_is_not_taken_back(owner: Browser) -> None:
    """A plan of other roles than there are now is refused, and does nothing."""
    first = owner.submit(owner.get("/admin/acme/roles/new"), "See what would change", name="auditor")
    second = owner.submit(owner.get("/admin/acme/roles/new"), "See what would change", name="helper")
    assert "auditor" in owner.submit(first, "Change the roles").words
    refused = owner.submit(second, "Change the roles")
    assert (refused.status, refused.headers["X-Connector-Error"]) == (409, "roles_changed")
    after = owner.get("/admin/acme/roles").words
    assert "auditor" in after
    assert "helper" not in after


def test_a_role_that_cannot_be_is_refused_where_it_was_typed(owner: Browser) -> None:
    """A rank that another role has."""
    page = owner.submit(owner.get("/admin/acme/roles/new"), "See what would change", name="auditor", rank="40")
    fields = page.form("See what would change").fields
    assert (page.status, fields["name"], fields["rank"]) == (400, ["auditor"], ["40"])


def test_a_role_that_somebody_holds_is_not_removed(owner: Browser) -> None:
    """The refusal says who holds it."""
    page = owner.get("/admin/acme/roles")
    assert "Remove the role member, after seeing what it would change" not in page.buttons  # the default role
    page = owner.submit(page, "Remove the role billing, after seeing what it would change")
    owner.submit(page, "Change the roles")
    assert owner.get("/admin/acme/roles/billing").status == 404


def test_members_read_the_roles_and_change_none(console: Console, acme: World) -> None:
    """Neither a link nor an address leads to a change."""
    bob = console.as_(BOB)
    page = bob.get("/admin/acme/roles")
    assert page.status == 200
    assert "Make a role" not in page.links
    assert bob.post("/admin/acme/roles/member", {"name": "member", "rank": "20"}).status == 403
