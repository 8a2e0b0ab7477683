"""A push becomes a member, with role, teams, reasons, and a record of it, in one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from connector.directory import log
from connector.errors import Invalid, NotFound, Taken
from connector.organizations.member_views import TeamPlace
from connector.storage.database import Database
from tests.support import world
from tests.support.world import rows


def test_a_pushed_user_becomes_a_member_with_the_default_role(database: Database) -> None:
    """The whole slice: pushed, linked to a new person, member, audited, told, logged."""
    acme = world.live(database)
    before = rows(database)
    ada = acme.create("ada")
    member = acme.member("ada")
    assert (member.role, member.status, member.source, member.teams) == ("member", "active", "scim", ())
    assert acme.person_of(ada) is not None
    grown = {name: count - before[name] for name, count in rows(database).items() if count != before[name]}
    written = (
        "directory_user",
        "person",
        "address",
        "membership",
        "audit_entry",
        "outbox_event",
        "provisioning_log",
        "directory_total",
    )
    assert grown == dict.fromkeys(written, 1)


def test_the_audit_entry_says_who_did_what_and_why(database: Database) -> None:
    """The actor is the connection, the address the peer's, the last sentence what set it off."""
    acme = world.live(database)
    acme.create("ada")
    entry = acme.audit()[-1]
    assert (entry.actor, entry.action, entry.target) == (f"scim:{acme.connection}", "member.joined", "ada@acme.example")
    assert entry.before == {"status": None, "role": None}
    assert entry.after == {"status": "active", "role": "member"}
    assert entry.address == "192.0.2.1"
    assert entry.because == (
        "the IdP says this person is active",
        "nothing gives a role: the default is member",
        "the IdP asked: create user ada",
    )


def test_the_event_carries_what_the_audit_entry_says(database: Database) -> None:
    """An application that listens needs no second question: membership, person, address, before, after, because."""
    acme = world.live(database)
    ada = acme.create("ada")
    told = acme.events()[-1]
    assert told["kind"] == "member.joined"
    assert (told["membership_id"], told["person_id"], told["email"]) == (
        acme.member("ada").id,
        acme.person_of(ada),
        "ada@acme.example",
    )
    assert told["after"] == {"status": "active", "role": "member"}


def test_the_provisioning_log_says_what_was_meant_and_changed(database: Database) -> None:
    """Meaning, status and access changes; nothing of the payload."""
    acme = world.live(database)
    acme.create("ada", password="hunter2")
    [item] = acme.log()
    assert (item.meaning, item.status, item.client) == ("create user ada", 201, "Okta SCIM Client 1.0.0 (192.0.2.1)")
    assert [(c["email"], c["target"], c["after"]) for c in item.changes] == [
        ("ada@acme.example", "status", "active"),
        ("ada@acme.example", "role", "member"),
    ]
    assert "hunter2" not in str(item)


def test_groups_become_role_and_teams_at_once(database: Database) -> None:
    """Both orders: somebody comes into a group that has rules, and a rule comes to a group that has people."""
    acme = world.live(database)
    ada, bob = acme.create("ada"), acme.create("bob")
    admins = acme.group("Platform Admins", ada)
    acme.rule(group="Platform Admins", role="admin")
    acme.rule(group="Platform Admins", team="ops:maintainer")
    assert (acme.member("ada").role, acme.member("ada").teams) == ("admin", (TeamPlace("ops", "maintainer"),))
    acme.put_in(admins, bob)
    assert (acme.member("bob").role, acme.member("bob").teams) == ("admin", (TeamPlace("ops", "maintainer"),))
    acme.take_out(admins, ada)
    assert (acme.member("ada").role, acme.member("ada").teams) == ("member", ())
    assert acme.member("bob").role == "admin"


def test_a_group_created_with_members_works_at_once(database: Database) -> None:
    """A rule by name waits for its group: the POST with members is enough."""
    acme = world.live(database)
    acme.rule(group="Engineering", team="eng")
    acme.group("engineering", acme.create("ada"))
    assert acme.member("ada").teams == (TeamPlace("eng", "member"),)


