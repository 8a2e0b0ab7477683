"""The way in: who runs beside whom, what is read after the lock, what is begun again, and a preview that leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from threading import Barrier, BrokenBarrierError, Event

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError

from connector.errors import Conflict, NotFound
from connector.membership.model import Mode
from connector.provisioning import facts
from connector.provisioning.corridor import Corridor, Origin, enter, memberships_locked, open_new
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import filled
from tests.support.filled import NOW
from tests.support.racing import race

ORIGIN = Origin("operator", "a test")
HOME = {
    "name": "Home", "membership_mode": "invitation", "preset": "oagents", "default_role": "member", "role_strategy": "highest",
    "top_by_rules": False, "entry_gate": False, "created_at": NOW,
}  # fmt: skip


@pytest.fixture
def home(database: Database) -> Database:
    """Two empty organizations by invitation, `home` and `away`."""
    return settled(database)


@pytest.fixture
def server(postgres_url: str) -> Iterator[Database]:
    """The same on PostgreSQL only, where transactions run side by side."""
    database = Database.open(postgres_url)
    yield settled(database)
    database.close()


def settled(database: Database) -> Database:
    """Write the two organizations."""
    rows = [{**HOME, "id": name, "slug": name} for name in ("home", "away")]
    database.write(lambda tx: tx.execute(insert(t.Organization), rows))
    return database


def person(corridor: Corridor, name: str) -> None:
    """Something a verb writes."""
    corridor.tx.execute(insert(t.Person).values(id=name, display_name=None, created_by=None, created_at=NOW))


def people(database: Database) -> list[str]:
    """What verbs have written."""
    with database.read() as tx:
        return list(tx.execute(select(t.Person.id).order_by(t.Person.id)).scalars())


def test_an_organization_nobody_knows_is_not_found(home: Database) -> None:
    """Whatever the lock and whether looked at or done; the verb is not run."""
    ran: list[Corridor] = []
    for exclusive in False, True:
        for preview in False, True:
            with pytest.raises(NotFound) as refused:
                enter(home, "nowhere", ORIGIN, ran.append, exclusive=exclusive, preview=preview)
            assert refused.value.code == "organization_not_found"
    assert ran == []


def test_the_verb_is_told_where_it_is(home: Database) -> None:
    """Organization, mode, origin, and a moment to the millisecond, as SCIM tells it."""
    corridor = enter(home, "home", ORIGIN, lambda corridor: corridor, exclusive=True)
    assert (corridor.organization_id, corridor.mode, corridor.origin) == ("home", Mode.INVITATION, ORIGIN)
    assert (corridor.exclusive, corridor.preview) == (True, False)
    assert corridor.now.microsecond % 1000 == 0


def test_a_new_organization_has_its_corridor_before_anybody_sees_it(home: Database) -> None:
    """In the transaction that inserts it, exclusive from the start."""

    def found(tx: Connection) -> tuple[str, bool]:
        tx.execute(insert(t.Organization).values({**HOME, "id": "new", "slug": "new"}))
        with open_new(tx, "new", ORIGIN) as corridor:
            return corridor.organization_id, corridor.exclusive

    assert home.write(found) == ("new", True)


def test_what_the_verb_raises_undoes_what_it_wrote(home: Database) -> None:
    """One transaction: all of it or nothing."""

    def refusing(corridor: Corridor) -> None:
        person(corridor, "ada")
        raise Conflict("no", "no")

    with pytest.raises(Conflict):
        enter(home, "home", ORIGIN, refusing)
    assert people(home) == []


# Who runs beside whom


def meeting(database: Database, patience: float, *doors: tuple[str, bool]) -> bool:
    """Whether verbs through these doors (organization, exclusive) are inside at the same time, given some seconds."""
    inside = Barrier(len(doors))

    def verb(_corridor: Corridor) -> bool:
        try:
            inside.wait(timeout=patience)
        except BrokenBarrierError:
            return False
        return True

    def through(organization: str, exclusive: bool) -> bool:
        return enter(database, organization, ORIGIN, verb, exclusive=exclusive)

    met, refused = race([partial(through, *door) for door in doors])
    assert refused == []
    return all(met)


@pytest.mark.parametrize(
    ("doors", "together"),
    [
        ([("home", False)] * 4, True),
        ([("home", False), ("home", True)], False),
        ([("home", True), ("home", True)], False),
        ([("home", True), ("away", True)], True),
        ([("home", True), ("away", False)], True),
    ],
    ids=["shared", "shared and exclusive", "exclusive twice", "exclusive in two organizations", "next to a rule edit next door"],
)
def test_who_is_inside_together_on_postgresql(server: Database, doors: list[tuple[str, bool]], together: bool) -> None:
    """Pushes run side by side; a rule edit runs alone in its organization, and holds up no other."""
    assert meeting(server, 20 if together else 1, *doors) is together


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (True, True)])
def test_who_comes_later_waits_and_sees_what_the_earlier_did(home: Database, first: bool, second: bool) -> None:
    """Shared waits for exclusive and exclusive for shared; the mode is read after the lock, and not while waiting for it."""
    inside, release = Event(), Event()

    def earlier(corridor: Corridor) -> None:
        inside.set()
        assert release.wait(timeout=30)
        corridor.tx.execute(update(t.Organization).where(t.Organization.id == "home").values(membership_mode="sso"))

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(enter, home, "home", ORIGIN, earlier, exclusive=first)
        assert inside.wait(timeout=30)
        two = threads.submit(enter, home, "home", ORIGIN, lambda corridor: corridor.mode, exclusive=second)
        assert wait([two], timeout=0.3).not_done
        release.set()
        one.result(timeout=30)
        assert two.result(timeout=30) is Mode.SSO


# Begun again


@pytest.mark.parametrize("preview", [False, True])
def test_who_turns_out_to_need_the_exclusive_lock_begins_again_with_it(home: Database, preview: bool) -> None:
    """Once, and what the first run wrote is gone. SQLite's writers are alone from the start."""
    runs: list[bool] = []

    def verb(corridor: Corridor) -> str:
        runs.append(corridor.exclusive)
        person(corridor, "ada")
        corridor.need_exclusive()
        return "done"

    assert enter(home, "home", ORIGIN, verb, preview=preview) == "done"
    assert runs == ([True] if home.dialect == "sqlite" else [False, True])
    assert people(home) == ([] if preview else ["ada"])


