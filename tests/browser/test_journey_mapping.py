"""A rule is edited with its consequences in sight, applied exactly as it was looked at, and taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from connector.accounts.sessions import Proof
from idp_fixtures.idp import Provider
from tests.browser.steps import ADA, live, press
from tests.support.browser import Visits


@pytest.mark.parametrize("script", [True, False], ids=["with scripts", "without"])
def test_a_rule_is_looked_at_applied_and_undone(visits: Visits, idp: Provider, script: bool) -> None:
    """The plan shows while one types, or by a button; nothing changes before it is applied, and undoing is a plan as well."""
    world = live(visits.site, idp)
    world.group("Engineering", world.create("grace"), world.create("edsger"))
    ways_in = (Proof("email_link"), Proof("break_glass", world.organization))
    page = visits.open("/admin/acme/mapping", *ways_in, as_=ADA, script=script)
    page.get_by_role("link", name="Add a rule for Engineering").click()
    page.get_by_label("Team", exact=True).fill("core")
    if not script:
        press(page, "Preview")
    for who in ("grace@acme.example", "edsger@acme.example"):
        expect(page.locator("#plan")).to_contain_text(who)
    press(page, "Look at the plan")
    expect(page.locator("#results")).to_contain_text("grace@acme.example")
    assert world.member("grace").teams == (), "a plan that is looked at changes nothing"
    press(page, "Add the rule")
    expect(page.get_by_text("It is done")).to_be_visible()
    assert [team.slug for team in world.member("grace").teams] == ["core"]
    press(page, "Undo the last change")
    expect(page.locator("#results")).to_contain_text("edsger@acme.example")
    press(page, "Undo it")
    expect(page.get_by_text("It is done")).to_be_visible()
    assert world.member("grace").teams == ()
