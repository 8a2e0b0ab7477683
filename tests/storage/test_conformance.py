"""The exclusion: what makes sense in one membership mode only cannot stand in the other. The schema says so, on both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import pytest
from sqlalchemy import Connection, Update, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from connector.errors import Conflict
from connector.storage import tables as t
from connector.storage.database import Database, violated
from tests.support import filled
from tests.support.filled import NOW
from tests.support.racing import race

ROUNDS = 20
OTHER = {"sso": "invitation", "invitation": "sso"}

INVITED = insert(t.Invitation).values(
    id="i", organization_id="o", email="ada@acme.example", email_key="ada@acme.example", role="owner", status="pending",
    token_hash="x", expires_at=NOW, created_at=NOW,
)  # fmt: skip
GIVEN = insert(t.Assignment).values(
    membership_id="m", target_kind="team", target_id="t", source="rule:r", organization_id="o", level="member", created_at=NOW
)


def connected(state: str, directory: str) -> Update:
    """The one connection in these states."""
    return update(t.Connection).values(state=state, directory=directory)


@dataclass(frozen=True)
class Case:
    """A row of one mode: how it comes, how it goes, and the constraints that tie it to the mode."""

    mode: str
    come: UpdateBase
    go: UpdateBase
    ties: set[str]
    stands: Any


_ACTIVE, _DIRECTORY = "fk_connection_active_mode", "fk_connection_directory_mode"

CASES = {
    "a pending invitation": Case(
        "invitation",
        INVITED,
        update(t.Invitation).values(status="ended"),
        {"fk_invitation_pending_mode"},
        t.Invitation.status == "pending",
    ),
    "an active connection": Case(
        "sso", connected("active", "off"), connected("draft", "off"), {_ACTIVE}, t.Connection.state == "active"
    ),
    "a live directory": Case(
        "sso", connected("active", "live"), connected("draft", "staging"), {_ACTIVE, _DIRECTORY}, t.Connection.directory == "live"
    ),
    "a paused directory": Case(
        "sso",
        connected("active", "paused"),
        connected("draft", "staging"),
        {_ACTIVE, _DIRECTORY},
        t.Connection.directory == "paused",
    ),
    "a rule's assignment": Case("sso", GIVEN, delete(t.Assignment), {"fk_assignment_rule_mode"}, t.Assignment.source == "rule:r"),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def switch(mode: str) -> Update:
    """The organization in a mode."""
    return update(t.Organization).values(membership_mode=mode)


def begin(database: Database, mode: str, *statements: UpdateBase) -> None:
    """An organization in `mode` with a person, a draft connection, a rule, and nothing that needs a mode; then `statements`."""
    with database.engine.begin() as tx:
        for table in reversed(t.metadata.sorted_tables):
            tx.execute(table.delete())
        filled.fill(tx)
        for statement in (delete(t.Assignment), delete(t.Invitation), connected("draft", "off"), switch(mode), *statements):
            tx.execute(statement)


def commit(database: Database, *statements: UpdateBase) -> None:
    """One transaction that is run once."""
    with database.engine.begin() as tx:
        for statement in statements:
            tx.execute(statement)


def state(database: Database, case: Case) -> tuple[str, bool]:
    """The mode, and whether the row stands."""
    with database.read() as tx:
        mode = tx.execute(select(t.Organization.membership_mode)).scalar_one()
        return mode, tx.execute(select(func.count()).where(case.stands)).scalar_one() > 0


@every_case
def test_a_row_of_the_other_mode_is_written_but_never_committed(database: Database, case: Case) -> None:
    """The statement passes, for the mode may still change; COMMIT fails, and the database is as before."""
    begin(database, OTHER[case.mode])
    with pytest.raises(IntegrityError), database.engine.begin() as tx:
        tx.execute(case.come)
        written = tx.execute(select(func.count()).where(case.stands)).scalar_one()
    assert written == 1
    assert state(database, case) == (OTHER[case.mode], False)


@every_case
def test_the_row_breaks_exactly_the_constraints_that_tie_it(database: Database, case: Case) -> None:
    """Each by its name: a live directory is tied twice, by its own state and by that of its connection."""
    begin(database, OTHER[case.mode])
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(case.come)
        assert broken(connection) == case.ties
        connection.execute(switch(case.mode))
        assert broken(connection) == set()
        transaction.rollback()


def broken(tx: Connection) -> set[str]:
    """The names of the deferred keys that would fail if the transaction ended now."""
    if tx.dialect.name == "sqlite":
        rows = tx.exec_driver_sql(
            'select c."table", k."from" from pragma_foreign_key_check c join pragma_foreign_key_list(c."table") k'
            " on k.id = c.fkid and k.seq = 1"
        )
        return {f"fk_{table}_{column}" for table, column in rows}
    return {name for name in set[str]().union(*(case.ties for case in CASES.values())) if fails_now(tx, name)}


def fails_now(tx: Connection, name: str) -> bool:
    """Whether PostgreSQL refuses the constraint when asked to look at once."""
    try:
        with tx.begin_nested():
            tx.exec_driver_sql(f"set constraints {name} immediate")
            tx.exec_driver_sql(f"set constraints {name} deferred")
    except IntegrityError as error:
        return violated(error) == name
    return False


@every_case
def test_row_and_mode_may_come_in_any_order(database: Database, case: Case) -> None:
    """Only the end of the transaction counts."""
    there, back = switch(case.mode), switch(OTHER[case.mode])
    for order in (case.come, there), (there, case.come), (back, case.come, there), (there, case.come, back, there):
        begin(database, OTHER[case.mode])
        commit(database, *order)
        assert state(database, case) == (case.mode, True)


@every_case
def test_the_mode_cannot_leave_a_row_behind(database: Database, case: Case) -> None:
    """The switch fails at COMMIT; mode and row stay."""
    begin(database, case.mode, case.come)
    with pytest.raises(IntegrityError):
        commit(database, switch(OTHER[case.mode]))
    assert state(database, case) == (case.mode, True)


@every_case
def test_the_mode_changes_together_with_the_row_in_either_order(database: Database, case: Case) -> None:
    """In one transaction, row first or mode first."""
    back = switch(OTHER[case.mode])
    for order in (case.go, back), (back, case.go):
        begin(database, case.mode, case.come)
        commit(database, *order)
        assert state(database, case) == (OTHER[case.mode], False)


GOING_LIVE = (
    CASES["a pending invitation"].go,
    switch("sso"),
    connected("active", "live"),
    GIVEN,
)
GOING_BACK = (CASES["a rule's assignment"].go, switch("invitation"), connected("draft", "staging"), INVITED)


@pytest.mark.parametrize(
    ("before", "mode", "way"),
    [("invitation", "sso", GOING_LIVE), ("sso", "invitation", GOING_BACK)],
    ids=["going live", "going back"],
)
def test_a_whole_switch_commits_in_any_order_of_its_statements(
    database: Database, before: str, mode: str, way: tuple[UpdateBase, ...]
) -> None:
    """All 24 orders; and none without the row that has to go or without the mode."""
    start = (INVITED,) if before == "invitation" else (connected("active", "live"), GIVEN)
    for order in permutations(way):
        begin(database, before, *start)
        commit(database, *order)
    begin(database, before, *start)
    for missing in way[:2]:
        with pytest.raises(IntegrityError):
            commit(database, *(each for each in way if each is not missing))


def test_after_a_commit_that_failed_the_connection_is_as_good_as_new(database: Database) -> None:
    """SQLite leaves the transaction open when COMMIT fails: it must be rolled back before the next begins."""
    begin(database, "sso")
    for _ in range(3):
        with pytest.raises(IntegrityError):
            database.write(lambda tx: tx.execute(INVITED))
    database.write(lambda tx: tx.execute(update(t.Organization).values(name="after")))
    with database.read() as tx:
        assert tx.execute(select(t.Organization.name)).scalar_one() == "after"


# Races. Two verbs as the product writes them: each looks at what is committed, acts, and counts on the schema for the rest.


def entering(case: Case) -> Callable[[Connection], str]:
    """Write the row if the mode allows it."""

    def verb(tx: Connection) -> str:
        if tx.execute(select(t.Organization.membership_mode)).scalar_one() != case.mode:
            raise Conflict("membership_mode", "not in this mode")
        _dawdle()
        tx.execute(case.come)
        _dawdle()
        return "entered"

    return verb


def leaving(case: Case) -> Callable[[Connection], str]:
    """Take the row away and leave the mode."""

    def verb(tx: Connection) -> str:
        tx.execute(case.go)
        _dawdle()
        tx.execute(switch(OTHER[case.mode]))
        _dawdle()
        return "left"

    return verb


def _dawdle() -> None:
    time.sleep(random.random() * 0.004)


@every_case
def test_a_row_raced_against_the_mode_never_ends_beside_the_wrong_one(database: Database, case: Case) -> None:
    """Nobody takes a lock beforehand. The switch always gets through: a race that it lost is run again."""
    for _ in range(ROUNDS):
        begin(database, case.mode)
        verbs = [lambda: database.write(entering(case)), lambda: database.write(leaving(case))]
        done, refused = race(verbs)
        assert "left" in done
        assert refused in ([], ["membership_mode"])
        assert state(database, case) == (OTHER[case.mode], False)


def test_in_every_interleaving_of_invitation_and_switch_one_of_the_two_gives_way(server: Database) -> None:
    """All 20 ways to lay three steps of one transaction between three of the other; the loser is told the constraint's name."""
    case = CASES["a pending invitation"]
    lost = []
    for places in combinations(range(6), 3):
        begin(server, "invitation")
        errors = interleave(server, ["come" if place in places else "go" for place in range(6)], case)
        assert {violated(error) for error in errors} <= case.ties
        assert len(errors) < 2
        lost.append(len(errors))
        assert state(server, case) in (("invitation", True), ("sso", False))
    assert 0 < sum(lost) < 20  # some schedules are serial and lose nothing


