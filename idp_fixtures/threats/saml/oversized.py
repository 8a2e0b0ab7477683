"""The message is made to cost: large, deep, wide, full of signatures, IDs, attributes or references.

Known from: XML bombs without entities; W3C XML signature best practices 2.1.2 (many transforms or references).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from idp_fixtures.saml.names import SAML, Element, encoded, find, serialize
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Each must be refused within a second or so."""
    yield stage.tampered("a message of 1.2 MB", lambda tree: _long(tree, 1_200_000), "saml_too_large", "request_too_large")
    begun = stage.begin()
    yield Attempt("a field of 8 MB", stage.send(begun, encoded(b"x" * 6_000_000)), ("saml_too_large", "request_too_large"))
    yield stage.signed_so("10,000 deep", lambda tree: _deep(tree, 10_000), "saml_not_xml", "saml_structure")
    yield stage.signed_so("200 deep", lambda tree: _deep(tree, 200), "saml_structure")
    yield stage.signed_so("30,000 elements", lambda tree: _wide(tree, 30_000), "saml_structure")
    yield stage.tampered("100 signatures", _signatures, "saml_signature_form", "saml_structure")
    yield stage.tampered("500 references", _references, "saml_signature_form")
    yield stage.tampered(
        "20,000 attributes", _attributes, "saml_signature_invalid", "saml_schema", "saml_not_xml", "saml_structure"
    )


def _long(tree: Element, length: int) -> None:
    next(tree.iter(f"{{{SAML}}}AttributeValue")).text = "x" * length


def _deep(tree: Element, depth: int) -> None:
    holder = next(tree.iter(f"{{{SAML}}}AttributeValue"))
    for _ in range(min(depth, 250)):
        holder = etree.SubElement(holder, "d")


def _wide(tree: Element, count: int) -> None:
    holder = next(tree.iter(f"{{{SAML}}}AttributeValue"))
    for _ in range(count):
        etree.SubElement(holder, "d")


def _signatures(tree: Element) -> None:
    signature = find(tree, "//ds:Signature")
    for _ in range(100):
        signature.addnext(deepcopy(signature))


def _references(tree: Element) -> None:
    reference = find(tree, "//ds:Reference")
    for _ in range(500):
        reference.addnext(deepcopy(reference))


def _attributes(tree: Element) -> bytes:
    many = " ".join(f'a{n}="x"' for n in range(20_000)).encode()
    return serialize(tree).replace(b"<saml:Assertion ", b"<saml:Assertion " + many + b" ", 1)
