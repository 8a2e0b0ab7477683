"""One person: what they have and why, who holds what in place, and what is decided about them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.accounts.sessions import Proof
from connector.organizations import members, teams
from tests.accounts.people import holder, sign_in
from tests.directory.test_member_accounts import account
from tests.support.console import Browser, Console, Shown
from tests.support.world import OWNER, World, live, staged

BOB = "bob@acme.example"


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation: its founder, and Bob, a member."""
    world = staged(console.database)
    world.invited(BOB)
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.as_(OWNER)


@pytest.fixture
def company(console: Console) -> World:
    """An organization with a live directory: Zoe is in Engineering and Admins, for which there are rules, and in Sales."""
    world = live(console.database)
    zoe = world.create("zoe")
    for name in ("Engineering", "Admins", "Sales"):
        world.group(name, zoe)
    world.rule(group="Engineering", team="engineering")
    world.rule(group="Engineering", project="rockets")
    world.rule(group="Admins", role="admin")
    return world


def page_of(browser: Browser, world: World, email: str) -> Shown:
    """The page of a person."""
    return browser.get(f"/admin/acme/people/{holder(world.database, email)}")


def test_what_somebody_has_is_explained_from_group_to_access(console: Console, company: World) -> None:
    """Target by target; locks stand beside what rules hold, and groups that lead nowhere are named."""
    page = page_of(console.owner(company), company, "zoe@acme.example")
    assert "Organization Locked Group Admins rule admin" in page.words
    assert "Team engineering Locked Group Engineering rule member" in page.words
    assert "Project rockets Locked Group Engineering rule" in page.words
    assert 'IdP group "Sales" is mapped by no rule' in page.words


def test_a_locked_role_says_who_holds_it_and_where_it_is_changed(console: Console, company: World) -> None:
    """There is no form for it; the verb refuses as well, naming the rule."""
    owner = console.owner(company)
    page = page_of(owner, company, "zoe@acme.example")
    assert "The group Admins gives admin. To change it, change the group in Okta , or the rule" in page.words
    assert page.link("the rule") == "/admin/acme/mapping"
    assert "Change …" not in page.buttons
    refused = owner.post(f"{page.path}/role", {"role": "member"})
    assert refused.status == 409
    assert "The role comes from the identity provider" in refused.words


def test_a_member_sees_their_own_reasons_and_of_others_no_more_than_the_list(console: Console, acme: World) -> None:
    """Nothing of others' accounts, sessions and reasons."""
    bob = console.as_(BOB)
    own, other = page_of(bob, acme, BOB), page_of(bob, acme, OWNER)
    assert "Came with the invitation member" in own.words
    assert "Founded" not in other.words
    assert other.buttons == []
    assert bob.get(f"{own.path}/history").status == 403


def test_a_role_is_changed_after_its_consequences_were_seen(acme: World, owner: Browser) -> None:
    """What it opens and closes stands before it is done."""
    ask = owner.submit(page_of(owner, acme, BOB), "Change …", role="billing")
    assert "They will be able to" in ask.words
    assert "Manage billing" in ask.words
    assert "They will no longer be able to" in ask.words
    assert acme.member("bob").role == "member"
    page = owner.submit(ask, "Change the role")
    assert "The role is changed." in page.words
    assert acme.member("bob").role == "billing"


def test_the_last_owner_stays_and_is_told_what_to_do(acme: World, owner: Browser) -> None:
    """However they try."""
    own = page_of(owner, acme, OWNER)
    refused = owner.submit(owner.submit(own, "Change …", role="member"), "Change the role")
    assert refused.status == 409
    assert "Make somebody else owner first." in refused.words
    assert owner.post(f"{own.path}/suspend").status == 409
    assert acme.member(OWNER).role == "owner"


@pytest.mark.parametrize("what", ["unsuspend", "unblock"])
def test_what_was_not_there_is_not_said_to_be_lifted(acme: World, owner: Browser, what: str) -> None:
    """A page that stood open, or a second click."""
    there = page_of(owner, acme, BOB).path
    page = owner.follow(owner.post(f"{there}/{what}"))
    assert "Nothing was to be lifted" in page.words
    assert "is lifted" not in page.words


def test_an_admin_decides_nothing_about_an_owner(console: Console, acme: World) -> None:
    """No buttons, and a refusal for who knows the address."""
    acme.invited("ann@acme.example", "admin")
    ann = console.as_("ann@acme.example")
    page = page_of(ann, acme, OWNER)
    assert page.buttons == []
    assert "It is above what you may give or take." in page.words
    assert ann.post(f"{page.path}/suspend").status == 403
    assert acme.member(OWNER).status == "active"


def test_somebody_is_suspended_and_let_in_again(console: Console, acme: World, owner: Browser) -> None:
    """The page says what it means before, and how it is undone after."""
    bob = console.as_(BOB)
    ask = owner.get(page_of(owner, acme, BOB).link("Suspend …"))
    assert "signed out of this organization at once" in ask.words
    page = owner.submit(ask, "Suspend")
    assert "They are suspended" in page.words
    assert "Suspended by an admin" in page.words
    assert bob.get("/admin/acme").status == 404
    page = owner.submit(page, "Let in again")
    assert "The suspension is lifted." in page.words
    assert bob.get("/admin/acme").status == 200


