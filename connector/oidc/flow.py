"""FLOW: the code flow (OpenID Connect Core 1.0 section 3.1), from the authorization request to verified claims.

The order is what makes it safe: the state belongs to this browser before anything of the answer is looked at; the request is
spent before its code is tried, so a code is tried once; the ID token is verified before a claim counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import Key

from connector.directory import signing_keys
from connector.directory.requests import PendingRequest
from connector.directory.sign_on_model import OidcSide, SigningKey
from connector.directory.traces import Stage
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.oidc import client, tokens
from connector.oidc.discovery import Metadata, metadata_of
from connector.oidc.identity import facts_of, merged, redacted
from connector.oidc.keys import UnknownKey, keys_of
from connector.oidc.provider import Provider
from connector.oidc.wire import Object
from connector.web.house import House


@dataclass(slots=True)
class Progress:
    """How far an answer came, for its trace."""

    stage: Stage = "arrive"
    facts: dict[str, Any] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came to the redirect URI (RFC 6749 section 4.1.2, RFC 9207 section 2); empty where it was not sent, but `issuer`,
    which is None then: an empty one is that of another provider."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """An ID token that passed every check, and its claims; with `userinfo`, those that only that endpoint has as well."""

    token: str = field(repr=False)
    claims: Object = field(repr=False)


def authorization_url(house: House, provider: Provider, request: PendingRequest, state: str, now: datetime) -> str:
    """Return where the browser goes to sign in. Raises Invalid `issuer_shared`, Upstream, Unavailable."""
    metadata = metadata_of(house.database, house.fetcher, provider, now)
    again = {"prompt": "login", "max_age": "0"} if request.force_authn else {}
    url: str = prepare_grant_uri(
        metadata.authorization_endpoint,
        client_id=provider.side.client_id,
        response_type="code",
        redirect_uri=provider.redirect_uri,
        scope=" ".join(dict.fromkeys(("openid", *provider.side.scopes))),
        state=state,
        nonce=request.nonce,
        code_challenge=create_s256_code_challenge(request.code_verifier),
        code_challenge_method="S256",
        **again,
    )
    return url


def read_answer(sent: Mapping[str, list[str]]) -> Answer:
    """Read the parameters of an answer, each of which may come once. Raises Invalid `oidc_answer_malformed`."""
    found = {}
    for name in ("state", "code", "error", "iss"):
        values = sent.get(name, [])
        if len(values) > 1 or any("\x00" in value for value in values):
            raise _malformed(f"The answer has the parameter {name} more than once, or with characters that do not belong there.")
        found[name] = values[0] if values else ""
    return Answer(found["state"], found["code"], found["error"], found["iss"] if "iss" in sent else None)


def exchange(
    house: House, provider: Provider, request: PendingRequest, answer: Answer, progress: Progress, now: datetime
) -> Verified:
    """Turn an answer into verified claims. The request is this browser's, and spent.

    Raises Forbidden and Invalid for what is wrong with answer and token, Upstream for what the provider does, Unavailable.
    """
    progress.stage = "fetch"
    metadata = metadata_of(house.database, house.fetcher, provider, now)
    progress.stage = "arrive"
    _check_answer(answer, metadata, progress)
    progress.stage = "fetch"
    ours = our_keys(house, provider.side)
    got = client.redeem(house.fetcher, provider, metadata, ours, code=answer.code, verifier=request.code_verifier, now=now)
    since = request.created_at if request.force_authn else None
    expected = tokens.Expected(request.nonce, got.access_token, since)
    claims = _verified(house, provider, metadata, got.id_token, progress, now, expected)
    if provider.side.userinfo:
        progress.stage = "fetch"
        claims = merged(claims, client.userinfo(house.fetcher, metadata, got.access_token))
    progress.stage, progress.facts, progress.message = "identity", progress.facts | facts_of(claims), redacted(claims)
    return Verified(got.id_token, claims)


def our_keys(house: House, side: OidcSide) -> tuple[SigningKey, ...]:
    """Our key pairs where we prove by them who we are; else none, and none are made."""
    if side.client_auth != "private_key_jwt":
        return ()
    return signing_keys.all_(house.database, house.sealer, house.settings.base_url)


def _check_answer(answer: Answer, metadata: Metadata, progress: Progress) -> None:
    """Mixed-up answers first (RFC 9207 section 2.4), then errors, then what is missing."""
    if answer.issuer != metadata.issuer and (answer.issuer is not None or metadata.names_itself):
        raise Forbidden(
            "oidc_other_provider",
            "The answer comes from another provider than the one that was asked, or does not say from which.",
            expected=f"iss {metadata.issuer}",
            advice="Sign in again from the beginning.",
        )
    if answer.error:
        raise provider_error(answer.error, progress)
    if not answer.code:
        raise _malformed("The answer has neither a code nor an error.")


def _verified(
    house: House,
    provider: Provider,
    metadata: Metadata,
    token: str,
    progress: Progress,
    now: datetime,
    expected: tokens.Expected,
) -> Object:
    header, claims = signed_claims(house, provider, metadata, token, progress, now)
    progress.stage = "check"
    tokens.check_claims(claims, header, provider.side, expected, now)
    return claims


def signed_claims(
    house: House, provider: Provider, metadata: Metadata, token: str, progress: Progress, now: datetime
) -> tuple[tokens.Header, Object]:
    """Verify the signature of a token. Where no key fits, one that is not known yet, or that was changed under its old name or
    has none, the provider is asked for its keys, as often as the cool-down allows.

    Raises Forbidden, Upstream, Unavailable.
    """
    progress.stage = "signature"
    header = tokens.read_header(token, provider.side)
    progress.facts |= {"algorithm": header.algorithm, "kid": (header.kid or "")[:100].encode("ascii", "replace").decode()}
    try:
        claims = tokens.verify(token, header, provider.side, _keys(house, provider, metadata, header, now))
    except Forbidden as error:
        if not isinstance(error, UnknownKey) and error.code != "oidc_signature":
            raise
        fresh = _keys(house, provider, metadata, header, now, afresh=True)
        claims = tokens.verify(token, header, provider.side, fresh)
    progress.facts |= facts_of(claims)
    progress.message = redacted(claims)
    return header, claims


def _keys(
    house: House, provider: Provider, metadata: Metadata, header: tokens.Header, now: datetime, *, afresh: bool = False
) -> tuple[Key, ...]:
    """The provider's keys; none for a token that our own secret has to sign."""
    if header.algorithm.startswith("HS"):
        return ()
    return keys_of(house.database, house.fetcher, provider, metadata, now, afresh=afresh)


