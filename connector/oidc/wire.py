"""JSON as providers send it, read so that nothing in it surprises: an object, no NaN, no depth that ends the program."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from connector.membership.fold import is_storable

Object = dict[str, Any]


def read_object(text: str | bytes) -> Object | None:
    """Return the JSON object in `text` (UTF-8), or None for anything else."""
    try:
        value = json.loads(text.decode() if isinstance(text, bytes) else text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON (RFC 8259 section 6), and NaN is neither before nor after any time."""
    raise ValueError(constant)


def text_of(value: Any, limit: int = 2000) -> str:
    """Return `value` if it is a text of a sensible length that databases can keep, else an empty text."""
    return value if isinstance(value, str) and len(value) <= limit and is_storable(value) else ""
