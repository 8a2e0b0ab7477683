"""Where one attribute of one resource lies, in a column or in the search document, how it is compared and ordered there.

Every comparison is true or false and never SQL NULL. A value of another kind than the place holds satisfies nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Double, Text, and_, case, cast, collate, false, func, literal, null, true, type_coerce

from connector.errors import Invalid
from connector.membership.fold import fold
from connector.storage.conditions import Kind, Operator, Scalar
from connector.storage.json_nodes import JsonNode, Texts, Truth
from connector.storage.types import UtcDateTime

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
"""The operators that numbers and moments know as well as texts."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a resource is ordered by: a number, else a text, else nothing; SQL NULL where it is not that."""

    number: ColumnElement[float]
    text: Texts


def text_key(text: Texts) -> Key:
    """A key that is a text or nothing."""
    return Key(cast(null(), Double()), text)


NO_KEY = text_key(cast(null(), Text()))
"""Of what has no such attribute."""


class Place(Protocol):
    """Where one attribute of one resource lies."""

    def compare(self, comparison: Operator, value: Scalar, kind: Kind) -> Truth:
        """True where the value here stands so to `value`."""

    def present(self) -> Truth:
        """True where something is here but null, empty text or an empty list."""

    def key(self, exact: bool) -> Key:
        """What to order by; texts as they are where `exact`, else without case."""


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A text column as sent, and its folded form for comparisons without case; either may be NULL."""

    exact: Texts
    folded: Texts
    dialect_name: str

    def compare(self, comparison: Operator, value: Scalar, kind: Kind) -> Truth:
        if kind not in ("string", "exact"):
            return false()
        column = self.folded if kind == "string" else self.exact
        return and_(column.is_not(None), _text_test(column, comparison, str(value), self.dialect_name))

    def present(self) -> Truth:
        return and_(self.exact.is_not(None), self.exact != "")

    def key(self, exact: bool) -> Key:
        return text_key(self.exact if exact else self.folded)


@dataclass(frozen=True, slots=True)
class BooleanPlace:
    """A boolean column that is never NULL."""

    column: ColumnElement[bool]

    def compare(self, comparison: Operator, value: Scalar, kind: Kind) -> Truth:
        return self.column.is_(true() if value else false()) if kind == "boolean" else false()

    def present(self) -> Truth:
        return true()

    def key(self, exact: bool) -> Key:
        return text_key(case((self.column.is_(true()), "true"), else_="false"))


@dataclass(frozen=True, slots=True)
class MomentPlace:
    """A column of moments that is never NULL."""

    column: ColumnElement[datetime]
    dialect_name: str

    def compare(self, comparison: Operator, value: Scalar, kind: Kind) -> Truth:
        test = COMPARISONS.get(comparison)
        if kind != "datetime":
            return false()
        if test is None:
            raise Invalid("invalid_filter", f"Moments cannot be compared by {comparison}.", expected="eq, ne, gt, ge, lt or le")
        truth: Truth = test(self.column, literal(_moment(str(value)), UtcDateTime()))
        return truth

    def present(self) -> Truth:
        return true()

    def key(self, exact: bool) -> Key:
        """SQLite keeps moments as texts whose order is that of time."""
        if self.dialect_name == "sqlite":
            return text_key(type_coerce(self.column, Text()))
        return text_key(func.to_char(func.timezone("UTC", self.column), "YYYY-MM-DD HH24:MI:SS.US"))


@dataclass(frozen=True, slots=True)
class JsonPlace:
    """A place in a search document."""

    node: JsonNode
    dialect_name: str

    def compare(self, comparison: Operator, value: Scalar, kind: Kind) -> Truth:
        if kind == "boolean":
            return self.node.boolean(bool(value))
        if kind == "number":
            return self.node.number(COMPARISONS[comparison], float(value) if isinstance(value, float) else int(value))
        text = self.node.text()
        return and_(text.is_not(None), _text_test(text, comparison, str(value), self.dialect_name))

    def present(self) -> Truth:
        return self.node.present()

    def key(self, exact: bool) -> Key:
        """The search document is folded already where it has to be."""
        truth = case((self.node.boolean(True), "true"), (self.node.boolean(False), "false"))
        return Key(self.node.amount(), func.coalesce(self.node.text(), truth))


def constant(text: str, dialect_name: str) -> TextPlace:
    """A place that says the same in every row."""
    return TextPlace(literal(text, Text()), literal(fold(text), Text()), dialect_name)


def _text_test(text: Texts, comparison: Operator, value: str, dialect_name: str) -> Truth:
    """Compare a text that is not NULL. Order is that of code points on both databases."""
    wanted = literal(value, Text())
    if comparison == "eq":
        return text == wanted
    if comparison in COMPARISONS:
        truth: Truth = COMPARISONS[comparison](collate(text, "C") if dialect_name == "postgresql" else text, wanted)
        return truth
    if not value:
        return true()
    if comparison == "co":
        return (func.strpos if dialect_name == "postgresql" else func.instr)(text, wanted) > 0
    # Negative positions count from the end in SQLite; PostgreSQL has a function of its own for that.
    if comparison == "sw":
        return func.substr(text, 1, len(value)) == wanted
    return (func.right(text, len(value)) if dialect_name == "postgresql" else func.substr(text, -len(value))) == wanted


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("invalid_filter", "This is no moment.", expected="a moment such as 2026-11-21T22:27:00.000000Z") from None
