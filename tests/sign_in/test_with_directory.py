"""Who comes in under a live directory, which alone decides; and what ends with leaving it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.directory import domains, linking
from connector.errors import Conflict
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import by_claims, by_directory, counted, identities
from tests.support.racing import race
from tests.support.world import OWNER

LINKS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"external_id": "00u1"}, {"external_id": "00u1", "email": "other@elsewhere.example", "user_name": None}),
    ({"external_id": "00u1"}, {"subject": "00u1", "email": None, "user_name": None}),
    ({"external_id": "00u1"}, {"kind": "oid+tid", "subject": "00u1@tenant", "email": None, "user_name": None}),
    ({"userName": "Ada@acme.example"}, {"email": None}),
    ({"userName": "al"}, {"user_name": None}),
    ({"userName": "al"}, {"user_name": None, "email": "ADA@acme.example"}),
]


@pytest.mark.parametrize(("pushed", "said"), LINKS)
def test_a_pushed_person_is_found(database: Database, pushed: dict[str, Any], said: dict[str, Any]) -> None:
    """By immutable id or externalId, then by userName or e-mail inside a verified domain. Sign-in changes nothing of them."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    user = door.world.create("ada", **pushed)
    door.world.group("Engineering", user)
    entered = door.come("ada", **{"groups": ("Admins",), **said})
    assert (entered.person_id, entered.joined) == (door.world.person_of(user), False)
    assert door.world.member("ada").teams == (TeamPlace("engineering", "member"),)
    assert len(identities(database)) == 1


def test_what_was_pushed_of_somebody_is_not_changed_by_their_sign_in(database: Database) -> None:
    """Name, address, role and teams are the directory's, even if the same identity provider says otherwise here."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.rule(group="Admins", role="admin")
    door.world.group("Engineering", door.world.create("ada", external_id="00u1", displayName="Ada Lovelace"))
    before = door.world.member("ada")
    for _ in range(2):
        door.come("ada", external_id="00u1", display_name="Eve", email="eve@acme.example", groups=("Admins",))
    assert door.world.member("ada") == before


STRANGERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("not_in_directory", {}, {"email": "bob@acme.example", "user_name": None}),
    ("not_in_directory", {"userName": "al"}, {"email": None, "user_name": "al"}),
    (
        "not_in_directory",
        {"email": "ada@elsewhere.example", "userName": "x"},
        {"email": "ada@elsewhere.example", "user_name": None},
    ),
    ("not_in_directory", {}, {"email_verified": False, "user_name": None}),
    ("not_in_directory", {"userName": "ada@acme.example"}, {"email_verified": False}),
    ("not_in_directory", {"external_id": "00u1"}, {"subject": "00u1@tenant", "email": None, "user_name": None}),
    (
        "not_in_directory",
        {"external_id": "ada@acme.example", "userName": "x", "email": None},
        {"subject": "ada@acme.example", "mutable": True, "user_name": None},
    ),
    ("deprovisioned", {"active": False}, {}),
]


@pytest.mark.parametrize(("code", "pushed", "said"), STRANGERS)
def test_whom_the_directory_does_not_let_in_is_refused(
    database: Database, code: str, pushed: dict[str, Any], said: dict[str, Any]
) -> None:
    """Without a row: a name that is no address in a verified domain links nobody, nor does an unverified address."""
    door = by_directory(database)
    door.world.create("ada", **pushed)
    before = counted(database)
    assert door.refused(door.identity("ada", **said)) == code
    assert counted(database) == before


def test_a_name_that_somebody_chose_for_themselves_is_not_believed_against_their_address(database: Database) -> None:
    """Some identity providers let people write their userName: the address that comes with it is another's, and known."""
    door = by_directory(database)
    door.world.create("ada", userName="ada@acme.example")
    door.world.create("eve", userName="eve@acme.example")
    before = counted(database)
    assert door.refused(door.identity("eve", user_name="ada@acme.example")) == "link_ambiguous"
    assert counted(database) == before
    door.world.create("admin-ada", userName="admin-ada@acme.example", email="ada@acme.example")
    admin = door.come("admin-ada", email="ada@acme.example")
    assert admin.person_id != door.come("ada").person_id


def test_the_gate_stands_under_a_live_directory_as_well(database: Database) -> None:
    """Where JIT lets in whom the directory does not know, no rule by group matches them."""
    door = by_directory(database)
    door.world.rule(everyone=True, team="all")
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    database.write(lambda tx: tx.execute(update(t.Organization).values(entry_gate=True)))
    before = counted(database)
    assert door.refused(door.identity("eve", groups=("Staff",))) == "no_matching_group"
    assert counted(database) == before


