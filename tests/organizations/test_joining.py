"""Accepting and declining: signed in, and by the link alone; and everything that stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from sqlalchemy import delete, func, insert, select, update

from connector.accounts import sessions
from connector.membership.opening import opens_personal
from connector.organizations import invitation_links, joining, member_explained, members
from connector.provisioning.acting import OPERATOR, Actor
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.accounts import people
from tests.organizations.inviting import HERE, LEO, WEEK, Inviting, inviting, refused, token_of
from tests.support.world import rows


def leo(database: Database) -> Actor:
    """Somebody with an account, and nothing else."""
    people.person(database, LEO)
    return Actor(LEO, people.holder(database, LEO))


def count(database: Database, email: str) -> int:
    """How many addresses there are so."""
    with database.read() as tx:
        return tx.execute(select(func.count()).where(t.Address.email_key == email)).scalar_one()


# -------------------------------------------------------------------------------------------------------- with an account


def test_the_invited_person_finds_and_accepts_it(database: Database) -> None:
    """They have the role that was promised, by a row that says where it came from; one entry says who and why."""
    acme = inviting(database)
    actor = leo(database)
    found = acme.invite(role="admin", actor=acme.owner)
    [shown] = joining.mine(database, str(actor.person_id), limit=5).items
    assert (shown.id, shown.organization.slug, shown.organization.display_name) == (found.id, "acme", "Acme")
    assert (shown.role, shown.invited_by, shown.email) == ("admin", "owner@acme.example", LEO)
    joined = acme.accept(found)
    assert (joined.organization.id, joined.role) == (acme.id, "admin")
    assert acme.members()[LEO] == ("admin", "invitation")
    assert acme.status(found) == "accepted"
    assert acme.audit("member.")[-1:] == [(LEO, "member.joined", LEO)]
    assert acme.audit() == [("owner@acme.example", "invitation.created", LEO)]
    assert joining.mine(database, str(actor.person_id), limit=5).items == ()
    told = member_explained.explain_member(database, acme.id, LEO)
    assert [(item.level, item.source) for item in told.because] == [("admin", "invitation")]


def test_who_signs_up_later_finds_it_too(database: Database) -> None:
    """OA-20: an invitation waits for whoever proves the address, and for nobody who only says so."""
    acme = inviting(database)
    acme.invite()
    claimed = people.person(database, LEO, verified=False)
    assert joining.mine(database, claimed, limit=5).items == ()
    actor = leo(database)
    assert [each.organization.id for each in joining.mine(database, str(actor.person_id), limit=5).items] == [acme.id]


def test_any_verified_address_of_a_person_counts(database: Database) -> None:
    """Not only the primary one."""
    acme = inviting(database)
    actor = leo(database)
    second = {"email": "Leo@work.example", "email_key": "leo@work.example", "verified": True, "is_primary": False}
    with database.engine.begin() as tx:
        tx.execute(insert(t.Address).values(id=new_id(), person_id=actor.person_id, **second, created_at=people.NOW))
    acme.accept(acme.invite("leo@work.example"))
    assert acme.members()[LEO] == ("member", "invitation")


def test_the_list_goes_page_by_page(database: Database) -> None:
    """Oldest first, over all organizations."""
    actor = leo(database)
    made = [inviting(database, slug).invite().id for slug in ("acme", "bell", "cast")]
    first = joining.mine(database, str(actor.person_id), limit=2)
    rest = joining.mine(database, str(actor.person_id), limit=2, after=first.next)
    assert [[each.id for each in page.items] for page in (first, rest)] == [made[:2], made[2:]]
    assert rest.next is None


@pytest.mark.parametrize("verb", [joining.accept, joining.decline])
def test_for_anybody_else_there_is_no_such_invitation(database: Database, verb: Callable[..., object]) -> None:
    """A stranger, the inviter, the operator, somebody who only claims the address; and a made-up id."""
    acme = inviting(database)
    found = acme.invite(actor=acme.owner)
    claims = Actor("claims", people.person(database, LEO, verified=False))
    before = rows(database)
    for actor in (inviting(database, "bell").owner, acme.owner, OPERATOR, claims):
        assert refused(partial(verb, database, found.id, actor=actor)) == "invitation_not_found"
    assert refused(lambda: verb(database, "no-such-id", actor=acme.owner)) == "invitation_not_found"
    assert acme.status(found) == "pending"
    assert rows(database)["membership"] == before["membership"] + 1  # the founder of the other organization


def test_declined_it_is_over_and_may_be_offered_again(database: Database) -> None:
    """Nothing is made; one entry by the invited person."""
    acme = inviting(database)
    actor = leo(database)
    found = acme.invite()
    joining.decline(database, found.id, actor=actor)
    assert (acme.status(found), LEO in acme.members()) == ("declined", False)
    assert acme.audit()[1:] == [(LEO, "invitation.declined", LEO)]
    for verb in (lambda: acme.accept(found), lambda: joining.decline(database, found.id, actor=actor)):
        assert refused(verb) == "invitation_over"
    assert acme.invite().status == "pending"


def _gone(acme: Inviting, actor: Actor) -> None:
    with acme.database.engine.begin() as tx:
        tx.execute(delete(t.Membership).where(t.Membership.person_id == actor.person_id))


def _demoted(acme: Inviting, actor: Actor) -> None:
    members.set_role(acme.database, acme.id, actor.name, "member")


def _suspended(acme: Inviting, actor: Actor) -> None:
    members.suspend(acme.database, acme.id, actor.name)


def _made_super_admin(acme: Inviting, actor: Actor) -> None:
    _gone(acme, actor)
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Person).where(t.Person.id == actor.person_id).values(super_admin=True))


@pytest.mark.parametrize(
    ("becomes", "code"),
    [(_demoted, "inviter_may_not"), (_suspended, "inviter_may_not"), (_gone, "inviter_may_not"), (_made_super_admin, None)],
)
def test_what_was_promised_must_still_be_theirs_to_give(
    database: Database, becomes: Callable[[Inviting, Actor], None], code: str | None
) -> None:
    """OA-18: judged again at the moment of joining. Sent again by somebody who may, it is good again."""
    acme = inviting(database)
    leo(database)
    cleo = acme.member("cleo", "admin")
    found = acme.invite(role="admin", actor=cleo)
    becomes(acme, cleo)
    if code is None:
        assert acme.accept(found).role == "admin"
        return
    assert refused(lambda: acme.accept(found)) == code
    assert acme.status(found) == "pending"
    acme.resend(found, acme.owner)
    assert acme.accept(found).role == "admin"


def test_the_ceiling_of_the_inviter_is_that_of_today(database: Database) -> None:
    """An owner who invited an owner is an admin now: still one who invites, but not to that."""
    acme = inviting(database)
    leo(database)
    cleo = acme.member("cleo", "owner")
    as_owner, as_member = acme.invite(role="owner", actor=cleo), acme.invite("mia@b.example", "member", cleo)
    people.person(database, "mia@b.example")
    members.set_role(database, acme.id, cleo.name, "admin")
    assert refused(lambda: acme.accept(as_owner)) == "inviter_may_not"
    assert acme.accept(as_member, "mia@b.example").role == "member"


def test_who_belongs_there_already_joins_no_second_time(database: Database) -> None:
    """Suspended or not: an invitation is no way around a suspension. It is not shown to them either."""
    acme = inviting(database)
    found = acme.invite()
    actor = acme.member("leo", "member")
    assert refused(lambda: acme.accept(found)) == "already_member"
    members.suspend(database, acme.id, LEO)
    assert refused(lambda: acme.accept(found)) == "already_member"
    assert joining.mine(database, str(actor.person_id), limit=5).items == ()


def test_a_week_later_it_has_expired(database: Database) -> None:
    """OH-10, for the signed-in too; it is not shown any more."""
    acme = inviting(database)
    actor = leo(database)
    found = acme.invite()
    with time_machine.travel(datetime.now(UTC) + WEEK + timedelta(seconds=1)):
        assert refused(lambda: acme.accept(found)) == "invitation_expired"
        assert joining.mine(database, str(actor.person_id), limit=5).items == ()


def test_in_sso_nobody_joins_by_an_invitation(database: Database) -> None:
    """What was open ended when the organization went over; who comes with it hears why."""
    acme = inviting(database)
    leo(database)
    found = acme.invite()
    with database.engine.begin() as tx:
        tx.execute(update(t.Invitation).values(status="ended"))
        tx.execute(update(t.Organization).values(membership_mode="sso"))
    assert refused(lambda: acme.accept(found)) == "membership_mode"
    assert refused(lambda: invitation_links.look(database, token_of(database))) == "membership_mode"


def test_the_default_project_comes_along(database: Database) -> None:
    """Where the preset has one."""
    acme = inviting(database, preset="together")
    leo(database)
    acme.accept(acme.invite())
    told = member_explained.explain_member(database, acme.id, LEO)
    assert told.member.projects == ("default",)


# ----------------------------------------------------------------------------------------------------- with the link alone


def test_a_link_makes_account_membership_and_session_at_once(database: Database) -> None:
    """TG-9: nobody before; afterwards a person whose address is verified, for the mail reached them, and a session as by a
    mailed link. A second time it is over."""
    acme = inviting(database)
    found = acme.invite(role="billing", actor=acme.owner)
    token = token_of(database)
    offer = invitation_links.look(database, token)
    assert (offer.organization.display_name, offer.role, offer.email) == ("Acme", "billing", LEO)
    assert (offer.invited_by, offer.expires_at, offer.needs_sign_in) == ("owner@acme.example", found.expires_at, False)
    assert count(database, LEO) == 0
    entered = acme.accept_link(token)
    session = sessions.find(database, entered.session_token, datetime.now(UTC))
    assert session is not None
    assert (session.email, session.person_id) == (LEO, people.holder(database, LEO))
    assert [each.method for each in session.authentications] == ["email_link"]
    assert opens_personal(session.authentications, None)
    assert acme.members()[LEO] == ("billing", "invitation")
    assert acme.audit("member.")[-1] == (LEO, "member.joined", LEO)
    for actor in (None, acme.actor(LEO), acme.owner):
        assert refused(partial(acme.accept_link, token, actor)) == "invitation_over"


def test_an_account_is_not_opened_by_an_invitation(database: Database) -> None:
    """TG-10: whoever has one signs in; the refusal says where, and nothing has changed. Signed in they join by the same link."""
    acme = inviting(database)
    actor = leo(database)
    acme.invite()
    token = token_of(database)
    assert invitation_links.look(database, token).needs_sign_in
    before = rows(database)
    with pytest.raises(Exception, match="account") as caught:
        acme.accept_link(token)
    assert (caught.value.code, "/login?next=there" in caught.value.advice) == ("sign_in_first", True)  # type: ignore[attr-defined]
    assert rows(database) == before
    entered = acme.accept_link(token, actor)
    assert (entered.session_token, entered.joined.role) == (None, "member")


@pytest.mark.parametrize("exists", [True, False], ids=["with an account", "without"])
def test_signed_in_as_somebody_else_nobody_joins(database: Database, exists: bool) -> None:
    """Neither the one nor the other: who is signed in has no such address."""
    acme = inviting(database)
    if exists:
        leo(database)
    acme.invite()
    token = token_of(database)
    other = inviting(database, "bell").owner
    assert refused(lambda: acme.accept_link(token, other)) == "other_address"
    assert refused(lambda: invitation_links.decline(database, token, HERE, actor=other)) == "other_address"
    assert refused(lambda: invitation_links.invitation_of(database, token, actor=other)) == "other_address"
    assert count(database, LEO) == int(exists)


def test_a_link_declines_too(database: Database) -> None:
    """With or without an account: who got the mail may say no."""
    acme = inviting(database)
    found = acme.invite()
    invitation_links.decline(database, token_of(database), HERE, actor=None)
    assert (acme.status(found), count(database, LEO)) == ("declined", 0)
    assert acme.audit()[1:] == [(LEO, "invitation.declined", LEO)]


def test_a_link_that_was_never_sent_leads_nowhere(database: Database) -> None:
    """Made up, cut off, or that of a deleted organization."""
    acme = inviting(database)
    acme.invite()
    token = token_of(database)
    for odd in ("", token[:-1], token + "A", "\ud800"):
        assert refused(partial(invitation_links.look, database, odd)) == "invitation_not_found"
        assert refused(partial(acme.accept_link, odd)) == "invitation_not_found"
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(deleted_at=people.NOW))
    assert refused(lambda: invitation_links.look(database, token)) == "invitation_not_found"
    assert refused(lambda: acme.accept_link(token)) == "invitation_not_found"


def test_the_same_address_in_another_spelling_is_the_same_account(database: Database) -> None:
    """Invited with capitals: the account with the address is found, and not a second one made."""
    acme = inviting(database)
    leo(database)
    acme.invite("LEO@Elsewhere.Example")
    assert refused(lambda: acme.accept_link(token_of(database, "LEO@Elsewhere.Example"))) == "sign_in_first"


# ------------------------------------------------------------------------------------------- one organization per account


@pytest.mark.parametrize(
    ("here", "there", "code"),
    [(True, True, "single_org"), (True, False, "single_org"), (False, True, "single_org"), (False, False, None)],
)
def test_one_organization_per_account(database: Database, here: bool, there: bool, code: str | None) -> None:
    """TG-2: it holds whichever of the two has the policy, and not without."""
    acme, bell = inviting(database, single=here), inviting(database, "bell", single=there)
    bell.member("leo", "member")
    found = acme.invite()
    if code is None:
        assert acme.accept(found).role == "member"
    else:
        assert refused(lambda: acme.accept(found)) == code
        assert refused(lambda: acme.accept_link(token_of(database), acme.actor(LEO))) == code
        assert acme.status(found) == "pending"


def test_a_deleted_organization_stands_in_nobodys_way(database: Database) -> None:
    """It is as if it were not there."""
    acme, bell = inviting(database, single=True), inviting(database, "bell", single=True)
    bell.member("leo", "member")
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).where(t.Organization.id == bell.id).values(deleted_at=people.NOW))
    assert acme.accept(acme.invite()).role == "member"
