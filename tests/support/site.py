"""The whole application over real HTTP on loopback, in threads of this process, so that its database is at hand for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from connector.accounts import mail, persons
from connector.accounts.sessions import Proof, Visitor
from connector.accounts.sessions import open as open_session
from connector.app import create_app
from connector.config import Settings
from connector.storage.database import Database
from connector.web.house import House
from idp_fixtures.idp import Provider
from idp_fixtures.idp import serving as serving_idp
from idp_fixtures.keys import key_pair

SECRET_KEY = "k" * 43
"""Of every site, so that a database furnished by one opens to another."""

LINK = Proof("email_link")


@dataclass(frozen=True)
class Site:
    """A served application. Browsers reach it at `localhost`, and identity providers at `127.0.0.1`: to a browser that is another
    site, as it is out in the world."""

    app: Flask
    port: int

    @property
    def house(self) -> House:
        """Its settings and database."""
        house: House = self.app.extensions["connector"]
        return house

    @property
    def base_url(self) -> str:
        """Where browsers find it."""
        return self.house.settings.base_url

    @property
    def database(self) -> Database:
        """Its database."""
        return self.house.database

    def session(self, email: str, *proofs: Proof) -> str:
        """A session token of whoever holds this verified address, made if need be: by e-mail link, or by these proofs."""
        now, token = datetime.now(UTC), None
        person = self.database.write(lambda tx: persons.find_or_make(tx, email, now))
        for proof in proofs or (LINK,):
            visitor = Visitor("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", token)
            token = self.database.write(
                lambda tx, proof=proof, visitor=visitor: open_session(tx, person, proof, visitor, now)  # type: ignore[misc]
            )
        assert token
        return token

    def mails(self, recipient: str) -> list[EmailMessage]:
        """Send what waits, and return everything somebody got, oldest first."""
        house = self.house
        mail.deliver(house.database, house.settings, house.sealer, datetime.now(UTC))
        outbox = Path(house.settings.data_dir) / "outbox"
        read = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(outbox.glob("*.eml"), key=_written)]
        return [each for each in read if each["To"] == recipient]


def _certificate(folder: Path) -> tuple[str, str]:
    """The files of a certificate and its key."""
    pair = key_pair("site")
    files = (folder / "certificate.pem", folder / "key.pem")
    for file, text in zip(files, (pair.certificate, pair.private_key), strict=True):
        file.write_text(text)
    return str(files[0]), str(files[1])


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns


class _Quiet(WSGIRequestHandler):
    """Serves without a line for every request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - as Werkzeug calls it
        """Say nothing."""


@contextmanager
def served(url: str, folder: Path, *, base_url: str = "http://localhost:{port}") -> Iterator[Site]:
    """Serve the database at `url` until the block ends; `folder` is the data directory. A base URL of https is served as such,
    by a certificate that nobody vouches for."""
    tls = _certificate(folder) if base_url.startswith("https:") else None
    server = make_server("127.0.0.1", 0, lambda _environ, _start: (), threaded=True, request_handler=_Quiet, ssl_context=tls)
    server.daemon_threads = True  # type: ignore[attr-defined]
    given = {
        "CONNECTOR_BASE_URL": base_url.format(port=server.server_port),
        "CONNECTOR_DATA_DIR": str(folder),
        "CONNECTOR_DATABASE_URL": url,
        "CONNECTOR_FETCH_PRIVATE": "1",
        "CONNECTOR_SECRET_KEY": SECRET_KEY,
    }
    server.app = create_app(Settings.from_environment(given))
    site = Site(server.app, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        site.database.close()


@contextmanager
def identity_provider(vendor: str = "okta", name: str = "Acme ID") -> Iterator[Provider]:
    """An identity provider on loopback with the people of `idp_fixtures`, which knows no application yet."""
    with serving_idp(Provider(vendor=vendor, name=name)) as idp:
        yield idp
