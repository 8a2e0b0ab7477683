"""Nobody locks the organization out: the last owner stays, and nobody goes live with a sign-in that was not tried."""

from __future__ import annotations

from playwright.sync_api import expect

from connector.accounts import persons
from connector.directory import domains
from idp_fixtures.idp import Provider
from tests.browser.steps import ADA, connected, entered, founded, press
from tests.support.browser import Visits


def test_the_last_owner_stays_one(visits: Visits) -> None:
    """Who would give the last ownership away is told so, and what to do first; nothing has changed."""
    page = entered(visits, founded(visits.site))
    page.goto(f"/admin/acme/people/{persons.holder(visits.site.database, ADA)}")
    page.get_by_label("Another role").select_option("member")
    press(page, "Change …")
    press(page, "Change the role")
    expect(page.get_by_role("alert")).to_contain_text("owner")
    page.goto("/admin/acme/people")
    expect(page.get_by_role("row", name=ADA)).to_contain_text("owner")


def test_nobody_goes_live_without_a_test_sign_in(visits: Visits, idp: Provider) -> None:
    """The page says what is missing, and pressing on is refused with the same reason, also by who skips the wizard."""
    made = founded(visits.site)
    okta = connected(visits.site, made.id, idp)
    domains.add(visits.site.database, made.id, "acme.example", verified=True)
    page = entered(visits, made)
    page.goto(f"/admin/acme/connections/{okta}/setup/go-live")
    expect(page.locator(".checks li", has_text="Test the sign-in")).to_contain_text("to do")
    press(page, "See what would change")
    expect(page.get_by_role("alert")).to_contain_text("test sign-in")
    page.goto("/admin/acme/mode")
    expect(page.get_by_text("By invitation Now")).to_be_visible()
