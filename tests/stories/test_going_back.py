"""Going back from sso to invitation and live again: nobody active loses access, and nothing is forgotten (DESIGN section 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from connector.accounts import links, persons, sessions
from connector.accounts.sessions import Proof, Visitor
from connector.accounts.verify_mail import mail_unverified
from connector.directory.plans import VERBS
from connector.errors import ConnectorError, Forbidden, Invalid
from connector.membership.opening import Authentication
from connector.organizations import members
from connector.organizations.member_views import TeamPlace
from connector.provisioning.acting import Actor
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from tests.sign_in.arrivals import Door, by_claims, give_sign_on
from tests.support import world
from tests.support.statements import statements
from tests.support.world import BASE, OWNER, World

SEALER = Sealer(["key"])
LOCAL = Authentication("email_link")
NOW = datetime.now(UTC)


def back(acme: World) -> Any:
    """The operator goes back."""
    return acme.carry_out("mode", mode="invitation")


def access(acme: World) -> dict[str, tuple[Any, ...]]:
    """What everybody may do, whatever gives it to them."""
    return {name: (each.status, each.role, each.teams, each.projects) for name, each in acme.members.items()}


def states(acme: World) -> dict[str, tuple[str, str]]:
    """State and directory of the connections."""
    with acme.database.read() as tx:
        rows = tx.execute(select(t.Connection.id, t.Connection.state, t.Connection.directory))
        return {row.id: (row.state, row.directory) for row in rows}


def mode_of(acme: World) -> str:
    """The membership mode."""
    with acme.database.read() as tx:
        return tx.execute(select(t.Organization.membership_mode)).scalar_one()


def owner_of(acme: World, *held: Authentication) -> Actor:
    """The founder, signed in by these."""
    person = persons.known(acme.database, OWNER)
    return Actor(OWNER, person, held)


def refused(acme: World, kind: str, actor: Actor, **given: Any) -> str:
    """The code with which a verb of plans is refused."""
    with pytest.raises(ConnectorError) as refusal:
        acme.carry_out(kind, actor=actor, **given)
    return refusal.value.code


# ----------------------------------------------------------------------------------------------------------------- there


def test_what_rules_gave_becomes_one_row_for_each_target(database: Database) -> None:
    """The role and the team, at the level that the rules came to; rows given by hand stay beside them."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.group("Engineering", ada)
    acme.rule(group="Engineering", team="eng")
    acme.rule(everyone=True, team="eng:maintainer")
    acme.rule(group="Engineering", role="admin")
    before = access(acme)
    assert back(acme).changes == ()
    assert access(acme) == before
    assert acme.sources("ada") == {("role", "admin", "converted"), ("team:eng", "maintainer", "converted")}
    members.set_role(database, acme.organization, "ada@acme.example", "member")  # by rules this was 409
    assert acme.member("ada").role == "member"


@pytest.mark.parametrize("state", ["live", "paused"])
def test_connections_become_drafts_and_their_directories_stage(database: Database, state: str) -> None:
    """A disabled one stays disabled, a directory that is off stays off; tokens are kept, and fill the staged directory."""
    acme = world.live(database)
    acme.directory(state)
    google, old = acme.another("Google"), acme.another("Old")
    for other in (google, old):
        other.directory("off")
        other.activate()
    old.carry_out("disable", connection=old.connection)
    plan = back(acme)
    assert states(acme) == {
        acme.connection: ("draft", "staging"),
        google.connection: ("draft", "off"),
        old.connection: ("disabled", "off"),
    }
    assert mode_of(acme) == "invitation"
    assert "Connections become drafts: Okta, Google. Who signed in through them is signed out." in plan.notes
    assert acme.person_of(acme.create("eve")) is None
    assert "eve@acme.example" not in acme.members


def test_who_the_directory_suspended_stays_out_and_who_could_not_link_comes_in(database: Database) -> None:
    """An admin can lift the one, and nobody has to be linked any more. An admin's own suspension and a block stay as they are."""
    acme = world.staged(database)
    acme.invited("guest@elsewhere.example")
    bob, eve = acme.create("bob"), acme.create("eve")
    acme.activate()
    acme.edit(bob, active=False)
    acme.edit(eve, active=False)
    acme.suspend("eve")
    plan = back(acme)
    assert [(c.subject.email, c.target, c.after) for c in plan.changes] == [("guest@elsewhere.example", "status", "active")]
    assert {name: acme.member(name).causes for name in ("bob", "eve", "guest@elsewhere.example")} == {
        "bob": ("admin",),
        "eve": ("admin",),
        "guest@elsewhere.example": (),
    }
    with database.read() as tx:
        origins = set(tx.execute(select(t.Suspension.origin)).scalars())
    assert "was suspended by the directory of Okta, which is no longer live" in origins
    members.unsuspend(database, acme.organization, "bob@acme.example")
    assert acme.member("bob").status == "active"