def test_two_that_both_turn_out_to_need_it_do_not_wait_for_each_other_for_ever(server: Database) -> None:
    """Each holds the shared lock when it asks: raising it on the spot would be a deadlock, so both let go first."""
    both = Barrier(2)

    def verb(name: str, corridor: Corridor) -> str:
        if not corridor.exclusive:
            both.wait(timeout=30)
        corridor.need_exclusive()
        person(corridor, name)
        return name

    done, refused = race([lambda name=name: enter(server, "home", ORIGIN, partial(verb, name)) for name in ("ada", "bob")])  # type: ignore[misc]
    assert (sorted(done), refused) == (["ada", "bob"], [])
    assert people(server) == ["ada", "bob"]


# Previews


@pytest.mark.parametrize("exclusive", [False, True])
def test_a_preview_leaves_no_row_in_any_table(home: Database, exclusive: bool) -> None:
    """It writes a row into every table, is answered from among them, and nothing stays."""

    def everything(corridor: Corridor) -> dict[str, int]:
        assert corridor.preview
        filled.fill(corridor.tx)
        return filled.counts(corridor.tx)

    with home.read() as tx:
        before = filled.counts(tx)
    during = enter(home, "home", ORIGIN, everything, exclusive=exclusive, preview=True)
    assert during == {name: count + 1 for name, count in before.items()}
    with home.read() as tx:
        assert filled.counts(tx) == before


def test_a_preview_lets_go_of_its_lock(home: Database) -> None:
    """Who comes next does not wait for somebody who only looked."""
    enter(home, "home", ORIGIN, lambda corridor: None, exclusive=True, preview=True)
    enter(home, "home", ORIGIN, lambda corridor: person(corridor, "ada"), exclusive=True)
    assert people(home) == ["ada"]


# Rows

