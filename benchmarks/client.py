"""The load: kept connections over loopback that send finished requests as fast as they are answered."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Build = Callable[[int], bytes]
"""The n-th request of a load, as bytes; called by several threads, each with numbers of its own."""


def request(method: str, path: str, token: str = "", body: Mapping[str, Any] | None = None) -> bytes:
    """Put together one HTTP/1.1 request."""
    sent = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    head += "User-Agent: benchmark\r\nContent-Type: application/scim+json\r\n"
    return f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, sent: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body of its answer."""
        self._socket.sendall(sent)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        at = head.find(b"content-length:")
        length = 0 if at < 0 else int(head[at + 15 :].split(b"\r\n", 1)[0])
        body = bytearray(received[end + 4 :])
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), bytes(body)

    def _more(self) -> bytes:
        piece = self._socket.recv(262144)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


@dataclass
class Loaded:
    """What came of a load: seconds each answer took, how often each status came, and how long the load took."""

    took: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.took) / self.seconds


def side_by_side(tasks: Iterable[Callable[[], None]]) -> None:
    """Run tasks, each in a thread of its own, until all have ended."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def load(port: int, build: Build, *, first: int, clients: int, seconds: float) -> tuple[Loaded, int]:
    """Send for `seconds` from `clients` connections, requests numbered from `first`; returns what came, and the next number."""
    loaded, lock, numbers = Loaded(), threading.Lock(), iter(range(first, 2**60))
    end = time.perf_counter() + seconds

    def run() -> None:
        line, took, statuses = Line(port), [], dict[int, int]()
        while time.perf_counter() < end:
            with lock:
                number = next(numbers)
            sent = build(number)
            started = time.perf_counter()
            status, _ = line.send(sent)
            took.append(time.perf_counter() - started)
            statuses[status] = statuses.get(status, 0) + 1
        line.close()
        with lock:
            loaded.took.extend(took)
            for status, count in statuses.items():
                loaded.statuses[status] = loaded.statuses.get(status, 0) + count

    started = time.perf_counter()
    side_by_side([run] * clients)
    loaded.seconds = time.perf_counter() - started
    return loaded, next(numbers)
