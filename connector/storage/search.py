"""SEARCH. A condition (storage/conditions.py) becomes a WHERE expression over stored users, groups or members; an order becomes
what they are ordered by.

No part of a condition is ever dropped, and no part is ever SQL NULL, so that `not` means not. Attributes that have a column are
compared in it, memberships by EXISTS, everything else in the folded search document. Values are bound parameters; `%` and `_` are
ordinary characters. Raises Invalid `invalid_filter` for a comparison that no store could make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    TypeDecorator,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from connector.errors import Invalid
from connector.membership.fold import is_storable
from connector.storage.conditions import And, Compare, Condition, Kind, Not, Operator, Or, Order, Path, Present, Scalar, Within
from connector.storage.json_nodes import JsonNode, Texts, Truth, document_node
from connector.storage.places import (
    COMPARISONS,
    NO_KEY,
    BooleanPlace,
    JsonPlace,
    Key,
    MomentPlace,
    Place,
    TextPlace,
    constant,
    text_key,
)
from connector.storage.tables import DirectoryGroup, DirectoryMember, DirectoryUser

REMEMBERED = 8
"""Comparisons of a filter up to which its compiled statement is kept."""


def users_where(condition: Condition, dialect_name: str) -> Truth:
    """Return `condition` over rows of DirectoryUser. The connection is not part of it: the caller adds that."""
    return _remembered(condition, _compiled(condition, _user_scope(dialect_name)))


def groups_where(condition: Condition, dialect_name: str) -> Truth:
    """Return `condition` over rows of DirectoryGroup, like `users_where`."""
    return _remembered(condition, _compiled(condition, _group_scope(dialect_name)))


def members_where(condition: Condition, dialect_name: str) -> Truth:
    """Return `condition` over rows of DirectoryUser as elements of `members`: its paths are value, display and type."""
    return _remembered(condition, _compiled(condition, _member_scope(dialect_name)))


def users_key(order: Order, dialect_name: str) -> Key:
    """Return what rows of DirectoryUser are ordered by."""
    return _user_scope(dialect_name).key(order)


def groups_key(order: Order, dialect_name: str) -> Key:
    """Return what rows of DirectoryGroup are ordered by."""
    return _group_scope(dialect_name).key(order)


class _Unremembered(TypeDecorator[bool]):
    """The type of a truth whose statement SQLAlchemy shall compile anew each time."""

    impl = Boolean
    cache_ok = False


def _remembered(condition: Condition, truth: Truth) -> Truth:
    """SQLAlchemy keeps hundreds of compiled statements. Those of long filters are megabytes each, and nobody asks them twice."""
    return truth if _size(condition) <= REMEMBERED else type_coerce(truth, _Unremembered())


def _size(condition: Condition) -> int:
    match condition:
        case And(parts) | Or(parts):
            return sum(map(_size, parts))
        case Not(part) | Within(_, part):
            return _size(part)
        case Compare() | Present():
            return 1


def _compiled(condition: Condition, scope: Scope) -> Truth:
    match condition:
        case And(parts):
            return and_(true(), *(_compiled(part, scope) for part in parts))
        case Or(parts):
            return or_(false(), *(_compiled(part, scope) for part in parts))
        case Not(part):
            return not_(_compiled(part, scope))
        case Compare(operator="ne"):
            return not_(_compiled(replace(condition, operator="eq"), scope))
        case Compare(path, comparison, value, kind):
            _check(comparison, value, kind)
            return scope.some(path, lambda place: place.compare(comparison, value, kind))
        case Present(path):
            return scope.some(path, lambda place: place.present())
        case Within(path, inner):
            return scope.some_element(path, lambda element: _compiled(inner, element))


def _check(comparison: Operator, value: Scalar, kind: Kind) -> None:
    """Refuse what a parser should have refused, rather than guess."""
    if kind == "boolean":
        right = isinstance(value, bool) and comparison == "eq"
    elif kind == "number":
        right = comparison in COMPARISONS and _is_number(value)
    else:
        right = isinstance(value, str) and is_storable(value)
    if not right:
        raise Invalid("invalid_filter", f"This value cannot be compared as {kind} by {comparison}.", expected=f"a {kind}")


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


@dataclass(frozen=True, slots=True)
class _Rows:
    """A list kept as rows: `source` joined to the resource by `link`, each row seen through `element`; sent in `order`."""

    source: FromClause
    link: Truth
    element: Scope
    order: tuple[ColumnElement[str], ...]

    def some(self, test: Truth) -> Truth:
        return exists(select(literal(1)).select_from(self.source).where(self.link, test))

    def first(self, names: tuple[str, ...], exact: bool) -> Key:
        """The key of the first element; none of them is primary."""
        place = self.element.places.get(names)
        if place is None:
            return NO_KEY
        found = select(place.key(exact).text).select_from(self.source).where(self.link).order_by(*self.order).limit(1)
        return text_key(found.scalar_subquery())


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the attributes of one resource, or of one element of a list, are: columns, lists kept as rows, and the document."""

    dialect_name: str
    places: Mapping[tuple[str, ...], Place] = field(default_factory=dict)
    lists: Mapping[str, _Rows] = field(default_factory=dict)
    document: JsonNode | None = None

    def some(self, path: Path, test: Callable[[Place], Truth]) -> Truth:
        """Return `test` of the place, or of any of the places, that `path` leads to; false where it leads nowhere."""
        place = self.places.get(path.names)
        rows = self.lists.get(path.names[0])
        if place is not None:
            return test(place)
        if rows is not None:
            return rows.some(rows.element.some(Path(path.names[1:] or ("value",)), test))
        if self.document is None:
            return false()
        return _some_node(self.document, path.names, _lists_on(path), lambda node: test(JsonPlace(node, self.dialect_name)))

    def key(self, order: Order) -> Key:
        """Return what to order by, for the place that the path leads to; of each list on the way one element counts."""
        path = order.path
        place = self.places.get(path.names)
        rows = self.lists.get(path.names[0])
        if place is not None:
            return place.key(order.exact)
        if rows is not None:
            return rows.first(path.names[1:], order.exact)
        if self.document is None:
            return NO_KEY
        return _key_of(self.document, path.names, _lists_on(path), self.dialect_name)

    def some_element(self, path: Path, test: Callable[[Scope], Truth]) -> Truth:
        """Return `test` of any element of the list that `path` leads to."""
        rows = self.lists.get(path.names[0])
        if rows is not None:
            return rows.some(test(rows.element)) if len(path.names) == 1 else false()
        if self.document is None:
            return false()
        lists = _lists_on(path) | {len(path.names) - 1}
        return _some_node(self.document, path.names, lists, lambda node: test(Scope(self.dialect_name, document=node)))


