"""docs/api.md: each request that it shows is sent, in order, and answered as it says."""

from __future__ import annotations

import json
from pathlib import Path

from connector.app import create_app
from connector.config import Settings
from tests.accounts.people import organization
from tests.docs.shown import blocks, covers, send
from tests.support.api import Api

ADA = "ada@acme.example"

SHOWN = [(command, told) for command, told in blocks("docs/api.md") if command.startswith("curl ") and told]


def test_each_request_is_answered_as_the_page_says(sqlite_url: str, tmp_path: Path) -> None:
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
