"""RENDERING: views as JSON, their entity tags, and refusals as problem details (RFC 9457)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from flask import Response

from connector.errors import ConnectorError, Unfit
from connector.membership.fold import timestamp
from connector.web import refusals


def jsonable(value: Any) -> Any:
    """Return a view as values of JSON. A field that is LEFT_OUT while it is None is left out; sets are sorted."""
    if is_dataclass(value) and not isinstance(value, type):
        given = ((field, getattr(value, field.name)) for field in fields(value))
        return {each.name: jsonable(had) for each, had in given if had is not None or not each.metadata.get("left_out")}
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(jsonable(each) for each in value)
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    return value


def text_of(told: Any) -> str:
    """The one JSON text of such a value: what is sent, and what entity tags are made of."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


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
