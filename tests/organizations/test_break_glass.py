"""Break-glass owners: one to three, and in sso at least one who is active."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from connector.accounts import recovery, sessions
from connector.accounts.sessions import Proof
from connector.errors import Conflict, ConnectorError, Forbidden, NotFound
from connector.organizations import break_glass, catalogue, members
from connector.storage.database import Database
from tests.accounts.people import NOW, holder, sign_in
from tests.support.actors import signed_in
from tests.support.racing import race
from tests.support.world import OWNER, World, live, staged

ADA, BOB, CLEO = (f"{name}@acme.example" for name in ("ada", "bob", "cleo"))


def by_invitation(database: Database) -> World:
    """An organization by invitation with its founder and three members."""
    world = staged(database)
    for email in (ADA, BOB, CLEO):
        world.invited(email)
    return world


def named(database: Database, world: World) -> list[str | None]:
    """Whom the list shows."""
    return [each.email for each in break_glass.list_(database, world.organization)]


def refusal(verb: Callable[[], object], kind: type[ConnectorError] = Conflict) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


def test_a_member_is_named_and_is_an_owner_then(database: Database) -> None:
    """By a row of its own kind; naming them again changes nothing."""
    world = by_invitation(database)
    for _ in range(2):
        view = break_glass.add(database, world.organization, ADA)
        assert (view.email, view.status, view.codes) == (ADA, "active", 0)
    assert world.member("ada").role == "owner"
    assert ("role", "owner", "break_glass") in world.sources("ada")
    assert named(database, world) == [ADA]
    assert len(world.audit("break_glass.added", "member.changed")) == len(world.events("break_glass.added")) == 1


def test_nobody_makes_themselves_an_owner_by_it(database: Database) -> None:
    """Where a role of one's own runs the identity provider and not the owners, it names none and takes none back."""
    world = by_invitation(database)
    break_glass.add(database, world.organization, OWNER)
    [owner, *rest] = [asdict(each) for each in catalogue.show(database, world.organization).roles]
    operations = {"name": "operations", "rank": 35, "permissions": ["sso.manage"]}
    world.carry_out("roles", roles=[owner, operations, *rest])
    members.set_role(database, world.organization, ADA, "operations")
    ada = signed_in(world, ADA)
    assert refusal(lambda: break_glass.add(database, world.organization, ADA, actor=ada), Forbidden) == "role_above"
    assert refusal(lambda: break_glass.remove(database, world.organization, OWNER, actor=ada), Forbidden) == "role_above"
    assert named(database, world) == [OWNER]


def test_there_are_three_at_most(database: Database) -> None:
    """Also when two are named at once."""
    world = by_invitation(database)
    for email in (OWNER, ADA):
        break_glass.add(database, world.organization, email)
    verbs = [lambda email=email: break_glass.add(database, world.organization, email) for email in (BOB, CLEO)]
    added, refused = race(verbs)
    assert (len(added), refused) == (1, ["break_glass_limit"])
    assert len(named(database, world)) == 3


def test_whoever_an_email_link_would_not_find_is_not_named(database: Database) -> None:
    """A suspended member, an address nobody proved, and somebody who is no member."""
    world = by_invitation(database)
    world.suspend("bob")
    assert refusal(lambda: break_glass.add(database, world.organization, BOB)) == "not_a_member"
    missing = refusal(lambda: break_glass.add(database, world.organization, "x@acme.example"), NotFound)
    assert missing == "member_not_found"


def test_taking_it_back_takes_the_codes_and_what_is_open(database: Database) -> None:
    """The role goes with it where nothing else gives it."""
    world = by_invitation(database)
    break_glass.add(database, world.organization, ADA)
    recovery.codes(database, world.organization, ADA)
    token = sign_in(database, holder(database, ADA), Proof("break_glass", world.organization))
    other = sign_in(database, holder(database, ADA), Proof("email_link"))
    break_glass.remove(database, world.organization, ADA)
    assert (named(database, world), world.member("ada").role) == ([], "member")
    assert sessions.find(database, token, NOW) is None
    assert sessions.find(database, other, NOW) is not None
    break_glass.add(database, world.organization, ADA)
    assert break_glass.list_(database, world.organization)[0].codes == 0
    assert refusal(lambda: break_glass.remove(database, world.organization, BOB)) == "not_break_glass"


def test_in_sso_one_is_left_who_is_active(database: Database) -> None:
    """The founder is the first; two taken back at once leave one of them."""
    world = live(database)
    assert named(database, world) == [OWNER]
    assert refusal(lambda: break_glass.remove(database, world.organization, OWNER)) == "last_break_glass"
    world.invited(ADA)
    break_glass.add(database, world.organization, ADA)
    verbs = [lambda email=email: break_glass.remove(database, world.organization, email) for email in (OWNER, ADA)]
    _, refused = race(verbs)
    assert refused == ["last_break_glass"]
    assert len(named(database, world)) == 1


def test_a_suspended_one_does_not_count(database: Database) -> None:
    """Nobody could come in by them."""
    world = live(database)
    world.invited(ADA)
    break_glass.add(database, world.organization, ADA)
    members.suspend(database, world.organization, ADA)
    assert refusal(lambda: break_glass.remove(database, world.organization, OWNER)) == "last_break_glass"
    break_glass.remove(database, world.organization, ADA)


def test_the_last_owner_stays_by_invitation_too(database: Database) -> None:
    """Where break-glass is all that makes them owner."""
    world = by_invitation(database)
    break_glass.add(database, world.organization, ADA)
    members.set_role(database, world.organization, OWNER, "member")
    assert refusal(lambda: break_glass.remove(database, world.organization, ADA)) == "last_owner"
