"""HOUSE: what every room that speaks HTTP finds of the installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import current_app

from connector.config import Settings
from connector.directory.sign_on_providers import ReadMetadata
from connector.outbound.fetch import Fetcher
from connector.storage.database import Database
from connector.storage.sealing import Sealer

if TYPE_CHECKING:
    from connector.web.sso import Protocol


@dataclass(frozen=True, slots=True)
class House:
    """The installation. `protocols` says what `saml` and `oidc` give to the routes they share; `read_metadata` reads what a SAML
    identity provider says of itself."""

    settings: Settings
    database: Database
    sealer: Sealer
    fetcher: Fetcher
    protocols: Mapping[str, Protocol]
    read_metadata: ReadMetadata

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it through TLS."""
        return self.settings.base_url.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        """Whether it is reached at this machine only, which browsers trust as they trust TLS (Secure Contexts section 3.1)."""
        host = urlsplit(self.settings.base_url).hostname or ""
        return host == "localhost" or host == "::1" or host.startswith("127.")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base URL, as browsers write them into `Origin` (RFC 6454 section 6.2)."""
        parts = urlsplit(self.settings.base_url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" if parts.port in (None, usual) else f"{parts.scheme}://{host}:{parts.port}"

    def path(self, path: str) -> str:
        """The path a browser asks for to reach a page of ours: a base URL may have a path of its own before it."""
        return urlsplit(self.settings.base_url).path + path


def house() -> House:
    """The installation of the current request."""
    return cast(House, current_app.extensions["connector"])
