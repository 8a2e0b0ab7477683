"""Reading the audit trail, the events and the provisioning log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from connector.errors import ConnectorError, Forbidden, Gone, Invalid, NotFound
from connector.provisioning import history
from connector.provisioning.acting import Actor
from connector.provisioning.history import AuditFilter, AuditItem, audit, audit_all, audit_page, events
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.actors import by_key, person_in, signed_in
from tests.support.statements import statements
from tests.support.world import World

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def wrote(acme: World, *entries: tuple[int, str, str, str]) -> None:
    """Audit entries, as minutes after noon, actor, action and target."""
    rows = [
        {"id": new_id(), "organization_id": acme.organization, "at": NOON + timedelta(minutes=minutes)}
        | {"actor": actor, "action": action, "target": target, "before": None, "after": {"n": number}}
        | {"because": ["because"], "address": None}
        for number, (minutes, actor, action, target) in enumerate(entries)
    ]
    with acme.database.engine.begin() as tx:
        tx.execute(insert(t.AuditEntry), rows)


SOME = (
    (0, "operator", "member.suspended", "ada@acme.example"),
    (1, "scim:c1", "member.joined", "bob@acme.example"),
    (1, "scim:c1", "member.joined", "cleo_x@acme.example"),
    (2, "Ada@acme.example", "memberXjoined", "team:eng%"),
    (3, "scim:c1", "rule.added", "rule:1"),
)


@pytest.fixture
def acme(database: Database) -> World:
    """An organization with only these entries."""
    made = world.staged(database)
    with database.engine.begin() as tx:
        tx.execute(delete(t.AuditEntry))
    wrote(made, *SOME)
    return made


def numbers(items: Sequence[AuditItem]) -> list[Any]:
    """Which of them."""
    return [(item.after or {})["n"] for item in items]


def refusal(verb: Callable[[], object], kind: type[ConnectorError]) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


# ------------------------------------------------------------------------------------------------------------- audit trail


def test_the_audit_trail_is_told_oldest_first(database: Database) -> None:
    """From the founding to the last push; each organization has its own."""
    acme = world.live(database)
    world.live(database, slug="other", verified=["other.example"])
    acme.create("ada")
    acme.create("bob")
    told = audit(database, acme.organization)
    assert told[0].action == "organization.created"
    assert [item.target for item in told[-2:]] == ["ada@acme.example", "bob@acme.example"]
    assert [item.at for item in told] == sorted(item.at for item in told)
    assert "other" not in str(told)


def test_of_a_long_audit_trail_the_newest_are_told(acme: World) -> None:
    """Bounded, whatever there is: the last ones, still oldest first."""
    assert numbers(audit(acme.database, acme.organization, limit=2)) == [3, 4]


def test_the_audit_trail_may_begin_at_a_time(acme: World) -> None:
    """`--since T` is inclusive."""
    assert numbers(audit(acme.database, acme.organization, since=NOON + timedelta(minutes=2))) == [3, 4]
    assert audit(acme.database, acme.organization, since=NOON + timedelta(hours=1)) == ()


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (AuditFilter(), [0, 1, 2, 3, 4]),
        (AuditFilter(actor="scim:c1"), [1, 2, 4]),
        (AuditFilter(actor="scim"), []),
        (AuditFilter(action="member."), [0, 1, 2]),
        (AuditFilter(action="member.joined"), [1, 2]),
        (AuditFilter(action="member_"), []),
        (AuditFilter(target="ada@acme.example"), [0]),
        (AuditFilter(since=NOON + MINUTE, until=NOON + 2 * MINUTE), [1, 2]),
        (AuditFilter(q="ADA@"), [0, 3]),
        (AuditFilter(q="eng%"), [3]),
        (AuditFilter(q="o_x"), [2]),
        (AuditFilter(q="rule"), [4]),
        (AuditFilter(actor="scim:c1", action="member.", q="bob"), [1]),
        (AuditFilter(q="'; drop table audit_entry; --"), []),
    ],
)
def test_entries_are_chosen_by(acme: World, chosen: AuditFilter, found: list[int]) -> None:
    """What is asked together must hold together; the marks of patterns are letters like others; all of them may be had too."""
    oldest = audit_page(acme.database, acme.organization, chosen, oldest_first=True, limit=50)
    newest = audit_page(acme.database, acme.organization, chosen, limit=50)
    assert (numbers(oldest.items), numbers(newest.items)) == (found, found[::-1])
    assert numbers(list(audit_all(acme.database, acme.organization, chosen, now=datetime.now(UTC)))) == found


@pytest.mark.parametrize("oldest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 4, 5])
def test_pages_follow_each_other_without_gap_or_repetition(acme: World, oldest_first: bool, limit: int) -> None:
    """Also between entries of one moment; the last page says that it is the last; each page costs the same."""
    told: list[AuditItem] = []
    after, costs = None, set()
    while True:
        with statements(acme.database.engine) as sent:
            page = audit_page(acme.database, acme.organization, oldest_first=oldest_first, limit=limit, after=after)
        costs.add(len(sent))
        assert len(page.items) <= limit
        told += page.items
        after = page.next
        if after is None:
            break
    assert numbers(told) == (list(range(5)) if oldest_first else list(range(5))[::-1])
    assert len(costs) == 1


@pytest.mark.parametrize("after", ["", "x", "2026", "9999-12-31T23:59:59-23:59 x", "\ud800 x"])
def test_a_cursor_that_is_no_place_in_the_trail_is_refused(acme: World, after: str) -> None:
    """Whatever somebody makes up."""
    code = refusal(lambda: audit_page(acme.database, acme.organization, limit=5, after=after), Invalid)
    assert code == "cursor_invalid"


def test_all_entries_are_read_a_few_at_a_time_until_the_moment_it_began(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held between; what is written meanwhile is not part of it."""
    monkeypatch.setattr("connector.provisioning.history._BATCH", 2)
    read = audit_all(acme.database, acme.organization, now=NOON + timedelta(minutes=4))
    told = [next(read)]
    wrote(acme, (4, "operator", "late", "late"), (90, "operator", "later", "later"))
    assert acme.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    told += read
    assert numbers(told) == [0, 1, 2, 3, 4]


