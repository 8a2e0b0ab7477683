"""The sign-on side of a connection: SIGN_ON.md section 1, items 4, 11, 16 to 18, 28, 40, and DESIGN.md sections 4 and 5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from connector.directory import sign_on
from connector.directory.sign_on import configure_oidc, configure_saml, load
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict
from connector.membership.profile import ENTRA_OBJECT_ID, default_mapping
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.directory import homes
from tests.directory.homes import BASE
from tests.directory.sides import NOW, SEALER, certificate, fingerprints, loaded, oidc, saml, signed_in
from tests.support.racing import race
from tests.support.statements import statements


def test_a_connection_without_a_sign_on_side_has_its_addresses_all_the_same(database: Database) -> None:
    """The IdP can be set up first."""
    found = loaded(database, homes.make(database))
    assert (found.protocol, found.version, found.state, found.mode) == (None, 0, "draft", "invitation")
    base = f"{BASE}/sso/{found.connection_id}"
    assert found.addresses == {
        "login_url": f"{base}/login",
        "acs_url": f"{base}/acs",
        "entity_id": f"{base}/metadata",
        "metadata_url": f"{base}/metadata",
        "redirect_uri": f"{base}/callback",
        "logout_url": f"{base}/logout",
        "backchannel_logout_url": f"{base}/backchannel-logout",
    }


def test_what_is_told_is_what_is_loaded_with_one_statement(database: Database) -> None:
    """Every field of both sides survives, and a sign-in pays one read for it."""
    home = homes.make(database)
    side = saml(
        1,
        2,
        slo_url="https://acme.okta.example/slo",
        slo_binding="post",
        slo_response_url="https://acme.okta.example/slo-answer",
        signed="response",
        request_signing=True,
        force_authn=True,
        idp_initiated=True,
        sha1_until=NOW + timedelta(days=3),
    )
    configure_saml(database, home.connection, side, now=NOW)
    with statements(database.engine) as sent:
        found = loaded(database, home)
    assert len(sent) == 1
    assert found.saml is not None
    assert replace(found.saml, certificates=()) == replace(side, certificates=())
    assert set(found.saml.certificates) == set(side.certificates)
    assert (found.oidc, found.protocol, found.version, found.idp) == (None, "saml", 1, "okta")
    assert (found.organization_slug, found.organization_name, found.mapping) == ("acme", "Acme", default_mapping("okta", "saml"))
    other = oidc(client_auth="client_secret_post", scopes=("openid", "groups"), algorithms=("ES256",), userinfo=True)
    configure_oidc(database, SEALER, home.connection, other, now=NOW)
    found = loaded(database, home)
    assert (found.oidc, found.saml, found.protocol, found.version) == (other, None, "oidc", 2)
    assert homes.read(database, t.IdpCertificate.fingerprint) == []


def test_the_client_secret_is_sealed_and_told_nobody(database: Database) -> None:
    """Not in the row, the audit trail, the events or a repr."""
    home = homes.make(database)
    configure_oidc(database, SEALER, home.connection, oidc(), now=NOW)
    configure_oidc(database, SEALER, home.connection, oidc(client_secret="an0ther"), now=NOW)
    kept = [*homes.read(database, *t.SignOn.__table__.c), *homes.read(database, *t.AuditEntry.__table__.c)]
    kept += homes.read(database, *t.OutboxEvent.__table__.c)
    assert not any(secret in repr(kept) for secret in ("s3cret", "an0ther"))
    assert "an0ther" not in repr(loaded(database, home))
    assert homes.actions(database) == ["connection.changed", "connection.changed"]
    with pytest.raises(Conflict) as refused:
        load(database, Sealer(("another key",)), home.connection, BASE)
    assert refused.value.code == "secret_key_changed"


def test_metadata_given_again_keep_what_was_chosen_and_the_old_certificate_for_a_week(database: Database) -> None:
    """SIGN_ON.md item 40: keys change while people sign in."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), options=Options(idp_initiated=True, sign_requests=True), now=NOW)
    configure_saml(database, home.connection, saml(2), now=NOW)
    week = NOW + timedelta(days=7)
    found = loaded(database, home).saml
    assert found is not None
    assert (found.idp_initiated, found.request_signing, found.force_authn) == (True, True, False)
    assert {each.fingerprint: each.leaves_at for each in found.certificates} == {
        certificate(1).fingerprint: week,
        certificate(2).fingerprint: None,
    }
    assert fingerprints(loaded(database, home, week).saml) == {certificate(2).fingerprint}


