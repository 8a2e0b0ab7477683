"""JSONABLE: views as values of JSON, and as text: what the API answers, and what is kept of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from connector.membership.fold import timestamp


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
