"""What people do on the pages of the sign-in, in a browser; and that the tests of pages see what they should."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from connector.organizations import invitations, organizations
from tests.support import looking
from tests.support.browser import Visits
from tests.support.site import Site

OWNER, GRACE = "ada@acme.example", "grace@acme.example"


def _founded(site: Site) -> str:
    """An organization by invitation; returns its id."""
    return organizations.create(site.database, "acme", "Acme Robotics", OWNER).id


def test_somebody_signs_in_by_mail_with_the_keyboard_alone(visits: Visits) -> None:
    """The address, Enter, the code of the mail, Enter: the start page; then the session can be looked at, and ended."""
    _founded(visits.site)
    page = visits.open("/")
    expect(page).to_have_url(re.compile("/login"))
    page.keyboard.type(OWNER)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="E-mail me").wait_for(state="detached")
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", _text(visits.site, OWNER))
    assert code
    page.keyboard.type(code.group().lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.get_by_role("link", name="Sessions", exact=True).click()
    expect(page.get_by_text("This browser")).to_be_visible()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_an_invitation_is_accepted_without_javascript(no_script: Page, visits: Visits) -> None:
    """Two presses, from the mail to the organization."""
    site, home = visits.site, _founded(visits.site)
    invitations.invite(site.database, site.house.sealer, site.base_url, home, GRACE)
    no_script.goto(_link_in(_text(site, GRACE)))
    expect(no_script.get_by_role("heading", level=1)).to_have_text("Join Acme Robotics")
    no_script.get_by_role("button", name="Accept").click()
    expect(no_script.get_by_role("heading", name="Acme Robotics")).to_be_visible()


def test_what_a_browser_complains_about_fails_the_test(visits: Visits) -> None:
    """A style that the content security policy forbids is such a thing: otherwise nothing here would be looked after."""
    page = visits.open("/login")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.evaluate("fetch('/static/none/gone.css')")
    with pytest.raises(AssertionError, match="Content Security Policy"):
        visits.check()


def test_what_is_looked_for_is_found(page: Page) -> None:
    """A page that breaks every rule at once: each look says so."""
    page.goto("/healthz")
    page.set_content("<main><img src='data:,'><button style='outline:none'>b</button><p style='width:9000px'>wide</p></main>")
    for look in (looking.accessible, looking.narrow, looking.keyboard_reaches_everything):
        with pytest.raises(AssertionError):
            look(page)


def _link_in(text: str) -> str:
    found = re.search(r"https?://\S+/invitations/\S+", text)
    assert found
    return found.group()


def _text(site: Site, recipient: str) -> str:
    body = site.mails(recipient)[-1].get_body(("plain",))
    assert body
    return str(body.get_content())
