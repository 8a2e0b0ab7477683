"""The server as a real process on loopback: what it answers, how it starts and stops, and who cannot starve whom."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from connector.cli.arrival import BODY
from connector.cli.worker import HELD
from connector.storage import migrate
from connector.storage.database import Database
from tests.cli.conftest import Cli
from tests.cli.processes import PATIENCE, Server, environment, ran, serving


def get(address: str, **headers: str) -> tuple[int, Any, Message]:
    """Status, body and headers of an answer, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on an empty folder, for the tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("installation")
    with serving(environment(folder), folder) as server:
        assert get(server.address + "/healthz")[0] == 200
        yield server


def test_a_server_answers_health_readiness_scim_and_stops_gracefully(fresh_url: str, tmp_path: Path) -> None:
    """On both databases, from the same command; SIGTERM ends it with status 0."""
    environ = environment(tmp_path, fresh_url)
    with serving(environ, tmp_path) as server:
        assert get(server.address + "/healthz")[:2] == (200, '{"status":"ok"}\n')
        assert get(server.address + "/readyz")[:2] == (200, '{"status":"ok"}\n')
        status, body, headers = get(server.address + "/scim/v2/nobody/Users")
        assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="SCIM"')
        assert json.loads(body)["status"] == "401"
        assert server.told["database"] == ("sqlite" if fresh_url.startswith("sqlite") else "postgresql")
        expected = (1, 16) if fresh_url.startswith("sqlite") else (server.told["processes"], 8)
        assert (server.told["processes"], server.told["threads"]) == expected
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    assert "Traceback" not in server.log.read_text()


def test_everything_else_is_404_as_problem_details(server: Server) -> None:
    """RFC 9457, with the stable code; the front page says what this is."""
    status, body, headers = get(server.address + "/nothing/here")
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(body).keys() == {"type", "title", "status", "code", "detail"}
    assert json.loads(body)["code"] == "not_found"
    assert "SCIM 2.0" in get(server.address + "/")[1]


def test_the_log_names_routes_and_never_what_was_sent(tmp_path: Path) -> None:
    """Neither query, nor credential, nor what a client put into the path; every line is one JSON object."""
    with serving(environment(tmp_path), tmp_path) as server:
        get(server.address + "/healthz")
        get(server.address + "/scim/v2/c1/Users/ada-s-id?filter=userName%20eq%20%22ada%22", Authorization="Bearer geheim")
        get(server.address + "/ada@acme.example?q=ada")
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    requests = [line for line in lines if line["logger"] == "connector.request"]
    assert [(line["route"], line["status"]) for line in requests] == [("/scim/v2/{connection}/Users/{id}", 401), ("none", 404)]
    assert all(line["ms"] >= 0 for line in requests)
    assert not [word for word in ("ada", "geheim", "c1") if word in server.log.read_text()]


BEGINNINGS = (
    b"GET /healthz HT",
    b"POST /x HTTP/1.1\r\nHost: a\r\n",
    b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
)


def test_half_sent_requests_do_not_starve_others(server: Server) -> None:
    """Sixty clients that never finish, more than there are threads, and one that does."""
    slow = [socket.create_connection(("127.0.0.1", server.port())) for _ in range(60)]
    for number, connection in enumerate(slow):
        connection.sendall(BEGINNINGS[number % 3])
    time.sleep(0.3)
    begun = time.monotonic()
    assert [get(server.address + "/healthz")[0] for _ in range(5)] == [200] * 5
    assert time.monotonic() - begun < 5
    for connection in slow:
        connection.close()


def test_a_request_in_pieces_and_two_at_once_are_answered(server: Server) -> None:
    """Slow is no fault: pieces are put together; a second request waits for its second half."""
    with socket.create_connection(("127.0.0.1", server.port()), timeout=20) as connection:
        for piece in (b"GET /hea", b"lthz HTTP/1.1\r\nHo", b"st: a\r\n\r\nGET /readyz HTTP/1.1\r\n"):
            connection.sendall(piece)
            time.sleep(0.1)
        assert connection.recv(9999).startswith(b"HTTP/1.1 200")
        connection.sendall(b"Host: a\r\nConnection: close\r\n\r\n")
        rest = b""
        while data := connection.recv(9999):
            rest += data
    assert rest.startswith(b"HTTP/1.1 200")


