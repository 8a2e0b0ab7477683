"""The provider's documents: asked for seldom, by one process for all, and never replaced by something bad."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.app import create_app
from connector.errors import ConnectorError, Invalid, Upstream
from connector.oidc import kept
from connector.oidc.discovery import Metadata, address_of, metadata_of, read_metadata
from connector.oidc.keys import keys_of, read_keys
from connector.oidc.provider import Provider, of_connection
from connector.outbound.fetch import Fetcher
from connector.storage import tables as t
from connector.web.house import House
from idp_fixtures.oidc.tokens import ABSENT, changed, discovery, jwks, sign, signing_key
from tests.oidc.conftest import Site, settings
from tests.oidc.provider import answered, dripping
from tests.support.statements import statements

ISSUER = "https://login.example.com"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DISCOVERY = "/.well-known/openid-configuration"


class Asking:
    """A provider's documents as one process asks for them, at a moment."""

    def __init__(self, site: Site, house: House | None = None) -> None:
        self.house = house or site.house
        self.provider: Provider = of_connection(site.sign_on)

    def metadata(self, now: datetime = NOW) -> Metadata:
        """What the metadata say."""
        return metadata_of(self.house.database, self.house.fetcher, self.provider, now)

    def keys(self, now: datetime = NOW, *, afresh: bool = False) -> list[str | None]:
        """The names of the keys."""
        found = keys_of(self.house.database, self.house.fetcher, self.provider, self.metadata(now), now, afresh=afresh)
        return [key.kid for key in found]


@pytest.fixture
def asking(site: Site) -> Asking:
    """The first process."""
    return Asking(site)


@pytest.fixture
def other(site: Site, tmp_path: Path) -> Iterator[Asking]:
    """A second process on the same database."""
    house = create_app(settings(site.house.settings.database_url, tmp_path)).extensions["connector"]
    yield Asking(site, house)
    house.database.close()


def test_documents_are_fetched_once_in_an_hour_for_all_processes(site: Site, asking: Asking, other: Asking) -> None:
    """However many sign-ins there are."""
    for process in (asking, other, asking):
        assert process.keys() == ["first"]
        assert process.keys(NOW + 3599 * SECOND) == ["first"]
    assert (site.provider.count(DISCOVERY), site.provider.count("/keys")) == (1, 1)
    assert other.keys(NOW + 3600 * SECOND) == ["first"]
    assert (site.provider.count(DISCOVERY), site.provider.count("/keys")) == (2, 2)


def test_a_changed_key_is_found_at_once_and_then_the_cool_down_counts(site: Site, asking: Asking, other: Asking) -> None:
    """A key that nobody knows makes nobody ask more than once in 30 seconds, over all processes."""
    asking.keys()
    site.provider.keys = [signing_key("second")]
    assert asking.keys(NOW + 29 * SECOND, afresh=True) == ["first"]
    assert other.keys(NOW + 30 * SECOND, afresh=True) == ["second"]
    assert asking.keys(NOW + 31 * SECOND) == ["second"]
    for seconds in range(31, 60):
        assert asking.keys(NOW + seconds * SECOND, afresh=True) == ["second"]
    assert site.provider.count("/keys") == 2


def test_nobody_can_make_connector_write_by_asking_for_keys(site: Site, asking: Asking) -> None:
    """In the cool-down, a key that nobody knows costs reading and nothing else."""
    asking.keys()
    with statements(site.house.database.engine) as seen:
        asking.keys(NOW + 29 * SECOND, afresh=True)
    assert seen
    assert all(each.lstrip().upper().startswith("SELECT") for each in seen)


def test_a_sign_in_right_after_the_provider_changed_its_key_succeeds(site: Site) -> None:
    """And a token with a key that never was costs the provider no second question."""
    assert site.sign_in().status_code == 303
    site.write(update(t.ProviderDocument).values(tried_at=datetime.now(UTC) - timedelta(seconds=31)))
    site.provider.keys = [signing_key("second"), signing_key("first")]
    assert site.sign_in().status_code == 303
    site.provider.token = lambda claims: sign(claims, signing_key("evil"))
    for _ in range(3):
        response = site.sign_in()
        assert response.headers["X-Connector-Error"] == "oidc_unknown_key"
    assert site.provider.count("/keys") == 2


@pytest.mark.parametrize("name", ["first", ABSENT])
def test_a_key_that_was_changed_under_its_old_name_is_asked_for_too(site: Site, name: Any) -> None:
    """As after a provider was set up anew, or where its only key has no name. Forged tokens make nobody ask again."""
    assert site.sign_in().status_code == 303
    site.write(update(t.ProviderDocument).values(tried_at=datetime.now(UTC) - timedelta(seconds=31)))
    renamed = {**jwks(signing_key("second"))["keys"][0], "kid": name}
    published = {each: value for each, value in renamed.items() if value is not ABSENT}
    site.provider.instead["/keys"] = answered({"keys": [published]})
    site.provider.token = lambda claims: sign(claims, signing_key("second"), kid=name)
    assert site.sign_in().status_code == 303
    site.provider.token = lambda claims: sign(claims, signing_key("evil"), kid=name)
    for _ in range(3):
        assert site.sign_in().headers["X-Connector-Error"] == "oidc_signature"
    assert site.provider.count("/keys") == 2


