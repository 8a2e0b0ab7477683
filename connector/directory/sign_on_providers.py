"""What an admin tells of an identity provider, made into changes of a connection. The console, the API and the command line all
come through here; what they give is fetched and read before any lock is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.directory import sign_on
from connector.directory.connections import Setup
from connector.directory.sign_on_model import IdpMetadata, OidcSide, SignOn
from connector.directory.sign_on_settings import Options, default_scopes
from connector.errors import Invalid
from connector.outbound.fetch import Fetcher
from connector.storage.sealing import Sealer

ReadMetadata = Callable[[Fetcher, str | bytes, datetime], IdpMetadata]
"""Reads SAML metadata, or fetches them first where an address is given: `saml.refresh.told_metadata`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is given, None for what is not. `saml_metadata` is XML or the address where it is."""

    saml_metadata: str | bytes | None = None
    oidc_issuer: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    options: Options = Options()  # noqa: RUF009 - frozen

    @property
    def names_openid(self) -> bool:
        """Whether something of an OpenID provider is given."""
        return any(each is not None for each in (self.oidc_issuer, self.client_id, self.client_secret))


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to read and keep what is told."""

    sealer: Sealer
    fetcher: Fetcher
    read_metadata: ReadMetadata


def is_url(said: str | bytes) -> bool:
    """Whether metadata are given by their address."""
    return isinstance(said, str) and said.lstrip().startswith(("https://", "http://"))


def setups(desk: Desk, told: Told, idp: str, known: SignOn | None, now: datetime) -> list[Setup]:
    """What is told, fetched, read and checked, and not yet carried out. `known` is the connection as it is, None for a new one.

    Raises Invalid `provider_mixed`, `provider_incomplete`; Upstream; what `sign_on.saml_setup` and `sign_on.oidc_setup` raise.
    """
    if told.saml_metadata is not None and told.names_openid:
        raise Invalid(
            "provider_mixed",
            "A connection speaks SAML or OpenID Connect, and both are told.",
            expected="SAML metadata, or issuer and client of an OpenID provider",
        )
    if told.saml_metadata is not None:
        return [_saml(desk, told.saml_metadata, told.options, now)]
    if told.names_openid:
        return [_oidc(desk, told, idp, known, now)]
    if not told.options.given():
        return []
    if known is None:
        raise _incomplete("Options of signing in are given, and nothing of the identity provider.")
    return [sign_on.choice(told.options, now=now)]


def _saml(desk: Desk, said: str | bytes, options: Options, now: datetime) -> Setup:
    found = desk.read_metadata(desk.fetcher, said, now)
    url = said.strip() if isinstance(said, str) and is_url(said) else None
    plain = desk.fetcher.private_allowed
    return sign_on.saml_setup(
        found.side, metadata_url=url, valid_until=found.valid_until, options=options, plain_http=plain, now=now
    )


def _oidc(desk: Desk, told: Told, idp: str, known: SignOn | None, now: datetime) -> Setup:
    """A new provider, or the one that is there with another issuer, client or secret."""
    side = known.oidc if known is not None else None
    if side is None:
        if not (told.oidc_issuer and told.client_id):
            raise _incomplete("The issuer or the client id of the OpenID provider is missing.")
        side = OidcSide(told.oidc_issuer, told.client_id, None, scopes=default_scopes(idp))
    said = replace(
        side,
        issuer=told.oidc_issuer if told.oidc_issuer is not None else side.issuer,
        client_id=told.client_id if told.client_id is not None else side.client_id,
        client_secret=told.client_secret if told.client_secret is not None else side.client_secret,
    )
    version = None if known is None else known.version
    plain = desk.fetcher.private_allowed
    return sign_on.oidc_setup(desk.sealer, said, options=told.options, plain_http=plain, version=version, now=now)


def _incomplete(detail: str) -> Invalid:
    return Invalid(
        "provider_incomplete",
        detail,
        expected="SAML metadata, or issuer, client id and client secret of an OpenID provider",
        advice="To have our addresses first, make the connection without any of these, and tell them later.",
    )
