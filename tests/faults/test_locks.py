"""A lock that is held for long stops those who need it, for a bounded time, and nobody else: measured with a clock.

The locks here are held from outside, as a hanging session would. So many clients want what is locked that they would take every
thread of the server.
"""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from connector.app import create_app
from connector.cli.lanes import Lanes
from connector.config import Settings
from connector.directory import tokens
from connector.provisioning.corridor import Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from tests.faults.watch import Answer, Request, Watch, ask, listing, renaming, touching, watching
from tests.support import server, world

HAMMERS = 16
"""Clients that want what is locked: as many as two processes have threads."""

HELD = 7.0
"""Seconds of the lock: more than twice what a statement waits for it."""

BOUND = 12.0
"""Seconds after which everybody has an answer: 3 for a thread, 3 for a turn at the lock, 3 for the lock, and a busy machine."""

SLOWEST = 2.75
"""Seconds that nobody else waits for; who had to wait for a thread or a lock would wait for three."""


@dataclass(frozen=True)
class Tenant:
    """One organization as its identity provider sees it."""

    home: world.World
    token: str
    groups: tuple[str, str]
    user: str

    @property
    def base(self) -> str:
        """Where its SCIM is."""
        return f"/scim/v2/{self.home.connection}"

    def patch(self, which: int) -> Request:
        """A PATCH of one of its two groups."""
        return touching(self.base, self.token, self.groups[which])

    def rename(self) -> Request:
        """A PATCH of its user."""
        return renaming(self.base, self.token, self.user)

    def read(self) -> Request:
        """A list."""
        return listing(self.base, self.token)


@dataclass(frozen=True)
class Town:
    """Two organizations behind one server."""

    database: Database
    acme: Tenant
    globex: Tenant
    port: int

    def watches(self, *requests: Request) -> list[Watch]:
        """Clients with some time between their requests, and one that asks whether the server lives."""
        return [Watch(self.port, request) for request in (*requests, Request("GET", "/healthz"))]

    def hammers(self, request: Request) -> list[Watch]:
        """Clients without pause."""
        return [Watch(self.port, request, pause=0) for _ in range(HAMMERS)]


def settled(database: Database, slug: str) -> Tenant:
    """A live organization with a user and two groups."""
    home = world.live(database, slug=slug, verified=(f"{slug}.example",))
    user = home.create("ada", email=f"ada@{slug}.example")
    groups = (home.group("Engineering", user), home.group("Sales", user))
    return Tenant(home, tokens.create(database, home.organization, home.connection).token, groups, user)


@contextmanager
def town(url: str, folder: Path, workers: int) -> Iterator[Town]:
    """Serve a migrated database with two organizations in it."""
    database = Database.open(url)
    acme, globex = settled(database, "acme"), settled(database, "globex")
    with server.serving(url, folder, workers=workers) as running:
        yield Town(database, acme, globex, running.port)
    database.close()


@pytest.fixture
def on_postgresql(postgres_url: str, tmp_path: Path) -> Iterator[Town]:
    """Two processes with eight threads each."""
    with town(postgres_url, tmp_path, workers=2) as made:
        yield made


@pytest.fixture
def on_sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """One process with sixteen threads."""
    with town(sqlite_url, tmp_path, workers=1) as made:
        yield made


def assert_undisturbed(watches: Sequence[Watch], begin: float) -> None:
    """All were served since then, none of them slowly."""
    for watch in watches:
        answers = watch.asked_after(begin)
        told = f"{watch.request.method} {watch.request.path}"
        assert {answer.status for answer in answers} <= {200, 204}, told
        assert max(answer.took for answer in answers) < SLOWEST, told
        assert statistics.median(answer.took for answer in answers) < SLOWEST / 4, told


def assert_turned_away(answers: Sequence[Answer]) -> None:
    """Each was told when to come back, in bounded time."""
    assert len(answers) >= HAMMERS
    assert all(answer.turned_away() for answer in answers)
    assert max(answer.took for answer in answers) < BOUND


