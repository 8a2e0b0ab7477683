"""PostgreSQL goes away and comes back: 503 with Retry-After at once, then service at once; nothing is lost, nothing half done."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from connector.app import create_app
from connector.cli.serve import POSTGRESQL_THREADS
from connector.config import Settings
from connector.directory import tokens
from connector.storage import tables as t
from connector.storage.database import Database
from tests.faults.storm import TEAM, Storm, person
from tests.faults.watch import Answer, Request, Watch, ask, listing, renaming, touching, watching
from tests.faults.whole import assert_whole
from tests.support import databases, postgres, server, world

AT_ONCE = 5.0
"""Seconds within which every request is answered while the database is away."""

AWAY = 1.5
"""Seconds for which it stays away."""

WORKERS = 2


@dataclass(frozen=True)
class Installation:
    """A server over a PostgreSQL of its own, with one live connection."""

    directory: Path
    database: Database
    home: world.World
    groups: tuple[str, ...]
    token: str
    base: str
    running: server.Server

    def storm(self) -> Storm:
        """Load, not yet let loose."""
        return Storm(self.running.port, self.base, self.token, self.groups)

    def watch(self, path: str) -> Watch:
        """A monitor of `/healthz` or `/readyz`."""
        return Watch(self.running.port, Request("GET", path))

    def terminate(self) -> None:
        """End all sessions of the database, as an operator does."""
        name = databases.name_in(self.database.engine.url.render_as_string(hide_password=False))
        databases.execute(
            postgres.start(self.directory),
            f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'",
        )


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """The directory of a PostgreSQL that this room may stop. It keeps what it acknowledges."""
    directory = postgres.new_directory()
    postgres.start(directory, durable=True)
    yield directory
    postgres.stop(directory)


@contextmanager
def installed(directory: Path, folder: Path) -> Iterator[Installation]:
    """A database of its own, and a server over it."""
    address = postgres.start(directory)
    url = databases.clone_postgresql(address, databases.postgresql_template(directory, address))
    database = Database.open(url)
    home = world.live(database)
    home.rule(group=TEAM, team="storm")
    groups = tuple(home.group(f"Storm {number}") for number in range(3))
    token = tokens.create(database, home.organization, home.connection).token
    with server.serving(url, folder, workers=WORKERS) as running:
        yield Installation(directory, database, home, groups, token, f"/scim/v2/{home.connection}", running)
    database.close()


@pytest.fixture
def installation(directory: Path, tmp_path: Path) -> Iterator[Installation]:
    """Fresh, for a storm."""
    with installed(directory, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def quiet(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Shared by tests without a storm."""
    with installed(directory, tmp_path_factory.mktemp("quiet")) as made:
        yield made


def stop_and_start(directory: Path, mode: str) -> tuple[float, float]:
    """Stop PostgreSQL, wait, start it; returns between which moments it was certainly away."""
    postgres.halt(directory, mode)
    begin = time.monotonic()
    time.sleep(AWAY)
    end = time.monotonic()
    postgres.resume(directory)
    return begin, end


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stopped_under_load_and_started_again_the_service_is_back_at_once(installation: Installation, mode: str) -> None:
    """Meanwhile 503 with Retry-After, /readyz 503, /healthz 200; afterwards not one request fails, and events get numbers."""
    home, storm = installation.home, installation.storm()
    port, base, token = storm.port, storm.base, storm.token
    made = ask(port, Request("POST", f"{base}/Users", token, person("storm-watched"))).body
    reads, writes = Watch(port, listing(base, token)), Watch(port, renaming(base, token, made["id"]))
    health, ready = installation.watch("/healthz"), installation.watch("/readyz")
    clients = storm.start()
    storm.await_load()
    with watching([reads, writes, health, ready]):
        begin, end = stop_and_start(installation.directory, mode)
        back = time.monotonic()
        time.sleep(2)
        storm.over.set()
    for client in clients:
        client.join(timeout=40)
    for watch in (reads, writes):
        assert all(answer.turned_away() for answer in watch.between(begin, end))
        assert max(answer.took for answer in watch.answers) < AT_ONCE
        assert {answer.status for answer in watch.asked_after(back)} <= {200, 204}
    assert {answer.status for answer in ready.between(begin, end)} == {503}
    assert {answer.status for answer in ready.asked_after(back)} == {200}
    assert {answer.status for answer in health.answers} == {200}
    assert_whole(installation.database, storm, home.organization)
    await_numbers(installation.database, seconds=6)