def test_the_certificate_of_another_issuer_leaves_at_once(database: Database) -> None:
    """Before anybody signed in, a connection may be told of another IdP: nothing of the first is trusted then."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1), now=NOW)
    configure_saml(database, home.connection, saml(2, issuer="https://other.example"), now=NOW)
    assert fingerprints(loaded(database, home).saml) == {certificate(2).fingerprint}


def test_after_the_first_sign_in_another_issuer_is_another_connection(database: Database) -> None:
    """DESIGN.md section 4. Keys, endpoints and choices may change; issuer and protocol may not."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(1, issuer="https://idp.example"), now=NOW)
    signed_in(database, home)
    configure_saml(database, home.connection, saml(2, issuer="https://idp.example"), now=NOW)
    assert loaded(database, home).issuer_fixed
    tries: list[Callable[[], None]] = [
        lambda: configure_saml(database, home.connection, saml(2, issuer="https://idp2.example"), now=NOW),
        lambda: configure_oidc(database, SEALER, home.connection, oidc("https://idp.example"), now=NOW),
    ]
    for attempt in tries:
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "issuer_fixed"
    assert loaded(database, home).version == 2


def test_choices_change_one_by_one_and_every_change_is_a_version(database: Database) -> None:
    """`connection set`."""
    home = homes.make(database)
    configure_saml(database, home.connection, saml(), now=NOW)
    sign_on.configure(database, home.connection, sign_on.choice(Options(force_authn=True), now=NOW))
    sign_on.configure(
        database, home.connection, sign_on.choice(Options(groups_attribute="roles", absent_groups="empty"), now=NOW)
    )
    sign_on.configure(database, home.connection, sign_on.choice(Options(subject_attribute="uid"), now=NOW))
    found = loaded(database, home)
    assert (found.version, found.saml and found.saml.force_authn) == (4, True)
    expected = replace(default_mapping("okta", "saml"), groups=("roles",), absent_groups="empty", subject="uid")
    assert found.mapping == expected
    audited = [
        each.after for each in homes.read(database, t.AuditEntry.id, t.AuditEntry.after) if "sign_on" in (each.after or {})
    ]
    assert audited[1:] == [
        {"sign_on": {"force_authn": True}},
        {"sign_on": {"mapping": {"groups": ["roles"], "absent_groups": "empty"}}},
        {"sign_on": {"mapping": {"groups": ["roles"], "absent_groups": "empty", "subject": "uid"}}},
    ]


def test_the_subject_of_entra_is_the_object_id_unless_the_name_id_is_asked_for(database: Database) -> None:
    """IDP_GUIDES.md section 1, and `--subject-attribute NameID`."""
    home = homes.make(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(idp="entra"))
    configure_saml(database, home.connection, saml(), now=NOW)
    assert loaded(database, home).mapping.subject == ENTRA_OBJECT_ID
    sign_on.configure(database, home.connection, sign_on.choice(Options(subject_attribute="NameID"), now=NOW))
    assert loaded(database, home).mapping.subject == ""


def test_two_who_configure_at_once_come_one_after_the_other(database: Database) -> None:
    """Both changes are whole; the later one stands."""
    home = homes.make(database)
    sides = [saml(1, sso_url="https://one.example/sso"), saml(2, sso_url="https://two.example/sso")]
    _, refused = race([lambda side=side: configure_saml(database, home.connection, side, now=NOW) for side in sides])  # type: ignore[misc]
    found = loaded(database, home)
    assert (refused, found.version, found.saml and len(found.saml.certificates)) == ([], 2, 2)


def test_what_was_made_of_an_older_version_is_refused(database: Database) -> None:
    """Two admins: one changes the secret while the other changes the client id of what they saw before."""
    home = homes.make(database)
    configure_oidc(database, SEALER, home.connection, oidc(), version=0, now=NOW)
    configure_oidc(database, SEALER, home.connection, oidc(client_secret="new"), version=1, now=NOW)
    with pytest.raises(Conflict) as refused:
        configure_oidc(database, SEALER, home.connection, replace(oidc(), client_id="other"), version=1, now=NOW)
    found = loaded(database, home).oidc
    assert (refused.value.code, found and found.client_secret) == ("sign_on_changed", "new")
