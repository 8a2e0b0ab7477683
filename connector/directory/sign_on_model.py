"""The sign-on side of a connection as protocol rooms get it: frozen values, secrets opened, no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connector.membership.profile import AttributeMapping as AttributeMapping

Protocol = Literal["saml", "oidc"]
Binding = Literal["redirect", "post"]
SignedPart = Literal["assertion", "response"]
ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate the IdP signs with. Trust is by key, not by date: one past `not_after` works and is warned of.

    `pem` is the whole certificate; `fingerprint` the SHA-256 of its DER in lower-case hex. `leaves_at` is set when the IdP's
    metadata no longer names it: it is good until then.
    """

    pem: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    leaves_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair of this installation as a SAML service provider. The first of several signs; all are published and decrypt.

    `private_key` and `certificate` are PEM; `private_key` is a secret and left out of `repr`.
    """

    id: str
    certificate: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SamlSide:
    """A SAML 2.0 identity provider. `signed` is what must carry the signature; the other part may carry one as well.

    `sha1_until` allows SHA-1 until a moment (a logged, time-limited exception). `request_signing` is what its metadata asks
    (WantAuthnRequestsSigned) or the admin set. `certificates` holds at least one that has not left.
    """

    issuer: str
    sso_url: str
    sso_binding: Binding
    certificates: tuple[Certificate, ...]
    slo_url: str | None = None
    slo_binding: Binding = "redirect"
    slo_response_url: str | None = None
    signed: SignedPart = "assertion"
    request_signing: bool = False
    force_authn: bool = False
    idp_initiated: bool = False
    sha1_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """What a SAML identity provider says of itself, and until when it says it holds."""

    side: SamlSide
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class OidcSide:
    """An OpenID provider. `client_secret` is opened here and left out of `repr`; None with `private_key_jwt`.

    `algorithms` is our allow-list for ID tokens; `userinfo` whether the userinfo endpoint is asked for what the ID token lacks.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    client_auth: ClientAuth = "client_secret_basic"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    algorithms: tuple[str, ...] = ("RS256",)
    userinfo: bool = False
    force_authn: bool = False


@dataclass(frozen=True, slots=True)
class SignOn:
    """One connection, ready to sign people in. Exactly one of `saml` and `oidc` is set, or none while it is not configured.

    `version` grows with every change of the sign-on side; `issuer_fixed` tells that somebody has signed in, so that the issuer
    can no longer change. `addresses` are ours: `login_url`, `acs_url`, `entity_id`, `metadata_url`, `redirect_uri`, `logout_url`,
    `backchannel_logout_url`.
    """

    connection_id: str
    organization_id: str
    organization_slug: str
    organization_name: str
    name: str
    idp: str
    state: str
    mode: str
    version: int
    mapping: AttributeMapping
    addresses: Mapping[str, str]
    saml: SamlSide | None = None
    oidc: OidcSide | None = None
    issuer_fixed: bool = False

    @property
    def protocol(self) -> Protocol | None:
        """Which of the two it speaks."""
        return "saml" if self.saml else "oidc" if self.oidc else None
