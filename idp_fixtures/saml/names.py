"""Names of SAML 2.0 (saml-core-2.0-os) and of XML signature and encryption, and the small things done with every element."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"saml": SAML, "samlp": SAMLP, "md": METADATA, "ds": DS, "xenc": XENC, "xs": XS, "xsi": XSI}

EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
AUTHN_FAILED = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
REQUEST_DENIED = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""The fixed clock: when everything happens that nobody dates otherwise."""

saml = ElementMaker(namespace=SAML, nsmap={"saml": SAML})
samlp = ElementMaker(namespace=SAMLP, nsmap={"samlp": SAMLP, "saml": SAML})

Element = Any
"""An element of lxml (which has no types)."""


def new_id() -> str:
    """An ID no other message has: 128 random bits, beginning as an NCName must."""
    return "_" + secrets.token_hex(16)


def instant(moment: datetime) -> str:
    """A moment as xs:dateTime in UTC, with milliseconds as most IdPs write them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse(xml: bytes) -> Element:
    """XML becomes a tree; nothing is loaded and nothing expanded."""
    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def serialize(tree: Element) -> bytes:
    """A tree becomes XML, as it is: no declaration, no changed blanks."""
    return bytes(etree.tostring(tree))


def find(tree: Element, path: str) -> Element:
    """The first element at an XPath with the prefixes of this module. Raises LookupError when there is none."""
    found = tree.xpath(path, namespaces=PREFIXES)
    if not found:
        raise LookupError(f"There is no {path} in this message.")
    return found[0]


def encoded(xml: bytes) -> str:
    """A message as the POST binding carries it (saml-bindings-2.0-os 3.5.4)."""
    return base64.b64encode(xml).decode()
