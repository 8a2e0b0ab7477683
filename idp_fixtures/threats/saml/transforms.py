"""The signature's transforms choose what is signed (XPath) or compute something else (XSLT): then anything may stand there.

Known from: XML signature best practices (W3C 2013, sections 2.1.1 to 2.1.3); CVE-2021-43570 and xmlsec's XSLT, on by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from idp_fixtures.saml.names import DS, Element, find
from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
XPATH_2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
BASE64 = "http://www.w3.org/2000/09/xmldsig#base64"
ENDLESS = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/" name="t">'
    '<xsl:call-template name="t"/></xsl:template></xsl:stylesheet>'
)


def attack(stage: Stage) -> Iterator[Attempt]:
    """Signed with them by the real key where that works, else put in afterwards."""
    signer = Signer(key=stage.vendor.signer.key, template=_nothing_but_the_root)
    yield stage.attempt("XPath, signed", "saml_signature_form", signer=signer)
    yield stage.tampered("XPath filter 2", lambda tree: _add(tree, XPATH_2, None), "saml_signature_form")
    yield stage.tampered("XSLT", lambda tree: _add(tree, XSLT, etree.fromstring(ENDLESS)), "saml_signature_form")
    yield stage.tampered("base64", lambda tree: _add(tree, BASE64, None), "saml_signature_form")
    yield stage.tampered("a hundred", _hundred, "saml_signature_form")
    yield stage.tampered("none", _none, "saml_signature_form")


def _nothing_but_the_root(signature: Element) -> None:
    """`not(ancestor::*)` leaves out all that matters."""
    transform = etree.Element(f"{{{DS}}}Transform", Algorithm=XPATH)
    etree.SubElement(transform, f"{{{DS}}}XPath").text = "count(ancestor::*) < 2"
    find(signature, ".//ds:Transforms").insert(1, transform)


def _add(tree: Element, algorithm: str, inside: Element | None) -> None:
    transform = etree.Element(f"{{{DS}}}Transform", Algorithm=algorithm)
    if inside is not None:
        transform.append(inside)
    find(tree, "//ds:Transforms").insert(1, transform)


def _hundred(tree: Element) -> None:
    for _ in range(100):
        _add(tree, XSLT, None)


def _none(tree: Element) -> None:
    transforms = find(tree, "//ds:Transforms")
    transforms.getparent().remove(transforms)
