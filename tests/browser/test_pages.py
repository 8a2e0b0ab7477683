"""Every page of the furnished installation: for everybody, at every width, with the keyboard, without JavaScript, and light."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.html
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


def test_a_label_begins_with_the_words_that_are_seen(tour: Tour) -> None:
    """WCAG 2.5.3 Label in Name: who speaks to the browser says what they read on a button or a link."""
    labelled = [each for stop in STOPS for each in _labelled(tour, stop)]
    assert len(labelled) > 50
    assert {each for each in labelled if not each[2].startswith(each[1])} == set()


def _labelled(tour: Tour, stop: Stop) -> Iterator[tuple[str, str, str]]:
    """Each button and link of a page that has a label: the page, the words that are seen, and the label; both without signs."""
    headers = {"Cookie": f"connector_session={tour.site.session(stop.who, *tour.proofs(stop))}"} if stop.who else {}
    with tour.site.app.test_client(use_cookies=False) as client:
        text = client.get(tour.path(stop), base_url=tour.site.base_url, headers=headers).get_data(as_text=True)
    for each in lxml.html.document_fromstring(text).xpath("//*[self::a or self::button or self::summary][@aria-label]"):
        seen = " ".join(each.xpath(".//text()[not(ancestor::*[contains(@class, 'sr')])]"))
        yield stop.name, _spoken(seen), _spoken(each.get("aria-label"))


def _spoken(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _has_page(rule: Rule) -> bool:
    return "GET" in (rule.methods or ())
