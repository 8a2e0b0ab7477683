"""A code, or the whole answer, is used twice: from a history, a referrer, a log.

Known from: RFC 6749 section 10.5, RFC 9700 section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The same address again, in another process, in another browser, and its code in a new sign-in."""
    begun = stage.begin()
    answer = stage.answer(begun)
    accepted = stage.send(begun, answer)
    if accepted.code:
        raise AssertionError(f"The genuine answer was refused: {accepted.code}.")
    yield Attempt("the same again", stage.send(begun, answer), ("request_used",))
    yield Attempt("in another process", stage.send(begun, answer, begun.browser.elsewhere()), ("request_used",))
    yield Attempt("in another browser", stage.send(begun, answer, stage.new_browser()), ("other_browser", "request_used"))
    again = stage.begin(begun.browser)
    reused = stage.answer(again, code=answer["code"])
    yield Attempt("its code in a new sign-in", stage.send(again, reused), ("oidc_code_refused",))
    failed = stage.begin()
    broken = stage.answer(failed, code="guessed")
    yield Attempt("a guessed code", stage.send(failed, broken), ("oidc_code_refused",))
    right = stage.answer(failed)
    yield Attempt("and then the right one", stage.send(failed, right), ("request_used",))
