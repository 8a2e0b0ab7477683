"""The application around the protocols: proxies, health, and how failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request

from connector.app import create_app
from connector.config import Settings

PRIVATE = "ann@secret.example"


def app_with(folder: Path, **variables: str) -> Flask:
    """The application as these settings make it, with a page that tells who asks, and one that fails."""
    given = {"CONNECTOR_DATA_DIR": str(folder), **{f"CONNECTOR_{name}": value for name, value in variables.items()}}
    app = create_app(Settings.from_environment(given))
    app.add_url_rule("/who", view_func=lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    app.add_url_rule("/broken", view_func=_broken)
    return app


def _broken() -> str:
    raise RuntimeError(PRIVATE)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application on an empty folder, whose database nobody has migrated."""
    app = app_with(tmp_path)
    yield app
    app.extensions["connector"].database.close()


FORWARDED = {"X-Forwarded-For": "6.6.6.6, 10.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "login.example"}


@pytest.mark.parametrize(
    ("proxies", "who"),
    [
        ("0", "127.0.0.1 http localhost"),
        ("1", "10.0.0.1 https login.example"),
        ("2", "6.6.6.6 http localhost"),
    ],
)
def test_only_as_many_proxies_are_believed_as_there_are(tmp_path: Path, proxies: str, who: str) -> None:
    """With none, whoever asks could name any address; counted from the end, the last proxy's word comes first."""
    client = app_with(tmp_path, TRUSTED_PROXIES=proxies).test_client()
    assert client.get("/who", headers=FORWARDED).text == who


def test_a_failure_is_told_by_a_reference_only(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """500 as problem details; the log has the reference and the lines of code, not the message with a person's data."""
    answer = app.test_client().get("/broken")
    problem = answer.get_json()
    assert (answer.status_code, answer.content_type, problem["code"]) == (500, "application/problem+json", "failure")
    assert problem["detail"].removesuffix(".").rpartition(" ")[2] in caplog.text
    assert "_broken" in caplog.text
    assert PRIVATE not in caplog.text + answer.text


def test_a_database_that_was_never_migrated_is_not_ready(app: Flask) -> None:
    """503 with the command to run; the process lives all the same."""
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_outdated")
    assert "connector migrate" in answer.get_json()["detail"]
    assert app.test_client().get("/healthz").status_code == 200


def test_a_file_that_is_no_database_is_not_ready(app: Flask, tmp_path: Path) -> None:
    """The same code as for a database that is away, and when to ask again."""
    (tmp_path / "connector.db").write_text("no database, " * 100)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_oauth_says_in_its_own_words_that_the_database_is_away(tmp_path: Path) -> None:
    """RFC 6749 has no word for it at the token endpoint; that of section 4.1.2.1 is known to clients."""
    client = app_with(tmp_path, DATABASE_URL="postgresql://connector@127.0.0.1:9/nothing").test_client()
    form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    answer = client.post("/oauth/c1/token", data=form)
    assert (answer.status_code, answer.get_json()["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


ROUTES = [
    ("/scim/v2/c1/Users", "/scim/v2/{connection}/Users"),
    ("/scim/v2/c1/Users/u1", "/scim/v2/{connection}/Users/{id}"),
    ("/scim/v2/c1/Groups/.search", "/scim/v2/{connection}/Groups/.search"),
    ("/scim/v2/c1/.search", "/scim/v2/{connection}/.search"),
    ("/scim/v2/c1/ann@secret.example", "/scim/v2/{connection}/..."),
    ("/nothing", "none"),
]


@pytest.mark.parametrize(("path", "route"), ROUTES, ids=[path for path, _ in ROUTES])
def test_the_log_of_requests_names_kinds_and_no_ids(app: Flask, caplog: pytest.LogCaptureFixture, path: str, route: str) -> None:
    """What was asked for can be counted, and nothing that a client made up gets into the log."""
    with caplog.at_level("INFO", "connector.request"):
        app.test_client().get(path)
    assert [record.__dict__["fields"]["route"] for record in caplog.records if record.name == "connector.request"] == [route]
