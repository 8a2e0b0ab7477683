"""KEYS: which key may have signed a token. Only public keys that the provider publishes at its `jwks_uri`, or our own client
secret where the connection says so; never what a token brings along (`jwk`, `jku`, `x5u`, `x5c`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from connector.directory.sign_on_model import OidcSide
from connector.errors import Forbidden, Upstream
from connector.oidc.discovery import Metadata
from connector.oidc.kept import Source, current
from connector.oidc.provider import Provider
from connector.oidc.wire import Object, read_object, text_of
from connector.outbound.fetch import Fetcher
from connector.storage.database import Database

KINDS: Mapping[str, str] = {
    **{f"RS{bits}": "RSA" for bits in (256, 384, 512)},
    **{f"PS{bits}": "RSA" for bits in (256, 384, 512)},
    "ES256": "EC P-256",
    "ES384": "EC P-384",
    "ES512": "EC P-521",
    **{f"HS{bits}": "oct" for bits in (256, 384, 512)},
}
"""Algorithms that a connection may allow, and the kind of key each needs. `none` is not among them."""

_RSA_BITS = range(2048, 8193)  # of a modulus; more only costs time
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_USED = ("kty", "kid", "alg", "n", "e", "crv", "x", "y")
_MOST = 100  # keys that are looked at
_SECRET = 32  # bytes of a client secret that signs


class UnknownKey(Forbidden):
    """The token was signed with a key that is not among those at hand: newer ones may be."""

    def __init__(self) -> None:
        super().__init__(
            "oidc_unknown_key",
            "The token was signed with a key that the provider does not publish.",
            expected="a `kid` of the provider's key set",
            advice="If the provider has just changed its keys, try again in 30 seconds.",
        )


def keys_of(
    database: Database, fetcher: Fetcher, provider: Provider, metadata: Metadata, now: datetime, *, afresh: bool = False
) -> tuple[Key, ...]:
    """Return the provider's keys, kept or fetched. Raises Upstream, Unavailable."""
    source = Source(provider.owner, "jwks", metadata.jwks_uri, read_keys)
    return current(database, fetcher, source, now, afresh=afresh)


@lru_cache(maxsize=64)
def read_keys(text: str) -> tuple[Key, ...]:
    """Read a key set (RFC 7517 section 5): its public keys that may sign. Others are passed over, as the RFC asks.

    Raises Upstream `oidc_keys_invalid` when there is none.
    """
    document = read_object(text)
    members = document.get("keys") if document else None
    found = [_key(member) for member in members[:_MOST]] if isinstance(members, list) else []
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise Upstream(
            "oidc_keys_invalid",
            "The provider's key set has no public key that could verify a signature.",
            expected="a JSON Web Key Set with RSA keys of 2048 to 8192 bits or EC keys",
            advice="Look at the provider's signing keys; open the `jwks_uri` of its metadata in a browser.",
        )
    return keys


def _key(member: Any) -> Key | None:
    """A member as a key, or None for what is symmetric, private, not for signatures, too weak, too big, or broken."""
    if not isinstance(member, dict) or not _may_verify(member):
        return None
    plain: dict[str, Any] = {name: member[name] for name in _USED if name in member}
    if not all(text_of(value) for value in plain.values()):
        return None
    try:
        if plain["kty"] == "EC":
            return ECKey.import_key(plain)
        return _rsa(plain) if plain["kty"] == "RSA" else None
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None


def _may_verify(member: Object) -> bool:
    """Public, and for signatures (RFC 7517 sections 4.2 and 4.3)."""
    operations = member.get("key_ops", ["verify"])
    public = not any(name in member for name in _PRIVATE)
    return public and member.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _rsa(plain: dict[str, Any]) -> RSAKey | None:
    """The size is looked at first: a key of a hundred thousand bits need not be made to be refused."""
    modulus = int.from_bytes(urlsafe_b64decode(plain["n"].encode()), "big")
    small = modulus.bit_length() in _RSA_BITS and len(plain["e"]) <= 8
    return RSAKey.import_key(plain) if small else None


def fitting(keys: tuple[Key, ...], side: OidcSide, algorithm: str, kid: str | None) -> tuple[Key, ...]:
    """Return the keys that may have signed a token with this header.

    Without `kid` the provider must have one key only (OpenID Connect Core 1.0 section 10.1). Raises Forbidden
    `oidc_key_ambiguous`, and UnknownKey (`oidc_unknown_key`) where newer keys may help.
    """
    if KINDS[algorithm] == "oct":
        return (_secret(side),)
    if kid is None and len(keys) > 1:
        raise Forbidden(
            "oidc_key_ambiguous",
            "The token does not say which of the provider's keys has signed it.",
            expected="`kid` in its header, since the provider has several keys",
            advice="Have the provider name the key in its tokens.",
        )
    named = (key for key in keys if kid is None or key.kid == kid)
    found = tuple(key for key in named if _kind(key) == KINDS[algorithm] and key.alg in (None, algorithm))
    if not found:
        raise UnknownKey
    return found


def _kind(key: Key) -> str:
    return f"EC {key['crv']}" if isinstance(key, ECKey) else key.key_type


def _secret(side: OidcSide) -> OctKey:
    """The client secret as a key. RFC 7518 section 3.2 wants at least as many bits as the hash has."""
    secret = (side.client_secret or "").encode()
    try:
        if len(secret) >= _SECRET:
            return OctKey.import_key({"kty": "oct", "k": urlsafe_b64encode(secret).decode()})
    except ValueError:  # joserfc takes no public key for a secret
        pass
    raise Forbidden(
        "oidc_algorithm",
        "The token is signed with a client secret that is missing or unfit for that.",
        expected=f"a client secret of at least {_SECRET} characters",
        advice="Have the provider sign with RS256, and allow that algorithm here.",
    )
