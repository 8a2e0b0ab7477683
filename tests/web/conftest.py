"""The whole application with browsers in front of it, and an identity provider whose word is taken.

Its protocol is the smallest there can be: the address it sends to carries the token, and the answer brings it back with the name
of who signed in. Everything before and after is what SAML and OpenID Connect share.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.config import Settings
from connector.directory import connections, trial_record
from connector.directory import sign_on as sign_ons
from connector.directory.sign_on_model import OidcSide, SignOn
from connector.errors import ConnectorError
from connector.membership.identity import LogoutHandle, Profile, SubjectId, VerifiedIdentity
from connector.storage import tables as t
from connector.web import pages, sso
from connector.web.house import House
from connector.web.sso import Begun, Protocol
from tests.support.world import World, staged

IDP = "https://idp.example.com"
_messages = itertools.count()


def answer(connection_id: str) -> Response:
    """The answer of the identity provider: `state` and `who`."""
    sign_on = sso.load(connection_id)
    try:
        pending = sso.pending(connection_id, request.values.get("state", ""))
        identity = identity_of(sign_on, request.values["who"])
    except ConnectorError as error:
        return sso.refuse(error, sign_on, "check", {"issuer": "seen"})
    return sso.complete(sign_on, identity, pending)


def identity_of(sign_on: SignOn, who: str) -> VerifiedIdentity:
    """Somebody of the identity provider: `NAME` is `NAME@acme.example`; a whole address is taken as it is."""
    email = who if "@" in who else f"{who}@acme.example"
    profile = Profile(email, user_name=email, display_name=who.title())
    until = datetime.now(UTC) + timedelta(minutes=5)
    handle = LogoutHandle(f"sub-{who}", {}, "1")
    subject = SubjectId(IDP, "sub", f"sub-{who}")
    message = f"message-{next(_messages)}"
    return VerifiedIdentity(sign_on.connection_id, "oidc", subject, profile, {"dept": ("R&D",)}, message, until, logout=handle)


def _start(_: SignOn, begun: Begun) -> Response:
    return pages.redirect(f"{IDP}/authorize?state={begun.token}")


def _leave(_: SignOn, handle: LogoutHandle) -> Response:
    return pages.redirect(f"{IDP}/logout?hint={handle.name_id}")


PROTOCOL = Protocol(_start, lambda _: Response("described"), lambda _: Response("left"), _leave, lambda _: ())


@dataclass(frozen=True)
class Site:
    """The application, and what its operator and its identity providers do."""

    app: Flask
    base_url: str

    @property
    def house(self) -> House:
        """Its settings and database."""
        house: House = self.app.extensions["connector"]
        return house

    def browser(self) -> FlaskClient:
        """A browser that has never been here, and opens pages under the base URL."""
        client = self.app.test_client()
        parts = urlsplit(self.base_url)
        client.environ_base.update({"HTTP_ACCEPT": "text/html,*/*;q=0.8", "wsgi.url_scheme": parts.scheme})
        client.environ_base.update({"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
        return client

    def organization(self, slug: str = "acme") -> World:
        """An organization in `sso`, whose one connection signs people in and has no directory."""
        world = staged(self.house.database, slug=slug, verified=(f"{slug}.example",))
        world.directory("off")
        world.activate()
        self.sign_on(world.connection)
        return world

    def another(self, world: World, name: str) -> str:
        """Another connection of the organization that signs people in; returns its id."""
        made = connections.create(self.house.database, world.organization, name, "entra", base_url=self.base_url).id
        self.sign_on(made)
        self.state(made, "active")
        return made

    def sign_on(self, connection: str) -> None:
        """Tell the connection who its identity provider is."""
        side = OidcSide(IDP, "client", "secret")
        sign_ons.configure_oidc(self.house.database, self.house.sealer, connection, side)

    def state(self, connection: str, state: str) -> None:
        """Put a connection into a state."""
        change = update(t.Connection).where(t.Connection.id == connection).values(state=state)
        self.house.database.write(lambda tx: tx.execute(change))

    def test_path(self, connection: str) -> str:
        """The path of a new test link."""
        home, base = connections.organization_of(self.house.database, connection), self.base_url
        return trial_record.make_link(self.house.database, home, connection, base).removeprefix(base)

    def traces(self) -> list[Any]:
        """The sign-in trace, oldest first."""
        with self.house.database.read() as tx:
            return list(tx.execute(select(t.SignInTrace).order_by(t.SignInTrace.id)))

    def sessions(self) -> int:
        """How many sessions there are."""
        with self.house.database.read() as tx:
            return len(tx.execute(select(t.Session.id)).all())


@dataclass(frozen=True)
class Journey:
    """A browser on its way through an identity provider."""

    client: FlaskClient
    connection: str
    token: str

    def arrive(self, who: str = "ada", **more: Any) -> TestResponse:
        """The identity provider sends the browser back."""
        path = f"/sso/{more.pop('connection', self.connection)}/answer"
        return self.client.get(path, query_string={"state": self.token, "who": who}, **more)


def set_out(client: FlaskClient, connection: str, path: str | None = None) -> Journey:
    """A browser begins to sign in through a connection."""
    sent = client.get(path or f"/sso/{connection}/login")
    assert sent.status_code == 303, sent.text
    return Journey(client, connection, parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0])


def sign_in(client: FlaskClient, connection: str, who: str = "ada") -> TestResponse:
    """A browser signs in through a connection; returns the last answer."""
    return set_out(client, connection).arrive(who)


def site_on(url: str, folder: Path, **variables: str) -> Site:
    """The application on a database, with the settings given."""
    given = {"CONNECTOR_DATA_DIR": str(folder), "CONNECTOR_DATABASE_URL": url}
    settings = Settings.from_environment(given | {f"CONNECTOR_{name}": value for name, value in variables.items()})
    app = create_app(settings)
    app.extensions["connector"] = replace(app.extensions["connector"], protocols={"oidc": PROTOCOL, "saml": PROTOCOL})
    app.add_url_rule("/sso/<connection_id>/answer", view_func=answer, methods=["GET", "POST"])
    return Site(app, settings.base_url)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The application over plain http, as on a laptop."""
    site = site_on(sqlite_url, tmp_path)
    yield site
    site.house.database.close()


@pytest.fixture
def safe_site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The application behind TLS, under a path of its own."""
    site = site_on(sqlite_url, tmp_path, BASE_URL="https://id.example.com/connector", SECRET_KEY="k" * 43)
    yield site
    site.house.database.close()


@pytest.fixture
def either_site(fresh_url: str, tmp_path: Path) -> Iterator[Site]:
    """The application on SQLite, then on PostgreSQL."""
    site = site_on(fresh_url, tmp_path)
    yield site
    site.house.database.close()
