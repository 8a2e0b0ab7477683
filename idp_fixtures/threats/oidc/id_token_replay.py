"""One ID token for two sign-ins: a provider (or somebody between) that repeats itself, nonce and all.

Known from: OpenID Connect Core 1.0 section 16.11; whatever leaks an ID token leaks it with its nonce.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The token of an accepted sign-in, in the next one."""
    kept: list[str] = []

    def keep(claims: dict[str, Any]) -> str:
        kept.append(tokens.sign(claims, stage.idp.token_key))
        return kept[0]

    first = stage.token("first", keep)
    if first.reply.code:
        raise AssertionError(f"The genuine answer was refused: {first.reply.code}.")
    yield stage.token("again", lambda claims: kept[0], "oidc_nonce", "message_replayed", "oidc_at_hash")
