"""HTTP by hand: bytes out, bytes in, for requests that no HTTP library would send."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE = 20.0
"""Seconds after which a test takes a silent server for a dead one."""

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True)
class Answer:
    """What came back: one answer of HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def refusal(self) -> dict[str, Any]:
        """The body, which must be an error of RFC 7644 section 3.12: its status as a text, a sentence for a person."""
        assert self.headers.get("content-type") == "application/scim+json", (self.headers, self.body[:300])
        error: dict[str, Any] = json.loads(self.body)
        assert error["schemas"] == [ERROR]
        assert error["status"] == str(self.status)
        assert error["detail"].endswith(".")
        return error


def connect(port: int) -> socket.socket:
    """A connection that gives up after PATIENCE."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def exchange(port: int, pieces: Iterable[bytes], *, ends: bool = False) -> Answer:
    """Send pieces until the server no longer listens, then read its answer; with `ends`, say that nothing more will come."""
    with connect(port) as connection:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer; interim ones (100 Continue) are passed over."""
    received = b""
    while True:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            received += _more(connection)
        elif head.split(b" ")[1] == b"100":
            received = rest
        else:
            break
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        rest += _more(connection)
    return Answer(int(line.split(" ")[1]), headers, rest[:length])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the server closed without an answer"
    return data
