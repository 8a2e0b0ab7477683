"""An error answer that no provider gave, with text of the attacker's for the person to read, or without a right state.

Known from: RFC 9700 section 4.11 and phishing through error_description; clients that handle `error` before `state` (Authlib).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

TEXT = "<script>alert('evil')</script> Call 0800-EVIL"


def attack(stage: Stage) -> Iterator[Attempt]:
    """Without a state, with another's, and with the right one: then it is a refusal, without the text."""
    told: dict[str, Any] = {"error": TEXT, "error_description": TEXT, "error_uri": "https://evil.example/"}
    begun = stage.begin()
    for form, state, codes in (
        ("no state", ABSENT, ("request_unknown",)),
        ("an invented state", "A" * 43, ("request_unknown",)),
        ("the right state", begun.asked["state"], ("oidc_provider_error",)),
    ):
        reply = stage.send(begun, stage.answer(begun, state=state, code=ABSENT, **told))
        if "EVIL" in reply.text or "evil.example" in reply.text:
            raise AssertionError("The text of an answer was shown.")
        yield Attempt(form, reply, codes)
    begun = stage.begin()
    denied = stage.answer(begun, code=ABSENT, error="access_denied")
    yield Attempt("access denied", stage.send(begun, denied), ("oidc_access_denied",))
    begun = stage.begin()
    both = stage.answer(begun, error="server_error")
    yield Attempt("an error and a code", stage.send(begun, both), ("oidc_provider_error",))
