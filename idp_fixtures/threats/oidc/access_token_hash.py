"""The access token beside the ID token is another's: the ID token's at_hash does not fit it.

Known from: OpenID Connect Core 1.0 section 3.1.3.8; token substitution at the userinfo endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import half_hash
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage, changed


def attack(stage: Stage) -> Iterator[Attempt]:
    """Another token, another hash, other types."""
    yield stage.attempt("another access token", "oidc_at_hash", token=changed(access_token="another"))
    for value in (half_hash("another"), "", None, 7, ["x"], "ä"):
        yield stage.claims(ascii(value)[:20], "oidc_at_hash", at_hash=value)
