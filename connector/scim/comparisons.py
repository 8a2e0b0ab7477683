"""One comparison of a filter: what it means to compare this attribute with this value by this operator.

RFC 7644 section 3.4.2.2, table 3. Everything that cannot be compared is refused as Invalid `invalid_filter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from connector.membership.fold import fold, timestamp
from connector.scim.dialects import entra_string_boolean
from connector.scim.refusals import invalid_filter, kind_of, shown
from connector.scim.schemas import Attribute
from connector.storage.conditions import Compare, Condition, Kind, Not, Operator, Path, Present, Scalar

_ORDER = ("gt", "ge", "lt", "le")
_TEXT_ONLY = ("co", "sw", "ew")


@dataclass(frozen=True, slots=True)
class Operand:
    """What a comparison speaks of: where it lies and how it compares."""

    path: Path
    attribute: Attribute


def leaf(operand: Operand) -> Operand:
    """A complex attribute is compared by its `value` (RFC 7644 section 3.4.2.2): `emails eq`, `members eq`, `manager eq`."""
    attribute, path = operand.attribute, operand.path
    if attribute.type != "complex":
        return operand
    value = attribute.part("value")
    if value is None:
        raise invalid_filter(f"{shown(attribute.name)} is an object and cannot be compared.", "one of its sub-attributes")
    return Operand(Path((*path.names, "value"), path.many), value)


def compare(operand: Operand, operator: Operator, value: Scalar | None, folded: bool) -> Condition:
    """Return the condition `operand operator value`; texts folded unless they are compared with case or `folded` is off."""
    attribute = operand.attribute
    if value is None:
        if operator not in ("eq", "ne"):
            raise invalid_filter(f"{shown(attribute.name)} is compared with null by {operator}.", "eq or ne with null")
        return Not(Present(operand.path)) if operator == "eq" else Present(operand.path)
    kind, literal = _typed(attribute, value)
    _check_operator(attribute, kind, operator)
    if kind == "string" and folded:
        literal = fold(str(literal))
    return Compare(operand.path, operator, literal, kind)


def _typed(attribute: Attribute, value: Scalar) -> tuple[Kind, Scalar]:
    """Return how the attribute compares with this value, and the value in that form."""
    if attribute.type == "boolean":
        value = entra_string_boolean(value)  # type: ignore[assignment]
        if isinstance(value, bool):
            return "boolean", value
        raise invalid_filter(f"{shown(attribute.name)} is compared with {kind_of(value)}.", "true or false")
    if attribute.type == "any" and not isinstance(value, str):
        return ("boolean", value) if isinstance(value, bool) else ("number", value)
    if not isinstance(value, str):
        raise invalid_filter(f"{shown(attribute.name)} is compared with {kind_of(value)}.", "a text in double quotes")
    if attribute.type == "dateTime":
        return "datetime", _moment(attribute, value)
    return ("exact" if attribute.exact else "string"), value


def _moment(attribute: Attribute, value: str) -> str:
    """dateTime values compare chronologically: bring them to UTC; without an offset they are taken as UTC."""
    try:
        moment = datetime.fromisoformat(value)
        return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise invalid_filter(
            f"{shown(attribute.name)} is compared with a text that is no moment.", "a dateTime such as 2026-11-21T22:27:00Z"
        ) from None


def _check_operator(attribute: Attribute, kind: Kind, operator: Operator) -> None:
    """gt, ge, lt, le on booleans and binaries are refused (RFC 7644 section 3.4.2.2, table 3); co, sw, ew need text."""
    if operator in _ORDER and (kind == "boolean" or attribute.type == "binary"):
        raise invalid_filter(f"{shown(attribute.name)} has no order, so {operator} cannot be asked.", "eq, ne or pr")
    if operator in _TEXT_ONLY and kind in ("boolean", "number", "datetime"):
        raise invalid_filter(f"{shown(attribute.name)} is no text, so {operator} cannot be asked.", "eq or ne")
