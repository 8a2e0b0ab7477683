"""Out and back: suspension by cause, deletion, rehire, and another human under an old name."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from connector.organizations import members
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.world import World


def test_deactivation_suspends_and_reactivation_lifts(database: Database) -> None:
    """The roles wait: what the rules give stays in the ledger and is there on the day they come back."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.rule(everyone=True, team="all")
    acme.edit(ada, active=False)
    assert (acme.member("ada").status, acme.member("ada").causes) == ("suspended", ("directory",))
    acme.edit(ada, active=True)
    assert (acme.member("ada").status, acme.member("ada").teams) == ("active", (TeamPlace("all", "member"),))
    assert [item.action for item in acme.audit()[-2:]] == ["member.suspended", "member.reactivated"]
    assert acme.log()[-1].meaning.startswith("reactivate: ")


def test_an_admins_suspension_is_not_lifted_by_the_idp(database: Database) -> None:
    """`active: true`, told again or after a deactivation, removes the directory's own cause and no other."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.suspend("ada")
    acme.edit(ada, active=True, title="Countess")
    assert acme.member("ada").causes == ("admin",)
    acme.edit(ada, active=False)
    assert acme.member("ada").causes == ("admin", "directory")
    acme.edit(ada, active=True)
    assert acme.member("ada").causes == ("admin",)
    members.unsuspend(database, acme.organization, "ada@acme.example")
    assert acme.member("ada").status == "active"


def test_an_admin_cannot_lift_what_the_directory_entered(database: Database) -> None:
    """Each cause is removed by its own kind of act."""
    acme = world.live(database)
    acme.edit(acme.create("ada"), active=False)
    members.unsuspend(database, acme.organization, "ada@acme.example")
    assert acme.member("ada").causes == ("directory",)


def test_a_second_cause_is_audited_although_nothing_else_changes(database: Database) -> None:
    """Who is suspended already is suspended by an admin too, and then no longer by the directory: each act has its entry."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.edit(ada, active=False)
    acme.suspend("ada")
    acme.edit(ada, active=True)
    told = [(item.action, item.before, item.after) for item in acme.audit()[-2:]]
    assert told == [
        ("member.changed", {"causes": "directory"}, {"causes": "admin, directory"}),
        ("member.changed", {"causes": "admin, directory"}, {"causes": "admin"}),
    ]
    assert acme.audit()[-2].because[0] == "suspended by an admin"
    assert [event["after"] for event in acme.events("member.changed")] == [after for _, _, after in told]


def test_a_user_pushed_inactive_does_not_enter(database: Database) -> None:
    """No membership until the IdP says active."""
    acme = world.live(database)
    ada = acme.create("ada", active=False)
    assert "ada@acme.example" not in acme.members
    acme.edit(ada, active=True)
    assert acme.member("ada").status == "active"


def test_groups_that_change_while_somebody_is_out_count_when_they_come_back(database: Database) -> None:
    """The ledger follows the groups of the suspended too."""
    acme = world.live(database)
    ada = acme.create("ada")
    ops, eng = acme.group("Ops", ada), acme.group("Eng")
    acme.rule(group="Ops", team="ops")
    acme.rule(group="Eng", team="eng")
    acme.edit(ada, active=False)
    acme.take_out(ops, ada)
    acme.put_in(eng, ada)
    acme.edit(ada, active=True)
    assert acme.member("ada").teams == (TeamPlace("eng", "member"),)


def test_deletion_ends_the_membership_and_leaves_a_tombstone(database: Database) -> None:
    """Member, ledger and pushed user go; the person and a note of what they had stay."""
    acme = world.live(database)
    ada = acme.create("ada", external_id="00u1")
    person = acme.person_of(ada)
    acme.delete(ada)
    assert "ada@acme.example" not in acme.members
    with database.read() as tx:
        [stone] = tx.execute(select(t.Tombstone)).all()
        assert tx.execute(select(t.Person.id).where(t.Person.id == person)).scalar_one() == person
    assert (stone.id, stone.external_id, stone.user_name_key, stone.person_id) == (ada, "00u1", "ada", person)
    assert acme.audit()[-1].action == "member.left"


def test_deletion_counts_as_a_change_of_the_groups_the_user_was_in(database: Database) -> None:
    """The version of a group covers its members: an IdP that compares it must see that somebody is gone."""
    acme = world.live(database)
    ada = acme.create("ada")
    group = acme.group("Engineering", ada)
    before = _version(database, group)
    acme.delete(ada)
    assert _version(database, group) == before + 1


def _version(database: Database, group: str) -> int:
    with database.read() as tx:
        return tx.execute(select(t.DirectoryGroup.version).where(t.DirectoryGroup.id == group)).scalar_one()


@pytest.mark.parametrize("external_id", ["00u1", None], ids=["the same externalId", "no externalId on either side"])
def test_a_rehire_is_the_same_person_under_a_new_scim_id(database: Database, external_id: str | None) -> None:
    """Rows given by hand come back, and an admin's suspension with them; the top role does not."""
    acme = world.live(database)
    ada = acme.create("ada", external_id=external_id)
    person = acme.person_of(ada)
    members.set_role(database, acme.organization, "ada@acme.example", "admin")
    acme.suspend("ada")
    acme.delete(ada)
    again = acme.create("ada", external_id=external_id)
    assert again != ada
    assert acme.person_of(again) == person
    assert (acme.member("ada").role, acme.member("ada").causes) == ("admin", ("admin",))