def test_somebody_is_removed_and_can_be_invited_again(acme: World, owner: Browser) -> None:
    """The greeting links to where it is undone; their page is gone."""
    person = page_of(owner, acme, BOB)
    page = owner.submit(owner.get(person.link("Remove …")), "Remove")
    assert "They are removed" in page.words
    assert page.link("Invite them again") == "/admin/acme/invitations"
    assert BOB not in acme.members
    assert owner.get(person.path).status == 404


def test_under_a_live_directory_only_removing_and_blocking_is_offered(console: Console, company: World) -> None:
    """At once, and not by a refusal. Unblocking undoes it."""
    owner = console.owner(company)
    ask = owner.get(page_of(owner, company, "zoe@acme.example").link("Remove …"))
    assert ask.buttons == []
    assert "people leave by the identity provider" in ask.words
    page = owner.submit(owner.get(ask.link("Remove and block …")), "Remove and block")
    assert "Removed and blocked" in page.words
    assert company.member("zoe").causes == ("block",)
    page = owner.submit(page, "Unblock")
    assert "The block is lifted." in page.words
    assert company.member("zoe").status == "active"


@pytest.mark.parametrize("gone", ["suspend", "remove", "role?role=admin", "link", "history", ""])
def test_who_is_no_member_has_no_pages(owner: Browser, gone: str) -> None:
    """A refusal in the frame, with the way back."""
    page = owner.get(f"/admin/acme/people/nobody@acme.example/{gone}".rstrip("/"))
    assert page.status == 404
    assert "is not a member of this organization" in page.words


def test_a_pushed_account_is_linked_to_a_member_and_forgotten(console: Console) -> None:
    """Chosen from those that are nobody's; what signs in is forgotten by itself."""
    acme = live(console.database)
    acme.create("zoe")
    gus = acme.create("gus", active=False)
    account(acme, "zoe@acme.example", "sub-zoe")
    owner = console.owner(acme)
    zoe = page_of(owner, acme, "zoe@acme.example")
    assert "Signs in with Okta As sub-zoe" in zoe.words
    refused = owner.submit(owner.get(f"{zoe.path}/link"), "Link gus")
    assert refused.status == 409
    assert "This member is linked to another pushed user of the same connection." in refused.words
    page = owner.submit(owner.get(f"{zoe.path}/unlink"), "Forget it")
    assert "forgotten here" in page.words
    assert "sub-zoe" not in page.words
    assert acme.person_of(gus) is None


def test_a_link_that_is_made_is_told(console: Console) -> None:
    """A member from before, known to the identity provider under a name that does not tell."""
    acme = staged(console.database)
    acme.invited("ann@acme.example")
    ann = acme.create("a.lovelace", email="a.lovelace@contractor.example")
    acme.activate()
    owner = console.owner(acme)
    page = page_of(owner, acme, "ann@acme.example")
    page = owner.submit(owner.get(f"{page.path}/link"), "Link it", account=ann)
    assert "The account is linked to them" in page.words
    assert "User name a.lovelace" in page.words
    assert acme.person_of(ann) == holder(acme.database, "ann@acme.example")


def test_sessions_of_this_organization_are_shown_and_ended(console: Console, company: World) -> None:
    """With what was signed in by; those by e-mail link are the person's own."""
    zoe, now = holder(company.database, "zoe@acme.example"), datetime.now(UTC)
    sign_in(company.database, zoe, now=now)
    sign_in(company.database, zoe, Proof("saml", company.organization, company.connection), now=now)
    owner = console.owner(company)
    page = page_of(owner, company, "zoe@acme.example")
    assert page.words.count("ends ") == 1
    assert "By Okta , since" in page.words
    page = owner.submit(owner.get(page.link("Sign them out …")), "Sign out of this organization")
    assert "No browser is signed in to this organization." in page.words


def test_the_history_tells_what_changed_and_why(acme: World, owner: Browser) -> None:
    """Newest first, by whom, with the reasons."""
    teams.create(acme.database, acme.organization, "Engineering")
    teams.set_member(acme.database, acme.organization, "engineering", BOB, "maintainer")
    members.suspend(acme.database, acme.organization, BOB)
    page = owner.get(page_of(owner, acme, BOB).link("History"))
    assert page.words.index("Suspended status: active → suspended") < page.words.index("Changed team engineering: maintainer")
    assert "Because Suspended by an admin" in page.words
    assert "By operator" in page.words


def test_a_break_glass_owner_is_marked_and_not_removed(console: Console, company: World) -> None:
    """The page says what holds them, and links there."""
    owner = console.owner(company)
    page = page_of(owner, company, OWNER)
    assert "Held as a break-glass owner" in page.words
    assert page.link("Break-glass owners") == "/admin/acme/break-glass"
    assert owner.post(f"{page.path}/block").status == 409
