"""ID tokens, logout tokens and the documents of a provider: genuine ones by default, and wrong in whatever way a test asks.

Keys are made once in a process and known by their name, which is also their `kid`. Claims are changed by giving other values;
`ABSENT` leaves one out:

    key = signing_key("first")
    token = sign(id_claims(ISSUER, CLIENT, nonce=nonce, now=now, email="ada@example.com", sub=ABSENT), key)
    published = jwks(key)
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

Kind = Literal["RSA", "EC"]

ABSENT: Final = object()
"""The value of a claim, header or field that is to be left out."""

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def signing_key(name: str = "first", kind: Kind = "RSA") -> Key:
    """The private key of that name: RSA with 2048 bits, or EC on P-256. Its `kid` is the name."""
    return _made(name, kind)


@cache
def _made(name: str, kind: Kind) -> Key:
    if kind == "EC":
        return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def jwks(*keys: Key) -> dict[str, Any]:
    """The key set that a provider with these keys publishes (RFC 7517 section 5): public halves only."""
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def discovery(issuer: str, **changes: Any) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0 section 3). `issuer` may end with a slash."""
    base = issuer.rstrip("/")
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/keys",
        "end_session_endpoint": f"{base}/end_session",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    }
    return changed(document, changes)


def id_claims(issuer: str, client_id: str, *, nonce: str, now: datetime, **changes: Any) -> dict[str, Any]:
    """The claims of an ID token for Ada (OpenID Connect Core 1.0 section 2), good for five minutes."""
    issued = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": "subject-ada",
        "iat": issued,
        "exp": issued + 300,
        "nonce": nonce,
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "preferred_username": "ada",
    }
    return changed(claims, changes)


def logout_claims(issuer: str, client_id: str, *, now: datetime, **changes: Any) -> dict[str, Any]:
    """The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4) for the same person."""
    issued = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": "subject-ada",
        "iat": issued,
        "exp": issued + 120,
        "jti": f"logout-{issued}",
        "events": {LOGOUT_EVENT: {}},
    }
    return changed(claims, changes)


def sign(claims: Mapping[str, Any] | str, key: Key, *, alg: str = "RS256", **headers: Any) -> str:
    """A signed token. `headers` are added to `alg` and the key's `kid`, or take their place (`kid=ABSENT`).

    `claims` may be a text, for what is no JSON object.
    """
    header = changed({"alg": alg, "kid": key.kid}, headers)
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    return jws.serialize_compact(header, payload.encode(), key, registry=_registry(alg))


def sign_with_secret(claims: Mapping[str, Any], secret: str | bytes, *, alg: str = "HS256", **headers: Any) -> str:
    """A token with an HMAC under `secret`: the client secret, or whatever an attacker takes for one."""
    raw = secret.encode() if isinstance(secret, str) else secret
    encoded = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    key = OctKey.import_key({"kty": "oct", "k": encoded})
    return jws.serialize_compact(changed({"alg": alg}, headers), json.dumps(claims), key, registry=_registry(alg))


def unsigned(claims: Mapping[str, Any], **headers: Any) -> str:
    """A token with `alg` none and no signature (RFC 7515 appendix A.5)."""
    return f"{_part(changed({'alg': 'none'}, headers))}.{_part(claims)}."


def half_hash(text: str, alg: str = "RS256") -> str:
    """`at_hash` of an access token (OpenID Connect Core 1.0 section 3.1.3.6)."""
    digest = _HASHES[alg[2:]](text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with `changes`; what is `ABSENT` is left out."""
    return {name: value for name, value in {**values, **changes}.items() if value is not ABSENT}


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _registry(alg: str) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = 100_000
    registry.max_payload_length = 10_000_000
    return registry
