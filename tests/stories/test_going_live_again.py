"""Going back and live again: everybody is as they were, and nothing is forgotten (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from connector.organizations import members
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.sign_in.arrivals import Door, by_claims, give_sign_on
from tests.stories.modes import NOW, access, back
from tests.support import world
from tests.support.statements import statements
from tests.support.world import OWNER, World


def _directory_home(database: Database) -> World:
    """A live directory with people in groups, somebody put out by it, and an admin whom nobody but people made one."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    acme.rule(group="Engineering", team="eng:maintainer")
    acme.rule(group="Admins", role="admin")
    ada, bob, cleo = acme.create("ada"), acme.create("bob"), acme.create("cleo")
    acme.group("Engineering", ada, bob, cleo)
    acme.group("Admins", cleo)
    acme.activate()
    acme.edit(bob, active=False)
    return acme


def _claims_home(database: Database) -> World:
    """Without a live directory: somebody who told of groups, somebody who is in none, somebody who told nothing of them."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="eng:maintainer")
    door.world.rule(group="Admins", role="admin")
    door.world.rule(everyone=True, project="all")
    door.come("ada", groups=("Engineering", "Admins"))
    door.come("bob", groups=())
    door.come("cleo")
    return door.world


@pytest.mark.parametrize("home", [_directory_home, _claims_home])
def test_going_back_and_live_again_twice_leaves_everybody_as_they_were(database: Database, home: Callable[..., World]) -> None:
    """sso, invitation, sso, and once more: the same status, role, teams and projects; and the rules speak again."""
    acme = home(database)
    before, rows = access(acme), {name: acme.sources(name) for name in ("ada", "bob")}
    for _ in range(2):
        assert back(acme).changes == ()
        assert access(acme) == before
        assert acme.activate().changes == ()
        assert access(acme) == before
        assert {name: {row for row in acme.sources(name) if row[2] != "manual"} for name in rows} == rows
        assert acme.reconciled()


@pytest.mark.parametrize("home", [_directory_home, _claims_home])
def test_what_people_gave_in_sso_returns_where_it_is_kept(database: Database, home: Callable[..., World]) -> None:
    """By default it is handed over to the rules, as at the first time; with `keep` it is there again."""
    acme = home(database)
    members.set_role(database, acme.organization, "bob@acme.example", "billing")
    before = access(acme)
    back(acme)
    acme.carry_out("activate", connection=acme.connection, keep=True)
    assert access(acme) == before
    back(acme)
    plan = acme.activate()
    assert [(c.subject.email, c.target, c.after) for c in plan.changes] == [("bob@acme.example", "role", "member")]


def test_who_told_of_no_groups_keeps_what_they_had_until_they_do(database: Database) -> None:
    """What rules gave somebody is kept over both switches; the first sign-in that tells of groups gives the rules their say."""
    door = by_claims(database)
    door.world.invited("ada@acme.example", "admin")
    door.world.rule(group="Engineering", team="eng")
    door.come("ada")
    back(door.world)
    members.set_role(database, door.world.organization, "ada@acme.example", "admin")
    plan = door.world.activate()
    assert plan.changes == ()
    door.come("ada")
    assert door.world.member("ada").role == "admin"
    door.come("ada", groups=("Engineering",))
    assert (door.world.member("ada").role, door.world.member("ada").teams) == ("member", (TeamPlace("eng", "member"),))
    assert door.world.sources("ada") == {("team:eng", "member", "rule")}
    assert door.world.reconciled()


def test_members_of_before_wait_for_their_first_sign_in_that_tells_of_groups(database: Database) -> None:
    """Going live without a directory: until then everybody keeps what people gave them, and the plan says so; the top role and
    break-glass stay for good."""
    acme = world.staged(database)
    acme.directory("off")
    acme.invited("ada@acme.example", "admin")
    acme.invited("olga@acme.example", "owner")
    plan = acme.activate()
    assert plan.changes == ()
    assert plan.notes[-1].startswith("What 1 of the members were given by hand stays until a sign-in of theirs tells of groups")
    door = _door(acme)
    door.come("ada")
    door.come("olga", groups=())
    assert acme.member("ada").role == "admin"
    door.come("ada", groups=())
    assert (acme.member("ada").role, acme.member("olga").role, acme.member(OWNER).role) == ("member", "owner", "owner")


@pytest.mark.parametrize("directory", [True, False])
def test_what_people_gave_can_be_kept(database: Database, directory: bool) -> None:
    """Then it competes with the rules, whatever is told of groups."""
    acme = world.staged(database)
    acme.invited("ada@acme.example", "admin")
    acme.rule(group="Engineering", role="member")
    if directory:
        acme.group("Engineering", acme.create("ada"))
    else:
        acme.directory("off")
    acme.carry_out("activate", connection=acme.connection, keep=True)
    if not directory:
        _door(acme).come("ada", groups=("Engineering",))
    assert acme.member("ada").role == "admin"
    assert ("role", "admin", "invitation") in acme.sources("ada")


def test_what_was_said_before_speaks_when_a_connection_is_activated_again(database: Database) -> None:
    """A rule that was made meanwhile is at once true of whoever signed in through it before."""
    door = by_claims(database)
    door.come("ada", groups=("Engineering",))
    back(door.world)
    door.world.rule(group="Engineering", team="eng")
    assert door.world.member("ada").teams == ()
    plan = door.world.activate()
    assert [(c.subject.email, c.target) for c in plan.changes] == [("ada@acme.example", "team:eng")]


def test_who_is_known_by_their_account_there_is_no_outsider(database: Database) -> None:
    """Linked once, an address outside the verified domains does not keep somebody out."""
    acme = world.staged(database)
    acme.invited("con@elsewhere.example")
    acme.invited("guest@elsewhere.example")
    acme.directory("off")
    with database.engine.begin() as tx:
        person = tx.execute(select(t.Address.person_id).where(t.Address.email_key == "con@elsewhere.example")).scalar_one()
        row = {"organization_id": acme.organization, "connection_id": acme.connection, "person_id": person, "issuer": "i"}
        said = {"kind": "sub", "subject": "s", "mutable": False, "attributes": {}, "created_at": NOW, "last_sign_in_at": NOW}
        tx.execute(insert(t.ExternalIdentity).values(id=new_id(), **row, **said))
    plan = acme.activate()
    assert [(c.subject.email, c.after) for c in plan.changes] == [("guest@elsewhere.example", "suspended")]


def _door(acme: World) -> Door:
    return give_sign_on(acme, acme.connection)


def test_there_and_back_cost_the_same_statements_for_three_and_for_fifty(database: Database) -> None:
    """Whatever the number of members, of those who told of groups and of those who did not."""
    acme = world.staged(database)
    acme.directory("off")
    door = _door(acme)
    acme.rule(group="Staff", team="staff")

    def cost() -> tuple[int, int]:
        sent = []
        for flip in (acme.activate, lambda: back(acme)):
            with statements(database.engine) as seen:
                flip()
            sent.append(len(seen))
        return sent[0], sent[1]

    def grown(people: range) -> None:
        acme.activate()
        for number in people:
            door.come(f"p{number}", groups=("Staff",) if number % 2 else None)
        back(acme)
        for number in people:
            acme.invited(f"i{number}@acme.example", "admin")

    grown(range(3))
    few = cost()
    grown(range(3, 50))
    assert cost() == few