def test_who_could_not_be_linked_is_not_let_in_by_a_subject_alone(database: Database) -> None:
    """A session of theirs would be dead at birth; a push of theirs lifts it."""
    door = by_directory(database)
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    door.come("ada")
    out = {"membership_id": door.world.member("ada").id, "cause": "cannot_link", "organization_id": door.world.organization}
    now = datetime.now(UTC)
    database.write(lambda tx: tx.execute(insert(t.Suspension).values(**out, connection_id=None, origin="a plan", created_at=now)))
    assert door.refused(door.identity("ada")) == "not_in_directory"
    door.world.create("ada")
    assert door.session(door.come("ada")) is not None


def test_an_address_in_a_domain_that_was_lost_stays_whose_it_is(database: Database) -> None:
    """Else the identity provider could move somebody's mailbox into a domain of its own, and open what is theirs alone."""
    door = by_claims(database)
    entered = door.come("ada")
    domains.add(database, door.world.organization, "other.example", verified=True)
    domains.remove(database, door.world.organization, "acme.example")
    assert door.come("ada", email="ada@other.example").person_id == entered.person_id
    assert door.world.member("ada").email == "ada@acme.example"


def test_with_jit_on_somebody_unknown_to_the_directory_enters(database: Database) -> None:
    """With the default role; but not whom the directory had and deleted."""
    door = by_directory(database)
    database.write(lambda tx: tx.execute(update(t.Connection).values(jit="on")))
    door.world.rule(everyone=True, team="all")
    assert door.come("guest").joined
    view = door.world.member("guest")
    assert (view.source, view.role, view.teams) == ("jit", "member", ())
    user = door.world.create("ada")
    door.come("ada")
    door.world.delete(user)
    assert door.refused(door.identity("ada")) == "deprovisioned"


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
def test_who_leaves_the_directory_is_signed_out_in_the_same_transaction(database: Database, how: str) -> None:
    """And coming back does not revive the session."""
    door = by_directory(database)
    user = door.world.create("ada")
    entered = door.come("ada")
    assert door.session(entered) is not None
    door.world.edit(user, active=False) if how == "deactivated" else door.world.delete(user)
    assert door.session(entered) is None
    assert door.refused(door.identity("ada")) in ("deprovisioned", "not_in_directory")
    if how == "deactivated":
        door.world.edit(user, active=True)
        assert door.session(entered) is None
        assert door.session(door.come("ada")) is not None


def test_who_was_deleted_is_linked_no_longer(database: Database) -> None:
    """Whoever the subject belongs to next is not the person of before."""
    door = by_directory(database)
    user = door.world.create("ada", external_id="00u1")
    first = door.come("ada")
    door.world.delete(user)
    assert identities(database) == []
    door.world.create("ada", external_id="00u2")
    assert door.come("ada").person_id != first.person_id


def test_a_sign_in_that_races_a_deactivation_leaves_no_live_session(database: Database) -> None:
    """Whoever is first: either the sign-in is refused, or its session is ended."""
    door = by_directory(database)
    for number in range(8):
        user = door.world.create(f"p{number}")
        message = door.identity(f"p{number}")
        entered, _ = race(
            [lambda m=message: door.arrive(m), lambda u=user: door.world.edit(u, active=False)]  # type: ignore[misc]
        )
        tokens = [each for each in entered if each is not None]
        assert all(door.session(each) is None for each in tokens)


def test_deactivation_here_leaves_what_belongs_to_others(database: Database) -> None:
    """The session goes on with the authentication that is local."""
    door = by_directory(database)
    user = door.world.create("ada")
    entered = door.come("ada")
    now = datetime.now(UTC)
    local = database.write(
        lambda tx: sessions.open(tx, entered.person_id, Proof("email_link"), Visitor("", "", entered.session_token), now)
    )
    door.world.edit(user, active=False)
    session = sessions.find(database, local, now + timedelta(seconds=1))
    assert session is not None
    assert [each.method for each in session.authentications] == ["email_link"]


