"""Finding the person: whom a pushed user is linked to, and whom never."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from connector.directory import domains, linking
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world
from tests.support.world import OWNER, World


def test_a_verified_address_inside_a_verified_domain_links(database: Database) -> None:
    """The member of before and the pushed user are one person; how they joined stays."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    ada = acme.create("ada", email="ADA@acme.example")
    acme.activate()
    assert len(acme.members) == 2
    assert acme.member("ada").source == "invitation"
    assert acme.person_of(ada) == _holder(database, "ada@acme.example")


def test_a_person_of_another_organization_is_linked_and_nobody_is_told(database: Database) -> None:
    """One human, one person, two memberships; neither organization sees the other."""
    other = world.staged(database, slug="other", verified=["other.example"])
    other.invited("ada@acme.example")
    acme = world.live(database)
    ada = acme.create("ada")
    assert acme.person_of(ada) == _holder(database, "ada@acme.example")
    assert "other" not in str(acme.audit()) + str(acme.log())


def test_an_idp_changes_nothing_of_a_person_it_did_not_make(database: Database) -> None:
    """What it says stays on the pushed user; address and name are the person's own."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    ada = acme.create("ada")
    acme.activate()
    acme.edit(ada, displayName="Somebody Else", email="else@acme.example")
    member = acme.member("ada")
    assert (member.email, member.name, member.status) == ("ada@acme.example", "ada@acme.example", "active")


def test_a_member_without_a_name_is_called_what_the_directory_says(database: Database) -> None:
    """Shown inside the organization; the person stays as nameless as they were."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    with database.engine.begin() as tx:
        tx.execute(update(t.Person).values(display_name=None))
    acme.create("ada", displayName="Ada King")
    acme.activate()
    assert acme.member("ada").name == "Ada King"
    with database.read() as tx:
        assert set(tx.execute(select(t.Person.display_name)).scalars()) == {None}


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("ada@elsewhere.example", "outside the verified domains"),
        ("ada@mail.acme.example", "a sub-domain is another domain"),
        ("ada@acme.example.evil.example", "the domain stands at the end"),
        ("ada@evil.example@acme.example", "two at signs"),
    ],
)
def test_an_address_outside_the_verified_domains_never_links(database: Database, email: str, why: str) -> None:
    """The pushed user is a person of their own, whose address counts as unverified."""
    other = world.staged(database, slug="other", verified=["other.example"])
    other.invited(email)
    acme = world.live(database)
    ada = acme.create("ada", email=email)
    assert acme.person_of(ada) not in (None, _holder(database, email)), why
    assert acme.members[email].status == "active"


def test_an_unverified_address_never_links(database: Database) -> None:
    """Somebody typed this address elsewhere; it is display data."""
    other = world.live(database, slug="other", verified=["other.example"])
    theirs = other.create("ada", email="ada@acme.example")  # outside their domains: unverified
    acme = world.live(database)
    ours = acme.create("ada")
    assert acme.person_of(ours) != other.person_of(theirs)
    assert _holder(database, "ada@acme.example") == acme.person_of(ours)


def test_a_break_glass_owner_is_never_linked(database: Database) -> None:
    """Whoever the IdP says has the founder's address stands alone, without it being verified."""
    acme = world.live(database)
    founder = _holder(database, OWNER)
    pushed = acme.create("owner")
    assert acme.person_of(pushed) not in (None, founder)
    assert _holder(database, OWNER) == founder
    acme.edit(pushed, active=False)
    assert _status_of(database, founder) == "active"


def test_of_two_pushed_users_with_one_address_the_second_stands_alone(database: Database) -> None:
    """Two accounts of one mailbox are two people until an admin says otherwise; one of them has the verified address."""
    acme = world.live(database)
    first = acme.create("ada")
    second = acme.create("ada.admin", email="ada@acme.example")
    assert acme.person_of(first) != acme.person_of(second)
    assert _holder(database, "ada@acme.example") == acme.person_of(first)


