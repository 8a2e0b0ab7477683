"""The confirmation names another ACS as its recipient, or none: an assertion stolen from another service.

Known from: saml-profiles-2.0-os 4.1.4.3; libraries that compare with `in` or only when it is there (python3-saml).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage
from idp_fixtures.threats.saml._values import lookalikes


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, and everything alike."""
    yield stage.attempt("absent", "saml_recipient", recipient=None)
    for form, value in lookalikes(stage.acs_url).items():
        if value:
            yield stage.attempt(form, "saml_recipient", recipient=value)
    for form, other in stage.others.items():
        yield stage.attempt(f"the connection {form}", "saml_recipient", recipient=other.acs_url)
