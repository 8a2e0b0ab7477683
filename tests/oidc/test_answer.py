"""The answer of an OpenID provider: whose it is, that it counts once, and what is made of an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.storage import tables as t
from tests.oidc.conftest import Site


def test_an_answer_belongs_to_the_browser_that_asked(site: Site) -> None:
    """Login CSRF: the answer to an attacker's sign-in does nothing in the browser of another, and the code is not even tried."""
    answer = site.provider.grant(site.set_out(site.browser()))
    victim = site.browser()
    site.refused(site.arrive(victim, answer), "other_browser")
    site.set_out(victim)
    site.refused(site.arrive(victim, answer), "other_browser")
    assert site.provider.count("/token") == 0


def test_the_state_is_looked_at_before_an_error_is(site: Site) -> None:
    """Nobody can end another's sign-in, or read errors into it."""
    answer = site.provider.grant(site.set_out(site.browser()))
    error = {"state": answer["state"], "error": "access_denied"}
    site.refused(site.arrive(site.browser(), error), "other_browser")
    site.refused(site.arrive(site.browser(), {"error": "access_denied"}), "request_unknown")


def test_a_code_is_tried_once(either_site: Site) -> None:
    """The same answer again is refused, whether the first one succeeded or failed."""
    site = either_site
    browser = site.browser()
    answer = site.provider.grant(site.set_out(browser), nonce="another")
    site.refused(site.arrive(browser, answer), "oidc_nonce")
    site.refused(site.arrive(browser, answer), "request_used")
    assert site.provider.count("/token") == 1


def test_of_one_answer_posted_many_times_at_once_one_counts(either_site: Site) -> None:
    """One session, one request to the token endpoint."""
    browser = either_site.browser()
    answer = either_site.provider.grant(either_site.set_out(browser))
    cookie = browser.get_cookie("connector_sso", path=f"/sso/{either_site.world.connection}")
    assert cookie is not None

    def arrive(_: int) -> int:
        other = either_site.browser()
        other.set_cookie("connector_sso", cookie.value, path=f"/sso/{either_site.world.connection}")
        return either_site.arrive(other, answer).status_code

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(arrive, range(6))) == [303, 403, 403, 403, 403, 403]
    assert either_site.rows(t.Session) == 1
    assert either_site.provider.count("/token") == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"code": ["a", "b"]},
        {"state": ["x", "y"]},
        {"error": ["a", "b"], "code": []},
        {"code": "a\x00b"},
        {"code": ""},
    ],
)
def test_a_parameter_that_comes_twice_or_not_at_all_is_refused(site: Site, answer: dict[str, Any]) -> None:
    """RFC 6749 section 3.1."""
    browser = site.browser()
    genuine = site.provider.grant(site.set_out(browser))
    site.refused(site.arrive(browser, {**genuine, **answer}), "oidc_answer_malformed", 400)


@pytest.mark.parametrize(("advertised", "told", "good"), [
    (True, "", False),
    (True, "right", True),
    (True, "wrong", False),
    (False, "", True),
    (False, "right", True),
    (False, "wrong", False),
    (False, "empty", False),
])  # fmt: skip
def test_the_provider_that_answers_is_the_one_that_was_asked(site: Site, advertised: bool, told: str, good: bool) -> None:
    """RFC 9207: `iss` is checked when it is sent, and required when the metadata promise it; also for errors."""
    if advertised:
        site.provider.described = {"authorization_response_iss_parameter_supported": True}
    issuers = {"": {}, "right": {"iss": site.provider.issuer}, "wrong": {"iss": site.provider.issuer + "/"}, "empty": {"iss": ""}}
    browser = site.browser()
    answer = site.provider.grant(site.set_out(browser)) | issuers[told]
    if good:
        assert site.arrive(browser, answer).status_code == 303
        return
    site.refused(site.arrive(browser, answer), "oidc_other_provider")
    answer = site.provider.grant(site.set_out(browser)) | issuers[told]
    del answer["code"]
    site.refused(site.arrive(browser, answer | {"error": "access_denied"}), "oidc_other_provider")
    assert site.provider.count("/token") == 0


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        ("access_denied", "oidc_access_denied", "Assign them or their group"),
        ("invalid_scope", "oidc_provider_error", "scopes"),
        ("<script>alert(1)</script>", "oidc_provider_error", "log of this sign-in"),
    ],
)
def test_an_error_of_the_provider_becomes_advice(site: Site, error: str, code: str, advice: str) -> None:
    """In the trace; to the person, and anywhere, nothing of the provider's own words."""
    browser = site.browser()
    state = site.provider.grant(site.set_out(browser))["state"]
    response = site.arrive(browser, {"state": state, "error": error, "error_description": "<b>Eve</b>"})
    site.refused(response, code)
    trace = site.traces()[-1]
    assert advice in trace.advice
    for text in (response.text, str(trace)):
        assert "Eve" not in text
        assert "script" not in text


def test_a_connection_that_was_changed_meanwhile_takes_no_answer(site: Site) -> None:
    """The code would go to another provider than the one that made it."""
    browser = site.browser()
    answer = site.provider.grant(site.set_out(browser))
    site.configure(scopes=("openid", "email"))
    site.refused(site.arrive(browser, answer), "issuer_changed", 409)
    assert site.provider.count("/token") == 0
