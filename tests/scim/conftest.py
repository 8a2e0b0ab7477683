"""An identity provider at the door: the blueprint in process, over real verbs and a real database, SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.directory import connections, tokens
from connector.organizations import organizations
from connector.scim.resources import blueprint
from connector.storage.database import Database

BASE = "https://connector.example"


@dataclass(frozen=True)
class Idp:
    """Sends requests with a token of one connection. `get` and its like return the answer of HTTP."""

    http: FlaskClient
    connection_id: str
    token: str
    database: Database

    @property
    def base(self) -> str:
        """The SCIM base URL as connector tells it."""
        return f"{BASE}/scim/v2/{self.connection_id}"

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request; a `body` goes as application/scim+json."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options = {"json": body, "content_type": "application/scim+json; charset=utf-8", **options}
        return self.http.open(f"/scim/v2/{self.connection_id}{path}", method=method, headers=headers, **options)

    def get(self, path: str, **query: str) -> TestResponse:
        """GET with query parameters."""
        return self.send("GET", path, query_string=query)

    def made(self, kind: str, **attributes: Any) -> dict[str, Any]:
        """Create a user or group and return it as answered."""
        answer = self.send("POST", f"/{kind}", attributes)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.get_json(force=True)
        return created


def small_app(database: Database) -> Flask:
    """The blueprint and what it needs, nothing else."""
    app = Flask("small")
    app.extensions["connector"] = SimpleNamespace(
        database=database, settings=SimpleNamespace(base_url=BASE, secret_keys=("a key of this test",))
    )
    app.register_blueprint(blueprint)
    return app


def new_idp(database: Database, slug: str) -> Idp:
    """An organization with a connection whose directory is staged, and a token of it."""
    organization = organizations.create(database, slug, slug.title(), f"owner@{slug}.example")
    connection = connections.create(database, organization.id, "Test", "generic", base_url=BASE)
    token = tokens.create(database, organization.id, connection.id).token
    return Idp(small_app(database).test_client(), connection.id, token, database)


@pytest.fixture
def idp(database: Database) -> Idp:
    """The identity provider of the organization acme."""
    return new_idp(database, "acme")
