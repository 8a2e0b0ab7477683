"""Filters: RFC 7644 section 3.4.2.2 as text -> values of storage/conditions.py, by a tokenizer and recursive descent.

`parse_filter` reads a whole filter, `Parser` also serves the value paths of PATCH (scim/paths.py). Length, depth and number of
terms are bounded before anything is paid for them. Every refusal is Invalid `invalid_filter`, naming the attribute or the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from connector.membership.fold import is_storable
from connector.scim.comparisons import Operand, compare, leaf
from connector.scim.dialects import entra_unprefixed_manager
from connector.scim.refusals import invalid_filter, shown
from connector.scim.schemas import Attribute, ResourceSchema, resolve
from connector.storage.conditions import And, Condition, Not, Operator, Or, Path, Present, Within

MAX_LENGTH = 4096
MAX_DEPTH = 32
MAX_TERMS = 200
MAX_LISTS = 20  # each is a query within the query
_LARGEST_NUMBER = 2**53  # integers beyond are not exact in JSON (RFC 8259 section 6), nor storable everywhere

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*)*")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])
    | (?P<word>[A-Za-z_$][A-Za-z0-9_$:.\-/%\#?@!*+,;=~']*)
    | (?P<part>\.[A-Za-z_$][A-Za-z0-9_$-]*)
    | (?P<mark>[()\[\]])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.ASCII,
)
_OPERATORS = frozenset(get_args(Operator))
_UNSEARCHABLE = frozenset({("password",), ("meta", "location"), ("meta", "version"), ("meta",)})

_Token = tuple[Literal["text", "number", "word", "part", "mark", "end"], str]
Scope = Callable[[str], Operand | None]


def parse_filter(text: str, schema: ResourceSchema, together: Sequence[ResourceSchema] = ()) -> Condition:
    """Read a whole filter on resources of `schema`. Raises Invalid `invalid_filter`.

    They may be asked `together` with others: what only those have is unassigned here (RFC 7644 section 3.4.2.1).
    """
    parser = Parser(text)
    condition = parser.alternatives(_any_of([resource_scope(each) for each in (schema, *together)]))
    if parser.peek()[0] != "end":
        raise parser.unexpected("and, or, or the end of the filter")
    return condition


def _any_of(scopes: Sequence[Scope]) -> Scope:
    """The names of all scopes; the first that knows one says what it means."""

    def operand(word: str) -> Operand | None:
        return next(filter(None, (scope(word) for scope in scopes)), None)

    return operand


def resource_scope(schema: ResourceSchema) -> Scope:
    """Names at the top of a filter: those of the core schema, and any under an extension's URN."""

    def operand(word: str) -> Operand | None:
        name = resolve(schema, entra_unprefixed_manager(word) if schema.name == "User" else word)
        if name is None or name.attribute is None:
            return None
        attributes = [name.attribute] if name.part is None else [name.attribute, name.part]
        names = tuple(part.name.lower() for part in attributes)
        if names in _UNSEARCHABLE or not _is_kept(attributes[-1]):
            return None
        if name.urn is not None:
            names = (name.urn.lower(), *names)
        offset = len(names) - len(attributes)
        many = tuple(offset + depth for depth, part in enumerate(attributes) if part.many)
        return Operand(Path(names, many), attributes[-1])

    return operand


def element_scope(attribute: Attribute) -> Scope:
    """Names between the brackets of a value path: the sub-attributes of one element."""

    def operand(word: str) -> Operand | None:
        part = attribute.part(word)
        return Operand(Path((part.name.lower(),)), part) if part and _is_kept(part) else None

    return operand


def _is_kept(attribute: Attribute) -> bool:
    """The `$ref` of members and groups is made when it is sent, so it cannot be searched; that of a manager is kept."""
    return attribute.name != "$ref" or attribute.mutability == "readWrite"


