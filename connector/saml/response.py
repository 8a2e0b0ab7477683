"""A SAML RESPONSE becomes a verified identity, or a refusal that says what is wrong. Pure: no web, no database, no clock.

    gate -> status, issuer, destination -> signatures -> schema -> equality checks -> identity

Identity is read only from the element whose signature was verified: the assertion, or the assertion inside a Response that was
verified as a whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime

from connector.directory.sign_on_model import SamlSide, SigningKey, SignOn
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.membership.identity import VerifiedIdentity
from connector.saml import encryption_form, gate, library
from connector.saml.advice import advice_for
from connector.saml.checks import Expected, check_assertion, check_response, check_status
from connector.saml.gate import Message
from connector.saml.identity import read_identity
from connector.saml.names import DS, SAML, SIGNATURE, Element, text_of
from connector.saml.signature_form import algorithm_refused

ROOT_SIGNATURE = "/*/ds:Signature"
ASSERTION_SIGNATURE = "/samlp:Response/saml:Assertion/ds:Signature"

_log = logging.getLogger("connector.saml")


def verify(
    message: str,
    sign_on: SignOn,
    keys: Sequence[SigningKey],
    *,
    request_id: str | None,
    force_authn_since: datetime | None,
    now: datetime,
) -> VerifiedIdentity:
    """Verify the SAMLResponse of a form for a connection that has a SAML side, and return who it is.

    `request_id` is the ID of the AuthnRequest it must answer, None where nobody asked (IdP-initiated); `force_authn_since` since
    when the person must have signed in, where we asked for that. Raises Invalid, TooLarge or Forbidden with a code `saml_…`.
    """
    try:
        return _verify(gate.from_base64(message), sign_on, keys, request_id, force_authn_since, now)
    except ConnectorError as error:
        error.advice = advice_for(error.code, sign_on) or error.advice
        raise


def is_encrypted(message: str) -> bool:
    """Whether one of our keys is needed for this message, as far as one can see from outside."""
    try:
        return b"EncryptedAssertion" in gate.from_base64(message)
    except ConnectorError:
        return False


def _verify(
    xml: bytes,
    sign_on: SignOn,
    keys: Sequence[SigningKey],
    request_id: str | None,
    since: datetime | None,
    now: datetime,
) -> VerifiedIdentity:
    side = side_of(sign_on)
    expected = Expected(sign_on, side, request_id, since, now)
    arrived = gate.open_message(xml)
    check_status(arrived.root)
    check_response(arrived.root, expected)
    clear = _verified(arrived, sign_on, side, keys, now)
    _check_schema(clear.root)
    checked = check_assertion(clear.assertion, expected)
    return read_identity(clear.assertion, sign_on, side, checked)


def side_of(sign_on: SignOn) -> SamlSide:
    """The SAML side of a connection. Raises Forbidden `saml_not_configured`."""
    if sign_on.saml is None:
        raise Forbidden(
            "saml_not_configured",
            "This connection does not sign people in with SAML.",
            expected="a connection with metadata of a SAML identity provider",
            advice="`connector connection set CONNECTION --saml-metadata FILE-or-URL`.",
        )
    return sign_on.saml


def _verified(arrived: Message, sign_on: SignOn, side: SamlSide, keys: Sequence[SigningKey], now: datetime) -> Message:
    """The message, decrypted where it was encrypted, after every signature in it was verified and the one that is asked for was
    found. Raises Invalid or Forbidden."""
    certificates = library.pinned(side, now)
    if arrived.root_signed and not library.verify_element(arrived.root, ROOT_SIGNATURE, certificates):
        raise not_verified(arrived.root, side)
    clear = arrived if arrived.encrypted is None else _decrypted(arrived, arrived.encrypted, keys)
    if clear.assertion_signed and not library.verify_element(clear.root, ASSERTION_SIGNATURE, certificates):
        raise not_verified(clear.assertion, side)
    check_sha1(clear.sha1 or arrived.sha1, sign_on, side, now)
    if not (clear.assertion_signed if side.signed == "assertion" else arrived.root_signed):
        raise _unsigned(side)
    library.look_again(arrived, clear, sha1=library.sha1_allowed(side, now))
    return clear


def _decrypted(arrived: Message, encrypted: Element, keys: Sequence[SigningKey]) -> Message:
    if encryption_form.needs_signed_envelope(encrypted) and not arrived.root_signed:
        raise encryption_form.refused("The assertion is encrypted with AES-CBC in a Response that is not signed.")
    return library.decrypt(arrived, encrypted, keys)


def check_sha1(used: bool, sign_on: SignOn, side: SamlSide, now: datetime) -> None:
    """SHA-1 passes only while the connection's exception lasts, and is noted each time. Raises Invalid `saml_algorithm`."""
    if not used:
        return
    if not library.sha1_allowed(side, now):
        raise algorithm_refused("The message is signed with SHA-1, which can be forged.")
    ends = side.sha1_until and f"{side.sha1_until:%Y-%m-%d %H:%M} UTC"
    _log.warning("connection %s: a message signed with SHA-1 was accepted; the exception ends at %s", sign_on.connection_id, ends)


def not_verified(element: Element, side: SamlSide) -> Forbidden:
    """Why a signature did not verify: by a certificate that we do not have, or changed afterwards."""
    inside = fingerprints(element.find(SIGNATURE))
    known = {each.fingerprint for each in side.certificates}
    if inside and not known.intersection(inside):
        return Forbidden(
            "saml_unknown_key",
            f"The message is signed with a certificate that this connection does not have (SHA-256 {inside[0]}).",
            expected="a signature by one of the certificates of this connection",
            advice="If the identity provider changed its certificate, refresh its metadata or give connector the new one.",
        )
    return Forbidden(
        "saml_signature_invalid",
        "The signature of the message does not fit it.",
        expected="a message as the identity provider signed it",
        advice="Refresh the identity provider's metadata. If this goes on, something on the way changes messages.",
    )


def fingerprints(signature: Element | None) -> tuple[str, ...]:
    """SHA-256 of the certificates that a signature carries: for people to compare, never trusted."""
    if signature is None:
        return ()
    found = []
    for certificate in signature.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"):
        try:
            found.append(hashlib.sha256(base64.b64decode(text_of(certificate))).hexdigest())
        except (binascii.Error, ValueError):
            continue
    return tuple(found[:4])


def _unsigned(side: SamlSide) -> Forbidden:
    other = "response" if side.signed == "assertion" else "assertion"
    return Forbidden(
        "saml_signature_missing",
        f"The {side.signed} is not signed.",
        expected=f"a signed {side.signed}; the {other} may be signed as well",
        advice=f"Let the identity provider sign the {side.signed}, or `connector connection set CONNECTION --signed {other}`.",
    )


def _check_schema(root: Element) -> None:
    """The schema wants an attribute in every AttributeStatement; some identity providers send an empty one. Everything was
    verified by now, so the tree may change."""
    for statement in root.findall(f"{SAML}Assertion/{SAML}AttributeStatement"):
        if len(statement) == 0:
            statement.getparent().remove(statement)
    if not library.is_of_schema(root):
        raise Invalid(
            "saml_schema",
            "The message does not follow the schema of SAML 2.0.",
            expected="a Response as saml-schema-protocol-2.0.xsd describes it",
            advice="If the identity provider made it so, choose its usual settings for this application.",
        )
