"""One request of an authenticated client: what it asks, read from HTTP, and the answer to it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flask import Request, Response
from werkzeug.exceptions import UnsupportedMediaType

from connector.directory import log
from connector.directory.model import Client
from connector.errors import Unauthenticated, Unavailable
from connector.scim.discovery import DEFAULT_PAGE, MAX_PAGE
from connector.scim.errors import MEDIA_TYPE
from connector.scim.filters import parse_filter
from connector.scim.messages import read_body
from connector.scim.refusals import invalid_value
from connector.scim.rendering import Projection, read_projection
from connector.scim.schemas import ResourceSchema
from connector.storage.conditions import Condition
from connector.storage.database import Database

MAX_BODY = 2 * 1024 * 1024
_LAST_INDEX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted: from `start_index`, counted from 1, at most `count`."""

    start_index: int
    count: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks, and what. `base` is the SCIM base URL of the connection."""

    database: Database
    client: Client
    base: str
    request: Request

    def body(self) -> dict[str, object]:
        """Return the JSON object sent. Raises 415 and 413 of HTTP, and Invalid as `messages.read_body`."""
        if self.request.mimetype not in (MEDIA_TYPE, "application/json"):
            raise UnsupportedMediaType
        self.request.max_content_length = MAX_BODY
        return read_body(self.request.get_data(cache=False))

    def projection(self, schema: ResourceSchema) -> Projection:
        """Return what of a resource is to be shown (RFC 7644 section 3.9)."""
        arguments = self.request.args
        return read_projection(schema, arguments.get("attributes"), arguments.get("excludedAttributes"))

    def condition(self, schema: ResourceSchema) -> Condition | None:
        """Return the filter of a query, None when there is none."""
        text = self.request.args.get("filter")
        return None if text is None else parse_filter(text, schema)

    def page(self) -> Page:
        """Read startIndex and count (RFC 7644 section 3.4.2.4): below 1 means 1, negative means 0, too many means the cap."""
        start_index, count = self._integer("startIndex", 1), self._integer("count", DEFAULT_PAGE)
        return Page(min(max(start_index, 1), _LAST_INDEX), min(max(count, 0), MAX_PAGE))

    def _integer(self, name: str, default: int) -> int:
        text = self.request.args.get(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise invalid_value(name, "a text that is no integer", "an integer") from None


def agent_of(request: Request) -> str:
    """Return the User-Agent, short and printable: it is shown in the provisioning log."""
    return "".join(letter for letter in request.headers.get("User-Agent", "") if letter.isprintable())[:200]


def note_stranger(database: Database, connection_id: str, request: Request, error: Unauthenticated) -> None:
    """Let the admin see in the provisioning log that somebody knocked in vain; the refusal does not depend on it."""
    told = {"arrived": error.detail, "advice": error.advice}
    with suppress(Unavailable):
        log.record_stranger(database, connection_id, agent=agent_of(request), address=request.remote_addr or "", **told)


def answer(text: str, status: int = 200, location: str | None = None) -> Response:
    """Return finished JSON text as an HTTP answer."""
    response = Response(text, status, content_type=MEDIA_TYPE)
    if location is not None:
        response.headers["Location"] = location
    return response


def nothing() -> Response:
    """Return 204: done, and nothing to tell."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
