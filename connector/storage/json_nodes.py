"""One place inside a stored JSON document, as SQL: the same questions on SQLite and on PostgreSQL.

Every test is true or false and never SQL NULL, whatever stands at the place (nothing, another kind):
its negation is right. Kinds are those of JSON: the text "5" is not the number 5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Text,
    and_,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import FromClause

from connector.errors import Invalid

Texts = ColumnElement[str]
Truth = ColumnElement[bool]
NumberTest = Callable[[ColumnElement[Any], ColumnElement[Any]], Truth]


class JsonNode(Protocol):
    """A place in a JSON document."""

    def member(self, name: str) -> JsonNode:
        """The place under the key `name` of the object here; where there is no object, nothing."""

    def elements(self) -> tuple[FromClause, JsonNode]:
        """The elements of the list here as rows, in the order of `key`, and the place of each.

        What is no list is its only element; nothing has none.
        """

    def text(self) -> Texts:
        """The text here; SQL NULL where there is none."""

    def amount(self) -> ColumnElement[float]:
        """The number here; SQL NULL where there is none."""

    def number(self, test: NumberTest, value: float) -> Truth:
        """True where a number is here that passes `test` against `value`."""

    def boolean(self, value: bool) -> Truth:
        """True where exactly this boolean is here."""

    def present(self) -> Truth:
        """True where something is here but null, empty text, an empty list or an empty object."""


def _sure(condition: Truth, test: Truth) -> Truth:
    """`test` where `condition` is true, false everywhere else; `test` is not computed there, so that no cast can fail."""
    return case((condition, test), else_=false())


@dataclass(frozen=True, slots=True)
class PostgresqlNode:
    """A jsonb expression; SQL NULL where there is nothing."""

    value: ColumnElement[Any]

    def member(self, name: str) -> PostgresqlNode:
        return PostgresqlNode(self.value.op("->", return_type=JSONB())(literal(_checked(name), Text())))

    def elements(self) -> tuple[FromClause, PostgresqlNode]:
        listed = case(
            (func.jsonb_typeof(self.value) == "array", self.value),
            (self.value.is_not(None), func.jsonb_build_array(self.value, type_=JSONB())),
        )
        rows = func.jsonb_array_elements(listed).table_valued(column("value", JSONB()), with_ordinality="key").render_derived()
        return rows, PostgresqlNode(rows.c.value)

    def text(self) -> Texts:
        return case((func.jsonb_typeof(self.value) == "string", self._extract()))

    def amount(self) -> ColumnElement[float]:
        return case((func.jsonb_typeof(self.value) == "number", cast(self.value, Double())))

    def number(self, test: NumberTest, value: float) -> Truth:
        return _sure(func.jsonb_typeof(self.value) == "number", test(self.value, literal(value, JSONB())))

    def boolean(self, value: bool) -> Truth:
        return _sure(func.jsonb_typeof(self.value) == "boolean", self._extract() == json.dumps(value))

    def present(self) -> Truth:
        return _sure(self.value.is_not(None), cast(self.value, Text()).not_in(("null", '""', "[]", "{}")))

    def _extract(self) -> Texts:
        return type_coerce(self.value.op("#>>")(literal_column("'{}'")), Text())


@dataclass(frozen=True, slots=True)
class SqliteNode:
    """A path in a JSON text. The text is SQL NULL where there is nothing."""

    document: ColumnElement[Any]
    path: str = "$"

    def member(self, name: str) -> SqliteNode:
        return SqliteNode(self.document, f'{self.path}."{_checked(name)}"')

    def elements(self) -> tuple[FromClause, SqliteNode]:
        single = self._kind() == "object"  # json_each would list its members
        rows = func.json_each(
            case((single, func.json_array(self._extract())), else_=self.document), case((single, "$"), else_=self.path)
        ).table_valued(column("value", Text()), column("type", Text()), column("key", Integer()))
        text = case(
            (rows.c.type.in_(("object", "array")), rows.c.value),
            (rows.c.type.in_(("true", "false", "null")), rows.c.type),
            else_=func.json_quote(rows.c.value),
        )
        return rows, SqliteNode(text)

    def text(self) -> Texts:
        return case((self._kind() == "text", self._extract()))

    def amount(self) -> ColumnElement[float]:
        return case((self._kind().in_(("integer", "real")), cast(self._extract(), Double())))

    def number(self, test: NumberTest, value: float) -> Truth:
        return _sure(self._kind().in_(("integer", "real")), test(self._extract(), literal(value)))

    def boolean(self, value: bool) -> Truth:
        return _sure(self._kind() == json.dumps(value), true())

    def present(self) -> Truth:
        empty_text = and_(self._kind() == "text", self._extract() == "")
        empty_collection = and_(self._kind().in_(("array", "object")), self._extract().in_(("[]", "{}")))
        return case((self._kind().is_(None) | (self._kind() == "null") | empty_text | empty_collection, false()), else_=true())

    def _kind(self) -> Texts:
        return func.json_type(self.document, self.path, type_=Text())

    def _extract(self) -> Texts:
        return func.json_extract(self.document, self.path, type_=Text())


def document_node(document: ColumnElement[Any], dialect_name: str) -> JsonNode:
    """Return the top of the JSON column `document` (`json_type()`)."""
    if dialect_name == "postgresql":
        return PostgresqlNode(type_coerce(document, JSONB()))
    return SqliteNode(type_coerce(document, Text()))


def _checked(name: str) -> str:
    # SQLite has no way to quote these inside a path, and no attribute name holds them (RFC 7643 section 2.1).
    if any(character in '"\\' or character < " " for character in name):
        raise Invalid("invalid_filter", "An attribute name holds a quote or control character.", expected="a plain name")
    return name