def interleave(database: Database, schedule: list[str], case: Case) -> list[IntegrityError]:
    """Take the next step of the named transaction, in this order; one that waits for the other goes on when it can."""
    with (
        database.engine.connect() as one,
        database.engine.connect() as two,
        ThreadPoolExecutor(1) as a,
        ThreadPoolExecutor(1) as b,
    ):
        threads = {"come": a, "go": b}
        steps = {"come": _coming(one, case), "go": _going(two, case)}
        taken: list[Future[None]] = []
        for name in schedule:
            taken.append(threads[name].submit(next, steps[name], None))
            wait(taken[-1:], timeout=0.1)
        errors = [each.exception(timeout=30) for each in taken]
    assert all(error is None or isinstance(error, IntegrityError) for error in errors), errors
    return [error for error in errors if isinstance(error, IntegrityError)]


def _coming(tx: Connection, case: Case) -> Iterator[None]:
    with tx.begin() as transaction:
        allowed = tx.execute(select(t.Organization.membership_mode)).scalar_one() == case.mode
        yield
        if allowed:
            tx.execute(case.come)
        yield
        transaction.commit()
    yield


def _going(tx: Connection, case: Case) -> Iterator[None]:
    with tx.begin() as transaction:
        tx.execute(case.go)
        yield
        tx.execute(switch(OTHER[case.mode]))
        yield
        transaction.commit()
    yield


def test_a_verb_that_lost_its_mode_is_run_again_and_finds_the_true_reason(server: Database) -> None:
    """The first run saw the old mode; the switch came between; the second run is told `membership_mode`."""
    case = CASES["a pending invitation"]
    begin(server, "invitation")
    seen: list[str] = []

    def invite(tx: Connection) -> None:
        seen.append(tx.execute(select(t.Organization.membership_mode)).scalar_one())
        if len(seen) == 1:
            commit(server, switch("sso"))
        if seen[-1] != case.mode:
            raise Conflict("membership_mode", "not in this mode")
        tx.execute(INVITED)

    with pytest.raises(Conflict, match="not in this mode"):
        server.write(invite)
    assert seen == ["invitation", "sso"]
    assert state(server, case) == ("sso", False)
