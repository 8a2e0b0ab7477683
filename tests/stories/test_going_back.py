"""Going back from sso to invitation and live again: nobody active loses access, and nothing is forgotten (DESIGN section 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.errors import Invalid
from connector.organizations import members
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import by_claims
from tests.stories.modes import access, back, mode_of, states
from tests.support import world


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
