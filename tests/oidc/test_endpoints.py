"""What an OpenID provider's token endpoint and its userinfo may answer, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete

from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT
from tests.oidc.conftest import Site
from tests.oidc.provider import answered

# --------------------------------------------------------------------------------------------------------- the token endpoint


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (answered({"error": "invalid_client"}, 401), "oidc_client_refused"),
        (answered({"error": "unauthorized_client"}, 400), "oidc_client_refused"),
        (answered({"error": "invalid_grant"}, 400), "oidc_code_refused"),
        (answered({"error": "Eve"}, 400), "oidc_token_endpoint"),
        (answered({"error": ["invalid_grant"]}, 400), "oidc_token_endpoint"),
        (answered({}, 500), "oidc_token_endpoint"),
        (answered(b"<html>", 200), "oidc_token_endpoint"),
        (answered([], 200), "oidc_token_endpoint"),
        (answered(b"\xff", 200), "oidc_token_endpoint"),
        (answered(b"[" * 100_000, 200), "oidc_token_endpoint"),
        (answered({"access_token": "a"}), "oidc_id_token_missing"),
        (answered({"id_token": None}), "oidc_id_token_missing"),
        (answered({"id_token": ["a"]}), "oidc_id_token_missing"),
        (answered(b" " * 1_000_000), "fetch_too_large"),
        (answered({}, 302, Location="/elsewhere"), "fetch_redirected"),
    ],
)
def test_a_token_endpoint_that_gives_no_tokens_is_told_as_what_it_is(site: Site, answer: Any, code: str) -> None:
    """With what to look at; never a failure of connector."""
    site.provider.instead["/token"] = answer
    site.refused(site.sign_in(), code, 424)
    assert site.traces()[-1].stage == "fetch"


def test_a_provider_that_is_gone_is_told(site: Site) -> None:
    """Nothing listens there any more."""
    browser = site.browser()
    answer = site.provider.grant(site.set_out(browser))
    site.provider.described = {"token_endpoint": "http://127.0.0.1:9/token"}
    site.write(delete(t.ProviderDocument))
    site.refused(site.arrive(browser, answer), "fetch_failed", 424)


# ------------------------------------------------------------------------------------------------------------------- userinfo


def test_userinfo_adds_what_the_id_token_lacks_and_overrides_nothing(site: Site) -> None:
    """The verified address stays."""
    site.configure(userinfo=True)
    site.provider.profile = {"groups": ["eng"], "email": "eve@acme.example", "name": "Eve"}
    assert site.sign_in().status_code == 303
    with site.house.database.read() as tx:
        row = tx.execute(t.ExternalIdentity.__table__.select()).one()
    assert (row.email, row.groups) == ("ada@acme.example", ["eng"])


@pytest.mark.parametrize("other", ["subject-eve", None, 7, ""])
def test_userinfo_of_somebody_else_is_refused(site: Site, other: Any) -> None:
    """rp-userinfo-bad-sub-claim."""
    site.configure(userinfo=True)
    site.provider.profile = {"sub": other}
    site.refused(site.sign_in(), "oidc_userinfo_subject")


@pytest.mark.parametrize("answer", [answered({}, 500), answered(b"a.b.c"), answered([])])
def test_userinfo_that_cannot_be_read_is_refused(site: Site, answer: Any) -> None:
    """Unknown is not absent: what is missing might be the groups."""
    site.configure(userinfo=True)
    site.provider.instead["/userinfo"] = answer
    site.refused(site.sign_in(), "oidc_userinfo", 424)


@pytest.mark.parametrize(
    ("described", "tokens"),
    [
        ({"userinfo_endpoint": ABSENT}, {}),
        ({}, {"access_token": ABSENT}),
        ({}, {"access_token": "a\r\nX-Eve: 1"}),
        ({}, {"access_token": "\u20ac"}),
        ({}, {"access_token": ["access-1"]}),
        ({}, {"token_type": "DPoP"}),
        ({}, {"token_type": None}),
    ],
)
def test_userinfo_that_cannot_be_asked_for_is_refused(site: Site, described: dict[str, Any], tokens: dict[str, Any]) -> None:
    """No endpoint, or no token that a header can carry; without userinfo all of them sign in."""
    site.provider.described, site.provider.tokens = described, tokens
    assert site.sign_in(site.browser()).status_code == 303
    site.write(delete(t.Session))
    site.write(delete(t.ExternalIdentity))
    site.configure(userinfo=True)
    site.refused(site.sign_in(), "oidc_userinfo", 424)


def test_userinfo_does_not_verify_what_the_id_token_says_is_not_verified(site: Site) -> None:
    """The signed word counts. What it says of another address counts for nothing: `tests/oidc/test_identity.py`."""
    site.configure(userinfo=True)
    site.provider.profile = {"email_verified": True}
    site.refused(site.sign_in(email_verified=False), "email_unverified")


@pytest.mark.parametrize("path", ["callback", "backchannel-logout"])
@pytest.mark.parametrize(
    "query", ["", "state=%ff&code=%00", "state=%ED%A0%80&code=x", "state=" + "x" * 20_000, "error=%00&state=", "&&=&"]
)
def test_no_address_that_somebody_makes_up_is_a_failure(site: Site, path: str, query: str) -> None:
    """Of this connection, and of those that are none."""
    browser = site.browser()
    for connection in (site.world.connection, "none", "%00", "%ED%A0%80"):
        address = f"/sso/{connection}/{path}?{query}"
        answer = browser.get(address) if path == "callback" else browser.post(address, data=query)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["X-Connector-Error"]
