"""OAuth clients: made and revoked at the command line, their tokens fetched over HTTP (RFC 6749 section 4.4, RFC 8414)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from connector.accounts import throttle
from tests.cli.conftest import Home

GRANT = {"grant_type": "client_credentials"}


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """The header of client_secret_basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()}


def fetch(home: Home, form: Mapping[str, Any], headers: Mapping[str, str] | None = None, connection: str = "") -> TestResponse:
    """Ask for a token."""
    return home.client.post(f"/oauth/{connection or home.connection}/token", data=dict(form), headers=dict(headers or {}))


def test_a_client_fetches_a_token_that_opens_scim_until_it_is_revoked(home: Home) -> None:
    """In the header and in the form; the token of either lives one hour, and dies with its client at once."""
    made = home.cli.json("client", "create", home.connection)
    assert made.keys() == {"client_id", "client_secret", "token_url"}
    assert made["token_url"] == f"http://127.0.0.1:8000/oauth/{home.connection}/token"
    posted = GRANT | {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    answers = [fetch(home, GRANT, basic(made["client_id"], made["client_secret"])), fetch(home, posted)]
    for answer in answers:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        granted = answer.get_json()
        assert {name: granted[name] for name in ("token_type", "expires_in")} == {"token_type": "Bearer", "expires_in": 3600}
        assert replace(home, token=granted["access_token"]).push("GET", "/Users")["totalResults"] == 0
    listed = home.cli.json("client", "list", home.connection)["items"]
    assert [(item["client_id"], item["state"]) for item in listed] == [(made["client_id"], "live")]
    assert listed[0]["last_used_at"]
    assert len(home.cli.json("token", "list", home.connection)["items"]) == 1
    home.cli.json("client", "revoke", made["client_id"])
    assert home.cli.json("client", "list", home.connection)["items"][0]["state"] == "revoked"
    headers = {"Authorization": f"Bearer {answers[0].get_json()['access_token']}"}
    assert home.client.get(f"/scim/v2/{home.connection}/Users", headers=headers).status_code == 401
    assert fetch(home, posted).status_code == 401


@pytest.mark.parametrize("scope", ["scim", "scim profile", ""])
def test_a_scope_is_granted_as_it_is_asked(home: Home, scope: str) -> None:
    """RFC 6749 section 3.3: there is but one thing a token opens; a client that wants to name it finds its name in the answer."""
    made = home.cli.json("client", "create", home.connection)
    granted = fetch(home, GRANT | {"scope": scope}, basic(made["client_id"], made["client_secret"])).get_json()
    assert granted.get("scope", "") == scope
    assert replace(home, token=granted["access_token"]).push("GET", "/Users")["totalResults"] == 0


def test_the_first_client_lets_a_directory_stage(home: Home) -> None:
    """As the first token does; a directory switched off by hand stays off while something else can push."""
    other = home.cli.json("connection", "create", "acme", "--name", "Entra", "--idp", "entra")["id"]
    home.cli.json("client", "create", other)
    assert home.cli.json("connection", "show", other)["directory"] == "staging"
    home.cli.json("connection", "directory", home.connection, "off", "--yes")
    home.cli.json("client", "create", home.connection)
    assert home.cli.json("connection", "show", home.connection)["directory"] == "off"


def test_a_client_opens_its_own_connection_only(home: Home) -> None:
    """Another connection, an unknown one and an impossible one answer alike."""
    other = home.cli.json("connection", "create", "acme", "--name", "Entra", "--idp", "entra")["id"]
    made = home.cli.json("client", "create", other)
    headers = basic(made["client_id"], made["client_secret"])
    answers = [fetch(home, GRANT, headers, connection) for connection in (home.connection, "unknown", "a%00b")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}
    assert answers[0].get_json()["error"] == "invalid_client"
    assert answers[0].headers["WWW-Authenticate"].startswith("Basic")
    noted = home.cli.json("log", home.connection)["items"]
    assert [(item["status"], "client create" in item["advice"]) for item in noted] == [(401, True)]


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({"client_id": "a"}, {}, 400, "invalid_request"),
        ({}, {}, 400, "invalid_request"),
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials"] * 2}, {}, 400, "invalid_request"),
        (GRANT, {}, 401, "invalid_client"),
        (GRANT | {"client_id": "a"}, {}, 401, "invalid_client"),
        (GRANT | {"client_id": "a", "client_secret": "b"}, {}, 401, "invalid_client"),
        (GRANT | {"client_id": "a\x00", "client_secret": "b"}, {}, 401, "invalid_client"),
        (GRANT | {"client_secret": "b"}, basic("a", "b"), 400, "invalid_request"),
        (GRANT, {"Authorization": "Bearer x"}, 401, "invalid_client"),
        (GRANT, {"Authorization": "Basic ?"}, 401, "invalid_client"),
        (GRANT | {"scope": 'a"b'}, basic("a", "b"), 400, "invalid_scope"),
        (GRANT | {"filler": "x" * 20000}, {}, 413, "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_is_told_so_in_the_words_of_the_standard(
    home: Home, form: dict[str, Any], headers: dict[str, str], status: int, error: str
) -> None:
    """RFC 6749 section 5.2: status, error, never cached, a challenge with every 401."""
    answer = fetch(home, form, headers)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_somebody_who_guesses_is_slowed_down_and_the_right_secret_is_not(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After (RFC 6585 section 4), for what was refused only: other tenants share the addresses of a cloud IdP."""
    monkeypatch.setitem(throttle.LIMITS, "token_endpoint", throttle.Limit(1, 600, burst=2))
    made = home.cli.json("client", "create", home.connection)
    answers = [fetch(home, GRANT, basic(made["client_id"], "wrong")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
    assert answers[-1].get_json()["error"] == "temporarily_unavailable"
    assert fetch(home, GRANT, basic(made["client_id"], made["client_secret"])).status_code == 200


def test_a_body_that_is_no_form_and_a_wrong_method_are_refused_in_json(home: Home) -> None:
    """The token endpoint takes POST with a form, nothing else."""
    address = f"/oauth/{home.connection}/token"
    assert home.client.post(address, json=GRANT).get_json()["error"] == "invalid_request"
    assert home.client.get(address).status_code == 405


def test_the_metadata_lead_to_the_token_endpoint(home: Home) -> None:
    """RFC 8414 sections 2 and 3.1: the issuer is the address without the well-known part."""
    answer = home.client.get(f"/.well-known/oauth-authorization-server/oauth/{home.connection}").get_json()
    base = "http://127.0.0.1:8000"
    assert answer == {
        "issuer": f"{base}/oauth/{home.connection}",
        "token_endpoint": f"{base}/oauth/{home.connection}/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
    }


def test_a_client_that_is_not_there(home: Home) -> None:
    """Told by its code."""
    assert home.cli.refused("client", "revoke", "x")["code"] == "client_not_found"
    assert home.cli.refused("client", "create", "x")["code"] == "connection_not_found"
    assert "connector client create" in home.cli.text("client", "list", home.connection)
