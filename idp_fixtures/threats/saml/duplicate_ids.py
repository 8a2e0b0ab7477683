"""Two elements bear the ID that the signature refers to: one is verified, the other read.

Known from: signature wrapping (2012) and xmlsec's own warning about XML IDs; CVE-2016-5697 (ruby-saml).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from idp_fixtures.saml.names import SAML, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

ASSERTION = "/samlp:Response/saml:Assertion"


def attack(stage: Stage) -> Iterator[Attempt]:
    """The assertion's ID a second time: on the response, on an attribute's value, under another spelling."""
    for form, name in (("on the response", "ID"), ("as Id", "Id"), ("as xml:id", "{http://www.w3.org/XML/1998/namespace}id")):
        yield stage.tampered(form, partial(_copy, name=name), "saml_structure", signs=("assertion",))
    yield stage.signed_so("on a signed value", _on_value, "saml_structure")
    yield stage.signed_so("an empty ID", _empty, "saml_structure")


def _copy(tree: Element, name: str) -> None:
    tree.set(name, find(tree, ASSERTION).get("ID"))


def _on_value(tree: Element) -> None:
    assertion = find(tree, ASSERTION)
    value = next(assertion.iter(f"{{{SAML}}}AttributeValue"))
    etree.SubElement(value, "inner", ID=tree.get("ID"))


def _empty(tree: Element) -> None:
    value = next(tree.iter(f"{{{SAML}}}AttributeValue"))
    etree.SubElement(value, "inner", ID="")
