"""Sign-ins in the console: how far each came, and how it is mended at the identity provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.directory import requests, traces
from connector.directory.requests import Sending
from connector.directory.traces import Trace
from tests.support.console import Browser, Console
from tests.support.world import World, live, staged

PAGE = "/admin/acme/sign-ins"
NOW = datetime.now(UTC)


@pytest.fixture
def acme(console: Console) -> World:
    """An organization with a live directory."""
    return live(console.database)


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.owner(acme)


def tried(acme: World, code: str = "ok", *, purpose: str = "sign_in", **said: Any) -> None:
    """Somebody tried to sign in."""
    stage = said.pop("stage", "done" if code == "ok" else "check")
    traces.record(acme.database, Trace(acme.connection, purpose, stage, code, **said), said.get("now", NOW))


def test_a_refused_sign_in_says_what_arrived_what_was_expected_and_where_to_click(owner: Browser, acme: World) -> None:
    """The provider's own label and path, what was read of the message, and the reference."""
    facts = {"audience": "https://app.acme.example/saml", "audience_expected": "https://id.example.com/x", "groups": []}
    said = {"detail": "The assertion is meant for another one.", "expected": "the entity id", "advice": "Copy the entity id."}
    tried(acme, "saml_audience", reference="ab12cd", facts=facts, message="<Response/>", address="192.0.2.7", **said)
    page = owner.get(PAGE)
    for words in (
        "Refused The assertion is meant for another one.",
        "What was expected the entity id",
        "At Okta:",
        "It arrived as https://app.acme.example/saml and must be https://id.example.com/x",
        "groups none",
        "Through Okta from 192.0.2.7 . saml_audience Reference ab12cd",
    ):
        assert words in page.words
    assert "&lt;Response/&gt;" in page.text


def test_somebody_reads_out_their_reference(owner: Browser, acme: World) -> None:
    """It is found, and shown open; one that is not whole finds nothing."""
    tried(acme, "blocked", reference="ab12cd", detail="Blocked.", stage="entry")
    tried(acme, "blocked", reference="ef34", detail="Another.", stage="entry")
    page = owner.submit(owner.get(PAGE), "Search", reference=" ab12cd ")
    assert "Blocked." in page.section("results")
    assert "Another." not in page.section("results")
    assert page.tree.xpath("//details[contains(@class, 'record')]/@open")
    assert "No such sign-in" in owner.get(f"{PAGE}?reference=ab12").words


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"ada", "bob", "cleo"}),
        ("?status=ok", {"ada", "cleo"}),
        ("?status=refused", {"bob"}),
        ("?purpose=test", {"cleo"}),
        ("?stage=entry", {"bob"}),
        ("?stage=entry&status=ok", set()),
        (f"?until={NOW - timedelta(days=1):%Y-%m-%d}", set()),
    ],
)
def test_filters_hold_together(owner: Browser, acme: World, query: str, shown: set[str]) -> None:
    """By outcome, kind, stage and day."""
    tried(acme, facts={"email": "ada@acme.example"})
    tried(acme, "blocked", stage="entry", facts={"email": "bob@acme.example"})
    tried(acme, purpose="test", facts={"email": "cleo@acme.example"})
    results = owner.get(PAGE + query).section("results")
    assert {name for name in ("ada", "bob", "cleo") if f"{name}@acme.example" in results} == shown


def test_a_sign_in_that_never_came_back_has_this_providers_usual_reasons(console: Console, owner: Browser, acme: World) -> None:
    """Requests that nobody answered are told after ten minutes."""
    sending = Sending("sign_in", "browser", organization_id=acme.organization, connection_id=acme.connection)
    requests.open_(console.database, console.app.extensions["connector"].sealer, sending, NOW)
    traces.unanswered(console.database, NOW + timedelta(minutes=11))
    page = owner.get(owner.get(PAGE).link("Those that left and never came back"))
    assert "Never came back" in page.words
    assert "At Okta:" in page.words


def test_without_attempts_the_page_says_what_will_stand_here(owner: Browser) -> None:
    """Not an empty table."""
    assert "Nobody has signed in within 7 days" in owner.get(PAGE).words


def test_who_does_not_manage_sign_on_does_not_see_it(console: Console, acme: World) -> None:
    """A member is refused, a stranger finds nothing."""
    world = staged(console.database, slug="beta", verified=())
    world.invited("bob@beta.example", "member")
    bob = console.as_("bob@beta.example")
    assert bob.get("/admin/beta/sign-ins").status == 403
    assert bob.get(PAGE).status == 404
