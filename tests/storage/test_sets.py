"""Set-based statements: whatever a column can hold goes in and comes out the same, by one statement, however many rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase

from connector.storage import tables as t
from connector.storage.database import Database, violated
from connector.storage.sets import among, among_these, id_rows, these
from connector.storage.writes import delete_rows, insert_rows, update_rows
from tests.support import filled
from tests.support.statements import statements

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
MANY = 3_000


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with one row in every table, rolled back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        filled.fill(connection)
        yield connection
        transaction.rollback()


def user(name: str, **said: Any) -> dict[str, Any]:
    """A directory user with a value for every column."""
    keys = {"id": name, "user_name": name, "user_name_key": name, "person_id": None, "external_id": None, "display_name": None}
    kept: dict[str, Any] = {
        "email": None,
        "email_key": None,
        "active": True,
        "overridden": False,
        "document": "{}",
        "search": {},
        "version": 1,
    }
    return {"organization_id": "o", "connection_id": "c", **keys, **kept, "created_at": NOW, "updated_at": NOW, **said}


def read(tx: Connection, table: type[DeclarativeBase], *where: Any) -> list[dict[str, Any]]:
    """The rows as the product reads them, in the order of their keys, without generated columns."""
    columns = [column for column in table.__table__.columns if column.computed is None]
    ordered = select(*columns).where(*where).order_by(*table.__table__.primary_key)
    return [dict(row) for row in tx.execute(ordered).mappings()]


def member(name: str) -> dict[str, Any]:
    return {"group_id": "dg", "user_id": name, "connection_id": "c"}


VALUES: list[tuple[str, str, Any]] = [
    ("a boolean", "active", False),
    ("the other boolean", "active", True),
    ("zero", "version", 0),
    ("a negative number", "version", -1),
    ("the largest number", "version", 2**31 - 1),
    ("nothing", "display_name", None),
    ("an empty text", "display_name", ""),
    ("spaces", "display_name", "  a  b\t\r\n "),
    ("quotes", "display_name", """it's "so" `called` \\ and \\\\ """),
    ("what looks like a parameter", "display_name", ":rows %s %(rows)s $1 ? {}"),
    ("what looks like SQL", "display_name", "'); DROP TABLE person; --"),
    ("what looks like JSON", "display_name", '{"a": [1, null]}'),
    ("what looks like null", "display_name", "null"),
    ("what looks like a number", "display_name", "00012"),
    ("what looks like a boolean", "display_name", "true"),
    ("what looks like an escape", "display_name", "\\u0041\\n\\x00"),
    ("other scripts", "display_name", "Ærøskøbing 東京 שלום Ἀθῆναι"),
    ("an emoji of several characters", "display_name", "👩‍👩‍👧‍👦 🇩🇰 e\u0301"),
    ("controls", "display_name", "".join(map(chr, range(1, 32))) + "\x7f\u0085\u2028\ufeff\uffff"),
    ("a long text", "document", "ä" * 200_000),
    ("an object", "search", {"a": 1, "b": {"c": [True, False, None, "x", 0.5, -3]}, "": "", "ключ": "💡"}),
    ("an empty object", "search", {}),
    ("keys like paths", "search", {"a.b": 1, "$": 2, '"': 3, "urn:x:2.0:User": {"y": "z"}, "[0]": 4}),
    ("a moment", "created_at", datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
    ("a moment of a whole second", "created_at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("a moment of another zone", "created_at", datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
    ("a moment long ago", "created_at", datetime(1901, 1, 1, tzinfo=UTC)),
    ("a moment far away", "created_at", datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)),
]


