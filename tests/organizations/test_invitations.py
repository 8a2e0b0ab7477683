"""Inviting: who may, whom, to what; sent again, cancelled, listed, expired, ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, func, select, update

from connector.accounts.invitation_mail import mail_ended
from connector.membership.opening import Authentication
from connector.organizations import entitlements, invitation_links, invitations, joining, settings
from connector.provisioning.acting import Actor
from connector.provisioning.corridor import Origin, enter
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts import people
from tests.accounts.people import acme_in_sso
from tests.organizations.inviting import BASE, LEO, SEALER, WEEK, Inviting, inviting, mails, refused, token_of
from tests.support.statements import statements


def ended(acme: Inviting, *because: str) -> int:
    """What the switch to sso does to invitations."""
    origin = Origin("operator", "went live")
    return enter(acme.database, acme.id, origin, lambda corridor: invitations.end_pending(corridor, because), exclusive=True)


def told(database: Database) -> list[tuple[str, str, str]]:
    """Relay what happened, and return the mails that say so."""
    now = datetime.now(UTC)
    relay(database, lambda tx, events: mail_ended(tx, SEALER, BASE, events, now))
    return mails(database, "invitation.ended")


# ---------------------------------------------------------------------------------------------------------------- inviting


def test_an_admin_invites_and_one_mail_waits(database: Database) -> None:
    """With the organization's default role; it says who, to what, until when; nobody is made of it. One audit entry."""
    acme = inviting(database)
    cleo = acme.member("cleo", "admin")
    found = acme.invite(LEO, actor=cleo)
    assert (found.email, found.role, found.status, found.invited_by) == (LEO, "member", "pending", "cleo@elsewhere.example")
    assert found.expires_at - found.created_at == WEEK
    [(recipient, subject, text)] = mails(database)
    assert (recipient, subject) == (LEO, "You are invited to Acme")
    words = " ".join(text.split())
    assert 'Ada (cleo@elsewhere.example) invites you to join Acme at id.example, with the role "member".' in words
    assert f"{found.expires_at:%B %Y, %H:%M} UTC" in words
    assert acme.audit() == [("cleo@elsewhere.example", "invitation.created", LEO)]
    with database.read() as tx:
        assert tx.execute(select(func.count()).where(t.Address.email_key == LEO)).scalar_one() == 0


@pytest.mark.parametrize(
    ("role", "given", "code"),
    [
        ("owner", "owner", None),
        ("admin", "admin", None),
        ("admin", "member", None),
        ("admin", "billing", None),
        ("admin", "owner", "role_above"),
        ("member", "member", "permission_missing"),
        ("billing", "member", "permission_missing"),
        ("owner", "emperor", "unknown_role"),
    ],
)
def test_who_may_invite_to_what(database: Database, role: str, given: str, code: str | None) -> None:
    """The ceiling of each role of the preset oagents."""
    acme = inviting(database)
    actor = acme.member("cleo", role)
    if code is None:
        assert acme.invite(role=given, actor=actor).role == given
    else:
        assert refused(lambda: acme.invite(role=given, actor=actor)) == code
        assert mails(database) == []


def test_for_an_outsider_there_is_no_such_organization(database: Database) -> None:
    """Inviting, listing, sending again, cancelling: 404 each."""
    acme, bell = inviting(database), inviting(database, "bell")
    found, stranger = acme.invite(), bell.owner
    for verb in (
        lambda: acme.invite("else@b.example", actor=stranger),
        lambda: acme.listed(actor=stranger),
        lambda: acme.resend(found, stranger),
        lambda: acme.cancel(found, stranger),
    ):
        assert refused(verb) == "organization_not_found"
    for foreign in (lambda: bell.resend(found, stranger), lambda: bell.cancel(found, stranger)):
        assert refused(foreign) == "invitation_not_found"


def test_a_super_admin_invites_where_they_do_not_belong(database: Database) -> None:
    """Signed in locally."""
    acme, bell = inviting(database), inviting(database, "bell")
    assert acme.invite(role="owner", actor=replace(bell.owner, super_admin=True)).invited_by == "owner@bell.example"


@pytest.mark.parametrize("again", [LEO, "LEO@Elsewhere.example", " leo@elsewhere.example "])
def test_an_address_has_one_open_invitation(database: Database, again: str) -> None:
    """However it is written; once it has expired there may be another, without waiting for the sweeper."""
    acme = inviting(database)
    first = acme.invite()
    assert refused(lambda: acme.invite(again)) == "invitation_pending"
    with time_machine.travel(datetime.now(UTC) + WEEK + timedelta(seconds=1)):
        second = acme.invite(again)
        assert [each.status for each in acme.listed()] == ["expired", "pending"]
    assert acme.status(first) == "expired"
    assert second.id != first.id


