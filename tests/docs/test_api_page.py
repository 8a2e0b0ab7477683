"""docs/api.md: each request that it shows is sent, in order, and answered as it says."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from connector.app import create_app
from connector.config import Settings
from tests.accounts.people import organization
from tests.docs.pages import read
from tests.support.api import Answer, Api, Client

ADA = "ada@acme.example"
ANYTHING = "…"

SHOWN = re.findall(r"```\n(curl .*?)```\n\n```json\n(.*?)```", read("docs/api.md"), re.DOTALL)


def test_each_request_is_answered_as_the_page_says(sqlite_url: str, tmp_path: Any) -> None:
    """What an answer is shown to have it has; it may have more. `…` is anything."""
    folder = {"CONNECTOR_DATA_DIR": str(tmp_path), "CONNECTOR_DATABASE_URL": sqlite_url}
    app = create_app(Settings.from_environment(folder))
    api = Api(app, app.extensions["connector"].database)
    organization(api.database, "acme", ADA)
    api.as_(ADA), api.as_(ADA)
    ada, known = api.key(ADA), {"ETAG": "", "CURSOR": ""}
    for command, wanted in SHOWN:
        answer = send(ada, command, known)
        assert covers(answer.json, json.loads(wanted)), f"{command}\n{answer.text}"
        known["ETAG"] = known["ETAG"] if "PATCH" in command else answer.headers.get("ETag", "")
        known["CURSOR"] = answer.json.get("next_cursor") or ""
    api.database.close()


def test_the_page_shows_requests_of_every_kind() -> None:
    """Otherwise the test above would be empty."""
    assert len(SHOWN) >= 8
    for name in ("If-Match", "Idempotency-Key", "X-Workspace", "cursor="):
        assert any(name in command for command, _ in SHOWN), name


def send(client: Client, command: str, known: dict[str, str]) -> Answer:
    """Do what curl would."""
    words = shlex.split(command.replace("\\\n", " "))[1:]
    method, path, body, headers = "GET", "", None, {}
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            body = words.pop(0).encode()
        elif word == "-H":
            name, _, value = filled(words.pop(0), known).partition(": ")
            headers[name] = value
        else:
            path = filled(word, known)
    assert headers.pop("Authorization") == "Bearer $KEY"
    return client.send(method, path, data=body, headers=headers)


def filled(text: str, known: dict[str, str]) -> str:
    """The text with what the shell would put into it; the key is the client's own."""
    for name, value in {"BASE": "", **known}.items():
        text = text.replace(f"${name}", value)
    return text


def covers(had: Any, wanted: Any) -> bool:
    """Whether an answer has what is shown of it."""
    if wanted == ANYTHING:
        return isinstance(had, str) and had != ""
    if isinstance(wanted, dict):
        return isinstance(had, dict) and all(name in had and covers(had[name], each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(had, list) and len(had) == len(wanted) and all(map(covers, had, wanted))
    return bool(had == wanted)
