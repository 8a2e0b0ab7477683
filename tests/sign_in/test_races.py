"""Sign-ins against everything that happens to people meanwhile: whoever is first, the same laws hold afterwards.

Nobody who is out has an authentication that has not ended; one subject is one person; everybody holds what the rules say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import and_, exists, func, select, update

from connector.directory import domains, linking, sign_in
from connector.directory.sign_in import Entered
from connector.errors import ConnectorError
from connector.membership.identity import VerifiedIdentity
from connector.organizations import members
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import Door, by_claims, by_directory, give_sign_on, identities
from tests.support.racing import race
from tests.support.statements import statements
from tests.support.world import rows

ROUNDS = 8
Verb = Callable[[], object]


def entering(door: Door, *people: VerifiedIdentity) -> list[Verb]:
    """Everybody at once; each a browser of their own."""
    return [lambda each=each: door.arrive(each) for each in people]  # type: ignore[misc]


def raced(verbs: Sequence[Verb], *allowed: str) -> list[Entered]:
    """Run them at once; only these refusals may come of it. Returns who came in."""
    ended, codes = race(verbs)
    assert set(codes) <= set(allowed)
    return [each for each in ended if isinstance(each, Entered)]


def assert_sound(database: Database) -> None:
    """The laws, asked of the rows themselves: reading a session would hide what has not been ended."""
    held, member, who = t.Authentication, t.Membership, t.ExternalIdentity
    mine = and_(member.organization_id == held.organization_id, member.person_id == held.person_id)
    inside = exists().where(mine, ~exists().where(t.Suspension.membership_id == member.id))
    known = exists().where(who.connection_id == held.connection_id, who.person_id == held.person_id)
    active = exists().where(t.Connection.id == held.connection_id, t.Connection.state == "active")
    open_here = select(held.id).where(held.ended_at.is_(None), held.organization_id.is_not(None))
    reasons = select(member.id).where(~exists().where(t.Assignment.membership_id == member.id), member.joined_by == "founder")
    twice = select(t.Address.email_key).where(t.Address.verified).group_by(t.Address.email_key).having(func.count() > 1)
    alone = select(t.Person.id).where(~exists().where(t.Address.person_id == t.Person.id))
    with database.read() as tx:
        for law, broken in {
            "who is out is signed out": open_here.where(~inside),
            "who is signed in is linked": open_here.where(~known),
            "a connection that is not active keeps nobody": open_here.where(~active),
            "a member is so for a reason": reasons,
            "an address is one person's": twice,
            "nobody is made without an address": alone,
        }.items():
            assert tx.execute(broken).all() == [], law


# ------------------------------------------------------------------------------------------------- one person is put out


def _plain(act: Callable[[Door, str], object]) -> Callable[[Door, str, str], object]:
    return lambda door, name, _user: act(door, name)


def _address(name: str) -> str:
    return f"{name}@acme.example"


OUT: dict[str, tuple[Callable[[Database], Door], Callable[[Door, str, str], object], tuple[str, ...]]] = {
    "deactivated by the directory": (
        by_directory,
        lambda door, _name, user: door.world.edit(user, active=False),
        ("deprovisioned",),
    ),
    "deleted by the directory": (
        by_directory,
        lambda door, _name, user: door.world.delete(user),
        ("deprovisioned", "not_in_directory"),
    ),
    "suspended under a directory": (by_directory, _plain(lambda door, name: door.world.suspend(name)), ("suspended",)),
    "suspended": (by_claims, _plain(lambda door, name: door.world.suspend(name)), ("suspended",)),
    "blocked": (
        by_claims,
        _plain(lambda door, name: members.remove(door.database, door.world.organization, _address(name), block=True)),
        ("blocked",),
    ),
    "removed": (
        by_claims,
        _plain(lambda door, name: members.remove(door.database, door.world.organization, _address(name), block=False)),
        (),
    ),
    "unlinked": (
        by_claims,
        _plain(lambda door, name: linking.unlink(door.database, door.world.organization, _address(name))),
        (),
    ),
}


@pytest.mark.parametrize("how", OUT)
def test_who_is_put_out_while_signing_in_is_signed_out(database: Database, how: str) -> None:
    """Two browsers come as the person, who was here before, while somebody puts them out."""
    opened, act, codes = OUT[how]
    door = opened(database)
    for number in range(ROUNDS):
        name = f"p{number}"
        user = door.world.create(name) if opened is by_directory else ""
        door.come(name)
        coming = entering(door, door.identity(name), door.identity(name))
        raced([*coming, lambda n=name, u=user: act(door, n, u)], *codes)  # type: ignore[misc]
        assert_sound(database)


@pytest.mark.parametrize("how", ["deactivated by the directory", "deleted by the directory", "suspended under a directory"])
def test_who_is_put_out_during_their_first_sign_in_is_signed_out(database: Database, how: str) -> None:
    """The same of somebody who is linked by it."""
    opened, act, codes = OUT[how]
    door = opened(database)
    for number in range(ROUNDS):
        name = f"p{number}"
        user = door.world.create(name)
        raced([*entering(door, door.identity(name)), lambda n=name, u=user: act(door, n, u)], *codes)  # type: ignore[misc]
        assert_sound(database)


def test_who_is_reactivated_while_signing_in_is_refused_or_let_in_and_nothing_old_revives(database: Database) -> None:
    """Out and in again, and two sign-ins, at the same moment."""
    door = by_directory(database)
    for number in range(ROUNDS):
        name = f"p{number}"
        user = door.world.create(name)
        old = door.come(name)
        door.world.edit(user, active=False)
        back: Verb = lambda u=user: door.world.edit(u, active=True)  # type: ignore[misc]  # noqa: E731
        new = raced([*entering(door, door.identity(name), door.identity(name)), back], "deprovisioned")
        assert door.session(old) is None
        assert all(door.session(each) is not None for each in new)
        assert_sound(database)


# --------------------------------------------------------------------------------------------- the organization changes


def test_a_connection_disabled_under_load_keeps_nobody(database: Database) -> None:
    """Whoever got in before is signed out; whoever comes later is refused. Activated again, nobody comes back by themselves."""
    door = by_claims(database)
    _another(door)
    for number in range(ROUNDS):
        coming = entering(door, *(door.identity(f"p{number}{letter}") for letter in "abc"))
        out: Verb = lambda: door.world.carry_out("disable", connection=door.connection)  # noqa: E731
        entered = raced([*coming, out], "connection_disabled")
        assert_sound(database)
        door.world.carry_out("activate", connection=door.connection)
        assert all(door.session(each) is None for each in entered)


def test_a_connection_deleted_under_load_leaves_nothing(database: Database) -> None:
    """Neither identities nor sessions nor a failure."""
    door = by_claims(database)
    for number in range(ROUNDS):
        gone = _another(door, f"Okta {number}")
        coming = entering(gone, *(gone.identity(f"p{number}{letter}") for letter in "abc"))
        out: Verb = lambda c=gone.connection: door.world.carry_out("delete_connection", connection=c)  # type: ignore[misc]  # noqa: E731
        raced([*coming, out], "connection_disabled")
        assert_sound(database)
    assert identities(database) == []


def test_a_domain_given_up_under_load_links_nobody_afterwards(database: Database) -> None:
    """Whoever was first is a member with a verified address, and stays so by their subject; the others are refused."""
    door = by_claims(database)
    for number in range(ROUNDS):
        name = f"d{number}.example"
        domains.add(database, door.world.organization, name, verified=True)
        people = [door.identity(f"p{number}{letter}", email=f"{letter}@{name}") for letter in "abc"]
        out: Verb = lambda n=name: domains.remove(database, door.world.organization, n)  # type: ignore[misc]  # noqa: E731
        entered = raced([*entering(door, *people), out], "domain_not_verified")
        assert door.refused(door.identity("late", email=f"late@{name}")) == "domain_not_verified"
        assert all(door.session(each) is not None for each in entered)
        assert_sound(database)


@pytest.mark.parametrize("kind", ["added", "removed"])
def test_a_rule_edited_under_load_holds_for_everybody(database: Database, kind: str) -> None:
    """Whoever is first: nobody ends with the access of the old rules."""
    door = by_claims(database)
    door.come("p0", groups=("Engineering",))
    for number in range(ROUNDS):
        old = door.world.rule(group="Engineering", team=f"t{number}") if kind == "removed" else ""
        people = [door.identity(name, groups=("Engineering", "Sales")) for name in ("p0", f"new{number}", f"other{number}")]
        edits: dict[str, Verb] = {
            "added": lambda n=number: door.world.rule(group="Engineering", team=f"t{n}"),  # type: ignore[misc]
            "removed": lambda rule=old: door.world.carry_out("remove_rule", id=rule),  # type: ignore[misc]
        }
        assert len(raced([*entering(door, *people), edits[kind]])) == len(people)
        assert door.world.reconciled()
        given = [at.slug for each in door.world.members.values() for at in each.teams if at.slug == f"t{number}"]
        assert len(given) == (1 + 2 * (number + 1) if kind == "added" else 0)
        assert_sound(database)


def test_directories_are_swapped_under_load(database: Database) -> None:
    """Whom the live one does not know is out, and signed out; swapped back, they are in again, and nothing old revives."""
    door = by_directory(database)
    new = door.world.another()
    new.create("stays")
    for name in ("stays", "goes"):
        door.world.create(name)
        door.come(name)
    for number in range(ROUNDS):
        live = new if number % 2 == 0 else door.world
        coming = entering(door, door.identity("stays"), door.identity("goes"))
        swap: Verb = lambda world=live: world.directory("live") if world is door.world else world.activate()  # type: ignore[misc]  # noqa: E731
        raced([*coming, swap], "deprovisioned", "not_in_directory")
        assert_sound(database)
        statuses = {name: door.world.member(name).status for name in ("stays", "goes")}
        assert statuses == {"stays": "active", "goes": "suspended" if live is new else "active"}


def _another(door: Door, name: str = "Entra") -> Door:
    """A second active connection without a directory."""
    world = door.world.another(name)
    world.directory("off")
    world.activate()
    return give_sign_on(world, world.connection)


# -------------------------------------------------------------------------------------------------- who it is, at once


def test_the_same_newcomer_through_two_connections_at_once_is_one_person(database: Database) -> None:
    """One membership, and an identity of each."""
    door = by_claims(database)
    second = _another(door)
    for number in range(ROUNDS):
        name = f"p{number}"
        entered = raced([*entering(door, door.identity(name)), *entering(second, second.identity(name))])
        assert len({each.person_id for each in entered}) == 1
        assert [each.person_id for each in identities(database)].count(entered[0].person_id) == 2
        assert_sound(database)


def test_of_two_subjects_with_one_address_at_once_one_is_linked(database: Database) -> None:
    """The other is a second subject."""
    door = by_claims(database)
    for number in range(ROUNDS):
        pair = [door.identity(f"p{number}", subject=f"{letter}{number}") for letter in "ab"]
        assert len(raced(entering(door, *pair), "second_subject")) == 1
        assert_sound(database)


def test_somebody_pushed_while_they_sign_in_is_one_person(database: Database) -> None:
    """Where both may make them."""
    door = by_directory(database)
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    for number in range(ROUNDS):
        name = f"p{number}"
        push: Verb = lambda n=name: door.world.create(n)  # type: ignore[misc]  # noqa: E731
        [entered] = raced([*entering(door, door.identity(name)), push])
        with database.read() as tx:
            linked = tx.execute(select(t.DirectoryUser.person_id).where(t.DirectoryUser.user_name_key == name)).scalar_one()
        assert linked == entered.person_id
        assert_sound(database)


def test_six_who_bring_the_same_groups_in_any_order_keep_each_once(database: Database) -> None:
    """And nobody waits for somebody who waits for them."""
    door = by_claims(database)
    for number in range(ROUNDS):
        groups = tuple(f"{number} {letter}" for letter in "abcdefgh")
        orders = [groups, groups[::-1], groups[4:] + groups[:4]] * 2
        people = [door.identity(f"p{each}", groups=order) for each, order in enumerate(orders)]
        assert len(raced(entering(door, *people))) == len(people)
    assert rows(database)["claimed_group"] == 8 * ROUNDS


def test_who_waits_for_a_record_looks_at_it_again(database: Database) -> None:
    """The record of an address goes over to somebody else while a first sign-in waits for it: it is not linked to them."""
    door = by_directory(database)
    user = door.world.create("ada", userName="ada@acme.example")
    message = door.identity("ada")
    other = {"user_name": "bob@acme.example", "user_name_key": "bob@acme.example"}
    renamed = update(t.DirectoryUser).where(t.DirectoryUser.id == user)
    with ThreadPoolExecutor(1) as thread:
        with database.engine.execution_options(connector_write=True).begin() as tx:
            tx.execute(renamed.values(**other, email="bob@acme.example", email_key="bob@acme.example"))
            tx.execute(update(t.Address).values(email="bob@acme.example", email_key="bob@acme.example").where(_of(user)))
            waiting = thread.submit(door.refused, message)
            time.sleep(0.5)
        assert waiting.result(timeout=30) == "not_in_directory"
    assert identities(database) == []


def _of(user: str) -> Any:
    return t.Address.person_id == select(t.DirectoryUser.person_id).where(t.DirectoryUser.id == user).scalar_subquery()


# ------------------------------------------------------------------------------------------------- all of it, or nothing


def test_a_sign_in_that_dies_before_its_end_leaves_nothing_and_may_be_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Message, person, membership, identity and session are one transaction, whichever step is the last."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="engineering")
    before = rows(database)
    message = door.identity("ada", groups=("Engineering",))
    for step in ("_door", "recognise", "_keep_identity", "_become", "_open"):
        with monkeypatch.context() as broken, pytest.raises(RuntimeError):
            broken.setattr(sign_in, step, _die)
            door.arrive(message)
        assert rows(database) == before
    assert door.arrive(message).joined


def _die(*_: object) -> None:
    raise RuntimeError("the power failed")


def test_a_sign_in_costs_the_same_however_many_groups_and_members_there_are(database: Database) -> None:
    """The number of statements is constant."""
    door = by_claims(database)
    door.world.rule(pattern="g-*", team="{1}")

    def cost(groups: int) -> int:
        said = tuple(f"g-{number}" for number in range(groups))
        door.come("ada", groups=said)
        with statements(database.engine) as sent:
            door.come("ada", groups=said)
        return len(sent)

    few = cost(2)
    for number in range(40):
        door.come(f"p{number}", groups=(f"g-{number}",))
    assert cost(60) == few


def test_a_rule_edit_costs_the_same_statements_for_three_and_for_fifty(database: Database) -> None:
    """One set-based transaction."""
    door = by_claims(database)

    def cost(team: str) -> int:
        with statements(database.engine) as sent:
            door.world.rule(group="Staff", team=team)
        return len(sent)

    for number in range(3):
        door.come(f"p{number}", groups=("Staff", f"g{number}"))
    door.world.rule(group="Staff", team="first")
    few = cost("second")
    for number in range(3, 50):
        door.come(f"p{number}", groups=("Staff", f"g{number % 7}"))
    assert cost("third") == few


def test_nothing_but_refusals_comes_of_the_races_above() -> None:
    """`raced` lets no other failure pass: what is no refusal is raised."""
    with pytest.raises(ZeroDivisionError):
        raced([lambda: 1 // 0])
    with pytest.raises(AssertionError):
        raced([_refused], "blocked")


def _refused() -> None:
    raise ConnectorError("suspended", "Somebody is out.")
