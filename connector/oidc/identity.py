"""IDENTITY: what verified claims say about a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connector.directory.sign_on_model import SignOn
from connector.directory.traces import MESSAGE
from connector.errors import Forbidden
from connector.membership.fold import is_storable
from connector.membership.identity import Attributes, LogoutHandle, SubjectId, VerifiedIdentity
from connector.membership.profile import read_profile, read_subject
from connector.oidc import entra, tokens
from connector.oidc.provider import Provider
from connector.oidc.wire import Object, text_of

GOOGLE = "https://accounts.google.com"

_DEPTH = 4  # of objects in claims
_MOST = 500  # attributes that are kept
_HINT = 4_000  # characters of an ID token that may stand in an address when its session ends


def identity_of(sign_on: SignOn, provider: Provider, token: str, claims: Object) -> VerifiedIdentity:
    """Return who signed in, from claims that passed every check.

    Raises Forbidden `google_private_account`, `oidc_tenant`, `oidc_subject`.
    """
    _check_account(provider, claims)
    attributes = as_attributes(claims)
    return VerifiedIdentity(
        connection_id=sign_on.connection_id,
        method="oidc",
        subject=_subject(sign_on, provider, claims, attributes),
        profile=read_profile(sign_on.mapping, attributes=attributes),
        attributes=attributes,
        message_id=tokens.fingerprint(token),
        message_until=tokens.ends_at(claims),
        authenticated_at=tokens.moment_of(claims, "auth_time"),
        logout=_handle(token, claims),
    )


def _handle(token: str, claims: Object) -> LogoutHandle:
    index, hint = text_of(claims.get("sid"), 255) or None, text_of(token, _HINT) or None
    return LogoutHandle(claims["sub"], session_index=index, hint=hint)


def _check_account(provider: Provider, claims: Object) -> None:
    """Google signs in private accounts, too: only those of a Workspace carry `hd`. Whose it is says the verified domain."""
    if (provider.idp == "google" or provider.side.issuer == GOOGLE) and not text_of(claims.get("hd")):
        raise Forbidden(
            "google_private_account",
            "This is a private Google account, not one of an organization.",
            expected="an account of Google Workspace or Cloud Identity, whose ID token has `hd`",
            advice="Sign in with the work account. Set the app's audience to Internal, so that Google takes no others.",
        )


def _subject(sign_on: SignOn, provider: Provider, claims: Object, attributes: Attributes) -> SubjectId:
    issuer, name = provider.side.issuer, sign_on.mapping.subject
    if name:
        value = read_subject(sign_on.mapping, attributes)
        if value is None or len(value) > 255:
            raise Forbidden(
                "oidc_subject",
                f"The ID token has no single value of {name}, by which this connection knows people.",
                expected=f"the claim {name} with one value of at most 255 characters",
                advice="Add the claim at the identity provider, or change the connection's subject attribute.",
            )
        return SubjectId(issuer, f"attribute:{name}", value)
    if entra.speaks_entra(provider):
        return SubjectId(issuer, "oid+tid", entra.subject(provider, claims))
    return SubjectId(issuer, "sub", claims["sub"])


def as_attributes(claims: Object) -> dict[str, tuple[str, ...]]:
    """Return claims as names with texts: `true` and `false` for what is one of them, `address.country` for a claim in a claim,
    and of `_claim_names` the names. What no database can keep is left out, and an `email` that is several: it is one text
    (section 5.1), and `email_verified` would not say of which it speaks."""
    attributes = {name: values for name, values in _flat("", claims, _DEPTH) if is_storable(name)}
    if len(attributes.get("email", ())) > 1:
        attributes["email"] = ()
    sources = claims.get("_claim_names")
    if isinstance(sources, dict):
        attributes["_claim_names"] = tuple(name for name in sources if is_storable(name))
    return dict(list(attributes.items())[:_MOST])


def _flat(prefix: str, claims: Object, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in claims.items():
        if isinstance(value, dict):
            if depth > 1:
                yield from _flat(f"{prefix}{name}.", value, depth - 1)
        elif value is not None:
            listed = value if isinstance(value, list) else [value]
            yield prefix + name, tuple(text for text in map(_text, listed) if text is not None)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) and is_storable(value) else None


def merged(claims: Object, more: Object) -> Object:
    """Return the claims of the ID token with those that only the userinfo endpoint has.

    What is verified stays as it is: `email_verified` speaks of the address beside it, so it counts only with the same address.
    Raises Forbidden `oidc_userinfo_subject` when they are about somebody else (OpenID Connect Core 1.0 section 5.3.2).
    """
    if not isinstance(more.get("sub"), str) or more["sub"] != claims["sub"]:
        raise Forbidden(
            "oidc_userinfo_subject",
            "The userinfo endpoint speaks of somebody else than the ID token.",
            expected="the same `sub` in both",
            advice="Sign in again. If it stays so, switch userinfo off for this connection and tell the provider.",
        )
    other = "email" in claims and more.get("email") != claims["email"]
    left_out = _PROTOCOL | ({"email_verified"} if other else frozenset())
    return {**{name: value for name, value in more.items() if name not in left_out}, **claims}


_PROTOCOL = frozenset(("iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "auth_time", "sid", "tid", "oid", "hd"))
"""Claims that mean something only where they are signed."""


def facts_of(claims: Object) -> dict[str, Any]:
    """What a trace keeps of claims: their names, who sent them to whom and when, and the address. No other values."""
    shown: dict[str, Any] = {name: _shown(claims.get(name)) for name in ("iss", "aud", "email") if name in claims}
    times: dict[str, Any] = {
        name: _when(tokens.moment_of(claims, name)) for name in ("iat", "exp", "auth_time") if name in claims
    }
    return {"claims": sorted(name for name in claims if is_storable(name))[:100], **shown, **times}


def redacted(claims: Object) -> str:
    """The claims as JSON, without what they say of a person: those about the token as they are, of others their kind and size."""
    told = {name: value if name in _TOLD else _kind(value) for name, value in sorted(claims.items()) if is_storable(name)}
    return json.dumps(told, indent=1, ensure_ascii=True, default=str)[:MESSAGE]


_TOLD = frozenset({"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "acr", "amr", "tid", "hd", "ver", "email_verified"})


def _kind(value: Any) -> str:
    size = f" ({len(value)})" if isinstance(value, str | list | dict) else ""
    return f"{type(value).__name__}{size}"


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text[:200] if is_storable(text) else ""


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "not a time"
