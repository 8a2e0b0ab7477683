"""Projects: made, filled, with keys of their own, deleted."""

from __future__ import annotations

import pytest

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


def test_a_project_is_made_filled_and_deleted(owner: Browser) -> None:
    """Whoever makes it is its admin."""
    page = owner.submit(owner.get("/admin/acme/projects"), "Make the project", name="Website")
    assert "you are its admin" in page.words
    page = owner.submit(page, "Put in", who=BOB, level="viewer")
    assert any(BOB in row for row in page.rows)
    page = owner.submit(page, f"Take out {BOB}, of Website")
    assert not any(BOB in row for row in page.rows)
    page = owner.submit(owner.get(page.link("Delete …")), "Delete the project")
    assert "The project is deleted" in page.words


def test_a_key_of_a_project_is_shown_once_also_when_the_page_is_loaded_again(owner: Browser) -> None:
    """The form sent again shows the same key and makes no other."""
    page = owner.submit(owner.get("/admin/acme/projects"), "Make the project", name="Website")
    form = page.form("Make a key")
    shown = [owner.post(form.action, {**form.fields, "name": "deploy"}) for _ in range(2)]
    keys = {each.tree.xpath("//*[@class='copy-value']/text()")[0] for each in shown}
    assert len(keys) == 1
    page = owner.get("/admin/acme/projects/website")
    assert keys.pop() not in page.text
    assert [each for each in page.buttons if each.startswith("Revoke")] == ["Revoke the key deploy"]
    assert "Revoke the key deploy" not in owner.submit(page, "Revoke the key deploy").buttons


def test_a_project_one_may_not_see_does_not_exist(console: Console, owner: Browser) -> None:
    """Neither in the list nor by its address."""
    owner.submit(owner.get("/admin/acme/projects"), "Make the project", name="Website")
    bob = console.as_(BOB)
    assert bob.get("/admin/acme/projects").rows == []
    assert bob.get("/admin/acme/projects/website").status == 404
