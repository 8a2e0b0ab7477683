"""Invitations: sent, sent again, cancelled; and why there are none where an identity provider decides."""

from __future__ import annotations

import pytest

from tests.support.console import Browser, Console
from tests.support.world import OWNER, World, live, staged

NEW = "new@elsewhere.example"


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation."""
    return staged(console.database)


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """Its founder."""
    return console.as_(OWNER)


def test_somebody_is_invited_reminded_and_taken_off_again(owner: Browser) -> None:
    """One invitation for an address; the second says so and keeps what was typed."""
    page = owner.submit(owner.get("/admin/acme/invitations"), "Invite", email=NEW, role="admin")
    assert "on its way" in page.words
    assert [row.split()[0] for row in page.rows] == [NEW]
    again = owner.submit(page, "Invite", email=NEW, role="member")
    assert (again.status, again.form("Invite").fields) == (
        409,
        {**again.form("Invite").fields, "email": [NEW], "role": ["member"]},
    )
    page = owner.submit(page, f"Send again the invitation of {NEW}")
    assert "the old one is dead" in page.words
    page = owner.submit(page, f"Cancel the invitation of {NEW}")
    assert "Nobody is waiting" in page.words
    assert "Cancelled" in owner.get("/admin/acme/invitations?status=all").rows[0]


@pytest.mark.parametrize(
    ("role", "offered"), [("owner", ["owner", "admin", "member", "billing"]), ("admin", ["admin", "member", "billing"])]
)
def test_only_roles_up_to_ones_ceiling_are_offered(console: Console, acme: World, role: str, offered: list[str]) -> None:
    """An admin makes no owners."""
    acme.invited("somebody@acme.example", role)
    page = console.as_("somebody@acme.example").get("/admin/acme/invitations")
    assert page.tree.xpath("//select[@name='role']/option/@value") == offered


def test_members_invite_nobody_and_are_told_what_it_takes(console: Console, acme: World) -> None:
    """The refusal stands in the console, whose navigation leads on."""
    acme.invited("bob@acme.example", "member")
    page = console.as_("bob@acme.example").get("/admin/acme/invitations")
    assert (page.status, page.headers["X-Connector-Error"]) == (403, "permission_missing")
    assert "Members" in page.links


def test_in_sso_the_page_says_why_there_are_none_and_how_people_get_in(console: Console) -> None:
    """And leads to where that is changed."""
    acme = live(console.database)
    page = console.owner(acme).get("/admin/acme/invitations")
    assert "There are no invitations here" in page.words
    assert page.link("Go back to invitations …") == "/admin/acme/mode"
    assert page.buttons == []
