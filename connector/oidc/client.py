"""CLIENT: what connector asks of a provider: tokens for a code, and userinfo. Authlib proves who we are.

Nothing of what the provider answers is repeated to anybody; of its error codes the known ones say what to do.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote_plus

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

from connector.directory.sign_on_model import SigningKey
from connector.errors import Upstream
from connector.oidc.discovery import Metadata
from connector.oidc.provider import Provider
from connector.oidc.tokens import LIMIT
from connector.oidc.wire import Object, read_object, text_of
from connector.outbound.fetch import Fetcher

_JSON = {"Accept": "application/json"}
_FORM = {**_JSON, "Content-Type": "application/x-www-form-urlencoded"}
_ASSERTION = 120  # seconds that a client assertion is good for; Entra takes none above ten minutes
_TEXT = 64 * 1024  # characters of an access token
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What came for a code. Neither is verified."""

    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


def redeem(
    fetcher: Fetcher,
    provider: Provider,
    metadata: Metadata,
    keys: tuple[SigningKey, ...],
    *,
    code: str,
    verifier: str,
    now: datetime,
) -> Tokens:
    """Exchange a code for tokens, once (RFC 6749 section 4.1.3, RFC 7636 section 4.5). `keys` are ours, for `private_key_jwt`.

    Raises Upstream: `oidc_client_refused`, `oidc_code_refused`, `oidc_token_endpoint`, `oidc_id_token_missing`, `fetch_…`.
    """
    body = prepare_token_request("authorization_code", redirect_uri=provider.redirect_uri, code=code, code_verifier=verifier)
    url, headers, data = _authenticated(provider, metadata.token_endpoint, keys, body, now)
    answer = fetcher.fetch(url, method="POST", data=data.encode(), headers=headers, limit=2 * LIMIT)
    said = read_object(answer.body)
    if answer.status != 200 or said is None:
        raise _refusal(answer.status, text_of(said.get("error"), 100) if said else "")
    token = said.get("id_token")
    if not isinstance(token, str) or not token:
        raise Upstream(
            "oidc_id_token_missing",
            "The provider answered without an ID token.",
            expected="id_token in its answer, as the scope openid asks for",
            advice="Set the app up at the provider as an OpenID Connect web application, not as plain OAuth.",
        )
    return Tokens(token, _bearer(said))


def _bearer(said: Object) -> str | None:
    """The access token, if it is one that may be sent in a header (RFC 6750 section 2.1)."""
    access, kind = text_of(said.get("access_token"), _TEXT), text_of(said.get("token_type", "Bearer"))
    return access if kind.lower() == "bearer" and _VISIBLE.fullmatch(access) else None


def _authenticated(
    provider: Provider, url: str, keys: tuple[SigningKey, ...], body: str, now: datetime
) -> tuple[str, dict[str, str], str]:
    """Add who we are. RFC 6749 section 2.3.1 form-encodes id and secret before they become Basic; Authlib leaves that to us."""
    side = provider.side
    if side.client_auth == "private_key_jwt":
        assertion = client_assertion(keys, side.client_id, url, now)
        proof = {"client_id": side.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return url, dict(_FORM), body + "".join(f"&{name}={quote_plus(value)}" for name, value in proof.items())
    client_id, secret = side.client_id, side.client_secret or ""
    if side.client_auth == "client_secret_basic":
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    prepared: tuple[str, dict[str, str], str] = ClientAuth(client_id, secret, side.client_auth).prepare(
        "POST", url, dict(_FORM), body
    )
    return prepared


def client_assertion(keys: tuple[SigningKey, ...], client_id: str, url: str, now: datetime) -> str:
    """Sign who we are (RFC 7523 section 3) with the first of our keys, named as in `published_keys`; Entra goes by `x5t`."""
    key = _named(keys[0])
    header = {name: key[name] for name in ("kid", "x5t", "x5t#S256")}
    private = RSAKey.import_key(keys[0].private_key)
    issued = int(now.timestamp())
    signed: str = private_key_jwt_sign(private, client_id, url, header=header, issued_at=issued, expires_in=_ASSERTION)
    return signed


def published_keys(keys: tuple[SigningKey, ...]) -> Object:
    """Our public keys as a JSON Web Key Set, for the provider to check `private_key_jwt` with."""
    return {"keys": [_named(key) for key in keys]}


def _named(key: SigningKey) -> dict[str, str]:
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    der = certificate.public_bytes(Encoding.DER)
    public = RSAKey.import_key(certificate.public_key())  # type: ignore[arg-type]  # ours are RSA
    prints = {"x5t": hashlib.sha1(der, usedforsecurity=False), "x5t#S256": hashlib.sha256(der)}
    names = {name: urlsafe_b64encode(digest.digest()).decode() for name, digest in prints.items()}
    numbers = {name: str(value) for name, value in public.as_dict(private=False).items() if name in ("kty", "n", "e")}
    return {**numbers, "use": "sig", "alg": "RS256", "kid": public.thumbprint(), **names}


def userinfo(fetcher: Fetcher, metadata: Metadata, access_token: str | None) -> Object:
    """Ask the userinfo endpoint (OpenID Connect Core 1.0 section 5.3). Raises Upstream `oidc_userinfo`, `fetch_…`.

    What it would have said may be the groups, so going on without it is no choice.
    """
    if metadata.userinfo_endpoint is None or access_token is None:
        raise _no_userinfo("The provider has no userinfo endpoint, or gave no bearer token for it.")
    headers = {**_JSON, "Authorization": f"Bearer {access_token}"}
    answer = fetcher.fetch(metadata.userinfo_endpoint, headers=headers, limit=LIMIT)
    said = read_object(answer.body) if answer.status == 200 else None
    if said is None:
        raise _no_userinfo(f"The provider's userinfo endpoint answered {answer.status}, or with something else than claims.")
    return said


def _no_userinfo(detail: str) -> Upstream:
    return Upstream(
        "oidc_userinfo",
        detail,
        expected="status 200 and a JSON object",
        advice="Have the provider answer plain JSON there, or put the claims into the ID token and switch userinfo off.",
    )


def _refusal(status: int, error: str) -> Upstream:
    if error in ("invalid_client", "unauthorized_client") or status == 401:
        return Upstream(
            "oidc_client_refused",
            "The provider does not take connector's client id and secret.",
            expected="credentials of this app that are good today, sent in the way the app is set up for",
            advice="Has the client secret expired? Entra: paste its Value, not its ID. Compare how the app authenticates.",
        )
    if error == "invalid_grant":
        return Upstream(
            "oidc_code_refused",
            "The provider does not take the code of this sign-in.",
            expected="tokens for the code",
            advice="Sign in again. If it stays so, compare the redirect URI at the provider with that of this connection.",
        )
    return Upstream(
        "oidc_token_endpoint",
        f"The provider's token endpoint answered {status}, and not with tokens.",
        expected="status 200 and tokens as JSON",
        advice="Look into the provider's log of this sign-in; compare client, redirect URI and scopes.",
    )