class Parser:
    """Reads one filter or path from left to right. With `folded` off, texts stay as written (for PATCH on documents)."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise invalid_filter(f"The filter has {len(text)} characters.", f"at most {MAX_LENGTH}", "Ask in several requests.")
        self._tokens = _tokens(text)
        self._next = 0
        self._open: list[str] = []
        self.terms = 0
        self._lists = 0
        self.folded = True

    def peek(self) -> _Token:
        return self._tokens[self._next]

    def take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> str | None:
        """Take the next token if it is one of these words or marks, in any case."""
        kind, text = self.peek()
        if kind not in ("word", "mark") or text.lower() not in texts:
            return None
        self.take()
        return text.lower()

    def unexpected(self, expected: str) -> Exception:
        kind, text = self.peek()
        if kind == "end":
            return invalid_filter("The filter ends too early.", expected)
        place = "a value" if kind in ("text", "number") else shown(text)  # values are not repeated: they name people
        return invalid_filter(f"The filter has {place} as its item {self._next + 1}, where it does not belong.", expected)

    def alternatives(self, scope: Scope) -> Condition:
        """`a or b or c`: the weakest binding."""
        parts = [self._conjunction(scope)]
        while self.accept("or"):
            parts.append(self._conjunction(scope))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, scope: Scope) -> Condition:
        parts = [self._factor(scope)]
        while self.accept("and"):
            parts.append(self._factor(scope))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _factor(self, scope: Scope) -> Condition:
        if self.accept("not"):
            if not self.accept("("):
                raise self.unexpected("not (...), with parentheses")
            return Not(self.enclosed(scope, ")"))
        if self.accept("("):
            return self.enclosed(scope, ")")
        return self._term(scope)

    def enclosed(self, scope: Scope, closing: str) -> Condition:
        """A whole condition up to `closing`; its opening is taken already. Value paths hold no value paths (figure 1)."""
        if closing == "]" and "]" in self._open:
            raise invalid_filter("The filter has [...] inside [...].", "and, or and not inside [...]")
        self._open.append(closing)
        if len(self._open) > MAX_DEPTH:
            raise invalid_filter(f"The filter is nested more than {MAX_DEPTH} deep.", f"at most {MAX_DEPTH} levels")
        condition = self.alternatives(scope)
        if not self.accept(closing):
            raise self.unexpected(f"{closing}, and, or or")
        self._open.pop()
        return condition

    def _term(self, scope: Scope) -> Condition:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise invalid_filter(f"The filter has more than {MAX_TERMS} comparisons.", f"at most {MAX_TERMS} comparisons")
        if self.peek()[0] != "word":
            raise self.unexpected("an attribute name, not (...) or (...)")
        word = self.take()[1]
        operand = scope(word)
        if operand is None:
            raise invalid_filter(
                f"{shown(word)} is not an attribute that can be searched here.", "an attribute of the schema", "See /Schemas."
            )
        self._count_list(operand)
        if self.accept("["):
            return self._value_path(operand)
        return self._comparison(operand)

    def _count_list(self, operand: Operand) -> None:
        """Under an extension that nobody described, anything may be a list."""
        self._lists += bool(operand.path.many) or operand.attribute.type == "any"
        if self._lists > MAX_LISTS:
            expected = f"at most {MAX_LISTS} comparisons of lists such as emails"
            raise invalid_filter(f"The filter looks into more than {MAX_LISTS} lists.", expected, "Ask in several requests.")

    def _value_path(self, operand: Operand) -> Condition:
        """`attr[...]`, or `attr[...].sub op value`, which Entra sends and which means one more condition on the element."""
        attribute, path = operand.attribute, operand.path
        if attribute.type == "any":
            path = replace(path, many=(len(path.names) - 1,))
        elif not (attribute.many and attribute.parts):
            raise invalid_filter(f"{shown(attribute.name)} takes no [...].", "[...] after a list of objects such as emails")
        inside = element_scope(attribute)
        condition = self.enclosed(inside, "]")
        if self.peek()[0] != "part":
            return Within(path, condition)
        word = self.take()[1][1:]
        sub = inside(word)
        if sub is None:
            raise invalid_filter(f"{shown(attribute.name)} has no part {shown(word)}.", "a sub-attribute of the schema")
        return Within(path, And((condition, self._comparison(sub))))

    def _comparison(self, operand: Operand) -> Condition:
        kind, word = self.peek()
        operator = word.lower()
        if kind == "word" and operator == "pr":
            self.take()
            return Present(operand.path)
        if kind != "word" or operator not in _OPERATORS:
            raise self.unexpected("one of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
        self.take()
        return compare(leaf(operand), operator, self._literal(), self.folded)  # type: ignore[arg-type]

    def _literal(self) -> str | int | float | bool | None:
        """A JSON value (RFC 7159): text, number, true, false or null."""
        kind, text = self.peek()
        if kind == "text":
            self.take()
            return _storable(json.loads(text))
        if kind == "number":
            self.take()
            return _number(text)
        word = self.accept("true", "false", "null")
        if word is None:
            raise self.unexpected('a JSON value such as "text", 1, true or null')
        return {"true": True, "false": False, "null": None}[word]


def _tokens(text: str) -> list[_Token]:
    tokens: list[Any] = []
    position = 0
    while not tokens or tokens[-1][0] != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise invalid_filter(f"The filter cannot be read from character {position + 1} on.", advice="Quote texts as in JSON.")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _storable(text: str) -> str:
    if not is_storable(text):
        raise invalid_filter("A value of the filter holds NUL or half a surrogate pair.", "text that can be stored")
    return text


def _number(text: str) -> int | float:
    number = float(text) if any(letter in ".eE" for letter in text) else int(text)
    if abs(number) > _LARGEST_NUMBER:
        raise invalid_filter("A number of the filter is too large.", "numbers up to 2 to the power of 53")
    return number
