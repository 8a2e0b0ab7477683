"""The ID token names a key that is not there, is no longer there, or is none: paths, statements, very long names.

Known from: `kid` as a file name or in SQL (many capture-the-flag tasks, and CVE-2020-28042's relatives).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial

from joserfc.jwk import RSAKey

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._raw import signed
from idp_fixtures.threats.oidc._stage import Stage, body

CODES = ("oidc_unknown_key", "oidc_signature", "oidc_token_malformed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """By the attacker's key under strange names, by a retired one of the provider, and without a name where there are two."""
    key = tokens.signing_key("attacker")
    for kid in ("unknown", "../../../dev/null", "' or 1=1 --", "\x00", "x" * 20_000, 7, ["first"], {"a": 1}, ""):
        yield stage.token(f"kid {str(kid)[:20]!r}", partial(signed, key=key, kid=kid), *CODES)
    own = stage.idp.token_key
    yield stage.token("the provider's", lambda claims: tokens.sign(claims, key, kid=own.kid), "oidc_signature")
    rotated = stage.anew()
    with rotated.twisted(keys=body(tokens.jwks(tokens.signing_key("fresh")))):
        yield rotated.token("a retired one", lambda claims: tokens.sign(claims, own), "oidc_unknown_key")
    two = stage.anew()
    with two.twisted(keys=body(tokens.jwks(two.idp.token_key, tokens.signing_key("fresh")))):
        yield two.token(
            "none of two", lambda claims: tokens.sign(claims, two.idp.token_key, kid=tokens.ABSENT), "oidc_key_ambiguous"
        )
    weak = stage.anew()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = RSAKey.generate_key(1024, {"kid": "short"})
    with weak.twisted(keys=body(tokens.jwks(short))):
        yield weak.token("a short key", partial(signed, key=short), "oidc_keys_invalid")
