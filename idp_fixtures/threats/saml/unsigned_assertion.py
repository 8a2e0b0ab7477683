"""One part is signed and the other is what counts: an unsigned assertion in a signed response, or the reverse.

Known from: SAML lets an identity provider sign either; whoever accepts "some signature" reads what nobody signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from idp_fixtures.saml.names import Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Each in the connection that asks for the other; and a part changed whose signature nobody asked for."""
    response = stage.others["response"]
    yield stage.attempt("only the response signed", "saml_signature_missing", signs=("response",))
    yield response.attempt("only the assertion signed", "saml_signature_missing", signs=("assertion",))
    both = ("assertion", "response")
    yield stage.tampered("the response changed", _later, "saml_signature_invalid", signs=both)
    yield response.tampered("the assertion changed", _longer, "saml_signature_invalid", signs=both)


def _later(tree: Element) -> None:
    tree.set("IssueInstant", tree.get("IssueInstant").replace("Z", "1Z"))


def _longer(tree: Element) -> None:
    find(tree, "saml:Assertion/saml:AuthnStatement").set("SessionIndex", "_another")
