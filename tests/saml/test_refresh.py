"""Metadata are fetched again every day; a bad answer changes nothing but what is said of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connector import upkeep
from connector.config import Settings
from connector.directory import sign_on as sign_ons
from connector.directory.sign_on_model import SamlSide
from connector.errors import ConnectorError
from connector.outbound.fetch import Fetcher
from connector.saml.metadata import read_metadata
from connector.saml.refresh import refresh, refresh_due
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.metadata import Published, metadata
from idp_fixtures.saml.vendors import VENDORS
from tests.directory.homes import BASE, Home, make

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OKTA = VENDORS["okta"]
FETCHER = Fetcher(private_allowed=True)


@dataclass
class Publisher:
    """A server that publishes metadata."""

    url: str
    status: int = 200
    body: bytes = field(default_factory=lambda: metadata(OKTA))


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """One on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(published.status)
            self.end_headers()
            self.wfile.write(published.body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published = Publisher(f"http://127.0.0.1:{server.server_port}/metadata")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield published
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home(database: Database, publisher: Publisher) -> Home:
    """A connection whose metadata were read a day ago."""
    home = make(database)
    side = read_metadata(publisher.body, NOW).side
    sign_ons.configure_saml(database, home.connection, side, metadata_url=publisher.url, now=NOW - timedelta(days=1))
    return home


def side_of(database: Database, home: Home) -> SamlSide:
    """What is known of the identity provider."""
    saml = sign_ons.load(database, Sealer(("k" * 43,)), home.connection, BASE, now=NOW).saml
    assert saml is not None
    return saml


def test_a_new_certificate_comes_and_the_old_one_stays_for_a_while(database: Database, home: Home, publisher: Publisher) -> None:
    """Once a day; then nothing is due."""
    publisher.body = metadata(OKTA, Published(keys=(key_pair("okta-next"),)))
    assert refresh_due(database, FETCHER, NOW) == 1
    found = {each.fingerprint: each.leaves_at for each in side_of(database, home).certificates}
    assert found == {key_pair("okta-next").fingerprint: None, key_pair("okta").fingerprint: NOW + sign_ons.GRACE}
    publisher.status = 500
    assert refresh_due(database, FETCHER, NOW + timedelta(hours=2)) == 0
    assert sign_ons.metadata_state(database, home.connection).error is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b"", "metadata_not_found"),
        (200, b"<html/>", "metadata_no_idp"),
        (200, b"<x" * 900_000, "fetch_too_large"),
        (302, b"", "fetch_redirected"),
        (200, metadata(VENDORS["ping"]), "metadata_of_another"),
        (200, metadata(OKTA, Published(valid_until=NOW - timedelta(days=1))), "metadata_expired"),
    ],
)
def test_a_bad_answer_keeps_what_is_known(
    database: Database, home: Home, publisher: Publisher, status: int, body: bytes, code: str
) -> None:
    """And says what was wrong, to who asked for it and to the admins; the others that are due are refreshed all the same."""
    before = side_of(database, home)
    publisher.status, publisher.body = status, body
    with pytest.raises(ConnectorError) as caught:
        refresh(database, FETCHER, home.connection, publisher.url, NOW)
    assert caught.value.code == code
    assert side_of(database, home) == before
    assert sign_ons.metadata_state(database, home.connection).error == caught.value.detail
    assert refresh_due(database, FETCHER, NOW + timedelta(days=2)) == 0


def test_the_thread_beside_the_server_refreshes_what_is_due(
    database: Database, home: Home, publisher: Publisher, tmp_path: Path
) -> None:
    """Without anybody asking."""
    publisher.body = metadata(OKTA, Published(keys=(key_pair("okta"), key_pair("okta-next"))))
    given = {"CONNECTOR_DATA_DIR": str(tmp_path), "CONNECTOR_FETCH_PRIVATE": "1"}
    stop = upkeep.start(database, Settings.from_environment(given))
    try:
        deadline = time.monotonic() + 20
        while len(side_of(database, home).certificates) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop()
