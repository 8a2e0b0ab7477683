"""Cursors (RFC 9865 section 2): a position in a list as a text that only this installation can make.

A cursor holds the size of the page and the position of the last resource that was sent, and a seal over both and over the query:
another query, another connection or a changed letter breaks it. Nothing is kept on the server, so a cursor does not expire; it is
good until the key that sealed it is taken out of CONNECTOR_SECRET_KEY.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

from connector.directory.model import Position
from connector.errors import Invalid

_SEAL = 16  # bytes
_PURPOSE = b"connector.scim.cursor"


def write_cursor(keys: Sequence[str], query: str, count: int, position: Position) -> str:
    """Return the cursor of what stands behind `position` in the list that `query` names; letters are those RFC 9865 allows."""
    told = json.dumps([count, *position], ensure_ascii=False, separators=(",", ":")).encode()
    return _text(_seal(keys[0], query, told) + told)


def read_cursor(keys: Sequence[str], query: str, cursor: str) -> tuple[int, Position]:
    """Return the size of the page and the position. Raises Invalid `invalid_cursor` when it was not made here for this query."""
    raw = _bytes(cursor)
    seal, told = raw[:_SEAL], raw[_SEAL:]
    if not any(hmac.compare_digest(seal, _seal(key, query, told)) for key in keys):
        raise Invalid(
            "invalid_cursor",
            "The cursor is not one that this query was answered with.",
            expected="the nextCursor of the page before, with the same filter, sortBy and sortOrder, or an empty cursor",
            advice="Begin again with an empty cursor.",
        )
    count, *position = json.loads(told)
    return count, tuple(position)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(cursor: str) -> bytes:
    """Of the spellings that mean the same bytes only ours is taken, so that no letter can be changed."""
    try:
        raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
    return raw if _text(raw) == cursor else b""


def _seal(key: str, query: str, told: bytes) -> bytes:
    """The query is hashed first, so that the two texts cannot be shifted against each other."""
    named = hashlib.sha256(query.encode()).digest()
    return hmac.digest(hmac.digest(key.encode(), _PURPOSE, "sha256"), named + told, "sha256")[:_SEAL]
