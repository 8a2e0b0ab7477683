"""A whole SAML sign-in (validate, link, session, audit) against the bare library's `process_response` as shipped, in one process.

Both judge messages of the same form, response and assertion signed. The library is strict and asks for both signatures; it keeps
nothing, knows no request, no replay and no person. What is measured of connector is the request as a browser posts it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from onelogin.saml2.auth import OneLogin_Saml2_Auth

from connector.app import create_app
from connector.config import Settings
from connector.directory import connections, domains, plans, tokens, users
from connector.directory import sign_on as sign_ons
from connector.directory.model import Client
from connector.organizations import organizations
from connector.saml.metadata import read_metadata
from connector.scim.documents import read_user
from connector.storage.database import Database
from idp_fixtures.people import Person, person_id
from idp_fixtures.saml.logout import read_request
from idp_fixtures.saml.message import make
from idp_fixtures.saml.metadata import metadata
from idp_fixtures.saml.names import encoded
from idp_fixtures.saml.signing import inflated
from idp_fixtures.saml.vendors import VENDORS, Asked, answer_of

BASE = "https://id.example.com"
GOAL = 0.5
ROUNDS = 5
EACH = 40
"""Sign-ins of each kind in a round."""

PEOPLE = 50


@dataclass(frozen=True, slots=True)
class SignIns:
    """Sign-ins per second, the validations per second of the bare library, and the share: median, lowest and highest round."""

    rate: float
    bare: float
    share: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """A browser that was sent to the IdP, and the signed answer it comes back with."""

    client: FlaskClient
    form: bytes


def measure(url: str, data: str) -> SignIns:
    """Measure over this database, in turns."""
    settings = Settings.from_environment(
        {
            **os.environ,
            "CONNECTOR_DATABASE_URL": url,
            "CONNECTOR_DATA_DIR": data,
            "CONNECTOR_BASE_URL": BASE,
            "CONNECTOR_SECRET_KEY": "b",
        }
    )
    app = create_app(settings)
    database: Database = app.extensions["connector"].database
    connection = _connected(database)
    bare = _bare(connection)
    _timed(_posting(connection, _prepared(app, connection, 5)))
    rounds = [(_timed(_posting(connection, _prepared(app, connection, EACH))), _timed([bare] * EACH)) for _ in range(ROUNDS)]
    database.close()
    shares = [mine / theirs for mine, theirs in rounds]
    rate, library = (median(each) for each in zip(*rounds, strict=True))
    return SignIns(rate, library, median(shares), min(shares), max(shares))


def _timed(work: list[Callable[[], None]]) -> float:
    """How many of these are done in a second, one after the other."""
    begun = time.perf_counter()
    for each in work:
        each()
    return len(work) / (time.perf_counter() - begun)


def _connected(database: Database) -> str:
    """An organization whose directory is live and knows its people, who sign in through SAML."""
    home = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    domains.add(database, home, "acme.example", verified=True)
    connection = connections.create(database, home, "Okta", "okta", base_url=BASE).id
    client = Client(connection, home, tokens.create(database, home, connection).id, "", "")
    for name in range(PEOPLE):
        body = {"userName": f"p{name}@acme.example", "emails": [{"value": f"p{name}@acme.example", "primary": True}]}
        users.create_user(database, client, read_user(body))
    side = read_metadata(metadata(VENDORS["okta"]), datetime.now(UTC)).side
    sign_ons.configure_saml(database, connection, side)
    plans.carry_out(database, home, "activate", {"connection": connection})
    return connection


def _prepared(app: Flask, connection: str, count: int) -> Iterator[Prepared]:
    """So many sign-ins under way, each answered for another person."""
    for number in range(count):
        client = app.test_client()
        client.environ_base.update({"wsgi.url_scheme": "https", "HTTP_HOST": "id.example.com"})
        sent = parse_qs(urlsplit(client.get(f"/sso/{connection}/login").headers["Location"]).query)
        request = read_request(inflated(sent["SAMLRequest"][0]))
        form = {"SAMLResponse": _answer(connection, request.id, number % PEOPLE), "RelayState": sent["RelayState"][0]}
        yield Prepared(client, urlencode(form).encode())


def _answer(connection: str, request_id: str | None, number: int) -> str:
    email = f"p{number}@acme.example"
    person = Person(person_id(email), email, "Ada", "Lovelace", ("Engineering",))
    asked = Asked(f"{BASE}/sso/{connection}/acs", f"{BASE}/sso/{connection}/metadata", request_id)
    said: dict[str, Any] = {"now": datetime.now(UTC), "signs": ("assertion", "response")}
    return encoded(make(answer_of(VENDORS["okta"], person, asked, **said)))


def _posting(connection: str, prepared: Iterator[Prepared]) -> list[Callable[[], None]]:
    def post(each: Prepared) -> None:
        answer = each.client.post(f"/sso/{connection}/acs", data=each.form, content_type="application/x-www-form-urlencoded")
        if answer.status_code != 303:
            raise RuntimeError(f"a sign-in was answered {answer.status_code} {answer.headers.get('X-Connector-Error')}")

    return [lambda each=each: post(each) for each in prepared]  # type: ignore[misc]


def _bare(connection: str) -> Callable[[], None]:
    """The library, set up as its documentation says, with a message of the same form."""
    vendor, acs = VENDORS["okta"], f"{BASE}/sso/{connection}/acs"
    settings = {
        "strict": True,
        "sp": {"entityId": f"{BASE}/sso/{connection}/metadata", "assertionConsumerService": {"url": acs}},
        "idp": {
            "entityId": vendor.issuer,
            "singleSignOnService": {"url": vendor.sso_url},
            "x509cert": vendor.signer.key.certificate_body,
        },
        "security": {"wantAssertionsSigned": True, "wantMessagesSigned": True},
    }
    message = _answer(connection, "_request", 0)
    request = {
        "https": "on",
        "http_host": "id.example.com",
        "script_name": f"/sso/{connection}/acs",
        "get_data": {},
        "post_data": {"SAMLResponse": message},
    }

    def judge() -> None:
        judged = OneLogin_Saml2_Auth(request, settings)
        judged.process_response(request_id="_request")
        if not judged.is_authenticated():
            raise RuntimeError(f"the library refuses: {judged.get_last_error_reason()}")

    return judge
