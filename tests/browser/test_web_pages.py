"""The pages that employees see, in a browser: for everybody, at every width, with the keyboard, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from connector.accounts.secret import new_token
from connector.organizations import invitations, organizations
from tests.support import looking
from tests.support.browser import PHONE, Visits
from tests.support.site import Site

OWNER, GRACE, LIN = "ada@acme.example", "grace@acme.example", "lin@globex.example"


def _link(site: Site) -> str:
    """An organization by invitation; returns a link that signs its founder in."""
    made = organizations.create(site.database, "acme", "Acme Robotics", OWNER, base_url=site.base_url)
    assert made.sign_in_url
    return made.sign_in_url


def _invitation(site: Site, email: str = GRACE) -> str:
    """Somebody is invited to an organization; returns the link of the mail."""
    house, token, home = site.house, new_token(), organizations.create(site.database, "acme", "Acme Robotics", OWNER).id
    invitations.invite(house.database, house.sealer, site.base_url, home, email, token=token)
    return f"/invitations/{token}"


def _start_page(site: Site) -> str:
    _invitation(site, LIN)
    return "/"


PAGES: dict[str, tuple[str, Callable[[Site], str]]] = {
    "sign in": ("", lambda _: "/login"),
    "type the code": ("", lambda _: "/login/code"),
    "use a link": ("", _link),
    "a link that is over": ("", lambda _: "/login/link?token=gone"),
    "an invitation": ("", _invitation),
    "an invitation for somebody else": (LIN, _invitation),
    "a refusal": ("", lambda _: "/sso/nowhere/login"),
    "the start page of nobody": (OWNER, lambda _: "/"),
    "the start page with an invitation": (LIN, _start_page),
    "sessions": (OWNER, lambda _: "/sessions"),
    "recovery code": (OWNER, lambda _: "/login/recovery"),
}
"""Each page: who looks at it, and what makes it and says where it is."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(visits: Visits, name: str) -> None:
    """Axe finds nothing in light and dark at both widths, nothing sticks out, Tab gets everywhere, and it weighs little."""
    who, made = PAGES[name]
    path = made(visits.site)
    page = visits.open(path, as_=who)
    looking.light(page)
    looking.keyboard_reaches_everything(page)
    for size in (None, PHONE):
        if size:
            page.set_viewport_size(size)
        looking.narrow(page)
        looking.accessible_in_both_schemes(page)
    plain = visits.open(path, as_=who, script=False)
    assert looking.content(plain) == looking.content(page)


def test_somebody_signs_in_by_mail_with_the_keyboard_alone(visits: Visits) -> None:
    """The address, Enter, the code of the mail, Enter: the start page; then the session can be looked at, and ended."""
    _link(visits.site)
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
    page.get_by_role("link", name="Your sessions").click()
    expect(page.get_by_text("This browser")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")


def test_an_invitation_is_accepted_without_javascript(no_script: Page, visits: Visits) -> None:
    """Two presses, from the mail to the organization."""
    path = _invitation(visits.site)
    no_script.goto(path)
    expect(no_script.get_by_role("heading", level=1)).to_have_text("Join Acme Robotics")
    no_script.get_by_role("button", name="Accept").click()
    expect(no_script.get_by_role("heading", name="Acme Robotics")).to_be_visible()


def test_what_a_browser_complains_about_fails_the_test(visits: Visits) -> None:
    """A style that the content security policy forbids is such a thing: otherwise nothing here would be looked after."""
    page = visits.open("/login")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.evaluate("fetch('/static/none/gone.css')")
    with pytest.raises(AssertionError, match=r"(?s)Content Security Policy"):
        visits.close()
    visits.complaints.clear()


def test_what_is_looked_for_is_found(page: Page) -> None:
    """A page that breaks every rule at once: each look says so."""
    page.goto("/healthz")
    page.set_content("<main><img src='data:,'><button style='outline:none'>b</button><p style='width:9000px'>wide</p></main>")
    for look in (looking.accessible, looking.narrow, looking.keyboard_reaches_everything):
        with pytest.raises(AssertionError):
            look(page)


def _text(site: Site, recipient: str) -> str:
    body = site.mails(recipient)[-1].get_body(("plain",))
    assert body
    return str(body.get_content())
