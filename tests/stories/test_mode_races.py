"""People join in every way there is while the mode flips, in both directions: whoever is first, the same laws hold afterwards.

In sso nobody is invited; in invitation nothing of an identity provider is in force; whoever was told that they joined is a
member, and says how; there is an owner, and in sso one whom the identity provider cannot touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count, pairwise

import pytest
from sqlalchemy import exists, select

from connector.accounts import persons
from connector.membership.opening import Authentication
from connector.organizations import invitations, joining, member_adding
from connector.provisioning.acting import Actor
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import SEALER, Door, give_sign_on
from tests.support import world
from tests.support.racing import race
from tests.support.world import BASE, World

ROUNDS = 5
Joined = tuple[str, str] | None
"""How somebody joined, and their address; None for a verb that makes nobody a member."""

Verb = Callable[[], Joined]
TOO_LATE = {"membership_mode", "connection_draft", "not_sso", "not_in_directory", "invitation_over", "already_active"}
"""What may be said to whoever was too late, or too early."""

_numbers = count()


def assert_sound(acme: World) -> None:
    """The laws, asked of the rows themselves."""
    member, row, idp, home = t.Membership, t.Assignment, t.Connection, t.Organization
    active = ~exists().where(t.Suspension.membership_id == member.id)
    glass = exists().where(row.membership_id == member.id, row.source == "break_glass")
    with acme.database.read() as tx:
        mode = tx.execute(select(home.membership_mode)).scalar_one()
        pending = tx.execute(select(t.Invitation.id).where(t.Invitation.status == "pending")).all()
        ruled = tx.execute(select(row.membership_id).where(row.rule_id.is_not(None))).all()
        in_force = tx.execute(select(idp.id).where((idp.state == "active") | idp.directory.in_(("live", "paused")))).all()
        owners = tx.execute(select(member.id).where(member.role == "owner", active)).all()
        out = exists().where(idp.id == t.Authentication.connection_id, idp.state != "active")
        still_in = tx.execute(select(t.Authentication.id).where(t.Authentication.ended_at.is_(None), out)).all()
        saved = tx.execute(select(member.id).where(active, glass)).all()
    assert owners
    assert still_in == []
    if mode == "sso":
        assert (pending, len(in_force)) == ([], 1)
        assert saved
    else:
        assert (ruled, in_force) == ([], [])


def assert_joined(acme: World, told: Sequence[Joined]) -> None:
    """Whoever was told so is a member, and joined in the way they were told."""
    with acme.database.read() as tx:
        found = select(t.Address.email_key, t.Membership.joined_by).join(t.Address, t.Address.person_id == t.Membership.person_id)
        joined = {row.email_key: row.joined_by for row in tx.execute(found)}
    for how, email in filter(None, told):
        assert joined[email] == how


def assert_in_their_time(acme: World) -> None:
    """Whoever was invited or added joined while the organization was by invitation, whoever came from the identity provider while
    it was in sso: by the moments that were taken behind its lock."""
    flips = [(item.at, (item.after or {})["mode"]) for item in acme.audit() if "mode" in (item.after or {})]
    periods = [(datetime.min.replace(tzinfo=UTC), "invitation"), *flips, (datetime.max.replace(tzinfo=UTC), "")]
    modes = {"invitation": "invitation", "manual": "invitation", "jit": "sso", "scim": "sso"}
    member = t.Membership
    with acme.database.read() as tx:
        rows = tx.execute(select(member.joined_by, member.created_at).where(member.joined_by != "founder")).all()
    for how, at in rows:
        spans = pairwise(periods)
        assert modes[how] in {mode for (begin, mode), (end, _) in spans if begin <= at <= end}


def raced(acme: World, verbs: Sequence[Verb]) -> None:
    """Run them at once, and look at the laws."""
    ended, codes = race(verbs)
    assert set(codes) <= TOO_LATE
    assert_joined(acme, ended)
    assert_in_their_time(acme)
    assert_sound(acme)


# ------------------------------------------------------------------------------------------------------------- the verbs


def live(acme: World) -> Verb:
    """The organization goes live."""

    def work() -> Joined:
        acme.carry_out("mode", mode="sso", connection=acme.connection)
        return None

    return work


def back(acme: World) -> Verb:
    """The organization goes back."""

    def work() -> Joined:
        acme.carry_out("mode", mode="invitation")
        return None

    return work


def accepting(acme: World) -> Verb:
    """Somebody invited before accepts."""
    email = f"i{next(_numbers)}@acme.example"
    person = acme.database.write(lambda tx: persons.find_or_make(tx, email, datetime.now(UTC)))
    made = invitations.invite(acme.database, SEALER, BASE, acme.organization, email)
    actor = Actor(email, person, (Authentication("email_link"),))

    def work() -> Joined:
        joining.accept(acme.database, made.id, actor=actor)
        return "invitation", email

    return work


def inviting(acme: World) -> Verb:
    """An admin invites."""
    email = f"n{next(_numbers)}@acme.example"

    def work() -> Joined:
        invitations.invite(acme.database, SEALER, BASE, acme.organization, email)
        return None

    return work


def adding(acme: World) -> Verb:
    """An admin adds somebody by hand."""
    email = f"a{next(_numbers)}@acme.example"
    acme.database.write(lambda tx: persons.find_or_make(tx, email, datetime.now(UTC)))

    def work() -> Joined:
        member_adding.add(acme.database, acme.organization, email=email)
        return "manual", email

    return work


def arriving(door: Door) -> Verb:
    """Somebody signs in through the identity provider for the first time."""
    name = f"s{next(_numbers)}"
    identity = door.identity(name, groups=("Staff",))

    def work() -> Joined:
        door.arrive(identity)
        return "jit", f"{name}@acme.example"

    return work


def pushed(acme: World) -> Verb:
    """The identity provider creates a user, who is a member where the directory is live; staged ones become so by the switch."""
    name = f"p{next(_numbers)}"

    def work() -> Joined:
        acme.create(name)
        return None

    return work


def to_sso(door: Door, *, directory: bool) -> list[Verb]:
    """Going live, with every way to join at that moment."""
    acme = door.world
    return [live(acme), accepting(acme), accepting(acme), *from_sso(door, directory=directory)[1:]]


def from_sso(door: Door, *, directory: bool) -> list[Verb]:
    """Going back, with every way to join at that moment; nobody was invited in sso."""
    acme = door.world
    return [back(acme), inviting(acme), adding(acme), arriving(door), *([pushed(acme)] if directory else [])]


# -------------------------------------------------------------------------------------------------------------- the laws


def _home(database: Database, *, directory: bool) -> Door:
    acme = world.staged(database)
    if not directory:
        acme.directory("off")
    door = give_sign_on(acme, acme.connection)
    acme.rule(group="Staff", team="staff")
    return door


@pytest.mark.parametrize("directory", [True, False])
def test_joining_in_every_way_while_the_mode_flips_there_and_back(database: Database, directory: bool) -> None:
    """With a directory and without one; nobody waits for ever, and nobody is half in."""
    door = _home(database, directory=directory)
    acme = door.world
    for _ in range(ROUNDS):
        raced(acme, to_sso(door, directory=directory))
        raced(acme, from_sso(door, directory=directory))


@pytest.mark.parametrize("directory", [True, False])
def test_two_flips_at_once_leave_one_of_the_two_modes_whole(database: Database, directory: bool) -> None:
    """The same twice, and there and back: each sees what the other has done."""
    door = _home(database, directory=directory)
    acme = door.world
    for _ in range(ROUNDS):
        raced(acme, [live(acme), live(acme), accepting(acme)])
        raced(acme, [live(acme), back(acme), arriving(door)])
        raced(acme, [back(acme), back(acme), arriving(door)])
        raced(acme, [live(acme), back(acme), back(acme), adding(acme)])
        race([back(acme)])


def test_somebody_pushed_while_the_directory_goes_live_is_a_member_afterwards(database: Database) -> None:
    """Before it or after it: nobody falls between."""
    acme = world.staged(database)
    for _ in range(ROUNDS):
        names = [f"q{next(_numbers)}" for _ in range(3)]
        creating: list[Callable[[], object]] = [partial(acme.create, name) for name in names]
        ended, codes = race([*creating, live(acme)])
        assert (codes, len(ended)) == ([], 4)
        assert {f"{name}@acme.example" for name in names} <= {name for name, each in acme.members.items() if each.role}
        assert acme.reconciled()
        back(acme)()


def test_what_rules_give_while_the_organization_goes_back_is_kept_and_nothing_new_is_given(database: Database) -> None:
    """A group is pushed at the same moment: whoever is first, nobody holds a row of a rule, and who was in the group before keeps
    what it gave."""
    acme = world.live(database)
    acme.rule(group="Staff", team="staff")
    ada = acme.create("ada")
    group = acme.group("Staff", ada)
    for _ in range(ROUNDS):
        bob = acme.create(f"b{next(_numbers)}")
        pushing: list[Callable[[], object]] = [partial(acme.put_in, group, bob), back(acme)]
        _, codes = race(pushing)
        assert codes == []
        assert_sound(acme)
        assert [place.slug for place in acme.member("ada").teams] == ["staff"]
        live(acme)()
        assert acme.reconciled()
