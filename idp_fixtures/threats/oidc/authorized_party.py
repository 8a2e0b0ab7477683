"""The ID token is for us, and was given to another client, which now uses it here.

Known from: OpenID Connect Core 1.0 section 3.1.3.7 (4, 5).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Another azp, empty ones, other types."""
    own = stage.application.client_id
    for value in ("other", "", None, [own], own + " "):
        yield stage.claims(repr(value), "oidc_azp", azp=value)
