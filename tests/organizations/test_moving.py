"""Moving from one organization to another: asked by the person, let in by an admin, by the rules of both, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from sqlalchemy import delete, func, insert, select, update

from connector.accounts.sessions import Proof
from connector.organizations import joining, members, moving
from connector.organizations.invitation_rows import InvitationView
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.history import audit
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts import people
from tests.organizations.inviting import LEO, WEEK, Inviting, inviting, refused
from tests.support.racing import race
from tests.support.world import rows


def two(database: Database, role: str = "member") -> tuple[Inviting, Inviting, InvitationView]:
    """Two organizations that do not share people; Leo belongs to the second, as `role`, and is invited to the first."""
    acme, bell = inviting(database, single=True), inviting(database, "bell", single=True)
    bell.member("leo", role)
    return acme, bell, acme.invite(actor=acme.owner)


def asked(acme: Inviting, found: InvitationView) -> None:
    """Leo asks to move."""
    moving.request(acme.database, found.id, actor=acme.actor(LEO))


def approve(acme: Inviting, found: InvitationView, actor: Actor = OPERATOR) -> InvitationView:
    """An admin lets them in."""
    return moving.approve(acme.database, acme.id, found.id, actor=actor)


def belongs(database: Database) -> list[str]:
    """The slugs of where Leo belongs."""
    member, address = t.Membership, t.Address
    found = select(t.Organization.slug).join(member, member.organization_id == t.Organization.id)
    mine = found.join(address, address.person_id == member.person_id).where(address.email_key == LEO)
    with database.read() as tx:
        return sorted(tx.execute(mine).scalars())


def told(database: Database, organization: Inviting) -> list[tuple[str, str, list[str]]]:
    """Actor, action and reasons of everything about Leo there."""
    return [(e.actor, e.action, list(e.because)) for e in audit(database, organization.id) if e.target == LEO]


def test_asked_for_and_agreed_to_it_is_one_step(database: Database) -> None:
    """Each organization's trail has its own side, and neither names the other."""
    acme, bell, found = two(database)
    assert refused(lambda: acme.accept(found)) == "single_org"
    asked(acme, found)
    assert [each.move_requested for each in acme.listed()] == [True]
    assert belongs(database) == ["bell"]
    assert approve(acme, found, acme.owner).status == "accepted"
    assert belongs(database) == ["acme"]
    assert acme.members()[LEO] == ("member", "invitation")
    assert [(actor, action) for actor, action, _ in told(database, acme)] == [
        ("owner@acme.example", "invitation.created"),
        (LEO, "invitation.move_requested"),
        ("owner@acme.example", "member.joined"),
    ]
    [(actor, action, because)] = told(database, bell)
    assert (actor, action, because[0]) == (LEO, "member.left", "moved to another organization")
    assert "acme" not in str(told(database, bell)).lower()
    assert "bell" not in str(told(database, acme)).lower()


def test_asked_twice_it_is_asked_once(database: Database) -> None:
    """One entry."""
    acme, _, found = two(database)
    asked(acme, found)
    asked(acme, found)
    assert len(acme.audit("invitation.move")) == 1


def test_nobody_asks_who_could_just_accept(database: Database) -> None:
    """Without another organization, or where neither has the policy."""
    acme = inviting(database, single=True)
    people.person(database, LEO)
    found = acme.invite()
    assert refused(lambda: asked(acme, found)) == "move_not_needed"


def test_nobody_is_moved_who_did_not_ask(database: Database) -> None:
    """Never silently, not even by the operator."""
    acme, _, found = two(database)
    assert refused(lambda: approve(acme, found)) == "move_not_requested"
    assert belongs(database) == ["bell"]


def test_an_address_that_is_theirs_no_more_asked_for_nothing(database: Database) -> None:
    """The invitation is for whoever has the address."""
    acme, _, found = two(database)
    asked(acme, found)
    with database.engine.begin() as tx:
        tx.execute(update(t.Address).where(t.Address.email_key == LEO).values(verified=False))
    assert refused(lambda: approve(acme, found)) == "move_not_requested"


@pytest.mark.parametrize(
    ("role", "code"), [("owner", None), ("admin", None), ("member", "permission_missing"), ("billing", "permission_missing")]
)
def test_who_may_let_somebody_in(database: Database, role: str, code: str | None) -> None:
    """Who invites; and nobody else."""
    acme, _, found = two(database)
    asked(acme, found)
    actor = acme.member("cleo", role)
    if code is None:
        assert approve(acme, found, actor).status == "accepted"
    else:
        assert refused(lambda: approve(acme, found, actor)) == code
        assert refused(lambda: approve(acme, found, replace(actor, person_id="somebody"))) == "organization_not_found"


def test_the_ceiling_holds_for_who_lets_them_in(database: Database) -> None:
    """An admin does not let in an owner."""
    acme, bell = inviting(database, single=True), inviting(database, "bell", single=True)
    bell.member("leo", "member")
    found = acme.invite(role="owner")
    asked(acme, found)
    assert refused(lambda: approve(acme, found, acme.member("cleo", "admin"))) == "role_above"
    assert approve(acme, found, acme.owner).role == "owner"


def _last_owner(bell: Inviting) -> None:
    with bell.database.engine.begin() as tx:
        tx.execute(delete(t.Membership).where(t.Membership.person_id == bell.owner.person_id))


