"""The ID token brings its own key, or the address of one: `jwk`, `jku`, `x5u`, `x5c`.

Known from: CVE-2018-0114; RFC 8725 section 3.10; header fields that libraries followed by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from idp_fixtures.keys import key_pair
from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._raw import signed
from idp_fixtures.threats.oidc._stage import Stage

CODES = ("oidc_signature", "oidc_unknown_key", "oidc_token_malformed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Under the provider's kid, under none, under its own; and headers that would change what a signature means."""
    key = tokens.signing_key("attacker")
    certificate = key_pair("attacker").certificate_body
    headers: dict[str, dict[str, Any]] = {
        "jwk": {"jwk": dict(key.as_dict(private=False))},
        "jku": {"jku": stage.trap_url},
        "x5u": {"x5u": stage.trap_url},
        "x5c": {"x5c": [certificate]},
        "crit": {"crit": ["exp"], "exp": 1},
        "b64": {"b64": False, "crit": ["b64"]},
    }
    for form, header in headers.items():
        for kid in (stage.idp.token_key.kid, tokens.ABSENT, "attacker"):
            named = "without a kid" if kid is tokens.ABSENT else f"kid {kid}"
            yield stage.token(f"{form}, {named}", partial(signed, key=key, kid=kid, **header), *CODES)
