"""TOKENS: is this ID token what the provider told us, now, about this sign-in? (OpenID Connect Core 1.0 section 3.1.3.7)

Pure: a token, what we expect of it, and the time. `read_header` and `verify` deal with the signature, `check_*` with the claims
of a token whose signature was verified. All raise Forbidden; their sentences say what we expect, never what the token says.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.registry import JWS_HEADER_REGISTRY, HeaderRegistryDict
from joserfc.util import urlsafe_b64decode

from connector.directory.sign_on_model import OidcSide
from connector.errors import Forbidden
from connector.membership.fold import can_name
from connector.oidc.keys import KINDS, fitting
from connector.oidc.wire import Object, read_object

SKEW = timedelta(seconds=90)
LIMIT = 256 * 1024
"""Characters of a token. One of Entra with two hundred groups has ten thousand."""

_LAST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
_ALGORITHMS = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
_FOREIGN_TYPES = ("logout+jwt", "at+jwt")


class _Registry(jws.JWSRegistry):
    """joserfc's limits are wider here (its 512 bytes of header have no room for a certificate), and of the header it looks at
    nothing but the algorithm: keys and addresses in it are neither used nor judged."""

    default_header_registry: HeaderRegistryDict = {name: JWS_HEADER_REGISTRY[name] for name in ("alg", "kid")}  # noqa: RUF012
    max_header_length = 64 * 1024
    max_payload_length = LIMIT
    max_signature_length = 4 * 1024

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Header:
    """What of a token's header decides anything. `type` is `typ` in lower case, without `application/`."""

    algorithm: str
    kid: str | None
    type: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the ID token of one sign-in must say. `reauthenticated_since` is when the request was made, if it asked for a new
    authentication; `access_token` came along with the ID token."""

    nonce: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    reauthenticated_since: datetime | None = None


def check_id_token(token: str, side: OidcSide, keys: tuple[Key, ...], expected: Expected, now: datetime) -> Object:
    """Return the claims of an ID token after every check. Raises Forbidden with the code of the first thing that is wrong."""
    header = read_header(token, side)
    claims = verify(token, header, side, keys)
    check_claims(claims, header, side, expected, now)
    return claims


def read_header(token: str, side: OidcSide) -> Header:
    """Read the header of a token that is not verified yet: an algorithm of ours, and nothing that changes what a signature means.

    Raises Forbidden `oidc_token_malformed`, `oidc_algorithm`.
    """
    header = _part(token)
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "")
    if not isinstance(kind, str) or not isinstance(kid, str | None) or "crit" in header or "b64" in header:
        raise _malformed()
    if not isinstance(algorithm, str) or algorithm not in side.algorithms or algorithm not in KINDS:
        raise Forbidden(
            "oidc_algorithm",
            "The token is signed with an algorithm that this connection does not allow, or not at all.",
            expected=f"one of {', '.join(side.algorithms)}",
            advice="Set the algorithm of the app's ID tokens at the provider, or allow it at this connection.",
        )
    return Header(algorithm, kid, kind.lower().removeprefix("application/"))


def _part(token: str) -> Object:
    """The header of a compact JWS (RFC 7515 section 7.1); it is small before it is anything else."""
    if not token.isascii() or len(token) > LIMIT or token.count(".") != 2:
        raise _malformed()
    try:
        header = read_object(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        header = None
    if header is None:
        raise _malformed()
    return header


def verify(token: str, header: Header, side: OidcSide, keys: tuple[Key, ...]) -> Object:
    """Return the claims of a token that one of the keys has signed.

    Raises Forbidden `oidc_signature`, `oidc_token_malformed`, `oidc_key_ambiguous`, and UnknownKey (`oidc_unknown_key`).
    """
    for key in fitting(keys, side, header.algorithm, header.kid):
        try:
            payload = jws.deserialize_compact(token, key, registry=_Registry(header.algorithm)).payload
        except (JoseError, ValueError, TypeError):
            continue
        claims = read_object(payload)
        if claims is None:
            raise _malformed()
        return claims
    raise Forbidden(
        "oidc_signature",
        "The token's signature does not fit the provider's key.",
        expected="a token as the provider has signed it",
        advice="Check that the issuer is the provider's; if it has just changed its keys, try again in a minute.",
    )


def check_claims(claims: Object, header: Header, side: OidcSide, expected: Expected, now: datetime) -> None:
    """Check the claims of a verified ID token. Raises Forbidden."""
    if header.type in _FOREIGN_TYPES:
        raise _refused("oidc_token_type", "The token is of another kind than an ID token.", "`typ` JWT, or none")
    check_sender(claims, side)
    check_times(claims, now)
    _check_nonce(claims, expected.nonce)
    check_subject(claims)
    _check_access_token(claims, header.algorithm, expected.access_token)
    _check_authentication(claims, expected.reauthenticated_since)


def check_sender(claims: Object, side: OidcSide) -> None:
    """From this provider, for us and for nobody else. Raises Forbidden `oidc_issuer`, `oidc_audience`, `oidc_azp`."""
    if claims.get("iss") != side.issuer:
        advice = (
            "Enter the issuer exactly as it stands in the tokens. Okta: that of the org server, or of the custom one, as the app."
        )
        raise _refused("oidc_issuer", "The token is from another issuer.", f"the issuer {side.issuer}", advice)
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not named or any(name != side.client_id for name in named):
        advice = "Check the client id of this connection against that of the app at the provider."
        raise _refused("oidc_audience", "The token is not for this client alone.", f"the audience {side.client_id}", advice)
    if "azp" in claims and claims["azp"] != side.client_id:
        raise _refused("oidc_azp", "The token was given to another client.", f"azp {side.client_id}, or none")


def check_times(claims: Object, now: datetime) -> None:
    """Begun and not over, within the skew. Raises Forbidden `oidc_times`, `oidc_expired`, `oidc_not_yet_valid`."""
    ends, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    begins = _moment(claims["nbf"]) if "nbf" in claims else issued
    if ends is None or issued is None or begins is None:
        raise _refused("oidc_times", "The token does not say when it was made and when it ends.", "exp and iat, as numbers")
    clocks = "Compare the clocks of connector's machine and of the provider: both should be set by NTP."
    if now >= ends + SKEW:
        raise _refused("oidc_expired", "The token has expired.", f"one that ends after {_told(now)}", clocks)
    if max(issued, begins) > now + SKEW:
        raise _refused("oidc_not_yet_valid", "The token is from the future.", f"one made before {_told(now)}", clocks)


def check_subject(claims: Object) -> None:
    """Say who it is: a text that can be kept (section 2: at most 255 characters). Raises Forbidden `oidc_subject`."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not can_name(subject):
        raise _refused("oidc_subject", "The token does not say whom it is about.", "sub, a text of 1 to 255 characters")


