"""Sign-on sides and certificates for tests: an Okta that speaks SAML, an OpenID provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from connector.directory.certificates import read_certificate
from connector.directory.sign_on import load
from connector.directory.sign_on_model import Certificate, OidcSide, SamlSide, SignOn
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.directory.homes import BASE, Home

SEALER = Sealer(("a secret key of this installation",))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ISSUER = "http://www.okta.com/exk1"
URL = "https://acme.okta.example/metadata"


@cache
def made(number: int, days: int = 3650, kind: str = "rsa") -> str:
    """A certificate as PEM that ends `days` after NOW."""
    makers: dict[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "short": lambda: rsa.generate_private_key(65537, 1024),
        "curve": lambda: ec.generate_private_key(ec.SECP256R1()),
        "narrow": lambda: ec.generate_private_key(ec.SECP192R1()),
        "dsa": lambda: dsa.generate_private_key(2048),
    }
    key, name = makers[kind](), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"idp {number}")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=4000)).not_valid_after(NOW + timedelta(days=days))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def certificate(number: int = 1, days: int = 3650) -> Certificate:
    """The same, read."""
    return read_certificate(made(number, days))


def saml(*numbers: int, issuer: str = ISSUER, **said: Any) -> SamlSide:
    """An Okta that signs with the certificates of these numbers."""
    given = {"sso_url": "https://acme.okta.example/sso/saml", "sso_binding": "redirect", **said}
    return SamlSide(issuer=issuer, certificates=tuple(map(certificate, numbers or (1,))), **given)


def oidc(issuer: str = "https://acme.okta.example", **said: Any) -> OidcSide:
    """An OpenID provider."""
    return OidcSide(issuer=issuer, client_id="0oa1", client_secret=said.pop("client_secret", "s3cret"), **said)


def loaded(database: Database, home: Home, now: datetime = NOW) -> SignOn:
    """The connection as a protocol room gets it."""
    return load(database, SEALER, home.connection, BASE, now=now)


def fingerprints(side: SamlSide | None) -> set[str]:
    """Of the certificates in force."""
    assert side is not None
    return {each.fingerprint for each in side.certificates}


def signed_in(database: Database, home: Home) -> None:
    """Somebody signs in for the first time."""
    with database.engine.begin() as tx:
        tx.execute(update(t.SignOn).where(t.SignOn.connection_id == home.connection).values(fixed_at=NOW))
