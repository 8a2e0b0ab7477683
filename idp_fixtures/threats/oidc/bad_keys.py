"""The provider's JWKS is empty, broken, huge, somewhere else, or tells secrets: none of it may be taken for keys.

Known from: providers in trouble, and attackers between connector and provider; SSRF by redirect.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, bad_documents, body

INVALID = "oidc_keys_invalid"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Each at a connection that has no keys yet."""
    for form, (twist, codes) in bad_documents(stage.trap_url).items():
        yield stage.anew().attempt(form, *codes, keys=twist)
    fresh = stage.anew()
    own = dict(fresh.idp.token_key.as_dict(private=True))
    public = dict(fresh.idp.token_key.as_dict(private=False))
    for form, keys in {
        "no keys": [],
        "a private one": [own],
        "for encryption": [public | {"use": "enc"}],
        "for other operations": [public | {"key_ops": ["encrypt"]}],
        "without its parts": [{"kty": "RSA", "kid": "x"}],
        "of numbers": [{"kty": "RSA", "n": 1, "e": 3}],
        "of texts": ["key"],
        "null": None,
    }.items():
        yield stage.anew().attempt(form, INVALID, keys=body({"keys": keys}))
    with stage.twisted(keys=body({"keys": []})):
        stranger = tokens.signing_key("stranger")
        yield stage.token("a bad set after a good one", lambda claims: tokens.sign(claims, stranger), "oidc_unknown_key")
        if stage.genuine().code:
            raise AssertionError("A bad key set took the place of a good one.")
