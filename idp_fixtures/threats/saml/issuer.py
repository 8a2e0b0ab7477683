"""Another issuer speaks, signed by the right key or not: of the response, of the assertion, or of neither.

Known from: identity providers with one key for many tenants (Entra's tenant-wide keys), SAML raider's issuer confusion.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.names import Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage
from idp_fixtures.threats.saml._values import lookalikes

CODES = ("saml_issuer", "saml_schema")


def attack(stage: Stage) -> Iterator[Attempt]:
    """All signed by the identity provider's own key: only the issuer tells its tenants apart."""
    for form, value in lookalikes(stage.vendor.issuer).items():
        if value:
            yield stage.attempt(f"of both: {form}", *CODES, issuer=value)
    another = "https://idp.evil.example"
    yield stage.attempt("of the response", *CODES, response_issuer=another)
    yield stage.attempt("of the assertion", *CODES, issuer=another, response_issuer=stage.vendor.issuer)
    yield stage.signed_so("an empty one", _empty, *CODES)
    yield stage.signed_so("none in the assertion", _none, *CODES, "saml_structure")


def _empty(tree: Element) -> None:
    find(tree, "saml:Assertion/saml:Issuer").text = None


def _none(tree: Element) -> None:
    """The signature goes where the Issuer was."""
    issuer = find(tree, "saml:Assertion/saml:Issuer")
    issuer.getparent().remove(issuer)
