"""Requests that are none, or should not be: heads, framing, methods and lengths (RFC 9110, RFC 9112), byte by byte.

Every answer is an error of SCIM (C3), also where gunicorn refuses; whatever is too long is refused before it is read (C4).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from connector.cli.arrival import BODY
from tests.hostile.conftest import Door
from tests.hostile.raw import connect, exchange

SOON = 5.0
"""Seconds; what is refused unread takes milliseconds, also on a busy machine not more than this."""

SECRET = "ada-lovelace"
"""Stands in what is sent, and must stand in no log."""


HEADS = {
    "no request line": ("HELLO " + SECRET, [], 400),
    "a handshake of TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x" * 50, [], 400),
    "the preface of HTTP/2": ("PRI * HTTP/2.0", [], 400),
    "a version that is none": ("GET {}/Users HTTP/9.9", [], 400),
    "a line feed alone": ("GET {}/Users HTTP/1.1\nHost: a", [], 400),
    "an address too long": ("GET {}/Users?filter=" + SECRET + "x" * 9000 + " HTTP/1.1", [], 414),
    "a control character in the address": ("GET {}/Users\x01 HTTP/1.1", [], 400),
    "a control character in a header": ("GET {}/Users HTTP/1.1", ["X: " + SECRET + "\x01"], 400),
    "NUL in a header": ("GET {}/Users HTTP/1.1", ["X: \x00"], 400),
    "NUL in the token": ("GET {}/Users HTTP/1.1", ["Authorization: Bearer \x00"], 400),
    "a header without a name": ("GET {}/Users HTTP/1.1", [": x"], 400),
    "a blank before the colon": ("GET {}/Users HTTP/1.1", ["X : x"], 400),
    "a folded header": ("GET {}/Users HTTP/1.1", ["X: a", " b"], 400),
    "a header too long": ("GET {}/Users HTTP/1.1", ["X: " + "x" * 9000], 431),
    "too many headers": ("GET {}/Users HTTP/1.1", ["X: x"] * 200, 431),
    "two hosts": ("GET {}/Users HTTP/1.1", ["Host: b"], 400),
    "an expectation nobody knows": ("GET {}/Users HTTP/1.1", ["Expect: gold"], 417),
    "a method in small letters": ("get {}/Users HTTP/1.1", [], 501),
    "a method made up": ("BREW {}/Users HTTP/1.1", [], 405),
    "TRACE": ("TRACE {}/Users HTTP/1.1", [], 405),
    "no address of SCIM": ("GET /scim HTTP/1.1", [], 404),
    "nearly one": ("GET /scim/ HTTP/1.1", [], 404),
    "a token that is no ASCII": ("GET {}/Users HTTP/1.1", ["Authorization: Bearer \xff\xfe"], 401),
    "NUL in the id of the connection": ("GET /scim/v2/%00/Users HTTP/1.1", [], 401),
    "half a character in the id of the connection": ("GET /scim/v2/%ed%a0%80/Users HTTP/1.1", [], 401),
    "two lengths": ("POST {}/Users HTTP/1.1", ["Content-Length: 0", "Content-Length: 2"], 400),
    "a length and chunks": ("POST {}/Users HTTP/1.1", ["Content-Length: 0", "Transfer-Encoding: chunked", "", "0", ""], 400),
    "a length below nothing": ("POST {}/Users HTTP/1.1", ["Content-Length: -2"], 400),
    "a length in words": ("POST {}/Users HTTP/1.1", ["Content-Length: " + SECRET], 400),
    "a length of 5,000 digits": ("POST {}/Users HTTP/1.1", ["Content-Length: " + "9" * 5000], 400),
    "a transfer coding nobody knows": ("POST {}/Users HTTP/1.1", ["Transfer-Encoding: rot13"], 501),
    "a transfer coding without end": ("POST {}/Users HTTP/1.1", ["Transfer-Encoding: gzip"], 400),
}


@pytest.mark.parametrize(("line", "headers", "status"), HEADS.values(), ids=HEADS.keys())
def test_a_head_that_makes_no_sense_is_refused_as_scim_refuses(door: Door, line: str, headers: list[str], status: int) -> None:
    """And nothing of it is repeated in the log."""
    begun = time.monotonic()
    head = "\r\n".join([line.replace("{}", door.base), "Host: a", *headers, "", ""])
    answer = exchange(door.port, [head.encode("latin-1")])
    assert (answer.status, answer.refusal()["status"]) == (status, str(status))
    assert time.monotonic() - begun < SOON
    assert SECRET not in door.logged()


CHUNKS = {
    "no size": (b"what\r\n", 400),
    "a size below nothing": (b"-7\r\n", 400),
    "a size as Python writes it": (b"0x2\r\n{}\r\n0\r\n\r\n", 400),
    "a chunk longer than its size": (b"2\r\n{}xx0\r\n\r\n", 400),
    "a chunk that will never come": (b"FFFFFFFF\r\n{", 413),
    "a size without end": (b"1" * 5000, 400),
    "trailers without end": (b"0\r\n" + b"x: y\r\n" * 20_000, 431),
}


@pytest.mark.parametrize(("chunks", "status"), CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks_that_make_no_sense_are_refused(door: Door, chunks: bytes, status: int) -> None:
    """Before any thread reads them."""
    begun = time.monotonic()
    answer = exchange(door.port, [door.head("POST", "/Users", Transfer_Encoding="chunked"), chunks])
    assert (answer.status, answer.refusal()["status"]) == (status, str(status))
    assert time.monotonic() - begun < SOON


def test_chunks_and_old_http_are_understood(door: Door) -> None:
    """The same body in pieces, and a request of HTTP/1.0, are as good as any."""
    chunked = (
        door.head("POST", "/Users", Transfer_Encoding="chunked") + b'5;a=b\r\n{"use\r\nd\r\nrName": "in"}\r\n0\r\nX: y\r\n\r\n'
    )
    assert exchange(door.port, [chunked]).status == 201
    assert exchange(door.port, [door.head("GET", "/Users").replace(b"HTTP/1.1", b"HTTP/1.0")]).status == 200


def _endless() -> Iterable[bytes]:
    for _ in range(1600):
        yield b"10000\r\n" + b" " * 0x10000 + b"\r\n"


def _tiny() -> Iterable[bytes]:
    for _ in range(60):
        yield b"1\r\n \r\n" * 40_000


LONG = {
    "100 MB announced": ({"Content_Length": "100000000"}, [b"{}"]),
    "100 MB sent": ({"Content_Length": "100000000"}, [b" " * 1_000_000] * 100),
    "a little more than is read": ({"Content_Length": str(BODY + 1)}, [b" " * (BODY + 1)]),
    "a length of 30 digits": ({"Content_Length": "9" * 30}, [b"{}"]),
    "chunks without end": ({"Transfer_Encoding": "chunked"}, _endless()),
    "chunks of one byte without end": ({"Transfer_Encoding": "chunked"}, _tiny()),
}


@pytest.mark.parametrize(("headers", "pieces"), LONG.values(), ids=LONG.keys())
def test_a_body_that_is_too_long_is_refused_unread(door: Door, headers: dict[str, str], pieces: Iterable[bytes]) -> None:
    """413 in bounded time and memory, and the connection ends; a client that sends first still finds the answer."""
    before, begun = door.resident(), time.monotonic()
    answer = exchange(door.port, [door.head("POST", "/Users", **headers), *pieces])
    assert (answer.status, answer.refusal()["status"], answer.headers["connection"]) == (413, "413", "close")
    assert time.monotonic() - begun < 2 * SOON
    assert door.resident() - before < 24 * 1024 * 1024


def test_a_client_that_asks_first_is_not_told_to_send_what_is_too_long(door: Door) -> None:
    """RFC 9110 section 10.1.1: the final answer comes instead of 100 Continue."""
    with connect(door.port) as connection:
        connection.sendall(door.head("POST", "/Users", Content_Length="100000000", Expect="100-continue"))
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_body_that_ends_before_its_length_is_not_taken_for_whole(door: Door) -> None:
    """What was cut off on its way may still be JSON; it is refused, and nothing is made of it."""
    body = b'{"userName": "cut"}'
    answer = exchange(door.port, [door.head("POST", "/Users", Content_Length="500"), body], ends=True)
    assert (answer.status, answer.refusal()["status"]) == (400, "400")
    assert b'"totalResults":0' in door.send("GET", "/Users?filter=userName%20eq%20%22cut%22").body


def test_what_comes_behind_a_body_is_the_next_request(door: Door) -> None:
    """A length shorter than the body: the rest is no request, and is refused as one."""
    with connect(door.port) as connection:
        connection.sendall(door.head("POST", "/Users", Content_Length="2") + b"{}HELLO\r\n\r\n")
        received = b""
        while data := connection.recv(65536):
            received += data
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"400", b"400"]
