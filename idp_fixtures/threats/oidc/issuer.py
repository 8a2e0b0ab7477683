"""The ID token is rightly signed and from another issuer: a provider with one key for many tenants.

Known from: OpenID Connect Core 1.0 section 3.1.3.7 (2); Entra's common endpoint, Keycloak's realms behind one key.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Another, alike, absent, and of another type."""
    url = stage.idp.url
    for value in (
        "https://idp.evil.example",
        url + "/",
        url[:-1],
        url.upper(),
        url + "/tenant",
        "",
        ABSENT,
        None,
        [url],
        {"a": url},
    ):
        yield stage.claims("absent" if value is ABSENT else repr(value), "oidc_issuer", iss=value)
