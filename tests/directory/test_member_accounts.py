"""Who a member is at the identity providers, who was pushed and is no member, their sessions here, and their history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from connector.accounts.sessions import Proof
from connector.directory import member_accounts, not_members
from connector.directory.member_accounts import Accounts, Trace
from connector.errors import Forbidden
from connector.organizations import member_history, member_sessions, members
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.accounts.people import LINK, NOW, found, holder, later, methods, sign_in
from tests.support.actors import signed_in
from tests.support.statements import statements
from tests.support.world import OWNER, World, live, staged


def account(acme: World, email: str, subject: str) -> None:
    """Somebody once signed in through the connection, as this subject, and last at NOW."""
    home = {"organization_id": acme.organization, "connection_id": acme.connection, "person_id": holder(acme.database, email)}
    known = {"issuer": "https://idp.example", "kind": "persistent", "subject": subject, "mutable": False, "email": email}
    row = {"id": new_id(), **home, **known, "groups": None, "attributes": {}, "created_at": NOW, "last_sign_in_at": NOW}
    with acme.database.engine.begin() as tx:
        tx.execute(insert(t.ExternalIdentity).values(**row))


def test_the_accounts_of_a_member_are_what_was_pushed_and_what_signs_in(database: Database) -> None:
    """Each with the name of its connection."""
    acme = live(database)
    zoe = acme.create("zoe", external_id="00u1")
    account(acme, "zoe@acme.example", "sub-zoe")
    known = member_accounts.show(database, acme.organization, "zoe@acme.example")
    [pushed], [signs_in] = known.pushed, known.signs_in
    told = (pushed.id, pushed.user_name, pushed.external_id, pushed.connection_name, pushed.directory, pushed.active)
    assert told == (zoe, "zoe", "00u1", "Okta", "live", True)
    assert (signs_in.subject, signs_in.connection_name, signs_in.last_sign_in_at) == ("sub-zoe", "Okta", NOW)


def test_nothing_of_another_organization_is_told(database: Database) -> None:
    """Zoë belongs to both; each knows its own accounts, sessions and sign-ins."""
    acme, other = live(database), live(database, slug="other", verified=["other.example"])
    zoe = acme.create("zoe")
    account(acme, "zoe@acme.example", "sub-zoe")
    person = holder(database, "zoe@acme.example")
    join(other, person)
    sign_in(database, person, Proof("saml", acme.organization, acme.connection), now=datetime.now(UTC))
    assert member_sessions.list_(database, acme.organization, person)
    assert member_accounts.show(database, other.organization, person) == Accounts((), ())
    assert member_accounts.traces(database, other.organization, [person]) == {person: Trace()}
    assert member_sessions.list_(database, other.organization, person) == ()
    assert zoe not in str(member_history.page(database, other.organization, person, limit=50))


def join(world: World, person: str) -> None:
    """Somebody who has an account belongs to this organization too."""
    row = {"id": new_id(), "organization_id": world.organization, "person_id": person, "role": "member", "joined_by": "manual"}
    with world.database.engine.begin() as tx:
        tx.execute(insert(t.Membership).values(**row, created_at=NOW))


def test_a_page_of_people_is_traced_with_as_many_statements_as_one(database: Database) -> None:
    """By whom they were pushed, and when they came last; break-glass counts as well."""
    acme = live(database)
    for name in ("zoe", "ian"):
        acme.create(name)
    account(acme, "zoe@acme.example", "sub-zoe")
    owner = holder(database, OWNER)
    sign_in(database, owner, Proof("break_glass", acme.organization), now=later(hours=1))
    people = [holder(database, f"{name}@acme.example") for name in ("zoe", "ian")] + [owner]
    costs = []
    for some in (people[:1], people):
        with statements(database.engine) as sent:
            told = member_accounts.traces(database, acme.organization, some)
        costs.append(len(sent))
    assert costs[0] == costs[1]
    assert [told[each] for each in people] == [
        Trace("Okta", "Okta", NOW),
        Trace("Okta", None, None),
        Trace(None, None, later(hours=1)),
    ]


def test_those_who_were_pushed_and_do_not_belong_are_listed(database: Database) -> None:
    """All of a staged directory; of a live one whom it does not let in. Found by how they begin."""
    acme = staged(database)
    acme.create("zoe")
    gus = acme.create("gus", active=False)
    assert [each.user_name for each in not_members.list_(database, acme.organization).items] == ["zoe", "gus"]
    acme.activate()
    page = not_members.list_(database, acme.organization)
    assert [(each.id, each.active, each.directory) for each in page.items] == [(gus, False, "live")]
    assert not not_members.list_(database, acme.organization, q="zo").items
    assert [each.id for each in not_members.list_(database, acme.organization, q="GU").items] == [gus]
    assert not not_members.list_(database, acme.organization, after=gus).items


def test_a_member_is_signed_out_of_this_organization_and_of_no_other(database: Database) -> None:
    """What was signed in locally stays; the audit trail says who did it."""
    acme = live(database)
    acme.create("zoe")
    zoe = holder(database, "zoe@acme.example")
    now = datetime.now(UTC)
    token = sign_in(database, zoe, LINK, now=now)
    token = sign_in(database, zoe, Proof("saml", acme.organization, acme.connection), token=token, now=now)
    [session] = member_sessions.list_(database, acme.organization, zoe)
    assert (session.method, session.connection) == ("saml", "Okta")
    member_sessions.end(database, acme.organization, zoe)
    assert member_sessions.list_(database, acme.organization, zoe) == ()
    assert methods(found(database, token, now)) == {"email_link"}
    entry = member_history.page(database, acme.organization, zoe, limit=1).items[0]
    assert (entry.action, entry.target, entry.after) == ("member.signed_out", "zoe@acme.example", {"sessions": 1})


@pytest.mark.parametrize("ask", [member_accounts.show, member_sessions.list_])
def test_everybody_may_ask_about_themselves_and_managers_about_others(database: Database, ask: Callable[..., Any]) -> None:
    """Whoever does not manage members learns nothing about others."""
    acme = staged(database)
    acme.invited("ann@acme.example", "admin")
    acme.invited("bob@acme.example", "member")
    ann, bob = (signed_in(acme, f"{name}@acme.example") for name in ("ann", "bob"))
    ask(database, acme.organization, bob.person_id, actor=bob)
    ask(database, acme.organization, bob.person_id, actor=ann)
    with pytest.raises(Forbidden, match=r"members\.manage"):
        ask(database, acme.organization, ann.person_id, actor=bob)


def test_nobody_signs_out_whose_role_is_above_what_they_may_give(database: Database) -> None:
    """An admin does not throw the owner out."""
    acme = staged(database)
    acme.invited("ann@acme.example", "admin")
    with pytest.raises(Forbidden) as refused:
        member_sessions.end(database, acme.organization, OWNER, actor=signed_in(acme, "ann@acme.example"))
    assert refused.value.code == "role_above"
    assert not [each for each in acme.audit() if each.action == "member.signed_out"]


def test_the_history_of_a_member_is_found_under_every_name_they_have_here(database: Database) -> None:
    """By their address, by the name that was pushed; newest first, page by page, and nobody else's."""
    acme = live(database)
    zoe = acme.create("zoe", email=None)
    acme.create("ian")
    acme.edit(zoe, email="zoe@acme.example")
    person = acme.person_of(zoe)
    members.suspend(database, acme.organization, str(person))
    members.unsuspend(database, acme.organization, str(person))
    first = member_history.page(database, acme.organization, str(person), limit=2)
    second = member_history.page(database, acme.organization, str(person), limit=2, after=first.next)
    assert [each.action for each in (*first.items, *second.items)] == ["member.reactivated", "member.suspended", "member.joined"]
    assert second.items[0].target == "zoe"
