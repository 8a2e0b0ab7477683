"""A server process with one connection behind it, shared by the tests of this room."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.directory import tokens
from connector.storage.database import Database
from tests.hostile.raw import Answer, exchange
from tests.support import databases, server, world

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass(frozen=True)
class Door:
    """A server seen from outside, with a token that opens it."""

    port: int
    base: str
    token: str
    process: int
    log: Path

    def head(self, method: str, path: str, **headers: str) -> bytes:
        """The head of an authenticated request, up to its empty line. Underscores in names of headers are hyphens."""
        fields = {"Host": "a", "Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {self.base}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One whole request and its answer."""
        return exchange(self.port, [self.head(method, path, Content_Length=str(len(body)), **headers) + body])

    def say(self, method: str, path: str, body: Any) -> Answer:
        """The same, with a body that is written as JSON."""
        return self.send(method, path, json.dumps(body).encode())

    def logged(self) -> str:
        """Everything the server has written."""
        return self.log.read_text()

    def resident(self) -> int:
        """Bytes of memory that the workers hold."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(int(Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in children)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server on SQLite, then one on PostgreSQL."""
    yield from _opened(request, run_directory, tmp_path_factory.mktemp("hostile"), request.param)


@pytest.fixture(scope="session")
def door(request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server on SQLite, for what never reaches a database."""
    yield from _opened(request, run_directory, tmp_path_factory.mktemp("hostile"), "sqlite")


def _opened(request: pytest.FixtureRequest, run_directory: Path, folder: Path, kind: str) -> Iterator[Door]:
    if kind == "sqlite":
        url = databases.copy_sqlite(databases.sqlite_template(run_directory), folder / "connector.db")
    else:
        postgres = request.getfixturevalue("postgres_server")
        url = databases.clone_postgresql(postgres, databases.postgresql_template(run_directory, postgres))
    base, token = _filled(url)
    with server.serving(url, folder, workers=1) as running:
        yield Door(running.port, base, token, running.process.pid, folder / "server.log")
    if kind == "postgresql":
        databases.drop_postgresql(url_of_server(url), databases.name_in(url))


def _filled(url: str) -> tuple[str, str]:
    database = Database.open(url)
    acme = world.live(database)
    token = tokens.create(database, acme.connection).token
    database.close()
    return f"/scim/v2/{acme.connection}", token


def url_of_server(url: str) -> str:
    """The server of a database, at a database to give commands in."""
    return databases.of(url, "postgres")


def operation(op: str, path: str | None = None, **rest: Any) -> Mapping[str, Any]:
    """One operation of a PATCH."""
    return {"op": op, **({"path": path} if path is not None else {}), **rest}
