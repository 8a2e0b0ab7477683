"""Identifiers: time-ordered UUIDs (version 7), so that the order of ids is the order of making and an index grows at its end."""

from __future__ import annotations

import secrets
import time


def new_id() -> str:
    """Return a UUID version 7 (RFC 9562 section 5.7) as text: lower-case letters, digits and hyphens only.

    The twelve bits after the milliseconds carry the fraction of the millisecond (section 6.2, method 3).
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