@pytest.mark.parametrize(("column", "value"), [pytest.param(*case[1:], id=case[0]) for case in VALUES])
def test_a_value_is_inserted_and_updated_unchanged(tx: Connection, column: str, value: Any) -> None:
    """Written by both statements, read back equal and of the same type; moments in UTC."""
    insert_rows(tx, t.DirectoryUser, [user("new", **{column: value}), user("old")])
    update_rows(tx, t.DirectoryUser, [{"id": "old", column: value}], keys=("id",))
    for row in read(tx, t.DirectoryUser, t.DirectoryUser.id.in_(["new", "old"])):
        assert row == user(row["id"], **{column: value})
        assert type(row[column]) is type(value)
        assert row["created_at"].utcoffset() == timedelta(0)


def test_lists_and_empty_documents_of_either_kind(tx: Connection) -> None:
    """A list column keeps lists of anything; a document that may be missing can be null."""
    listed: list[Any] = [{"rule": "r", "groups": ["a", 'b"c']}, "text", 1, None, [], {}]
    entry = {"organization_id": "o", "at": NOW, "actor": "a", "action": "b", "target": "c", "address": None}
    rows = [
        {"id": "e1", **entry, "before": None, "after": {"role": "owner"}, "because": listed},
        {"id": "e2", **entry, "before": {}, "after": None, "because": []},
    ]
    assert insert_rows(tx, t.AuditEntry, rows) == 2
    assert read(tx, t.AuditEntry, t.AuditEntry.id.in_(["e1", "e2"])) == rows
    missing = select(func.count()).where(t.AuditEntry.before.is_(None), t.AuditEntry.id == "e1")
    assert tx.execute(missing).scalar_one() == 1  # SQL NULL, not the JSON value null


def test_a_set_and_a_single_statement_store_the_same(tx: Connection) -> None:
    """What one path writes the other compares and orders: moments above all, which SQLite keeps as text."""
    insert_rows(tx, t.DirectoryUser, [user("set")])
    tx.execute(insert(t.DirectoryUser).values(user("single")))
    same = (
        select(t.DirectoryUser.id).where(t.DirectoryUser.created_at == NOW, t.DirectoryUser.active).order_by(t.DirectoryUser.id)
    )
    assert tx.execute(same).scalars().all() == ["set", "single"]
    stored = f"select distinct {'hex' if tx.dialect.name == 'sqlite' else ''}(created_at) from directory_user where id like 's%'"
    assert len(tx.exec_driver_sql(stored.replace("%", "%%") if tx.dialect.name == "postgresql" else stored).all()) == 1


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from([0.5, -1.25, 1e6]) | TEXTS
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)),
    max_size=4,
)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES).filter(lambda moment: 1000 < moment.year < 9000)
USERS: st.SearchStrategy[Mapping[str, Any]] = st.builds(
    dict,
    display_name=st.none() | TEXTS,
    document=TEXTS,
    active=st.booleans(),
    version=st.integers(-(2**31), 2**31 - 1),
    search=DOCUMENTS,
    created_at=MOMENTS,
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(USERS, min_size=1, max_size=4), after=st.lists(USERS, min_size=4, max_size=4))
def test_any_rows_go_in_change_and_go_out(
    tx: Connection, before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]
) -> None:
    """Whatever people push: insert, update and delete of several rows at once."""
    names = [f"u{number}" for number in range(len(before))]
    mine = t.DirectoryUser.id.in_(names)
    tx.execute(delete(t.DirectoryUser).where(mine))
    assert insert_rows(tx, t.DirectoryUser, [user(n, **said) for n, said in zip(names, before, strict=True)]) == len(names)
    assert read(tx, t.DirectoryUser, mine) == [user(n, **said) for n, said in zip(names, before, strict=True)]
    changes = [{"id": name, **said} for name, said in zip(names, after, strict=False)]
    assert update_rows(tx, t.DirectoryUser, changes, keys=("id",)) == len(names)
    assert read(tx, t.DirectoryUser, mine) == [user(n, **said) for n, said in zip(names, after, strict=False)]
    assert delete_rows(tx, t.DirectoryUser, [{"id": name} for name in names]) == len(names)
    assert read(tx, t.DirectoryUser, mine) == []


