"""Plans that PostgreSQL prepared when the tables were small, and thousands that then go through them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.storage import tables as t
from connector.storage.database import PREPARE, Database
from tests.support import world

MANY = 5_000
SLOWEST = 10.0
"""Seconds. A plan for a few rows takes minutes for so many, a good one takes two seconds."""

ROUNDS = PREPARE + 8
"""So often a statement is sent until psycopg prepares it, and PostgreSQL then keeps one plan for all it may carry."""


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A database whose statistics are never gathered by itself."""
    database = Database.open(postgres_url)
    with database.engine.begin() as tx:
        for name in t.metadata.tables:
            tx.exec_driver_sql(f'alter table "{name}" set (autovacuum_enabled = false)')
    yield database
    database.close()


def test_thousands_go_through_statements_that_were_prepared_for_a_few(database: Database) -> None:
    """A tenant with three people first, then a new one with five thousand, over the same session: in and out with one PATCH each,
    and everybody's access with them."""
    acme = world.live(database)
    acme.rule(group="Engineering", team="engineering")
    few = [acme.create(name) for name in ("ada", "bob", "cyd")]
    engineering = acme.group("Engineering")
    with database.engine.begin() as tx:
        tx.exec_driver_sql("analyze")  # every table is tiny, and counts as tiny from now on
    for _ in range(ROUNDS):
        acme.put_in(engineering, *few)
        acme.take_out(engineering, *few)
    globex = world.staged(database, slug="globex", verified=("globex.example",))
    many = thousands(database, globex)
    globex.rule(group="Engineering", team="engineering")
    group = globex.group("Engineering")
    assert seconds(globex.activate) < SLOWEST
    assert seconds(lambda: globex.put_in(group, *many)) < SLOWEST
    assert in_teams(database, globex) == MANY
    assert seconds(lambda: globex.take_out(group, *many)) < SLOWEST
    assert in_teams(database, globex) == 0
    sessions: Any = database.engine.pool
    assert sessions.checkedin() == 1, "another session has prepared nothing"


def seconds(verb: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.monotonic()
    verb()
    return time.monotonic() - begun


def thousands(database: Database, home: world.World) -> list[str]:
    """Copies of one pushed user under other names, made inside the database; returns all ids."""
    first = home.create("p0", email="p0@globex.example")
    named = {
        "id": "left(id, 24) || lpad(number::text, 12, '0')",
        "document": "replace(replace(document, 'p0', 'p' || number), id, left(id, 24) || lpad(number::text, 12, '0'))",
        "search": "replace(search::text, 'p0', 'p' || number)::json",
        **{name: f"replace({name}, 'p0', 'p' || number)" for name in ("user_name", "user_name_key", "email", "email_key")},
    }
    columns = [column.name for column in t.DirectoryUser.__table__.columns if column.computed is None]
    values = ", ".join(named.get(name, name) for name in columns)
    with database.engine.begin() as tx:
        tx.exec_driver_sql(
            f"insert into directory_user ({', '.join(columns)}) select {values}"
            f" from directory_user, generate_series(1, {MANY - 1}) as number where id = '{first}'"
        )
        return list(tx.execute(select(t.DirectoryUser.id).where(t.DirectoryUser.connection_id == home.connection)).scalars())


def in_teams(database: Database, home: world.World) -> int:
    """How many people of the organization have a place in a team."""
    count = select(func.count()).select_from(t.Assignment)
    with database.read() as tx:
        return tx.execute(
            count.where(t.Assignment.organization_id == home.organization, t.Assignment.target_kind == "team")
        ).scalar_one()
