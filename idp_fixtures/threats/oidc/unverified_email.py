"""The provider says that nobody has shown the address to be theirs: anybody can type the victim's into their profile.

Known from: OpenID Connect Core 1.0 section 5.7; account takeover by unverified e-mail ("pre-hijacking", 2022).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """A newcomer with an address that is not verified, in every spelling of no."""
    for number, value in enumerate((False, "false", "False", "no", 0, "0")):
        newcomer = stage.stranger(f"unverified {number}")
        yield stage.claims(repr(value), "email_unverified", somebody=newcomer, email_verified=value)