def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    """RFC 9110 section 10.1.1: `Expect: 100-continue`, as curl sends it with a large body."""
    with socket.create_connection(("127.0.0.1", server.port()), timeout=20) as connection:
        connection.sendall(b"POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(9999) == go_on
        connection.sendall(b"body")
        answer = go_on
        while answer == go_on:  # gunicorn says it once more
            answer = connection.recv(9999).removeprefix(go_on) or go_on
        assert answer.startswith(b"HTTP/1.1 404")


def test_unfinished_bodies_are_held_within_bounds(server: Server) -> None:
    """Eight bodies that stop one byte before their end are more than is held: the oldest is given up, the newest goes on."""
    head = f"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n\r\n".encode()
    address = ("127.0.0.1", server.port())
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(HELD // BODY + 2)]
        for client in clients:
            client.sendall(head + b" " * (BODY - 1))
        assert clients[0].recv(1) == b""
        assert get(server.address + "/healthz")[0] == 200
        clients[-1].sendall(b" ")
        assert clients[-1].recv(9999).startswith(b"HTTP/1.1 404")


def test_a_port_in_use_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    """Exit 1 and what to do, instead of a server that retries in silence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = ran(environment(tmp_path), "serve", "--port", str(taken.getsockname()[1]))
    error = json.loads(ended.stderr)
    assert (ended.returncode, error["code"]) == (1, "address_unavailable")
    assert "--port" in error["advice"]


def test_sqlite_is_migrated_by_the_server_itself(server: Server) -> None:
    """A fresh machine needs no other command."""
    assert get(server.address + "/readyz")[0] == 200
    database = Database.open(f"sqlite:///{server.log.parent / 'connector.db'}")
    assert migrate.current(database) == migrate.head()
    database.close()


def test_an_outdated_postgresql_is_refused_with_the_command_to_run(
    cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch, postgres_url: str, tmp_path: Path
) -> None:
    """Also by every other command; `connector migrate` brings it forward, and says so when run again."""
    cli = cli_on_sqlite
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", postgres_url)
    database = Database.open(postgres_url)
    migrate.downgrade(database, "base")
    database.close()
    ended = ran(environment(tmp_path, postgres_url), "serve", "--port", "0")
    assert ended.returncode == 1
    for error in (json.loads(ended.stderr), cli.refused("org", "list")):
        assert error["code"] == "database_outdated"
        assert "connector migrate" in error["advice"]
    assert cli.json("migrate") == {"revision": migrate.head(), "before": None}
    assert "already" in cli.text("migrate")
    assert cli.json("org", "list") == {"items": []}


def test_readiness_is_503_with_a_reason_when_the_database_is_behind(postgres_url: str, tmp_path: Path) -> None:
    """The process lives, and says that it cannot work."""
    with serving(environment(tmp_path, postgres_url), tmp_path, "--workers", "1") as server:
        assert get(server.address + "/readyz")[0] == 200
        database = Database.open(postgres_url)
        migrate.downgrade(database, "base")
        database.close()
        status, body, headers = get(server.address + "/readyz")
        assert (status, headers["Content-Type"], json.loads(body)["code"]) == (
            503,
            "application/problem+json",
            "database_outdated",
        )
        assert get(server.address + "/healthz")[0] == 200


@pytest.mark.parametrize("url", ["postgresql://connector:geheim@127.0.0.1:9/nothing", "sqlite:////proc/nowhere/connector.db"])
def test_a_database_that_is_away_is_told_without_its_inner_words(
    cli_on_sqlite: Cli, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """One object, no statement; the address may hold a password."""
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", url)
    error = cli_on_sqlite.refused("org", "list")
    assert error.keys() >= {"code", "detail"}
    assert not [word for word in ("SELECT", "sqlalche.me", "geheim") if word in json.dumps(error)]
