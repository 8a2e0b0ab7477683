"""Test sign-ins: the link to one, and how long the last one vouches for the setup (SIGN_ON.md section 1, item 40)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.directory import trial_record
from connector.directory.sign_on import configure_saml
from connector.directory.sign_on_settings import Options
from connector.errors import Forbidden
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.homes import BASE
from tests.directory.sides import NOW, loaded, saml


def test_a_test_link_opens_its_connection_for_an_hour(database: Database) -> None:
    """As often as needed; no other connection, and nothing made up."""
    home, other = homes.make(database), homes.make(database, "other")
    url = trial_record.make_link(database, home.organization, home.connection, BASE, now=NOW)
    address, _, token = url.partition("?token=")
    assert address == f"{BASE}/sso/{home.connection}/test"
    for _ in range(2):
        trial_record.check_test_link(database, home.connection, token, NOW + timedelta(minutes=59))
    refused = [(other.connection, token, NOW), (home.connection, "x", NOW), (home.connection, token, NOW + timedelta(hours=1))]
    for connection, given, moment in refused:
        with pytest.raises(Forbidden) as error:
            trial_record.check_test_link(database, connection, given, moment)
        assert error.value.code == "test_link_unknown"
    assert token not in repr(homes.read(database, *t.TestLink.__table__.c))


def test_the_last_test_sign_in_vouches_for_the_setup_it_was_made_with(database: Database) -> None:
    """Issuer, endpoints and subject; certificates and switches may change after it (DESIGN.md section 5)."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), now=NOW)
    assert trial_record.last_trial(database, home.connection) is None
    before = loaded(database, home)
    for passed in (False, True):
        trial_record.record_trial(database, before, passed=passed, email="Ada@Acme.example", result={"role": "member"}, now=NOW)
    found = trial_record.last_trial(database, home.connection)
    assert found == trial_record.KeptTrial(NOW, trial_record.setup_of(before), True, "ada@acme.example", {"role": "member"})
    configure_saml(database, home.connection, saml(2), options=Options(force_authn=True), now=NOW)
    assert trial_record.setup_of(loaded(database, home)) == found.setup
    setups = {found.setup}
    for options, side in (
        (Options(subject_attribute="uid"), saml(2)),
        (Options(), saml(2, sso_url="https://new.example")),
        (Options(), saml(2, issuer="https://new.example")),
    ):
        configure_saml(database, home.connection, side, options=options, now=NOW)
        setups.add(trial_record.setup_of(loaded(database, home)))
    assert len(setups) == 4
