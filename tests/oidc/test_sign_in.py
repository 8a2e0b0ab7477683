"""Signing in through an OpenID provider, over HTTP from end to end: what the relying-party conformance tests of the OpenID
Foundation ask, and the order in which things are checked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.directory import signing_keys
from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT, half_hash, jwks, sign, sign_with_secret, signing_key, unsigned
from tests.oidc.conftest import Site
from tests.oidc.provider import CLIENT, SECRET


def test_somebody_of_the_organization_signs_in(either_site: Site) -> None:
    """The browser goes to the provider, comes back, has a session and is where it wanted to go."""
    browser = either_site.browser()
    response = either_site.sign_in(browser)
    assert (response.status_code, response.headers["Location"]) == (303, "/somewhere")
    assert either_site.rows(t.Session) == 1
    with either_site.house.database.read() as tx:
        row = tx.execute(t.ExternalIdentity.__table__.select()).one()
    assert (row.issuer, row.kind, row.subject) == (either_site.provider.issuer, "sub", "subject-ada")
    assert "connector_session=" in response.headers["Set-Cookie"]
    assert [each.code for each in either_site.traces()] == ["ok"]


def test_the_request_carries_what_makes_an_answer_ours(site: Site) -> None:
    """Code flow, PKCE with S256, state and nonce, different every time; the redirect URI is of the base URL."""
    first, second = (parse_qs(urlsplit(site.set_out(site.browser())).query) for _ in range(2))
    assert first["response_type"] == ["code"]
    assert first["code_challenge_method"] == ["S256"]
    assert first["scope"] == ["openid profile email"]
    assert first["client_id"] == [CLIENT]
    assert first["redirect_uri"] == [site.sign_on.addresses["redirect_uri"]]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 43
        assert first[name] != second[name]
    assert not {"prompt", "max_age", "code_verifier"} & set(first)


def test_a_query_of_the_authorization_endpoint_stays(site: Site) -> None:
    """OAuth 2.0 section 3.1: parameters are added to it."""
    site.provider.described = {"authorization_endpoint": site.provider.issuer + "/authorize?tenant=a%20b"}
    assert parse_qs(urlsplit(site.set_out(site.browser())).query)["tenant"] == ["a b"]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.test"}, "oidc_issuer"),
        ({"sub": ABSENT}, "oidc_subject"),
        ({"aud": "another"}, "oidc_audience"),
        ({"aud": [CLIENT, "another"]}, "oidc_audience"),
        ({"azp": "another"}, "oidc_azp"),
        ({"iat": ABSENT}, "oidc_times"),
        ({"exp": 1}, "oidc_expired"),
        ({"nonce": "another"}, "oidc_nonce"),
        ({"nonce": ABSENT}, "oidc_nonce"),
        ({"at_hash": half_hash("another")}, "oidc_at_hash"),
    ],
)
def test_a_wrong_claim_signs_nobody_in(site: Site, claims: dict[str, Any], code: str) -> None:
    """Wrong issuer, missing sub, wrong audience, missing iat, wrong nonce of the conformance tests, and more."""
    site.refused(site.sign_in(**claims), code)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (unsigned, "oidc_algorithm"),
        (lambda claims: sign_with_secret(claims, SECRET), "oidc_algorithm"),
        (lambda claims: sign_with_secret(claims, jwks(signing_key())["keys"][0]["n"]), "oidc_algorithm"),
        (lambda claims: sign(claims, signing_key("evil"), kid="first"), "oidc_signature"),
        (lambda claims: sign(claims, signing_key("evil"), jwk=jwks(signing_key("evil"))["keys"][0]), "oidc_unknown_key"),
        (lambda claims: sign(claims, signing_key(), typ="logout+jwt"), "oidc_token_type"),
        (lambda _: "nothing", "oidc_token_malformed"),
    ],
)
def test_a_token_that_the_provider_has_not_signed_signs_nobody_in(site: Site, make: Any, code: str) -> None:
    """Whatever the provider's metadata and keys invite to."""
    site.provider.described = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}
    site.provider.token = make
    site.refused(site.sign_in(), code)


@pytest.mark.parametrize("made", [1, 2])
def test_a_token_without_key_id_is_taken_where_there_is_one_key(site: Site, made: int) -> None:
    """And refused where there are several: rp-id_token-kid-absent-single-jwks and -multiple-jwks."""
    site.provider.keys = [signing_key("first"), signing_key("second")][:made]
    site.provider.token = lambda claims: sign(claims, signing_key("first"), kid=ABSENT)
    response = site.sign_in()
    if made == 1:
        assert response.status_code == 303
    else:
        site.refused(response, "oidc_key_ambiguous")


def test_the_tokens_of_a_provider_that_signs_with_our_secret_are_taken_if_the_connection_says_so(site: Site) -> None:
    """HS256 by our configuration only."""
    site.configure(algorithms=("HS256",))
    site.provider.token = lambda claims: sign_with_secret(claims, SECRET)
    assert site.sign_in().status_code == 303
    assert site.provider.count("/keys") == 0


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_secret_is_told_as_the_connection_says(site: Site, method: str) -> None:
    """Whatever letters it has (RFC 6749 section 2.3.1), and in one place only."""
    site.configure(client_auth=method)
    assert site.sign_in().status_code == 303
    asked = next(request for path, request in site.provider.asked if path == "/token")
    assert ("client_secret" in asked.form) is (method == "client_secret_post")
    assert (asked.authorization is not None) is (method == "client_secret_basic")


def test_a_key_of_ours_proves_who_we_are(site: Site) -> None:
    """private_key_jwt, with the keys that the connection's metadata address publishes, also while they are changed."""
    site.configure(client_auth="private_key_jwt", secret=None)
    path = f"/sso/{site.world.connection}/metadata"
    site.provider.client_keys = site.browser().get(path).get_json()
    assert site.sign_in().status_code == 303
    house = site.house
    added = signing_keys.add(house.database, house.sealer, house.settings.base_url)
    published = site.browser().get(path).get_json()
    assert len({key["kid"] for key in published["keys"]}) == 2
    assert all(set(key) == {"kty", "n", "e", "use", "alg", "kid", "x5t", "x5t#S256"} for key in published["keys"])
    site.provider.client_keys = published
    signing_keys.use(house.database, added.id)
    assert site.sign_in().status_code == 303


def test_who_proves_itself_by_a_secret_has_no_keys_to_publish(site: Site) -> None:
    """And none are made for asking."""
    answer = site.browser().get(f"/sso/{site.world.connection}/metadata", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_metadata")
    assert site.rows(t.SigningKey) == 0
