"""The certificates of an identity provider: how they are read, and when they go."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connector.directory import sign_on
from connector.directory.certificates import certificate_notes, read_certificate
from connector.directory.sign_on import configure_saml
from connector.directory.sign_on_model import Certificate
from connector.errors import Conflict, Invalid, NotFound
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.sides import NOW, certificate, fingerprints, loaded, made, saml


@pytest.mark.parametrize("form", ["pem", "base64", "wrapped"])
def test_a_certificate_is_read_as_pem_and_as_metadata_carry_it(form: str) -> None:
    """ds:X509Certificate is base64 with any white space."""
    pem = made(1)
    parsed = x509.load_pem_x509_certificate(pem.encode())
    bare = base64.b64encode(parsed.public_bytes(Encoding.DER)).decode()
    text = {"pem": pem, "base64": bare, "wrapped": "\n  " + "\n  ".join(bare[at : at + 60] for at in range(0, len(bare), 60))}[
        form
    ]
    assert read_certificate(text) == Certificate(
        pem, parsed.fingerprint(hashes.SHA256()).hex(), parsed.not_valid_before_utc, parsed.not_valid_after_utc
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "certificate_invalid"),
        ("not base64!", "certificate_invalid"),
        (base64.b64encode(b"not a certificate").decode(), "certificate_invalid"),
        ("A" * 20_000, "certificate_invalid"),
        ("\u00e9", "certificate_invalid"),
    ],
)
def test_what_is_no_certificate_is_refused(text: str, code: str) -> None:
    """And never repeated."""
    with pytest.raises(Invalid) as refused:
        read_certificate(text)
    assert refused.value.code == code


def test_a_private_key_is_refused_and_never_repeated() -> None:
    """People paste the wrong file."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(Invalid) as refused:
        read_certificate(made(1) + key)
    assert refused.value.code == "private_key_given"
    assert key.splitlines()[1] not in f"{refused.value.detail} {refused.value.expected} {refused.value.advice}"


@pytest.mark.parametrize(("kind", "weak"), [("rsa", False), ("curve", False), ("short", True), ("narrow", True), ("dsa", True)])
def test_a_weak_key_is_refused(kind: str, weak: bool) -> None:
    """RSA from 2048 bits, curves from 256."""
    if not weak:
        assert read_certificate(made(1, kind=kind)).pem
        return
    with pytest.raises(Invalid) as refused:
        read_certificate(made(1, kind=kind))
    assert refused.value.code == "certificate_weak"


@pytest.mark.parametrize(("days", "said"), [(-1, "ended on"), (0, "ended on"), (1, "ends on"), (60, "ends on"), (61, None)])
def test_a_certificate_is_told_of_when_its_end_is_near_or_past(days: int, said: str | None) -> None:
    """It goes on working: trust is by key (SIGN_ON.md item 16)."""
    notes = certificate_notes([certificate(1, days)], NOW)
    assert [said in note for note in notes] == [True] if said else notes == ()


def test_a_certificate_can_be_dropped_at_once_but_never_the_last(database: Database) -> None:
    """For a key that has been stolen: a week would be too long."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1, 2), now=NOW)
    with pytest.raises(NotFound) as missing:
        sign_on.configure(database, home.connection, sign_on.without_certificate(certificate(1).fingerprint[:7], now=NOW))
    assert missing.value.code == "certificate_not_found"
    sign_on.configure(database, home.connection, sign_on.without_certificate(certificate(1).fingerprint[:8].upper(), now=NOW))
    assert fingerprints(loaded(database, home).saml) == {certificate(2).fingerprint}
    assert loaded(database, home).version == 2
    with pytest.raises(Conflict) as refused:
        sign_on.configure(database, home.connection, sign_on.without_certificate(certificate(2).fingerprint, now=NOW))
    assert refused.value.code == "last_certificate"


def test_what_is_left_must_not_be_a_certificate_that_leaves(database: Database) -> None:
    """In a week nobody could sign in."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), now=NOW)
    configure_saml(database, home.connection, saml(2), now=NOW)
    with pytest.raises(Conflict) as refused:
        sign_on.configure(database, home.connection, sign_on.without_certificate(certificate(2).fingerprint, now=NOW))
    assert refused.value.code == "last_certificate"
    sign_on.configure(database, home.connection, sign_on.without_certificate(certificate(1).fingerprint, now=NOW))
    assert fingerprints(loaded(database, home).saml) == {certificate(2).fingerprint}
