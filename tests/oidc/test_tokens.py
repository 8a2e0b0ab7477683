"""ID tokens: what may be wrong with one, against the genuine one that is taken (OpenID Connect Core 1.0 section 3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.directory.sign_on_model import OidcSide
from connector.errors import ConnectorError, Forbidden
from connector.oidc import tokens
from connector.oidc.keys import read_keys
from connector.oidc.tokens import Expected, check_id_token
from idp_fixtures.oidc.tokens import (
    ABSENT,
    half_hash,
    id_claims,
    jwks,
    logout_claims,
    sign,
    sign_with_secret,
    signing_key,
    unsigned,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ISSUER = "https://login.example.com"
SECRET = "a-client-secret-of-more-than-32-characters"
SIDE = OidcSide(ISSUER, "client-1", SECRET)
HS = OidcSide(ISSUER, "client-1", SECRET, algorithms=("HS256",))
FIRST, SECOND, OTHER = signing_key("first"), signing_key("second"), signing_key("other")
EXPECTED = Expected("nonce-1", "access-1")
STAMP = int(NOW.timestamp())
ALL = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256")


def _claims(**changes: Any) -> dict[str, Any]:
    return id_claims(ISSUER, "client-1", **{"nonce": "nonce-1", "now": NOW, **changes})


def _check(
    token: str, side: OidcSide = SIDE, published: Any = None, expected: Expected = EXPECTED, now: datetime = NOW
) -> dict[str, Any]:
    keys = read_keys(json.dumps(published if published is not None else jwks(FIRST)))
    return check_id_token(token, side, keys, expected, now)


def _refused(token: str, **given: Any) -> str:
    with pytest.raises(Forbidden) as refusal:
        _check(token, **given)
    return refusal.value.code


def test_a_genuine_token_is_taken() -> None:
    """With its claims as they are."""
    assert _check(sign(_claims(), FIRST)) == _claims()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://login.example.com/"}, "oidc_issuer"),
        ({"iss": "https://login.example.com.evil.test"}, "oidc_issuer"),
        ({"iss": "https://login.example"}, "oidc_issuer"),
        ({"iss": [ISSUER]}, "oidc_issuer"),
        ({"iss": ABSENT}, "oidc_issuer"),
        ({"aud": "client-2"}, "oidc_audience"),
        ({"aud": "client-1 "}, "oidc_audience"),
        ({"aud": "client"}, "oidc_audience"),
        ({"aud": ["client-2"]}, "oidc_audience"),
        ({"aud": ["client-1", "client-2"]}, "oidc_audience"),
        ({"aud": ["client-1", "client-2"], "azp": "client-1"}, "oidc_audience"),
        ({"aud": "client-2", "azp": "client-1"}, "oidc_audience"),
        ({"aud": []}, "oidc_audience"),
        ({"aud": ABSENT}, "oidc_audience"),
        ({"aud": {"client-1": True}}, "oidc_audience"),
        ({"azp": "client-2"}, "oidc_azp"),
        ({"azp": None}, "oidc_azp"),
        ({"exp": STAMP - 90}, "oidc_expired"),
        ({"exp": ABSENT}, "oidc_times"),
        ({"exp": str(STAMP + 300)}, "oidc_times"),
        ({"exp": True}, "oidc_times"),
        ({"exp": 10**400}, "oidc_times"),
        ({"exp": -1}, "oidc_times"),
        ({"iat": ABSENT}, "oidc_times"),
        ({"iat": None}, "oidc_times"),
        ({"iat": STAMP + 91}, "oidc_not_yet_valid"),
        ({"nbf": STAMP + 91}, "oidc_not_yet_valid"),
        ({"nbf": "soon"}, "oidc_times"),
        ({"nonce": "nonce-2"}, "oidc_nonce"),
        ({"nonce": ""}, "oidc_nonce"),
        ({"nonce": ABSENT}, "oidc_nonce"),
        ({"nonce": ["nonce-1"]}, "oidc_nonce"),
        ({"sub": ABSENT}, "oidc_subject"),
        ({"sub": ""}, "oidc_subject"),
        ({"sub": 7}, "oidc_subject"),
        ({"sub": None}, "oidc_subject"),
        ({"sub": "x" * 256}, "oidc_subject"),
        ({"sub": "ada\x00"}, "oidc_subject"),
        ({"sub": "ada\nbob"}, "oidc_subject"),
        ({"sub": "  "}, "oidc_subject"),
        ({"sub": "ada\ud800"}, "oidc_subject"),
        ({"at_hash": half_hash("access-2")}, "oidc_at_hash"),
        ({"at_hash": None}, "oidc_at_hash"),
        ({"at_hash": half_hash("access-1")[:-1]}, "oidc_at_hash"),
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused(changes: dict[str, Any], code: str) -> None:
    """Each against a token that is genuine otherwise."""
    assert _refused(sign(_claims(**changes), FIRST)) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["client-1"]},
        {"aud": ["client-1", "client-1"]},
        {"azp": "client-1"},
        {"exp": STAMP - 89},
        {"exp": STAMP + 0.5},
        {"iat": STAMP + 90},
        {"nbf": STAMP + 90},
        {"iat": STAMP - 100_000},
        {"sub": "x" * 255},
        {"sub": "Ünïcode"},
        {"at_hash": half_hash("access-1")},
        {"auth_time": STAMP},
        {"unknown": {"a": [1, None]}},
    ],
)
def test_what_the_specification_allows_is_taken(changes: dict[str, Any]) -> None:
    """Up to the skew of 90 seconds, and with claims nobody asked for."""
    assert _check(sign(_claims(**changes), FIRST))["sub"]


@pytest.mark.parametrize("algorithm", ALL)
def test_every_algorithm_that_is_allowed_is_verified(algorithm: str) -> None:
    """And `at_hash` by the hash of that algorithm."""
    key = signing_key("curve", "EC") if algorithm == "ES256" else FIRST
    side = OidcSide(ISSUER, "client-1", SECRET, algorithms=ALL)
    token = sign(_claims(at_hash=half_hash("access-1", algorithm)), key, alg=algorithm, typ="JWT")
    assert _check(token, side=side, published=jwks(key))["sub"]
    others = OidcSide(ISSUER, "client-1", SECRET, algorithms=tuple(name for name in ALL if name != algorithm))
    assert _refused(token, side=others, published=jwks(key)) == "oidc_algorithm"


def _as_key(secret: bytes) -> dict[str, Any]:
    return {"keys": [{"kty": "oct", "kid": "first", "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}]}


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_an_unsigned_token_is_never_taken(name: str) -> None:
    """Not even where the connection's own list was made to have it."""
    lax = OidcSide(ISSUER, "client-1", SECRET, algorithms=("RS256", "none", "None"))
    for side in (SIDE, lax):
        assert _refused(unsigned(_claims(), alg=name), side=side) == "oidc_algorithm"


