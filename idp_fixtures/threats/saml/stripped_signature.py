"""The signature is taken away and the message changed: who verifies only what is signed lets it in.

Known from: CVE-2017-11427 and its kin, CVE-2020-29509, and every "if signature present" ever written.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from idp_fixtures.saml.names import DS, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """No signature, an empty one, and one without its value."""
    yield stage.attempt("none at all", "saml_signature_missing", person=stage.victim, signs=())
    yield stage.tampered("taken away", _strip, "saml_signature_missing", "saml_structure")
    yield stage.tampered("emptied", _emptied, "saml_signature_form")
    for part in ("SignatureValue", "SignedInfo", "SignedInfo/ds:Reference", "SignedInfo/ds:Reference/ds:DigestValue"):
        yield stage.tampered(f"without {part}", partial(_without, part=part), "saml_signature_form")
    yield stage.tampered("an empty value", _blank, "saml_signature_invalid", "saml_signature_form")


def _strip(tree: Element) -> None:
    for signature in list(tree.iter(f"{{{DS}}}Signature")):
        signature.getparent().remove(signature)


def _emptied(tree: Element) -> None:
    for signature in tree.iter(f"{{{DS}}}Signature"):
        for child in list(signature):
            signature.remove(child)


def _without(tree: Element, part: str) -> None:
    found = find(tree, f"//ds:Signature/ds:{part}")
    found.getparent().remove(found)


def _blank(tree: Element) -> None:
    find(tree, "//ds:SignatureValue").text = ""
