"""A command line of its own for each test, on either database; and an organization set up through it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from connector.app import create_app
from connector.cli.root import run
from connector.config import Settings


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status and what it printed."""

    status: int
    out: str
    err: str


class Cli:
    """Runs commands in this process; the environment is set by the fixture."""

    def __call__(self, *words: str) -> Ended:
        """Run one command as a terminal would."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            status = run(list(words))
            out.flush()
            err.flush()
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return Ended(status, *texts)

    def json(self, *words: str) -> Any:
        """Run a command that succeeds with `--json` and return its object."""
        ended = self(*words, "--json")
        assert (ended.status, ended.out.count("\n")) == (0, 1), ended
        return json.loads(ended.out)

    def text(self, *words: str) -> str:
        """Run a command that succeeds and return what a person reads."""
        ended = self(*words)
        assert ended.status == 0, ended
        return ended.out

    def refused(self, *words: str) -> Any:
        """Run a command that is refused; return the error, which is one object on standard error."""
        ended = self(*words)
        assert ended.status == 1, ended
        return json.loads(ended.err)

    def misused(self, *words: str) -> str:
        """Run a command that makes no sense; return what is said about it."""
        ended = self(*words)
        assert (ended.status, ended.out) == (2, ""), ended
        error = json.loads(ended.err)
        assert error["code"] == "usage"
        return str(error["detail"])


@dataclass(frozen=True)
class Home:
    """An organization `acme` with a verified domain, an Okta connection that stages, and its token."""

    cli: Cli
    connection: str
    token: str
    client: FlaskClient

    def push(self, method: str, path: str, body: Any = None) -> Any:
        """Speak as the identity provider; return the answer's object, None where there is none."""
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "Okta SCIM Client 1.0.0"}
        address = f"/scim/v2/{self.connection}{path}"
        answer = self.client.open(address, method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json(force=True) if answer.data else None

    def user(self, name: str) -> str:
        """Push a user `name@acme.example`; return the SCIM id."""
        address = f"{name}@acme.example"
        email = {"value": address, "type": "work", "primary": True}
        schema = "urn:ietf:params:scim:schemas:core:2.0:User"
        body = {"schemas": [schema], "userName": address, "displayName": name.title(), "emails": [email], "active": True}
        return str(self.push("POST", "/Users", body)["id"])

    def group(self, name: str, *members: str) -> str:
        """Push a group with members; return the SCIM id."""
        schema = "urn:ietf:params:scim:schemas:core:2.0:Group"
        body = {"schemas": [schema], "displayName": name, "members": [{"value": each} for each in members]}
        return str(self.push("POST", "/Groups", body)["id"])

    def go_live(self) -> Any:
        """Activate the connection; return the plan as applied."""
        return self.cli.json("connection", "activate", self.connection, "--yes")


def _environment(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> Settings:
    values = {"CONNECTOR_DATA_DIR": str(folder / "data"), "CONNECTOR_DATABASE_URL": url}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment(values)


@pytest.fixture
def settings(fresh_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of this test's installation, which are those of the environment too."""
    return _environment(monkeypatch, tmp_path, fresh_url)


@pytest.fixture
def cli(settings: Settings) -> Cli:
    """Commands on a migrated, empty database, first on SQLite, then on PostgreSQL."""
    return Cli()


@pytest.fixture
def cli_on_sqlite(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands on SQLite, for what does not depend on the database."""
    _environment(monkeypatch, tmp_path, sqlite_url)
    return Cli()


@pytest.fixture
def home(cli: Cli, settings: Settings) -> Iterator[Home]:
    """An organization whose Okta stages."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "founder@acme.example")
    cli.json("domain", "add", "acme", "acme.example", "--verified")
    connection = cli.json("connection", "create", "acme", "--name", "Okta", "--idp", "okta")["id"]
    token = cli.json("token", "create", connection)["token"]
    app = create_app(settings)
    yield Home(cli, connection, token, app.test_client())
    app.extensions["connector"].database.close()