def _lists_on(path: Path) -> frozenset[int]:
    """The depths where a list may be. No schema of ours describes a custom extension: there a list may be at every depth."""
    custom = range(1, len(path.names)) if path.names[0].startswith("urn:") else ()
    return frozenset({*path.many, *custom})


def _some_node(
    node: JsonNode, names: tuple[str, ...], lists: frozenset[int], test: Callable[[JsonNode], Truth], depth: int = 0
) -> Truth:
    if depth == len(names):
        return test(node)
    here = node.member(names[depth])
    if depth not in lists:
        return _some_node(here, names, lists, test, depth + 1)
    rows, element = here.elements()
    return exists(select(literal(1)).select_from(rows).where(_some_node(element, names, lists, test, depth + 1)))


def _key_of(node: JsonNode, names: tuple[str, ...], lists: frozenset[int], dialect_name: str, depth: int = 0) -> Key:
    """What to order by; of a list its primary element counts, else its first."""
    if depth == len(names):
        return JsonPlace(node, dialect_name).key(exact=True)
    here = node.member(names[depth])
    if depth not in lists:
        return _key_of(here, names, lists, dialect_name, depth + 1)
    rows, element = here.elements()
    inner = _key_of(element, names, lists, dialect_name, depth + 1)
    chosen = (element.member("primary").boolean(True).desc(), rows.c.key)
    number, text = (
        select(part).select_from(rows).order_by(*chosen).limit(1).scalar_subquery() for part in (inner.number, inner.text)
    )
    return Key(number, text)


@cache
def _user_scope(dialect_name: str) -> Scope:
    user = DirectoryUser.__table__.c
    places = _common_places(user, "User", dialect_name) | {
        ("username",): TextPlace(user.user_name, user.user_name_key, dialect_name),
        ("active",): BooleanPlace(user.active),
    }
    member, group = DirectoryMember.__table__.c, DirectoryGroup.__table__.c
    element: dict[tuple[str, ...], Place] = {
        ("value",): TextPlace(group.id, group.id, dialect_name),
        ("display",): TextPlace(group.display_name, group.display_name_key, dialect_name),
        ("type",): constant("direct", dialect_name),
    }
    source = DirectoryMember.__table__.join(DirectoryGroup.__table__, group.id == member.group_id)
    groups = _Rows(source, member.user_id == user.id, Scope(dialect_name, element), (group.display_name_key, group.id))
    return Scope(dialect_name, places, {"groups": groups}, document_node(user.search, dialect_name))


@cache
def _group_scope(dialect_name: str) -> Scope:
    group, member, user = DirectoryGroup.__table__.c, DirectoryMember.__table__.c, DirectoryUser.__table__.c
    places = _common_places(group, "Group", dialect_name) | {
        ("displayname",): TextPlace(group.display_name, group.display_name_key, dialect_name),
    }
    source = DirectoryMember.__table__.join(DirectoryUser.__table__, user.id == member.user_id)
    members = _Rows(source, member.group_id == group.id, _member_scope(dialect_name), (user.id,))
    return Scope(dialect_name, places, {"members": members}, document_node(group.search, dialect_name))


@cache
def _member_scope(dialect_name: str) -> Scope:
    user = DirectoryUser.__table__.c
    display = func.coalesce(user.display_name, user.user_name)
    places: dict[tuple[str, ...], Place] = {
        ("value",): TextPlace(user.id, user.id, dialect_name),
        ("display",): TextPlace(display, _folded_display(dialect_name), dialect_name),
        ("type",): constant("User", dialect_name),
    }
    return Scope(dialect_name, places)


def _folded_display(dialect_name: str) -> Texts:
    """The display name a user is shown by, folded: there is no column, but all it is made of stands in the document."""
    document = document_node(DirectoryUser.__table__.c.search, dialect_name)
    name = document.member("name")
    full = name.member("givenname").text() + " " + name.member("familyname").text()
    texts = (document.member("displayname").text(), name.member("formatted").text(), full)
    return func.coalesce(*texts, DirectoryUser.__table__.c.user_name_key)


def _common_places(columns: Any, resource_type: str, dialect_name: str) -> dict[tuple[str, ...], Place]:
    return {
        ("id",): TextPlace(columns.id, columns.id, dialect_name),
        ("externalid",): TextPlace(columns.external_id, columns.external_id, dialect_name),
        ("meta", "created"): MomentPlace(columns.created_at, dialect_name),
        ("meta", "lastmodified"): MomentPlace(columns.updated_at, dialect_name),
        ("meta", "resourcetype"): constant(resource_type, dialect_name),
    }
