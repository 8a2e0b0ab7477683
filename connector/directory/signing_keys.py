"""The keys of this installation as a SAML service provider and OpenID client: one signs, all are published and decrypt.

To change keys without a gap: add one, which is published beside the other; wait until every identity provider has read our
metadata; let it sign; remove the old one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, delete, insert, select, update

from connector.directory.sign_on_model import SigningKey
from connector.errors import Conflict, NotFound
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.hot import Hot
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from connector.storage.writes import insert_rows

BITS = 2048
"""What every identity provider takes; NIST SP 800-57 part 1 calls it good until 2030."""

LIFE = timedelta(days=3652)
LONGEST_NAME = 64
"""Letters of a common name (RFC 5280, ub-common-name)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SigningKeyView:
    """A key as it is listed: the certificate's SHA-256 fingerprint, its end, whether it signs."""

    id: str
    fingerprint: str
    not_after: datetime
    signs: bool
    created_at: datetime


_ALL = Hot(
    select(t.SigningKey.id, t.SigningKey.certificate, t.SigningKey.private_key).order_by(
        t.SigningKey.signs.desc(), t.SigningKey.id
    )
)


def all_(database: Database, sealer: Sealer, base_url: str) -> tuple[SigningKey, ...]:
    """Return the keys, the one that signs first; the first of all is made when it is needed. Raises Conflict
    `secret_key_changed`."""
    rows = _rows(database)
    if not rows:
        made = _made(sealer, base_url, datetime.now(UTC), signs=True)
        database.write(lambda tx: insert_rows(tx, t.SigningKey, [made], ignore=True))  # of several at once, one is kept
        rows = _rows(database)
    return tuple(SigningKey(row.id, row.certificate, sealer.open(row.private_key, _about(row.id))) for row in rows)


def list_(database: Database) -> tuple[SigningKeyView, ...]:
    """The keys for people, the one that signs first; none before the first was needed."""
    columns = (t.SigningKey.id, t.SigningKey.certificate, t.SigningKey.signs, t.SigningKey.created_at)
    with database.read() as tx:
        found = tx.execute(select(*columns).order_by(t.SigningKey.signs.desc(), t.SigningKey.id)).all()
    return tuple(_view(*row) for row in found)


def add(database: Database, sealer: Sealer, base_url: str, *, now: datetime | None = None) -> SigningKeyView:
    """Make another key beside the one that signs: it is published and does not sign yet. Raises Conflict `secret_key_changed`."""
    all_(database, sealer, base_url)  # makes the first, if nobody needed one before
    made = _made(sealer, base_url, now or datetime.now(UTC), signs=False)
    database.write(lambda tx: tx.execute(insert(t.SigningKey).values(made)))
    _log.info("signing key %s was added", made["id"])
    return _view(made["id"], made["certificate"], False, made["created_at"])


def use(database: Database, key_id: str) -> None:
    """Let a key sign from now on. Raises NotFound `signing_key_not_found`."""

    def work(tx: Connection) -> None:
        _locked(tx, key_id)
        tx.execute(update(t.SigningKey).where(t.SigningKey.signs, t.SigningKey.id != key_id).values(signs=False))
        tx.execute(update(t.SigningKey).where(t.SigningKey.id == key_id).values(signs=True))

    database.write(work)
    _log.info("signing key %s signs", key_id)


def remove(database: Database, key_id: str) -> None:
    """Publish and decrypt with a key no longer. Raises NotFound `signing_key_not_found`, Conflict `signing_key_in_use`."""

    def work(tx: Connection) -> None:
        if _locked(tx, key_id):
            raise Conflict(
                "signing_key_in_use",
                "This key signs.",
                expected="a key that another one has taken over from",
                advice="Let another key sign first: `connector signing-key use KEY`.",
            )
        tx.execute(delete(t.SigningKey).where(t.SigningKey.id == key_id))

    database.write(work)
    _log.info("signing key %s was removed", key_id)


def _locked(tx: Connection, key_id: str) -> bool:
    """Lock all keys, and return whether this one signs."""
    keys = select(t.SigningKey.id, t.SigningKey.signs).order_by(t.SigningKey.id).with_for_update()
    found = {row.id: row.signs for row in tx.execute(keys)}
    if key_id not in found:
        advice = "`connector signing-key list` shows the ids."
        raise NotFound("signing_key_not_found", "There is no such signing key.", advice=advice)
    return bool(found[key_id])


def _rows(database: Database) -> list[Any]:
    with database.read() as tx:
        return _ALL.all(tx, {})


def _about(key_id: str) -> str:
    return f"signing_key:{key_id}"


def _view(key_id: str, certificate: str, signs: bool, created_at: datetime) -> SigningKeyView:
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    return SigningKeyView(key_id, parsed.fingerprint(hashes.SHA256()).hex(), parsed.not_valid_after_utc, signs, created_at)


def _made(sealer: Sealer, base_url: str, now: datetime, *, signs: bool) -> dict[str, Any]:
    """The row of a new key, with a certificate that it signs itself: identity providers want one, and trust the key in it."""
    key_id, key = new_id(), rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    certificate = _certificate(key, urlsplit(base_url).hostname or "connector", now).public_bytes(Encoding.PEM).decode()
    sealed = sealer.seal(pem, _about(key_id))
    return {"id": key_id, "private_key": sealed, "certificate": certificate, "signs": signs, "created_at": now}


def _certificate(key: rsa.RSAPrivateKey, host: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:LONGEST_NAME])])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + LIFE)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return made.sign(key, hashes.SHA256())
