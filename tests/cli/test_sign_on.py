"""How people sign in, set up at the command line: DESIGN.md section 9, against an identity provider on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import update

from connector.config import Settings
from connector.directory import sign_on, traces, trial_record
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import Trace
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from idp_fixtures.idp import Application, Provider, serving
from idp_fixtures.people import person as fixture_person
from idp_fixtures.saml.metadata import metadata
from tests.cli.conftest import Cli, Home


@pytest.fixture(scope="module")
def idp() -> Iterator[Provider]:
    """An identity provider on loopback."""
    with serving(Provider()) as provider:
        yield provider


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be asked."""
    monkeypatch.setenv("CONNECTOR_FETCH_PRIVATE", "1")


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """The name of a file with a client secret."""
    file = tmp_path / "client-secret"
    file.write_text("a client secret of some length\n")
    return str(file)


def saml_of(idp: Provider) -> str:
    """The address of its metadata."""
    return f"{idp.url}/saml/metadata"


def loaded(settings: Settings, connection: str) -> SignOn:
    """The connection as a protocol room gets it."""
    database = Database.open(settings.database_url)
    try:
        return sign_on.load(database, Sealer(settings.secret_keys), connection, settings.base_url)
    finally:
        database.close()


def checks(cli: Cli, connection: str) -> dict[str, Any]:
    """What `connection test` says: check -> whether it is well."""
    return {item["check"]: item["ok"] for item in cli.json("connection", "test", connection)["items"]}


# ----------------------------------------------------------------------------------------------------------------- told


def test_a_connection_is_made_with_saml_in_one_command(home: Home, idp: Provider, settings: Settings) -> None:
    """Metadata by URL; `sign_on`, issuer and certificates are printed, here and by show and list."""
    words = ("connection", "create", "acme", "--name", "IdP", "--idp", "generic", "--saml-metadata", saml_of(idp))
    made = home.cli.json(*words, "--idp-initiated", "--groups-attribute", "roles", "--absent-groups", "empty")
    assert (made["sign_on"], made["issuer"]) == ("saml", idp.saml.issuer)
    [certificate] = made["certificates"]
    assert certificate.keys() == {"fingerprint", "not_after", "leaves_at"}
    assert home.cli.json("connection", "show", made["id"]) == made
    assert home.cli.json("connection", "list", "acme")["items"][-1] == made
    found = loaded(settings, made["id"])
    assert found.saml is not None
    assert (found.saml.sso_url, found.saml.idp_initiated, found.saml.signed) == (idp.saml.sso_url, True, "assertion")
    assert (found.mapping.groups, found.mapping.absent_groups) == (("roles",), "empty")


def test_metadata_may_be_a_file(home: Home, idp: Provider, tmp_path: Path) -> None:
    """As Google gives them; the same command again brings a new certificate and keeps the old one for a week."""
    file = tmp_path / "metadata.xml"
    file.write_bytes(metadata(idp.saml))
    shown = home.cli.json("connection", "set", home.connection, "--saml-metadata", str(file))
    assert (shown["sign_on"], shown["issuer"], len(shown["certificates"])) == ("saml", idp.saml.issuer, 1)
    again = home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp))
    assert sorted(each["leaves_at"] is None for each in again["certificates"]) == [False, True]
    leaving = next(each for each in again["certificates"] if each["leaves_at"])
    assert leaving["fingerprint"] == shown["certificates"][0]["fingerprint"]
    assert "taken until" in home.cli.text("connection", "show", home.connection)
    last = home.cli.json("connection", "set", home.connection, "--drop-certificate", leaving["fingerprint"])
    assert len(last["certificates"]) == 1


def test_a_connection_is_made_with_openid_connect_in_one_command(
    home: Home, idp: Provider, settings: Settings, secret: str
) -> None:
    """The secret comes from a file, without its line end; Okta is asked for groups."""
    client = ("--oidc-issuer", idp.url, "--client-id", "connector", "--client-secret-file", secret)
    words = ("connection", "create", "acme", "--name", "Okta OIDC", "--idp", "okta", *client)
    made = home.cli.json(*words, "--client-auth", "client_secret_post", "--algorithm", "ES256", "--algorithm", "RS256")
    assert (made["sign_on"], made["issuer"], made["certificates"]) == ("oidc", idp.url, [])
    side = loaded(settings, made["id"]).oidc
    assert side is not None
    assert (side.client_secret, side.client_auth, side.algorithms, side.scopes) == (
        "a client secret of some length",
        "client_secret_post",
        ("ES256", "RS256"),
        ("openid", "profile", "email", "groups"),
    )


