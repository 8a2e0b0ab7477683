"""What verified claims say about a person, and what can be told of a provider before anybody signs in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connector.directory.sign_on_model import OidcSide, SignOn
from connector.errors import Forbidden, NotFound
from connector.membership.profile import default_mapping
from connector.oidc import entra
from connector.oidc.checks import static_checks
from connector.oidc.identity import as_attributes, facts_of, identity_of, merged, redacted
from connector.oidc.provider import of_connection
from idp_fixtures.oidc.tokens import ABSENT, changed, discovery
from tests.oidc.conftest import Site
from tests.oidc.provider import answered

TENANT = "11111111-2222-3333-4444-555555555555"
MICROSOFT = f"https://login.microsoftonline.com/{TENANT}/v2.0"
CLAIMS = {"iss": "https://login.example.com", "sub": "s-1", "exp": 1_800_000_000}


def _sign_on(idp: str = "generic", issuer: str = "https://login.example.com", **mapping: Any) -> SignOn:
    side = OidcSide(issuer, "client-1", "secret")
    chosen = replace(default_mapping(idp, "oidc"), **mapping)
    addresses = {"redirect_uri": "https://id.example.com/sso/c/callback"}
    return SignOn("c", "o", "acme", "Acme", "IdP", idp, "active", "sso", 1, chosen, addresses, oidc=side)


def _identity(sign_on: SignOn, **claims: Any) -> Any:
    return identity_of(sign_on, of_connection(sign_on), "a.b.c", {**CLAIMS, **claims})


def test_claims_become_attributes_that_are_texts() -> None:
    """Truth values and numbers by their words, claims in claims by a dotted name, of `_claim_names` the names."""
    claims = {
        "email_verified": True,
        "age": 41,
        "groups": ["a", 7, None, {"x": 1}, ["y"], False],
        "group": "one",
        "address": {"country": "NL", "geo": {"lat": 1.5}},
        "a": {"b": {"c": {"d": {"e": "too deep"}}}},
        "nothing": None,
        "empty": [],
        "_claim_names": {"groups": "src1"},
        "bad\x00name": "x",
        "bad": ["x\x00", "\ud800"],
    }
    assert as_attributes(claims) == {
        "email_verified": ("true",),
        "age": ("41",),
        "groups": ("a", "7", "false"),
        "group": ("one",),
        "address.country": ("NL",),
        "address.geo.lat": ("1.5",),
        "empty": (),
        "_claim_names": ("groups",),
        "_claim_names.groups": ("src1",),
        "bad": (),
    }


@pytest.mark.parametrize(
    ("sent", "email"),
    [("a@acme.example", "a@acme.example"), (["a@acme.example"], "a@acme.example"), (["a@acme.example", "b@acme.example"], None)],
)
def test_of_several_addresses_none_is_the_address(sent: Any, email: str | None) -> None:
    """OpenID Connect Core section 5.1 has one, of which `email_verified` speaks. Some providers make a list of one."""
    assert _identity(_sign_on(), email=sent, email_verified=True).profile.email == email


@pytest.mark.parametrize(
    ("claims", "overage"),
    [
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://evil.test"}}}, True),
        ({"hasgroups": True}, True),
        ({"groups": ["a", "[SIZE_LIMIT_EXCEEDED]"]}, True),
        ({}, False),
    ],
)
def test_too_many_groups_are_unknown_and_never_none(claims: dict[str, Any], overage: bool) -> None:
    """Entra's two marks and PingOne's; nobody follows the address in the token."""
    profile = _identity(_sign_on(), **claims).profile
    assert (profile.groups, profile.groups_overage) == (None, overage)


def test_a_configured_claim_is_the_subject() -> None:
    """One text of it; else nobody can say who it is."""
    sign_on = _sign_on(subject="employee")
    identity = _identity(sign_on, employee="e-7")
    assert (identity.subject.kind, identity.subject.value) == ("attribute:employee", "e-7")
    for value in (None, "", [], ["a", "b"], "x" * 256):
        with pytest.raises(Forbidden) as refusal:
            _identity(sign_on, employee=value)
        assert refusal.value.code == "oidc_subject"


def test_a_person_of_a_tenant_is_known_by_object_and_tenant() -> None:
    """At every issuer of Microsoft, whatever the connection is called; the tenant must be the issuer's."""
    for sign_on in (_sign_on("entra", MICROSOFT), _sign_on("generic", MICROSOFT)):
        subject = _identity(sign_on, oid="o-1", tid=TENANT.upper()).subject
        assert (subject.issuer, subject.kind, subject.value) == (MICROSOFT, "oid+tid", f"o-1@{TENANT.upper()}")
        for claims in ({}, {"oid": "o-1"}, {"tid": TENANT}, {"oid": "o-1", "tid": "another"}, {"oid": 7, "tid": TENANT}):
            with pytest.raises(Forbidden) as refusal:
                _identity(sign_on, **claims)
            assert refusal.value.code == "oidc_tenant"


