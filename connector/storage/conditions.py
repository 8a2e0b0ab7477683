"""Conditions on stored resources, and orders of them, as values: what a SCIM query means once its names are resolved.

The protocol room parses text into this tree (`scim/filters.py`); `storage/search.py` compiles the tree to SQL. Nothing else
knows both. RFC 7644 section 3.4.2.2 gives the operators their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
Kind = Literal["string", "exact", "boolean", "number", "datetime"]
Scalar = str | bool | int | float


@dataclass(frozen=True, slots=True)
class Path:
    """An attribute of a resource, resolved: `("name", "familyname")`, or `("urn:…:user", "department")` in an extension.

    Names are lower-case, as in the folded search document. `many` lists the depths (0-based) at which the value is a list:
    `emails.value` is `Path(("emails", "value"), (0,))`. Inside `Within`, paths start at the element.
    """

    names: tuple[str, ...]
    many: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    """`path operator value`. `kind` says how: `string` without case (value already folded), `exact` with case, `datetime` as UTC
    text in the form of `fold.timestamp`, so that text order is time order. `ne` is the negation of `eq`: true of the unassigned.
    """

    path: Path
    operator: Operator
    value: Scalar
    kind: Kind


@dataclass(frozen=True, slots=True)
class Present:
    """`path pr`: assigned, and not null, empty text or an empty list."""

    path: Path


@dataclass(frozen=True, slots=True)
class Within:
    """`path[condition]`: some single element of the list satisfies the whole condition."""

    path: Path
    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Compare | Present | Within | And | Or | Not


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by what is at `path`, of a list by its primary element, else its first; with case where `exact`."""

    path: Path
    exact: bool
