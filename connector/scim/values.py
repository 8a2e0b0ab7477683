"""One value of one attribute, read tolerantly: what may be kept of it, or None when it says "unassigned".

RFC 7643 section 2.5: null and an empty list are unassigned; identity providers clear with an empty text as well. Anything of
the wrong kind is refused as Invalid `invalid_value`, naming the attribute, the kind that arrived and the kind expected.
"""

from __future__ import annotations

from typing import Any

from connector.scim.dialects import entra_manager_forms, entra_string_boolean, one_as_list, texts_as_elements
from connector.scim.refusals import invalid_value, kind_of
from connector.scim.schemas import Attribute

MAX_ELEMENTS = 500
_LABELS = frozenset({"type", "primary"})


def is_empty(value: Any) -> bool:
    """Tell whether a JSON value means "unassigned"."""
    return value is None or value == "" or value == [] or value == {}


def normal(attribute: Attribute, value: Any, where: str) -> Any | None:
    """Return `value` as stored for `attribute`, None for unassigned. `where` is its full name, for the sentence of a refusal."""
    if is_unassigned(attribute, value):
        return None
    return _list(attribute, value, where) if attribute.many else _single(attribute, value, where)


def is_unassigned(attribute: Attribute, value: Any) -> bool:
    """Tell whether `value` leaves `attribute` unassigned; an empty object does so only where objects belong."""
    return is_empty(value) and (value != {} or attribute.type in ("complex", "any"))


def _single(attribute: Attribute, value: Any, where: str) -> Any | None:
    """As `normal`, for one value that is assigned; of a list attribute, for one element (lists that are kept hold objects)."""
    if attribute.type == "complex":
        return _object(attribute, value, where)
    if attribute.type == "any":
        return bounded(value, where)
    if attribute.type == "boolean":
        value = entra_string_boolean(value)
        if not isinstance(value, bool):
            raise invalid_value(where, kind_of(value), "true or false")
        return value
    if not isinstance(value, str):
        raise invalid_value(where, kind_of(value), "a text")
    return value


def changes(attribute: Attribute, value: Any, where: str) -> dict[str, Any]:
    """Return what an object says of each known sub-attribute, None where it clears one; readOnly and unknown ones left out."""
    value = _as_object(attribute, value)
    if is_empty(value):
        return {}
    if not isinstance(value, dict):
        raise invalid_value(where, kind_of(value), "an object with sub-attributes")
    said = {}
    for key, item in value.items():
        part = attribute.part(key)
        if part is not None and part.mutability != "readOnly":
            said[part.name] = normal(part, item, f"{where}.{part.name}")
    return said


def _as_object(attribute: Attribute, value: Any) -> Any:
    if attribute.name == "manager":
        return entra_manager_forms(value)
    if attribute.many and attribute.part("value"):
        return texts_as_elements(value)
    return value


def _object(attribute: Attribute, value: Any, where: str) -> dict[str, Any] | None:
    kept = {name: item for name, item in changes(attribute, value, where).items() if item is not None}
    return kept or None


def _list(attribute: Attribute, value: Any, where: str) -> list[Any] | None:
    """Elements that say nothing but their type are dropped: Entra sends them for addresses a person does not have."""
    elements = bounded(one_as_list(value), where)
    read = [_single(attribute, element, where) for element in elements]
    kept = [element for element in read if element is not None and not (isinstance(element, dict) and element.keys() <= _LABELS)]
    return settle_primary(kept) or None


def bounded(value: Any, where: str) -> Any:
    """Refuse a list of more than MAX_ELEMENTS: PATCH compares elements, which would cost time without end."""
    if isinstance(value, list) and len(value) > MAX_ELEMENTS:
        raise invalid_value(where, f"a list of {len(value)}", f"at most {MAX_ELEMENTS} elements")
    return value


def settle_primary(elements: list[Any], chosen: int | None = None) -> list[Any]:
    """Leave `primary: true` on one element only (RFC 7643 section 2.4): on `chosen`, else on the first that has it.

    Two primaries in one message are an identity provider's slip that must not stop a person: the first is kept, the rest demoted.
    """
    marked = [index for index, element in enumerate(elements) if isinstance(element, dict) and element.get("primary") is True]
    keep = chosen if chosen in marked else next(iter(marked), None)
    return [
        {**element, "primary": False} if index in marked and index != keep else element for index, element in enumerate(elements)
    ]
