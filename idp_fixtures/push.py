"""A small identity provider over real HTTP: `python -m idp_fixtures.push BASE_URL TOKEN NAME [NAME...]`.

Sends the named conversations to a running SCIM server, one line per step. Exit status 0 when every answer was as expected, 1 at
the first that was not or when the server cannot be reached, 2 for a call that makes no sense. The token is never printed.
"""

# ruff: noqa: T201 - a command prints

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from idp_fixtures.conversation import Answer, Conversation, Mismatch, Send, exchanges, load

USAGE: Final = "usage: python -m idp_fixtures.push BASE_URL TOKEN NAME [NAME...]"
PATIENCE_SECONDS: Final = 60  # Okta gives an answer no longer than that


@contextmanager
def connect(base_url: str, token: str) -> Iterator[Send]:
    """A `send` for `replay` over one kept HTTP connection. ValueError for an address that is neither http nor https."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{base_url} is not an http or https address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_SECONDS)
    root = parts.path.rstrip("/")

    def send(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        target = f"{root}{path}?{query}" if query else f"{root}{path}"
        connection.request(method, target, body, {"Authorization": f"Bearer {token}", **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    try:
        yield send
    finally:
        connection.close()


def push(conversation: Conversation, send: Send) -> int:
    """Replay one conversation, printing each step as it is answered. Returns how many steps there were; Mismatch as `replay`."""
    print(f"{conversation.title} ({conversation.name})")
    count = 0
    for exchange in exchanges(conversation, send):
        print(f"  {exchange.method} {exchange.path} -> {exchange.status} {exchange.why}", flush=True)
        count = exchange.number
    return count


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    if len(arguments) < 3:
        print(USAGE, file=sys.stderr)
        return 2
    base_url, token, *wanted = arguments
    try:
        conversations = [load(name) for name in wanted]
        with connect(base_url, token) as send:
            count = sum(push(conversation, send) for conversation in conversations)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except Mismatch as mismatch:
        print(mismatch, file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException) as error:
        print(f"{base_url} cannot be reached or broke off: {error!r}", file=sys.stderr)
        return 1
    print(f"{count} steps, all answered as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
