"""Names of SAML 2.0 (saml-core-2.0-os), of XML signature and of XML encryption, as lxml writes them: `{namespace}local`."""

from __future__ import annotations

from typing import Any

Element = Any
"""An element of lxml, which has no types."""

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"

RESPONSE = SAMLP + "Response"
LOGOUT_REQUEST = SAMLP + "LogoutRequest"
ASSERTION = SAML + "Assertion"
ENCRYPTED_ASSERTION = SAML + "EncryptedAssertion"
SIGNATURE = DS + "Signature"

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
REDIRECT_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS = STATUS + "Success"


def text_of(element: Element | None) -> str:
    """The text of an element without the blanks that pretty printers put around it; "" where there is none.

    The gate has let no comment, processing instruction or CDATA pass, so the text is one piece.
    """
    return "" if element is None else (element.text or "").strip()