@pytest.mark.parametrize("issuer", [MICROSOFT, f"https://sts.windows.net/{TENANT}/", "https://login.example.com/common/v2.0"])
def test_an_issuer_of_one_tenant_may_be_asked(issuer: str) -> None:
    """And any that is not Microsoft's."""
    entra.check_issuer(issuer)


def test_userinfo_adds_only_what_may_come_unsigned() -> None:
    """Not who sent it, when, to whom, or of which tenant."""
    more = {"sub": "s-1", "iss": "x", "aud": "x", "exp": 1, "tid": "x", "oid": "x", "hd": "x", "nonce": "x", "groups": ["a"]}
    assert merged(CLAIMS, more) == {**CLAIMS, "groups": ["a"]}
    told = {"sub": "s-1", "email": "a@b.example", "email_verified": True}
    assert merged(CLAIMS, told)["email_verified"] is True
    assert "email_verified" not in merged({**CLAIMS, "email": "c@d.example"}, told)


def test_a_trace_keeps_names_and_times() -> None:
    """Whatever was in the claims, it can be kept."""
    facts = facts_of({**CLAIMS, "aud": ["a", "\x00"], "exp": "soon", "secret": "x", "bad\x00": 1, "email": None})
    assert facts["claims"] == ["aud", "email", "exp", "iss", "secret", "sub"]
    assert (facts["aud"], facts["exp"]) == ("", "not a time")
    assert "x" not in facts.values()


# ----------------------------------------------------------------------------------------------------------------- checks


def _checks(site: Site) -> dict[str, tuple[bool, str]]:
    return {name: (good, sentence) for name, good, sentence in static_checks(site.sign_on, site.house.fetcher)}


def test_a_good_provider_passes_every_check(site: Site) -> None:
    """Asked anew each time, whatever is kept; nothing is kept by it."""
    checks = _checks(site)
    assert list(checks) == ["discovery", "keys", "algorithm", "client", "pkce"]
    assert all(good for good, _ in checks.values())
    _checks(site)
    assert site.provider.count("/keys") == 2


@pytest.mark.parametrize(
    ("described", "check", "sentence"),
    [
        ({"issuer": "https://x"}, "discovery", "names another issuer"),
        ({"token_endpoint": ABSENT}, "discovery", "token_endpoint"),
        ({"id_token_signing_alg_values_supported": ["ES256"]}, "algorithm", "does not sign with RS256"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, "client", "does not offer client_secret_basic"),
        ({"code_challenge_methods_supported": ["plain"]}, "pkce", "S256"),
    ],
)
def test_what_does_not_fit_is_told(site: Site, described: dict[str, Any], check: str, sentence: str) -> None:
    """Before anybody tries to sign in."""
    site.provider.instead["/.well-known/openid-configuration"] = answered(changed(discovery(site.provider.issuer), described))
    good, said = _checks(site)[check]
    assert not good
    assert sentence in said


def test_keys_that_cannot_be_had_are_told(site: Site) -> None:
    """With the status that came instead."""
    site.provider.instead["/keys"] = answered({"keys": []})
    assert not _checks(site)["keys"][0]
    site.provider.instead["/keys"] = answered({}, 503)
    assert "503" in _checks(site)["keys"][1]


def test_a_connection_without_openid_connect_has_nothing_to_check(site: Site) -> None:
    """It is told as what it is."""
    with pytest.raises(NotFound) as refusal:
        static_checks(replace(site.sign_on, oidc=None), site.house.fetcher)
    assert refusal.value.code == "not_oidc"


def test_a_token_is_kept_without_what_it_says_of_a_person() -> None:
    """Claims about the token stay as they are; of others their kind and size."""
    kept = json.loads(
        redacted({"iss": "https://idp", "exp": 5, "email": "ada@acme.example", "groups": ["a", "b"], "sub": "00u1", "n": None})
    )
    assert kept == {
        "iss": "https://idp",
        "exp": 5,
        "email": "str (16)",
        "groups": "list (2)",
        "sub": "str (4)",
        "n": "NoneType",
    }