def _in_sso(bell: Inviting) -> None:
    with bell.database.engine.begin() as tx:
        tx.execute(update(t.Organization).where(t.Organization.id == bell.id).values(membership_mode="sso"))


def _break_glass(bell: Inviting) -> None:
    with bell.database.engine.begin() as tx:
        mine = select(t.Membership.id).where(t.Membership.person_id == people.holder(bell.database, LEO))
        tx.execute(update(t.Assignment).where(t.Assignment.membership_id.in_(mine)).values(source="break_glass"))


@pytest.mark.parametrize(
    ("becomes", "code"), [(_last_owner, "last_owner"), (_in_sso, "managed_by_idp"), (_break_glass, "break_glass")]
)
def test_the_rules_of_where_they_are_hold(database: Database, becomes: Callable[[Inviting], None], code: str) -> None:
    """409, and nothing has happened on either side; the admin does not learn where that is."""
    acme, bell, found = two(database, "owner")
    asked(acme, found)
    becomes(bell)
    before = rows(database)
    with pytest.raises(Exception, match="cannot leave where they are") as caught:
        approve(acme, found, acme.owner)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert "bell" not in f"{caught.value} {caught.value.expected} {caught.value.advice}".lower()  # type: ignore[attr-defined]
    assert (belongs(database), rows(database), acme.status(found)) == (["bell"], before, "pending")


def test_a_suspension_goes_with_the_membership(database: Database) -> None:
    """Whoever was put out there may move as well, and what they had is gone."""
    acme, bell, found = two(database)
    members.suspend(database, bell.id, LEO)
    asked(acme, found)
    approve(acme, found)
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.Suspension)).scalar_one() == 0


def test_only_what_stands_in_the_way_is_left(database: Database) -> None:
    """Where the inviting organization shares its people, those stay that do as well."""
    acme, bell, cast = inviting(database), inviting(database, "bell", single=True), inviting(database, "cast")
    bell.member("leo", "member")
    found = acme.invite()
    with database.engine.begin() as tx:
        person = people.holder(database, LEO)
        row = {"id": "m-cast", "organization_id": cast.id, "person_id": person, "joined_by": "jit", "role": "member"}
        tx.execute(insert(t.Membership).values(**row, created_at=people.NOW))
    asked(acme, found)
    approve(acme, found)
    assert belongs(database) == ["acme", "cast"]


def test_a_move_is_over_with_its_invitation(database: Database) -> None:
    """Expired, declined: 410."""
    acme, _, found = two(database)
    asked(acme, found)
    with time_machine.travel(datetime.now(UTC) + WEEK + timedelta(seconds=1)):
        assert refused(lambda: approve(acme, found)) == "invitation_expired"
    joining.decline(database, found.id, actor=acme.actor(LEO))
    assert refused(lambda: approve(acme, found)) == "invitation_over"
    assert refused(lambda: asked(acme, found)) == "invitation_over"


def test_who_left_meanwhile_simply_joins(database: Database) -> None:
    """There is nothing to leave any more."""
    acme, bell, found = two(database)
    asked(acme, found)
    members.remove(database, bell.id, LEO, block=False)
    assert approve(acme, found).status == "accepted"
    assert belongs(database) == ["acme"]


def test_sign_ins_of_the_old_place_end_with_it(database: Database) -> None:
    """As for everybody who leaves."""
    acme, bell, found = two(database)
    person = people.holder(database, LEO)
    through = Proof("break_glass", bell.id)
    people.sign_in(database, person, through, now=datetime.now(UTC))
    asked(acme, found)
    approve(acme, found)
    with database.read() as tx:
        open_ = select(func.count()).where(t.Authentication.organization_id == bell.id, t.Authentication.ended_at.is_(None))
        assert tx.execute(open_).scalar_one() == 0


def test_two_organizations_that_take_from_each_other_do_not_wait_for_ever(database: Database) -> None:
    """Leo moves from B to A while Mia moves from A to B: both locks are taken in one order."""
    for _ in range(4):
        with database.engine.begin() as tx:
            for table in (t.Invitation, t.Membership, t.Organization, t.Address, t.Person):
                tx.execute(delete(table))
        acme, bell, found = two(database)
        acme.member("mia", "member")
        other = bell.invite("mia@elsewhere.example")
        asked(acme, found)
        moving.request(database, other.id, actor=bell.actor("mia@elsewhere.example"))
        done, codes = race([partial(approve, acme, found), partial(approve, bell, other)])
        assert (len(done), codes) == (2, [])
        assert (belongs(database), "mia@elsewhere.example" in bell.members()) == (["acme"], True)


def test_agreed_to_twice_at_once_it_happens_once(database: Database) -> None:
    """And leaving at the same moment does not break it."""
    acme, bell, found = two(database)
    asked(acme, found)
    leaves = partial(members.remove, database, bell.id, LEO, block=False)
    verbs: list[Callable[[], object]] = [partial(approve, acme, found), partial(approve, acme, found), leaves]
    done, codes = race(verbs)
    assert set(codes) <= {"invitation_over", "member_not_found"}
    assert belongs(database) == ["acme"]
    assert len(done) >= 1
    assert [action for _, action, _ in told(database, acme)].count("member.joined") == 1
