"""A condition becomes SQL that means the same on SQLite and PostgreSQL: RFC 7644 section 3.4.2.2, row by row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text, update

from connector.errors import Invalid
from connector.membership.fold import fold
from connector.storage.conditions import And, Compare, Condition, Kind, Not, Operator, Or, Path, Present, Scalar, Within
from connector.storage.database import Database
from connector.storage.search import groups_where, members_where, users_where
from connector.storage.tables import Connection as ConnectionRow
from connector.storage.tables import DirectoryGroup, DirectoryMember, DirectoryUser
from connector.storage.tables import Organization as OrganizationRow

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
CUSTOM = "urn:example:params:scim:schemas:extension:house:2.0:user"


def is_(names: str, value: Scalar, kind: Kind = "string", many: tuple[int, ...] = (), how: Operator = "eq") -> Compare:
    """`a.b eq value`; names of an extension are given as `urn:…#department`."""
    return Compare(path(names, many), how, value, kind)


def path(names: str, many: tuple[int, ...] = ()) -> Path:
    return Path(tuple(names.split("#")) if "#" in names else tuple(names.split(".")), many)


def work_mail(value: str) -> Within:
    return Within(path("emails", (0,)), And((is_("type", "work"), is_("value", value))))


USERS: Mapping[str, Mapping[str, Any]] = {
    "ada": {
        "external_id": "Okta-1",
        "active": True,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "search": {
            "username": "ada@example.com",
            "name": {"familyname": "lovelace", "givenname": "ada"},
            "displayname": "ada 100%_sure",
            "title": "",
            "emails": [{"type": "work", "value": "ada@example.com", "primary": True}, {"type": "home", "value": "ada@home.test"}],
            ENTERPRISE: {"department": "r&d", "employeenumber": "5", "manager": {"value": "M1"}},
            CUSTOM: {"badges": ["red", "blue"], "floor": 5, "remote": True},
        },
    },
    "björn": {
        "external_id": None,
        "active": False,
        "created_at": datetime(2026, 6, 1, tzinfo=UTC),
        "search": {
            "username": "björn@example.com",
            "name": {"familyname": 'o\'hara "b" \\ örn'},
            "displayname": None,
            "emails": [],
            "roles": {"value": "writer", "primary": True},
            CUSTOM: {"badges": "red", "floor": "5", "remote": "true"},
        },
    },
    "cleo": {
        "external_id": "okta-1",
        "active": True,
        "created_at": datetime(2026, 12, 1, tzinfo=UTC),
        "search": {
            "username": "cleo@example.com",
            "displayname": "ada 100 surely",
            "name": "cleo",
            "emails": [{"type": "home", "value": "ada@example.com"}, {"type": "work", "value": "cleo@example.com"}],
            "roles": ["writer"],
            ENTERPRISE: {"department": ["sales"], "manager": {}},
            CUSTOM: {"floor": 4.5, "badges": [], "remote": False},
        },
    },
}

EVERYBODY = frozenset(USERS)

USER_CASES: list[tuple[str, Condition, set[str]]] = [
    ("userName in its folded form", is_("username", "björn@example.com"), {"björn"}),
    ("userName begins", is_("username", "bj", how="sw"), {"björn"}),
    ("userName ends", is_("username", "@example.com", how="ew"), set(EVERYBODY)),
    ("userName holds", is_("username", "le", how="co"), set(EVERYBODY)),
    ("text longer than the value does not end with it", is_("username", "xxada@example.com", how="ew"), set()),
    ("id is compared with case", is_("id", "ADA", "exact"), set()),
    ("id", is_("id", "ada", "exact"), {"ada"}),
    ("externalId is compared with case", is_("externalid", "Okta-1", "exact"), {"ada"}),
    ("not equal is true of the unassigned", is_("externalid", "Okta-1", "exact", how="ne"), {"björn", "cleo"}),
    ("not (equal) is true of the unassigned", Not(is_("externalid", "Okta-1", "exact")), {"björn", "cleo"}),
    ("externalId assigned", Present(path("externalid")), {"ada", "cleo"}),
    ("not assigned", Not(Present(path("externalid"))), {"björn"}),
    ("active", is_("active", True, "boolean"), {"ada", "cleo"}),
    ("inactive", is_("active", False, "boolean"), {"björn"}),
    ("not active", is_("active", True, "boolean", how="ne"), {"björn"}),
    ("active is no text", is_("active", "true"), set()),
    ("created before", is_("meta.created", "2026-06-01T00:00:00.000000Z", "datetime", how="lt"), {"ada"}),
    ("created at, in another zone", is_("meta.created", "2026-06-01T02:00:00+02:00", "datetime"), {"björn"}),
    ("created since", is_("meta.created", "2026-06-01T00:00:00.000000Z", "datetime", how="ge"), {"björn", "cleo"}),
    ("modified", is_("meta.lastmodified", "2026-11-21T12:00:00.000000Z", "datetime", how="le"), set(EVERYBODY)),
    ("resource type", is_("meta.resourcetype", "User", "exact"), set(EVERYBODY)),
    ("another resource type", is_("meta.resourcetype", "Group", "exact"), set()),
    ("a sub-attribute", is_("name.familyname", "lovelace"), {"ada"}),
    ("a sub-attribute, negated, of people without one", is_("name.familyname", "lovelace", how="ne"), {"björn", "cleo"}),
    ("quotes and backslashes are characters", is_("name.familyname", 'o\'hara "b" \\ örn'), {"björn"}),
    ("percent is a character", is_("displayname", "100%", how="co"), {"ada"}),
    ("underscore is a character", is_("displayname", "100_", how="co"), set()),
    ("a literal percent and underscore at the end", is_("displayname", "%_sure", how="ew"), {"ada"}),
    ("every text holds the empty text", is_("displayname", "", how="co"), {"ada", "cleo"}),
    ("empty text is unassigned", Present(path("title")), set()),
    ("null is unassigned", Present(path("displayname")), {"ada", "cleo"}),
    ("an empty list is unassigned", Present(path("emails", (0,))), {"ada", "cleo"}),
    ("an empty object is unassigned", Present(Path((ENTERPRISE, "manager"))), {"ada"}),
    ("an object is assigned", Present(path("name")), {"ada", "björn", "cleo"}),
    ("any element", is_("emails.value", "ada@example.com", many=(0,)), {"ada", "cleo"}),
    ("no element", is_("emails.value", "ada@example.com", many=(0,), how="ne"), {"björn"}),
    ("one element satisfies all", work_mail("ada@example.com"), {"ada"}),
    ("not one element", Not(work_mail("ada@example.com")), {"björn", "cleo"}),
    ("negation inside an element", Within(path("emails", (0,)), Not(is_("type", "work"))), {"ada", "cleo"}),
    ("primary element", Within(path("emails", (0,)), is_("primary", True, "boolean")), {"ada"}),
    ("a single object where a list is expected", is_("roles.value", "writer", many=(0,)), {"björn"}),
    ("a single object inside brackets", Within(path("roles", (0,)), is_("primary", True, "boolean")), {"björn"}),
    ("an extension", is_(f"{ENTERPRISE}#department", "r&d"), {"ada"}),
    ("a list nobody announced, in an extension", is_(f"{ENTERPRISE}#department", "sales"), {"cleo"}),
    ("text is no number", is_(f"{ENTERPRISE}#employeenumber", 5, "number"), set()),
    ("manager, with case", is_(f"{ENTERPRISE}#manager#value", "M1", "exact"), {"ada"}),
    ("an element of a plain list", is_(f"{CUSTOM}#badges", "blue", many=(1,)), {"ada"}),
    ("a plain value where a list is expected", is_(f"{CUSTOM}#badges", "red", many=(1,)), {"ada", "björn"}),
    ("a number", is_(f"{CUSTOM}#floor", 5, "number"), {"ada"}),
    ("an integer equals the same decimal", is_(f"{CUSTOM}#floor", 5.0, "number"), {"ada"}),
    ("a smaller number", is_(f"{CUSTOM}#floor", 5, "number", how="lt"), {"cleo"}),
    ("a number is no text", is_(f"{CUSTOM}#floor", "5"), {"björn"}),
    ("a boolean is no text", is_(f"{CUSTOM}#remote", True, "boolean"), {"ada"}),
    ("false is assigned", Present(Path((CUSTOM, "remote"))), set(EVERYBODY)),
    ("a text where an object is expected", is_("name.givenname", "ada"), {"ada"}),
    ("an attribute nobody has", is_("nickname", "x"), set()),
    ("an attribute nobody has, negated", is_("nickname", "x", how="ne"), set(EVERYBODY)),
    ("groups by id", is_("groups.value", "g-eng", "exact", (0,)), {"ada", "cleo"}),
    ("groups by name", is_("groups.display", "ingénieurs", many=(0,)), {"ada", "cleo"}),
    ("groups without a sub-attribute mean their ids", is_("groups", "g-ops", "exact", (0,)), {"cleo"}),
    ("groups in brackets", Within(path("groups", (0,)), is_("value", "g-ops", "exact")), {"cleo"}),
    ("one group satisfies all", Within(path("groups", (0,)), And((is_("value", "g-ops", "exact"), is_("display", "x")))), set()),
    ("groups are direct", is_("groups.type", "direct", many=(0,)), {"ada", "cleo"}),
    ("in some group", Present(path("groups", (0,))), {"ada", "cleo"}),
    ("in none", Not(Present(path("groups", (0,)))), {"björn"}),
    ("not in this group", is_("groups.value", "g-ops", "exact", (0,), "ne"), {"ada", "björn"}),
    ("both", And((is_("active", True, "boolean"), is_("name.familyname", "lovelace"))), {"ada"}),
    ("either", Or((is_("id", "cleo", "exact"), is_("name.familyname", "lovelace"))), {"ada", "cleo"}),
    ("neither", Not(Or((is_("id", "cleo", "exact"), is_("name.familyname", "lovelace")))), {"björn"}),
    ("upper case sorts before lower case", is_(f"{ENTERPRISE}#manager#value", "a", "exact", how="lt"), {"ada"}),
    ("order is that of code points", is_("username", "b", how="gt"), {"björn", "cleo"}),
]

GROUP_CASES: list[tuple[str, Condition, set[str]]] = [
    ("displayName in its folded form", is_("displayname", "ingénieurs"), {"g-eng"}),
    ("externalId", is_("externalid", "x-1", "exact"), {"g-eng"}),
    ("members by id", is_("members.value", "cleo", "exact", (0,)), {"g-eng", "g-ops"}),
    ("members in brackets", Within(path("members", (0,)), is_("value", "ada", "exact")), {"g-eng"}),
    ("members by name", is_("members.display", "ada 100%_sure", many=(0,)), {"g-eng"}),
    ("members are users", is_("members.type", "User", "exact", (0,)), {"g-eng", "g-ops"}),
    (
        "id and member, as Entra checks a reference",
        And((is_("id", "g-ops", "exact"), is_("members", "ada", "exact", (0,)))),
        set(),
    ),
    ("groups without members", Not(Present(path("members", (0,)))), {"g-empty"}),
    ("what members do not have", is_("members.nickname", "x", many=(0,)), set()),
    ("an attribute of the document", is_("note", "blue"), {"g-eng"}),
]

MEMBER_CASES: list[tuple[str, Condition, set[str]]] = [
    ("by id", is_("value", "ada", "exact"), {"ada"}),
    ("by the name shown, sent as displayName", is_("display", "ada 100", how="sw"), {"ada", "cleo"}),
    ("all but one", Not(is_("value", "ada", "exact")), {"björn", "cleo"}),
    ("$ref is not searched", Present(path("$ref")), set()),
]


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with three people and three groups in it, rolled back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        _fill(connection)
        yield connection
        transaction.rollback()


def _fill(tx: Connection) -> None:
    organization = {
        "slug": "acme",
        "name": "Acme",
        "membership_mode": "invitation",
        "preset": "oagents",
        "default_role": "member",
    }
    organization |= {"role_strategy": "highest"}
    tx.execute(
        insert(OrganizationRow), [{"id": "o", **organization, "top_by_rules": False, "entry_gate": False, "created_at": NOW}]
    )
    connection = {"name": "Okta", "idp": "okta", "state": "draft", "directory": "staging", "jit": "auto", "created_at": NOW}
    tx.execute(insert(ConnectionRow), [{"id": "c", "organization_id": "o", **connection}])
    home = {"organization_id": "o", "connection_id": "c", "version": 1, "document": "{}", "created_at": NOW, "updated_at": NOW}
    for name, facts in USERS.items():
        user_name = f"{name}@example.com"
        names = {"id": name, "user_name": user_name.title(), "user_name_key": user_name, "overridden": False}
        tx.execute(insert(DirectoryUser), [{**home, **names, "display_name": facts["search"].get("displayname"), **facts}])
    for name, shown, external_id in (("g-eng", "Ingénieurs", "x-1"), ("g-ops", "Ops", None), ("g-empty", "Empty", None)):
        search = {"note": "blue"} if name == "g-eng" else {}
        row = {"id": name, "display_name": shown, "display_name_key": fold(shown), "external_id": external_id, "search": search}
        tx.execute(insert(DirectoryGroup), [{**home, **row}])
    for group, user in (("g-eng", "ada"), ("g-eng", "cleo"), ("g-ops", "cleo")):
        tx.execute(insert(DirectoryMember), [{"group_id": group, "user_id": user, "connection_id": "c"}])


@pytest.mark.parametrize(("condition", "expected"), [pytest.param(*case[1:], id=case[0]) for case in USER_CASES])
def test_a_condition_finds_exactly_these_users(tx: Connection, condition: Condition, expected: set[str]) -> None:
    """Each row: what is asked, and who answers."""
    assert set(tx.execute(select(DirectoryUser.id).where(users_where(condition, tx.dialect.name))).scalars()) == expected


@pytest.mark.parametrize(("condition", "expected"), [pytest.param(*case[1:], id=case[0]) for case in USER_CASES])
def test_its_negation_finds_exactly_the_others(tx: Connection, condition: Condition, expected: set[str]) -> None:
    """No part of a condition is SQL NULL: whoever does not match it matches its negation."""
    negated = users_where(Not(condition), tx.dialect.name)
    assert set(tx.execute(select(DirectoryUser.id).where(negated)).scalars()) == EVERYBODY - expected


@pytest.mark.parametrize(("condition", "expected"), [pytest.param(*case[1:], id=case[0]) for case in GROUP_CASES])
def test_a_condition_finds_exactly_these_groups(tx: Connection, condition: Condition, expected: set[str]) -> None:
    """Each row: what is asked, and which groups answer."""
    assert set(tx.execute(select(DirectoryGroup.id).where(groups_where(condition, tx.dialect.name))).scalars()) == expected


@pytest.mark.parametrize(("condition", "expected"), [pytest.param(*case[1:], id=case[0]) for case in MEMBER_CASES])
def test_a_condition_on_members_finds_exactly_these(tx: Connection, condition: Condition, expected: set[str]) -> None:
    """Each row: what a PATCH path says of members, and which users it means."""
    assert set(tx.execute(select(DirectoryUser.id).where(members_where(condition, tx.dialect.name))).scalars()) == expected


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(is_("nickname", "a\x00b"), id="a text no database can hold"),
        pytest.param(is_("nickname", "\ud800"), id="half a character"),
        pytest.param(is_("nickname", True), id="a boolean compared as text"),
        pytest.param(is_("active", True, "boolean", how="gt"), id="order of booleans"),
        pytest.param(is_("nickname", 5, "number", how="co"), id="a number that holds another"),
        pytest.param(is_("nickname", float("nan"), "number"), id="no number"),
        pytest.param(is_("nickname", 10**400, "number"), id="a number without end"),
        pytest.param(is_("meta.created", "yesterday", "datetime"), id="no moment"),
        pytest.param(is_("meta.created", "2026-01-01T00:00:00Z", "datetime", how="co"), id="a part of a moment"),
        pytest.param(Compare(Path(('a"b',)), "eq", "x", "string"), id="a quote in a name"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_never_guessed(condition: Condition, dialect: str) -> None:
    """The refusal is the same on both databases and comes before the statement."""
    with pytest.raises(Invalid) as refused:
        users_where(condition, dialect)
    assert refused.value.code == "invalid_filter"


def test_a_user_name_is_found_by_its_index(database: Database) -> None:
    """The look-up every identity provider does first never reads the whole directory."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        _fill(connection)
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        asked = users_where(is_("username", "ada@example.com"), database.dialect)
        statement = select(DirectoryUser.id).where(DirectoryUser.connection_id == "c", asked)
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.execute(text(f"{explain} {compiled}")))
        transaction.rollback()
    assert "uq_directory_user_user_name" in plan or "sqlite_autoindex_directory_user" in plan
    assert "user_name_key=?" in plan or "user_name_key = 'ada@example.com'" in plan


