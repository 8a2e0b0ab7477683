"""Somebody is invited, reads the mail, and belongs; and an invitation that was taken back says so."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.steps import GRACE, entered, founded, letter, press
from tests.support.browser import Visits


def test_an_invitation_is_accepted(visits: Visits) -> None:
    """From the form in the console over the mail to the list of members."""
    page = entered(visits, founded(visits.site))
    _invite(page, GRACE)
    expect(page.get_by_role("row", name=GRACE)).to_contain_text("Waiting")
    guest = visits.open(_link(visits))
    expect(guest.get_by_role("heading", level=1)).to_have_text("Join Acme Robotics")
    press(guest, "Accept")
    expect(guest.get_by_role("heading", name="Acme Robotics")).to_be_visible()
    page.goto("/admin/acme/people")
    expect(page.get_by_role("row", name=GRACE)).to_contain_text("Active")


def test_an_invitation_that_was_taken_back_opens_nothing(visits: Visits) -> None:
    """Whoever has the link is told that it is over, and whom to ask."""
    page = entered(visits, founded(visits.site))
    _invite(page, GRACE)
    page.get_by_role("button", name=f"Cancel the invitation of {GRACE}").click()
    expect(page.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
    guest = visits.open(_link(visits))
    expect(guest.get_by_role("heading", level=1)).to_have_text("This invitation is over")


def test_two_presses_invite_once(visits: Visits) -> None:
    """The form is sent again after going back, as impatient people do: one mail goes out, and the page says what is."""
    page = entered(visits, founded(visits.site))
    _invite(page, GRACE)
    expect(page.get_by_role("row", name=GRACE)).to_be_visible()
    page.go_back()
    page.get_by_label("E-mail address").fill(GRACE)
    press(page, "Invite")
    assert len(visits.site.mails(GRACE)) == 1


def _invite(page: Page, email: str) -> None:
    page.goto("/admin/acme/invitations")
    page.get_by_label("E-mail address").fill(email)
    press(page, "Invite")


def _link(visits: Visits) -> str:
    found = re.search(r"https?://\S+/invitations/\S+", letter(visits.site, GRACE))
    assert found
    return found.group()
