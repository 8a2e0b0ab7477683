"""ORDER: what rows are ordered by, and which stand behind a position: the same on both databases, whatever a document holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, asc, desc, select, update
from sqlalchemy.dialects import postgresql

from connector.storage import ordering
from connector.storage.conditions import Order, Path
from connector.storage.database import Database
from connector.storage.search import users_key
from connector.storage.tables import DirectoryUser
from tests.support import world

NAMES = ["x", "y"]
TEXTS = ["", "a", "b", "A", "é", "zz", "\U0001f600", "\uffff", "true", "x" * 256, "x" * 256 + "a"]
NUMBERS = st.one_of(st.integers(-3, 12), st.sampled_from([0.5, -2.5, 2**53, 10**40, -(10**300), 1e308]))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(TEXTS))
OBJECTS = st.dictionaries(st.sampled_from([*NAMES, "primary"]), SCALARS, max_size=3)
VALUES = st.one_of(SCALARS, OBJECTS, st.lists(st.one_of(SCALARS, OBJECTS), max_size=3))
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).flatmap(
    lambda names: st.sets(st.sampled_from(range(len(names)))).map(lambda many: Path(tuple(names), tuple(sorted(many))))
)
PEOPLE = 5


@pytest.fixture
def directory(database: Database) -> Iterator[tuple[Connection, list[str]]]:
    """A transaction, rolled back, and the ids of five people, oldest first."""
    acme = world.staged(database)
    people = [acme.create(f"u{number}") for number in range(PEOPLE)]
    with database.engine.connect() as tx, tx.begin() as transaction:
        yield tx, people
        transaction.rollback()


def _key(document: Any, path: Path) -> tuple[int, float, str]:
    """What a document is ordered by, read in plain Python: numbers, then texts and truths by their letters, then nothing."""
    here = document
    for depth, name in enumerate(path.names):
        here = here.get(name) if isinstance(here, dict) else None
        if depth in path.many and isinstance(here, list):
            primary = [one for one in here if isinstance(one, dict) and one.get("primary") is True]
            here = (primary or here or [None])[0]
    if isinstance(here, bool):
        here = str(here).lower()
    if isinstance(here, int | float):
        return 0, float(here), ""
    return (1, 0.0, here[:256]) if isinstance(here, str) and here else (2, 0.0, "")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(DOCUMENTS, min_size=PEOPLE, max_size=PEOPLE), path=PATHS, descending=st.booleans())
def test_sql_orders_any_documents_as_plain_python_does(
    directory: tuple[Connection, list[str]], documents: list[Any], path: Path, descending: bool
) -> None:
    """RFC 7644 section 3.4.2.3: of a list the primary element, else the first; the unassigned last, and first when descending;
    behind each position stands exactly the rest."""
    tx, people = directory
    with tx.begin_nested() as example:
        for person, document in zip(people, documents, strict=True):
            tx.execute(update(DirectoryUser).where(DirectoryUser.id == person).values(search=document))
        keys = (*ordering.columns(users_key(Order(path, exact=False), tx.dialect.name), tx.dialect.name), DirectoryUser.id)
        way = desc if descending else asc
        listed = select(*keys).order_by(*map(way, keys))
        found = tx.execute(listed).all()
        expected = sorted(
            zip(documents, people, strict=True), key=lambda pair: (_key(pair[0], path), pair[1]), reverse=descending
        )
        assert [row[-1] for row in found] == [person for _, person in expected]
        for place, position in enumerate(found):
            rest = tx.execute(listed.where(ordering.behind(keys, tuple(position), descending=descending))).all()
            assert rest == found[place + 1 :]
        example.rollback()


def test_texts_are_ordered_by_code_points_whatever_the_language_of_the_server() -> None:
    """A server of ours speaks C, so that another language would not be noticed: PostgreSQL must be told each time."""
    key = users_key(Order(Path(("username",)), exact=False), "postgresql")
    (*_, text) = ordering.columns(key, "postgresql")
    assert str(text.compile(dialect=postgresql.dialect())).endswith('COLLATE "C"')  # type: ignore[no-untyped-call]