def test_a_rehired_owner_comes_back_without_the_top_role(database: Database) -> None:
    """Who was an owner once is made one again by an owner."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.owner("ada")
    acme.delete(ada)
    acme.create("ada")
    assert acme.member("ada").role == "member"


def test_a_blocked_person_stays_blocked_when_rehired(database: Database) -> None:
    """Leaving and coming back is no way around a block."""
    acme = world.live(database)
    ada = acme.create("ada")
    members.remove(database, acme.organization, "ada@acme.example", block=True)
    acme.delete(ada)
    acme.create("ada")
    assert acme.member("ada").causes == ("block",)


@pytest.mark.parametrize("pushed", ["live", "staging"])
def test_a_rehire_pushed_inactive_is_judged_once_active(database: Database, pushed: str) -> None:
    """Coming back in two steps, wherever the directory is during the first, is no way around a suspension."""
    acme = world.live(database)
    person = acme.person_of(ada := acme.create("ada"))
    members.set_role(database, acme.organization, "ada@acme.example", "admin")
    acme.suspend("ada")
    acme.delete(ada)
    acme.directory(pushed)
    again = acme.create("ada", active=False)
    acme.directory("live")
    acme.edit(again, active=True)
    assert acme.person_of(again) == person
    assert (acme.member("ada").role, acme.member("ada").causes) == ("admin", ("admin",))


def test_a_rehire_gets_what_the_rules_give_today(database: Database) -> None:
    """Rule rows are not remembered: the rules speak."""
    acme = world.live(database)
    ada = acme.create("ada")
    rule = acme.rule(everyone=True, team="old")
    acme.delete(ada)
    acme.carry_out("remove_rule", id=rule, keep=False)
    acme.rule(everyone=True, team="new")
    acme.create("ada")
    assert acme.member("ada").teams == (TeamPlace("new", "member"),)


def test_another_human_under_an_old_user_name_is_a_new_person(database: Database) -> None:
    """Another externalId: nothing of the old account, but the verified address, which this connection had given the old one."""
    acme = world.live(database)
    ada = acme.create("ada", external_id="00u1")
    old = acme.person_of(ada)
    members.set_role(database, acme.organization, "ada@acme.example", "admin")
    acme.delete(ada)
    other = acme.create("ada", external_id="00u2")
    assert acme.person_of(other) not in (None, old)
    assert acme.member("ada").role == "member"
    assert _verified(database, "ada@acme.example") == [acme.person_of(other)]


def test_another_human_does_not_get_an_address_the_connection_did_not_give(database: Database) -> None:
    """The old person was here before the IdP: the address stays theirs, the newcomer is without a verified one."""
    acme = world.staged(database)
    acme.invited("ada@acme.example")
    ada = acme.create("ada", external_id="00u1")
    acme.activate()
    old = acme.person_of(ada)
    acme.delete(ada)
    other = acme.create("ada", external_id="00u2")
    assert acme.person_of(other) not in (None, old)
    assert _verified(database, "ada@acme.example") == [old]


def test_another_human_does_not_get_an_address_in_use_elsewhere(database: Database) -> None:
    """The old person is a member of another organization meanwhile: their address is not taken from them."""
    acme = world.live(database)
    other = world.live(database, slug="other", verified=["other.example"])
    ada = acme.create("ada", external_id="00u1")
    old = acme.person_of(ada)
    _member_of(other, str(old))
    acme.delete(ada)
    acme.create("ada", external_id="00u2")
    assert _verified(database, "ada@acme.example") == [old]


def _member_of(world: World, person: str) -> None:
    owner = world.member("owner@other.example")
    with world.database.engine.begin() as tx:
        row = tx.execute(select(t.Membership).where(t.Membership.id == owner.id)).one()._mapping
        tx.execute(insert(t.Membership).values(**{**row, "id": new_id(), "person_id": person, "role": "member"}))


def _verified(database: Database, email: str) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(select(t.Address.person_id).where(t.Address.email_key == email, t.Address.verified)).scalars())


def test_the_same_external_id_under_another_name_is_another_human_and_noted(database: Database) -> None:
    """Perhaps a marriage, perhaps a mistake: the admin sees it and may link. The address stays where it is."""
    acme = world.live(database)
    ada = acme.create("ada", external_id="00u1")
    old = acme.person_of(ada)
    acme.delete(ada)
    renamed = acme.create("lovelace", email="ada@acme.example", external_id="00u1")
    assert acme.person_of(renamed) not in (None, old)
    assert [item.target for item in acme.audit("directory.same_external_id")] == ["lovelace"]
    assert _verified(database, "ada@acme.example") == [old]


def test_a_user_name_is_free_again_after_deletion_while_the_id_is_not(database: Database) -> None:
    """RFC 7644 section 3.6; ids are never given twice."""
    acme = world.live(database)
    ids = set()
    for _ in range(3):
        ada = acme.create("ada")
        ids.add(ada)
        acme.delete(ada)
    assert len(ids) == 3


def test_who_was_deleted_live_and_pushed_while_staged_comes_back_as_a_rehire(database: Database) -> None:
    """With what was given by hand, as if pushed while live."""
    acme = world.live(database)
    ada = acme.create("ada")
    person = acme.person_of(ada)
    members.set_role(database, acme.organization, "ada@acme.example", "admin")
    acme.delete(ada)
    acme.directory("staging")
    again = acme.create("ada")
    acme.directory("live")
    assert (acme.person_of(again), acme.member("ada").role) == (person, "admin")


def test_who_was_deleted_while_staged_is_recognised_when_going_live(database: Database) -> None:
    """The IdP deletes and pushes again before the directory is live again: the member keeps their place."""
    acme = world.live(database)
    ada = acme.create("ada")
    person = acme.person_of(ada)
    acme.directory("staging")
    acme.delete(ada)
    again = acme.create("ada")
    acme.directory("live")
    assert acme.person_of(again) == person
    assert acme.member("ada").status == "active"