def test_sessions_through_the_connection_end_and_others_stay(database: Database) -> None:
    """Whoever comes later through it is refused; local sign-ins open the organization from then on."""
    door = by_claims(database)
    entered = door.come("ada")
    local = database.write(
        lambda tx: sessions.open(tx, entered.person_id, Proof("email_link"), Visitor("", ""), datetime.now(UTC))
    )
    late = door.identity("bob")
    back(door.world)
    assert door.session(entered) is None
    assert sessions.find(database, local, datetime.now(UTC)) is not None
    assert door.refused(late) == "connection_draft"
    with database.read() as tx:
        held = select(t.Authentication.ended_at).where(t.Authentication.connection_id == door.connection)
        assert None not in tx.execute(held).scalars().all()


def test_going_back_is_one_entry_and_one_for_everybody_whose_access_changed(database: Database) -> None:
    """And an event for the directory that stages."""
    acme = world.staged(database)
    acme.invited("guest@elsewhere.example")
    acme.create("ada")
    acme.rule(everyone=True, team="all")
    acme.activate()
    known = len(acme.audit())
    back(acme)
    assert [(e.action, e.target) for e in acme.audit()[known:]] == [
        ("member.reactivated", "guest@elsewhere.example"),
        ("organization.mode_changed", "organization"),
    ]
    assert acme.audit()[-1].after == {"mode": "invitation", "draft": [f"connection:{acme.connection}"]}
    assert acme.events("directory.staged")[-1]["target"] == f"connection:{acme.connection}"