def test_an_address_that_becomes_free_is_verified_when_it_is_said_again(database: Database) -> None:
    """A follows the IdP away from the address, B to it."""
    acme = world.live(database)
    ada, bob = acme.create("ada"), acme.create("bob")
    acme.edit(bob, email="ada@acme.example")
    assert _holder(database, "ada@acme.example") == acme.person_of(ada)
    acme.edit(ada, email="countess@acme.example")
    acme.edit(bob, email="bob@acme.example")
    acme.edit(bob, email="ada@acme.example")
    assert _holder(database, "ada@acme.example") == acme.person_of(bob)


def test_what_was_said_of_people_while_staged_is_theirs_when_live_again(database: Database) -> None:
    """Name and address, for all at once; of two who exchanged addresses neither has one verified, as if told one by one."""
    acme = world.live(database)
    ada, bob, cleo, dan = (acme.create(name, email=None if name == "dan" else "") for name in ("ada", "bob", "cleo", "dan"))
    acme.directory("staging")
    acme.edit(ada, displayName="Ada King", email="king@acme.example")
    acme.edit(bob, email="cleo@acme.example")
    acme.edit(cleo, email="bob@acme.example")
    acme.edit(dan, email="dan@acme.example")
    acme.directory("live")
    assert (acme.member("king").name, acme.member("dan").name) == ("Ada King", "Dan")
    holders = {name: _holder(database, f"{name}@acme.example") for name in ("ada", "king", "bob", "cleo", "dan")}
    assert holders == {"ada": None, "king": acme.person_of(ada), "bob": None, "cleo": None, "dan": acme.person_of(dan)}
    assert acme.member("bob").id != acme.member("cleo").id


def test_a_member_who_could_not_link_is_back_once_linked(database: Database) -> None:
    """`cannot_link` is lifted by linking: here after the domain was verified and the IdP pushed them."""
    acme = _with_a_guest(database)
    domains.add(database, acme.organization, "elsewhere.example", verified=True)
    acme.create("guest", email="guest@elsewhere.example")
    assert (acme.member("guest@elsewhere.example").status, acme.member("guest@elsewhere.example").causes) == ("active", ())


def test_a_member_who_could_not_link_may_be_linked_by_hand(database: Database) -> None:
    """The pushed user's own membership, taken for another human's, ends; the member is back."""
    acme = _with_a_guest(database)
    pushed = acme.create("guest", email="guest@acme.example")
    linking.link(database, acme.organization, "guest@elsewhere.example", pushed)
    assert acme.member("guest@elsewhere.example").status == "active"
    assert "guest@acme.example" not in acme.members
    assert acme.reconciled()


def test_a_member_of_before_whom_a_pushed_user_was_taken_for_stays(database: Database) -> None:
    """Linked by address to the wrong one of two members: linked by hand to the other, both are members, one without the rules."""
    acme = world.staged(database)
    acme.invited("bob@acme.example")
    acme.invited("robert@acme.example")
    pushed = acme.create("bob")
    acme.activate()
    acme.rule(everyone=True, team="all")
    acme.edit(pushed, active=False)
    linking.link(database, acme.organization, "robert@acme.example", pushed)
    bob, robert = acme.member("bob"), acme.member("robert")
    assert (bob.source, bob.status, bob.teams) == ("invitation", "active", ())
    assert (robert.causes, robert.teams) == (("directory",), (TeamPlace("all", "member"),))
    assert acme.reconciled()


def _with_a_guest(database: Database) -> World:
    acme = world.staged(database)
    acme.invited("guest@elsewhere.example")
    acme.activate()
    assert acme.member("guest@elsewhere.example").causes == ("cannot_link",)
    return acme


def _holder(database: Database, email: str) -> str | None:
    with database.read() as tx:
        found = select(t.Address.person_id).where(t.Address.email_key == email, t.Address.verified)
        return tx.execute(found).scalar_one_or_none()


def _status_of(database: Database, person: str | None) -> str:
    with database.read() as tx:
        out = select(t.Suspension.cause).join(t.Membership, t.Membership.id == t.Suspension.membership_id)
        return "suspended" if tx.execute(out.where(t.Membership.person_id == person)).first() else "active"