BAD: list[Any] = [
    answered(b""),
    answered(b"not json"),
    answered(b"\xff\xfe"),
    answered([]),
    answered({}),
    answered(b"[" * 200_000),
    answered(b" " * 300_000),
    answered({}, 500),
    answered({}, 404),
    answered({}, 302, Location="/keys2"),
]


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_document_never_takes_the_place_of_a_good_one(site: Site, asking: Asking, path: str, bad: Any) -> None:
    """Broken, empty, huge, gone, elsewhere: sign-ins go on with what is kept; without anything kept they are refused."""
    assert asking.keys() == ["first"]
    site.provider.instead[path] = bad
    later = NOW + 2 * kept.LIFE
    assert asking.keys(later) == ["first"]
    assert asking.keys(later + 31 * SECOND, afresh=True) == ["first"]
    site.write(update(t.ProviderDocument).values(body=None, fetched_at=None))
    with pytest.raises(Upstream):
        asking.keys(later + 3600 * SECOND)
    with pytest.raises(Upstream) as refusal:
        asking.keys(later + 3601 * SECOND)
    assert refusal.value.code == "oidc_document_away"


def test_a_document_that_drips_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bounded time, and the refusal says what happened."""
    monkeypatch.setattr(kept, "SECONDS", 0.5)
    site.provider.instead[DISCOVERY] = dripping
    begun = time.monotonic()
    response = site.browser().get(f"/sso/{site.world.connection}/login", headers={"Accept": "application/json"})
    assert time.monotonic() - begun < 5
    site.refused(response, "fetch_timeout", 424)


def test_of_many_who_need_a_document_first_one_fetches_it(site: Site, asking: Asking) -> None:
    """The others wait for it."""

    def slow(request: Any) -> Any:
        time.sleep(0.5)
        return answered(discovery(site.provider.issuer))(request)

    site.provider.instead[DISCOVERY] = slow
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: asking.metadata().issuer, range(6)))
    assert found == [site.provider.issuer] * 6
    assert site.provider.count(DISCOVERY) == 1


def test_a_process_that_was_killed_while_fetching_holds_nobody_up_for_long(site: Site, asking: Asking) -> None:
    """Its try counts as ended after 15 seconds, and after the cool-down somebody else tries."""
    asking.metadata()
    values = {"body": None, "fetched_at": None, "tried_at": NOW}
    site.write(update(t.ProviderDocument).values(**values))
    with pytest.raises(Upstream) as refusal:
        asking.metadata(NOW + 15 * SECOND)
    assert refusal.value.code == "oidc_document_away"
    assert asking.metadata(NOW + 30 * SECOND).issuer == site.provider.issuer


# --------------------------------------------------------------------------------------------------------------- metadata


def _read(http_allowed: bool = False, **changes: Any) -> Metadata:
    return read_metadata(json.dumps(changed(discovery(ISSUER), changes)), ISSUER, http_allowed)


def test_the_address_of_the_metadata_follows_from_the_issuer() -> None:
    """Section 4 of Discovery: one slash between them."""
    assert address_of(ISSUER) == address_of(ISSUER + "/") == ISSUER + DISCOVERY
    assert address_of(ISSUER + "/a/v2.0") == ISSUER + "/a/v2.0" + DISCOVERY


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": ISSUER + "/"}, "oidc_issuer_differs"),
        ({"issuer": ISSUER.upper()}, "oidc_issuer_differs"),
        ({"issuer": ABSENT}, "oidc_issuer_differs"),
        ({"issuer": [ISSUER]}, "oidc_issuer_differs"),
        ({"authorization_endpoint": ABSENT}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "http://login.example.com/a"}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "https://login.example.com/a#b"}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "https://login.example.com/a\r\nSet-Cookie: a=b"}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "https://[::1"}, "oidc_discovery_invalid"),
        ({"authorization_endpoint": "//login.example.com/a"}, "oidc_discovery_invalid"),
        ({"token_endpoint": 7}, "oidc_discovery_invalid"),
        ({"token_endpoint": "file:///etc/passwd"}, "oidc_discovery_invalid"),
        ({"jwks_uri": ""}, "oidc_discovery_invalid"),
        ({"jwks_uri": ["https://login.example.com/keys"]}, "oidc_discovery_invalid"),
        ({"userinfo_endpoint": "ftp://login.example.com"}, "oidc_discovery_invalid"),
        ({"end_session_endpoint": "data:text/html,a"}, "oidc_discovery_invalid"),
        ({"response_types_supported": ["id_token"]}, "oidc_discovery_invalid"),
    ],
)
def test_metadata_that_lead_elsewhere_are_refused(changes: dict[str, Any], code: str) -> None:
    """The issuer to the letter, and nothing but web addresses."""
    with pytest.raises(Upstream) as refusal:
        _read(**changes)
    assert refusal.value.code == code


def test_metadata_may_lack_what_is_optional() -> None:
    """And say odd things where nobody listens."""
    found = _read(userinfo_endpoint=ABSENT, end_session_endpoint=None, response_types_supported=5)
    assert (found.userinfo_endpoint, found.end_session_endpoint, found.names_itself) == (None, None, False)
    assert _read(authorization_endpoint="http://127.0.0.1/a", http_allowed=True).authorization_endpoint == "http://127.0.0.1/a"


@pytest.mark.parametrize(
    ("configured", "found", "advice"),
    [
        (ISSUER, ISSUER + "/", "with the slash"),
        (ISSUER + "/", ISSUER, "without the slash"),
        ("https://acme.okta.com", "https://acme.okta.com/oauth2/default", "host, region, path and slash"),
        ("https://login.microsoftonline.com/acme.example/v2.0", "https://x", "TENANT-ID"),
    ],
)
def test_another_issuer_is_told_with_what_to_enter(configured: str, found: str, advice: str) -> None:
    """What the provider says is not repeated."""
    with pytest.raises(Upstream) as refusal:
        read_metadata(json.dumps(discovery(found)), configured)
    assert advice in refusal.value.advice


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "", "COMMON"])
def test_an_issuer_for_everybody_at_microsoft_is_never_asked(asking: Asking, tenant: str) -> None:
    """Anybody's account would count."""
    side = replace(asking.provider.side, issuer=f"https://login.microsoftonline.com/{tenant}/v2.0")
    asking.provider = replace(asking.provider, side=side)
    with pytest.raises(Invalid) as refusal:
        asking.metadata()
    assert refusal.value.code == "issuer_shared"


