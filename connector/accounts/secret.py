"""SECRETS that are handed out once and kept as a hash: tokens of cookies, links and keys, and codes that people type."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LETTERS = 43  # 62 ** 43 is more than 2 ** 256

TYPED = "BCDFGHJKLMNPQRSTVWXZ"
"""Letters of codes: no vowels, so no words; none that is taken for a digit."""


def new_token(prefix: str = "") -> str:
    """Return 256 random bits as letters and digits, after a prefix by which people and scanners recognise them."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))


def new_code(groups: int) -> str:
    """Return a code to type: groups of four letters with hyphens between, 17 bits each."""
    return "-".join("".join(secrets.choice(TYPED) for _ in range(4)) for _ in range(groups))


def typed(code: str) -> str:
    """Return a code as `new_code` made it, however it was typed: letter case, spaces and hyphens do not matter."""
    letters = "".join(letter for letter in code[:200].upper() if letter in TYPED)
    return "-".join(letters[place : place + 4] for place in range(0, len(letters), 4))


def hashed(*parts: str) -> str:
    """Return what is kept of a secret. 256 random bits need no salt and no slow hash; a code is hashed with what it belongs to:
    an id, or the token of a cookie."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
