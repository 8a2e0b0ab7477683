"""Between HTTP and the values of `exchange.py`: a request becomes an Exchange, an Answer becomes a response."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Request, Response
from werkzeug.exceptions import UnsupportedMediaType

from connector.config import Settings
from connector.directory import log
from connector.directory.model import Client
from connector.errors import Unauthenticated, Unavailable
from connector.scim.errors import MEDIA_TYPE
from connector.scim.exchange import Answer, Exchange
from connector.scim.messages import read_body
from connector.storage.database import Database

MAX_BODY = 2 * 1024 * 1024


def exchange_of(request: Request, database: Database, client: Client, settings: Settings, longest: int = MAX_BODY) -> Exchange:
    """Return what a request of an authenticated client asks. The body, of `longest` bytes, is not read before it is asked for."""

    def body() -> dict[str, Any]:
        if request.mimetype not in (MEDIA_TYPE, "application/json") or request.content_encoding not in (None, "identity"):
            raise UnsupportedMediaType
        request.max_content_length = longest
        return read_body(request.get_data(cache=False))

    base, headers = f"{settings.base_url}/scim/v2/{client.connection_id}", request.headers
    conditions = {"if_match": headers.get("If-Match"), "if_none_match": headers.get("If-None-Match")}
    return Exchange(database, client, base, settings.secret_keys, request.args, body, **conditions)


def response_of(answer: Answer) -> Response:
    """Return an answer as HTTP."""
    response = Response(answer.text, answer.status, content_type=MEDIA_TYPE)
    if not answer.text:
        del response.headers["Content-Type"]
    if answer.location is not None:
        response.headers["Location"] = answer.location
    if answer.version is not None:
        response.headers["ETag"] = answer.version
    return response


def agent_of(request: Request) -> str:
    """Return the User-Agent, short and printable: it is shown in the provisioning log."""
    return "".join(letter for letter in request.headers.get("User-Agent", "") if letter.isprintable())[:200]


def note_stranger(database: Database, connection_id: str, request: Request, error: Unauthenticated) -> None:
    """Let the admin see in the provisioning log that somebody knocked in vain; the refusal does not depend on it."""
    told = {"arrived": error.detail, "expected": error.expected, "advice": error.advice}
    with suppress(Unavailable):
        log.record_stranger(database, connection_id, agent=agent_of(request), address=request.remote_addr or "", **told)
