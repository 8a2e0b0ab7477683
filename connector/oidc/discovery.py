"""DISCOVERY: what a provider says about itself (OpenID Connect Discovery 1.0 sections 3 and 4), and what of it is believed.

Believed are addresses, and whether it names itself in its answers (RFC 9207). Algorithms are ours to choose, and the issuer must
be the configured one to the letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from urllib.parse import urlsplit

from connector.errors import Upstream
from connector.oidc import entra
from connector.oidc.kept import Source, current
from connector.oidc.provider import Provider
from connector.oidc.wire import Object, read_object, text_of
from connector.outbound.fetch import Fetcher
from connector.storage.database import Database

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is used of a provider's metadata. `names_itself`: its answers carry `iss`."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_itself: bool


def address_of(issuer: str) -> str:
    """Return where the metadata of an issuer is (section 4: a slash at its end is taken away first)."""
    return issuer.rstrip("/") + WELL_KNOWN


def metadata_of(database: Database, fetcher: Fetcher, provider: Provider, now: datetime) -> Metadata:
    """Return the provider's metadata, kept or fetched. Raises Forbidden `issuer_shared`, Upstream, Unavailable."""
    issuer = provider.side.issuer
    entra.check_issuer(issuer)
    read = partial(read_metadata, issuer=issuer, http_allowed=fetcher.private_allowed)
    return current(database, fetcher, Source(provider.owner, "discovery", address_of(issuer), read), now)


@lru_cache(maxsize=64)
def read_metadata(text: str, issuer: str, http_allowed: bool = False) -> Metadata:
    """Read a metadata document that was fetched for `issuer`. Raises Upstream `oidc_discovery_invalid`, `oidc_issuer_differs`."""
    document = read_object(text)
    if document is None:
        raise _invalid("The provider's metadata is no JSON object.")
    if document.get("issuer") != issuer:
        raise _other_issuer(issuer, text_of(document.get("issuer"), 300))
    offered = document.get("response_types_supported")
    if isinstance(offered, list) and "code" not in offered:
        raise _invalid("The provider does not offer the authorization code flow.")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_address(document, "authorization_endpoint", http_allowed),
        token_endpoint=_address(document, "token_endpoint", http_allowed),
        jwks_uri=_address(document, "jwks_uri", http_allowed),
        userinfo_endpoint=_optional(document, "userinfo_endpoint", http_allowed),
        end_session_endpoint=_optional(document, "end_session_endpoint", http_allowed),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _optional(document: Object, name: str, http_allowed: bool) -> str | None:
    return _address(document, name, http_allowed) if document.get(name) else None


def _address(document: Object, name: str, http_allowed: bool) -> str:
    """An address for a browser or for connector to go to: of the web, and without a fragment (RFC 6749 section 3.1)."""
    address = text_of(document.get(name))
    try:
        parts = urlsplit(address)
        good = parts.scheme in (("https", "http") if http_allowed else ("https",)) and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or "#" in address or not address.isprintable() or not address.isascii() or " " in address:
        raise _invalid(f"The provider's metadata has no usable {name}.")
    return address


def _invalid(detail: str) -> Upstream:
    return Upstream(
        "oidc_discovery_invalid",
        detail,
        expected="metadata by OpenID Connect Discovery, with https addresses of all endpoints",
        advice="Check that the issuer is the address the identity provider's admin pages show.",
    )


def _other_issuer(configured: str, found: str) -> Upstream:
    if configured.rstrip("/") == found.rstrip("/"):
        which = "with" if found.endswith("/") else "without"
        advice = f"Enter the issuer {which} the slash at its end, as the provider's metadata has it."
    elif entra.is_microsoft(configured):
        advice = "Enter https://login.microsoftonline.com/TENANT-ID/v2.0, with the Directory (tenant) ID."
    else:
        advice = f"Enter exactly the `issuer` of {address_of(configured)}: host, region, path and slash must be the same."
    return Upstream(
        "oidc_issuer_differs",
        "The provider's metadata names another issuer than this connection.",
        expected=f"the issuer {configured}",
        advice=advice,
    )
