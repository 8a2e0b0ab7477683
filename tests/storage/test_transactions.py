"""Transactions: nothing is lost, everybody waits a bounded time, a lost race is run again, and what is away is told as 503."""

from __future__ import annotations

import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier, Event, Timer
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from connector.errors import Conflict, Unavailable
from connector.storage import database as storage
from connector.storage import tables as t
from connector.storage.database import ATTEMPTS, RETRY_AFTER, Database, violated
from tests.support import databases, filled
from tests.support.filled import NOW
from tests.support.racing import race

PERSON = {"id": "ada", "display_name": "Ada", "created_by": None, "created_at": NOW}


def people(database: Database) -> set[str]:
    """The ids of all persons."""
    with database.read() as tx:
        return set(tx.execute(select(t.Person.id)).scalars())


def add(name: str) -> Callable[[Connection], str]:
    """A verb that adds a person."""

    def verb(tx: Connection) -> str:
        tx.execute(insert(t.Person).values({**PERSON, "id": name}))
        return name

    return verb


@contextmanager
def opened(url: str, number: int = 1) -> Iterator[list[Database]]:
    """The database at a URL, opened as by several processes."""
    with ExitStack() as stack:
        yield [_closing(stack, Database.open(url)) for _ in range(number)]


def _closing(stack: ExitStack, database: Database) -> Database:
    stack.callback(database.close)
    return database


@contextmanager
def held(database: Database, verb: Callable[[Connection], object]) -> Iterator[None]:
    """Another thread is inside a write transaction that has run `verb`, until the block ends; then it commits."""
    inside, release = Event(), Event()

    def hold(tx: Connection) -> None:
        verb(tx)
        inside.set()
        assert release.wait(timeout=30)

    with ThreadPoolExecutor(1) as thread:
        holder = thread.submit(database.write, hold)
        assert inside.wait(timeout=30)
        try:
            yield
        finally:
            release.set()
        holder.result(timeout=30)


def rename(tx: Connection) -> None:
    """A verb that needs the one organization's row."""
    tx.execute(update(t.Organization).values(name="renamed"))


# How connections are set up


