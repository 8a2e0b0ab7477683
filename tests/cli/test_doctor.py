"""`connector doctor`: what it looks at, and that each fault is found."""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.config import Settings
from connector.directory import sign_on
from connector.errors import Upstream
from connector.storage import migrate
from connector.storage.database import Database
from tests.cli.conftest import Cli, Home
from tests.directory.sides import certificate, saml

CHECKS = {
    *("database", "clock", "migrations", "tokens", "directories", "sign-in", "break-glass", "certificates", "metadata"),
    *("secrets", "secret key", "base URL", "mail", "SAML library"),
}


def found(ended_out: str, check: str) -> Any:
    """The first item of one check."""
    return next(item for item in json.loads(ended_out)["items"] if item["check"] == check)


def test_a_sound_installation_passes_every_check(cli: Cli) -> None:
    """Exit 0; for people one line each."""
    items = cli.json("doctor")["items"]
    assert {item["check"] for item in items} == CHECKS
    assert all(item.keys() == {"check", "status", "detail", "advice"} for item in items)
    assert [item for item in items if item["status"] != "ok"] == []
    assert cli.text("doctor").count("\n") == len(items)


@pytest.mark.parametrize(
    ("variable", "value", "check", "status"),
    [
        ("CONNECTOR_BASE_URL", "http://connector.example.com", "base URL", "warning"),
        ("CONNECTOR_BASE_URL", "http://localhost:8000", "base URL", "ok"),
        ("CONNECTOR_SECRET_KEY", "short", "secret key", "warning"),
        ("CONNECTOR_SMTP_URL", "smtp://127.0.0.1:9", "mail", "error"),
    ],
)
def test_settings_are_looked_at(
    cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str, status: str
) -> None:
    """A warning leaves exit 0, an error makes it 1."""
    monkeypatch.setenv("CONNECTOR_MAIL_FROM", "connector@example.com")
    monkeypatch.setenv(variable, value)
    ended = cli_on_sqlite("doctor", "--json")
    item = found(ended.out, check)
    assert (item["status"], ended.status) == (status, 1 if status == "error" else 0)
    assert bool(item["advice"]) == (status != "ok")


