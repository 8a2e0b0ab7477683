"""The pages of those who are refused: what happened and what to do, in words for people, with a reference to tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, Response

from connector import errors
from connector.errors import ConnectorError
from connector.web import pages, refusals
from tests.support.console import BASE, Shown
from tests.web.conftest import Site

EXPECTED = errors.Conflict("in_the_way", "Something is in the way.", expected="nothing in the way", advice="Move it.")
BARE = errors.Conflict("in_the_way", "Something is in the way.", expected="nothing in the way")
OFTEN = errors.TooMany("too_many_requests", "Too many requests of this kind.", retry_after=7)
GONE = errors.NotFound(
    "connection_not_found", "There is no such connection.", advice="`connector connection list ORG` shows the ids."
)


def _page(app: Flask, answer: Callable[[], object]) -> Shown:
    with app.test_request_context("/somewhere", base_url=BASE, headers={"Accept": "text/html"}):
        response = answer()
    assert isinstance(response, Response)
    return Shown("/somewhere", response.status_code, response.headers, response.get_data(as_text=True))


@pytest.mark.parametrize(
    ("error", "said", "unsaid"),
    [
        (EXPECTED, "Something is in the way. Move it.", "Expected"),
        (BARE, "Something is in the way. Expected: nothing in the way.", "Move"),
        (OFTEN, "Please wait a minute, then try again.", "of this kind"),
        (GONE, "This sign-in is not known here", "`"),
    ],
    ids=["advice", "expected", "too often", "unknown sign-in"],
)
def test_a_page_says_what_happened_and_what_to_do(site: Site, error: ConnectorError, said: str, unsaid: str) -> None:
    """What was expected stands there where nothing else helps. The reference is to be copied, and is that of the log."""
    page = _page(site.app, lambda: refusals.answer(error))
    assert said in page.words
    assert unsaid not in page.words
    assert page.tree.xpath("//*[@class='copy-value']/text()") == [page.headers["X-Connector-Reference"]]


@pytest.mark.parametrize(
    ("path", "method", "status", "said"),
    [
        ("/nowhere", "GET", 404, "mistyped"),
        ("/sessions", "POST", 405, "Go back"),
        ("/login", "POST", 413, "metadata of an identity provider usually have a few kB"),
    ],
)
def test_what_the_server_itself_refuses_is_said_in_words(site: Site, path: str, method: str, status: int, said: str) -> None:
    """Not in those of the protocol."""
    body = {"email": "a" * 3_000_000} if status == 413 else None
    answer = site.browser().open(path, method=method, data=body)
    assert (answer.status_code, said in answer.text, "<h1>" in answer.text) == (status, True, True)


def test_a_failure_asks_for_patience_and_for_the_reference(site: Site) -> None:
    """It is nobody's fault but ours."""
    page = _page(site.app, lambda: refusals.failure("0123456789ab"))
    assert (page.status, "Try again in a minute" in page.words, "0123456789ab" in page.words) == (500, True, True)


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(seconds=90), "1 minute ago"),
        (timedelta(minutes=59, seconds=50), "59 minutes ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=1, hours=23), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
    ],
)
def test_a_moment_of_late_is_told_by_how_long_ago_it_was(past: timedelta, said: str) -> None:
    """Whole units only: the moment itself is read by pointing at it."""
    assert pages.ago(datetime.now(UTC) - past) == said


@pytest.mark.parametrize("at", [NOW - timedelta(days=31), NOW + timedelta(days=1)])
def test_other_moments_are_told_by_their_day(at: datetime) -> None:
    """Nobody counts so far; and what is to come is not past."""
    assert pages.ago(at) == f"{at.day} {at:%B %Y}"
