"""The whole application, a connection to an imitated SAML identity provider, and browsers that go there and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.config import Settings
from connector.directory import sign_on as sign_ons
from connector.directory.sign_on_settings import Options
from connector.saml.metadata import read_metadata
from connector.storage import tables as t
from connector.storage.database import Database
from connector.web.house import House
from idp_fixtures.people import Person
from idp_fixtures.saml.logout import Request, read_request
from idp_fixtures.saml.message import make
from idp_fixtures.saml.metadata import Published, metadata
from idp_fixtures.saml.names import encoded
from idp_fixtures.saml.signing import inflated
from idp_fixtures.saml.vendors import VENDORS, Asked, answer_of
from tests.saml.samples import ADA
from tests.support.world import World, staged

BASE = "https://id.example.com"


@dataclass(frozen=True)
class Site:
    """The application with one organization, whose people sign in through Okta."""

    app: Flask
    world: World
    vendor: str = "okta"

    @property
    def house(self) -> House:
        """Its settings and database."""
        house: House = self.app.extensions["connector"]
        return house

    @property
    def database(self) -> Database:
        """Where it keeps everything."""
        return self.house.database

    def address(self, name: str) -> str:
        """One of the connection's addresses: `login`, `acs`, `metadata`, `logout`, `confirm`."""
        return f"{BASE}/sso/{self.world.connection}/{name}"

    def browser(self) -> FlaskClient:
        """A browser that has never been here."""
        client = self.app.test_client()
        client.environ_base.update({"HTTP_ACCEPT": "text/html", "wsgi.url_scheme": "https", "HTTP_HOST": "id.example.com"})
        return client

    def configure(self, published: Published | None = None, **options: Any) -> None:
        """Tell the connection its identity provider's metadata; keyword arguments are an admin's choices."""
        said = read_metadata(metadata(VENDORS[self.vendor], published), datetime.now(UTC))
        sign_ons.configure_saml(self.database, self.world.connection, said.side, options=Options(**options))

    def answer(self, request_id: str | None, person: Person = ADA, **changes: Any) -> str:
        """What the identity provider answers now, as the form carries it."""
        asked = Asked(self.address("acs"), self.address("metadata"), request_id)
        return encoded(make(answer_of(VENDORS[self.vendor], person, asked, **{"now": datetime.now(UTC), **changes})))

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        with self.database.read() as tx:
            return len(tx.execute(select(table.__table__)).all())

    def traces(self) -> list[Any]:
        """The sign-in trace, oldest first."""
        with self.database.read() as tx:
            return list(tx.execute(select(t.SignInTrace.__table__).order_by(t.SignInTrace.id)))


@dataclass(frozen=True)
class Journey:
    """A browser that was sent to the identity provider: with which request, and which RelayState."""

    site: Site
    client: FlaskClient
    request: Request
    relay_state: str

    def post(self, message: str, client: FlaskClient | None = None, **fields: str) -> TestResponse:
        """The identity provider's form arrives."""
        form = {"SAMLResponse": message, "RelayState": self.relay_state, **fields}
        return (client or self.client).post(f"/sso/{self.site.world.connection}/acs", data=form)

    def arrive(self, **changes: Any) -> TestResponse:
        """The identity provider answers what was asked."""
        return self.post(self.site.answer(self.request.id, **changes))


def set_out(site: Site, client: FlaskClient | None = None, path: str = "") -> Journey:
    """A browser begins to sign in, and is redirected to the identity provider."""
    client = client or site.browser()
    sent = client.get(path or f"/sso/{site.world.connection}/login")
    assert sent.status_code == 303, sent.text
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    return Journey(site, client, read_request(inflated(query["SAMLRequest"][0])), query["RelayState"][0])


@pytest.fixture(scope="session")
def _app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application for all tests of a worker: `site` gives it the database of the test."""
    given = {"DATA_DIR": str(tmp_path_factory.mktemp("saml")), "BASE_URL": BASE, "SECRET_KEY": "k" * 43}
    return create_app(Settings.from_environment({f"CONNECTOR_{name}": value for name, value in given.items()}))


@pytest.fixture
def site(_app: Flask, database: Database) -> Site:
    """The application on SQLite, then on PostgreSQL."""
    _app.extensions["connector"] = replace(_app.extensions["connector"], database=database)
    world = staged(database, verified=("acme.example",))
    world.directory("off")
    world.activate()
    site = Site(_app, world)
    site.configure()
    return site