# An independent reading of the same conditions, in plain Python, over small documents of every shape.

TEXTS = ["", "a", "b", "ab", "a%", "_", "é", "'\"\\", "true", "5", "Z"]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 6), st.sampled_from([0.5, 5.0]), st.sampled_from(TEXTS))
NAMES = ["x", "y", "a.b"]
ELEMENTS = st.one_of(SCALARS, st.dictionaries(st.sampled_from(NAMES), SCALARS, max_size=3))
VALUES = st.one_of(ELEMENTS, st.lists(ELEMENTS, max_size=3), st.dictionaries(st.sampled_from(NAMES), ELEMENTS, max_size=2))
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)


def _paths(draw: Callable[..., Any]) -> Path:
    names = tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)))
    return Path(names, tuple(depth for depth in range(len(names)) if draw(st.booleans())))


@st.composite
def comparisons(draw: Callable[..., Any]) -> Condition:
    """Any comparison that a parser may make."""
    where = _paths(draw)
    kind = draw(st.sampled_from(["string", "exact", "boolean", "number"]))
    if kind == "boolean":
        return Compare(where, draw(st.sampled_from(["eq", "ne"])), draw(st.booleans()), kind)
    ordering = ["eq", "ne", "gt", "ge", "lt", "le"]
    if kind == "number":
        return Compare(where, draw(st.sampled_from(ordering)), draw(st.one_of(st.integers(-3, 6), st.just(0.5))), kind)
    return Compare(where, draw(st.sampled_from([*ordering, "co", "sw", "ew"])), draw(st.sampled_from(TEXTS)), kind)