def test_a_secret_can_be_changed_alone(home: Home, idp: Provider, settings: Settings, secret: str) -> None:
    """Before the old one ends; what was chosen stays."""
    client = ("--oidc-issuer", idp.url, "--client-id", "connector", "--client-secret-file", secret)
    home.cli.json("connection", "set", home.connection, *client, "--scope", "groups", "--userinfo")
    Path(secret).write_text("the next secret")
    home.cli.json("connection", "set", home.connection, "--client-secret-file", secret)
    side = loaded(settings, home.connection).oidc
    assert side is not None
    assert (side.client_secret, side.client_id, side.scopes, side.userinfo) == (
        "the next secret",
        "connector",
        ("openid", "groups"),
        True,
    )


def test_a_private_key_for_the_token_endpoint_needs_no_secret(home: Home, idp: Provider, settings: Settings) -> None:
    """`private_key_jwt` signs with the installation's key."""
    client = ("--oidc-issuer", idp.url, "--client-id", "connector")
    assert home.cli.refused("connection", "set", home.connection, *client)["code"] == "client_invalid"
    home.cli.json("connection", "set", home.connection, *client, "--client-auth", "private_key_jwt")
    side = loaded(settings, home.connection).oidc
    assert side is not None
    assert (side.client_auth, side.client_secret) == ("private_key_jwt", None)


def test_switches_turn_off_as_they_turn_on(home: Home, idp: Provider, settings: Settings) -> None:
    """Each has a `--no-` form."""
    home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp), "--force-authn", "--sign-requests")
    home.cli.json("connection", "set", home.connection, "--no-force-authn", "--signed", "response")
    side = loaded(settings, home.connection).saml
    assert side is not None
    assert (side.force_authn, side.request_signing, side.signed) == (False, True, "response")


# -------------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    "options",
    [
        ("--saml-metadata", "m.xml", "--oidc-issuer", "https://idp.example"),
        ("--saml-metadata", "m.xml", "--client-id", "x"),
        ("--oidc-issuer", "https://idp.example"),
        ("--client-id", "x"),
        ("--client-secret-file", "x"),
        ("--idp-initiated",),
        ("--groups-attribute", "groups"),
        ("--algorithm", "none"),
        ("--absent-groups", "perhaps"),
    ],
)
def test_options_that_make_no_sense_together_are_a_usage_error(cli_on_sqlite: Cli, options: tuple[str, ...]) -> None:
    """And nothing is made."""
    cli_on_sqlite.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    cli_on_sqlite.misused("connection", "create", "acme", "--name", "x", "--idp", "okta", *options)
    assert cli_on_sqlite.json("connection", "list", "acme") == {"items": []}


