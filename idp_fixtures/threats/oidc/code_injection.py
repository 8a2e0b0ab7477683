"""The attacker puts a code that was made for another sign-in into their own, or their code into the victim's.

Known from: RFC 9700 section 4.5; PKCE (RFC 7636) binds the code to the request at the provider, the nonce binds it at the client.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, changed, new_token


def attack(stage: Stage) -> Iterator[Attempt]:
    """At a provider that checks the verifier, at one that does not, and at one that says it does not know PKCE."""
    victims = stage.begin()
    stolen = stage.code(victims, stage.victim)
    own = stage.begin()
    injected = stage.answer(own, code=stolen)
    yield Attempt("the provider checks", stage.send(own, injected), ("oidc_code_refused",))
    careless = new_token(lambda claims: tokens.sign(claims | {"nonce": victims.asked["nonce"]}, stage.idp.token_key))
    yield stage.attempt("the provider does not check", "oidc_nonce", token=careless)
    old = stage.anew()
    with old.twisted(discovery=changed(code_challenge_methods_supported=tokens.ABSENT)):
        asked = old.begin().asked
    if asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
        raise AssertionError("A sign-in began without PKCE.")
