"""An answer that nobody asked for, where the connection does not allow it; or with the RelayState of nothing.

Known from: IdP-initiated sign-in is login CSRF by design (OWASP SAML cheat sheet).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Begun, Stage

CODES = ("unsolicited", "request_unknown", "saml_in_response_to")


def attack(stage: Stage) -> Iterator[Attempt]:
    """Without a RelayState, with an invented one, with a path, and one that names a request where none was sent."""
    begun = stage.unasked()
    message = make(stage.answer(begun))
    for form, relay_state in (("no RelayState", ""), ("an invented one", "A" * 43), ("a path", "/settings")):
        yield Attempt(form, stage.send(Begun(begun.browser, begun.asked, relay_state), message), CODES)
    wanted = stage.begin()
    yield Attempt("without InResponseTo, RelayState right", stage.send(wanted, message), CODES)
    allowed = stage.others["idp_initiated"]
    free = allowed.unasked()
    answered = make(allowed.answer(free, in_response_to="_" + "0" * 40))
    yield Attempt("allowed, but naming a request", allowed.send(free, answered), CODES)
    taken = allowed.unasked()
    plain = make(allowed.answer(taken))
    allowed.send(taken, plain)
    yield Attempt("allowed, but twice", allowed.send(taken, plain), ("message_replayed",))