OPENID = ("--oidc-issuer", "https://idp.example", "--client-id", "x", "--client-secret-file")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--saml-metadata", "FILE"), "metadata_unreadable"),
        (("--saml-metadata", "no-such-file.xml"), "file_unusable"),
        (("--saml-metadata", "http://127.0.0.1:9/metadata"), "fetch_failed"),
        ((*OPENID, "BINARY"), "client_invalid"),
        ((*OPENID, "FILE", "--signed", "response"), "option_invalid"),
        ((*OPENID, "FILE", "--oidc-issuer", "https://login.microsoftonline.com/common/v2.0"), "issuer_shared"),
    ],
)
def test_what_cannot_be_leaves_no_connection_behind(
    cli_on_sqlite: Cli, secret: str, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    """Making the connection and telling how people sign in is one transaction."""
    cli_on_sqlite.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    files = {"FILE": secret, "BINARY": str(binary)}
    words = [files.get(word, word) for word in options]
    error = cli_on_sqlite.refused("connection", "create", "acme", "--name", "x", "--idp", "okta", *words)
    assert error["code"] == code
    assert "a client secret" not in json.dumps(error)
    assert cli_on_sqlite.json("connection", "list", "acme") == {"items": []}


def test_a_refused_option_changes_nothing_else(home: Home) -> None:
    """All or none: the name stays as well."""
    assert home.cli.refused("connection", "set", home.connection, "--name", "New", "--force-authn")["code"] == "sign_on_missing"
    assert home.cli.json("connection", "show", home.connection)["name"] == "Okta"


# -------------------------------------------------------------------------------------------------------- test and trace


def test_a_connection_without_a_sign_on_side_says_what_is_missing(home: Home) -> None:
    """And offers no test sign-in."""
    told = home.cli.json("connection", "test", home.connection)
    assert (told.keys(), told["test_url"], told["last_test"]) == ({"items", "test_url", "last_test"}, None, None)
    assert checks(home.cli, home.connection) == {
        "state": True,
        "sign-on": False,
        "domains": True,
        "rules": False,
        "test sign-in": False,
    }


def test_saml_is_checked_and_the_test_link_opens(home: Home, idp: Provider, settings: Settings) -> None:
    """The link sends the browser to the identity provider while the connection is a draft, and when it is active."""
    home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp))
    for state in ("draft", "active"):
        told = home.cli.json("connection", "test", home.connection)
        not_well = {item["check"] for item in told["items"] if not item["ok"]}
        assert not_well == {"rules", "test sign-in"}, state
        address = urlsplit(told["test_url"])
        assert address.path == f"/sso/{home.connection}/test"
        answer = home.client.get(f"{address.path}?{address.query}", base_url=settings.base_url)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, idp.saml.sso_url)
        if state == "draft":
            home.go_live()
    assert f"/sso/{home.connection}/test?token=" in home.cli.text("connection", "test", home.connection)


def test_openid_is_checked_by_asking_the_provider(home: Home, idp: Provider, secret: str) -> None:
    """Discovery and keys, now."""
    client = ("--oidc-issuer", idp.url, "--client-id", "connector", "--client-secret-file", secret)
    home.cli.json("connection", "set", home.connection, *client)
    well = checks(home.cli, home.connection)
    assert {name for name, ok in well.items() if not ok} == {"rules", "test sign-in"}
    assert {"sign-on", "discovery", "keys", "algorithm", "client", "pkce"} <= well.keys()


def test_metadata_that_can_no_longer_be_read_are_found(home: Home) -> None:
    """The provider went away."""
    with serving(Provider()) as gone:
        home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(gone))
    assert checks(home.cli, home.connection)["metadata"] is False


def test_the_last_test_sign_in_counts_while_the_setup_is_the_same(home: Home, idp: Provider, settings: Settings) -> None:
    """Issuer, endpoints and subject."""
    home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp))
    database, now = Database.open(settings.database_url), datetime.now(UTC)
    found = loaded(settings, home.connection)
    trial_record.record_trial(database, found, passed=True, email="founder@acme.example", result={"role": "member"}, now=now)
    database.close()
    assert checks(home.cli, home.connection)["test sign-in"] is True
    assert home.cli.json("connection", "test", home.connection)["last_test"]["result"] == {"role": "member"}
    home.cli.json("connection", "set", home.connection, "--subject-attribute", "uid")
    assert checks(home.cli, home.connection)["test sign-in"] is False


def test_activating_without_a_test_sign_in_says_so(home: Home, idp: Provider, settings: Settings) -> None:
    """The operator may; nobody should have to find out afterwards that nobody can sign in."""
    home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp))
    assert "no test sign-in has passed" in home.cli("connection", "activate", home.connection).err
    database, found = Database.open(settings.database_url), loaded(settings, home.connection)
    trial_record.record_trial(database, found, passed=True, email=None, result={}, now=datetime.now(UTC))
    database.close()
    assert home.cli("connection", "activate", home.connection).err == ""


