"""The answer belongs to no request, to another browser's, to another connection's, or is sent twice over in one address.

Known from: RFC 6749 section 10.12 (login CSRF), RFC 9700 section 4.7; parameter pollution.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.oidc.tokens import ABSENT
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.oidc._stage import Stage

UNKNOWN = ("request_unknown", "oidc_answer_malformed")


def attack(stage: Stage) -> Iterator[Attempt]:
    """With a genuine code each time."""
    for value in (ABSENT, "", "A" * 43, "x" * 10_000, "\x00", "ä", "' or 1=1 --"):
        begun = stage.begin()
        shown = "absent" if value is ABSENT else ascii(value)[:20]
        yield Attempt(shown, stage.send(begun, stage.answer(begun, state=value)), UNKNOWN)
    begun = stage.begin()
    answer = stage.answer(begun)
    yield Attempt("in another browser", stage.send(begun, answer, stage.new_browser()), ("other_browser",))
    theirs = stage.begin()
    yield Attempt("in one with its own sign-in", stage.send(begun, answer, theirs.browser), ("other_browser",))
    foreign = stage.others["foreign"].begin()
    crossed = stage.answer(stage.begin(), state=foreign.asked["state"])
    yield Attempt("of another connection", stage.send(foreign, crossed), ("request_unknown", "other_browser"))
    begun = stage.begin()
    doubled = stage.answer(begun, state=[begun.asked["state"], "other"])
    yield Attempt("twice", stage.send(begun, doubled), ("oidc_answer_malformed",))
    begun = stage.begin()
    yield Attempt("two codes", stage.send(begun, stage.answer(begun, code=["a", "b"])), ("oidc_answer_malformed",))
    begun = stage.begin()
    yield Attempt("no code", stage.send(begun, stage.answer(begun, code=ABSENT)), ("oidc_answer_malformed",))
