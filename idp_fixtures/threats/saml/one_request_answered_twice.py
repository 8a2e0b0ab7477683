"""Two different genuine answers to one request: the second person's arrives in the first one's browser.

Known from: an identity provider's "back" button, and attackers who answer an intercepted request with their own account.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The second answer has another assertion, so only the request can tell."""
    begun = stage.begin()
    first = stage.send(begun, make(stage.answer(begun)))
    if first.code:
        raise AssertionError(f"The genuine answer was refused: {first.code}.")
    yield Attempt("the same person", stage.send(begun, make(stage.answer(begun))), ("request_used",))
    yield Attempt("another person", stage.send(begun, make(stage.answer(begun, stage.victim))), ("request_used",))
