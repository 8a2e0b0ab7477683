"""What a rule may ask of a person's attributes: a name resolved in the folded search document of RFC 7643 section 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.membership.fold import fold

_CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:user"


def has_value(document: Mapping[str, Any], attribute: str, value: str) -> bool:
    """Tell whether an attribute of a folded search document has a value, compared without case.

    `attribute` is a core attribute (`title`), a path (`name.familyName`, `emails.value`), one of an extension by URN
    (`urn:…:user:department`, RFC 7644 section 3.10), or a short name found in any extension (`department`). Of a list any element
    counts, of a complex value its `value`; booleans are `true` and `false`, numbers their digits.
    """
    wanted = fold(value)
    return any(_text(found) == wanted for found in _values(document, attribute.lower()))


def _values(document: Mapping[str, Any], attribute: str) -> Iterator[Any]:
    if attribute.startswith("urn:"):
        schema, _, path = attribute.rpartition(":")
        yield from _walk(document if schema == _CORE_USER else document.get(schema), path.split("."))
        return
    path_names = attribute.split(".")
    if path_names[0] in document:
        yield from _walk(document, path_names)
        return
    for key, extension in document.items():
        if key.startswith("urn:"):
            yield from _walk(extension, path_names)


def _walk(value: Any, names: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for element in value:
            yield from _walk(element, names)
    elif names and isinstance(value, Mapping):
        yield from _walk(value.get(names[0]), names[1:])
    elif isinstance(value, Mapping):
        yield value.get("value")
    elif not names:
        yield value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else fold(str(value))
