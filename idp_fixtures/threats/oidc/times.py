"""The ID token is over, not yet begun, without an end, or its times are no times.

Known from: OpenID Connect Core 1.0 section 3.1.3.7 (9, 10); NaN, which is neither before nor after anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from joserfc.jwk import Key

from idp_fixtures.oidc import tokens
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

BAD = ("oidc_times", "oidc_expired", "oidc_not_yet_valid", "oidc_token_malformed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Each of exp, iat and nbf, two minutes off and worse."""
    now = int(stage.now().timestamp())
    forms: dict[str, dict[str, Any]] = {
        "over": {"exp": now - 120, "iat": now - 600},
        "over, as a text": {"exp": str(now + 300)},
        "no end": {"exp": tokens.ABSENT},
        "no beginning": {"iat": tokens.ABSENT},
        "made in the future": {"iat": now + 300, "exp": now + 600},
        "not before": {"nbf": now + 300},
        "not before, a text": {"nbf": "soon"},
        "truth": {"exp": True},
        "a list": {"exp": [now + 300]},
        "null": {"iat": None},
        "beyond all time": {"exp": 10**30},
        "before all time": {"iat": -(10**30)},
    }
    for form, changes in forms.items():
        yield stage.claims(form, *BAD, **changes)
    for form, number in (("NaN", "NaN"), ("Infinity", "Infinity"), ("1e999", "1e999")):
        yield stage.token(form, partial(_ending, number=number, key=stage.idp.token_key), *BAD)


def _ending(claims: dict[str, Any], number: str, key: Key) -> str:
    return tokens.sign(json.dumps(claims | {"exp": 4711}).replace("4711", number), key)
