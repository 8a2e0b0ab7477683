"""The signature points outside: what it signs, or the key it is verified with, is to be fetched from a file or an address.

Known from: SSRF through XML signature (W3C best practices 2.1.4; CVE-2021-40690), xmlsec's RetrievalMethod.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lxml import etree

from idp_fixtures.saml.names import DS, XENC, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """References, keys, schema locations and cipher texts elsewhere. The trap must stay empty."""
    for form, uri in (("an address", stage.trap_url), ("a file", "file:///etc/passwd"), ("a path", "../message.xml")):
        yield stage.tampered(f"signs {form}", partial(_refer, uri=uri), "saml_signature_form")
        yield stage.tampered(f"key from {form}", partial(_retrieve, uri=uri), *KEY)
    yield stage.tampered("a schema location", lambda tree: _locate(tree, stage.trap_url), "saml_signature_invalid", "saml_schema")
    cipher = ("saml_encryption", "saml_structure")
    yield stage.tampered("a cipher text", lambda tree: _cipher(tree, stage.trap_url), *cipher, signs=("assertion",))


KEY = ("saml_signature_form", "saml_signature_invalid", "saml_unknown_key")


def _refer(tree: Element, uri: str) -> None:
    find(tree, "//ds:Reference").set("URI", uri)


def _retrieve(tree: Element, uri: str) -> None:
    """The signature's value is spoiled too: with another key's it would have to be computed anew."""
    info = find(tree, "//ds:KeyInfo")
    for child in list(info):
        info.remove(child)
    etree.SubElement(info, f"{{{DS}}}RetrievalMethod", URI=uri, Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate")
    value = find(tree, "//ds:SignatureValue")
    value.text = "AAAA" + (value.text or "")[4:]


def _locate(tree: Element, uri: str) -> None:
    find(tree, "saml:Assertion").set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", f"urn:x {uri}")


def _cipher(tree: Element, uri: str) -> None:
    assertion = find(tree, "saml:Assertion")
    encrypted = etree.Element(f"{{{assertion.nsmap['saml']}}}EncryptedAssertion")
    data = etree.SubElement(encrypted, f"{{{XENC}}}EncryptedData", Type="http://www.w3.org/2001/04/xmlenc#Element")
    etree.SubElement(data, f"{{{XENC}}}EncryptionMethod", Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm")
    reference = etree.SubElement(etree.SubElement(data, f"{{{XENC}}}CipherData"), f"{{{XENC}}}CipherReference", URI=uri)
    etree.SubElement(reference, f"{{{XENC}}}Transforms")
    tree.replace(assertion, encrypted)
