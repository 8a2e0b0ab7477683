"""SERVING: from a request to the handler of its operation, and back to an answer."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from connector.api import rendering
from connector.api.caller import Caller, current
from connector.api.messages import Query, read_body, read_query
from connector.api.operation import PERSONAL, Call, Operation
from connector.api.paging import write_cursor
from connector.api.rendering import etag_of
from connector.errors import Invalid, NotFound, Outdated
from connector.membership.fold import is_storable
from connector.provisioning.once import Once, Replayed
from connector.provisioning.pages import Page, Seen
from connector.web.house import house
from connector.web.jsonable import jsonable, text_of

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def serve(operation: Operation, **path: str) -> Response:
    """Answer the current request. Raises what the handler raises, and what is wrong with the request itself."""
    if not all(is_storable(each) for each in path.values()):
        raise NotFound("not_found", "There is nothing at this address.")
    call = _call(operation)
    try:
        return _answer(operation, operation.handler(call, **path, **_said(operation)))
    except Replayed as before:
        return _replayed(operation, before.text)


def _call(operation: Operation) -> Call:
    now = datetime.now(UTC)
    caller = None if operation.public else current(now)
    once = _once(caller) if caller is not None and operation.idempotent else None
    call = Call(operation, caller, house(), now, once, _seen(operation))
    if operation.permission == PERSONAL:
        call.personal()
    return call


def _said(operation: Operation) -> dict[str, Any]:
    """Query and body, where the operation takes them. A query that it does not take is refused, as a field would be."""
    query = read_query(operation.query or Query)
    said = {"query": query} if operation.query else {}
    return said | {"body": read_body(operation.body)} if operation.body else said


# ---------------------------------------------------------------------------------------------------------------- answers


def _answer(operation: Operation, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if operation.answer is None:
        return rendering.answer(None, operation.status)
    if isinstance(result, Page):
        return _list(result)
    text = text_of(jsonable(result))
    response = rendering.answer(text, operation.status)
    if operation.etag:
        response.headers["ETag"] = etag_of(text)
        if operation.method == "GET":
            response.make_conditional(request)
    return response


def _list(page: Page[Any]) -> Response:
    """A page of a list, with the way to the next one (RFC 8288)."""
    cursor = None if page.next is None else write_cursor(request.path, page.next)
    response = rendering.answer(text_of({"items": jsonable(page.items), "next_cursor": cursor}), 200)
    if cursor is not None:
        query = urlencode({**request.args, "cursor": cursor})
        response.headers["Link"] = f'<{house().origin}{house().path(request.path)}?{query}>; rel="next"'
    return response


# ------------------------------------------------------------------------------------------------------- ETag and If-Match


def _seen(operation: Operation) -> Seen | None:
    """What compares the version the client knows with the thing as it is (RFC 9110 section 13.1.1)."""
    if not (operation.compares and "If-Match" in request.headers):
        return None
    known = request.if_match

    def seen(view: object) -> None:
        if not known.contains(etag_of(text_of(jsonable(view))).strip('"')):
            raise Outdated(
                "version_mismatch",
                "It has been changed since you read it.",
                expected="If-Match with the ETag of its state of today",
                advice="Read it again, and change what is there now.",
            )

    return seen


# -------------------------------------------------------------------------------------------------------- Idempotency-Key


def _once(caller: Caller) -> Once | None:
    """The request as one that is done once, if its sender says so. Raises Invalid `idempotency_key_invalid`."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Invalid(
            "idempotency_key_invalid",
            "This Idempotency-Key cannot be used.",
            expected="1 to 255 visible ASCII characters, such as a new UUID",
        )
    sender = (caller.person_id, caller.key_id or "session")
    where = (request.method, request.path, request.headers.get("X-Workspace") or caller.workspace or "")
    said = request.query_string + b"\n" + request.get_data()
    return Once(_hash(json.dumps([*sender, *where, key]).encode()), _hash(said), house().sealer, _kept)


def _kept(result: Any) -> str:
    return text_of(jsonable(result))


def _replayed(operation: Operation, text: str) -> Response:
    """What was answered the first time."""
    response = rendering.answer(text if operation.answer is not None else None, operation.status)
    response.headers["Idempotency-Replayed"] = "true"
    if operation.etag:
        response.headers["ETag"] = etag_of(text)
    return response


def _hash(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()
