"""Refusals as SCIM errors (RFC 7644 section 3.12): the only place of this room that turns them into HTTP.

`detail` always says what arrived, what was expected and what to do, as Okta and Entra show it to the administrator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from connector.errors import (
    Conflict,
    ConnectorError,
    Forbidden,
    Invalid,
    NotFound,
    Outdated,
    Taken,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from connector.scim.rendering import dumps

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
MEDIA_TYPE = "application/scim+json"

_STATUS: tuple[tuple[type[ConnectorError], int], ...] = (
    (Invalid, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Outdated, 412),
    (TooLarge, 413),
    (Unavailable, 503),
)
_SCIM_TYPES = {
    "invalid_count": "invalidCount",
    "invalid_cursor": "invalidCursor",
    "invalid_filter": "invalidFilter",
    "invalid_path": "invalidPath",
    "invalid_syntax": "invalidSyntax",
    "mutability": "mutability",
    "no_target": "noTarget",
}
_HTTP = {
    404: ("There is nothing at this address.", "an endpoint of SCIM 2.0 such as /Users", "Check the SCIM base URL."),
    405: ("This method is not allowed here.", "another method", ""),
    413: ("The body is larger than 2 MB.", "at most 2 MB", "Send several requests."),
    415: ("The body is not declared as plain JSON.", "Content-Type application/scim+json, and no Content-Encoding", ""),
    501: ("connector does not offer this.", "what /ServiceProviderConfig says", ""),
}

_CHALLENGE = 'Bearer realm="SCIM"'


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error ready to be sent and to be noted in the provisioning log."""

    status: int
    scim_type: str | None
    detail: str
    expected: str = ""
    advice: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the HTTP answer."""
        return Response(dumps(self.body()), self.status, dict(self.headers), content_type=MEDIA_TYPE)

    def body(self) -> dict[str, Any]:
        """Return the error message; its `status` is a text (RFC 7644 section 3.12)."""
        body: dict[str, Any] = {"schemas": [ERROR], "status": str(self.status), "detail": self._sentence()}
        return body | {"scimType": self.scim_type} if self.scim_type else body

    def _sentence(self) -> str:
        expected = f"Expected: {self.expected}" if self.expected else ""
        return " ".join(part.rstrip(".") + "." for part in (self.detail, expected, self.advice) if part)


def refusal_of(error: ConnectorError) -> Refusal:
    """Return how an error of the domain is told to a SCIM client."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    return Refusal(status, _scim_type(error), error.detail, error.expected, error.advice, _headers(error))


def _scim_type(error: ConnectorError) -> str | None:
    """RFC 7644 table 9: only 400 and 409 have kinds; what is no error of form is one of values."""
    if isinstance(error, Taken):
        return "uniqueness"
    return _SCIM_TYPES.get(error.code, "invalidValue") if isinstance(error, Invalid) else None


def _headers(error: ConnectorError) -> dict[str, str]:
    """A challenge with 401 (RFC 7644 section 2; RFC 6750 section 3 tells a token that is not good), the time to wait with 503."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": _CHALLENGE if error.code == "token_missing" else f'{_CHALLENGE}, error="invalid_token"'}
    return {"Retry-After": str(error.retry_after)} if isinstance(error, Unavailable) else {}


def http_refusal(error: HTTPException) -> Refusal:
    """Return how an error of the web framework is told to a SCIM client."""
    status = error.code or 400
    detail, expected, advice = _HTTP.get(status, ("The request cannot be read.", "a request as in RFC 7644", ""))
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.valid_methods or ())
        expected = f"one of {headers['Allow']}"
    return Refusal(status, None, detail, expected, advice, headers)


def broken_refusal(reference: str) -> Refusal:
    """Return the answer to a failure of connector itself; `reference` is the one in its log."""
    return Refusal(500, None, "connector failed to answer.", "", f"Tell the operator the reference {reference}.")
