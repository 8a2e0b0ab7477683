"""The body of a request: bytes -> one JSON object, refused before it costs anything (RFC 7644 section 3.8, RFC 8259)."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from connector.membership.fold import is_storable
from connector.scim.refusals import invalid_syntax, invalid_value, kind_of

MAX_DEPTH = 64
MAX_CONTAINERS = 250_000
"""Lists and objects in one body: each costs fifty times the two bytes it is written with."""

_DIGITS = 308
_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)  # possessive: a text without end is passed once
_NO_BRACKET = re.compile(r"[^\[\]{}]+")
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_body(raw: bytes) -> dict[str, Any]:
    """Parse the body of a request.

    Raises Invalid: `invalid_syntax` when it is no UTF-8, no JSON object, deeper than MAX_DEPTH, of more than MAX_CONTAINERS, or
    holds NaN, Infinity or a number that is beyond a double; `invalid_value` when a text holds what no database stores (NUL, half
    a surrogate pair).
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid_syntax("The body is not UTF-8.", "a JSON object in UTF-8") from None
    _check_size(text)
    try:
        body = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer)
    except ValueError:
        raise invalid_syntax("The body is not JSON.", "a JSON object in UTF-8, with numbers below 1e308") from None
    if not isinstance(body, dict):
        raise invalid_syntax(f"The body is {kind_of(body)}.", "a JSON object")
    if _SUSPICIOUS.search(text):
        _check_texts(body, "")
    return body


def _check_size(text: str) -> None:
    """Refuse what would cost more to read than it may: nesting, and lists and objects without number."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    brackets = _NO_BRACKET.sub("", _TEXT.sub("", text))
    if len(brackets) > 2 * MAX_CONTAINERS:
        expected = f"at most {MAX_CONTAINERS} lists and objects"
        raise invalid_syntax("The body has too many lists and objects.", expected, "Send several requests.")
    if _depth(brackets) > MAX_DEPTH:
        raise invalid_syntax(f"The body is nested more than {MAX_DEPTH} deep.", f"at most {MAX_DEPTH} levels")


def _depth(brackets: str) -> int:
    """Return how deep brackets nest. Too much when they do not fit together: then it is no JSON either."""
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _integer(text: str) -> int:
    """A longer one is infinite for SQLite, and a filter that meets it there fails for everybody."""
    if len(text) > _DIGITS:
        raise ValueError(text)
    return int(text)


def _check_texts(value: Any, where: str) -> None:
    """Refuse NUL and lone surrogates in any text, names included; at most MAX_DEPTH deep."""
    if isinstance(value, str) and not is_storable(value):
        raise invalid_value(where, "a text with NUL or half a surrogate pair", "text without them")
    if isinstance(value, list):
        for item in value:
            _check_texts(item, where)
    if isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key, where or "a name")
            _check_texts(item, f"{where}.{key}" if where else key)
