"""RelayState is used as an address to go to afterwards: elsewhere, or with characters that end a header.

Known from: open redirects after sign-in (CWE-601) in nearly every SAML library's example code; header injection (CWE-113).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage

CODES = ("request_unknown", "unsolicited")
STATES = {
    "an address": "https://evil.example/",
    "without a scheme": "//evil.example/",
    "backslashes": "/\\evil.example/",
    "a script": "javascript:alert(1)",
    "a line break": "/x\r\nSet-Cookie: a=b",
    "control characters": "\x01\x02\x7f",
    "a NUL": "/\x00",
    "very long": "/" + "x" * 100_000,
    "not ASCII": "/ünï",
}


def attack(stage: Stage) -> Iterator[Attempt]:
    """After a request, another RelayState belongs to nothing. Where answers may come unasked, it is never an address."""
    for form, relay_state in STATES.items():
        begun = stage.begin()
        message = make(stage.answer(begun))
        yield Attempt(form, stage.send(Begun(begun.browser, begun.asked, relay_state), message), CODES)
    yield from _unasked(stage.others["idp_initiated"])


def _unasked(allowed: Stage) -> Iterator[Attempt]:
    """The page that asks "continue?" must not lead elsewhere: this raises when it does."""
    for form in ("an address", "without a scheme", "backslashes", "a script"):
        begun = allowed.unasked()
        reply = allowed.send(Begun(begun.browser, begun.asked, STATES[form]), make(allowed.answer(begun)))
        if "evil.example" in reply.location or "evil.example" in reply.text or "alert(1)" in reply.text:
            raise AssertionError(f"RelayState {form} was taken over into the answer.")
        if reply.code:
            yield Attempt(f"unasked: {form}", reply, CODES)
