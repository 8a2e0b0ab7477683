"""The provisioning log in the console: what the IdP asked, what it changed, and how a refusal is mended there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.directory import log
from tests.support.console import Browser, Console
from tests.support.world import World, live, staged

LOG = "/admin/acme/log"


@pytest.fixture
def acme(console: Console) -> World:
    """An organization with a live directory and three requests: a person, a group, and one that was refused."""
    world = live(console.database)
    ada = world.create("ada")
    world.rule(group="Engineering", team="engineering")
    world.group("Engineering", ada)
    told = {"arrived": "userName ada is taken.", "expected": "another userName", "advice": "See whose it is: `connector log`."}
    log.record_refusal(console.database, world.client, meaning="create user ada", status=409, **told)
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.owner(acme)


def test_each_request_says_what_it_meant_and_whom_it_changed(owner: Browser) -> None:
    """Newest first, with the change, its reason, and who asked."""
    page = owner.get(LOG)
    assert page.words.index("Create user ada") < page.words.index("Create group Engineering with 1 members")
    assert page.rows[0].startswith("ada@acme.example team engineering")
    assert "Asked by Okta SCIM Client 1.0.0 (192.0.2.1) through Okta , answered with 201." in page.words


def test_a_refusal_says_what_arrived_what_was_expected_and_how_it_is_mended_in_this_provider(owner: Browser) -> None:
    """In Okta's words, for it is Okta that sent it."""
    page = owner.get(f"{LOG}?status=refused")
    assert "What arrived userName ada is taken." in page.words
    assert "What was expected another userName" in page.words
    assert "At Okta:" in page.words
    assert "Create group" not in page.words


@pytest.mark.parametrize(
    ("query", "found", "not_found"),
    [
        ("q=engineering", "Create group Engineering", "Create user ada"),
        ("q=ENGIN&status=refused", "Nothing found", "Create group"),
        ("status=ok", "Create group Engineering", "Refused Create user ada"),
        ("q=%25", "Nothing found", "Create user"),
        (f"since={datetime.now(UTC):%Y-%m-%d}", "Create user ada", "Nothing found"),
        (f"until={datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}", "Nothing found", "Create user"),
    ],
)
def test_filters_hold_together(owner: Browser, query: str, found: str, not_found: str) -> None:
    """What is typed for a search is no wildcard; days are whole, in UTC."""
    page = owner.get(f"{LOG}?{query}")
    results = page.section("results")
    assert found in results
    assert not_found not in results


def test_filters_stay_on_the_next_page(owner: Browser, acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link to older entries keeps what was asked for."""
    monkeypatch.setattr("connector.admin.log.PAGE", 1)
    acme.create("bob")
    page = owner.get(f"{LOG}?q=user")
    assert "Create user bob" in page.words
    assert "Create user ada" not in page.words
    older = owner.get(page.link("Next page"))
    assert "Create user ada" in older.words
    assert "q=user" in older.link("First page")


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-02-30", "until=10000-01-01", "after=x"])
def test_a_day_that_is_none_is_told_in_the_frame(owner: Browser, query: str) -> None:
    """The navigation stays, and what was expected is said."""
    page = owner.get(f"{LOG}?{query}")
    assert page.status == 400
    assert page.link("Provisioning log") == LOG


def test_the_last_day_there_is_ends_nothing(owner: Browser) -> None:
    """As no day comes behind it."""
    assert len(owner.get(f"{LOG}?until=9999-12-31").rows) == len(owner.get(LOG).rows)


def test_ids_stand_apart_from_names(owner: Browser, acme: World) -> None:
    """A person is read by name; the whole of what was asked stands in the details."""
    bob = acme.create("bob")
    acme.edit(bob, active=False)
    page = owner.get(LOG)
    assert "Deactivate: patch user bob" in page.words
    assert f"In full: deactivate: patch user {bob} (bob)" in page.words


def test_one_connection_of_several_can_be_looked_at(owner: Browser, acme: World) -> None:
    """Then its name stands beside each request, or in the filter."""
    entra = acme.another("Entra")
    entra.create("zoe")
    assert "Entra ," in owner.get(LOG).section("results")
    page = owner.submit(owner.get(LOG), "Search", connection=acme.connection)
    assert "zoe" not in page.section("results")
    assert owner.get(f"{LOG}?connection=nowhere").status == 404


def test_names_from_the_provider_are_text(owner: Browser, acme: World) -> None:
    """Whatever an IdP calls a group."""
    acme.group("<script>alert(1)</script>")
    assert "<script>alert" not in owner.get(LOG).text


def test_an_empty_log_says_what_comes_first(console: Console) -> None:
    """With a connection and without."""
    staged(console.database)
    page = console.as_("owner@acme.example").get(LOG)
    assert "Nothing was pushed yet" in page.words


def test_members_do_not_see_it(console: Console, acme: World) -> None:
    """It is for whoever manages sign-on; the navigation does not show it."""
    world = staged(console.database, slug="beta", verified=())
    world.invited("bob@beta.example", "member")
    bob = console.as_("bob@beta.example")
    assert "Provisioning log" not in bob.get("/admin/beta").links
    assert bob.get("/admin/beta/log").status == 403
    assert bob.get(LOG).status == 404
