"""The ID token says nobody, or somebody in a way that could be taken for another.

Known from: OpenID Connect Core 1.0 section 2 (sub: at most 255 characters, never reassigned); CVE-2020-26254's relatives.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, empty, too long, and of other types."""
    for value in (ABSENT, "", None, 7, 0, True, ["x"], {"a": 1}, "x" * 256, "a\x00b", "\ud800"):
        yield stage.claims("absent" if value is ABSENT else ascii(value)[:20], "oidc_subject", sub=value)
