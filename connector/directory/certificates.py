"""Certificates that identity providers sign with: read, judged, and told about.

Trust is by key, not by date: SAML metadata pins the key, so one past its end goes on working and is warned of (SAML V2.0 Metadata
Interoperability Profile section 2.6.1). What is judged is whether the key can be trusted with signatures at all.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from connector.directory.sign_on_model import Certificate
from connector.errors import Invalid

SHORTEST_RSA = 2048
SHORTEST_CURVE = 256
LARGEST = 16_384
"""Characters of a certificate; real ones have one to three thousand."""

SOON = timedelta(days=60)

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def read_certificate(text: str) -> Certificate:
    """Return one certificate out of PEM, or of bare base64 as metadata carry it (ds:X509Certificate).

    Raises Invalid `private_key_given`, `certificate_invalid`, `certificate_weak`.
    """
    refuse_private_key(text)
    parsed = _parsed(_der(text))
    _check_key(parsed)
    return Certificate(
        pem=parsed.public_bytes(Encoding.PEM).decode(),
        fingerprint=parsed.fingerprint(hashes.SHA256()).hex(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
    )


def refuse_private_key(text: str) -> None:
    """Refuse what holds a private key, which nobody should ever send. Raises Invalid `private_key_given`; repeats nothing."""
    if "PRIVATE KEY-----" in text:
        raise Invalid(
            "private_key_given",
            "This holds a private key. It was not kept.",
            expected="metadata or a certificate, which are public",
            advice="Treat the key as known to others: replace it at the identity provider, and give the certificate only.",
        )


def certificate_notes(certificates: Iterable[Certificate], now: datetime) -> tuple[str, ...]:
    """Sentences on the certificates whose dates an admin should know: those past their end or near it, and those that leave."""
    return tuple(sentence for each in certificates if (sentence := _note(each, now)))


def _note(certificate: Certificate, now: datetime) -> str | None:
    named = f"The certificate {certificate.fingerprint[:16]}…"
    if certificate.leaves_at is not None:
        return f"{named} is no longer named by the identity provider and is taken until {certificate.leaves_at:%Y-%m-%d}."
    if certificate.not_after <= now:
        return f"{named} ended on {certificate.not_after:%Y-%m-%d}. It goes on working; renew it at the identity provider."
    if certificate.not_after <= now + SOON:
        return f"{named} ends on {certificate.not_after:%Y-%m-%d}: renew it at the identity provider."
    return None


def _der(text: str) -> bytes:
    body = text
    if _BEGIN in text:
        body = text.partition(_BEGIN)[2].partition(_END)[0]
    body = "".join(body.split())
    if not body or len(body) > LARGEST:
        raise _invalid("it is empty, or too long")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("it is not base64") from None


def _parsed(der: bytes) -> x509.Certificate:
    try:
        found = x509.load_der_x509_certificate(der)
        found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid("it is not X.509") from None
    return found


def _invalid(why: str) -> Invalid:
    advice = "Download the identity provider's certificate or metadata once more and give it whole."
    return Invalid(
        "certificate_invalid",
        f"This is not a certificate: {why}.",
        expected="an X.509 certificate as PEM or base64",
        advice=advice,
    )


def _check_key(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SHORTEST_RSA:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= SHORTEST_CURVE:
        return
    raise Invalid(
        "certificate_weak",
        "The certificate's key is too short, or of a kind that is not taken.",
        expected=f"RSA of {SHORTEST_RSA} bits or more, or an elliptic curve of {SHORTEST_CURVE} or more",
        advice="Make a new signing certificate at the identity provider and give its metadata again.",
    )