def test_a_public_key_is_no_secret() -> None:
    """HMAC under the published key, in the forms libraries were fooled with (CVE-2016-10555)."""
    published = jwks(FIRST)["keys"][0]
    for secret in (published["n"], json.dumps(published)):
        assert _refused(sign_with_secret(_claims(), secret)) == "oidc_algorithm"
        assert _refused(sign_with_secret(_claims(), secret), side=HS) == "oidc_signature"


def test_a_symmetric_key_that_the_provider_publishes_verifies_nothing() -> None:
    """A key set of such keys is none, and beside a good key they are passed over."""
    secret = b"published-secret-of-32-characters!"
    both = {"keys": [*_as_key(secret)["keys"], *jwks(SECOND)["keys"]]}
    assert _refused(sign_with_secret(_claims(), secret, kid="first"), published=both) == "oidc_algorithm"
    assert _refused(sign_with_secret(_claims(), secret, kid="first"), published=both, side=HS) == "oidc_signature"


def test_our_secret_signs_where_the_connection_says_so_and_nowhere_else() -> None:
    """HS256 is the connection's choice, never the token's; a short secret signs nothing."""
    token = sign_with_secret(_claims(), SECRET)
    assert _check(token, side=HS)["sub"]
    assert _refused(token) == "oidc_algorithm"
    assert _refused(sign_with_secret(_claims(), SECRET + "x"), side=HS) == "oidc_signature"
    short = OidcSide(ISSUER, "client-1", "short-secret-here", algorithms=("HS256",))
    assert _refused(sign_with_secret(_claims(), "short-secret-here"), side=short) == "oidc_algorithm"
    assert _refused(sign(_claims(), FIRST), side=HS) == "oidc_algorithm"


