"""Writes as values: several as one statement, very many rows by COPY, numbers are added; what is written is always the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from connector.storage import tables as t
from connector.storage import writes
from connector.storage.database import Database
from connector.storage.writes import Write, insert_rows, table_of, write_all
from tests.support import filled
from tests.support.statements import statements

NOW = datetime(2026, 11, 21, 22, 27, 0, 123000, tzinfo=UTC)
STRANGE = ["plain", "", "\t", "\n", "\r\n", "\\", "\\N", "\\.", '"', "'", "%s", "$1", "?", "Ärger \N{GRINNING FACE}", "a" * 9000]
SHARED = ["one value", "of several rows"]
ADDED = ("connection_id", "kind", "slot")


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with one row in every table, rolled back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        filled.fill(connection)
        yield connection
        transaction.rollback()


def entry(number: int, said: str) -> dict[str, Any]:
    """An audit entry: texts, JSON, nothing at all, and a moment."""
    texts = {"id": f"e{number}", "organization_id": "o", "actor": said, "action": "a", "target": said}
    because = SHARED if number % 7 < 4 else [said, said]
    told = {"before": None if number % 2 else {said: said}, "after": {"n": number, "x": None, "y": 1.5}, "because": because}
    return {**texts, **told, "at": NOW + timedelta(milliseconds=number), "address": said if number % 3 else None}


def entries(tx: Connection) -> list[Any]:
    """What is stored of them."""
    row = t.AuditEntry
    columns = (row.id, row.actor, row.target, row.before, row.after, row.because, row.at, row.address)
    return list(tx.execute(select(*columns).where(row.id != "ae").order_by(row.id)).all())


@pytest.mark.parametrize("size", [1, 2, writes.COPIED + 1])
def test_rows_are_the_same_however_they_travel(tx: Connection, size: int) -> None:
    """As values, as JSON, and by COPY: every strange text, null, JSON and moments come back as they were."""
    rows = [entry(number, STRANGE[number % len(STRANGE)]) for number in range(size)]
    write_all(tx, [Write("insert", table_of(t.AuditEntry), rows)])
    expected = sorted(rows, key=lambda row: str(row["id"]))
    shown = ("id", "actor", "target", "before", "after", "because", "at", "address")
    assert [tuple(row) for row in entries(tx)] == [tuple(row[name] for name in shown) for row in expected]


def test_a_row_that_breaks_a_constraint_stops_very_many(tx: Connection) -> None:
    """The error is the same kind as for one row, and names what was violated."""
    rows = [entry(number, "x") for number in range(writes.COPIED + 1)]
    with pytest.raises(IntegrityError, match=r"pk_audit_entry|audit_entry\.id"):
        write_all(tx, [Write("insert", table_of(t.AuditEntry), [*rows, rows[0]])])


def test_writes_of_different_tables_are_one_statement_on_postgresql(database: Database, tx: Connection) -> None:
    """Also where one row points at another of the same statement."""
    person = {"id": "p9", "display_name": "Nine", "created_by": None, "created_at": NOW}
    address = {"person_id": "p9", "email": "N@x.example", "email_key": "n@x.example", "verified": True, "is_primary": True}
    both = [
        Write("insert", table_of(t.Person), [person]),
        Write("insert", table_of(t.Address), [{"id": "a9", **address, "created_at": NOW}]),
    ]
    with statements(tx) as sent:
        write_all(tx, both)
    assert len(sent) == (1 if database.dialect == "postgresql" else 2)
    assert tx.execute(select(t.Address.person_id).where(t.Address.id == "a9")).scalar_one() == "p9"


def test_what_is_written_to_one_table_is_written_in_order(tx: Connection) -> None:
    """Insert, change, delete and insert again: each sees what the one before has done."""
    team = table_of(t.Team)
    row = {"id": "t9", "organization_id": "o", "slug": "nine", "name": "Nine", "created_at": NOW}
    again = {**row, "name": "Again"}
    steps = [
        Write("insert", team, [row]),
        Write("update", team, [{"id": "t9", "name": "Ten"}], ("id",)),
        Write("delete", team, [{"id": "t9", "name": "Ten"}]),
        Write("insert", team, [again]),
        Write("offer", team, [{**row, "name": "Late"}]),
    ]
    write_all(tx, steps)
    assert tx.execute(select(t.Team.name).where(t.Team.id == "t9")).scalar_one() == "Again"


def test_numbers_are_added_to_what_is_there(tx: Connection) -> None:
    """The row is made the first time."""
    row = {"connection_id": "c", "kind": "Group", "slot": 1, "organization_id": "o"}
    for by in (5, -2, 10):
        write_all(tx, [Write("add", table_of(t.DirectoryTotal), [{**row, "total": by}], ADDED)])
    found = select(t.DirectoryTotal.total).where(t.DirectoryTotal.kind == "Group")
    assert tx.execute(found).scalar_one() == 13


def test_numbers_added_at_once_are_all_counted(database: Database) -> None:
    """Eight writers, twenty additions each, into one row."""
    with database.engine.begin() as tx:
        filled.fill(tx)
    row = {"connection_id": "c", "kind": "Group", "slot": 1, "organization_id": "o", "total": 1}

    def add(_: int) -> None:
        database.write(lambda tx: write_all(tx, [Write("add", table_of(t.DirectoryTotal), [row], ADDED)]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(160)))
    with database.read() as tx:
        assert tx.execute(select(t.DirectoryTotal.total).where(t.DirectoryTotal.kind == "Group")).scalar_one() == 160


def test_insert_rows_and_write_all_agree_on_a_single_row(tx: Connection) -> None:
    """What is counted and what waits in a corridor is written by the same statement."""
    assert insert_rows(tx, t.AuditEntry, [entry(1, "x")]) == 1
    write_all(tx, [Write("insert", table_of(t.AuditEntry), [entry(2, "x")])])
    first, second = entries(tx)
    assert first[1:3] == second[1:3]
