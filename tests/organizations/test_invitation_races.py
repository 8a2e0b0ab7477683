"""Invitations at the same moment: whoever is first, one thing has happened, everybody was told the truth, and nothing is in half.

Each race is run several times on both databases; the laws at the end are asked of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import exists, func, select, update

from connector.accounts import persons
from connector.organizations import invitation_links, invitations, members
from connector.organizations.invitation_rows import InvitationView
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts import people
from tests.organizations.inviting import HERE, LEO, Inviting, inviting, token_of
from tests.support.racing import race

ROUNDS = 6
Verb = Callable[[], object]


def assert_sound(database: Database) -> None:
    """What holds whatever happened."""
    row, member, address = t.Invitation, t.Membership, t.Address
    pending = (row.status == "pending",)
    twice = select(row.email_key).where(*pending).group_by(row.organization_id, row.email_key).having(func.count() > 1)
    joined = exists().where(
        member.organization_id == row.organization_id,
        member.person_id == address.person_id,
        address.email_key == row.email_key,
        member.joined_by == "invitation",
    )
    owed = exists().where(
        row.organization_id == member.organization_id,
        row.email_key == address.email_key,
        address.person_id == member.person_id,
        row.status == "accepted",
    )
    role = exists().where(t.Assignment.membership_id == member.id, t.Assignment.source == "invitation")
    sso = exists().where(t.Organization.id == row.organization_id, t.Organization.membership_mode == "sso")
    people_twice = select(address.email_key).where(address.verified).group_by(address.email_key).having(func.count() > 1)
    with database.read() as tx:
        for law, broken in {
            "one is open for an address": twice,
            "what was accepted is a membership": select(row.id).where(row.status == "accepted", ~joined),
            "who joined so had accepted": select(member.id).where(member.joined_by == "invitation", ~owed),
            "and has the row of it": select(member.id).where(member.joined_by == "invitation", ~role),
            "none is open in sso": select(row.id).where(*pending, sso),
            "an address is one person's": people_twice,
        }.items():
            assert tx.execute(broken).all() == [], law


def opened(database: Database, slug: str) -> tuple[Inviting, InvitationView, str]:
    """An organization, an invitation, and its token."""
    acme = inviting(database, slug)
    found = acme.invite()
    return acme, found, token_of(database)


def test_two_invitations_of_one_address_are_one(database: Database) -> None:
    """OA-21: one 201, and one mail; also over one that has expired."""
    for number in range(ROUNDS):
        acme = inviting(database, f"acme{number}")
        if number % 2:
            stale = acme.invite()
            with database.engine.begin() as tx:
                tx.execute(update(t.Invitation).where(t.Invitation.id == stale.id).values(expires_at=people.NOW))
        made, codes = race([acme.invite] * 3)
        assert (len(made), codes) == (1, ["invitation_pending"] * 2)
        assert len(acme.listed("pending")) == 1
    assert_sound(database)


def test_accepted_by_two_at_once_it_is_accepted_once(database: Database) -> None:
    """Signed in, from two browsers."""
    for number in range(ROUNDS):
        acme, found, _ = opened(database, f"acme{number}")
        if number == 0:
            people.person(database, LEO)
        done, codes = race([partial(acme.accept, found)] * 3)
        assert (len(done), codes) == (1, ["invitation_over"] * 2)
    assert_sound(database)


def test_a_link_used_twice_at_once_makes_one_person(database: Database) -> None:
    """One is signed in; the other finds it over, or an account with the address."""
    for number in range(ROUNDS):
        acme = inviting(database, f"acme{number}")
        email = f"leo{number}@elsewhere.example"
        acme.invite(email)
        token = token_of(database, email)
        done, codes = race([partial(acme.accept_link, token)] * 3)
        assert len(done) == 1
        assert set(codes) <= {"invitation_over", "sign_in_first"}
    assert_sound(database)


def test_two_links_of_one_new_person_at_once(database: Database) -> None:
    """Invited to two organizations, and both links opened: one makes the account, the other asks to sign in."""
    for number in range(ROUNDS):
        email = f"leo{number}@elsewhere.example"
        verbs: list[Verb] = []
        for home in (inviting(database, f"{name}{number}") for name in ("acme", "bell")):
            home.invite(email)
            verbs.append(partial(home.accept_link, token_of(database, email)))
        done, codes = race(verbs)
        assert (len(done), codes) == (1, ["sign_in_first"])
    assert_sound(database)


def test_with_one_organization_per_account_one_of_two_acceptances_holds(database: Database) -> None:
    """TG-2, raced: the person's row is locked before anybody looks where else they belong."""
    for number in range(ROUNDS):
        email = f"leo{number}@elsewhere.example"
        people.person(database, email)
        homes = [inviting(database, f"{name}{number}", single=True) for name in ("acme", "bell", "cast")]
        done, codes = race([partial(home.accept, home.invite(email), email) for home in homes])
        assert (len(done), codes) == (1, ["single_org"] * 2)
        assert sum(email in home.members() for home in homes) == 1
    assert_sound(database)


