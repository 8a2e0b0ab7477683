"""Clients that cost: half a request, an answer nobody reads, a connection nobody closes, by the hundred; others are served."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from connector.cli.arrival import BODY
from connector.cli.serve import CONNECTIONS
from tests.hostile.conftest import Door
from tests.hostile.raw import connect, exchange

SOON = 5.0
"""Seconds in which others must have been served: without hostile clients it is a tenth of one."""

MANY = 300
GROWTH = 96 * 1024 * 1024


def served(door: Door) -> float:
    """Seconds that another client, with a token and an empty look-up, waits for ten answers."""
    begun = time.monotonic()
    for _ in range(10):
        answer = door.send("GET", "/Users?filter=userName%20eq%20%22nobody%22")
        assert (answer.status, json.loads(answer.body)["totalResults"]) == (200, 0)
    return time.monotonic() - begun


@contextmanager
def clients(door: Door, number: int, says: Callable[[int], bytes]) -> Iterator[list[socket.socket]]:
    """So many connections, each of which says something and waits; all are closed in the end."""
    with ExitStack() as stack:
        opened = []
        for index in range(number):
            connection = stack.enter_context(connect(door.port))
            connection.sendall(says(index))
            opened.append(connection)
        time.sleep(0.2)
        yield opened


HALVES: dict[str, Callable[[Door], bytes]] = {
    "nothing at all": lambda door: b"",
    "half a line": lambda door: b"GET /scim",
    "half a head": lambda door: door.head("POST", "/Users")[:-2],
    "half a body": lambda door: door.head("POST", "/Users", Content_Length="50") + b"{",
    "half a chunk": lambda door: door.head("POST", "/Users", Transfer_Encoding="chunked") + b"9\r\n{",
    "a body that is too long": lambda door: door.head("POST", "/Users", Content_Length="99999999") + b"{",
    "a chunk that is too long": lambda door: door.head("POST", "/Users", Transfer_Encoding="chunked") + b"FFFFFF\r\n{",
    "a head that is too long": lambda door: door.head("POST", "/Users")[:-2] + b"X: " + b"x" * 70_000,
    "a negative chunk": lambda door: door.head("POST", "/Users", Transfer_Encoding="chunked") + b"-7\r\n",
    "the form of a token, half": lambda door: b"POST /oauth/x/token HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\ng",
    "a last request, and no close": lambda door: door.head("GET", "/Users", Connection="close"),
    "no request, and no close": lambda door: b"HELLO\r\n\r\n",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
def test_hundreds_that_never_finish_do_not_starve_the_one_that_does(door: Door, half: Callable[[Door], bytes]) -> None:
    """Each holds a socket and nothing else, whether it sends too little, too much, or does not close."""
    before = door.resident()
    with clients(door, MANY, lambda _: half(door)):
        assert served(door) < SOON
        assert door.resident() - before < GROWTH


def test_more_clients_than_there_is_room_for_make_room_for_the_next(door: Door) -> None:
    """The connection that has waited for longest is given up, so that a flood of silent ones does not shut the door."""
    with clients(door, CONNECTIONS + 40, lambda _: b"GET /scim"):
        assert served(door) < SOON


def test_drops_of_a_request_do_not_starve_others(door: Door) -> None:
    """Byte by byte, by fifty clients at once; the request is answered all the same."""
    request = door.head("GET", "/Users?count=0", Connection="close")
    with clients(door, 50, lambda _: b"") as dripping:
        for at in range(len(request)):
            for connection in dripping:
                connection.sendall(request[at : at + 1])
            if at % 100 == 0:
                assert served(door) < SOON
        assert all(connection.recv(12) == b"HTTP/1.1 200" for connection in dripping)


def test_large_bodies_of_strangers_are_held_within_bounds(door: Door) -> None:
    """Forty at once, each as long as may be, none with a token: 401, others are served, and the memory comes back."""
    before = door.resident()
    request = b"POST /scim/v2/nobody/Users HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % BODY + b" " * BODY
    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(exchange, door.port, [request]) for _ in range(40)]
        assert served(door) < SOON
        assert {future.result().status for future in asked} == {401}
    assert door.resident() - before < 2 * GROWTH


def test_answers_that_nobody_reads_do_not_starve_others(door: Door) -> None:
    """Requests one behind the other on a connection whose answers are never read: fewer than there are threads stay stuck."""
    request = door.head("GET", "/Schemas")
    with clients(door, 8, lambda _: request * 500):
        assert served(door) < SOON


def test_hostile_and_good_requests_at_once_are_each_answered(door: Door) -> None:
    """Six clients send what should not be sent, one creates people: every one of them is there in the end."""
    bad = [
        door.head("POST", "/Users", Transfer_Encoding="chunked") + b"what\r\n",
        door.head("PATCH", "/Users/x", Content_Length="4") + b"null",
        door.head("GET", "/Users?filter=%00"),
        door.head("POST", "/Users", Content_Length="99999999"),
        b"\x00" * 100 + b"\r\n\r\n",
        door.head("GET", "/Users/" + "x" * 9000),
    ]
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(exchange, door.port, [bad[number % 6]]) for number in range(240)]
        made = [door.made("Users", userName=f"meanwhile-{number}") for number in range(20)]
        statuses = [future.result().status for future in asked]
    assert set(statuses) == {400, 413, 414}
    assert all(door.send("GET", user).status == 200 for user in made)


def test_a_kept_connection_outlives_its_own_mistakes(door: Door) -> None:
    """A refusal of the application is no reason to hang up: identity providers keep their connections."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    headers = {"Authorization": f"Bearer {door.token}", "Content-Type": "application/scim+json"}
    for body, status in ((b"{", 400), (b" " * 1_000_000, 400), (b"{}", 400), (b'{"userName": "kept"}', 201)):
        connection.request("POST", f"{door.base}/Users", body, headers)
        kept = connection.sock
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock) == (status, kept)
    connection.close()


def test_nothing_of_all_this_is_a_failure_or_is_repeated_in_the_log(door: Door) -> None:
    """Whatever has run before: every line is JSON, none tells of an exception, none says what was sent."""
    for line in door.logged().splitlines():
        assert json.loads(line)["level"] in ("info", "warning"), line
        assert not [word for word in ("HELLO", "meanwhile", "nobody", door.token) if word in line], line
