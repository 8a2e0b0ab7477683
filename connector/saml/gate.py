"""THE GATE: what is looked at before any message reaches the XML signature library. Pure.

Everything that has ever made two readers of one SAML message see two different messages is refused here, whoever signed it:
document types, entities, comments, processing instructions, CDATA, other encodings, two things of one ID, a second assertion, a
signature in a strange place or of a strange form. What is left is a small language in which a signature means what it seems to.

Sources: saml-core-2.0-os section 5.4 (what a signature may look like), saml-bindings-2.0-os section 3.5.4 (base64), and the
published attacks: signature wrapping (Somorovsky et al. 2012), comments in NameID (2018), digests with comments (2025).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from lxml import etree

from connector.errors import Invalid, TooLarge
from connector.saml import signature_form
from connector.saml.encryption_form import check_encryption
from connector.saml.names import (
    ASSERTION,
    ENCRYPTED_ASSERTION,
    RESPONSE,
    SAMLP,
    SIGNATURE,
    STATUS,
    SUCCESS,
    Element,
)

LIMIT = 1024 * 1024
"""Bytes of a message."""

ENCODED = LIMIT * 3 // 2
"""Characters of a message in base64, with the line breaks some IdPs put in."""

ELEMENTS = 20_000
ATTRIBUTES = 64
"""Of one element. Canonicalization sorts them one by one: 90,000 of them take minutes."""

DEPTH = 32

_BLANKS = str.maketrans("", "", " \t\r\n")
_DECLARATION = re.compile(rb"\s*<\?xml\s[^<>]*\?>")
_ENCODINGS = frozenset({"UTF-8", "US-ASCII", "ASCII"})
_TOO_DEEP = "boolean(" + "/*" * (DEPTH + 1) + ")"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that passed. `assertion` and `encrypted`: at most one of them is there. `sha1`: a signature uses SHA-1."""

    root: Element
    assertion: Element | None
    encrypted: Element | None
    root_signed: bool
    assertion_signed: bool
    sha1: bool


