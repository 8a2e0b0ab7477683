"""The digest is made to say what the attacker needs: split by a comment, doubled, emptied, made by a weaker function.

Known from: CVE-2025-29775 (comments in DigestValue, xml-crypto), CVE-2024-32962 and CVE-2025-29774 beside it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from idp_fixtures.saml.names import DS, Element, find
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage

DIGEST = "//ds:Reference/ds:DigestValue"


def attack(stage: Stage) -> Iterator[Attempt]:
    """What DigestValue and DigestMethod can be made to hold."""
    yield stage.tampered("a comment and another value", _commented, "saml_markup")
    yield stage.tampered("two values", _doubled, "saml_signature_form")
    yield stage.tampered("an element in it", _nested, "saml_signature_form")
    yield stage.tampered("an empty one", _emptied, "saml_signature_invalid", "saml_signature_form")
    yield stage.tampered("of the empty text", lambda tree: _set(tree, b""), "saml_signature_invalid")
    md5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
    yield stage.tampered("made with MD5", lambda tree: find(tree, "//ds:DigestMethod").set("Algorithm", md5), "saml_algorithm")


def _commented(tree: Element) -> None:
    value = find(tree, DIGEST)
    comment = etree.Comment(hashlib.sha256(b"evil").hexdigest())
    comment.tail, value.text = value.text, ""
    value.append(comment)


def _doubled(tree: Element) -> None:
    value = find(tree, DIGEST)
    value.addprevious(deepcopy(value))


def _nested(tree: Element) -> None:
    etree.SubElement(find(tree, DIGEST), f"{{{DS}}}DigestValue").text = "AAAA"


def _emptied(tree: Element) -> None:
    find(tree, DIGEST).text = ""


def _set(tree: Element, octets: bytes) -> None:
    find(tree, DIGEST).text = base64.b64encode(hashlib.sha256(octets).digest()).decode()
