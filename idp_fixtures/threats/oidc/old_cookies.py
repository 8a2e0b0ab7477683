"""An answer comes with cookies of another time: restored from a copy, or kept in a second profile.

Known from: state kept in signed cookies, which an old copy brings back to life (Flask and Authlib).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """A copy of the browser from before the answer."""
    begun = stage.begin()
    before = begun.browser.elsewhere()
    answer = stage.answer(begun)
    if stage.send(begun, answer).code:
        raise AssertionError("The genuine answer was refused.")
    yield Attempt("the same answer", stage.send(begun, answer, before), ("request_used",))
    fresh = stage.answer(begun)
    yield Attempt("a fresh code", stage.send(begun, fresh, before), ("request_used",))