def test_keys_in_the_header_are_not_used() -> None:
    """Whoever signs with a key of their own and sends it along has a wrong signature; a good one is not harmed by them."""
    mine = jwks(OTHER)["keys"][0]
    for headers in ({"jwk": mine}, {"jku": "https://evil.test/keys"}, {"x5u": "https://evil.test/c"}, {"x5c": ["MIIB"]}):
        assert _refused(sign(_claims(), OTHER, kid="first", **headers)) == "oidc_signature"
        assert _refused(sign(_claims(), OTHER, kid="other", **headers)) == "oidc_unknown_key"
        assert _check(sign(_claims(), FIRST, **headers))["sub"]
    assert _check(sign(_claims(), FIRST, x5c=["x" * 20_000]))["sub"]


def test_a_key_is_found_by_its_name() -> None:
    """Without a name only where there is one key; keys for encryption do not count."""
    nameless = sign(_claims(), FIRST, kid=ABSENT)
    encrypts = {**jwks(OTHER)["keys"][0], "use": "enc"}
    assert _check(nameless)["sub"]
    assert _check(nameless, published={"keys": [*jwks(FIRST)["keys"], encrypts]})["sub"]
    assert _refused(nameless, published=jwks(FIRST, SECOND)) == "oidc_key_ambiguous"
    assert _check(sign(_claims(), SECOND), published=jwks(FIRST, SECOND))["sub"]
    assert _refused(sign(_claims(), OTHER), published=jwks(FIRST, SECOND)) == "oidc_unknown_key"
    assert _refused(sign(_claims(), SECOND, kid="first"), published=jwks(FIRST, SECOND)) == "oidc_signature"
    assert _refused(_with_header({"alg": "RS256", "kid": 7})) == "oidc_token_malformed"


def test_two_keys_of_one_name_are_both_tried() -> None:
    """RFC 7517 section 4.5 allows it for keys of different kinds; some providers do it while they rotate."""
    twin = {**jwks(SECOND)["keys"][0], "kid": "first"}
    published = {"keys": [twin, *jwks(FIRST)["keys"]]}
    assert _check(sign(_claims(), FIRST), published=published)["sub"]
    assert _check(sign(_claims(), SECOND, kid="first"), published=published)["sub"]


def test_a_key_made_for_another_algorithm_verifies_nothing() -> None:
    """`alg` of a key is an order, not a hint."""
    for_pss = {"keys": [{**jwks(FIRST)["keys"][0], "alg": "PS256"}]}
    assert _refused(sign(_claims(), FIRST), published=for_pss) == "oidc_unknown_key"


@pytest.mark.parametrize("kind", ["logout+jwt", "application/logout+jwt", "Logout+JWT", "at+jwt"])
def test_a_token_of_another_kind_is_no_id_token(kind: str) -> None:
    """Even if its claims would do."""
    assert _refused(sign(_claims(), FIRST, typ=kind)) == "oidc_token_type"