def await_numbers(database: Database, seconds: float) -> None:
    """The thread for periodic work runs again: every event of the outbox gets its number."""
    waiting = select(func.count()).select_from(t.OutboxEvent).where(t.OutboxEvent.sequence.is_(None))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with database.read() as tx:
            if tx.execute(waiting).scalar_one() == 0:
                return
        time.sleep(0.1)
    raise AssertionError("events wait for their numbers")


def warm(quiet: Installation) -> list[Answer]:
    """Requests from many sides at once, so that both processes use all the connections they can."""
    request = listing(quiet.base, quiet.token)
    with ThreadPoolExecutor(24) as pool:
        return list(pool.map(lambda _: ask(quiet.running.port, request), range(96)))


@pytest.mark.parametrize("end", ["restart", "terminated"])
def test_connections_that_died_in_their_sleep_cost_no_request(quiet: Installation, end: str) -> None:
    """No request is under way when the sessions end: then none fails, however many dead connections lie in the pools."""
    assert {answer.status for answer in warm(quiet)} == {200}
    if end == "restart":
        postgres.halt(quiet.directory, "fast")
        postgres.resume(quiet.directory)
    else:
        quiet.terminate()
    assert {answer.status for answer in warm(quiet)} == {200}


def test_sessions_ended_under_load_fail_what_is_under_way_and_nothing_else(installation: Installation) -> None:
    """Three times; in between and afterwards requests succeed."""
    storm = installation.storm()
    reads = Watch(storm.port, listing(storm.base, storm.token))
    clients = storm.start()
    storm.await_load()
    with watching([reads]):
        for _ in range(3):
            installation.terminate()
            time.sleep(0.3)
        storm.over.set()
    for client in clients:
        client.join(timeout=40)
    failed = [answer for answer in reads.answers if answer.status != 200]
    assert len(failed) <= 3
    assert all(answer.turned_away() for answer in failed)
    assert_whole(installation.database, storm, installation.home.organization)


def test_a_session_ended_in_the_middle_of_a_statement_is_told_and_leaves_nothing(quiet: Installation) -> None:
    """57P01 admin_shutdown while a PATCH waits for its group: 503, and the group is as it was."""
    group, port = quiet.groups[0], quiet.running.port
    request = touching(quiet.base, quiet.token, group)
    with ThreadPoolExecutor(1) as pool, quiet.database.engine.connect() as other:
        other.execute(select(t.DirectoryGroup.id).where(t.DirectoryGroup.id == group).with_for_update())
        asked = pool.submit(ask, port, request)
        ending = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
        while not other.exec_driver_sql(ending).all():
            time.sleep(0.05)
            assert not asked.done()
        answer = asked.result(timeout=AT_ONCE)
        assert answer.turned_away()
        assert answer.took < AT_ONCE / 2
    with quiet.database.read() as tx:
        version = tx.execute(select(t.DirectoryGroup.version).where(t.DirectoryGroup.id == group)).scalar_one()
    assert version == 1
    assert ask(port, request).status in (200, 204)


def test_a_database_that_hangs_takes_no_more_than_the_threads(quiet: Installation) -> None:
    """Its processes stand still and end no session. Who finds no thread is told within five seconds, and `/healthz` answers; when
    it goes on, so does everybody."""
    request, port = listing(quiet.base, quiet.token), quiet.running.port
    health = quiet.watch("/healthz")
    warm(quiet)
    with ThreadPoolExecutor(40) as pool:
        with postgres.frozen(quiet.directory), watching([health]):
            asked = [pool.submit(ask, port, request) for _ in range(40)]
            time.sleep(AT_ONCE)
            told = [each.result() for each in asked if each.done()]
        assert len(told) >= 40 - WORKERS * (POSTGRESQL_THREADS - 1)
        assert all(answer.turned_away() for answer in told)
        assert {each.result().status for each in asked} <= {200, 503}
    assert {answer.status for answer in health.answers} == {200}
    assert max(answer.took for answer in health.answers) < AT_ONCE / 2
    assert {answer.status for answer in warm(quiet)} == {200}


# One process, and what PostgreSQL may say


@pytest.fixture
def door(postgres_url: str, tmp_path: Path) -> Iterator[tuple[FlaskClient, Database, str, dict[str, str]]]:
    """The application on a database of its own: a client, the database, the SCIM base and the headers that open it."""
    app = create_app(Settings.from_environment({"CONNECTOR_DATABASE_URL": postgres_url, "CONNECTOR_DATA_DIR": str(tmp_path)}))
    database = app.extensions["connector"].database
    home = world.live(database)
    headers = {"Authorization": f"Bearer {tokens.create(database, home.organization, home.connection).token}"}
    yield app.test_client(), database, f"/scim/v2/{home.connection}", headers
    database.close()