def test_a_locked_group_stops_its_own_requests_and_no_others(on_postgresql: Town) -> None:
    """SELECT ... FOR UPDATE by a foreign session. Other groups and users of the organization, and others, are served as ever.

    A rule edit, which wants the organization alone, does not have to wait for the end of it either.
    """
    acme, globex = on_postgresql.acme, on_postgresql.globex
    watches = on_postgresql.watches(acme.patch(1), acme.rename(), acme.read(), globex.patch(0))
    hammers = on_postgresql.hammers(acme.patch(0))
    with on_postgresql.database.engine.connect() as foreign:
        foreign.execute(select(t.DirectoryGroup.id).where(t.DirectoryGroup.id == acme.groups[0]).with_for_update())
        begin = time.monotonic()
        with watching(hammers), watching(watches):
            time.sleep(HELD)
        assert_undisturbed(watches, begin)
        with watching(hammers[:4]):
            time.sleep(0.5)
            begin = time.monotonic()
            acme.home.rule(group="Sales", team="sales")
            assert time.monotonic() - begin < BOUND
    assert_turned_away([answer for hammer in hammers for answer in hammer.answers])
    assert ask(on_postgresql.port, acme.patch(0)).status in (200, 204)


def test_a_long_edit_of_rules_stops_the_changes_of_its_organization_and_nothing_else(on_postgresql: Town) -> None:
    """The organization's lock, held exclusively: its pushes 503, its reads and every other organization as ever."""
    acme, globex = on_postgresql.acme, on_postgresql.globex
    watches = on_postgresql.watches(acme.read(), globex.patch(0), globex.rename(), globex.read())
    hammers = [watch for each in (acme.patch(0), acme.rename()) for watch in on_postgresql.hammers(each)[::2]]
    with alone_in(on_postgresql.database, acme.home.organization):
        begin = time.monotonic()
        with watching(hammers), watching(watches):
            time.sleep(HELD)
    assert_undisturbed(watches, begin)
    assert_turned_away([answer for hammer in hammers for answer in hammer.answers])
    assert ask(on_postgresql.port, acme.patch(0)).status in (200, 204)


@contextmanager
def alone_in(database: Database, organization: str) -> Iterator[None]:
    """Hold the exclusive corridor of an organization."""
    inside, over = threading.Event(), threading.Event()

    def work(_corridor: object) -> None:
        inside.set()
        over.wait(timeout=60)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(enter, database, organization, Origin("operator", "a long edit"), work, exclusive=True)
        assert inside.wait(timeout=10)
        try:
            yield
        finally:
            over.set()
        held.result(timeout=10)


# SQLite


def test_a_foreign_writer_of_the_file_stops_changes_and_nothing_else(on_sqlite: Town) -> None:
    """BEGIN IMMEDIATE by another process: changes 503, reads as ever; when it ends, changes work at once."""
    acme, globex = on_sqlite.acme, on_sqlite.globex
    watches = on_sqlite.watches(acme.read(), globex.read())
    hammers = [watch for each in (acme.patch(0), globex.rename()) for watch in on_sqlite.hammers(each)[::2]]
    with closing(sqlite3.connect(str(on_sqlite.database.engine.url.database), isolation_level=None)) as foreign:
        foreign.execute("begin immediate")
        begin = time.monotonic()
        with watching(hammers), watching(watches):
            time.sleep(HELD)
        foreign.execute("rollback")
    assert_undisturbed(watches, begin)
    assert_turned_away([answer for hammer in hammers for answer in hammer.answers])
    back = [ask(on_sqlite.port, each) for each in (acme.patch(0), globex.rename())]
    assert all(answer.status in (200, 204) and answer.took < SLOWEST for answer in back)


@dataclass(frozen=True)
class Door:
    """One organization, its application, and words for what its identity provider does."""

    database: Database
    client: FlaskClient
    acme: Tenant

    def create(self, name: str) -> TestResponse:
        """Push a user."""
        return self._ask("POST", "/Users", {"userName": name})

    def read(self) -> TestResponse:
        """List users."""
        return self._ask("GET", "/Users", None)

    def _ask(self, method: str, path: str, body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.acme.token}"}
        return self.client.open(self.acme.base + path, method=method, json=body, headers=headers)


@pytest.fixture
def door(sqlite_url: str, tmp_path: Path) -> Iterator[Door]:
    """The application in this process, on a file."""
    app = create_app(Settings.from_environment({"CONNECTOR_DATABASE_URL": sqlite_url, "CONNECTOR_DATA_DIR": str(tmp_path)}))
    database = app.extensions["connector"].database
    acme = settled(database, "acme")
    yield Door(database, app.test_client(), acme)
    database.close()


