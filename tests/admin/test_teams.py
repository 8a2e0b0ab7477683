"""Teams: made, filled, granted, renamed, deleted; and what rules hold in place."""

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


def made(owner: Browser, name: str = "Engineering") -> str:
    """The address of a new team."""
    page = owner.submit(owner.get("/admin/acme/teams"), "Make the team", name=name)
    return page.path


def test_a_team_is_made_filled_and_emptied(owner: Browser) -> None:
    """Each step says what it did."""
    page = owner.submit(owner.get("/admin/acme/teams"), "Make the team", name="Engineering")
    assert "The team is made." in page.words
    page = owner.submit(page, "Put in", who=BOB, level="maintainer")
    assert page.rows == [f"{BOB} Maintainer Make member Take out"]
    page = owner.submit(page, f"Make member: {BOB}")
    assert page.rows == [f"{BOB} Member Make maintainer Take out"]
    page = owner.submit(page, f"Take out {BOB}, of Engineering")
    assert "Nobody is in it yet" in page.words


def test_the_form_sent_twice_makes_one_team(owner: Browser) -> None:
    """A second click, or a reload."""
    form = owner.get("/admin/acme/teams").form("Make the team")
    for _ in range(2):
        assert (
            owner.post(form.action, {**form.fields, "name": "Engineering"}).location == "/admin/acme/teams/engineering?done=made"
        )
    assert len(owner.get("/admin/acme/teams").rows) == 1


def test_what_was_typed_stays_when_it_is_refused(owner: Browser) -> None:
    """A slug that is taken; an address that is nobody's."""
    path = made(owner)
    page = owner.submit(owner.get("/admin/acme/teams"), "Make the team", name="Once more", slug="engineering")
    assert (page.status, page.form("Make the team").fields["name"]) == (409, ["Once more"])
    page = owner.submit(owner.get(path.partition("?")[0]), "Put in", who="nobody@acme.example")
    assert (page.status, page.form("Put in").fields["who"]) == (409, ["nobody@acme.example"])
    assert "alert" in page.text


def test_a_team_is_deleted_after_saying_what_goes_with_it(owner: Browser) -> None:
    """No script asks; a page does."""
    page = owner.submit(owner.get(made(owner).partition("?")[0]), "Put in", who=BOB)
    page = owner.get(page.link("Delete …"))
    assert "1 person loses their place" in page.words
    page = owner.submit(page, "Delete the team")
    assert "The team is deleted" in page.words
    assert "No teams yet" in page.words


def test_members_see_teams_and_change_nothing(console: Console, owner: Browser) -> None:
    """But they may leave, and maintainers run theirs."""
    path = made(owner).partition("?")[0]
    owner.submit(owner.get(path), "Put in", who=BOB)
    bob = console.as_(BOB)
    assert bob.get("/admin/acme/teams").buttons == []
    assert bob.get(path).buttons == ["Leave Engineering"]
    owner.submit(owner.get(path), f"Make maintainer: {BOB}")
    assert "Put in" in bob.get(path).buttons
    assert bob.post(f"{path}/delete").status == 403


def test_a_team_that_rules_fill_says_so_and_offers_no_change(console: Console) -> None:
    """The lock names the rules and leads to them."""
    acme = live(console.database)
    acme.rule(group="Engineering", team="engineering")
    acme.group("Engineering", acme.create("ada"))
    page = console.owner(acme).get("/admin/acme/teams/engineering")
    assert "Rules fill this team." in page.words
    assert page.link("See the rules") == "/admin/acme/mapping"
    assert page.rows == ["Ada ada@acme.example Member by a rule: mapping"]
    assert "Rename" not in page.buttons


def test_everybody_is_granted_a_resource_and_it_is_taken_back(owner: Browser) -> None:
    """An application's resource, by kind and id; one that there is not is refused where it was typed."""
    page = owner.submit(owner.get("/admin/acme/teams"), "Grant", kind="agent", resource="none")
    assert page.status == 404
    assert page.form("Grant").fields["resource"] == ["none"]
