"""PAGING: lists are read page by page, forwards, from a cursor on.

A cursor is the key of the last item that was sent, so a list may grow and shrink between two pages and nothing that stays is
missed or told twice. It is good for the list it came with and does not expire. It opens nothing: what it leads to is asked for
with the caller's own rights, so it carries a check against mistakes and no seal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from flask import request
from pydantic import Field

from connector.api.messages import Query
from connector.errors import Invalid

_CHECK = 6  # bytes


class Listing(Query):
    """The parameters of every list."""

    limit: int = Field(default=50, ge=1, le=200, description="How many items a page has at most.")
    cursor: str | None = Field(default=None, max_length=1000, description="`next_cursor` of the page before.")

    @property
    def after(self) -> str | None:
        """What the cursor stands for: the key of the last item of the page before. Raises Invalid `cursor_invalid`."""
        return None if self.cursor is None else read_cursor(request.path, self.cursor)


def write_cursor(path: str, key: str) -> str:
    """Return the cursor of what stands behind `key` in the list at `path`."""
    return base64.urlsafe_b64encode(_check(path, key) + key.encode()).decode().rstrip("=")


def read_cursor(path: str, cursor: str) -> str:
    """Return the key. Raises Invalid `cursor_invalid` when it was not written for this list, letter by letter."""
    try:
        key = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True)[_CHECK:].decode()
    except (binascii.Error, UnicodeError):
        raise _odd() from None
    if cursor != write_cursor(path, key):
        raise _odd()
    return key


def _check(path: str, key: str) -> bytes:
    return hashlib.sha256(f"{path}\n{key}".encode()).digest()[:_CHECK]


def _odd() -> Invalid:
    return Invalid(
        "cursor_invalid",
        "This cursor is not one that this list was answered with.",
        expected="next_cursor of the page before, whole, sent to the same address",
        advice="Begin again without a cursor.",
    )
