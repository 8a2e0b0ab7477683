"""An assertion (or a NameID) is encrypted for a service provider (XML encryption 1.1), well or weakly."""

from __future__ import annotations

from dataclasses import dataclass

import xmlsec
from lxml import etree

from idp_fixtures.saml.names import SAML, Element, serialize

CIPHERS = {
    "aes128-cbc": (xmlsec.constants.TransformAes128Cbc, xmlsec.constants.KeyDataAes, 128),
    "aes256-cbc": (xmlsec.constants.TransformAes256Cbc, xmlsec.constants.KeyDataAes, 256),
    "aes128-gcm": (xmlsec.constants.TransformAes128Gcm, xmlsec.constants.KeyDataAes, 128),
    "aes256-gcm": (xmlsec.constants.TransformAes256Gcm, xmlsec.constants.KeyDataAes, 256),
    "tripledes-cbc": (xmlsec.constants.TransformDes3Cbc, xmlsec.constants.KeyDataDes, 192),
}
TRANSPORTS = {"rsa-oaep": xmlsec.constants.TransformRsaOaep, "rsa-1_5": xmlsec.constants.TransformRsaPkcs1}


@dataclass(frozen=True, slots=True)
class Encryption:
    """For whom (the PEM certificate of a service provider) and how."""

    certificate: str
    cipher: str = "aes256-gcm"
    transport: str = "rsa-oaep"


def encrypt(element: Element, how: Encryption, wrapper: str = "EncryptedAssertion") -> Element:
    """The element's place is taken by a saml:`wrapper` with the encrypted element in it. Returns the wrapper."""
    holder = etree.Element(f"{{{SAML}}}{wrapper}", nsmap={"saml": SAML})
    holder.append(encrypted_data(serialize_alone(element), how))
    parent = element.getparent()
    parent.replace(element, holder)
    return holder


def serialize_alone(element: Element) -> bytes:
    """An element as a document of its own: with every namespace it needs, and nothing that follows it."""
    return bytes(etree.tostring(element, with_tail=False))


def encrypted_data(plain: bytes, how: Encryption) -> Element:
    """An xenc:EncryptedData of these octets, which are called an element whatever they are."""
    method, data, bits = CIPHERS[how.cipher]
    host = etree.Element("host")
    template = xmlsec.template.encrypted_data_create(host, method, type=xmlsec.constants.TypeEncElement, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, TRANSPORTS[how.transport])
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(how.certificate, xmlsec.constants.KeyDataFormatCertPem))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(data, bits, xmlsec.constants.KeyDataTypeSession)
    return etree.fromstring(serialize(context.encrypt_binary(template, plain)))