@pytest.mark.parametrize("size", [1, 2, 9, 10, 11, 1_000, 1_001, MANY])
def test_one_statement_however_many_rows(tx: Connection, size: int) -> None:
    """Insert, update, delete and a set of ids: four statements that meet every row, also around the planner's limits."""
    names = [f"u{number:05}" for number in range(size)]
    with statements(tx) as sent:
        assert insert_rows(tx, t.DirectoryUser, [user(name) for name in names]) == size
        assert update_rows(tx, t.DirectoryUser, [{"id": name, "version": 2} for name in names], keys=("id",)) == size
        chosen = select(func.sum(t.DirectoryUser.version)).where(among(t.DirectoryUser.id, names))
        assert tx.execute(chosen).scalar_one() == 2 * size
        assert delete_rows(tx, t.DirectoryUser, [{"id": name} for name in names]) == size
    assert len(sent) == 4


def test_no_rows_are_no_statement(tx: Connection) -> None:
    """Nothing to write costs nothing."""
    with statements(tx) as sent:
        assert insert_rows(tx, t.DirectoryUser, []) == 0
        assert update_rows(tx, t.DirectoryUser, [], keys=("id",)) == 0
        assert delete_rows(tx, t.DirectoryUser, []) == 0
    assert sent == []


def test_counts_are_of_rows_met_and_not_of_rows_given(tx: Connection) -> None:
    """Rows that are not there are neither updated nor deleted, and nobody else's are."""
    insert_rows(tx, t.DirectoryUser, [user("a"), user("b")])
    assert update_rows(tx, t.DirectoryUser, [{"id": "a", "version": 7}, {"id": "zz", "version": 7}], keys=("id",)) == 1
    assert delete_rows(tx, t.DirectoryUser, [{"id": "b"}, {"id": "zz"}]) == 1
    assert {row["id"]: row["version"] for row in read(tx, t.DirectoryUser)} == {"a": 7, "du": 1}


def test_a_row_that_is_there_is_an_error_unless_it_is_to_be_ignored(tx: Connection) -> None:
    """With `ignore` the others are written, and only they are counted; what was there stays as it is."""
    insert_rows(tx, t.DirectoryUser, [user("a", version=1)])
    rows = [user("a", version=2), user("b", version=2), user("c", user_name_key="a", version=2)]
    with pytest.raises(IntegrityError) as refused, tx.begin_nested():
        insert_rows(tx, t.DirectoryUser, rows[:2])
    assert violated(refused.value) in ("pk_directory_user", "uq_directory_user_user_name", "uq_directory_user_connection_id_id")
    assert insert_rows(tx, t.DirectoryUser, rows, ignore=True) == 1
    assert insert_rows(tx, t.DirectoryUser, rows, ignore=True) == 0
    assert {row["id"]: row["version"] for row in read(tx, t.DirectoryUser)} == {"a": 1, "b": 2, "du": 1}


def test_ignoring_is_for_unique_keys_only(tx: Connection) -> None:
    """A check or a column that may not be empty still refuses."""
    row = {"membership_id": "m", "organization_id": "o", "cause": "admin", "connection_id": None, "created_at": NOW, "origin": ""}
    for wrong in ({"cause": "nonsense"}, {"origin": None}):
        with pytest.raises(IntegrityError), tx.begin_nested():
            insert_rows(tx, t.Suspension, [{**row, **wrong}], ignore=True)
    assert insert_rows(tx, t.Suspension, [row], ignore=True) == 1


