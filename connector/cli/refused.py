"""Answers to what never becomes a request: the server's own refusals, in the form of SCIM's errors (RFC 7644 section 3.12).

Nothing that arrived is repeated, neither in the answer nor in the log.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus

from gunicorn.http import errors  # type: ignore[import-untyped]

from connector.storage.database import RETRY_AFTER

_DETAILS = {
    400: "This is no request of HTTP that can be read. Expected: a request as in RFC 9112.",
    413: "The body is larger than what is read. Expected: at most 2 MB, for Bulk 10 MB. Send several requests.",
    414: "The address is too long. Expected: at most 8190 bytes. Send a long filter by POST to /.search.",
    417: "An expectation cannot be met. Expected: no Expect header, or 100-continue.",
    431: "The headers are too large. Expected: at most 100 headers of 8190 bytes each.",
    500: "connector failed to answer. Tell the operator the time of the request.",
    501: "This method or transfer coding is not known. Expected: one that HTTP/1.1 defines.",
    503: "Too many requests wait already, for the same resource or altogether. Send it again later.",
}
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidResponseHeader, 500),
    (errors.InvalidResponseHeaderName, 500),
    (errors.ConfigurationProblem, 500),
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
    (errors.InvalidRequestMethod, 501),
    (errors.ParseException, 400),
)


def status_of(error: Exception) -> int:
    """Return the status of HTTP that tells a client what gunicorn's parser raised; 500 for what is not the client's fault."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


_SCIM = re.compile(rb"[A-Z]+ [^ ?]*/(scim|oauth)/")


def answer_of(status: int, asked: bytes = b"") -> bytes:
    """Return a whole answer of HTTP, after which the connection is closed. Statuses are those of `_DETAILS`.

    `asked` is the head of the request, where there is one: what is for browsers is answered with problem details (RFC 9457).
    """
    for_scim = not asked or _SCIM.match(asked)
    error: dict[str, object] = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status)}
    if not for_scim:
        error = {"type": "about:blank", "status": status, "code": "busy"}
    body = json.dumps({**error, "detail": _DETAILS[status]}).encode()
    kind = "application/scim+json" if for_scim else "application/problem+json\r\nX-Connector-Error: busy"
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
    head += f"Retry-After: {RETRY_AFTER}\r\n" if status == 503 else ""
    head += f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    return head.encode() + body
