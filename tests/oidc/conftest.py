"""The whole application, an organization that signs in by OpenID Connect, and its provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.config import Settings
from connector.directory import sign_on as sign_ons
from connector.directory.sign_on_model import OidcSide, SignOn
from connector.directory.sign_on_settings import Options
from connector.storage import tables as t
from connector.web.house import House
from tests.oidc import provider as providers
from tests.oidc.provider import CLIENT, SECRET, Provider
from tests.support import databases
from tests.support.world import World, staged


@dataclass
class Site:
    """The application, and the provider it sends people to."""

    app: Flask
    world: World
    provider: Provider

    @property
    def house(self) -> House:
        """Its settings and database."""
        house: House = self.app.extensions["connector"]
        return house

    @property
    def sign_on(self) -> SignOn:
        """The connection as it is set up now."""
        return sign_ons.load(self.house.database, self.house.sealer, self.world.connection, self.house.settings.base_url)

    @property
    def side(self) -> OidcSide:
        """Its OpenID Connect side."""
        side = self.sign_on.oidc
        assert side is not None
        return side

    def configure(self, secret: str | None = SECRET, **chosen: Any) -> None:
        """An admin sets the connection up, or chooses something else."""
        side = OidcSide(self.provider.issuer, CLIENT, secret)
        given = {"options": Options(**chosen), "plain_http": True}
        sign_ons.configure_oidc(self.house.database, self.house.sealer, self.world.connection, side, **given)

    def browser(self) -> FlaskClient:
        """A browser that has never been here."""
        return self.app.test_client()

    def set_out(self, browser: FlaskClient) -> str:
        """A browser begins to sign in; returns where it is sent."""
        sent = browser.get(f"/sso/{self.world.connection}/login?next=/somewhere")
        assert sent.status_code == 303, sent.text
        return sent.headers["Location"]

    def arrive(self, browser: FlaskClient, answer: dict[str, Any]) -> TestResponse:
        """The provider sends the browser back."""
        path = f"/sso/{self.world.connection}/callback"
        return browser.get(path, query_string=answer, headers={"Accept": "application/json"})

    def sign_in(self, browser: FlaskClient | None = None, **claims: Any) -> TestResponse:
        """A browser goes all the way; `claims` change those of the ID token."""
        browser = browser or self.browser()
        return self.arrive(browser, self.provider.grant(self.set_out(browser), **claims))

    def refused(self, response: TestResponse, code: str, status: int = 403) -> None:
        """The answer is a refusal with that code, and nothing came of it but a trace."""
        assert (response.headers.get("X-Connector-Error"), response.status_code) == (code, status), response.text
        reference = response.get_json()["reference"]
        assert self.rows(t.Session) == 0
        assert self.rows(t.ExternalIdentity) == 0
        assert "Set-Cookie" not in response.headers
        with self.house.database.read() as tx:
            traced = tx.execute(select(t.SignInTrace.code).where(t.SignInTrace.reference == reference)).scalars().all()
        assert traced == [code]

    def rows(self, table: Any) -> int:
        """How many rows a table has."""
        with self.house.database.read() as tx:
            return tx.execute(select(func.count()).select_from(table)).scalar_one()

    def write(self, statement: Any) -> None:
        """Change rows as no verb would."""
        with self.house.database.engine.begin() as tx:
            tx.execute(statement)

    def traces(self) -> list[Any]:
        """The sign-in trace, oldest first."""
        with self.house.database.read() as tx:
            return list(tx.execute(select(t.SignInTrace).order_by(t.SignInTrace.id)))


def settings(url: str, folder: Path, **variables: str) -> Settings:
    """The settings of a site: addresses of this machine may be asked, and every site has the same secret key."""
    given = {"CONNECTOR_DATA_DIR": str(folder), "CONNECTOR_DATABASE_URL": url, "CONNECTOR_SECRET_KEY": "k" * 43}
    return Settings.from_environment(given | {"CONNECTOR_FETCH_PRIVATE": "1"} | variables)


def opened(url: str, folder: Path, provider: Provider, **variables: str) -> Site:
    """The application on an empty database, with an organization in `sso` that signs in through the provider."""
    app = create_app(settings(url, folder, **variables))
    world = staged(app.extensions["connector"].database)
    world.directory("off")
    world.activate()
    site = Site(app, world, provider)
    site.configure()
    return site


@pytest.fixture(scope="module")
def _server() -> Iterator[Provider]:
    with providers.serving() as served:
        yield served


@pytest.fixture
def provider(_server: Provider) -> Provider:
    """A genuine provider."""
    _server.reset()
    return _server


@pytest.fixture(scope="module")
def _prepared(run_directory: Path, tmp_path_factory: pytest.TempPathFactory, _server: Provider) -> Site:
    """A site that no test touches: its file is copied, which takes milliseconds."""
    folder = tmp_path_factory.mktemp("prepared")
    url = databases.copy_sqlite(databases.sqlite_template(run_directory), folder / "connector.db")
    site = opened(url, folder, _server)
    site.house.database.close()
    return site


@pytest.fixture
def site(_prepared: Site, provider: Provider, tmp_path: Path) -> Iterator[Site]:
    """The application on SQLite."""
    url = databases.copy_sqlite(_prepared.house.settings.data_dir / "connector.db", tmp_path / "connector.db")
    app = create_app(settings(url, tmp_path))
    house: House = app.extensions["connector"]
    yield Site(app, replace(_prepared.world, database=house.database), provider)
    house.database.close()


@pytest.fixture
def either_site(fresh_url: str, tmp_path: Path, provider: Provider) -> Iterator[Site]:
    """The application on SQLite, then on PostgreSQL."""
    site = opened(fresh_url, tmp_path, provider)
    yield site
    site.house.database.close()
