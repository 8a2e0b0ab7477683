"""Does an answer hold what a conversation expects of it? A partial comparison of JSON, and the words a pattern may use.

    "<any>"            there, and not null
    "<absent>"         not there at all
    "<empty>"          not there, null, or an empty list: RFC 7643 section 2.5 calls all three "unassigned"
    "<integer>"        a JSON number without a fraction (Okta refuses totals sent as text)
    "<regex:...>"      text in which the expression is found (`re.search`)
    {"<unordered>": [...]}   a list with just these elements, in any order

Everything else is itself: an object must have every key the pattern names and may have more, a list must have as many elements in
the same order, and a value must be equal and of the same type (`true` is neither 1 nor "True").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Missing(Enum):
    """The value of a key that is not there, which is not the same as null."""

    MISSING = "nothing"


MISSING: Final = Missing.MISSING
Found = Json | Missing

REGEX: Final = "<regex:"
UNORDERED: Final = "<unordered>"
WORDS: Final[Mapping[str, Callable[[Found], bool]]] = {
    "<any>": lambda got: got is not None and got is not MISSING,
    "<absent>": lambda got: got is MISSING,
    "<empty>": lambda got: got is None or got is MISSING or got == [],
    "<integer>": lambda got: isinstance(got, int) and not isinstance(got, bool),
}


def difference(pattern: Json, got: Found, at: str = "body") -> str | None:
    """The first place where `got` is not what `pattern` asks for, as a sentence; None when everything holds."""
    if isinstance(pattern, str):
        return None if _text_holds(pattern, got) else _sentence(at, pattern, got)
    if isinstance(pattern, dict) and isinstance(items := pattern.get(UNORDERED), list):
        return None if isinstance(got, list) and _pairs_up(items, got) else _sentence(at, pattern, got)
    if isinstance(pattern, dict) and isinstance(got, dict):
        return _first(difference(value, got.get(key, MISSING), f"{at}.{key}") for key, value in pattern.items())
    if isinstance(pattern, list) and isinstance(got, list) and len(pattern) == len(got):
        pairs = enumerate(zip(pattern, got, strict=True))
        return _first(difference(want, have, f"{at}[{index}]") for index, (want, have) in pairs)
    same = type(pattern) is type(got) and pattern == got
    return None if same else _sentence(at, pattern, got)


def _text_holds(pattern: str, got: Found) -> bool:
    if pattern in WORDS:
        return WORDS[pattern](got)
    if pattern.startswith(REGEX) and pattern.endswith(">"):
        return isinstance(got, str) and re.search(pattern[len(REGEX) : -1], got) is not None
    return pattern == got


def _pairs_up(patterns: Sequence[Json], got: Sequence[Json]) -> bool:
    """Whether each pattern finds an element of its own, with none left over. Tried in full: two patterns may fit one element."""
    if not patterns:
        return not got
    return any(
        difference(patterns[0], element) is None and _pairs_up(patterns[1:], [*got[:index], *got[index + 1 :]])
        for index, element in enumerate(got)
    )


def _first(found: Iterable[str | None]) -> str | None:
    return next((sentence for sentence in found if sentence is not None), None)


def _sentence(at: str, pattern: Json, got: Found) -> str:
    return f"{at}: expected {_shown(pattern)}, got {_shown(got)}"


def _shown(value: Found) -> str:
    return str(value.value) if isinstance(value, Missing) else json.dumps(value, ensure_ascii=False)
