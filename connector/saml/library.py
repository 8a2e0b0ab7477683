"""PYTHON3-SAML, behind the gate: its signature verification, its decryption, its schemas, and its second look.

Its `OneLogin_Saml2_Response.is_valid` is not called as a whole: it compiles a schema for every message, reads the clock itself
with a tolerance of five minutes (none for SubjectConfirmationData), and compares addresses by prefix. Its steps are called one
by one, over the trees that the gate has looked at; what it compares loosely, `checks.py` compares.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import onelogin.saml2
import xmlsec
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from connector.directory.sign_on_model import Certificate, SamlSide, SigningKey
from connector.errors import Invalid
from connector.saml import encryption_form, gate
from connector.saml.gate import Message
from connector.saml.names import ASSERTION, DS, ENCRYPTED_ASSERTION, XENC, Element
from connector.saml.signature_form import form

_SCHEMA = Path(onelogin.saml2.__file__).parent / "schemas" / "saml-schema-protocol-2.0.xsd"
_FAILURES = (
    OneLogin_Saml2_Error,
    OneLogin_Saml2_ValidationError,
    xmlsec.Error,
    etree.LxmlError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)
_of_thread = threading.local()


@cache
def _settings(sha1: bool) -> Any:
    """The library's switches, with every lax default made strict. It is told no addresses and no keys: what it would compare with
    them is compared in `checks.py`, and keys are handed to it where it needs them."""
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {"entityId": "unused", "assertionConsumerService": {"url": "https://localhost/"}},
            "security": {"rejectDeprecatedAlgorithm": not sha1, "requestedAuthnContext": False},
        },
        sp_validation_only=True,
    )


def pinned(side: SamlSide, now: datetime) -> tuple[Certificate, ...]:
    """The certificates whose keys are trusted now. Their own dates do not count; a date of leaving does."""
    return tuple(each for each in side.certificates if each.leaves_at is None or now < each.leaves_at)


def sha1_allowed(side: SamlSide, now: datetime) -> bool:
    """Whether the connection's exception for SHA-1 is in force."""
    return side.sha1_until is not None and now < side.sha1_until


def verify_element(root: Element, path: str, certificates: Sequence[Certificate]) -> bool:
    """Whether the one signature at `path` is by one of these keys. The gate has looked at its form."""
    pems = [each.pem for each in certificates]
    if not pems:
        return False
    try:
        return bool(OneLogin_Saml2_Utils.validate_sign(root, pems[0], multicerts=pems, xpath=path, raise_exceptions=False))
    except _FAILURES:
        return False


def look_again(message: Message, clear: Message, *, sha1: bool) -> None:
    """Have the library count assertions, look where signatures stand, what they refer to, and (without `sha1`) by which
    algorithm. Raises Invalid `saml_signature_form`."""
    try:
        response = _Gated(_settings(sha1), message, clear)
        agreed = response.validate_num_assertions() and bool(response.process_signed_elements())
    except _FAILURES:
        agreed = False
    if not agreed:
        raise form("the signed parts are not those that are read")


class _Gated(OneLogin_Saml2_Response):  # type: ignore[misc]  # the library has no types
    """The library's reading of a response whose trees were made by the gate."""

    def __init__(self, settings: Any, message: Message, clear: Message) -> None:
        self._settings = settings
        self.document = message.root
        self.encrypted = message.encrypted is not None
        self.decrypted_document = clear.root if self.encrypted else None


def is_of_schema(root: Element) -> bool:
    """Whether the message follows the schema of SAML. A thread compiles it once."""
    if not hasattr(_of_thread, "schema"):
        _of_thread.schema = etree.XMLSchema(etree.parse(str(_SCHEMA)))
    return bool(_of_thread.schema.validate(root))


def decrypt(message: Message, encrypted: Element, keys: Sequence[SigningKey]) -> Message:
    """The message with `encrypted`, its encrypted assertion, in the clear, looked at by the gate once more.

    Each of our keys is tried on each copy of the message's key. Raises Invalid `saml_decryption`, and what the gate raises.
    """
    copies = len(list(encrypted.iter(XENC + "EncryptedKey")))
    for key in keys:
        for at in range(copies):
            plain = _decrypted(message.root, at, key)
            if plain is not None:
                return gate.open_message(_opened(message.root, plain))
    raise _unreadable()


def _unreadable() -> Invalid:
    return Invalid(
        "saml_decryption",
        "The assertion is encrypted with a key that is not ours, or was changed.",
        expected="an assertion encrypted with the certificate in our metadata",
        advice="Upload our metadata, or the certificate in it, to the identity provider again.",
    )


def _decrypted(root: Element, at: int, key: SigningKey) -> bytes | None:
    """What is encrypted in the document, by the key and the copy of the message's key at this place; None if they do not fit.

    It comes as octets, for the gate to parse, because its type is taken away: libxmlsec would parse it by itself, and its parser
    prints to standard error what it cannot read, which is what the sender wants to stand there, or somebody's data.
    """
    wrapper = deepcopy(root).find(ENCRYPTED_ASSERTION)
    data, copies = wrapper.find(XENC + "EncryptedData"), list(wrapper.iter(XENC + "EncryptedKey"))
    data.attrib.pop("Type")
    info = data.find(DS + "KeyInfo")
    if info is None:
        info = etree.Element(DS + "KeyInfo")
        data.insert(1, info)
    for holder in (info, wrapper):
        for each in [each for each in holder if each is not data]:
            holder.remove(each)
    info.append(copies[at])
    try:
        return bytes(OneLogin_Saml2_Utils.decrypt_element(data, key.private_key, inplace=True))
    except _FAILURES:
        return None


def _opened(root: Element, plain: bytes) -> bytes:
    """The document with the decrypted assertion in the place of the encrypted one. Raises Invalid `saml_encryption`,
    `saml_decryption`, and what `gate.parse` raises of XML."""
    try:
        assertion = gate.parse(plain)
    except Invalid as error:
        raise _unreadable() if error.code == "saml_not_xml" else error from None
    if assertion.tag != ASSERTION:
        raise encryption_form.refused("What was encrypted is not one assertion.")
    document = deepcopy(root)
    document.replace(document.find(ENCRYPTED_ASSERTION), assertion)
    return bytes(etree.tostring(document))