def test_a_logout_token_is_no_id_token() -> None:
    """It has no nonce."""
    assert _refused(sign(logout_claims(ISSUER, "client-1", now=NOW), FIRST)) == "oidc_nonce"


@pytest.mark.parametrize("since", [None, NOW, NOW + timedelta(seconds=90)])
def test_a_new_authentication_is_proved_by_auth_time(since: datetime | None) -> None:
    """It must be there and not before the request, where one was asked for."""
    asked = Expected("nonce-1", "access-1", since)
    assert _check(sign(_claims(auth_time=STAMP), FIRST), expected=asked)["sub"]
    if since is not None:
        earlier = int((since - timedelta(seconds=91)).timestamp())
        for told in (ABSENT, earlier, str(STAMP), None):
            assert _refused(sign(_claims(auth_time=told), FIRST), expected=asked) == "oidc_not_reauthenticated"


def _with_header(header: Any, claims: Any = None) -> str:
    parts = (header, _claims() if claims is None else claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


GENUINE = sign(_claims(), FIRST)
HEAD, BODY, TAIL = GENUINE.split(".")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "ä.b.c",
        f"{HEAD}={'.'}{BODY}.{TAIL}",
        f" {GENUINE}",
        _with_header([]),
        _with_header("alg"),
        _with_header({"alg": "RS256", "crit": ["exp"], "exp": 1}),
        _with_header({"alg": "RS256", "b64": False, "crit": ["b64"]}),
        _with_header({"alg": "RS256", "typ": 7}),
        "." * 200_000,
        "x" * 300_000 + "..",
        base64.urlsafe_b64encode(b'{"a":' * 50_000).decode().rstrip("=") + ".e30.eA",
        sign("[1]", FIRST),
        sign("nothing", FIRST),
        sign('{"exp": NaN}', FIRST),
        sign('{"a":' + "[" * 30_000 + "]" * 30_000 + "}", FIRST),
    ],
)
def test_what_is_no_token_is_refused_as_such(token: str) -> None:
    """Whatever it is, it never gets further, and never raises anything else."""
    assert _refused(token) == "oidc_token_malformed"


@pytest.mark.parametrize(
    "token",
    [
        f"{HEAD}.{BODY}.",
        f"{HEAD}.{BODY}.{TAIL[:-4]}",
        f"{HEAD}.{BODY}.{TAIL}AAAA",
        f"{HEAD}.{BODY}.{'A' * len(TAIL)}",
        f"{HEAD}.{BODY}.{TAIL}=",
        f"{HEAD}.{BODY}.!{TAIL}",
        f"{HEAD}..{TAIL}",
        f"{HEAD}.{sign(_claims(sub='eve'), OTHER).split('.')[1]}.{TAIL}",
        _with_header({"alg": "RS256", "kid": "first"}),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(token: str) -> None:
    """Cut, longer, of other claims, absent."""
    assert _refused(token) == "oidc_signature"


def test_a_token_written_in_another_way_is_remembered_as_the_same() -> None:
    """What was signed is remembered, not how the signature is written."""
    assert tokens.fingerprint(GENUINE) == tokens.fingerprint(f"{HEAD}.{BODY}.another")
    assert tokens.fingerprint(GENUINE) == hashlib.sha256(f"{HEAD}.{BODY}".encode()).hexdigest()


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}", fullmatch=True))
def test_no_text_raises_anything_but_a_refusal(token: str) -> None:
    """Never a failure of connector."""
    with pytest.raises(ConnectorError):
        _check(token)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub", "at_hash", "auth_time", "events"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=4,
        ),
    )
)
def test_no_claims_raise_anything_but_a_refusal(changes: dict[str, Any]) -> None:
    """A signed token may say anything; what is taken is what was said of the right person, to us."""
    try:
        claims = _check(sign(_claims(**changes), FIRST))
    except ConnectorError:
        return
    assert claims["iss"] == ISSUER
    assert claims["nonce"] == "nonce-1"
