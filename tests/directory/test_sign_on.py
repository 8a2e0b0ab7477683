"""The sign-on side of a connection: SIGN_ON.md section 1, items 4, 11, 16 to 18, 28, 40, and DESIGN.md sections 4 and 5."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from connector.directory import sign_on, trial_record
from connector.directory.certificates import certificate_notes, read_certificate
from connector.directory.sign_on import apply_metadata, configure_oidc, configure_saml, load
from connector.directory.sign_on_model import Certificate, OidcSide, SamlSide, SignOn
from connector.directory.sign_on_settings import Options
from connector.errors import Conflict, Forbidden, Invalid, NotFound, Upstream
from connector.membership.profile import ENTRA_OBJECT_ID, default_mapping
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.directory import homes
from tests.directory.homes import BASE, Home
from tests.support.racing import race
from tests.support.statements import statements

SEALER = Sealer(("a secret key of this installation",))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ISSUER = "http://www.okta.com/exk1"


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


# ------------------------------------------------------------------------------------------------------- told and loaded


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


# ---------------------------------------------------------------------------------------------------------------- refused

LONG = "https://x.example/" + "x" * 1024
REFUSED_SAML: list[tuple[dict[str, Any], Options, str]] = [
    ({"issuer": ""}, Options(), "issuer_invalid"),
    ({"issuer": LONG}, Options(), "issuer_invalid"),
    ({"issuer": "a\x00b"}, Options(), "issuer_invalid"),
    ({"issuer": " padded "}, Options(), "issuer_invalid"),
    ({"sso_url": "http://idp.example/sso"}, Options(), "endpoint_invalid"),
    ({"sso_url": "javascript:alert(1)"}, Options(), "endpoint_invalid"),
    ({"sso_url": "https://user:word@idp.example/"}, Options(), "endpoint_invalid"),
    ({"sso_url": "https://idp.example:port/"}, Options(), "endpoint_invalid"),
    ({"slo_url": "http://idp.example/slo"}, Options(), "endpoint_invalid"),
    ({"slo_response_url": "data:text/html,x"}, Options(), "endpoint_invalid"),
    ({}, Options(client_auth="private_key_jwt"), "option_invalid"),
    ({}, Options(sha1_until=NOW + timedelta(days=92)), "option_invalid"),
    ({}, Options(groups_attribute=""), "option_invalid"),
    ({}, Options(subject_attribute="a\nb"), "option_invalid"),
]


@pytest.mark.parametrize(("said", "options", "code"), REFUSED_SAML)
def test_a_saml_side_that_cannot_be_is_refused(database: Database, said: dict[str, Any], options: Options, code: str) -> None:
    """Nothing is kept then."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_saml(database, home.connection, saml(**said), options=options, now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_without_a_certificate_there_is_no_saml_side(database: Database) -> None:
    """Verification is never conditional on something that may be empty (SIGN_ON.md item 4)."""
    with pytest.raises(Invalid) as refused:
        configure_saml(database, homes.make(database).connection, replace(saml(), certificates=()), now=NOW)
    assert refused.value.code == "certificate_missing"


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("http://idp.example", "issuer_invalid"),
        ("idp.example", "issuer_invalid"),
        ("https://idp.example/?tenant=1", "issuer_invalid"),
        ("https://idp.example/.well-known/openid-configuration", "issuer_invalid"),
        ("https://login.microsoftonline.com/common/v2.0", "issuer_shared"),
        ("https://login.microsoftonline.com/Organizations/v2.0", "issuer_shared"),
        ("https://login.microsoftonline.com/consumers/v2.0/", "issuer_shared"),
    ],
)
def test_an_openid_issuer_is_one_https_address_of_one_tenant(database: Database, issuer: str, code: str) -> None:
    """OpenID Connect Discovery 1.0 section 3, and SIGN_ON.md item 28."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_oidc(database, SEALER, home.connection, oidc(issuer), now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_plain_http_is_for_development(database: Database) -> None:
    """CONNECTOR_FETCH_PRIVATE allows it."""
    home = homes.make(database)
    configure_oidc(database, SEALER, home.connection, oidc("http://idp.internal.example"), plain_http=True, now=NOW)
    found = loaded(database, home).oidc
    assert found is not None
    assert found.issuer == "http://idp.internal.example"
    inside = saml(sso_url="http://idp.internal.example/sso")
    configure_saml(database, home.connection, inside, metadata_url=URL, plain_http=True, now=NOW)
    assert not apply_metadata(database, home.connection, inside, None, NOW, plain_http=True)
    with pytest.raises(Invalid) as refused:
        apply_metadata(database, home.connection, inside, None, NOW)
    assert refused.value.code == "endpoint_invalid"


@pytest.mark.parametrize(
    ("said", "options", "code"),
    [
        ({}, Options(idp_initiated=True), "option_invalid"),
        ({}, Options(algorithms=("none",)), "option_invalid"),
        ({}, Options(algorithms=()), "option_invalid"),
        ({"client_secret": "-----BEGIN PRIVATE KEY-----\nMII"}, Options(), "private_key_given"),
        ({"client_secret": ""}, Options(), "client_invalid"),
        ({"client_secret": "two\nlines"}, Options(), "client_invalid"),
    ],
)
def test_an_openid_side_that_cannot_be_is_refused(database: Database, said: dict[str, Any], options: Options, code: str) -> None:
    """Nothing is kept then."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        configure_oidc(database, SEALER, home.connection, oidc(**said), options=options, now=NOW)
    assert (refused.value.code, loaded(database, home).protocol) == (code, None)


def test_what_is_not_there_is_not_found_or_not_configured(database: Database) -> None:
    """Each verb, on an unknown connection and on one without a sign-on side."""
    home, nobody = homes.make(database), Home("", "nobody")
    unknown: list[Callable[[], object]] = [
        lambda: loaded(database, nobody),
        lambda: configure_saml(database, "nobody", saml()),
        lambda: configure_oidc(database, SEALER, "nobody", oidc()),
        lambda: sign_on.configure(database, "nobody", sign_on.choice(Options(force_authn=True))),
        lambda: apply_metadata(database, "nobody", saml(), None, NOW),
    ]
    for attempt in unknown:
        with pytest.raises(NotFound) as missing:
            attempt()
        assert missing.value.code == "connection_not_found"
    unset: list[Callable[[], object]] = [
        lambda: sign_on.configure(database, home.connection, sign_on.choice(Options(force_authn=True))),
        lambda: apply_metadata(database, home.connection, saml(), None, NOW),
        lambda: sign_on.configure(database, home.connection, sign_on.without_certificate("0" * 8)),
    ]
    for attempt in unset:
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "sign_on_missing"


# ------------------------------------------------------------------------------------------------------------ certificates


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


# ---------------------------------------------------------------------------------------------------------------- metadata

URL = "https://acme.okta.example/metadata"


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


# ------------------------------------------------------------------------------------------------------- test sign-ins


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
