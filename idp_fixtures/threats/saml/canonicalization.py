"""Two readers see two documents: other canonicalizations, comments that count or do not, namespaces that make it fail silently.

Known from: "The Fragile Lock" (2025: void canonicalization, attribute pollution; CVE-2025-66567, CVE-2025-66568, CVE-2025-66475).
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from idp_fixtures.saml.names import SAMLP, Element, find, serialize
from idp_fixtures.saml.signing import Signer
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.saml._stage import Stage


def attack(stage: Stage) -> Iterator[Attempt]:
    """Inclusive, with comments, none, a relative namespace, an ID in a namespace, an assertion of another namespace."""
    key = stage.vendor.signer.key
    for name in ("c14n", "exc-c14n-with-comments"):
        yield stage.attempt(name, "saml_signature_form", signer=Signer(key=key, canonical=name))
    yield stage.tampered("an unknown one", _unknown, "saml_signature_form")
    relative = ("saml_structure", "saml_not_xml", "saml_schema", "saml_signature_invalid")
    yield stage.tampered("a relative namespace", _relative, *relative, signs=("assertion", "response"))
    yield stage.tampered("an ID in a namespace", _polluted, "saml_structure", signs=("assertion",))
    yield stage.tampered("another namespace", _other_namespace, "saml_structure", "saml_schema", "saml_issuer")


def _unknown(tree: Element) -> None:
    find(tree, "//ds:CanonicalizationMethod").set("Algorithm", "urn:example:none")


def _relative(tree: Element) -> bytes:
    """A namespace that is no absolute URI makes canonicalization fail, in some libraries with the empty text as a result."""
    return serialize(tree).replace(b"<samlp:Response ", b'<samlp:Response xmlns:x="1" ', 1)


def _polluted(tree: Element) -> None:
    """`samlp:ID` beside `ID`: one reader takes the last by local name."""
    tree.set(f"{{{SAMLP}}}ID", find(tree, "saml:Assertion").get("ID"))


def _other_namespace(tree: Element) -> bytes:
    """The assertion's namespace differs by a letter from the one that was signed."""
    etree.cleanup_namespaces(tree)
    return serialize(tree).replace(b"SAML:2.0:assertion", b"SAML:2.0:Assertion")