def ends_at(claims: Object) -> datetime:
    """When a checked token is refused for its age."""
    ends = _moment(claims.get("exp"))
    if ends is None:
        raise _malformed()
    return ends + SKEW


def moment_of(claims: Object, name: str) -> datetime | None:
    """A claim that is a time, or None."""
    return _moment(claims.get(name))


def fingerprint(token: str) -> str:
    """What a token is remembered by: the hash of what was signed. A signature can be written in more ways than one."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _check_nonce(claims: Object, nonce: str) -> None:
    told = claims.get("nonce")
    if not isinstance(told, str) or not secrets.compare_digest(told.encode("utf-8", "surrogatepass"), nonce.encode()):
        raise _refused("oidc_nonce", "The token belongs to another sign-in.", "the nonce of the request")


def _check_access_token(claims: Object, algorithm: str, access_token: str | None) -> None:
    """`at_hash`, where it is there (section 3.1.3.6): the left half of the access token's hash."""
    if "at_hash" not in claims or access_token is None:
        return
    digest = _ALGORITHMS[algorithm[2:]](access_token.encode("utf-8", "surrogatepass")).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if claims["at_hash"] != half:
        raise _refused("oidc_at_hash", "The access token is not the one the ID token speaks of.", "at_hash of the access token")


def _check_authentication(claims: Object, since: datetime | None) -> None:
    """That the person proved again who they are, where that was asked for: the request can be changed on its way."""
    at = _moment(claims.get("auth_time"))
    if since is not None and (at is None or at < since - SKEW):
        raise _refused(
            "oidc_not_reauthenticated",
            "The provider does not say that the person has just signed in again.",
            f"auth_time after {_told(since)}",
            "Entra: add the optional claim auth_time to the ID token. Google never tells it: do not ask for a new sign-in there.",
        )


def _moment(value: Any) -> datetime | None:
    """A NumericDate (RFC 7519 section 2) that a calendar has; the comparison is false for what is no number at all."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LAST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _malformed() -> Forbidden:
    return _refused(
        "oidc_token_malformed", "What arrived is no signed token.", "a JSON Web Token in three parts with JSON claims"
    )


def _refused(code: str, detail: str, expected: str, advice: str = "") -> Forbidden:
    """A refusal; without better advice, what is wrong is at the provider, or somebody tries something."""
    again = "Sign in again. If it stays so, look at the app's settings at the provider."
    return Forbidden(code, detail, expected=expected, advice=advice or again)
