"""The whole application with two organizations, and what an attack must not have changed in it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.config import Settings
from connector.directory import connections, domains, plans
from connector.directory.connections import ConnectionView
from connector.organizations import organizations
from connector.storage import tables as t
from connector.storage.database import Database
from connector.web.house import House
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Reply

BASE = "https://id.example.com"
SESSION = "__Host-connector_session"
LONGEST = 5.0
"""Seconds that a refusal may take, on a machine that is busy with other tests."""

_WHO = (t.Person, t.Membership, t.ExternalIdentity, t.Address, t.Assignment)


@dataclass(slots=True)
class Arena:
    """Two processes of connector on one database. `entered` counts the session cookies that were given out."""

    apps: tuple[Flask, Flask]
    database: Database
    entered: int = 0
    replies: list[Reply] = field(default_factory=list)

    @property
    def house(self) -> House:
        """What the first process has."""
        house: House = self.apps[0].extensions["connector"]
        return house

    def browser(self) -> AppBrowser:
        """A browser without cookies, at an address of its own."""
        octets = (198, 18, random.randrange(256), random.randrange(1, 255))
        return AppBrowser(self, self.apps[0].test_client(), ".".join(map(str, octets)))

    def who(self) -> tuple[int, ...]:
        """How many people, memberships, identities, addresses and assignments there are."""
        with self.database.read() as tx:
            return tuple(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in _WHO)

    def sessions(self) -> int:
        """How many sessions there are."""
        with self.database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(t.Session)).scalar_one())

    def traced(self, reference: str) -> str | None:
        """The code that the trace has for a reference."""
        with self.database.read() as tx:
            return tx.execute(select(t.SignInTrace.code).where(t.SignInTrace.reference == reference)).scalar_one_or_none()

    def faults(self, attempt: Attempt) -> list[str]:
        """What is wrong with the answer to an attack; nothing when it is a refusal as it should be."""
        reply, found = attempt.reply, []
        if not 400 <= reply.status < 500:
            found.append(f"status {reply.status}")
        if reply.code not in attempt.codes:
            found.append(f"code {reply.code!r}, expected {' or '.join(attempt.codes)}")
        if SESSION in reply.headers.get("set-cookie", ""):
            found.append("a session cookie")
        reference = _reference(reply)
        if not reference:
            found.append("no reference")
        elif self.traced(reference) != reply.code:
            found.append(f"the trace has {self.traced(reference)!r}")
        if reply.seconds > LONGEST:
            found.append(f"{reply.seconds:.1f} seconds")
        return [f"{attempt.form}: {', '.join(found)}"] if found else []


@dataclass(frozen=True, slots=True)
class AppBrowser:
    """A browser of the arena, without a network in between."""

    arena: Arena
    client: FlaskClient
    address: str

    def get(self, url: str) -> Reply:
        """Ask for an address."""
        return self._ask("GET", url)

    def post(self, url: str, form: Mapping[str, str]) -> Reply:
        """Send a form, as a page of the identity provider does."""
        return self._ask("POST", url, form)

    def elsewhere(self) -> AppBrowser:
        """The same cookies, at the other process."""
        other = self.arena.apps[1].test_client()
        other._cookies = dict(self.client._cookies or {})
        return AppBrowser(self.arena, other, self.address)

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Reply:
        began = time.perf_counter()
        response = self.client.open(
            url.removeprefix(BASE),
            method=method,
            base_url=BASE,
            data=dict(form) if form is not None else None,
            headers={"Accept": "application/json"},
            environ_overrides={"REMOTE_ADDR": self.address},
        )
        reply = _reply(response, time.perf_counter() - began)
        self.arena.entered += SESSION + "=" in reply.headers.get("set-cookie", "")
        return reply


def _reply(response: TestResponse, seconds: float) -> Reply:
    headers = {name.lower(): ", ".join(response.headers.getlist(name)) for name in response.headers.keys()}  # noqa: SIM118
    return Reply(response.status_code, headers, response.get_data(as_text=True), seconds)


def _reference(reply: Reply) -> str:
    """The correlation id of a refusal, which people see as well."""
    return reply.headers.get("x-connector-reference", "")


def build(url: str, folder: Path) -> Arena:
    """The application twice on the database at `url`."""
    given = {"CONNECTOR_DATA_DIR": str(folder), "CONNECTOR_DATABASE_URL": url, "CONNECTOR_BASE_URL": BASE}
    given |= {"CONNECTOR_SECRET_KEY": "k" * 43, "CONNECTOR_FETCH_PRIVATE": "1"}
    settings = Settings.from_environment(given)
    apps = (create_app(settings), create_app(settings))
    return Arena(apps, apps[0].extensions["connector"].database)


def organization(database: Database, slug: str) -> str:
    """An organization that has verified SLUG.example; returns its id."""
    made = organizations.create(database, slug, slug.title(), f"owner@{slug}.example").id
    domains.add(database, made, f"{slug}.example", verified=True)
    return made


def connection(database: Database, organization_id: str, name: str, idp: str = "generic") -> ConnectionView:
    """A connection that makes members of whoever signs in."""
    return connections.create(database, organization_id, name, idp, jit="on", base_url=BASE)


def activate(database: Database, organization_id: str, connection_id: str) -> None:
    """Take a connection live."""
    plans.carry_out(database, organization_id, "activate", {"connection": connection_id})


def path(url: str) -> str:
    """The path of an address."""
    return urlsplit(url).path