def test_keys_of_several_columns_are_met_as_a_whole(tx: Connection) -> None:
    """Two rows that share one column of the key with a third leave it alone."""
    insert_rows(tx, t.DirectoryUser, [user("a"), user("b")])
    tx.execute(insert(t.DirectoryGroup).values({**read(tx, t.DirectoryGroup)[0], "id": "g2", "display_name_key": "y"}))
    insert_rows(tx, t.DirectoryMember, [member("a"), member("b"), {**member("a"), "group_id": "g2"}])
    gone = [{"group_id": "dg", "user_id": "a"}, {"group_id": "g2", "user_id": "b"}]
    assert delete_rows(tx, t.DirectoryMember, gone) == 1
    left = {(row["group_id"], row["user_id"]) for row in read(tx, t.DirectoryMember)}
    assert left == {("dg", "b"), ("dg", "du"), ("g2", "a")}


def test_an_update_finds_its_rows_by_several_columns_and_gives_each_its_own(tx: Connection) -> None:
    """The ledger's key has four columns; every row is given its own value."""
    given = {"membership_id": "m", "organization_id": "o", "target_kind": "role", "target_id": "", "created_at": NOW}
    sources = ["manual", "converted", "invitation"]
    assert insert_rows(tx, t.Assignment, [{**given, "source": source, "level": "owner"} for source in sources]) == 3
    keys = ("membership_id", "target_kind", "target_id", "source")
    key = {"membership_id": "m", "target_kind": "role", "target_id": ""}
    changes = [{**key, "source": source, "level": f"as {source}"} for source in sources[:2]]
    assert update_rows(tx, t.Assignment, changes, keys=keys) == 2
    levels = {row["source"]: row["level"] for row in read(tx, t.Assignment)}
    assert levels == {"manual": "as manual", "converted": "as converted", "invitation": "owner", "rule:r": "member"}


def test_an_update_may_set_several_columns_and_empty_one(tx: Connection) -> None:
    """Columns that are not named stay."""
    insert_rows(tx, t.DirectoryUser, [user("a", email="a@b.example", display_name="Ada", search={"x": 1})])
    said = {"email": None, "active": False, "search": {"y": [1]}, "updated_at": NOW + timedelta(days=1)}
    update_rows(tx, t.DirectoryUser, [{"id": "a", **said}], keys=("id",))
    assert read(tx, t.DirectoryUser, t.DirectoryUser.id == "a") == [user("a", display_name="Ada", **said)]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([], set()),
        (["du"], {"du"}),
        (["du", "du", "nobody"], {"du"}),
        (["it's", 'a"b', "a,b", "日本", ""], {"it's", 'a"b', "a,b", "日本", ""}),
        (["1", "true", "null", "[]"], {"1", "true", "null", "[]"}),
        (["DU", " du", "du ", "d%", "_u"], set()),
    ],
)
def test_a_set_of_ids_finds_exactly_those(tx: Connection, ids: list[str], found: set[str]) -> None:
    """As a condition and as a statement built once; ids are texts, whatever they look like."""
    insert_rows(tx, t.DirectoryUser, [user(name) for name in ("it's", 'a"b', "a,b", "日本", "", "1", "true", "null", "[]")])
    at_once = select(t.DirectoryUser.id).where(among(t.DirectoryUser.id, ids))
    built = select(t.DirectoryUser.id).where(among_these(t.DirectoryUser.id))
    assert set(tx.execute(at_once).scalars()) == found
    assert set(tx.execute(built, these(ids)).scalars()) == found
    others = select(func.count()).where(t.DirectoryUser.id.not_in(id_rows(ids)))
    assert tx.execute(others).scalar_one() == 10 - len(found)


def test_a_statement_built_once_is_run_with_other_ids(tx: Connection) -> None:
    """Nothing of the first run stays in the second."""
    insert_rows(tx, t.DirectoryUser, [user("a"), user("b")])
    built = select(t.DirectoryUser.id).where(among_these(t.DirectoryUser.id)).order_by(t.DirectoryUser.id)
    answers = [list(tx.execute(built, these(ids)).scalars()) for ids in (("a", "b"), ("b",), (), ("du",))]
    assert answers == [["a", "b"], ["b"], [], ["du"]]