def test_two_spellings_of_a_domain_are_one_address(database: Database) -> None:
    """In its own script and encoded."""
    acme = inviting(database)
    acme.invite("leo@bücher.example")
    assert refused(lambda: acme.invite("leo@xn--bcher-kva.example")) == "invitation_pending"
    people.person(database, "leo@xn--bcher-kva.example")
    page = joining.mine(database, str(acme.actor("leo@xn--bcher-kva.example").person_id), limit=5)
    assert [each.email for each in page.items] == ["leo@bücher.example"]


def test_members_are_not_invited(database: Database) -> None:
    """By a verified address; an unverified one is nobody's."""
    acme = inviting(database)
    acme.member("leo", "member")
    assert refused(acme.invite) == "already_member"
    people.person(database, "mia@elsewhere.example", verified=False)
    assert acme.invite("mia@elsewhere.example").status == "pending"


@pytest.mark.parametrize("email", ["", "leo", "leo@", "a@b@c.example", "leo@elsewhere.example\n", "Leo <leo@elsewhere.example>"])
def test_what_is_no_address_is_refused(database: Database, email: str) -> None:
    """Spaces around it do not matter, but control characters do not belong there."""
    acme = inviting(database)
    if email.strip() == LEO:
        assert acme.invite(email).email == LEO
    else:
        assert refused(lambda: acme.invite(email)) == "email_invalid"


def test_where_invitations_are_switched_off_nobody_is_invited(database: Database) -> None:
    """TG-6: early access, organization by organization; listing and cancelling go on."""
    acme = inviting(database, preset="together")
    found = acme.invite()
    entitlements.switch(database, acme.id, {"invitations": False})
    assert refused(lambda: acme.invite("mia@elsewhere.example", actor=acme.owner)) == "not_enabled"
    assert refused(lambda: acme.resend(found)) == "not_enabled"
    acme.cancel(found)


def test_in_sso_nobody_is_invited(database: Database) -> None:
    """Not even by the operator."""
    home, owner = acme_in_sso(database)
    acme = Inviting(database, home.organization, "acme")
    through = Authentication("saml", home.organization, home.connection, True)
    assert refused(acme.invite) == "membership_mode"
    assert refused(lambda: acme.invite(actor=Actor("owner", owner, (through,)))) == "membership_mode"
    assert acme.listed() == []


def test_how_long_it_is_good_is_a_setting(database: Database) -> None:
    """A week where nobody said so."""
    acme = inviting(database)
    settings.replace(database, acme.id, "general", {"invitation_days": 2})
    found = acme.invite()
    assert found.expires_at - found.created_at == timedelta(days=2)


def test_a_mailbox_is_not_filled(database: Database) -> None:
    """Twenty times an hour, whoever asks; the operator may go on."""
    acme = inviting(database)
    for _ in range(20):
        acme.cancel(acme.invite(actor=acme.owner))
    assert refused(lambda: acme.invite(actor=acme.owner)) == "too_many_requests"
    assert acme.invite().status == "pending"


# -------------------------------------------------------------------------------------------------------- again, and over


def test_sent_again_it_has_a_new_link_and_a_new_week(database: Database) -> None:
    """The old link is dead, the id stays, and who sends it vouches for it."""
    acme = inviting(database)
    found, old = acme.invite(), token_of(database)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3)):
        again = acme.resend(found, acme.owner)
        new = token_of(database)
        assert refused(lambda: invitation_links.look(database, old)) == "invitation_not_found"
        assert invitation_links.look(database, new).email == LEO
    assert (again.id, again.created_at, again.invited_by) == (found.id, found.created_at, "owner@acme.example")
    assert timedelta(days=3) <= again.expires_at - found.expires_at < timedelta(days=3, minutes=1)
    assert [action for _, action, _ in acme.audit()] == ["invitation.created", "invitation.resent"]


def test_sending_again_is_bounded(database: Database) -> None:
    """Five times an hour."""
    acme = inviting(database)
    found = acme.invite()
    for _ in range(5):
        acme.resend(found, acme.owner)
    assert refused(lambda: acme.resend(found, acme.owner)) == "too_many_requests"


def test_cancelled_it_is_over(database: Database) -> None:
    """For the link, for sending it again and for cancelling once more; the address may be invited anew. One entry."""
    acme = inviting(database)
    found, token = acme.invite(), token_of(database)
    acme.cancel(found, acme.owner)
    for verb in (lambda: invitation_links.look(database, token), lambda: acme.resend(found), lambda: acme.cancel(found)):
        assert refused(verb) == "invitation_over"
    assert acme.audit()[1:] == [("owner@acme.example", "invitation.cancelled", LEO)]
    assert acme.invite().status == "pending"


def test_an_admin_does_not_touch_what_is_above_them(database: Database) -> None:
    """An invitation to owner is the owners' to send again and to cancel."""
    acme = inviting(database)
    found, admin = acme.invite(role="owner"), acme.member("cleo", "admin")
    assert refused(lambda: acme.resend(found, admin)) == "role_above"
    assert refused(lambda: acme.cancel(found, admin)) == "role_above"


