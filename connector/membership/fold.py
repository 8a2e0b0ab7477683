"""How texts are compared, and which can be kept, in one place for every room: names, addresses and search values.

Folding happens in Python so that both databases agree: SQLite's lower() knows ASCII only, PostgreSQL's depends on its locale.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime


def fold(text: str) -> str:
    """Return `text` as compared without case: NFC, then lower case (RFC 7643 section 2.2, caseExact false)."""
    return unicodedata.normalize("NFC", text).lower()


def is_storable(text: str) -> bool:
    """Tell whether databases can keep the text: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def can_name(text: str) -> bool:
    """Tell whether the text can name somebody: it can be kept, is more than white space, and has no control characters."""
    return is_storable(text) and not text.isspace() and not any(unicodedata.category(letter) == "Cc" for letter in text)


def timestamp(moment: datetime) -> str:
    """Return `moment` (aware) as UTC text whose order is the order of time: `2026-11-21T22:27:00.000000Z`, `0001-...`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
