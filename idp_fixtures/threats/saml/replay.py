"""A genuine answer is used twice: from a log, a proxy, a shared computer's history.

Known from: saml-profiles-2.0-os 4.1.4.5 (bearer assertions must be used once); libraries without a replay store (python3-saml).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage

USED = ("request_used", "message_replayed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """In the same process, in another one on the same database, for another sign-in, in another browser."""
    begun = stage.begin()
    message = make(stage.answer(begun))
    accepted = stage.send(begun, message)
    if accepted.code:
        raise AssertionError(f"The genuine answer was refused: {accepted.code}.")
    yield Attempt("the same again", stage.send(begun, message), USED)
    yield Attempt("in another process, as after a restart", stage.send(begun, message, begun.browser.elsewhere()), USED)
    again = stage.begin(begun.browser)
    other = Begun(begun.browser, begun.asked, again.relay_state)
    yield Attempt("for another sign-in", stage.send(other, message), ("saml_in_response_to",))
    yield Attempt("in another browser", stage.send(begun, message, stage.new_browser()), ("other_browser", *USED))