def test_whoever_loses_the_right_meanwhile_gets_no_more(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The role of the moment counts, also in the middle of a long answer."""
    monkeypatch.setattr("connector.provisioning.history._BATCH", 2)
    actor = person_in(acme, "eve", "admin")
    read = audit_all(acme.database, acme.organization, now=datetime.now(UTC), actor=actor)
    assert len([next(read), next(read)]) == 2
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Membership).where(t.Membership.role == "admin").values(role="member"))
    assert refusal(lambda: next(read), Forbidden) == "permission_missing"


def asked(acme: World, actor: Actor) -> list[Callable[[], object]]:
    """All ways of reading back."""
    return [
        lambda: audit_page(acme.database, acme.organization, limit=5, actor=actor),
        lambda: audit_all(acme.database, acme.organization, now=NOON, actor=actor),
        lambda: events(acme.database, acme.organization, limit=5, actor=actor),
    ]


def test_the_trail_is_for_those_who_may_read_it(acme: World) -> None:
    """By the permission `audit.read` and the scopes of a key; for strangers the organization does not exist."""
    admin, member = person_in(acme, "eve", "admin"), person_in(acme, "mel", "member")
    for read in asked(acme, admin):
        read()
    limited = by_key(admin, acme.organization, scopes=["org.read"])
    world.staged(acme.database, slug="bell", verified=())
    stranger = replace(signed_in(acme, "owner@bell.example"), name="stranger")
    for actor, kind, code in (
        (member, Forbidden, "permission_missing"),
        (limited, Forbidden, "scope_missing"),
        (stranger, NotFound, "organization_not_found"),
    ):
        assert {refusal(read, kind) for read in asked(acme, actor)} == {code}


# ------------------------------------------------------------------------------------------------------------------ events


@pytest.fixture
def told(database: Database) -> World:
    """An organization with seven events, six of them numbered."""
    acme = world.staged(database)
    with database.engine.begin() as tx:
        tx.execute(delete(t.OutboxEvent))
    happened(acme, "member.joined", "rule.added", "member.left", "member.joined", "rule.removed", "domain.added")
    relay(database)
    happened(acme, "member.joined")
    return acme


def happened(acme: World, *kinds: str) -> None:
    """Events that nobody has numbered."""
    rows = [
        {"id": new_id(), "organization_id": acme.organization, "kind": kind, "payload": {"of": kind}, "once": None}
        | {"created_at": NOON}
        for kind in kinds
    ]
    with acme.database.engine.begin() as tx:
        tx.execute(insert(t.OutboxEvent), rows)


def test_events_are_read_on_from_a_number(told: World) -> None:
    """In their order; the one without a number comes when it has one, and nothing is told twice."""
    first = events(told.database, told.organization, limit=4)
    assert [(each.sequence, each.kind) for each in first.items[:2]] == [(1, "member.joined"), (2, "rule.added")]
    assert (first.items[0].payload, first.items[0].at, first.next_after) == ({"of": "member.joined"}, NOON, 4)
    second = events(told.database, told.organization, after=first.next_after, limit=4)
    assert ([each.sequence for each in second.items], second.next_after) == ([5, 6], 6)
    nothing = events(told.database, told.organization, after=6, limit=4)
    assert (nothing.items, nothing.next_after) == ((), 6)
    relay(told.database)
    assert [each.sequence for each in events(told.database, told.organization, after=6, limit=4).items] == [7]


@pytest.mark.parametrize(
    ("kind", "limit", "sequences", "next_after"),
    [
        ("member.", 10, [1, 3, 4], 6),
        ("member.", 2, [1, 3], 3),
        ("member.", 3, [1, 3, 4], 4),
        ("rule.added", 10, [2], 6),
        ("nothing", 10, [], 6),
        ("%", 10, [], 6),
    ],
)
def test_a_reader_of_some_kinds_passes_over_the_others(
    told: World, kind: str, limit: int, sequences: list[int], next_after: int
) -> None:
    """`next_after` is behind all that was looked at, and never behind what was not."""
    found = events(told.database, told.organization, kind=kind, limit=limit)
    assert ([each.sequence for each in found.items], found.next_after) == (sequences, next_after)


def test_who_comes_too_late_is_told_so(told: World) -> None:
    """Events are kept for 30 days: a reader that missed some must know; one that names no number begins with the oldest."""
    with told.database.engine.begin() as tx:
        tx.execute(delete(t.OutboxEvent).where(t.OutboxEvent.sequence <= 3))
    with pytest.raises(Gone) as gone:
        events(told.database, told.organization, after=2, limit=5)
    assert (gone.value.code, gone.value.expected) == ("events_swept", "after=3 or later")
    assert [each.sequence for each in events(told.database, told.organization, after=3, limit=5).items] == [4, 5, 6]
    assert events(told.database, told.organization, limit=5) == events(told.database, told.organization, after=3, limit=5)


def test_an_organization_without_events_has_none(told: World) -> None:
    """The first one will have the number 1."""
    bell = world.staged(told.database, slug="bell", verified=())
    found = events(told.database, bell.organization, limit=5)
    assert (found.items, found.next_after) == ((), 0)
    assert events(told.database, bell.organization, after=0, limit=5) == found


@pytest.mark.parametrize("oldest_first", [False, True])
def test_a_search_among_very_many_goes_on_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch, oldest_first: bool
) -> None:
    """A page looks through a bounded number of entries, and says where to look on; nothing is missed or told twice."""
    acme = world.live(database)
    for name in ("ada", "bob", "cleo", "dora"):
        acme.create(name)
    chosen = AuditFilter(q="ADA@")
    whole = audit_page(database, acme.organization, chosen, oldest_first=oldest_first, limit=50)
    assert whole.items
    monkeypatch.setattr(history, "LOOKED", 3)
    found: list[AuditItem] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = audit_page(database, acme.organization, chosen, oldest_first=oldest_first, limit=50, after=after)
        found += page.items
        after, pages = page.next, pages + 1
    assert found == list(whole.items)
    assert pages > 2
    assert list(audit_all(database, acme.organization, chosen, now=datetime.now(UTC))) == sorted(
        found, key=lambda each: (each.at, each.id)
    )