def provider_error(error: str, progress: Progress) -> ConnectorError:
    """What an error at the redirect URI means (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6)."""
    progress.facts["error"] = error if error in _ADVICE or error == "access_denied" else "another"
    if error == "access_denied":
        return Forbidden(
            "oidc_access_denied",
            "The identity provider did not let this person in, or they changed their mind.",
            expected="somebody who is assigned to the app",
            advice="Assign them or their group to the app at the identity provider.",
        )
    return Forbidden(
        "oidc_provider_error",
        "The identity provider ended the sign-in with an error.",
        expected="a code",
        advice=_ADVICE.get(error, "Look into the identity provider's log of this sign-in."),
    )


_TRY_LATER = "Try again in a few minutes; see whether the identity provider reports an outage."
_ADVICE: Mapping[str, str] = {
    "temporarily_unavailable": _TRY_LATER,
    "server_error": _TRY_LATER,
    "invalid_scope": "Allow the app the scopes that this connection asks for.",
    "unauthorized_client": "Allow the app the authorization code flow.",
    "unsupported_response_type": "Allow the app the authorization code flow.",
    "invalid_request": "Compare the app's redirect URI and settings with those of this connection.",
    "consent_required": "Grant the app consent for the whole organization.",
    "interaction_required": "Sign in to the identity provider itself first: it wants something of this person.",
    "login_required": "Sign in again.",
}


def _malformed(detail: str) -> Invalid:
    return Invalid(
        "oidc_answer_malformed",
        detail,
        expected="state, and code or error, each once",
        advice="Sign in again from the beginning.",
    )
