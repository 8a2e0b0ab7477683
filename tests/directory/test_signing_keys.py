"""The keys of this installation: made when first needed, changed without a gap (SIGN_ON.md section 1, item 18)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from sqlalchemy import select

from connector.directory import signing_keys
from connector.errors import Conflict, NotFound
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.directory.homes import BASE
from tests.support.racing import race

SEALER = Sealer(("a secret key of this installation",))


def ids(database: Database) -> list[str]:
    """The keys in their order."""
    return [key.id for key in signing_keys.all_(database, SEALER, BASE)]


def test_the_first_key_is_made_when_it_is_needed_and_stays(database: Database) -> None:
    """RSA 2048, self-signed for ten years in the name of the host; the private key is sealed at rest and fits."""
    assert signing_keys.list_(database) == ()
    [key] = signing_keys.all_(database, SEALER, BASE)
    assert signing_keys.all_(database, SEALER, BASE) == (key,)
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    private = load_pem_private_key(key.private_key.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert private.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
    assert (private.key_size, certificate.subject.rfc4514_string()) == (2048, "CN=id.example.com")
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3650)
    with database.read() as tx:
        kept = tx.execute(select(t.SigningKey.private_key)).scalar_one()
    assert "PRIVATE" not in kept
    assert key.private_key not in repr(key)


def test_of_several_that_need_the_first_key_at_once_all_get_the_same(database: Database) -> None:
    """Two processes, or threads, at the first sign-in."""
    found, refused = race([lambda: ids(database)] * 4)
    assert (refused, len(found), len({key for each in found for key in each})) == ([], 4, 1)
    assert len(signing_keys.list_(database)) == 1


def test_keys_are_changed_without_a_gap(database: Database) -> None:
    """Add publishes beside, use switches, remove drops; one signs at any time."""
    [old] = ids(database)
    new = signing_keys.add(database, SEALER, BASE).id
    assert ids(database) == [old, new]
    with pytest.raises(Conflict) as refused:
        signing_keys.remove(database, old)
    assert refused.value.code == "signing_key_in_use"
    signing_keys.use(database, new)
    signing_keys.use(database, new)
    assert [(key.id, key.signs) for key in signing_keys.list_(database)] == [(new, True), (old, False)]
    signing_keys.remove(database, old)
    assert ids(database) == [new]


def test_two_switches_at_once_leave_one_key_signing(database: Database) -> None:
    """Whichever comes last."""
    ids(database)
    one, two = (signing_keys.add(database, SEALER, BASE).id for _ in range(2))
    race([lambda: signing_keys.use(database, one), lambda: signing_keys.use(database, two)])
    assert [key.signs for key in signing_keys.list_(database)] == [True, False, False]


def test_an_unknown_key_is_not_found(database: Database) -> None:
    """By use and by remove."""
    for verb in (signing_keys.use, signing_keys.remove):
        with pytest.raises(NotFound) as missing:
            verb(database, "nobody")
        assert missing.value.code == "signing_key_not_found"


def test_a_key_sealed_with_a_lost_secret_is_told_and_not_replaced(database: Database) -> None:
    """Making another one silently would break every identity provider that knows the first."""
    ids(database)
    with pytest.raises(Conflict) as refused:
        signing_keys.all_(database, Sealer(("another key",)), BASE)
    assert (refused.value.code, len(signing_keys.list_(database))) == ("secret_key_changed", 1)