@pytest.mark.parametrize(
    ("after", "code"),
    [(WEEK - timedelta(seconds=5), None), (WEEK + timedelta(seconds=1), "invitation_expired")],
    ids=["in time", "too late"],
)
def test_a_week_later_it_has_expired(database: Database, after: timedelta, code: str | None) -> None:
    """At its moment, whether or not somebody has marked it; the list says so too."""
    acme = inviting(database)
    found, token = acme.invite(), token_of(database)
    with time_machine.travel(datetime.now(UTC) + after):
        if code is None:
            assert invitation_links.look(database, token).email == LEO
            return
        for verb in (lambda: invitation_links.look(database, token), lambda: acme.resend(found), lambda: acme.cancel(found)):
            assert refused(verb) == code
        assert [each.status for each in acme.listed("expired")] == ["expired"]
        assert acme.listed("pending") == []


def test_the_sweeper_marks_what_has_expired_and_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches, over all organizations."""
    monkeypatch.setattr(invitations, "_BATCH", 2)
    acme, bell = inviting(database), inviting(database, "bell")
    old = [each.invite(f"p{number}@b.example") for each in (acme, bell) for number in range(3)]
    over = acme.invite("over@b.example")
    acme.cancel(over)
    now = datetime.now(UTC) + WEEK + timedelta(minutes=1)
    with time_machine.travel(now):
        fresh = acme.invite("fresh@b.example")
    invitations.sweep(database, now)
    assert {each.id: acme.status(each) for each in (*old, over, fresh)} == {
        **{each.id: "expired" for each in old},
        over.id: "cancelled",
        fresh.id: "pending",
    }


def test_the_list_is_paged_and_filtered_with_one_statement(database: Database) -> None:
    """Oldest first; each page goes on behind the last, with the inviter's name and without one statement more per row."""
    acme = inviting(database)
    made = [acme.invite(f"p{number}@b.example", actor=acme.owner) for number in range(5)]
    acme.cancel(made[1])
    with statements(database.engine) as asked:
        first = invitations.list_(database, acme.id, limit=2, actor=acme.owner)
    few = len(asked)
    with statements(database.engine) as asked:
        rest = invitations.list_(database, acme.id, limit=10, after=first.next, actor=acme.owner)
    assert len(asked) == few
    assert [each.id for each in (*first.items, *rest.items)] == [each.id for each in made]
    assert (first.next, rest.next) == (made[1].id, None)
    assert {each.invited_by for each in first.items} == {"owner@acme.example"}
    assert [each.id for each in acme.listed("cancelled")] == [made[1].id]
    assert len(acme.listed("pending")) == 4


# ------------------------------------------------------------------------------------------------------------ going over


def test_going_over_to_sso_ends_what_is_open_and_says_where_to_sign_in(database: Database) -> None:
    """One entry and one mail for each open one, told once; what had expired is expired."""
    acme = inviting(database)
    stale = acme.invite("stale@b.example")
    with database.engine.begin() as tx:
        tx.execute(update(t.Invitation).where(t.Invitation.id == stale.id).values(expires_at=people.NOW))
    first, second = acme.invite(), acme.invite("mia@elsewhere.example")
    token = token_of(database)
    assert ended(acme, "members come from SSO now") == 2
    assert [acme.status(each) for each in (stale, first, second)] == ["expired", "ended", "ended"]
    assert [target for _, action, target in acme.audit() if action == "invitation.ended"] == [LEO, "mia@elsewhere.example"]
    for _ in range(2):
        sent = told(database)
        assert [(to, subject) for to, subject, _ in sent] == [
            (LEO, "Sign in to Acme with your work account"),
            ("mia@elsewhere.example", "Sign in to Acme with your work account"),
        ]
    assert f"{BASE}/login\n" in sent[0][2]
    assert refused(lambda: invitation_links.look(database, token)) == "invitation_over"


def test_of_a_deleted_organization_nobody_is_told_any_more(database: Database) -> None:
    """It is as if it were not there: its links lead nowhere, and no mail is written about it."""
    acme = inviting(database)
    acme.invite()
    token = token_of(database)
    ended(acme)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).where(t.Organization.id == acme.id).values(deleted_at=people.NOW))
    assert told(database) == []
    assert refused(lambda: invitation_links.look(database, token)) == "invitation_not_found"


def test_whoever_was_put_out_invites_nobody(database: Database) -> None:
    """The role of this moment counts, not that of the request's beginning."""
    acme = inviting(database)
    actor = acme.member("cleo", "admin")
    with database.engine.begin() as tx:
        tx.execute(delete(t.Membership).where(t.Membership.person_id == actor.person_id))
    assert refused(lambda: acme.invite(actor=actor)) == "organization_not_found"
    assert refused(lambda: acme.listed(actor=actor)) == "organization_not_found"
