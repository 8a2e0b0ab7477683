"""Every page of the furnished installation: for everybody, at every width, with the keyboard, without JavaScript, and light."""

from __future__ import annotations

import pytest
from werkzeug.routing import Rule

from tests.browser.tour import STOPS, Stop, Tour
from tests.support import looking
from tests.support.browser import PHONE, Visits

LEADING_ELSEWHERE = frozenset({"admin.overview.enter"})
"""What answers GET in the console and shows nothing of its own."""


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_a_page_is_for_everybody(tourists: Visits, tour: Tour, stop: Stop) -> None:
    """Axe finds nothing in light and dark at both widths, nothing sticks out, Tab gets everywhere, it weighs little, and without
    JavaScript it offers the same."""
    page = tourists.again(tour.path(stop), *tour.proofs(stop), as_=stop.who)
    looking.light(page)
    looking.keyboard_reaches_everything(page)
    looking.narrow(page)
    looking.accessible_in_both_schemes(page)
    page.set_viewport_size(PHONE)
    looking.narrow(page)
    looking.accessible_in_both_schemes(page)
    plain = tourists.again(tour.path(stop), *tour.proofs(stop), as_=stop.who, script=False)
    assert looking.content(plain) == looking.content(page)


def test_no_page_of_the_console_is_left_out(tour: Tour) -> None:
    """Whoever adds a page adds a line to the tour."""
    shown = {tour.endpoint(stop) for stop in STOPS}
    pages = {rule.endpoint for rule in tour.site.app.url_map.iter_rules() if rule.rule.startswith("/admin") and _has_page(rule)}
    assert pages <= shown | LEADING_ELSEWHERE


def _has_page(rule: Rule) -> bool:
    return "GET" in (rule.methods or ())
