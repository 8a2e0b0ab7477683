"""Somebody signs others out: a logout token that nobody signed, that is for others, or that is none.

Known from: OpenID Connect Back-Channel Logout 1.0 section 2.6 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp_fixtures.oidc import tokens
from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

TOKEN = ("oidc_logout_token", "oidc_token_malformed", "oidc_algorithm", "oidc_signature", "oidc_unknown_key", "oidc_subject")


def attack(stage: Stage) -> Iterator[Attempt]:
    """While the victim is signed in, and stays so."""
    begun = stage.begin()
    if stage.send(begun, stage.answer(begun, stage.victim)).code:
        raise AssertionError("The genuine answer was refused.")
    key, evil = stage.idp.token_key, tokens.signing_key("attacker")
    now = int(stage.now().timestamp())
    for form, changes, codes in (
        ("another issuer", {"iss": "https://idp.evil.example"}, ("oidc_issuer",)),
        ("another audience", {"aud": "other"}, ("oidc_audience",)),
        ("over", {"exp": now - 120, "iat": now - 300}, ("oidc_expired",)),
        ("of the future", {"iat": now + 300, "exp": now + 600}, ("oidc_not_yet_valid",)),
        ("two days old", {"iat": now - 200_000, "exp": now + 600}, TOKEN),
        ("without an end", {"exp": ABSENT}, ("oidc_times",)),
        ("a nonce", {"nonce": "x"}, TOKEN),
        ("no event", {"events": ABSENT}, TOKEN),
        ("another event", {"events": {"http://schemas.openid.net/secevent/risc/event-type/account-disabled": {}}}, TOKEN),
        ("an event that is no object", {"events": {tokens.LOGOUT_EVENT: 1}}, TOKEN),
        ("nobody", {"sub": ABSENT}, TOKEN),
        ("no id", {"jti": ABSENT}, TOKEN),
        ("an id that is a number", {"jti": 7}, TOKEN),
    ):
        yield _told(stage, form, tokens.sign(_claims(stage, **changes), key, typ="logout+jwt"), codes)
    claims = _claims(stage)
    yield _told(stage, "unsigned", tokens.unsigned(claims), TOKEN)
    yield _told(stage, "by another key", tokens.sign(claims, evil, kid=key.kid), TOKEN)
    yield _told(stage, "by an unknown key", tokens.sign(claims, evil), TOKEN)
    yield _told(stage, "by the client secret", tokens.sign_with_secret(claims, stage.application.client_secret), TOKEN)
    yield _told(stage, "of another type", tokens.sign(claims, key, typ="at+jwt"), TOKEN)
    yield _told(stage, "an ID token", _id_token(stage), TOKEN)
    yield _told(stage, "no token", "opaque", TOKEN)
    yield Attempt("no field", stage.new_browser().post(stage.logout_url, {}), ("oidc_answer_malformed",))
    if begun.browser.get(stage.inside_url).status != 200:
        raise AssertionError("The victim was signed out.")


def _claims(stage: Stage, **changes: Any) -> dict[str, Any]:
    said = {"sub": stage.victim.id, **changes}
    return tokens.logout_claims(stage.idp.url, stage.application.client_id, now=stage.now(), **said)


def _id_token(stage: Stage) -> str:
    claims = tokens.id_claims(stage.idp.url, stage.application.client_id, nonce="", now=stage.now(), sub=stage.victim.id)
    return tokens.sign(tokens.changed(claims, {"nonce": ABSENT}), stage.idp.token_key)


def _told(stage: Stage, form: str, token: str, codes: tuple[str, ...]) -> Attempt:
    return Attempt(form, stage.new_browser().post(stage.logout_url, {"logout_token": token}), codes)
