"""METADATA (saml-metadata-2.0-os): the identity provider's, read; ours, written. Pure.

What an identity provider says of itself is trusted as far as the way it came: typed in by an admin, or fetched by https from the
address an admin gave. A signature in it is by a key that nobody here knows, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from lxml import etree

from connector.directory.certificates import read_certificate
from connector.directory.sign_on_model import Binding, Certificate, IdpMetadata, SamlSide, SigningKey, SignOn
from connector.errors import Invalid
from connector.saml.names import DS, MD, POST_BINDING, REDIRECT_BINDING, SAMLP, Element
from connector.saml.times import instant

LIMIT = 1024 * 1024
CERTIFICATES = 20

_ENTITIES, _ENTITY, _ROLE = MD + "EntitiesDescriptor", MD + "EntityDescriptor", MD + "IDPSSODescriptor"
_PROTOCOL = SAMLP[1:-1]
_BINDINGS: tuple[tuple[Binding, str], ...] = (("redirect", REDIRECT_BINDING), ("post", POST_BINDING))
_CIPHERS = (
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
)


def read_metadata(xml: bytes, now: datetime) -> IdpMetadata:
    """Read the metadata of one identity provider.

    Raises Invalid `metadata_unreadable`, `metadata_no_idp`, `metadata_several`, `metadata_expired`, `metadata_incomplete`, and
    what `certificates.read_certificate` raises when no certificate can be used.
    """
    root = _parsed(xml)
    entity, role = _identity_provider(root)
    valid_until = _valid_until((root, entity, role), now)
    sso = _service(role, "SingleSignOnService")
    if sso is None or not entity.get("entityID"):
        raise Invalid(
            "metadata_incomplete",
            "The metadata lack the entity id or an address for signing in.",
            expected="a SingleSignOnService with the HTTP-Redirect or HTTP-POST binding",
            advice="At JumpCloud tick “Declare Redirect Endpoint”; then export the metadata again.",
        )
    slo = _service(role, "SingleLogoutService")
    side = SamlSide(
        issuer=entity.get("entityID").strip(),
        sso_url=sso[1],
        sso_binding=sso[0],
        certificates=_certificates(role),
        slo_url=slo[1] if slo else None,
        slo_binding=slo[0] if slo else "redirect",
        slo_response_url=slo[2] if slo else None,
        request_signing=role.get("WantAuthnRequestsSigned", "").strip() in ("true", "1"),
    )
    return IdpMetadata(side, valid_until)


def _parsed(xml: bytes) -> Element:
    """Comments and processing instructions are left out: people keep notes in metadata."""
    if len(xml) > LIMIT:
        raise _unreadable(f"it has more than {LIMIT} bytes")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\0" in xml:
        raise _unreadable("it declares a document type, or is not in UTF-8")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.LxmlError, ValueError):
        raise _unreadable("it is not XML") from None
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() not in ("UTF-8", "US-ASCII", "ASCII", "ISO-8859-1"):
        raise _unreadable("it is not in UTF-8")
    return root


def _identity_provider(root: Element) -> tuple[Element, Element]:
    """The one entity that signs people in with SAML 2.0, and its role."""
    entities = [root] if root.tag == _ENTITY else list(root.iter(_ENTITY)) if root.tag == _ENTITIES else []
    found = [(entity, role) for entity in entities for role in entity.findall(_ROLE) if _speaks_saml2(role)]
    if not found:
        raise Invalid(
            "metadata_no_idp",
            "There is no SAML 2.0 identity provider in this document.",
            expected="an EntityDescriptor with an IDPSSODescriptor",
            advice="Take the identity provider's metadata, not those of an application.",
        )
    if len(found) > 1:
        raise Invalid(
            "metadata_several",
            "There are several identity providers in this document.",
            expected="the metadata of one",
            advice="Ask for the metadata of the one that your people sign in with.",
        )
    return found[0]


def _speaks_saml2(role: Element) -> bool:
    return _PROTOCOL in role.get("protocolSupportEnumeration", "").split()


def _valid_until(elements: Sequence[Element], now: datetime) -> datetime | None:
    """The earliest of what the document, the entity and the role say."""
    said = [instant(element.get("validUntil")) for element in elements if element.get("validUntil") is not None]
    ends = min(said, default=None)
    if ends is not None and ends <= now:
        raise Invalid(
            "metadata_expired",
            f"The metadata say of themselves that they were valid until {ends:%Y-%m-%d %H:%M} UTC.",
            expected="metadata that are still valid",
            advice="Download them again from the identity provider.",
        )
    return ends


def _service(role: Element, name: str) -> tuple[Binding, str, str | None] | None:
    """Binding, address, and the address for responses, of a service: by redirect where that is offered, else by POST."""
    for binding, uri in _BINDINGS:
        for service in role.findall(MD + name):
            if service.get("Binding") == uri and service.get("Location"):
                return binding, service.get("Location").strip(), service.get("ResponseLocation")
    return None


def _certificates(role: Element) -> tuple[Certificate, ...]:
    """The certificates it signs with, each once. One that cannot be used is left out if another one can."""
    found: dict[str, Certificate] = {}
    fault: Invalid | None = None
    for text in _certificate_texts(role):
        try:
            certificate = read_certificate(text)
        except Invalid as error:
            fault = error
            continue
        found.setdefault(certificate.fingerprint, certificate)
        if len(found) > CERTIFICATES:
            raise _unreadable(f"it names more than {CERTIFICATES} certificates")
    if not found and fault is not None:
        raise fault
    return tuple(found.values())


def _certificate_texts(role: Element) -> Iterator[str]:
    for descriptor in role.findall(MD + "KeyDescriptor"):
        if descriptor.get("use") in (None, "signing"):
            for certificate in descriptor.iter(DS + "X509Certificate"):
                yield "".join(certificate.itertext())


def _unreadable(why: str) -> Invalid:
    return Invalid(
        "metadata_unreadable",
        f"This document cannot be read as metadata: {why}.",
        expected="the metadata XML of one identity provider",
        advice="Download the metadata once more, and give the file as it is.",
    )


# ------------------------------------------------------------------------------------------------------------------- ours


def our_metadata(sign_on: SignOn, keys: Sequence[SigningKey]) -> bytes:
    """Describe us to the identity provider of a connection: every key signs and decrypts, so that keys can be changed."""
    entity = etree.Element(_ENTITY, nsmap={"md": MD[1:-1], "ds": DS[1:-1]})
    entity.set("entityID", sign_on.addresses["entity_id"])
    entity.set("cacheDuration", "P1D")
    role = etree.SubElement(entity, MD + "SPSSODescriptor")
    role.set("protocolSupportEnumeration", _PROTOCOL)
    role.set("AuthnRequestsSigned", _said(sign_on.saml is not None and sign_on.saml.request_signing))
    role.set("WantAssertionsSigned", _said(sign_on.saml is None or sign_on.saml.signed == "assertion"))
    for key in keys:
        _describe_key(role, key, "signing")
        _describe_key(role, key, "encryption")
    for _, uri in _BINDINGS:
        etree.SubElement(role, MD + "SingleLogoutService", Binding=uri, Location=sign_on.addresses["logout_url"])
    service = etree.SubElement(role, MD + "AssertionConsumerService", Binding=POST_BINDING, index="0", isDefault="true")
    service.set("Location", sign_on.addresses["acs_url"])
    return bytes(etree.tostring(entity, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _describe_key(role: Element, key: SigningKey, use: str) -> None:
    descriptor = etree.SubElement(role, MD + "KeyDescriptor", use=use)
    data = etree.SubElement(etree.SubElement(descriptor, DS + "KeyInfo"), DS + "X509Data")
    lines = (line for line in key.certificate.splitlines() if not line.startswith("-----"))
    etree.SubElement(data, DS + "X509Certificate").text = "".join(lines)
    if use == "encryption":
        for cipher in _CIPHERS:
            etree.SubElement(descriptor, MD + "EncryptionMethod", Algorithm=cipher)


def _said(value: bool) -> str:
    return "true" if value else "false"
