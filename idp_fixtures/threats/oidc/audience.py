"""The ID token was made for another client, or for several of which one is untrusted.

Known from: OpenID Connect Core 1.0 section 3.1.3.7 (3); token substitution between clients of one provider.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Other audiences, parts of ours, and ours among others; azp does not stand in for it."""
    own = stage.application.client_id
    for value in (
        "other",
        own + "x",
        own[:-1],
        own.upper(),
        "",
        ABSENT,
        None,
        [],
        [own, "other"],
        ["other"],
        [[own]],
        {own: 1},
        7,
    ):
        yield stage.claims("absent" if value is ABSENT else repr(value), "oidc_audience", aud=value)
    yield stage.claims("only azp is ours", "oidc_audience", aud="other", azp=own)
    yield stage.claims("absent, azp ours", "oidc_audience", aud=ABSENT, azp=own)
