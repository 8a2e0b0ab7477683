"""Signing in through an OpenID provider, over HTTP from end to end: what the relying-party conformance tests of the OpenID
Foundation ask, and the order in which things are checked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import delete, update

from connector.directory import signing_keys, trial_record
from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT, half_hash, jwks, sign, sign_with_secret, signing_key, unsigned
from tests.oidc.conftest import Site
from tests.oidc.provider import CLIENT, SECRET, answered


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


# -------------------------------------------------------------------------------------------------------------- the answer


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


# ------------------------------------------------------------------------------------------------------ the token endpoint


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


# ---------------------------------------------------------------------------------------------------------------- userinfo


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


# ----------------------------------------------------------------------------------------------------- people and their ids


@pytest.mark.parametrize("said", [False, "false", "False"])
def test_an_address_that_is_not_verified_links_nobody(site: Site, said: Any) -> None:
    """As a truth value, and as the text that some providers send."""
    site.refused(site.sign_in(email_verified=said), "email_unverified")


def test_a_private_google_account_is_nobodys(site: Site) -> None:
    """`hd` is there for accounts of a Workspace only."""
    site.write(update(t.Connection).values(idp="google"))
    site.refused(site.sign_in(), "google_private_account")
    site.refused(site.sign_in(hd=""), "google_private_account")
    assert site.sign_in(hd="acme.example").status_code == 303


def test_a_person_of_entra_is_known_by_object_and_tenant(site: Site) -> None:
    """`sub` differs from app to app."""
    site.write(update(t.Connection).values(idp="entra"))
    site.refused(site.sign_in(), "oidc_tenant")
    site.refused(site.sign_in(oid="o-1"), "oidc_tenant")
    assert site.sign_in(oid="o-1", tid="t-1", email_verified=ABSENT).status_code == 303
    with site.house.database.read() as tx:
        row = tx.execute(t.ExternalIdentity.__table__.select()).one()
    assert (row.kind, row.subject) == ("oid+tid", "o-1@t-1")


def test_a_new_authentication_is_asked_for_and_proved(site: Site) -> None:
    """`prompt` and `max_age` can be taken out of the request on its way; `auth_time` tells."""
    site.configure(force_authn=True)
    browser = site.browser()
    sent = parse_qs(urlsplit(site.set_out(browser)).query)
    assert (sent["prompt"], sent["max_age"]) == (["login"], ["0"])
    stamp = int(datetime.now(UTC).timestamp())
    site.refused(site.sign_in(), "oidc_not_reauthenticated")
    site.refused(site.sign_in(auth_time=stamp - 600), "oidc_not_reauthenticated")
    assert site.sign_in(auth_time=stamp).status_code == 303


def test_a_token_is_good_for_one_sign_in(site: Site) -> None:
    """Even if a provider gave it out twice, and the nonce were the same."""
    kept: list[str] = []

    def same(claims: dict[str, Any]) -> str:
        kept.append(site.provider.sign(claims))
        return kept[0]

    site.provider.token = same
    assert site.sign_in().status_code == 303
    response = site.sign_in()
    assert response.headers["X-Connector-Error"] == "oidc_nonce"


def test_a_test_sign_in_shows_and_makes_nothing(site: Site) -> None:
    """It goes the same way and ends on its page."""
    browser = site.browser()
    base = site.house.settings.base_url
    link = trial_record.make_link(site.house.database, site.world.organization, site.world.connection, base).removeprefix(base)
    answer = site.provider.grant(browser.get(link).headers["Location"])
    response = browser.get(f"/sso/{site.world.connection}/callback", query_string=answer)
    assert response.status_code == 200, response.text
    assert "ada@acme.example" in response.text
    assert site.rows(t.Session) == 0
    assert site.rows(t.ExternalIdentity) == 0


def test_the_trace_has_names_and_no_secrets(site: Site) -> None:
    """Claims by name; of tokens, codes, secrets and other values nothing."""
    site.refused(site.sign_in(nonce="another", shoe_size="forty-one"), "oidc_nonce")
    (trace,) = site.traces()
    assert trace.stage == "check"
    assert "shoe_size" in trace.facts["claims"]
    assert trace.facts["email"] == "ada@acme.example"
    for secret in ("forty-one", SECRET, "access-1", "eyJ"):
        assert secret not in str(tuple(trace))


ODD: list[Any] = ["a\x00b", "\ud800", "x" * 5000, ["\ud800", "eng"], {"a": {"b": "\x00"}}, 10**300, 1e308]


def test_odd_values_never_fail(either_site: Site) -> None:
    """What no database can keep, what is long, and what is of another kind: a sign-in or a refusal, never a failure."""
    browser = either_site.browser()
    for name in ("sid", "email", "name", "groups", "odd\ud800"):
        for value in ODD:
            response = either_site.sign_in(browser, **{name: value})
            assert response.status_code == 303 or response.headers["X-Connector-Error"], (name, value, response.text)