@pytest.mark.parametrize(
    ("pragma", "remedy"), [("query_only=on", "query_only=off"), ("max_page_count=1", "max_page_count=1000000")]
)
def test_a_file_that_takes_nothing_more_is_read_and_changes_are_told(door: Door, pragma: str, remedy: str) -> None:
    """SQLITE_READONLY and SQLITE_FULL, made by a pragma on each connection: 503 and nothing of the change; then it works."""
    said = [pragma]

    def say(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"pragma {said[0]}")

    event.listen(door.database.engine, "checkout", say)
    statuses = [door.create(f"p{number}").status_code for number in range(40)]
    answer = door.create("last")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The database file cannot be used" in answer.get_json(force=True)["detail"]
    assert set(statuses) <= {201, 503}
    assert door.read().get_json(force=True)["totalResults"] == 1 + statuses.count(201)
    said[0] = remedy
    assert door.create("last").status_code == 201


# Lanes


def head(method: str, path: str) -> bytes:
    """The first line of a request is all that matters."""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


GROUP, USER = "/scim/v2/okta/Groups/1", "/scim/v2/okta/Users/1"
ENTER = {
    "one resource": (head("PATCH", GROUP), 2),
    "one resource, written otherwise": (head("DELETE", "//scim/v2/okta/Grou%70s/1/?attributes=id"), 2),
    "its Bulks": (head("POST", "/scim/v2/okta/Bulk"), 2),
    "one connection": (head("POST", "/scim/v2/okta/Users"), 5),
    "reads": (head("GET", GROUP), 7),
    "searches": (head("POST", "/scim/v2/okta/.search"), 7),
    "sign-ins of one connection": (head("GET", "/sso/okta/callback?code=x&state=y"), 3),
    "sign-ins of one connection, written otherwise": (head("GET", "//sso/okta/%63allback/"), 3),
    "logouts by its provider": (head("POST", "/sso/okta/backchannel-logout"), 3),
    "answers of SAML": (head("POST", "/sso/okta/acs"), 5),
    "what makes no sense": (b"\xff\r\n\r\n", 5),
    "healthz": (head("GET", "/healthz"), 100),
}


@pytest.mark.parametrize(("request_head", "bound"), ENTER.values(), ids=ENTER.keys())
def test_of_eight_threads_each_kind_of_request_gets_so_many(request_head: bytes, bound: int) -> None:
    """What leaves makes room for exactly one more."""
    lanes = Lanes(8)
    bounds = lanes.of(request_head)
    assert [lanes.enter(bounds) for _ in range(100)] == [True] * bound + [False] * (100 - bound)
    lanes.leave(bounds)
    assert [lanes.enter(bounds) for _ in range(2)] == [True, bound == 100]


def test_who_is_stuck_leaves_threads_to_everybody_else() -> None:
    """A group, then its whole connection, then all writes: reads find a thread, and `/healthz` always does."""
    lanes = Lanes(8)
    taken: dict[str, int] = {}
    for path in (GROUP, USER, "/scim/v2/okta/Users", "/scim/v2/entra/Users", "/scim/v2/ping/Users"):
        while lanes.enter(lanes.of(head("PUT", path))):
            taken[path] = taken.get(path, 0) + 1
    assert taken == {GROUP: 2, USER: 2, "/scim/v2/okta/Users": 1, "/scim/v2/entra/Users": 1}
    assert lanes.enter(lanes.of(head("GET", GROUP)))
    assert not lanes.enter(lanes.of(head("GET", GROUP)))
    assert lanes.enter(lanes.of(head("GET", "/healthz")))


def test_a_slow_provider_leaves_threads_to_everybody_else() -> None:
    """To sign-ins of others; and several slow ones leave them to SAML, to pushes and to what is open already."""
    lanes = Lanes(8)
    taken: dict[str, int] = {}
    for connection in ("slow", "slower", "slowest"):
        while lanes.enter(lanes.of(head("GET", f"/sso/{connection}/callback"))):
            taken[connection] = taken.get(connection, 0) + 1
    assert taken == {"slow": 3, "slower": 2}
    assert lanes.enter(lanes.of(head("POST", "/sso/okta/acs")))
    assert lanes.enter(lanes.of(head("GET", "/api/me")))


def test_a_single_thread_serves_everything() -> None:
    """No bound is below one."""
    lanes = Lanes(1)
    for each in (head("PATCH", GROUP), head("GET", "/")):
        assert lanes.enter(lanes.of(each))
        lanes.leave(lanes.of(each))