def from_base64(text: str) -> bytes:
    """Return the XML in a form field. Raises TooLarge `saml_too_large`, Invalid `saml_not_base64`."""
    if len(text) > ENCODED:
        raise too_large()
    try:
        xml = base64.b64decode(text.translate(_BLANKS).encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(
            "saml_not_base64",
            "The message is not base64.",
            expected="an XML document in base64, as the POST binding carries it",
            advice="Look at what stands between the identity provider and here: something changed the message.",
        ) from None
    if len(xml) > LIMIT:
        raise too_large()
    return xml


def parse(xml: bytes) -> Element:
    """Return the root of a document that holds nothing but elements, attributes and text.

    Raises TooLarge `saml_too_large`, Invalid `saml_not_xml`, `saml_doctype`, `saml_markup`.
    """
    if len(xml) > LIMIT:
        raise too_large()
    _check_bytes(xml)
    # One parser for one document: a shared one makes threads wait for each other.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.LxmlError, ValueError):
        raise _not_xml() from None
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise _not_xml()
    return root


def open_message(xml: bytes, tag: str = RESPONSE) -> Message:
    """Look at a whole message whose root must be `tag`. Raises Invalid `saml_structure`, `saml_signature_form`, `saml_algorithm`,
    `saml_encryption`, `saml_status`, and what `parse` raises.

    An answer that is no success needs no assertion; whether it succeeds is for `status_of` to say, before anything else is done.
    """
    root = parse(xml)
    if root.tag != tag:
        raise structure(f"the message is not a {tag.partition('}')[2]}")
    signatures, assertions = _walk(root)
    if len(assertions) > 1 or any(found.getparent() is not root for found in assertions):
        raise structure("there is more than one assertion, or one in a strange place")
    if not assertions and tag == RESPONSE and status_of(root)[:1] == (SUCCESS,):
        raise structure("there is no assertion")
    assertion = next((found for found in assertions if found.tag == ASSERTION), None)
    encrypted = next((found for found in assertions if found.tag == ENCRYPTED_ASSERTION), None)
    if encrypted is not None:
        check_encryption(encrypted)
    parents = [signature.getparent() for signature in signatures]
    if len(parents) > 2 or any(parent is not root and parent is not assertion for parent in parents) or _twice(parents):
        raise signature_form.form("a signature stands where none may be")
    sha1 = [signature_form.check(signature) for signature in signatures]
    root_signed, assertion_signed = root in parents, assertion is not None and assertion in parents
    return Message(root, assertion, encrypted, root_signed, assertion_signed, any(sha1))


def status_of(root: Element) -> tuple[str, ...]:
    """The status codes of a response, the general one first; at most three."""
    codes: list[str] = []
    holder = root.find(SAMLP + "Status")
    while holder is not None and len(codes) < 3:
        holder = holder.find(SAMLP + "StatusCode")
        if holder is not None:
            codes.append(holder.get("Value", ""))
    return tuple(codes)


def status_name(code: str) -> str:
    """The last part of a status code that SAML defines, else `unknown`: nothing of the message itself is shown."""
    name = code.removeprefix(STATUS)
    return name if code.startswith(STATUS) and name in _STATUS_NAMES else "unknown"


def _check_bytes(xml: bytes) -> None:
    """Outside a document type, `<!` and `<?` begin a comment, CDATA or a processing instruction and nothing else; in a document
    that is not UTF-8 they could hide."""
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_xml() from None
    if b"\0" in xml:
        raise _not_xml()
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise Invalid(
            "saml_doctype",
            "The message declares a document type or an entity.",
            expected="a message without DOCTYPE and ENTITY",
            advice="No identity provider sends one. If this goes on, somebody tries to harm you.",
        )
    declaration = _DECLARATION.match(xml.removeprefix(b"\xef\xbb\xbf"))
    if b"<!" in xml or xml.count(b"<?") != (1 if declaration else 0):
        raise Invalid(
            "saml_markup",
            "The message holds a comment, a processing instruction or CDATA.",
            expected="elements, attributes and text only",
            advice="No identity provider sends these. If this goes on, somebody tries to harm you.",
        )


def _walk(root: Element) -> tuple[list[Element], list[Element]]:
    """The signatures and the assertions anywhere in the document, whose IDs are all different."""
    signatures: list[Element] = []
    assertions: list[Element] = []
    ids: set[str] = set()
    for count, element in enumerate(root.iter()):
        if count >= ELEMENTS:
            raise structure(f"there are more than {ELEMENTS} elements")
        if element.tag == SIGNATURE:
            signatures.append(element)
        elif element.tag in (ASSERTION, ENCRYPTED_ASSERTION):
            assertions.append(element)
        _check_attributes(element, ids)
    if root.xpath(_TOO_DEEP):
        raise structure(f"elements are nested more than {DEPTH} deep")
    return signatures, assertions


def _check_attributes(element: Element, ids: set[str]) -> None:
    """Whatever some library may take for an ID is one: `ID`, `Id` and `id`, of any namespace."""
    if len(element.keys()) > ATTRIBUTES:  # before any value is asked for, which takes long with many
        raise structure(f"an element has more than {ATTRIBUTES} attributes")
    for name, value in element.items():
        if name[-2:].upper() == "ID" and name.rpartition("}")[2].upper() == "ID":
            if name[0] == "{" or not value or value in ids:
                raise structure("two elements have the same ID, or an ID is empty or of another namespace")
            ids.add(value)


def _twice(elements: list[Element]) -> bool:
    return len(elements) == 2 and elements[0] is elements[1]


def structure(what: str) -> Invalid:
    """The refusal of a message that is put together in a way that no identity provider does."""
    return Invalid(
        "saml_structure",
        f"The message is not put together as SAML messages are: {what}.",
        expected="one Response with one assertion in it, every ID once",
        advice="If the identity provider made it so, it cannot be used; if this goes on, somebody tries to harm you.",
    )


def too_large() -> TooLarge:
    return TooLarge(
        "saml_too_large",
        "The message is larger than connector takes.",
        expected=f"at most {LIMIT} bytes",
        advice="Send fewer attributes: for groups, only those assigned to this application.",
    )


def _not_xml() -> Invalid:
    return Invalid(
        "saml_not_xml",
        "The message is not XML that can be read.",
        expected="a well-formed XML document in UTF-8",
        advice="Look at what stands between the identity provider and here: something changed the message.",
    )


_STATUS_NAMES = frozenset(
    {
        "Success",
        "Requester",
        "Responder",
        "VersionMismatch",
        "AuthnFailed",
        "InvalidAttrNameOrValue",
        "InvalidNameIDPolicy",
        "NoAuthnContext",
        "NoAvailableIDP",
        "NoPassive",
        "NoSupportedIDP",
        "PartialLogout",
        "ProxyCountExceeded",
        "RequestDenied",
        "RequestUnsupported",
        "RequestVersionDeprecated",
        "RequestVersionTooHigh",
        "RequestVersionTooLow",
        "ResourceNotRecognized",
        "TooManyResponses",
        "UnknownAttrProfile",
        "UnknownPrincipal",
        "UnsupportedBinding",
    }
)
