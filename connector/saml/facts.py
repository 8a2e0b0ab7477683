"""What the sign-in trace shows of a message that was refused: what an admin compares, and nothing that identifies a person.

Nothing of it is trusted: it is read from the message as it arrived, signed or not.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from connector.directory.sign_on_model import SignOn
from connector.directory.traces import MESSAGE, Stage
from connector.errors import ConnectorError
from connector.membership.fold import is_storable
from connector.saml import gate
from connector.saml.names import ASSERTION, DS, ENCRYPTED_ASSERTION, SAML, SIGNATURE, XENC, Element, text_of
from connector.saml.response import fingerprints

_LONGEST = 300
_NAMES = 50
_STAGES: dict[str, Stage] = {
    "saml_missing": "arrive",
    "saml_too_large": "arrive",
    "saml_not_base64": "arrive",
    "saml_not_xml": "arrive",
    "saml_doctype": "arrive",
    "saml_markup": "arrive",
    "saml_structure": "arrive",
    "saml_encryption": "arrive",
    "saml_decryption": "arrive",
    "saml_signature_form": "signature",
    "saml_algorithm": "signature",
    "saml_signature_missing": "signature",
    "saml_signature_invalid": "signature",
    "saml_unknown_key": "signature",
}


def stage_of(error: ConnectorError) -> Stage:
    """How far a message came that was refused so."""
    return _STAGES.get(error.code, "check")


def facts_of(message: str, sign_on: SignOn) -> dict[str, Any]:
    """What stands in the SAMLResponse of a form, beside what was expected. Only its size when it cannot be read."""
    size = {"characters": len(message)}
    try:
        root = gate.parse(gate.from_base64(message))
    except ConnectorError:
        return size
    assertion = root.find(ASSERTION)
    return {
        **size,
        **_compared(root, assertion, sign_on),
        "status": [gate.status_name(code) for code in gate.status_of(root)],
        "encrypted": root.find(ENCRYPTED_ASSERTION) is not None,
        **_encryption(root),
        "signatures": [_signature(each) for each in list(root.iter(SIGNATURE))[:4]],
        **({} if assertion is None else _said(assertion)),
    }


def redacted(message: str) -> str:
    """The SAMLResponse of a form as it is built, without what it says of a person, and without its keys and signatures: names,
    algorithms, addresses, times, and of every other text its length. Empty when it cannot be read."""
    try:
        root = gate.parse(gate.from_base64(message))
    except ConnectorError:
        return ""
    for element in root.iter():
        element.tail = None
        if not isinstance(element.tag, str):
            element.text = ""  # a comment or a processing instruction
            continue
        text = text_of(element)
        if text and element.tag not in _TOLD:
            element.text = f"({len(text)} characters)"
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))[:MESSAGE]


_TOLD = frozenset({SAML + "Issuer", SAML + "Audience", SAML + "AuthnContextClassRef"})
"""Elements whose text is about the message and nobody's."""


def _compared(root: Element, assertion: Element | None, sign_on: SignOn) -> dict[str, Any]:
    issuer = text_of(root.find(SAML + "Issuer")) or text_of(None if assertion is None else assertion.find(SAML + "Issuer"))
    return {
        "issuer": _shown(issuer),
        "issuer_expected": sign_on.saml.issuer if sign_on.saml else "",
        "destination": _shown(root.get("Destination", "")),
        "destination_expected": sign_on.addresses["acs_url"],
        "audience_expected": sign_on.addresses["entity_id"],
        "in_response_to": _shown(root.get("InResponseTo", "")),
        "issued_at": _shown(root.get("IssueInstant", "")),
    }


def _encryption(root: Element) -> dict[str, Any]:
    """The algorithms of an encrypted assertion and of its key."""
    methods = [
        each.get("Algorithm", "") for whole in root.iter(ENCRYPTED_ASSERTION) for each in whole.iter(XENC + "EncryptionMethod")
    ]
    return {"encryption": [_shown(each) for each in methods[:4]]} if methods else {}


def _said(assertion: Element) -> dict[str, Any]:
    """Times, recipient, audience, NameID format, and the names of attributes; no value of any."""
    found: dict[str, Any] = {
        "audience": [_shown(text_of(each)) for each in list(assertion.iter(SAML + "Audience"))[:_NAMES]],
        "attributes": [_shown(each.get("Name", "")) for each in list(assertion.iter(SAML + "Attribute"))[:_NAMES]],
        "name_id_format": _shown(next((each.get("Format", "") for each in assertion.iter(SAML + "NameID")), "")),
    }
    for tag, names in (
        ("Conditions", ("NotBefore", "NotOnOrAfter")),
        ("SubjectConfirmationData", ("Recipient", "NotOnOrAfter", "InResponseTo")),
        ("AuthnStatement", ("AuthnInstant", "SessionNotOnOrAfter")),
    ):
        element = next(assertion.iter(SAML + tag), None)
        if element is not None:
            found[tag] = {name: _shown(element.get(name, "")) for name in names}
    return found


def _signature(signature: Element) -> dict[str, Any]:
    method = next(signature.iter(DS + "SignatureMethod"), None)
    return {
        "of": signature.getparent().tag.rpartition("}")[2] if signature.getparent() is not None else "",
        "algorithm": _shown("" if method is None else method.get("Algorithm", "")),
        "certificates": list(fingerprints(signature)),
    }


def _shown(text: str) -> str:
    return text[:_LONGEST] if is_storable(text) and text.isprintable() else "(unreadable)"