@pytest.mark.parametrize(
    ("pragma", "value"), [("foreign_keys", 1), ("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 3_000)]
)
def test_every_sqlite_connection_is_set_up(sqlite_url: str, pragma: str, value: object) -> None:
    """Foreign keys hold, readers and writers do not wait for each other, a commit is on the disk, and waiting ends."""
    with opened(sqlite_url) as [database], ExitStack() as stack:
        connections = [stack.enter_context(database.read()) for _ in range(3)]
        assert [each.exec_driver_sql(f"pragma {pragma}").scalar_one() for each in connections] == [value] * 3


@pytest.mark.parametrize(
    ("setting", "value"), [("lock_timeout", "3s"), ("idle_in_transaction_session_timeout", "1min"), ("TimeZone", "UTC")]
)
def test_every_postgresql_connection_is_set_up(server: Database, setting: str, value: str) -> None:
    """No statement waits without end, and nobody sleeps on locks."""
    with server.read() as tx:
        assert tx.exec_driver_sql(f"show {setting}").scalar_one() == value


def test_a_sqlite_writer_is_alone_from_its_first_statement(sqlite_url: str) -> None:
    """BEGIN IMMEDIATE: a verb that has only read so far cannot be overtaken by another that writes."""
    with (
        opened(sqlite_url, 2) as [one, two],
        two.engine.connect() as other,
        held(one, lambda tx: tx.execute(select(t.Person.id))),
    ):
        other.exec_driver_sql("pragma busy_timeout = 0")
        with pytest.raises(DBAPIError, match="locked"):
            other.execute(insert(t.Person).values(PERSON))


# Readers and writers


@pytest.mark.parametrize("processes", [1, 2])
def test_of_240_increments_none_is_lost(fresh_url: str, processes: int) -> None:
    """Four threads read a number and write the next one, 60 times each; on PostgreSQL they lock the row."""

    def increment(tx: Connection) -> None:
        rank = tx.execute(select(t.Role.rank).with_for_update()).scalar_one()
        tx.execute(update(t.Role).values(rank=rank + 1))

    with opened(fresh_url, processes) as all_:
        all_[0].write(filled.fill)
        all_[0].write(lambda tx: tx.execute(update(t.Role).values(rank=0)))
        with ThreadPoolExecutor(4) as threads:
            crowd = [threads.submit(_many, 60, all_[number % processes], increment) for number in range(4)]
        assert all(each.exception() is None for each in crowd)
        with all_[0].read() as tx:
            assert tx.execute(select(t.Role.rank)).scalar_one() == 240


def _many(times: int, database: Database, verb: Callable[[Connection], object]) -> None:
    for _ in range(times):
        database.write(verb)


def test_readers_and_writers_do_not_wait_for_each_other(database: Database) -> None:
    """A reader in the middle of its block lets others write; a writer in the middle of its verb lets others read."""
    with database.read() as reader:
        assert reader.execute(select(t.Person.id)).all() == []
        database.write(add("ada"))
    with held(database, add("bob")):
        assert people(database) == {"ada"}
    assert people(database) == {"ada", "bob"}


def test_a_verb_that_refuses_leaves_nothing(database: Database) -> None:
    """Whatever it raises is raised, once; what it wrote is gone."""
    runs: list[int] = []

    def refusing(tx: Connection) -> None:
        runs.append(1)
        add("ada")(tx)
        raise Conflict("no", "no")

    with pytest.raises(Conflict):
        database.write(refusing)
    assert (len(runs), people(database)) == (1, set())


# Waiting ends


def test_who_waits_too_long_for_a_writer_is_told_to_come_back(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is in another process. The wait is bounded, the answer says when to return, and then it works."""
    with opened(fresh_url) as [patient]:
        patient.write(filled.fill)
        monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
        with opened(fresh_url) as [other]:
            with held(patient, rename):
                assert told(lambda: other.write(rename)) == ("busy", RETRY_AFTER)
            other.write(rename)


def test_who_waits_too_long_for_a_writer_of_the_same_process(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There threads queue before the database is asked."""
    with opened(sqlite_url) as [database]:
        monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
        with held(database, add("ada")):
            assert told(lambda: database.write(add("bob"))) == ("busy", RETRY_AFTER)
        assert people(database) == {"ada"}
        database.write(add("bob"))


def test_who_finds_all_connections_in_use_is_told_to_come_back(fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is bounded, and so is the wait for it, on both databases."""
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
    with opened(fresh_url) as [database]:
        pool: Any = database.engine.pool
        with ExitStack() as stack:
            for _ in range(pool.size() + pool._max_overflow):
                stack.enter_context(database.read())
            began = time.monotonic()
            assert told(lambda: people(database)) == ("busy", RETRY_AFTER)
            assert time.monotonic() - began < 5
        assert people(database) == set()


def told(verb: Callable[[], object]) -> tuple[str, int]:
    """The code of Unavailable, and after how many seconds to come back."""
    with pytest.raises(Unavailable) as refused:
        verb()
    return refused.value.code, refused.value.retry_after


# Lost races


def test_of_two_verbs_in_a_deadlock_one_is_run_again_and_both_succeed(server: Database) -> None:
    """Each holds what the other wants. PostgreSQL ends one of them; nobody hears of it."""
    server.write(filled.fill)
    server.write(add("ada"))
    both, runs = Barrier(2), list[str]()

    def crossing(first: str, second: str) -> Callable[[], str]:
        def verb(tx: Connection) -> str:
            runs.append(first)
            tx.execute(update(t.Person).where(t.Person.id == first).values(display_name=f"{first} first"))
            if runs.count(first) == 1:
                both.wait(timeout=30)
            tx.execute(update(t.Person).where(t.Person.id == second).values(created_by=f"{first} second"))
            return first

        return lambda: server.write(verb)

    done, refused = race([crossing("p", "ada"), crossing("ada", "p")])
    assert (sorted(done), refused) == (["ada", "p"], [])
    assert len(runs) > 2
    with server.read() as tx:
        rows = tx.execute(select(t.Person.display_name, t.Person.created_by).order_by(t.Person.id)).all()
    assert rows == [("ada first", "p second"), ("p first", "ada second")]


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("failures", [0, 1, ATTEMPTS - 1, ATTEMPTS])
def test_a_verb_that_loses_is_run_at_most_five_times(server: Database, state: str, failures: int) -> None:
    """Serialization failure or deadlock, said by the database itself; what a lost run wrote is gone. Then it is busy."""
    runs: list[int] = []

    def unlucky(tx: Connection) -> str:
        runs.append(1)
        name = add(f"run {len(runs)}")(tx)
        if len(runs) <= failures:
            tx.exec_driver_sql(f"do $$ begin raise exception using errcode = '{state}'; end $$")
        return name

    if failures < ATTEMPTS:
        assert server.write(unlucky) == f"run {failures + 1}"
        assert people(server) == {f"run {failures + 1}"}
    else:
        assert told(lambda: server.write(unlucky)) == ("busy", RETRY_AFTER)
        assert (len(runs), people(server)) == (ATTEMPTS, set())


def test_who_comes_second_looks_again_and_finds_the_first(server: Database) -> None:
    """Between the look and the insert somebody else was faster: the second run sees them."""
    looks: list[bool] = []

    def add_unless_there(tx: Connection) -> str:
        looks.append(tx.execute(select(t.Person.id)).first() is not None)
        if looks[-1]:
            return "found"
        with server.engine.begin() as faster:
            faster.execute(insert(t.Person).values(PERSON))
        return add("ada")(tx)

    assert server.write(add_unless_there) == "found"
    assert looks == [False, True]


def test_a_unique_name_that_stays_taken_is_told_after_the_last_run(database: Database) -> None:
    """No race, then, but the truth: the caller gets the constraint's name."""
    database.write(add("ada"))
    runs: list[int] = []

    def again(tx: Connection) -> None:
        runs.append(1)
        add("ada")(tx)

    with pytest.raises(IntegrityError) as refused:
        database.write(again)
    assert violated(refused.value) == "pk_person"
    assert len(runs) == ATTEMPTS


ERRORS = {
    "a check": update(t.Organization).values(role_strategy="ada@acme.example"),
    "a foreign key": update(t.Address).values(person_id="ada@acme.example"),
    "nothing where something must be": update(t.Address).values(email_key="ada@acme.example", email=None),
    "a unique key": insert(t.Person).values({**PERSON, "id": "ada@acme.example"}),
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_never_repeats_what_people_pushed(database: Database, error: str) -> None:
    """Neither its text nor the whole traceback tells a value: both end in logs. PostgreSQL would print the row."""
    database.write(filled.fill)
    if error == "a unique key":
        database.write(lambda tx: tx.execute(ERRORS[error]))
    with pytest.raises(IntegrityError) as refused:
        database.write(lambda tx: tx.execute(ERRORS[error]))
    told = "".join(traceback.format_exception(refused.value))
    assert "IntegrityError" in told
    assert "ada@acme.example" not in told


@pytest.mark.parametrize("error", [name for name in ERRORS if name != "a unique key"])
def test_what_is_no_race_is_run_once(database: Database, error: str) -> None:
    """Running it again would only fail again."""
    database.write(filled.fill)
    runs: list[int] = []

    def wrong(tx: Connection) -> None:
        runs.append(1)
        tx.execute(ERRORS[error])

    with pytest.raises(IntegrityError):
        database.write(wrong)
    assert len(runs) == 1


# Away

AWAY = ("database_unavailable", RETRY_AFTER)


@pytest.mark.parametrize(
    "where", ["postgresql+psycopg://nobody@127.0.0.1:1/nowhere", "postgresql+psycopg://nobody@/x?host=/nowhere"]
)
def test_a_server_that_is_not_there_is_unavailable(where: str) -> None:
    """Opening connects to nothing; reading and writing say when to come back."""
    with opened(where) as [database]:
        assert told(lambda: people(database)) == AWAY
        assert told(lambda: database.write(add("ada"))) == AWAY


def test_a_database_that_comes_into_being_is_used(postgres_server: str, postgres_url: str) -> None:
    """Nothing of the failure is remembered."""
    name = f"late_{databases.name_in(postgres_url)}"
    with opened(databases.of(postgres_server, name)) as [database]:
        assert told(lambda: people(database)) == AWAY
        databases.execute(postgres_server, "create database {} template {}", name, databases.name_in(postgres_url))
        assert people(database) == set()
    databases.drop_postgresql(postgres_server, name)


def cut(server: Database, postgres_server: str) -> None:
    """End all connections to the database, as a server that stops does."""
    name = databases.name_in(server.engine.url.render_as_string(hide_password=False))
    with opened(postgres_server) as [other], other.read() as tx:
        ended = text("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = :name")
        assert tx.execute(ended, {"name": name}).all()


def test_after_the_server_was_away_no_request_meets_a_dead_connection(server: Database, postgres_server: str) -> None:
    """The next one works, though dead ones lay in the pool: their end is seen before they are used."""
    for verb in (lambda: people(server), lambda: server.write(lambda tx: tx.execute(select(1)).all())):
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(server.read()).execute(select(1))
        cut(server, postgres_server)
        verb()


def test_a_transaction_that_is_cut_off_is_half_of_nothing(server: Database, postgres_server: str) -> None:
    """Before its next statement or before its COMMIT: unavailable, and nothing was written."""

    def cut_before_commit(tx: Connection) -> None:
        add("ada")(tx)
        cut(server, postgres_server)

    def cut_between(tx: Connection) -> None:
        cut_before_commit(tx)
        add("bob")(tx)

    for verb in cut_before_commit, cut_between:
        assert told(lambda verb=verb: server.write(verb)) == AWAY  # type: ignore[misc]
        assert people(server) == set()


def test_a_verb_that_fell_asleep_is_told_that_its_connection_is_gone(server: Database) -> None:
    """PostgreSQL ends a transaction that does nothing while holding locks."""

    def asleep(tx: Connection) -> None:
        tx.exec_driver_sql("set local idle_in_transaction_session_timeout = '50ms'")
        time.sleep(0.5)
        add("ada")(tx)

    assert told(lambda: server.write(asleep)) == AWAY
    assert people(server) == set()


def test_a_sqlite_file_whose_folder_is_gone_is_unavailable(sqlite_url: str, tmp_path: Path) -> None:
    """And is used again when the disk is back."""
    with opened(sqlite_url.replace("connector.db", "away/connector.db")) as [database]:
        (tmp_path / "away").rmdir()
        assert told(lambda: people(database)) == AWAY
        assert told(lambda: database.write(add("ada"))) == AWAY
        (tmp_path / "away").mkdir()
        database.create_all()
        assert people(database) == set()


def test_a_full_disk_is_unavailable_and_half_of_nothing(sqlite_url: str) -> None:
    """What did not fit is not there, and there is room again for what does."""
    with opened(sqlite_url) as [database]:

        def too_much(tx: Connection) -> None:
            pages = tx.exec_driver_sql("pragma page_count").scalar_one()
            tx.exec_driver_sql(f"pragma max_page_count = {pages}")
            add("x" * 100_000)(tx)

        assert told(lambda: database.write(too_much)) == AWAY
        database.write(add("ada"))
        assert people(database) == {"ada"}
        database.write(lambda tx: tx.execute(delete(t.Person)))


def test_a_new_sqlite_file_waits_for_another_process_that_makes_it_too(tmp_path: Path) -> None:
    """SQLite refuses the change of the journal at once while another holds the file, whatever the busy timeout says."""
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE made (it INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    release = Timer(0.3, other.execute, ["COMMIT"])
    release.start()
    with opened(f"sqlite:///{path}") as (database,), database.read() as tx:
        assert tx.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    release.join()
    other.close()
