"""Keys, break-glass owners, settings, leaving and deleting."""

from __future__ import annotations

import pytest

from tests.support.console import Browser, Console
from tests.support.world import OWNER, World, live, staged

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


def test_a_key_is_shown_once_and_revoked(owner: Browser) -> None:
    """With the permissions that were ticked, where not all are wanted."""
    page = owner.submit(owner.get("/admin/acme/keys"), "Make the key", name="report", reach="some", scope=["audit.read"])
    assert "shown this once" in page.words
    key = page.tree.xpath("//*[@class='copy-value']/text()")[0]
    page = owner.get("/admin/acme/keys")
    assert key not in page.text
    assert "audit.read" in page.rows[0]
    assert "Revoked" in owner.submit(page, "Revoke the key report").rows[0]


def test_a_key_for_some_things_only_says_which(owner: Browser) -> None:
    """With nothing ticked none is made: it could do everything."""
    page = owner.submit(owner.get("/admin/acme/keys"), "Make the key", name="report", reach="some")
    assert (page.status, page.rows) == (400, [])
    assert "Nothing is ticked" in page.words
    assert page.form("Make the key").fields["name"] == ["report"]


def test_a_member_makes_keys_of_their_own_and_sees_no_others(console: Console, owner: Browser) -> None:
    """And is offered only permissions that they hold."""
    owner.submit(owner.get("/admin/acme/keys"), "Make the key", name="of the owner")
    page = console.as_(BOB).get("/admin/acme/keys")
    assert page.rows == []
    assert "sso.manage" not in page.text


def test_a_break_glass_owner_is_named_gets_codes_and_the_last_one_stays(console: Console) -> None:
    """In `sso` there is always one; the refusal stands on the page."""
    acme = live(console.database)
    owner = console.owner(acme)
    page = owner.get("/admin/acme/break-glass")
    form = page.form(f"Make codes for {OWNER}")
    shown = [owner.post(form.action, form.fields).tree.xpath("//ul[contains(@class, 'codes')]//code/text()") for _ in range(2)]
    assert shown[0] == shown[1]
    assert len(shown[0]) == 10
    page = owner.get(page.link(f"Take back break-glass from {OWNER}"))
    refused = owner.submit(page, "Take it back")
    assert (refused.status, refused.headers["X-Connector-Error"]) == (409, "last_break_glass")


def test_nobody_is_named_who_is_no_member(owner: Browser) -> None:
    """What was typed stays."""
    page = owner.submit(owner.get("/admin/acme/break-glass"), "Name them", email="eve@elsewhere.example")
    assert (page.status, page.form("Name them").fields["email"]) == (404, ["eve@elsewhere.example"])


def test_the_organization_is_renamed_and_found_under_its_new_address(owner: Browser) -> None:
    """A slug that cannot be is refused where it was typed."""
    page = owner.submit(owner.get("/admin/acme/settings"), "Save", display_name="Acme Inc", slug="Not a slug")
    assert (page.status, page.form("Save").fields["slug"]) == (400, ["Not a slug"])
    page = owner.submit(page, "Save", slug="acme-inc")
    assert page.path.startswith("/admin/acme-inc/settings")
    assert "has its new name" in page.words
    assert owner.get("/admin/acme/settings").status == 404


@pytest.mark.parametrize(
    ("which", "filled", "shown"),
    [
        (1, {"invitation_days": "14", "member_base_level": "read"}, {"invitation_days": ["14"], "member_base_level": ["read"]}),
        (2, {"session_hours": "8", "member_may_leave": True}, {"session_hours": ["8"], "member_may_leave": ["yes"]}),
        (3, {"mail": ["token.expiring"]}, {"mail": ["token.expiring"]}),
        (4, {"timezone": "Europe/Berlin"}, {"timezone": ["Europe/Berlin"]}),
    ],
)
def test_settings_are_saved_form_by_form(
    owner: Browser, which: int, filled: dict[str, object], shown: dict[str, list[str]]
) -> None:
    """What a form has changes, what others have stays."""
    page = owner.submit(owner.get("/admin/acme/settings"), "Save", which, **filled)
    assert "The settings are saved." in page.words
    fields = page.form("Save", which=which).fields
    assert {name: fields[name] for name in shown} == shown


def test_a_setting_that_cannot_be_is_refused_where_it_was_typed(owner: Browser) -> None:
    """Nothing of the form is saved."""
    page = owner.submit(owner.get("/admin/acme/settings"), "Save", 1, invitation_days="99")
    assert (page.status, page.form("Save", which=1).fields["invitation_days"]) == (400, ["99"])
    assert owner.get("/admin/acme/settings").form("Save", which=1).fields["invitation_days"] == ["7"]


def test_of_two_who_change_the_same_settings_the_second_is_told(owner: Browser) -> None:
    """What they chose stays, and saving again sets it; other settings are not in the way."""
    page = owner.get("/admin/acme/settings")
    first, second, *_ = page.tree.xpath("//input[@name='mail']/@value")
    owner.submit(page, "Save", 1, invitation_days="9")
    wanted = {each: [kind for kind in page.form("Save", which=3).fields["mail"] if kind != each] for each in (first, second)}
    owner.submit(page, "Save", 3, mail=wanted[first])
    refused = owner.submit(page, "Save", 3, mail=wanted[second])
    assert (refused.status, refused.headers.get("X-Connector-Error")) == (412, None)
    assert "Somebody else changed these settings meanwhile" in refused.words
    assert refused.form("Save", which=3).fields["mail"] == wanted[second]
    assert owner.get("/admin/acme/settings").form("Save", which=3).fields["mail"] == wanted[first]
    owner.submit(refused, "Save", 3, mail=wanted[second])
    assert owner.get("/admin/acme/settings").form("Save", which=3).fields["mail"] == wanted[second]


def test_members_see_settings_and_may_leave(console: Console, owner: Browser) -> None:
    """After leaving the organization does not open any more."""
    bob = console.as_(BOB)
    page = bob.get("/admin/acme/settings")
    assert page.buttons == []
    bob.submit(bob.get(page.link("Leave the organization …")), "Leave")
    assert bob.get("/admin/acme").status == 404


def test_the_last_owner_does_not_leave(owner: Browser) -> None:
    """The refusal says what to do first."""
    page = owner.submit(owner.get("/admin/acme/leave"), "Leave")
    assert (page.status, page.headers["X-Connector-Error"]) == (409, "last_owner")


def test_deleting_takes_the_name_letter_by_letter(owner: Browser) -> None:
    """A wrong one deletes nothing."""
    page = owner.submit(owner.get("/admin/acme/delete"), "Delete it", name="acme?")
    assert (page.status, "nothing was deleted" in page.words) == (400, True)
    name = page.tree.xpath("//main//form//strong")[0].text_content()
    owner.submit(page, "Delete it", name=name)
    assert owner.get("/admin/acme").status == 404