Lock = Callable[[Corridor, list[str]], object]
LOCKS: dict[str, tuple[Lock, str, str]] = {
    "groups": (lambda corridor, ids: corridor.lock_groups(ids), "directory_group", "dg"),
    "users": (lambda corridor, ids: facts.lock_users(corridor, "c", ids), "directory_user", "du"),
    "all users": (lambda corridor, ids: facts.everybody(corridor, corridor.entered), "directory_user", "du"),
    "memberships": (
        lambda corridor, ids: corridor.lock_memberships(memberships_locked(t.Membership.id.in_(ids)), {}), "membership", "m"
    ),
    "persons": (lambda corridor, ids: corridor.lock_persons(ids), "person", "p"),
}  # fmt: skip
every_lock = pytest.mark.parametrize(("lock", "table", "row"), LOCKS.values(), ids=LOCKS)


@every_lock
def test_a_locked_row_is_nobody_else_s_to_change_but_may_be_pointed_at(
    server: Database, lock: Lock, table: str, row: str
) -> None:
    """FOR NO KEY UPDATE: another writer would wait; a row that refers to it (FOR KEY SHARE) and a reader do not."""
    server.write(filled.fill)

    def verb(corridor: Corridor) -> None:
        lock(corridor, [row])
        with server.read() as other:
            assert len(other.exec_driver_sql(f"select 1 from {table} for key share nowait").all()) == 1
            with pytest.raises(DBAPIError, match="could not obtain lock"):
                other.exec_driver_sql(f"select 1 from {table} for no key update nowait")

    enter(server, "o", ORIGIN, verb)


def test_only_the_rows_that_were_asked_for_are_locked(server: Database) -> None:
    """Nobody's ids lock nothing, nor do ids of another connection; memberships are told by their ids."""
    server.write(filled.fill)

    def verb(corridor: Corridor) -> list[str]:
        corridor.lock_groups([])
        facts.lock_users(corridor, "c", [])
        facts.lock_users(corridor, "another", ["du"])
        corridor.lock_persons(["nobody"])
        with server.read() as other:
            for table in "directory_group", "directory_user", "person":
                assert len(other.exec_driver_sql(f"select 1 from {table} for update nowait").all()) == 1
        return corridor.lock_memberships(memberships_locked(t.Membership.role == "owner"), {})

    assert enter(server, "o", ORIGIN, verb) == ["m"]


@every_lock
def test_locks_are_taken_in_the_order_of_ids_however_they_are_given(server: Database, lock: Lock, table: str, row: str) -> None:
    """Two that lock the same rows in different orders would deadlock. Seen by making one wait in the middle.

    The planner is kept from indexes, which would give the order for nothing on some days and not on others.
    """
    server.write(filled.fill)
    server.write(lambda tx: _crowd(tx, table))

    def verb(corridor: Corridor) -> None:
        for way in "indexscan", "indexonlyscan", "bitmapscan":
            corridor.tx.exec_driver_sql(f"set local enable_{way} = off")
        lock(corridor, [row, *CROWD])

    with server.engine.connect() as other, ThreadPoolExecutor(1) as thread:
        with other.begin():
            other.exec_driver_sql(f"select 1 from {table} where id = 'x050' for no key update")
            waiting = thread.submit(enter, server, "o", ORIGIN, verb)
            assert wait([waiting], timeout=0.5).not_done
            with server.read() as third:
                free = third.exec_driver_sql(f"select id from {table} order by id for no key update skip locked").scalars().all()
            assert free == [f"x{number:03}" for number in range(51, 100)]
        waiting.result(timeout=30)


CROWD = [f"x{number * 77 % 100:03}" for number in range(100)]
"""A hundred ids in an order of their own."""

DIFFERENT = {
    "directory_group": "display_name_key",
    "directory_user": "user_name_key",
    "membership": "person_id",
    "person": "created_by",
}


def _crowd(tx: Connection, table: str) -> None:
    """A hundred more rows like the one that is there, written in the order of CROWD."""
    if table == "membership":
        _crowd(tx, "person")
    there = t.metadata.tables[table]
    row = dict(tx.execute(select(there)).mappings().one())
    if table == "directory_user":
        row["person_id"] = None
    tx.execute(insert(there), [{**row, "id": name, DIFFERENT[table]: name} for name in CROWD])
