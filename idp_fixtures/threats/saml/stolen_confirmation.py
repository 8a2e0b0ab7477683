"""Where answers may come unasked, a page asks "continue?": its token is used in another browser, twice, or for what it is not.

Known from: IdP-initiated sign-in is login CSRF unless somebody confirms it, and the confirmation is then what an attacker wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """The attacker's page in the victim's browser, a token of another kind, and a click too many."""
    allowed = stage.others["idp_initiated"]
    address = allowed.acs_url.removesuffix("/acs") + "/confirm"
    begun, token = _page(allowed)
    yield Attempt("in another browser", stage.new_browser().post(address, {"token": token}), ("other_browser",))
    theirs, _ = _page(allowed)
    yield Attempt("in one with its own page", theirs.browser.post(address, {"token": token}), ("other_browser",))
    asked = allowed.begin()
    yield Attempt("a RelayState", asked.browser.post(address, {"token": asked.relay_state}), ("request_unknown",))
    yield Attempt("none", begun.browser.post(address, {}), ("request_unknown",))
    elsewhere = stage.acs_url.removesuffix("/acs") + "/confirm"
    yield Attempt("at another connection", begun.browser.post(elsewhere, {"token": token}), ("request_unknown", "other_browser"))
    if begun.browser.post(address, {"token": token}).status != 303:
        raise AssertionError("The genuine confirmation was refused.")
    yield Attempt("a second click", begun.browser.post(address, {"token": token}), ("request_used", "message_replayed"))


def _page(allowed: Stage) -> tuple[Begun, str]:
    """The attacker's own unasked answer, and the token in the page that asks."""
    begun = allowed.unasked()
    page = allowed.send(begun, make(allowed.answer(begun))).text
    found = re.search(r'name="token" value="([^"]+)"', page)
    if found is None:
        raise LookupError("The page that asks has no token.")
    return begun, found[1]
