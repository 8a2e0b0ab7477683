"""Logout: the provider ends sign-ins here, once and only its own (OpenID Connect Back-Channel Logout 1.0); and the way out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from connector.directory.requests import hashed
from connector.membership.identity import LogoutHandle
from connector.oidc.logout import EVENT, leave_url
from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT, jwks, logout_claims, sign, sign_with_secret, signing_key, unsigned
from tests.oidc.conftest import Site
from tests.oidc.provider import CLIENT, SECRET, answered
from tests.support.racing import race

STAMP = int(datetime.now(UTC).timestamp())


def _claims(site: Site, **changes: Any) -> dict[str, Any]:
    return logout_claims(site.provider.issuer, CLIENT, now=datetime.now(UTC), **changes)


def _logout(site: Site, token: Any = None, **changes: Any) -> TestResponse:
    """The provider posts a logout token."""
    token = sign(_claims(site, **changes), signing_key(), typ="logout+jwt") if token is None else token
    path = f"/sso/{site.world.connection}/backchannel-logout"
    return site.app.test_client().post(path, data={"logout_token": token})


def _live(site: Site) -> int:
    with site.house.database.read() as tx:
        return len(tx.execute(select(t.Authentication.id).where(t.Authentication.ended_at.is_(None))).all())


def _is_in(browser: FlaskClient) -> bool:
    return browser.get("/api/me").status_code == 200


def test_a_logout_ends_what_the_person_signed_in_to(either_site: Site) -> None:
    """By `sub` every session; the browser is signed out at its next request."""
    site, browser = either_site, either_site.browser()
    site.sign_in(browser)
    site.sign_in()
    site.sign_in(sub="subject-eve", email="eve@acme.example")
    assert _is_in(browser)
    response = _logout(site)
    assert (response.status_code, response.data, response.headers["Cache-Control"]) == (200, b"", "no-store")
    assert _live(site) == 1
    assert not _is_in(browser)


def test_a_logout_of_one_session_leaves_the_others(site: Site) -> None:
    """By `sid`, with or without `sub`."""
    for sid in ("s-1", "s-2", "s-3"):
        site.sign_in(sid=sid)
    assert _logout(site, sid="s-1", sub=ABSENT).status_code == 200
    assert _live(site) == 2
    assert _logout(site, sid="s-2", jti="another").status_code == 200
    assert _live(site) == 1
    assert _logout(site, sid="s-3", sub="subject-eve", jti="a third").status_code == 200
    assert _live(site) == 1


def test_a_logout_of_nobody_known_succeeds(site: Site) -> None:
    """Section 2.7: it is done, and nothing is told about who is known."""
    assert _logout(site).status_code == 200


def test_a_logout_is_good_once(either_site: Site) -> None:
    """Sent again, it does not end what was signed in to since; of two at once one counts."""
    site = either_site
    token = sign(_claims(site), signing_key())
    assert _logout(site, token).status_code == 200
    site.sign_in()
    again = _logout(site, token)
    assert (again.status_code, again.headers["X-Connector-Error"]) == (400, "message_replayed")
    assert _live(site) == 1
    other = sign(_claims(site, jti="another"), signing_key())
    answers, _ = race([lambda: _logout(site, other).status_code] * 4)
    assert sorted(answers) == [200, 400, 400, 400]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.test"}, "oidc_issuer"),
        ({"aud": "another"}, "oidc_audience"),
        ({"aud": [CLIENT, "another"]}, "oidc_audience"),
        ({"aud": ABSENT}, "oidc_audience"),
        ({"exp": STAMP - 300}, "oidc_expired"),
        ({"exp": ABSENT}, "oidc_times"),
        ({"iat": ABSENT}, "oidc_times"),
        ({"iat": STAMP + 3600, "exp": STAMP + 7200}, "oidc_not_yet_valid"),
        ({"iat": STAMP - 86_401, "exp": STAMP + 86_400}, "oidc_logout_token"),
        ({"events": ABSENT}, "oidc_logout_token"),
        ({"events": {}}, "oidc_logout_token"),
        ({"events": [EVENT]}, "oidc_logout_token"),
        ({"events": {EVENT: True}}, "oidc_logout_token"),
        ({"nonce": "n"}, "oidc_logout_token"),
        ({"nonce": None}, "oidc_logout_token"),
        ({"jti": ABSENT}, "oidc_logout_token"),
        ({"jti": ""}, "oidc_logout_token"),
        ({"jti": "x" * 256}, "oidc_logout_token"),
        ({"jti": "a\x00"}, "oidc_logout_token"),
        ({"jti": "a\ud800"}, "oidc_logout_token"),
        ({"sub": ABSENT, "sid": "a\ud800"}, "oidc_logout_token"),
        ({"sub": ABSENT}, "oidc_logout_token"),
        ({"sub": ABSENT, "sid": ""}, "oidc_logout_token"),
        ({"sub": 7}, "oidc_subject"),
        ({"sub": "", "sid": "s"}, "oidc_subject"),
    ],
)
def test_a_wrong_logout_token_ends_nothing(site: Site, changes: dict[str, Any], code: str) -> None:
    """400 with the error as the specification has it, no-store, and an entry in the trace."""
    site.sign_in()
    response = _logout(site, **changes)
    assert (response.status_code, response.headers["X-Connector-Error"]) == (400, code)
    assert response.get_json()["error"] == "invalid_request"
    assert response.headers["Cache-Control"] == "no-store"
    assert _live(site) == 1
    assert site.traces()[-1].code == code


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (unsigned, "oidc_algorithm"),
        (lambda claims: sign_with_secret(claims, SECRET), "oidc_algorithm"),
        (lambda claims: sign(claims, signing_key("evil"), kid="first"), "oidc_signature"),
        (lambda claims: sign(claims, signing_key("evil"), jwk=jwks(signing_key("evil"))["keys"][0]), "oidc_unknown_key"),
        (lambda claims: sign(claims, signing_key(), typ="at+jwt"), "oidc_logout_token"),
        (lambda _: "a.b.c", "oidc_token_malformed"),
        (lambda _: "", "oidc_token_malformed"),
        (lambda _: ["a", "b"], "oidc_answer_malformed"),
        (lambda _: [], "oidc_answer_malformed"),
    ],
)
def test_a_forged_logout_ends_nothing(site: Site, make: Any, code: str) -> None:
    """And asks the provider for keys no more often than the cool-down allows."""
    site.sign_in()
    for _ in range(3):
        response = _logout(site, make(_claims(site)))
        assert (response.status_code, response.headers["X-Connector-Error"]) == (400, code)
    assert _live(site) == 1
    assert site.provider.count("/keys") == 1


def test_an_id_token_is_no_logout_token(site: Site) -> None:
    """It has a nonce, and no event."""
    site.sign_in()
    token = site.provider.sign(_claims(site, nonce="n", events=ABSENT))
    assert _logout(site, token).headers["X-Connector-Error"] == "oidc_logout_token"


def test_a_logout_of_another_connection_ends_nothing_here(site: Site) -> None:
    """What one identity provider says ends only what was signed in through it."""
    site.sign_in()
    with site.house.database.read() as tx:
        row = tx.execute(select(t.Authentication.handle, t.Authentication.connection_id)).one()
    assert row.connection_id == site.world.connection
    assert row.handle == hashed("subject-ada")
    response = site.app.test_client().post("/sso/another/backchannel-logout", data={"logout_token": "a.b.c"})
    assert response.status_code == 404
    assert _live(site) == 1


def test_the_browser_is_logged_out_at_the_provider_if_that_offers_it(site: Site) -> None:
    """With the ID token as a hint; where it does not, or is away, signing out here is all."""
    answer = leave_url(site.house, site.sign_on, LogoutHandle("subject-ada", hint="a.b.c"), datetime.now(UTC))
    assert answer is not None
    assert answer.startswith(site.provider.issuer + "/end_session?")
    assert parse_qs(urlsplit(answer).query) == {
        "client_id": [CLIENT],
        "post_logout_redirect_uri": [site.sign_on.addresses["logout_url"]],
        "id_token_hint": ["a.b.c"],
    }
    back = site.browser().get(f"/sso/{site.world.connection}/logout?state=x")
    assert (back.status_code, back.headers["Location"]) == (303, "/login?signed_out=1")


@pytest.mark.parametrize("issuer", ["", "https://evil.test"])
def test_a_provider_without_logout_is_left_alone(site: Site, issuer: str) -> None:
    """One that offers none, and one whose metadata are not to be believed: nobody waits, nothing fails."""
    endpoints = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    base = site.provider.issuer
    document = {"issuer": issuer or base, **{name: f"{base}/{name}" for name in endpoints}}
    site.provider.instead["/.well-known/openid-configuration"] = answered(document)
    assert leave_url(site.house, site.sign_on, LogoutHandle("subject-ada"), datetime.now(UTC)) is None
