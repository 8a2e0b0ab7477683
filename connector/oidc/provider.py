"""PROVIDER: whom we speak to, whether through a connection or to sign in to the installation itself."""

from __future__ import annotations

from dataclasses import dataclass

from connector.config import Settings
from connector.directory.documents import INSTALLATION
from connector.directory.sign_on_model import OidcSide, SignOn
from connector.errors import NotFound


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider and how we are known there. `owner` is whose documents are kept: a connection's id or `installation`."""

    owner: str
    idp: str
    side: OidcSide
    redirect_uri: str


def of_connection(sign_on: SignOn) -> Provider:
    """The provider of a connection. Raises NotFound `not_oidc` when it signs people in another way, or not at all."""
    if sign_on.oidc is None:
        raise NotFound(
            "not_oidc",
            "This connection does not sign people in by OpenID Connect.",
            expected="a connection with an OpenID provider",
            advice="`connector connection set CONNECTION --oidc-issuer URL --client-id ID --client-secret-file FILE`.",
        )
    return Provider(sign_on.connection_id, sign_on.idp, sign_on.oidc, sign_on.addresses["redirect_uri"])


def of_installation(settings: Settings) -> Provider:
    """The installation-wide provider. Raises NotFound `login_provider_missing` when there is none."""
    issuer, client_id, secret = settings.login_oidc_issuer, settings.login_oidc_client_id, settings.login_oidc_client_secret
    if not (issuer and client_id):
        raise NotFound(
            "login_provider_missing",
            "This installation has no provider of its own to sign in with.",
            expected="CONNECTOR_LOGIN_OIDC_ISSUER, CONNECTOR_LOGIN_OIDC_CLIENT_ID and CONNECTOR_LOGIN_OIDC_CLIENT_SECRET",
            advice="Sign in with your e-mail address.",
        )
    side = OidcSide(issuer, client_id, secret)
    return Provider(INSTALLATION, "generic", side, f"{settings.base_url}/login/callback")
