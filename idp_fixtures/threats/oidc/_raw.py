"""Tokens that no library makes: any header, any algorithm, any secret (RFC 7515 section 5.1 by hand)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import Key, RSAKey

from idp_fixtures.oidc.tokens import changed


def signed(claims: Mapping[str, Any] | str, key: Key, **header: Any) -> str:
    """An RS256 token with these members in its header, whatever they are (`ABSENT` leaves one out)."""
    private = cast(rsa.RSAPrivateKey, cast(RSAKey, key).private_key)
    text = _unsigned(claims, {"alg": "RS256", "kid": key.kid} | header)
    return f"{text}.{_encoded(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def sealed(claims: Mapping[str, Any], secret: bytes, alg: str = "HS256", **header: Any) -> str:
    """A token with an HMAC under any secret."""
    text = _unsigned(claims, {"alg": alg} | header)
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
    return f"{text}.{_encoded(hmac.new(secret, text.encode(), digest).digest())}"


def _unsigned(claims: Mapping[str, Any] | str, header: Mapping[str, Any]) -> str:
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    return f"{_encoded(json.dumps(changed(header, {})).encode())}.{_encoded(payload.encode())}"


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
