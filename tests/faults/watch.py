"""Clients that look at a clock: what was answered, when it was asked, and how long it took."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connector.scim.errors import ERROR
from connector.scim.operations import PATCH_OP

PAUSE = 0.03
"""Seconds between an answer and the next request of a client that is no hammer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of an identity provider, or of a monitor (then without token)."""

    method: str
    path: str
    token: str = ""
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: when it was sent (monotonic), how long it took, and what was answered."""

    begun: float
    took: float
    status: int
    retry_after: str | None
    body: Any

    def turned_away(self) -> bool:
        """503 as RFC 7644 section 3.12 and RFC 9110 section 10.2.3 have it: an error of SCIM, and when to come back."""
        return (
            self.status == 503
            and (self.retry_after or "").isdigit()
            and self.body["schemas"] == [ERROR]
            and self.body["status"] == "503"
        )


def ask(port: int, request: Request) -> Answer:
    """Send it over a connection of its own. Raises OSError or http.client.HTTPException when there is no answer."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        headers = {"Content-Type": "application/scim+json", "Authorization": f"Bearer {request.token}"}
        connection.request(request.method, request.path, json.dumps(request.body) if request.body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        body = json.loads(text) if text else None
        return Answer(begun, time.monotonic() - begun, answer.status, answer.getheader("Retry-After"), body)
    finally:
        connection.close()


@dataclass
class Watch:
    """One client that sends the same request again and again until it is told to stop; `answers` in their order."""

    port: int
    request: Request
    pause: float = PAUSE
    answers: list[Answer] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send until `over` is set. A request without an answer ends it with an error, which the test sees as missing answers."""
        while not self.over.wait(self.pause):
            self.answers.append(ask(self.port, self.request))

    def between(self, begin: float, end: float) -> list[Answer]:
        """The answers to what was asked and answered in this time; there must be some."""
        found = [answer for answer in self.answers if begin <= answer.begun and answer.begun + answer.took <= end]
        assert found, f"nothing was answered: {self.request.method} {self.request.path}"
        return found

    def asked_after(self, begin: float) -> list[Answer]:
        """The answers to what was asked since then; there must be some."""
        found = [answer for answer in self.answers if answer.begun >= begin]
        assert found, f"nothing was answered: {self.request.method} {self.request.path}"
        return found


@contextmanager
def watching(watches: Sequence[Watch]) -> Iterator[None]:
    """Let the clients run beside the block; afterwards all have had their last answer."""
    threads = [threading.Thread(target=watch.run) for watch in watches]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for watch in watches:
            watch.over.set()
        for thread in threads:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)


def touching(base: str, token: str, group: str) -> Request:
    """A PATCH of a group, which has to lock it."""
    operation = {"op": "replace", "path": "externalId", "value": group}
    return Request("PATCH", f"{base}/Groups/{group}", token, {"schemas": [PATCH_OP], "Operations": [operation]})


def renaming(base: str, token: str, user: str) -> Request:
    """A PATCH of a user."""
    operation = {"op": "replace", "path": "displayName", "value": "Watched"}
    return Request("PATCH", f"{base}/Users/{user}", token, {"schemas": [PATCH_OP], "Operations": [operation]})


def listing(base: str, token: str) -> Request:
    """A read."""
    return Request("GET", f"{base}/Users?count=1", token)
