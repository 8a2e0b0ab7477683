"""PATCH paths (RFC 7644 section 3.5.2, figure 7): `attr`, `attr.sub`, `URN:attr`, `attr[filter]`, `attr[filter].sub`, a URN."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.errors import Invalid
from connector.scim.dialects import entra_unprefixed_manager
from connector.scim.filters import Parser, element_scope
from connector.scim.refusals import invalid_path, shown
from connector.scim.schemas import Attribute, Name, ResourceSchema, resolve
from connector.storage.conditions import Condition


@dataclass(frozen=True, slots=True)
class Target:
    """What a PATCH operation speaks of. `urn` is None for the core schema; `attribute` is None for a whole schema.

    `terms` counts the comparisons of `condition`.
    """

    urn: str | None
    attribute: Attribute | None
    part: Attribute | None = None
    condition: Condition | None = None
    terms: int = 0

    @property
    def is_members(self) -> bool:
        """Whether it is the `members` of a group."""
        return self.urn is None and self.attribute is not None and self.attribute.name == "members"


def parse_path(text: str, schema: ResourceSchema) -> Target | None:
    """Read a path; None when it names no attribute of the core schema.

    Raises Invalid `invalid_path` when it is malformed, `invalid_filter` when its filter is.
    """
    try:
        parser = Parser(text)
    except Invalid:
        raise invalid_path(f"The path {shown(text)} cannot be read.") from None
    kind, word = parser.take()
    if kind != "word":
        raise invalid_path(f"The path {shown(text)} does not begin with an attribute name.")
    name = resolve(schema, entra_unprefixed_manager(word) if schema.name == "User" else word)
    if name is None:
        return None
    target = Target(name.urn, name.attribute, name.part)
    if parser.accept("["):
        target = _selected(parser, name, text)
    if parser.peek()[0] != "end":
        raise invalid_path(f"The path {shown(text)} goes on where it should end.")
    return target


def _selected(parser: Parser, name: Name, text: str) -> Target:
    """The part in brackets, and a sub-attribute behind them."""
    attribute = name.attribute
    if attribute is None or name.part or not (attribute.type == "any" or (attribute.many and attribute.parts)):
        raise invalid_path(f"The path {shown(text)} selects elements of what is no list of objects.")
    parser.folded = attribute.name == "members"
    condition = parser.enclosed(element_scope(attribute), "]")
    target = Target(name.urn, attribute, None, condition, parser.terms)
    if parser.peek()[0] != "part":
        return target
    part = attribute.part(parser.take()[1][1:])
    if part is None:
        raise invalid_path(f"The path {shown(text)} ends in no sub-attribute of {shown(attribute.name)}.")
    return replace(target, part=part)
