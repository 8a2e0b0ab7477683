"""Moments in SAML messages, and the one tolerance for clocks that differ."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from connector.errors import Invalid

SKEW = timedelta(seconds=90)

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00|-00:00)")


def instant(text: str | None) -> datetime:
    """Read an xs:dateTime in UTC (saml-core-2.0-os section 1.3.3). Raises Invalid `saml_time`."""
    found = _INSTANT.fullmatch(text or "")
    try:
        if found is None:
            raise ValueError
        fraction = (found[2] or "")[:6].ljust(6, "0")
        return datetime.fromisoformat(f"{found[1]}.{fraction}").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(
            "saml_time",
            "A time in the message is missing or cannot be read.",
            expected="times in UTC, such as 2026-03-02T09:30:00Z",
            advice="Choose the usual time settings for this application at the identity provider.",
        ) from None


def is_past(moment: datetime, now: datetime) -> bool:
    """Whether a NotOnOrAfter is over, by any clock within the tolerance."""
    return now - SKEW >= moment


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a NotBefore is still to come, by any clock within the tolerance."""
    return moment > now + SKEW


def later(moment: datetime) -> datetime:
    """A moment and the tolerance, also at the end of time."""
    return moment + SKEW if moment < datetime.max.replace(tzinfo=UTC) - SKEW else moment


def in_words(moment: datetime) -> str:
    """A moment as a refusal shows it."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
