"""The attacker begins a sign-in, and the victim's browser delivers the answer: the victim then works in the attacker's account.

Known from: Barth, Jackson, Mitchell, "Robust Defenses for Cross-Site Request Forgery" (2008); SAML without a browser binding.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """In a browser that began nothing, in one that began its own sign-in, and without or with another's RelayState."""
    begun = stage.begin()
    message = make(stage.answer(begun))
    yield Attempt("a fresh browser", stage.send(begun, message, stage.new_browser()), ("other_browser",))
    theirs = stage.begin()
    yield Attempt("a browser with its own sign-in", stage.send(begun, message, theirs.browser), ("other_browser",))
    mixed = Begun(theirs.browser, begun.asked, theirs.relay_state)
    yield Attempt("with the victim's RelayState", stage.send(mixed, message), ("saml_in_response_to",))