def test_attempts_to_sign_in_are_shown_with_what_to_do(home: Home, settings: Settings) -> None:
    """Oldest first."""
    assert "connector connection test" in home.cli.text("connection", "trace", home.connection)
    database, now = Database.open(settings.database_url), datetime.now(UTC)
    words = ("It was for X.", "the audience Y", "Correct the Audience URI.", "ref-1", {"audience": "X"})
    traces.record(database, Trace(home.connection, "sign_in", "check", "saml_audience", *words), now - timedelta(minutes=1))
    traces.record(database, Trace(home.connection, "sign_in", "done", "ok"), now)
    database.close()
    first, second = home.cli.json("connection", "trace", home.connection)["items"]
    assert (first["code"], first["reference"], first["facts"], second["code"]) == (
        "saml_audience",
        "ref-1",
        {"audience": "X"},
        "ok",
    )
    text = home.cli.text("connection", "trace", home.connection)
    assert all(each in text for each in ("saml_audience", "Correct the Audience URI.", "ref-1", "audience: X"))
    assert home.cli.refused("connection", "trace", "nobody")["code"] == "connection_not_found"


def test_signing_keys_are_changed_without_a_gap(cli: Cli) -> None:
    """list, add, use, remove."""
    assert cli.json("signing-key", "list") == {"items": []}
    new = cli.json("signing-key", "add")
    old, listed = cli.json("signing-key", "list")["items"]
    assert (listed, old["signs"], new["signs"]) == (new, True, False)
    assert cli.refused("signing-key", "remove", old["id"])["code"] == "signing_key_in_use"
    assert cli.json("signing-key", "use", new["id"]) == {"id": new["id"], "signs": True}
    cli.json("signing-key", "remove", old["id"])
    assert [key["id"] for key in cli.json("signing-key", "list")["items"]] == [new["id"]]
    assert cli.refused("signing-key", "use", old["id"])["code"] == "signing_key_not_found"


def test_another_subject_after_the_first_sign_in_is_warned_of(home: Home, idp: Provider, settings: Settings) -> None:
    """It is done, for it may be what the admin has to do; but people were known by the old one."""
    home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp), "--subject-attribute", "uid")
    database = Database.open(settings.database_url)
    with database.engine.begin() as tx:
        tx.execute(update(t.SignOn).values(fixed_at=datetime.now(UTC)))
    database.close()
    assert "Note:" in home.cli("connection", "set", home.connection, "--subject-attribute", "id").err
    assert "Note:" not in home.cli("connection", "set", home.connection, "--name", "Okta EU").err
    assert loaded(settings, home.connection).mapping.subject == "id"


@pytest.mark.parametrize(("person", "passed"), [("ada@acme.example", True), ("ada@elsewhere.example", False)])
def test_from_the_printed_link_to_the_result(home: Home, settings: Settings, person: str, passed: bool) -> None:
    """The whole way through the identity provider and back; nothing is made, and the command tells how it ended."""
    home.user("ada")  # pushed into the staged directory, which would let nobody else in
    with serving(Provider([fixture_person(person, "Ada Lovelace", "Engineering")])) as idp:
        view = home.cli.json("connection", "set", home.connection, "--saml-metadata", saml_of(idp))
        idp.register(Application("connector", entity_id=view["entity_id"], acs_url=view["acs_url"]))
        members = home.cli.json("member", "list", "acme")
        link = home.cli.json("connection", "test", home.connection)["test_url"]
        sent = home.client.get(link.removeprefix(settings.base_url), base_url=settings.base_url)
        answered = requests.get(
            sent.headers["Location"], params={"person": person}, headers={"Accept": "application/json"}, timeout=10
        ).json()
        path = urlsplit(answered["action"]).path
        shown = home.client.post(path, data=answered["fields"], base_url=settings.base_url)
        assert shown.status_code == 200, shown.text
        assert person in shown.text
        told = home.cli.json("connection", "test", home.connection)
        well = {item["check"]: item["ok"] for item in told["items"]}
        assert (well["test sign-in"], told["last_test"]["passed"]) == (passed, passed), told["last_test"]
    assert home.cli.json("member", "list", "acme") == members
    assert [item["purpose"] for item in home.cli.json("connection", "trace", home.connection)["items"]] == ["test"]
