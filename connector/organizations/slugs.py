"""SLUGS: the short names of organizations in addresses. Checked where somebody chooses one, made where nobody does."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator

from connector.errors import Invalid

LONGEST = 63
_SLUG = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST - 2}}}[a-z0-9]")
_LIKE_AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"})
_NUMBERED = 9
_DRAWN = 8


def check(slug: str) -> str:
    """Return a slug that may be used. Raises Invalid `slug_invalid`."""
    # A slug stands where an id may stand, so it must never look like one.
    if not _SLUG.fullmatch(slug) or _LIKE_AN_ID.fullmatch(slug):
        expected = f"2 to {LONGEST} lower-case letters, digits and hyphens, no hyphen at the ends, not the form of an id"
        raise Invalid("slug_invalid", "This slug cannot be used.", expected=expected)
    return slug


def is_like_an_id(text: str) -> bool:
    """Whether the text has the form of an id."""
    return _LIKE_AN_ID.fullmatch(text) is not None


def from_name(name: str) -> str:
    """Return a slug for a name in any script: its letters without their marks. What has no letters of ASCII is called `org`."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = folded.translate(_LATIN).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
    if len(slug) < 2 or _LIKE_AN_ID.fullmatch(slug):
        slug = f"org-{slug}".strip("-")
    return slug


def candidates(slug: str) -> Iterator[str]:
    """The slug, then the slug with a number, then with letters drawn at random: the first that is free is taken."""
    yield slug
    for number in range(2, _NUMBERED + 1):
        yield _ending(slug, str(number))
    for _ in range(_DRAWN):
        yield _ending(slug, secrets.token_hex(4))


def _ending(slug: str, end: str) -> str:
    return f"{slug[: LONGEST - len(end) - 1].rstrip('-')}-{end}"