def test_the_explanation_names_group_rule_and_what_came_to_nothing(database: Database) -> None:
    """IdP group -> rule -> assignment, and the group that no rule maps."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.group("Platform Admins", ada)
    acme.group("Chess Club", ada)
    rule = acme.rule(group="Platform Admins", role="admin")
    told = acme.explain("ada")
    assert [(b.target, b.level, b.source, b.rule, b.group) for b in told.because] == [
        ("role", "admin", f"rule:{rule}", rule, "Platform Admins")
    ]
    assert [n.reason for n in told.not_] == ['IdP group "Chess Club" is mapped by no rule']


def test_unmapped_groups_are_kept_and_give_nothing(database: Database) -> None:
    """Nobody gets anything from a group nobody mapped."""
    acme = world.live(database)
    acme.group("Chess Club", acme.create("ada"))
    assert (acme.member("ada").role, acme.member("ada").teams, acme.member("ada").projects) == ("member", (), ())


def test_everything_of_a_person_who_has_no_address_works(database: Database) -> None:
    """A user without e-mail is a member too; a later address arrives at their person."""
    acme = world.live(database)
    ada = acme.create("ada", email=None)
    assert acme.members["Ada"].status == "active"
    acme.edit(ada, email="ada@acme.example")
    assert acme.member("ada").status == "active"
    assert rows(database)["address"] == 2  # the founder's, and Ada's


def test_a_changed_name_and_address_reach_the_person_the_connection_made(database: Database) -> None:
    """The person follows the IdP that created it."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.edit(ada, displayName="Ada Lovelace", email="lovelace@acme.example")
    assert acme.member("lovelace").name == "Ada Lovelace"


def test_a_change_that_changes_nothing_writes_nothing_but_the_log(database: Database) -> None:
    """An IdP that repeats itself every 40 minutes fills no audit trail."""
    acme = world.live(database)
    ada = acme.create("ada")
    before = rows(database)
    acme.edit(ada, displayName="Ada")
    grown = {name: count - before[name] for name, count in rows(database).items() if count != before[name]}
    assert grown == {"provisioning_log": 1}
    assert acme.log()[-1].arrived == "nothing new"


def test_one_user_name_belongs_to_one_user_of_a_connection(database: Database) -> None:
    """Compared without case (RFC 7643 section 4.1.1); the refusal names the other user."""
    acme = world.live(database)
    ada = acme.create("ada")
    with pytest.raises(Taken, match=ada) as refused:
        acme.create("ADA")
    assert refused.value.code == "uniqueness"


def test_a_member_never_pushed_is_named_and_nothing_is_applied(database: Database) -> None:
    """An id this connection never gave out refuses the whole group; one it gave out and deleted is passed over."""
    acme = world.live(database)
    ada, bob = acme.create("ada"), acme.create("bob")
    group = acme.group("Engineering", ada)
    acme.delete(bob)
    with pytest.raises(Invalid, match="no-such-id") as refused:
        acme.put_in(group, "no-such-id", ada)
    assert refused.value.code == "member_unknown"
    acme.put_in(group, bob)
    assert "1 deleted people" in acme.log()[-1].arrived


def test_users_and_groups_of_another_organization_are_not_there(database: Database) -> None:
    """A token opens its own connection only: reading, editing, deleting, and putting into a group."""
    acme, other = world.live(database), world.live(database, slug="other", verified=["other.example"])
    ada = acme.create("ada")
    group = acme.group("Engineering", ada)
    theirs = other.group("Engineering")
    with pytest.raises(NotFound):
        other.edit(ada, active=False)
    with pytest.raises(NotFound):
        other.delete(ada)
    with pytest.raises(NotFound):
        other.delete_group(group)
    with pytest.raises(Invalid):
        other.put_in(theirs, ada)
    assert acme.member("ada").status == "active"


@pytest.mark.parametrize("at", ["the log row is written", "the transaction commits"])
def test_a_failure_after_all_writes_leaves_nothing(database: Database, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between lines or at COMMIT: no user, member, audit entry, event or log row stays."""
    acme = world.live(database)
    before = rows(database)

    def die(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    if at == "the log row is written":
        monkeypatch.setattr(log, "record", die)
    else:
        event.listen(database.engine, "commit", die)
    with pytest.raises(RuntimeError, match="killed"):
        acme.create("ada")
    if at != "the log row is written":
        event.remove(database.engine, "commit", die)
    assert rows(database) == before