LEAVES = comparisons() | st.composite(lambda draw: Present(_paths(draw)))()
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        st.composite(lambda draw: Within(_paths(draw), draw(inner)))(),
    ),
    max_leaves=5,
)
ABSENT = object()


def _reached(place: Any, names: tuple[str, ...], lists: set[int], depth: int = 0) -> Iterator[Any]:
    if depth == len(names):
        yield place
        return
    here = place.get(names[depth], ABSENT) if isinstance(place, dict) else ABSENT
    for one in (here if isinstance(here, list) else [here]) if depth in lists else [here]:
        if one is not ABSENT:
            yield from _reached(one, names, lists, depth + 1)


def _holds(place: Any, condition: Condition) -> bool:
    match condition:
        case And(parts):
            return all(_holds(place, part) for part in parts)
        case Or(parts):
            return any(_holds(place, part) for part in parts)
        case Not(part):
            return not _holds(place, part)
        case Present(where):
            return any(found not in (None, "", [], {}) for found in _reached(place, where.names, set(where.many)))
        case Within(where, inner):
            lists = {*where.many, len(where.names) - 1}
            return any(_holds(found, inner) for found in _reached(place, where.names, lists))
        case Compare(where, how, value, _):
            found = list(_reached(place, where.names, set(where.many)))
            return (
                not any(_compares(one, "eq", value) for one in found)
                if how == "ne"
                else any(_compares(one, how, value) for one in found)
            )


def _compares(found: Any, how: str, value: Scalar) -> bool:
    def family(one: Any) -> str:
        return "boolean" if isinstance(one, bool) else "number" if isinstance(one, int | float) else type(one).__name__

    if family(found) != family(value):
        return False
    if how in ("co", "sw", "ew"):
        return bool({"co": str.__contains__, "sw": str.startswith, "ew": str.endswith}[how](found, str(value)))
    return bool(getattr(operator, how)(found, value))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(DOCUMENTS, min_size=3, max_size=3), condition=CONDITIONS)
def test_sql_agrees_with_plain_python_on_any_document(tx: Connection, documents: list[Any], condition: Condition) -> None:
    """Whatever a document holds and whatever is asked, both databases answer what an independent reading answers."""
    for name, document in zip(USERS, documents, strict=True):
        tx.execute(update(DirectoryUser).where(DirectoryUser.id == name).values(search=document))
    found = set(tx.execute(select(DirectoryUser.id).where(users_where(condition, tx.dialect.name))).scalars())
    assert found == {name for name, document in zip(USERS, documents, strict=True) if _holds(document, condition)}
