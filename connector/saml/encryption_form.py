"""The form of an encrypted assertion (XML encryption 1.1): which algorithms, and nothing that is fetched from elsewhere."""

from __future__ import annotations

from connector.errors import Invalid
from connector.saml.names import DS, XENC, Element

_XENC = "http://www.w3.org/2001/04/xmlenc#"
_XENC11 = "http://www.w3.org/2009/xmlenc11#"
_GCM = frozenset(_XENC11 + name for name in ("aes128-gcm", "aes192-gcm", "aes256-gcm"))
_CBC = frozenset(_XENC + name for name in ("aes128-cbc", "aes192-cbc", "aes256-cbc"))
_OAEP = frozenset({_XENC + "rsa-oaep-mgf1p", _XENC11 + "rsa-oaep"})
_ELEMENT = _XENC + "Element"
_KEYS = 4
"""Copies of the key: one for each certificate we publish, and some to spare."""


def check_encryption(encrypted: Element) -> None:
    """Check a saml:EncryptedAssertion: one EncryptedData, its key once or a few times, each by RSA-OAEP. Raises Invalid
    `saml_encryption`."""
    data = encrypted.findall(XENC + "EncryptedData")
    keys = list(encrypted.iter(XENC + "EncryptedKey"))
    if len(data) != 1 or data[0].get("Type") != _ELEMENT:
        raise refused("The assertion is not encrypted as one element.")
    if not 1 <= len(keys) <= _KEYS or next(encrypted.iter(XENC + "CipherReference"), None) is not None:
        raise refused("The key of the encrypted assertion does not come with it.")
    if any(not method.get("URI", "").startswith("#") for method in encrypted.iter(DS + "RetrievalMethod")):
        raise refused("The key of the encrypted assertion is to be fetched from elsewhere.")
    if _algorithm(data[0]) not in _GCM | _CBC or any(_algorithm(key) not in _OAEP for key in keys):
        raise refused("The assertion is encrypted with an algorithm that is not taken.")


def needs_signed_envelope(encrypted: Element) -> bool:
    """Whether the cipher (CBC) does not protect itself: changed, it would tell by our answers what is in it (padding oracle), so
    the Response around it must be signed."""
    return _algorithm(encrypted.find(XENC + "EncryptedData")) in _CBC


def _algorithm(element: Element) -> str:
    method = element.find(XENC + "EncryptionMethod")
    return "" if method is None else str(method.get("Algorithm", ""))


def refused(detail: str) -> Invalid:
    """The refusal of an encryption that is weak or strange."""
    return Invalid(
        "saml_encryption",
        detail,
        expected="AES-GCM with RSA-OAEP, or AES-CBC with RSA-OAEP in a signed Response",
        advice="Choose AES-256-GCM and RSA-OAEP at the identity provider, or AES-CBC and a signature over the whole response.",
    )
