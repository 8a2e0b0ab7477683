"""Somebody signs others out: a logout request that nobody signed, that another signed, that is old, or for elsewhere.

Known from: saml-profiles-2.0-os 4.4.4.1 asks for a signature; unsigned logout requests end anybody's session by their address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from idp_fixtures.saml.logout import Logout, logout_request, logout_response
from idp_fixtures.saml.message import make
from idp_fixtures.saml.names import encoded
from idp_fixtures.saml.signing import Signer, query
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

SIGNATURE = (
    "saml_signature_missing",
    "saml_signature_invalid",
    "saml_unknown_key",
    "saml_algorithm",
    "saml_signature_form",
    "saml_structure",
)


def attack(stage: Stage) -> Iterator[Attempt]:
    """By POST and by redirect, while the victim is signed in, and stays so."""
    begun = stage.begin()
    stage.send(begun, make(stage.answer(begun, stage.victim, session_index="_theirs")))
    told = _logout(stage)
    right, evil = stage.vendor.signer, Signer(key=stage.foreign_key)
    now = stage.now()
    for form, logout, codes in (
        ("unsigned", told, SIGNATURE),
        ("by another key", replace(told, signer=evil), SIGNATURE),
        ("with SHA-1", replace(told, signer=Signer(key=right.key, algorithm="rsa-sha1", digest="sha1")), SIGNATURE),
        ("of another issuer", replace(told, signer=right, issuer="https://idp.evil.example"), ("saml_issuer",)),
        ("for elsewhere", replace(told, signer=right, destination=stage.acs_url), ("saml_destination",)),
        ("for nobody", replace(told, signer=right, destination=None), ("saml_destination",)),
        ("old", replace(told, signer=right, now=now - timedelta(hours=1)), ("saml_expired",)),
        ("changed afterwards", replace(told, signer=right, after=lambda tree: tree.set("Consent", "x")), SIGNATURE),
    ):
        form_field = {"SAMLRequest": encoded(logout_request(logout))}
        yield Attempt(f"POST, {form}", stage.new_browser().post(stage.logout_url, form_field), codes)
    plain = logout_request(told)
    queries = {
        "unsigned": query("SAMLRequest", plain),
        "by another key": query("SAMLRequest", plain, None, evil),
        "with SHA-1": query("SAMLRequest", plain, None, Signer(key=right.key, algorithm="rsa-sha1")),
        "RelayState changed": query("SAMLRequest", plain, "a", right).replace("RelayState=a", "RelayState=b"),
        "signature emptied": query("SAMLRequest", plain, None, right).partition("&Signature=")[0] + "&Signature=",
        "algorithm left out": "&".join(p for p in query("SAMLRequest", plain, None, right).split("&") if "SigAlg" not in p),
    }
    evil_query, good_query = query("SAMLRequest", plain, None, evil), query("SAMLRequest", plain, None, right)
    forged = query("SAMLRequest", logout_request(replace(told, message_id="_forged")))
    queries |= {
        "a second message after it": f"{good_query}&{forged}",
        "a second message before it": f"{forged}&{good_query}",
        "another's signature before it": f"{evil_query}&{good_query.partition('&')[2]}",
    }
    for form, text in queries.items():
        yield Attempt(f"redirect, {form}", stage.new_browser().get(f"{stage.logout_url}?{text}"), SIGNATURE)
    unreadable = ("saml_not_xml", "saml_not_base64", "saml_missing", "saml_structure", "saml_too_large", "saml_incomplete")
    for form, text in (("garbage", "SAMLRequest=AAAA"), ("a bomb", query("SAMLRequest", b"x" * 50_000_000))):
        reply = stage.new_browser().get(f"{stage.logout_url}?{text}")
        yield Attempt(f"redirect, {form}", reply, (*unreadable, *SIGNATURE))
    answer = logout_response(stage.vendor.issuer, stage.logout_url, "_x", now=now, signer=evil)
    stage.new_browser().post(stage.logout_url, {"SAMLResponse": encoded(answer)})
    if begun.browser.get(stage.inside_url).status != 200:
        raise AssertionError("The victim was signed out.")


def _logout(stage: Stage) -> Logout:
    name_id = str(getattr(stage.victim, stage.vendor.name_id))
    return Logout(
        issuer=stage.vendor.issuer,
        destination=stage.logout_url,
        name_id=name_id,
        name_id_format=stage.vendor.name_id_format,
        session_index="_theirs",
        now=stage.now(),
    )
