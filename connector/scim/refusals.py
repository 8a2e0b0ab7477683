"""How this room refuses: one maker per kind of error of RFC 7644 section 3.12, table 9. Pure: nothing here knows HTTP.

Each sentence says what arrived (its kind and its name, never its content), what was expected, and what to do.
"""

from __future__ import annotations

from connector.errors import Invalid


def kind_of(value: object) -> str:
    """Return in words what kind of JSON value `value` is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text" if value else "an empty text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "a list" if value else "an empty list"


def shown(name: str) -> str:
    """Return a client's name for an attribute, safe to repeat: printable ASCII, quoted and short."""
    text = name if len(name) <= 100 else name[:97] + "..."
    return '"' + text.encode("ascii", "backslashreplace").decode("ascii").replace("\x00", "\\x00") + '"'


def invalid_value(attribute: str, arrived: str, expected: str, advice: str = "") -> Invalid:
    """A value of the wrong kind or missing: `attribute` is where, `arrived` its kind in words."""
    return Invalid("invalid_value", f"{shown(attribute)} arrived as {arrived}.", expected=expected, advice=advice)


def invalid_filter(detail: str, expected: str = "a filter as in RFC 7644 section 3.4.2.2", advice: str = "") -> Invalid:
    """A filter that cannot be read, or compares what cannot be compared."""
    return Invalid("invalid_filter", detail, expected=expected, advice=advice)


def invalid_path(detail: str, expected: str = "a path as in RFC 7644 section 3.5.2", advice: str = "") -> Invalid:
    """A PATCH path that cannot be read or names no attribute of the resource."""
    return Invalid("invalid_path", detail, expected=expected, advice=advice)


def invalid_syntax(detail: str, expected: str, advice: str = "") -> Invalid:
    """A message whose form is wrong."""
    return Invalid("invalid_syntax", detail, expected=expected, advice=advice)


def mutability(attribute: str, why: str, advice: str = "") -> Invalid:
    """A change of what may not be changed: readOnly, or required and to be removed. `why` goes on from the attribute's name."""
    return Invalid("mutability", f"{shown(attribute)} {why}.", expected="an attribute that may be changed so", advice=advice)


def no_target(detail: str, expected: str, advice: str = "") -> Invalid:
    """A PATCH path that selects nothing that could be changed."""
    return Invalid("no_target", detail, expected=expected, advice=advice)
