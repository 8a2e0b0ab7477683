"""The installation-wide provider: everybody may sign in locally through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT
from tests.oidc.conftest import Site, opened
from tests.oidc.provider import CLIENT, SECRET, Provider


@pytest.fixture
def site(fresh_url: str, tmp_path: Path, provider: Provider) -> Iterator[Site]:
    """The application whose operator has named the provider, on SQLite, then on PostgreSQL."""
    names = {"ISSUER": provider.issuer, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET}
    site = opened(fresh_url, tmp_path, provider, **{f"CONNECTOR_LOGIN_OIDC_{name}": value for name, value in names.items()})
    yield site
    site.house.database.close()


def _set_out(browser: FlaskClient, path: str = "/login/oidc?next=/somewhere") -> str:
    sent = browser.get(path)
    assert sent.status_code == 303, sent.text
    return sent.headers["Location"]


def _arrive(browser: FlaskClient, answer: dict[str, Any]) -> TestResponse:
    return browser.get("/login/callback", query_string=answer, headers={"Accept": "application/json"})


def _sign_in(site: Site, browser: FlaskClient | None = None, **claims: Any) -> TestResponse:
    browser = browser or site.browser()
    return _arrive(browser, site.provider.grant(_set_out(browser), **claims))


def test_a_person_is_made_and_known_again(site: Site) -> None:
    """By issuer and subject, whatever address the provider tells later."""
    before, browser = site.rows(t.Person), site.browser()
    response = _sign_in(site, browser)
    assert (response.status_code, response.headers["Location"]) == (303, "/somewhere")
    assert browser.get("/api/me").get_json()["email"] == "ada@acme.example"
    assert _sign_in(site, email="new@globex.example", email_verified=False).status_code == 303
    assert site.rows(t.Person) == before + 1
    with site.house.database.read() as tx:
        assert set(tx.execute(select(t.Authentication.method)).scalars()) == {"oidc_local"}


def test_who_has_the_verified_address_is_signed_in(site: Site) -> None:
    """The founder, who came by another way."""
    browser = site.browser()
    assert _sign_in(site, browser, email="Owner@Acme.example").status_code == 303
    assert browser.get("/api/me").get_json()["email"] == "owner@acme.example"


def test_the_request_goes_to_its_own_redirect_uri(site: Site) -> None:
    """And its answer is nothing at that of a connection, nor the other way round."""
    browser = site.browser()
    url = _set_out(browser)
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [site.house.settings.base_url + "/login/callback"]
    answer = site.provider.grant(url)
    assert site.arrive(browser, answer).headers["X-Connector-Error"] == "request_unknown"
    answer = site.provider.grant(site.set_out(browser))
    assert _arrive(browser, answer).headers["X-Connector-Error"] == "request_unknown"
    assert site.provider.count("/token") == 0


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"email_verified": False}, "email_unverified"),
        ({"email_verified": "false"}, "email_unverified"),
        ({"email_verified": ABSENT}, "email_unverified"),
        ({"email": ABSENT}, "email_missing"),
        ({"email": "nonsense"}, "email_invalid"),
        ({"nonce": "another"}, "oidc_nonce"),
        ({"iss": "https://evil.test"}, "oidc_issuer"),
        ({"aud": "another"}, "oidc_audience"),
    ],
)
def test_who_proves_no_address_is_not_signed_in(site: Site, claims: dict[str, Any], code: str) -> None:
    """Nor who brings a wrong token: no session, no person."""
    before = site.rows(t.Person)
    response = _sign_in(site, **claims)
    assert (response.headers["X-Connector-Error"], response.status_code // 100) == (code, 4)
    assert site.rows(t.Session) == 0
    assert site.rows(t.Person) == before


def test_an_answer_is_good_once_and_in_its_browser(site: Site) -> None:
    """As everywhere."""
    browser = site.browser()
    answer = site.provider.grant(_set_out(browser))
    assert _arrive(site.browser(), answer).headers["X-Connector-Error"] == "other_browser"
    assert _arrive(browser, answer).status_code == 303
    assert _arrive(browser, answer).headers["X-Connector-Error"] == "request_used"
    assert site.rows(t.Session) == 1


@pytest.mark.parametrize("path", ["//evil.test", "https://evil.test", "/\\evil.test", "/a\r\nb"])
def test_the_way_back_stays_here(site: Site, path: str) -> None:
    """An address of another site is not gone to."""
    browser = site.browser()
    sent = browser.get("/login/oidc", query_string={"next": path})
    answer = site.provider.grant(sent.headers["Location"])
    assert _arrive(browser, answer).headers["Location"] == "/"


def test_a_sign_in_through_the_connection_does_not_become_local(site: Site) -> None:
    """Both use one provider and one client here; still each answer is of its own request."""
    browser = site.browser()
    assert site.sign_in(browser).status_code == 303
    with site.house.database.read() as tx:
        assert set(tx.execute(select(t.Authentication.method)).scalars()) == {"oidc"}


@pytest.mark.parametrize("path", ["/login/oidc", "/login/callback?code=a&state=b"])
def test_without_a_provider_there_is_no_such_way(sqlite_url: str, tmp_path: Path, provider: Provider, path: str) -> None:
    """404, and what to do instead."""
    site = opened(sqlite_url, tmp_path, provider)
    response = site.browser().get(path, headers={"Accept": "application/json"})
    assert (response.status_code, response.headers["X-Connector-Error"]) == (404, "login_provider_missing")
    site.house.database.close()
