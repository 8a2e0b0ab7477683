"""Key pairs of the imitated identity providers: made once in a process, by name, and never written down.

`key_pair("okta")` is the same pair whenever it is asked for; another name is another pair. Certificates are self-signed and their
dates are fixed, so that a test with a fixed clock sees the same ones on every day.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOT_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2099, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, both PEM texts; `kind` is `rsa` or `ec`."""

    name: str
    kind: str
    certificate: str
    private_key: str = field(repr=False)

    @property
    def certificate_body(self) -> str:
        """The certificate as metadata and signatures carry it: base64 in one line, without its armour."""
        return "".join(self.certificate.split("\n")[1:-2])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return hashlib.sha256(base64.b64decode(self.certificate_body)).hexdigest()

    @property
    def public_key(self) -> str:
        """The public key alone, PEM: what an attacker knows who wants to use it as a symmetric secret."""
        public = x509.load_pem_x509_certificate(self.certificate.encode()).public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def key_pair(
    name: str, kind: str = "rsa", bits: int = 2048, not_before: datetime = NOT_BEFORE, not_after: datetime = NOT_AFTER
) -> KeyPair:
    """The key pair of this name, RSA of so many bits or (`kind="ec"`) on the curve P-256."""
    private = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return KeyPair(name, kind, certificate.public_bytes(serialization.Encoding.PEM).decode(), pem)
