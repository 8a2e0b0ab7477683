"""sortBy and sortOrder (RFC 7644 section 3.4.2.3) -> orders of storage/conditions.py.

The section does not say how a wrong one is refused. It is here 400 `invalidValue`, which table 9 of section 3.12 gives to values
that do not suit the attribute; `invalidPath` is for PATCH. To leave it out would give an order nobody asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.scim.filters import resource_scope
from connector.scim.refusals import invalid_value, shown
from connector.scim.schemas import ResourceSchema
from connector.storage.conditions import Order, Path

_ORDERS = {"ascending": False, "descending": True}


def read_orders(text: str, schemas: Sequence[ResourceSchema]) -> list[Order | None]:
    """Return for each kind of resource how it is sorted; None where it has no such attribute (section 3.4.2.1).

    Raises Invalid `invalid_value` when none of them has it, or it has no order.
    """
    orders = [_order(text, schema) for schema in schemas]
    if not any(orders):
        expected = "one attribute such as userName, name.familyName or emails"
        raise invalid_value("sortBy", shown(text), expected, "Name a sub-attribute of what is an object; see /Schemas.")
    return orders


def read_descending(text: str) -> bool:
    """Read sortOrder. Raises Invalid `invalid_value`."""
    if text.lower() not in _ORDERS:
        raise invalid_value("sortOrder", shown(text), "ascending or descending")
    return _ORDERS[text.lower()]


def _order(text: str, schema: ResourceSchema) -> Order | None:
    """A complex attribute is sorted by its `value`, as it is in filters; what is binary has no order."""
    operand = resource_scope(schema)(text)
    if operand is None:
        return None
    attribute, path = operand.attribute, operand.path
    if attribute.type == "complex":
        value = attribute.part("value")
        if value is None:
            return None
        attribute, path = value, Path((*path.names, "value"), path.many)
    return None if attribute.type == "binary" else Order(path, attribute.exact)
