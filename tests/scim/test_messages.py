"""Bodies: what is refused before anything is done with it (C4, RFC 7644 section 3.8)."""

from __future__ import annotations

import pytest

from connector.errors import Invalid
from connector.scim.messages import MAX_DEPTH, read_body


def nested(depth: int) -> bytes:
    """An object whose brackets nest `depth` deep."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


READ: list[tuple[bytes, dict[str, object]]] = [
    (b'{"a": 1}', {"a": 1}),
    (b'{"a": 1.5}', {"a": 1.5}),
    (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    (b'{"a": 1, "a": 2}', {"a": 2}),
    ('{"a": "ä😀"}'.encode(), {"a": "ä😀"}),
    (rb'{"a": "\ud83d\ude00"}', {"a": "😀"}),
    (rb'{"a": "\\u0000"}', {"a": "\\u0000"}),
    (b'{"a": "' + b"[{" * 100 + b'"}', {"a": "[{" * 100}),
    (rb'{"a": "\"' + b"[{" * 100 + b'"}', {"a": '"' + "[{" * 100}),
    (b"[]".join([b'{"a":[', b""]) + b",[]" * 99 + b"]}", {"a": [[]] * 100}),
]


@pytest.mark.parametrize(("raw", "body"), READ, ids=[str(raw[:30]) for raw, _ in READ])
def test_what_is_read(raw: bytes, body: dict[str, object]) -> None:
    """JSON objects in UTF-8; brackets inside texts and beside one another do not count as depth."""
    assert read_body(raw) == body


REFUSED = [
    (b"", "invalid_syntax"),
    (b"{", "invalid_syntax"),
    (b"[]", "invalid_syntax"),
    (b'"text"', "invalid_syntax"),
    (b"null", "invalid_syntax"),
    (b'{"a": NaN}', "invalid_syntax"),
    (b'{"a": -Infinity}', "invalid_syntax"),
    (b'{"a": 1e999}', "invalid_syntax"),
    (b'{"a": ' + b"9" * 5000 + b"}", "invalid_syntax"),
    (b'{"a": "\x00"}', "invalid_syntax"),
    (b'{"a": "\xff"}', "invalid_syntax"),
    (b'{"a": "\xed\xa0\x80"}', "invalid_syntax"),
    (rb'{"a": "\u0000"}', "invalid_value"),
    (rb'{"a": {"b": ["\ud800"]}}', "invalid_value"),
    (rb'{"a": "\uDFFF x"}', "invalid_value"),
    (rb'{"\u0000": 1}', "invalid_value"),
    (nested(100_000), "invalid_syntax"),
    (b"{" * 1_000_000, "invalid_syntax"),
]


@pytest.mark.parametrize(("raw", "code"), REFUSED, ids=[str(raw[:30]) for raw, _ in REFUSED])
def test_what_is_refused(raw: bytes, code: str) -> None:
    """400, whatever is sent; never a failure of ours."""
    with pytest.raises(Invalid) as refusal:
        read_body(raw)
    assert refusal.value.code == code


def test_the_depth_is_bounded() -> None:
    """The limit itself is read."""
    read_body(nested(MAX_DEPTH))
    with pytest.raises(Invalid, match="deep"):
        read_body(nested(MAX_DEPTH + 1))


def test_a_text_no_store_keeps_is_named() -> None:
    """The sentence says where it stands."""
    with pytest.raises(Invalid, match=r"name\.givenName"):
        read_body(rb'{"name": {"givenName": "a\u0000"}}')