def _cancelled(acme: Inviting, found: InvitationView) -> None:
    acme.cancel(found)


def _declined(acme: Inviting, found: InvitationView) -> None:
    invitation_links.decline(acme.database, token_of(acme.database), HERE, actor=None)


def _expired(acme: Inviting, found: InvitationView) -> None:
    """Its moment comes, and the sweeper with it."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Invitation).where(t.Invitation.id == found.id).values(expires_at=people.NOW))
    invitations.sweep(acme.database, datetime.now(UTC))


def _ended(acme: Inviting, found: InvitationView) -> None:
    """The organization goes over to sso."""
    _goes_over(acme)


def _goes_over(acme: Inviting) -> None:
    def work(corridor: Corridor) -> None:
        invitations.end_pending(corridor, ["went live"])
        corridor.tx.execute(update(t.Organization).where(t.Organization.id == acme.id).values(membership_mode="sso"))

    enter(acme.database, acme.id, Origin("operator", "went live"), work, exclusive=True)


def _resent(acme: Inviting, found: InvitationView) -> None:
    acme.resend(found)


def _demoted(acme: Inviting, found: InvitationView) -> None:
    """Who invited may not any more."""
    members.set_role(acme.database, acme.id, found.invited_by or "", "member")


OVER = ("invitation_over", "invitation_expired", "membership_mode")


@pytest.mark.parametrize(
    ("other", "refusals"),
    [
        (_cancelled, OVER),
        (_declined, (*OVER, "invitation_not_found")),
        (_expired, OVER),
        (_ended, OVER),
        (_resent, OVER),
        (_demoted, ("inviter_may_not",)),
    ],
)
def test_accepting_against_everything_that_ends_it(
    database: Database, other: Callable[[Inviting, InvitationView], None], refusals: tuple[str, ...]
) -> None:
    """Either the person is a member and it says accepted, or they are not and it says what ended it; never both, never 500."""
    people.person(database, LEO)
    for number in range(ROUNDS):
        acme = inviting(database, f"acme{number}")
        found = acme.invite(actor=acme.member(f"cleo{number}", "admin"))
        verbs: list[Verb] = [partial(acme.accept, found), partial(other, acme, found)]
        _, codes = race(verbs)
        assert set(codes) <= set(refusals), codes
        assert (LEO in acme.members()) == (acme.status(found) == "accepted")
    assert_sound(database)


def test_inviting_while_the_organization_goes_over_to_sso(database: Database) -> None:
    """The exclusion: afterwards nothing is open, whoever was first."""
    for number in range(ROUNDS):
        acme = inviting(database, f"acme{number}")
        verbs: list[Verb] = [acme.invite, partial(_goes_over, acme)]
        _, codes = race(verbs)
        assert set(codes) <= {"membership_mode"}
        assert acme.listed("pending") == []
    assert_sound(database)


def test_a_sign_up_at_the_moment_of_joining(database: Database) -> None:
    """Somebody signs in by mail while they use the link of an invitation: one account, and no error of the database."""
    for number in range(ROUNDS):
        email = f"leo{number}@elsewhere.example"
        acme = inviting(database, f"acme{number}")
        acme.invite(email)
        arrives = partial(persons.find_or_make, email=email, now=datetime.now(UTC))
        verbs: list[Verb] = [partial(acme.accept_link, token_of(database, email)), partial(database.write, arrives)]
        _, codes = race(verbs)
        assert set(codes) <= {"sign_in_first"}
    assert_sound(database)
