"""Somebody is refused at the sign-in: they learn what to do, and their admin, by the reference, why."""

from __future__ import annotations

from playwright.sync_api import expect

from connector.accounts.sessions import Proof
from idp_fixtures.idp import Provider
from tests.browser.steps import ADA, GRACE, come_in, live, press
from tests.support.browser import Visits


def test_a_refusal_is_explained_to_both(visits: Visits, idp: Provider) -> None:
    """Grace was not pushed. What she reads out leads her admin to the reason, and to the place at the provider."""
    world = live(visits.site, idp)
    page = visits.open()
    come_in(page, GRACE, "Grace Hopper")
    expect(page.get_by_role("alert")).to_contain_text("administrator")
    reference = page.locator(".reference .copy-value").inner_text()
    admin = visits.open("/admin/acme/sign-ins", Proof("email_link"), Proof("break_glass", world.organization), as_=ADA)
    admin.get_by_label("Reference").fill(reference)
    press(admin, "Search")
    row = admin.locator("#results details")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(GRACE)
    expect(row).to_contain_text("At Okta:")
    world.create("grace")
    come_in(page, GRACE, "Grace Hopper")
    expect(page.get_by_role("heading", name="Acme Robotics")).to_be_visible()
