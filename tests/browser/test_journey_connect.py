"""An empty installation becomes one where people sign in with their work accounts: every page of the wizard, in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from idp_fixtures.idp import Provider
from tests.browser.steps import ADA, GRACE, choose, come_in, copied, entered, founded, introduce, press, push, tell, zone
from tests.support.browser import Visits


@pytest.mark.parametrize("by", ["saml", "oidc"])
def test_an_organization_is_connected_and_its_people_come_in(
    visits: Visits, idp: Provider, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """From the founder's first link to an employee's first sign-in; nothing changes before the plan is applied."""
    page = entered(visits, founded(visits.site))
    _begun(page, by)
    introduce(page, idp, by)
    press(page, "Next: Tell us about Okta")
    tell(page, idp, by)
    press(page, "Next: Verify your e-mail domain")
    _prove_the_domain(page, monkeypatch)
    press(page, "Next: Push people and groups")
    _push(page, idp)
    press(page, "Next: Test the sign-in")
    _test(page)
    press(page, "Next: Turn groups into roles and teams")
    _map(page)
    press(page, "Next: Keep a way in")
    code = _keep_a_way_in(page)
    press(page, "Next: Go live")
    press(page, "See what would change")
    _apply(page, code)
    _grace_comes_in(visits)


def _begun(page: Page, by: str) -> None:
    """Okta is chosen, and the draft is there."""
    page.goto("/admin/acme/connections")
    page.get_by_role("link", name="Connect an identity provider").click()
    page.get_by_role("searchbox").fill("okta")
    page.get_by_role("link", name="Okta").click()
    page.locator(f"[name=by][value={by}]").check()
    press(page, "Begin the set-up")
    press(page, "Begin")


def _prove_the_domain(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is not there at first, and then it is."""
    zone(monkeypatch, {})
    page.locator("[name=domain]").fill("acme.example")
    press(page, "Add the domain")
    press(page, "Check now: acme.example")
    expect(page.get_by_text("not seen yet")).to_be_visible()
    zone(monkeypatch, {copied(page, "Name"): copied(page, "Value")})
    press(page, "Check now: acme.example")
    expect(page.get_by_text("acme.example is verified")).to_be_visible()


def _push(page: Page, idp: Provider) -> None:
    """The page tells by itself what it has heard."""
    press(page, "Make the token")
    push(copied(page, "SCIM base URL"), copied(page, "Token"), idp, ("Engineering", "Connector Admins"))
    expect(page.get_by_text("4 people, 2 groups")).to_be_visible()


def _test(page: Page) -> None:
    """The test opens in a tab of its own; its result shows in both."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Start the test sign-in").click()
    choose(opened.value, "Ada Lovelace")
    expect(opened.value.get_by_role("heading", name="The test sign-in worked")).to_be_visible()
    opened.value.close()
    expect(page.get_by_role("heading", name="The test sign-in worked")).to_be_visible()


def _map(page: Page) -> None:
    """Engineers get a team."""
    page.get_by_label("Who is in").select_option(label="Engineering")
    page.get_by_label("Gets").select_option(label="A place in a team")
    page.locator("[name=team]").fill("engineering")
    press(page, "Add the rule")
    expect(page.get_by_text("team engineering").first).to_be_visible()


def _keep_a_way_in(page: Page) -> str:
    """The founder becomes a break-glass owner and prints recovery codes; returns one."""
    wizard = page.url
    page.locator("[name=email]").fill(ADA)
    press(page, "Name a break-glass owner")
    page.get_by_role("link", name=f"Print codes of {ADA}").click()
    page.get_by_role("row", name=ADA).get_by_role("button", name="codes").click()
    code = page.locator(".codes li, .codes code").first.inner_text()
    page.goto(wizard)
    return code


def _apply(page: Page, code: str) -> None:
    """The plan names everybody and is applied. From then on the founder's mailed link opens the organization no more, and the
    page says what does."""
    for email in (GRACE, "edsger@acme.example", "zeynep@acme.example"):
        expect(page.get_by_text(email).first).to_be_visible()
    press(page, "Go live")
    expect(page.get_by_role("link", name="Sign in through Okta")).to_be_visible()
    end = page.url
    press(page, "come in by a recovery code")
    page.get_by_label("One of your printed codes").fill(code)
    press(page, "Open the organization")
    page.goto(end)
    expect(page.get_by_text("Okta is in force.")).to_be_visible()


def _grace_comes_in(visits: Visits) -> None:
    """Somebody who was never here types her address, and is a member with a team."""
    page = visits.open()
    come_in(page, GRACE, "Grace Hopper")
    expect(page.get_by_role("heading", name="Acme Robotics")).to_be_visible()
    expect(page.get_by_text("engineering")).to_be_visible()