Door = tuple[FlaskClient, Database, str, dict[str, str]]


def test_a_server_that_became_read_only_takes_no_changes_and_is_read(door: Door, postgres_server: str) -> None:
    """25006, as after a failover: writes 503, reads 200; when it takes changes again, so does connector, at once."""
    client, database, base, headers = door
    name = databases.name_in(database.engine.url.render_as_string(hide_password=False))
    for read_only in ("on", "off"):
        databases.execute(postgres_server, f"alter database {{}} set default_transaction_read_only = {read_only}", name)
        database.close()  # sessions that begin now are so
        for number in range(3):
            answer = client.post(f"{base}/Users", json={"userName": f"ada-{read_only}-{number}"}, headers=headers)
            if read_only == "on":
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
                assert "read-only" in answer.get_json(force=True)["detail"]
            else:
                assert answer.status_code == 201
            assert client.get(f"{base}/Users", headers=headers).status_code == 200


def test_sessions_that_began_read_only_are_not_kept(door: Door, postgres_server: str) -> None:
    """A refused change drops the pool: nothing has to be restarted when the database takes changes again."""
    client, database, base, headers = door
    name = databases.name_in(database.engine.url.render_as_string(hide_password=False))
    databases.execute(postgres_server, "alter database {} set default_transaction_read_only = on", name)
    database.close()
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: client.get(f"{base}/Users", headers=headers), range(4)))
    assert client.post(f"{base}/Users", json={"userName": "ada"}, headers=headers).status_code == 503
    databases.execute(postgres_server, "alter database {} reset default_transaction_read_only", name)
    assert client.post(f"{base}/Users", json={"userName": "ada"}, headers=headers).status_code == 201


@pytest.mark.parametrize(("state", "told"), [("53100", "run out of room"), ("57P01", "cannot be reached")])
def test_what_a_statement_is_told_in_trouble_becomes_503(door: Door, state: str, told: str) -> None:
    """disk_full and admin_shutdown, raised where a push writes its line of the log: the person is not created."""
    client, database, base, headers = door
    with database.engine.begin() as tx:
        raising = f"begin raise exception 'trouble' using errcode = '{state}'; end"
        tx.exec_driver_sql(f"create function trouble() returns trigger language plpgsql as $$ {raising} $$")
        tx.exec_driver_sql("create trigger trouble before insert on provisioning_log execute function trouble()")
    answer = client.post(f"{base}/Users", json={"userName": "ada"}, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert told in answer.get_json(force=True)["detail"]
    with database.engine.begin() as tx:
        tx.exec_driver_sql("drop trigger trouble on provisioning_log")
    assert client.post(f"{base}/Users", json={"userName": "ada"}, headers=headers).status_code == 201


# Attempts to connect


@contextmanager
def answering(state: str) -> Iterator[int]:
    """A port where every attempt to connect ends with this SQLSTATE (an ErrorResponse of its protocol); silence without."""
    fields = f"SFATAL\0VFATAL\0C{state}\0Mnot now\0\0".encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            taken = []
            try:
                while True:
                    taken.append(listener.accept()[0])
                    taken[-1].recv(4096)
                    if state:
                        taken[-1].sendall(b"E" + struct.pack("!I", 4 + len(fields)) + fields)
                        taken[-1].close()
            except OSError:
                for connection in taken:
                    connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


ENDS = {"too many clients": "53300", "starting up": "57P03", "shutting down": "57P01", "silence": ""}


@pytest.mark.parametrize("state", ENDS.values(), ids=ENDS.keys())
def test_a_server_that_lets_nobody_in_is_told_within_five_seconds(state: str, tmp_path: Path) -> None:
    """Whether it says so or says nothing at all; /readyz 503, /healthz 200."""
    with answering(state) as port:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nowhere?sslmode=disable&gssencmode=disable"
        app = create_app(Settings.from_environment({"CONNECTOR_DATABASE_URL": url, "CONNECTOR_DATA_DIR": str(tmp_path)}))
        begun = time.monotonic()
        answer = app.test_client().get("/scim/v2/nobody/Users", headers={"Authorization": "Bearer x"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert time.monotonic() - begun < AT_ONCE
        assert app.test_client().get("/readyz").status_code == 503
        assert app.test_client().get("/healthz").status_code == 200
