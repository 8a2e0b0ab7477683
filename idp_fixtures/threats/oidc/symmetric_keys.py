"""The ID token is signed with an HMAC whose secret is known: the provider's public key, the client secret, a key in the JWKS.

Known from: key confusion (CVE-2015-9235, CVE-2024-54150); RFC 8725 section 3.1 asks for an allow-list of the client's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import partial
from typing import cast

from joserfc.jwk import RSAKey

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._raw import sealed
from idp_fixtures.threats.oidc._stage import Stage, body, changed

CODES = ("oidc_algorithm", "oidc_signature")


def attack(stage: Stage) -> Iterator[Attempt]:
    """By every form of the public key, and where discovery or the JWKS invite it."""
    key = cast(RSAKey, stage.idp.token_key)
    public = dict(key.as_dict(private=False))
    secrets = {
        "the PEM": key.as_pem(private=False),
        "the DER": key.as_der(private=False),
        "the JWK": json.dumps(public).encode(),
        "the modulus": str(public["n"]).encode(),
        "the client secret": stage.application.client_secret.encode(),
        "nothing": b"x",
    }
    for form, secret in secrets.items():
        for alg in ("HS256", "HS512"):
            yield stage.token(f"{form}, {alg}", partial(sealed, secret=secret, alg=alg, kid=key.kid), *CODES)
    invited = stage.anew()
    known = b"attacker-and-everybody-know-this"
    octet = {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64.urlsafe_b64encode(known).rstrip(b"=").decode()}
    offered = changed(id_token_signing_alg_values_supported=["HS256"])
    with invited.twisted(discovery=offered, keys=body({"keys": [octet, public]})):
        make = partial(sealed, secret=known, kid="shared")
        yield invited.token("offered and published", make, *CODES)
        yield invited.token("called RS256", lambda claims: _renamed(make(claims)), "oidc_unknown_key", *CODES)


def _renamed(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"shared"}').rstrip(b"=").decode()
    return header + "." + token.partition(".")[2]
