"""Domains in the console: claimed, looked for in DNS while one waits, given up by a plan."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connector.directory import domains
from connector.organizations import mine
from connector.outbound import dns
from tests.support.console import Browser, Console
from tests.support.world import OWNER, live, staged

PAGE = "/admin/acme/domains"


@pytest.fixture
def owner(console: Console) -> Browser:
    """An organization whose operator vouches for acme.example, and its founder."""
    staged(console.database)
    return console.as_(OWNER)


def zone(monkeypatch: pytest.MonkeyPatch, records: Mapping[str, str]) -> None:
    """What DNS says from now on."""

    def answer(name: str) -> dns.Answer:
        return dns.Answer("found", (records[name],)) if name in records else dns.Answer("no_name")

    monkeypatch.setattr(dns, "txt", answer)


def record(console: Console, name: str) -> dict[str, str]:
    """The record that proves a claimed domain."""
    home = mine.named(console.database, "acme")
    assert home
    return {each.record_name: each.record_value for each in domains.list_(console.database, home.id).items if each.domain == name}


@pytest.mark.parametrize("step", [False, True])
def test_a_domain_is_claimed_and_verified(console: Console, owner: Browser, monkeypatch: pytest.MonkeyPatch, step: bool) -> None:
    """On its own page and in the wizard: the record to set, why it is not seen yet and when one looked, then that it is."""
    wizard = owner.get("/admin/acme/connections").link("Next: Set up sign-in at Okta").replace("sign-on", "domain")
    page = owner.submit(owner.get(wizard if step else PAGE), "Add the domain", domain="Robots.Example")
    [(name, value)] = record(console, "robots.example").items()
    assert name in page.words
    assert value in page.words
    assert "Waiting for the record" in page.words
    zone(monkeypatch, {})
    page = owner.submit(page, "Check now: robots.example")
    assert "robots.example : not seen yet. DNS has no name" in page.section("looked")
    assert "Looked at" in page.section("looked")
    zone(monkeypatch, {name: value})
    page = owner.submit(page, "Check now: robots.example")
    assert "robots.example is verified" in page.section("looked")
    assert "Waiting for the record" not in page.words


def test_the_page_looks_by_itself_while_something_waits(
    console: Console, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form without fields is sent again and again by script; all that wait are looked for, and then it ends."""
    looking = "//form[@data-shows='looked']"
    assert not owner.get(PAGE).tree.xpath(looking)
    page = owner.submit(owner.get(PAGE), "Add the domain", domain="robots.example")
    [form] = page.tree.xpath(looking)
    assert form.get("data-again") == "10"
    zone(monkeypatch, record(console, "robots.example"))
    answer = owner.post(form.get("action"))
    assert "robots.example is verified" in answer.section("looked")
    assert "data-waits" not in answer.tree.get_element_by_id("looked").attrib


def test_the_cards_follow_what_another_page_found(console: Console, owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page that still waits looks again, learns it, replaces what is beside the look, and ends."""
    page = owner.submit(owner.get(PAGE), "Add the domain", domain="robots.example")
    [form] = page.tree.xpath("//form[@data-shows='looked']")
    assert "Waiting for the record" in page.section("domains")
    zone(monkeypatch, record(console, "robots.example"))
    owner.submit(owner.get(PAGE), "Check now: robots.example")
    answer = owner.post(form.get("action"))
    assert answer.tree.get_element_by_id("domains").get("data-beside") is not None
    assert "Waiting for the record" not in answer.section("domains")
    assert answer.section("looked") == "Every domain here is verified."
    assert "data-waits" not in answer.tree.get_element_by_id("looked").attrib


def test_what_is_no_domain_is_refused_with_what_was_typed(owner: Browser) -> None:
    """Above the form, with what was expected."""
    page = owner.submit(owner.get(PAGE), "Add the domain", domain="not a domain")
    assert page.status == 400
    assert "Expected:" in page.words
    assert page.form("Add the domain").fields["domain"] == ["not a domain"]


def test_what_the_operator_vouches_for_is_marked(owner: Browser) -> None:
    """DNS is not asked about it."""
    assert "Verified by the operator" in owner.get(PAGE).words


def test_a_domain_is_given_up_by_a_plan(owner: Browser) -> None:
    """Nothing happens before it is applied; then the page says what it meant."""
    page = owner.submit(owner.get(PAGE), "Give it up: acme.example")
    assert "/plans/" in page.path
    assert "acme.example" in owner.get(PAGE).words
    page = owner.submit(page, "Remove the domain")
    assert "The domain is given up." in page.words
    assert "No domain yet" in page.words


def test_the_last_domain_of_an_organization_in_sso_stays(console: Console) -> None:
    """The refusal stands in the frame, with what to do first."""
    acme = live(console.database)
    owner = console.owner(acme)
    page = owner.submit(owner.get(PAGE), "Give it up: acme.example")
    assert (page.status, page.headers["X-Connector-Error"]) == (409, "last_domain")
