"""The ID token belongs to another sign-in: stolen from a log, or got with the attacker's own request.

Known from: OpenID Connect Core 1.0 section 15.5.2; RFC 9700 section 4.5 (code injection).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, empty, another, of another type, and of another sign-in in the same browser."""
    for value in (tokens.ABSENT, "", "another", None, 0, ["x"], "\ud800", "ä"):
        yield stage.claims("absent" if value is tokens.ABSENT else ascii(value), "oidc_nonce", nonce=value)
    other = stage.begin()
    yield stage.claims("of another sign-in", "oidc_nonce", nonce=other.asked["nonce"])