def test_addresses_of_metadata_go_through_the_rules_of_the_fetcher(site: Site) -> None:
    """Metadata cannot make connector ask inside its own network."""
    closed = Fetcher(private_allowed=False)
    provider = of_connection(site.sign_on)
    with pytest.raises(Upstream) as refusal:
        metadata_of(site.house.database, closed, provider, NOW)
    assert refusal.value.code == "fetch_refused"
    inside = replace(_read(), jwks_uri="https://169.254.169.254/keys")
    with pytest.raises(Upstream) as refusal:
        keys_of(site.house.database, closed, provider, inside, NOW)
    assert refusal.value.code == "fetch_refused"


# ------------------------------------------------------------------------------------------------------------------- keys

GOOD = jwks(signing_key())["keys"][0]


@pytest.mark.parametrize(
    "member",
    [
        None,
        "key",
        {},
        {"kty": "RSA"},
        {**GOOD, "kty": "oct", "k": "c2VjcmV0"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM"},
        dict(signing_key("second").as_dict(private=True)),
        {**GOOD, "use": "enc"},
        {**GOOD, "use": 7},
        {**GOOD, "key_ops": ["encrypt"]},
        {**GOOD, "key_ops": "verify"},
        {**GOOD, "kty": ["RSA"]},
        {**GOOD, "kid": 7},
        {**GOOD, "n": "AQAB"},
        {**GOOD, "n": GOOD["n"][:300]},
        {**GOOD, "n": GOOD["n"] * 5},
        {**GOOD, "n": "!"},
        {**GOOD, "e": "AQ"},
        {**GOOD, "e": "Ag"},
        {**GOOD, "e": GOOD["n"]},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kty": "EC", "crv": "P-1", "x": "AQ", "y": "AQ"},
        {"kty": "EC", "crv": ["P-256"], "x": "AQ", "y": "AQ"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AQ"},
    ],
)
def test_a_key_that_cannot_verify_is_passed_over(member: Any) -> None:
    """Symmetric, private, for encryption, too weak, too big, broken, of the future: beside a good key or alone."""
    assert [key.kid for key in read_keys(json.dumps({"keys": [member, GOOD]}))] == ["first"]
    with pytest.raises(Upstream) as refusal:
        read_keys(json.dumps({"keys": [member]}))
    assert refusal.value.code == "oidc_keys_invalid"


def test_a_key_set_with_very_many_keys_is_read_in_part() -> None:
    """A hundred are plenty, and take no time worth speaking of."""
    assert len(read_keys(json.dumps({"keys": [GOOD] * 1000}))) == 100


@pytest.mark.parametrize("text", ["", "null", "[]", '{"keys": {}}', '{"keys": []}', '{"keys": "a"}', "{" * 10_000])
def test_what_is_no_key_set_is_refused(text: str) -> None:
    """In one way."""
    with pytest.raises(ConnectorError) as refusal:
        read_keys(text)
    assert refusal.value.code == "oidc_keys_invalid"
