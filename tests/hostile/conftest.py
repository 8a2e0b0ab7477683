"""Server processes with one connection behind them, shared by the tests of this room."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.directory import tokens
from connector.storage.database import Database
from tests.hostile.raw import Answer, exchange
from tests.support import databases, server, world

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


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

    def made(self, kind: str, **said: Any) -> str:
        """Create a user or a group; returns its address, as /Users/0195."""
        answer = self.say("POST", f"/{kind}", said)
        assert answer.status == 201, answer.body
        return f"/{kind}/{json.loads(answer.body)['id']}"

    def patch(self, path: str, *operations: Any) -> Answer:
        """Send a PatchOp."""
        return self.say("PATCH", path, {"schemas": [PATCH_OP], "Operations": operations})

    def logged(self) -> str:
        """Everything the server has written."""
        return self.log.read_text()

    def resident(self) -> int:
        """Bytes of memory that the workers hold."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(int(Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in children)


@pytest.fixture(scope="session")
def doors(
    request: pytest.FixtureRequest, run_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Door]]:
    """Opens a server on a kind of database when it is first asked for, and closes all of them."""
    with ExitStack() as stack:

        @cache
        def door(kind: str) -> Door:
            folder = tmp_path_factory.mktemp("hostile")
            if kind == "sqlite":
                url = databases.copy_sqlite(databases.sqlite_template(run_directory), folder / "connector.db")
                return stack.enter_context(_opened(url, folder))
            postgres = request.getfixturevalue("postgres_server")
            url = databases.clone_postgresql(postgres, databases.postgresql_template(run_directory, postgres))
            stack.callback(databases.drop_postgresql, postgres, databases.name_in(url))
            return stack.enter_context(_opened(url, folder))

        yield door


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[Door]:
    database = Database.open(url)
    acme = world.live(database)
    token = tokens.create(database, acme.organization, acme.connection).token
    database.close()
    with server.serving(url, folder, workers=1) as running:
        yield Door(running.port, f"/scim/v2/{acme.connection}", token, running.process.pid, folder / "server.log")


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, doors: Callable[[str], Door]) -> Door:
    """A server on SQLite, then one on PostgreSQL."""
    return doors(request.param)


@pytest.fixture
def door(doors: Callable[[str], Door]) -> Door:
    """A server on SQLite, for what never reaches a database."""
    return doors("sqlite")
