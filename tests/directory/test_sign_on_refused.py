"""Sign-on sides that cannot be are refused: SIGN_ON.md section 1, items 4, 11 and 28."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.directory import sign_on
from connector.directory.sign_on import apply_metadata, configure_oidc, configure_saml
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict, Invalid, NotFound
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.homes import Home
from tests.directory.sides import NOW, SEALER, URL, loaded, oidc, saml

LONG = "https://x.example/" + "x" * 1024
REFUSED_SAML: list[tuple[dict[str, Any], Options, str]] = [
    ({"issuer": ""}, Options(), "issuer_invalid"),
    ({"issuer": LONG}, Options(), "issuer_invalid"),
    ({"issuer": "a\x00b"}, Options(), "issuer_invalid"),
    ({"issuer": " padded "}, Options(), "issuer_invalid"),
    ({"sso_url": "http://idp.example/sso"}, Options(), "endpoint_invalid"),
    ({"sso_url": "javascript:alert(1)"}, Options(), "endpoint_invalid"),
    ({"sso_url": "https://user:word@idp.example/"}, Options(), "endpoint_invalid"),
    ({"sso_url": "https://idp.example:port/"}, Options(), "endpoint_invalid"),
    ({"slo_url": "http://idp.example/slo"}, Options(), "endpoint_invalid"),
    ({"slo_response_url": "data:text/html,x"}, Options(), "endpoint_invalid"),
    ({}, Options(client_auth="private_key_jwt"), "option_invalid"),
    ({}, Options(sha1_until=NOW + timedelta(days=92)), "option_invalid"),
    ({}, Options(groups_attribute=""), "option_invalid"),
    ({}, Options(subject_attribute="a\nb"), "option_invalid"),
]


@pytest.mark.parametrize(("said", "options", "code"), REFUSED_SAML)
def test_a_saml_side_that_cannot_be_is_refused(database: Database, said: dict[str, Any], options: Options, code: str) -> None:
    """Nothing is kept then."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_saml(database, home.connection, saml(**said), options=options, now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_without_a_certificate_there_is_no_saml_side(database: Database) -> None:
    """Verification is never conditional on something that may be empty (SIGN_ON.md item 4)."""
    with pytest.raises(Invalid) as refused:
        configure_saml(database, homes.make(database).connection, replace(saml(), certificates=()), now=NOW)
    assert refused.value.code == "certificate_missing"


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("http://idp.example", "issuer_invalid"),
        ("idp.example", "issuer_invalid"),
        ("https://idp.example/?tenant=1", "issuer_invalid"),
        ("https://idp.example/.well-known/openid-configuration", "issuer_invalid"),
        ("https://login.microsoftonline.com/common/v2.0", "issuer_shared"),
        ("https://login.microsoftonline.com/Organizations/v2.0", "issuer_shared"),
        ("https://login.microsoftonline.com/consumers/v2.0/", "issuer_shared"),
    ],
)
def test_an_openid_issuer_is_one_https_address_of_one_tenant(database: Database, issuer: str, code: str) -> None:
    """OpenID Connect Discovery 1.0 section 3, and SIGN_ON.md item 28."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_oidc(database, SEALER, home.connection, oidc(issuer), now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_plain_http_is_for_development(database: Database) -> None:
    """CONNECTOR_FETCH_PRIVATE allows it."""
    home = homes.make(database)
    configure_oidc(database, SEALER, home.connection, oidc("http://idp.internal.example"), plain_http=True, now=NOW)
    found = loaded(database, home).oidc
    assert found is not None
    assert found.issuer == "http://idp.internal.example"
    inside = saml(sso_url="http://idp.internal.example/sso")
    configure_saml(database, home.connection, inside, metadata_url=URL, plain_http=True, now=NOW)
    assert not apply_metadata(database, home.connection, inside, None, NOW, plain_http=True)
    with pytest.raises(Invalid) as refused:
        apply_metadata(database, home.connection, inside, None, NOW)
    assert refused.value.code == "endpoint_invalid"


@pytest.mark.parametrize(
    ("said", "options", "code"),
    [
        ({}, Options(idp_initiated=True), "option_invalid"),
        ({}, Options(algorithms=("none",)), "option_invalid"),
        ({}, Options(algorithms=()), "option_invalid"),
        ({"client_secret": "-----BEGIN PRIVATE KEY-----\nMII"}, Options(), "private_key_given"),
        ({"client_secret": ""}, Options(), "client_invalid"),
        ({"client_secret": "two\nlines"}, Options(), "client_invalid"),
    ],
)
def test_an_openid_side_that_cannot_be_is_refused(database: Database, said: dict[str, Any], options: Options, code: str) -> None:
    """Nothing is kept then."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_oidc(database, SEALER, home.connection, oidc(**said), options=options, now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_what_is_not_there_is_not_found_or_not_configured(database: Database) -> None:
    """Each verb, on an unknown connection and on one without a sign-on side."""
    home, nobody = homes.make(database), Home("", "nobody")
    unknown: list[Callable[[], object]] = [
        lambda: loaded(database, nobody),
        lambda: configure_saml(database, "nobody", saml()),
        lambda: configure_oidc(database, SEALER, "nobody", oidc()),
        lambda: sign_on.configure(database, "nobody", sign_on.choice(Options(force_authn=True))),
        lambda: apply_metadata(database, "nobody", saml(), None, NOW),
    ]
    for attempt in unknown:
        with pytest.raises(NotFound) as missing:
            attempt()
        assert missing.value.code == "connection_not_found"
    unset: list[Callable[[], object]] = [
        lambda: sign_on.configure(database, home.connection, sign_on.choice(Options(force_authn=True))),
        lambda: apply_metadata(database, home.connection, saml(), None, NOW),
        lambda: sign_on.configure(database, home.connection, sign_on.without_certificate("0" * 8)),
    ]
    for attempt in unset:
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "sign_on_missing"
