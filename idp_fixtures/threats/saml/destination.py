"""The response is addressed elsewhere, or to nobody.

Known from: saml-bindings-2.0-os 3.5.5.2; libraries that compare by prefix (python3-saml: CVE-2016-1000252 and later).
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.names import Element
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage
from idp_fixtures.threats.saml._values import lookalikes


def attack(stage: Stage) -> Iterator[Attempt]:
    """Absent, empty, and everything alike."""
    yield stage.attempt("absent", "saml_destination", destination=None)
    yield stage.signed_so("empty", lambda tree: _empty(tree), "saml_destination")
    for form, value in lookalikes(stage.acs_url).items():
        if value:
            yield stage.attempt(form, "saml_destination", destination=value)
    for form, other in stage.others.items():
        yield stage.attempt(f"the connection {form}", "saml_destination", destination=other.acs_url)


def _empty(tree: Element) -> None:
    tree.set("Destination", "")
