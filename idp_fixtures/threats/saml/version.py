"""A message of another version of SAML, whose checks were others.

Known from: saml-core-2.0-os 4.1.3.2: a service provider must not process a version it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.names import find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Of both, of the assertion alone, and none."""
    for version in ("1.1", "2.1", "3.0", "2", " 2.0", ""):
        yield stage.attempt(f"version {version!r}", "saml_version", version=version)
    yield stage.signed_so("of the assertion", lambda tree: find(tree, "saml:Assertion").set("Version", "1.1"), "saml_version")
