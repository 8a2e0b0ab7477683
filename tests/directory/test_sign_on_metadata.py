"""Metadata read again: SIGN_ON.md section 1, items 16 to 18."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.directory import sign_on
from connector.directory.sign_on import apply_metadata, configure_saml
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict, Upstream
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.sides import NOW, URL, fingerprints, loaded, saml


def test_metadata_read_again_add_certificates_and_let_the_old_ones_go_after_a_week(database: Database) -> None:
    """SIGN_ON.md item 17. One that is named again stays after all."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), metadata_url=URL, options=Options(force_authn=True), now=NOW)
    assert not apply_metadata(database, home.connection, saml(1), None, NOW)
    assert loaded(database, home).version == 1
    assert apply_metadata(database, home.connection, saml(1, 2, sso_url="https://new.example/sso"), None, NOW)
    found = loaded(database, home).saml
    assert found is not None
    assert (found.sso_url, found.force_authn, len(found.certificates)) == ("https://new.example/sso", True, 2)
    later = NOW + timedelta(days=1)
    assert apply_metadata(database, home.connection, saml(2), None, later)
    assert fingerprints(loaded(database, home, NOW + timedelta(days=7)).saml) == fingerprints(saml(1, 2))
    assert fingerprints(loaded(database, home, NOW + timedelta(days=8)).saml) == fingerprints(saml(2))
    apply_metadata(database, home.connection, saml(1, 2), None, NOW + timedelta(days=5))
    assert fingerprints(loaded(database, home, NOW + timedelta(days=30)).saml) == fingerprints(saml(1, 2))
    apply_metadata(database, home.connection, saml(2), None, NOW + timedelta(days=40))
    apply_metadata(database, home.connection, saml(2), None, NOW + timedelta(days=48))
    assert len(homes.read(database, t.IdpCertificate.fingerprint)) == 1


def test_metadata_of_another_identity_provider_change_nothing(database: Database) -> None:
    """The entity id must not change, also before the first sign-in: nobody asked for it."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), metadata_url=URL, now=NOW)
    with pytest.raises(Conflict) as refused:
        apply_metadata(database, home.connection, saml(2, issuer="https://attacker.example"), None, NOW)
    assert refused.value.code == "metadata_of_another"
    sign_on.metadata_failed(database, home.connection, refused.value, NOW)
    assert fingerprints(loaded(database, home).saml) == fingerprints(saml(1))
    assert sign_on.metadata_state(database, home.connection).error == refused.value.detail


def test_metadata_that_come_late_from_an_old_address_change_nothing(database: Database) -> None:
    """While they were fetched, an admin gave another address."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), metadata_url=URL, now=NOW)
    assert not apply_metadata(database, home.connection, saml(2), None, NOW, url="https://old.example")
    assert fingerprints(loaded(database, home).saml) == fingerprints(saml(1))


@pytest.mark.parametrize(
    ("hours", "failed", "valid_for", "due"),
    [(23, False, None, False), (24, False, None, True), (0, True, None, False), (1, True, None, True), (1, False, 20, True)],
)
def test_metadata_are_due_daily_and_hourly_while_something_is_wrong(
    database: Database, hours: int, failed: bool, valid_for: int | None, due: bool
) -> None:
    """Also when their own validity ends within a day."""
    home = homes.make(database)
    until = None if valid_for is None else NOW + timedelta(hours=valid_for)
    configure_saml(database, home.connection, saml(), metadata_url=URL, valid_until=until, now=NOW)
    if failed:
        sign_on.metadata_failed(database, home.connection, Upstream("fetch_timeout", "The server did not answer."), NOW)
    found = sign_on.due_for_refresh(database, NOW + timedelta(hours=hours))
    assert [(each.connection_id, each.metadata_url) for each in found] == ([(home.connection, URL)] if due else [])


def test_nothing_is_fetched_for_files_openid_and_disabled_connections(database: Database) -> None:
    """A file says nothing new; OpenID has its own documents."""
    far = NOW + timedelta(days=99)
    home = homes.make(database)
    configure_saml(database, home.connection, saml(), now=NOW)
    assert sign_on.due_for_refresh(database, far) == ()
    configure_saml(database, home.connection, saml(), metadata_url=URL, now=NOW)
    assert len(sign_on.due_for_refresh(database, far)) == 1
    homes.put(database, home, state="disabled")
    assert sign_on.due_for_refresh(database, far) == ()