def test_a_mail_server_that_answers_is_found(cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is greeted; no mail is sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection = listener.accept()[0]
            with connection, connection.makefile("rwb") as stream:
                stream.write(b"220 mail\r\n")
                stream.flush()
                for line in stream:
                    heard.append(line[:4].upper())
                    stream.write(b"221 bye\r\n" if heard[-1] == b"QUIT" else b"250 ok\r\n")
                    stream.flush()

        thread = threading.Thread(target=greet)
        thread.start()
        monkeypatch.setenv("CONNECTOR_MAIL_FROM", "connector@example.com")
        monkeypatch.setenv("CONNECTOR_SMTP_URL", f"smtp://127.0.0.1:{listener.getsockname()[1]}")
        item = found(cli_on_sqlite("doctor", "--json").out, "mail")
        thread.join(10)
    assert item["status"] == "ok"
    assert not {b"MAIL", b"RCPT", b"DATA"} & set(heard)


def test_a_token_that_ends_soon_is_named_however_short_its_life(home: Home) -> None:
    """Within 30 days; one year is far."""
    home.cli.json("token", "create", home.connection, "--expires-days", "5")
    warnings = [item for item in home.cli.json("doctor")["items"] if item["check"] == "tokens"]
    assert [item["status"] for item in warnings] == ["warning"]
    assert f"connector token create {home.connection}" in warnings[0]["advice"]


def test_a_connection_nobody_can_sign_in_through_is_a_warning(home: Home) -> None:
    """Only break-glass owners can sign in; the first is there from the activation on."""
    home.go_live()
    ended = home.cli("doctor", "--json")
    assert ended.status == 0
    assert found(ended.out, "sign-in")["status"] == "warning"
    assert found(ended.out, "break-glass")["status"] == "ok"


def test_a_database_that_is_behind_or_away_is_an_error(
    cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    """What needs it is then left out, the rest is still looked at."""
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", postgres_url)
    database = Database.open(postgres_url)
    migrate.downgrade(database, "base")
    database.close()
    ended = cli_on_sqlite("doctor", "--json")
    assert (ended.status, found(ended.out, "migrations")["status"]) == (1, "error")
    assert "connector migrate" in found(ended.out, "migrations")["advice"]
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", "postgresql://connector@127.0.0.1:9/nothing")
    ended = cli_on_sqlite("doctor", "--json")
    assert (ended.status, found(ended.out, "database")["status"], found(ended.out, "mail")["status"]) == (1, "error", "ok")


def test_an_outbox_that_cannot_be_written_is_an_error(cli_on_sqlite: Cli) -> None:
    """Without a mail server, mail is written there."""
    cli_on_sqlite.json("org", "list")
    Path(os.environ["CONNECTOR_DATA_DIR"], "outbox").write_text("in the way")
    ended = cli_on_sqlite("doctor", "--json")
    assert (ended.status, found(ended.out, "mail")["status"]) == (1, "error")


def test_sqlite_that_is_behind_is_a_warning(cli_on_sqlite: Cli) -> None:
    """Every other command migrates it by itself."""
    database = Database.open(os.environ["CONNECTOR_DATABASE_URL"])
    migrate.downgrade(database, "base")
    database.close()
    ended = cli_on_sqlite("doctor", "--json")
    assert (ended.status, found(ended.out, "migrations")["status"]) == (0, "warning")


def test_a_secret_key_that_others_can_read_is_a_warning(cli_on_sqlite: Cli) -> None:
    """The one that was made in the data directory."""
    cli_on_sqlite.json("org", "list")
    Path(os.environ["CONNECTOR_DATA_DIR"], "secret_key").chmod(0o644)
    item = found(cli_on_sqlite("doctor", "--json").out, "secret key")
    assert (item["status"], "chmod 600" in item["advice"]) == ("warning", True)


def test_a_sign_on_side_that_ages_or_fails_is_a_warning(home: Home, settings: Settings) -> None:
    """The end of the last certificate is near, and the metadata could not be fetched. The connection is not closed any more."""
    database = Database.open(settings.database_url)
    now = datetime.now(UTC)
    ends = replace(certificate(), not_after=now + timedelta(days=20))
    side = replace(saml(), certificates=(ends,))
    sign_on.configure_saml(database, home.connection, side, metadata_url="https://idp.example/metadata", now=now)
    error = Upstream("fetch_timeout", "The server did not answer in time.")
    sign_on.metadata_failed(database, home.connection, error, now)
    database.close()
    home.go_live()
    ended = home.cli("doctor", "--json")
    states = {check: found(ended.out, check)["status"] for check in ("certificates", "metadata", "sign-in")}
    assert (ended.status, states) == (0, {"certificates": "warning", "metadata": "warning", "sign-in": "ok"})
    assert error.detail in found(ended.out, "metadata")["detail"]
    assert home.connection in found(ended.out, "metadata")["advice"]


def test_secrets_that_the_key_does_not_open_are_an_error(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody changed the secret key and did not keep the old one behind it."""
    kept = Path(os.environ["CONNECTOR_DATA_DIR"], "secret_key").read_text().strip()
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    provider = ("--oidc-issuer", "https://idp.example", "--client-id", "x", "--client-secret-file", str(secret))
    home.cli.json("connection", "set", home.connection, *provider)
    home.cli.json("signing-key", "add")
    assert found(home.cli("doctor", "--json").out, "secrets")["status"] == "ok"
    another = "another secret key, long enough for anybody"
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", another)
    ended = home.cli("doctor", "--json")
    item = found(ended.out, "secrets")
    assert (ended.status, item["status"]) == (1, "error")
    assert "the client secret of Okta and 2 more" in item["detail"]
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", f"{another},{kept}")
    assert found(home.cli("doctor", "--json").out, "secrets")["status"] == "ok"
