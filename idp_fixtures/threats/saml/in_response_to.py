"""The answer belongs to another request, or to none: an assertion that was intercepted, or made for somebody else's sign-in.

Known from: saml-profiles-2.0-os 4.1.4.3; libraries that skip the check when the value is absent (python3-saml).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.message import make
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

CODE = "saml_in_response_to"


def attack(stage: Stage) -> Iterator[Attempt]:
    """In the response, in the confirmation, in both: wrong, absent, or of another sign-in under way."""
    for form, value in (("another", "_" + "0" * 40), ("absent", None)):
        yield stage.attempt(f"{form} in both", CODE, in_response_to=value)
        yield stage.attempt(f"{form} in the confirmation", CODE, subject_in_response_to=value)
        begun = stage.begin()
        only = stage.answer(begun, in_response_to=value, subject_in_response_to=begun.asked.request_id)
        yield Attempt(f"{form} in the response", stage.send(begun, make(only)), (CODE,))
    first = stage.begin()
    second = stage.begin(first.browser)
    crossed = stage.send(second, make(stage.answer(first)))
    yield Attempt("of the same browser's other sign-in", crossed, (CODE,))