def test_a_break_glass_owner_links_only_with_their_own_session(database: Database) -> None:
    """Signing in with both in one browser; another person's session does not help."""
    door = by_directory(database)
    owner = door.identity("owner")
    assert door.refused(owner) in ("break_glass", "not_in_directory")
    now = datetime.now(UTC)
    with database.read() as tx:
        person = tx.execute(select(t.Address.person_id).where(t.Address.email_key == OWNER)).scalar_one()
    mine = database.write(lambda tx: sessions.open(tx, person, Proof("email_link"), Visitor("", ""), now))
    assert not door.arrive(door.identity("owner"), cookie=mine).joined


def founder(database: Database) -> str:
    """The person who is the break-glass owner: who holds the address, verified."""
    with database.read() as tx:
        return str(tx.execute(select(t.Address.person_id).where(t.Address.email_key == OWNER, t.Address.verified)).scalar_one())


def own_session(database: Database) -> str:
    """The cookie of the founder, signed in by e-mail link."""
    person, now = founder(database), datetime.now(UTC)
    return database.write(lambda tx: sessions.open(tx, person, Proof("email_link"), Visitor("", ""), now))


@pytest.mark.parametrize("came_before", [False, True], ids=["never came", "came in as another"])
def test_a_break_glass_owner_who_was_pushed_links_the_account_to_themselves(database: Database, came_before: bool) -> None:
    """The push made another person of them (decision 0009), perhaps one that has signed in; that one stays as a member, and is
    signed in no more."""
    door = by_directory(database)
    door.world.create("owner")
    twin = door.come("owner") if came_before else None
    entered = door.arrive(door.identity("owner"), cookie=own_session(database))
    holder = founder(database)
    assert entered.person_id == holder
    assert [each.person_id for each in identities(database)] == [holder]
    assert twin is None or door.session(twin) is None
    assert [entry.target for entry in door.world.audit("identity.linked")][-1:] == [OWNER]
    assert door.come("owner").person_id == holder


def test_a_deactivation_of_what_was_pushed_leaves_the_break_glass_owner_their_sign_in(database: Database) -> None:
    """The directory has power over the member it made, and none over them."""
    door = by_directory(database)
    pushed = door.world.create("owner")
    door.arrive(door.identity("owner"), cookie=own_session(database))
    door.world.edit(pushed, active=False)
    assert not door.come("owner").joined


def test_an_account_with_another_address_is_not_linked_to_whoever_sits_at_the_browser(database: Database) -> None:
    """On a shared computer the session may be somebody else's."""
    door = by_directory(database)
    door.world.create("ada")
    entered = door.arrive(door.identity("ada"), cookie=own_session(database))
    assert entered.person_id == door.come("ada").person_id != founder(database)


def test_an_ordinary_owner_is_found_as_before_whatever_session_the_browser_has(database: Database) -> None:
    """Only break-glass stands outside the directory."""
    door = by_directory(database)
    door.world.create("ada")
    first = door.come("ada")
    now = datetime.now(UTC)
    mine = database.write(lambda tx: sessions.open(tx, first.person_id, Proof("email_link"), Visitor("", ""), now))
    assert door.arrive(door.identity("ada"), cookie=mine).person_id == first.person_id


def test_leaving_live_keeps_what_rules_gave_until_a_sign_in_says_otherwise(database: Database) -> None:
    """A sign-in that says nothing of groups says nothing against it either."""
    door = by_directory(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.group("Engineering", door.world.create("ada"))
    door.world.directory("staging")
    door.come("ada", groups=None)
    assert door.world.member("ada").teams == (TeamPlace("engineering", "member"),)
    door.come("ada", groups=("Sales",))
    assert door.world.member("ada").teams == ()


def test_after_unlinking_a_new_account_of_the_same_person_is_linked(database: Database) -> None:
    """The way out of a second subject; the session made with the old one is dead. A second time there is nothing to unlink."""
    door = by_claims(database)
    entered = door.come("ada")
    linking.unlink(database, door.world.organization, "ada@acme.example")
    assert door.session(entered) is None
    assert door.come("ada", subject="made anew").person_id == entered.person_id
    linking.unlink(database, door.world.organization, "ada@acme.example")
    with pytest.raises(Conflict) as refused:
        linking.unlink(database, door.world.organization, "ada@acme.example")
    assert refused.value.code == "not_linked"


def test_disabling_a_connection_signs_out_who_came_through_it_for_good(database: Database) -> None:
    """Activating it again brings nothing back."""
    door = by_claims(database)
    entered = door.come("ada")
    other = door.world.another()
    other.activate()
    door.world.carry_out("disable", connection=door.connection)
    assert door.session(entered) is None
    door.world.carry_out("activate", connection=door.connection)
    assert door.session(entered) is None