def test_what_waited_to_be_confirmed_is_forgotten(database: Database) -> None:
    """The directory that asked for it is no longer heard."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner("ada")
    acme.owner_on_leave()
    acme.edit(ada, active=False)
    back(acme)
    with database.read() as tx:
        assert tx.execute(select(t.Withheld)).all() == []
    assert acme.member("ada").status == "active"


def test_a_mode_that_is_there_already_changes_nothing(database: Database) -> None:
    """Nor does it write anything down."""
    acme = world.staged(database)
    known = len(acme.audit())
    assert (back(acme).changes, back(acme).notes) == ((), ())
    acme.activate()
    written = len(acme.audit())
    assert acme.carry_out("mode", mode="sso").changes == ()
    assert len(acme.audit()) == written > known


@pytest.mark.parametrize(("given", "code"), [({"mode": "none"}, "mode_invalid"), ({"mode": "sso"}, "connection_needed")])
def test_a_mode_is_one_of_two_and_sso_names_a_connection(database: Database, given: dict[str, Any], code: str) -> None:
    """With what to do."""
    with pytest.raises(Invalid) as refusal:
        world.staged(database).carry_out("mode", **given)
    assert refusal.value.code == code


# -------------------------------------------------------------------------------------------------------- and here again


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


# --------------------------------------------------------------------------------------------------- people who cannot yet


def _unverified(acme: World) -> str:
    """Somebody outside the verified domains, pushed with an address that nobody has verified; returns the person."""
    con = acme.create("con", email="con@elsewhere.example")
    person = acme.person_of(con)
    assert person is not None
    return person


def mailed(database: Database) -> list[tuple[str, str]]:
    """Recipient and link of the mails about addresses, as the relay writes them."""
    relay(database, lambda tx, events: mail_unverified(tx, SEALER, BASE, events, datetime.now(UTC)))
    with database.read() as tx:
        rows = tx.execute(select(t.OutgoingMail.id, t.OutgoingMail.recipient, t.OutgoingMail.sealed)).all()
    texts = [(row.recipient, json.loads(SEALER.open(row.sealed, f"outgoing_mail:{row.id}"))["text"]) for row in rows]
    return [(who, re.findall(r"token=(\S+)", text)[0]) for who, text in texts]


def test_who_has_no_verified_address_is_mailed_a_link_that_verifies_it(database: Database) -> None:
    """The plan lists them; the link works in any browser, once, and signs in the same person, whom the next e-mail link finds."""
    acme = world.live(database)
    acme.create("ada")
    acme.create("nameless", email=None, displayName="No Name")
    person = _unverified(acme)
    plan = acme.propose("mode", mode="invitation")
    assert plan.notes[-2:] == (
        "Members without a verified address: con@elsewhere.example. Each is mailed a link that verifies it.",
        "Members without any address: No Name. They cannot sign in until they are invited anew, by an address.",
    )
    assert mailed(database) == []  # a plan mails nobody
    acme.apply(plan)
    [(who, token)] = mailed(database)
    assert who == "con@elsewhere.example"
    entered = links.use(database, token, "any browser", Visitor("192.0.2.1", "Firefox"), datetime.now(UTC))
    assert entered.person_id == person
    assert persons.known(database, "con@elsewhere.example") == person
    session = sessions.find(database, entered.token, datetime.now(UTC))
    assert session is not None
    assert [each.method for each in session.authentications] == ["email_link"]
    with pytest.raises(Forbidden) as again:
        links.use(database, token, "any browser", Visitor("", ""), datetime.now(UTC))
    assert again.value.code == "link_used"


def test_an_address_verified_so_is_not_taken_from_anybody(database: Database) -> None:
    """Whoever verified it in between keeps it; the link is refused and stays unused."""
    acme = world.live(database)
    person = _unverified(acme)
    back(acme)
    [(_, token)] = mailed(database)
    other = database.write(lambda tx: persons.find_or_make(tx, "con@elsewhere.example", datetime.now(UTC)))
    with pytest.raises(Forbidden) as refusal:
        links.use(database, token, "b", Visitor("", ""), datetime.now(UTC))
    assert refusal.value.code == "address_taken"
    assert persons.known(database, "con@elsewhere.example") == other != person
    with database.read() as tx:
        assert tx.execute(select(t.EmailLink.used_at)).scalars().all() == [None]


@pytest.mark.parametrize(("gone", "code"), [("address", "link_unknown"), ("time", "link_expired")])
def test_a_link_that_verifies_ends_with_its_address_and_its_time(database: Database, gone: str, code: str) -> None:
    """7 days; and nobody gets an address that was taken from them."""
    acme = world.live(database)
    _unverified(acme)
    back(acme)
    [(_, token)] = mailed(database)
    later = datetime.now(UTC) + (timedelta(days=7, seconds=1) if gone == "time" else timedelta(days=6, hours=23))
    if gone == "address":
        database.write(lambda tx: tx.execute(delete(t.Address).where(~t.Address.verified)))
    with pytest.raises(Forbidden) as refusal:
        links.use(database, token, "b", Visitor("", ""), later)
    assert refusal.value.code == code


def test_who_verified_it_before_the_mail_was_written_gets_none(database: Database) -> None:
    """Looked at when it is written, not when it was planned."""
    acme = world.live(database)
    _unverified(acme)
    back(acme)
    database.write(lambda tx: tx.execute(update(t.Address).values(verified=True)))
    assert mailed(database) == []


# ---------------------------------------------------------------------------------------------------------- what is asked


def test_an_owner_needs_a_way_in_that_is_left_to_them(database: Database) -> None:
    """A local sign-in or break-glass beside the identity provider's; the operator needs none. A plan of it needs the same."""
    door = by_claims(database)
    acme = door.world
    through = Authentication("saml", acme.organization, acme.connection, connection_active=True)
    glass = Authentication("break_glass", acme.organization)
    assert refused(acme, "mode", owner_of(acme, through), mode="invitation") == "local_sign_in_first"
    elsewhere = Authentication("break_glass", "another organization")
    assert refused(acme, "mode", owner_of(acme, through, elsewhere), mode="invitation") == "local_sign_in_first"
    assert mode_of(acme) == "sso"
    for held in ((through, LOCAL), (glass,)):
        acme.carry_out("mode", actor=owner_of(acme, *held), mode="invitation")
        assert mode_of(acme) == "invitation"
        acme.activate()


@pytest.mark.parametrize("kind", sorted(VERBS))
def test_every_plan_needs_the_permission_of_its_verb(database: Database, kind: str) -> None:
    """Looking needs it too: plans tell of everybody."""
    acme = world.staged(database)
    acme.invited("ada@acme.example", "admin")
    ada = Actor("ada", persons.known(database, "ada@acme.example"), (LOCAL,))
    stranger = Actor("eve", "somebody", (LOCAL,))
    given = {
        "connection": acme.connection,
        "directory": "off",
        "since": "x",
        "mode": "sso",
        "id": "x",
        "domain": "x",
        "roles": [],
    }
    if VERBS[kind].permission == "sso.manage":
        assert refused(acme, kind, ada, **given) == "permission_missing"
    assert refused(acme, kind, stranger, **given) == "organization_not_found"
