"""What the tests themselves stand on: each gets a database of its own, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select

from connector.storage.database import Database
from connector.storage.tables import Person

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_its_database_empty(database: Database, turn: int) -> None:
    """What an earlier test committed is gone."""
    person = {"id": f"p{turn}", "display_name": None, "created_by": None, "created_at": NOW}
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Person)) == 0
    database.write(lambda tx: tx.execute(insert(Person).values(person)))
    with database.read() as connection:
        assert connection.scalars(select(Person.id)).all() == [person["id"]]


def test_postgresql_is_a_real_one(postgres_url: str) -> None:
    """The version that answers is PostgreSQL's own."""
    database = Database.open(postgres_url)
    with database.read() as connection:
        assert connection.exec_driver_sql("select version()").scalar_one().startswith("PostgreSQL ")
    database.close()


def test_a_fresh_url_leads_to_the_tables(fresh_url: str) -> None:
    """Processes that a test starts find the schema there."""
    database = Database.open(fresh_url)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Person)) == 0
    database.close()
