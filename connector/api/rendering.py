"""RENDERING: answers, their entity tags, and refusals as problem details (RFC 9457)."""

from __future__ import annotations

import hashlib
import json

from flask import Response

from connector.errors import ConnectorError, Unfit
from connector.web import refusals
from connector.web.jsonable import text_of


def etag_of(text: str) -> str:
    """The strong entity tag of an answer (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def answer(text: str | None, status: int) -> Response:
    """An answer of ours; without a text it has no body."""
    return Response(text, status, content_type=None if text is None else "application/json")


def refused(error: ConnectorError) -> Response:
    """A refusal as problem details. Who showed nothing that counts is challenged (RFC 9110 section 15.5.2)."""
    response = refusals.answer(error, default_page=False)
    if isinstance(error, Unfit):
        told = json.loads(response.get_data())
        response.set_data(text_of(told | {"errors": list(error.faults)}))
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
