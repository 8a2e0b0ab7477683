"""What an employee is told when signing in fails: what it means for them and what to do; the reason is for administrators."""

from __future__ import annotations

import pytest

from connector.errors import Forbidden, TooMany, Unavailable
from connector.web.words import for_employee, for_leaving
from tests.web.conftest import Site

CODES = [
    ("deprovisioned", "Your access has ended", "administrator", False),
    ("suspended", "Your access is paused", "administrator", False),
    ("not_in_directory", "You have no access yet", "administrator", False),
    ("connection_disabled", "Signing in is switched off", "administrator", False),
    ("request_expired", "That took too long", "sign in again", True),
    ("request_used", "This sign-in was finished already", "sign in again", True),
    ("other_browser", "Please sign in again", "http://127.0.0.1:8000", True),
    ("saml_signature_invalid", "You could not be signed in", "administrator", True),
]


@pytest.mark.parametrize(("code", "heading", "part", "again"), CODES, ids=[code for code, *_ in CODES])
def test_each_refusal_says_what_to_do(site: Site, code: str, heading: str, part: str, again: bool) -> None:
    """Trying again is offered where it may help; else the administrator is named. The reason is not repeated."""
    with site.app.test_request_context("/"):
        words = for_employee(Forbidden(code, "The secret reason.", advice="Turn the secret switch."), None)
    said = " ".join(words.sentences)
    assert (words.heading, words.button) == (heading, ("Sign in again", "/login") if again else None)
    assert part in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "error", [TooMany("too_many_requests", "Too often.", retry_after=3), Unavailable("busy", "Busy.", retry_after=5)]
)
def test_who_came_at_a_bad_moment_is_told_to_wait(site: Site, error: TooMany | Unavailable) -> None:
    """It is nobody's fault, and no administrator's business."""
    with site.app.test_request_context("/"):
        said = " ".join(for_employee(error, None).sentences)
    assert "minute" in said
    assert "administrator" not in said


def test_whose_logout_was_refused_is_told_that_they_may_still_be_signed_in(site: Site) -> None:
    """They came to be signed out, not in; the start page is where they can do it themselves."""
    with site.app.test_request_context("/"):
        words = for_leaving(Forbidden("saml_signature_missing", "The secret reason."), None)
        busy = for_leaving(Unavailable("busy", "Busy.", retry_after=5), None)
    assert (words.heading, words.button) == ("This did not sign you out", ("Go to the start page", "/"))
    assert "still be signed in" in " ".join(words.sentences)
    assert "secret" not in " ".join(words.sentences)
    assert busy.heading == "Not right now"
