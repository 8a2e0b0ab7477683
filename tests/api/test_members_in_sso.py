"""Members over HTTP where an identity provider says who is one (part G of ORGANIZATIONS.md; TG-13, OA-22)."""

from __future__ import annotations

import pytest

from connector.accounts.sessions import Proof
from connector.organizations import settings
from tests.support.api import Api, Client
from tests.support.world import OWNER, World, live

ADA = "ada@acme.example"


@pytest.fixture
def acme(api: Api) -> World:
    """An organization in sso with a live directory, whose break-glass owner founded it."""
    return live(api.database)


def owner(api: Api, acme: World) -> Client:
    """The break-glass owner, come in by that."""
    return api.as_(OWNER, Proof("break_glass", acme.organization))


def pushed(api: Api, acme: World, email: str) -> Client:
    """A pushed member, signed in through the identity provider."""
    acme.create(email.partition("@")[0])
    return api.as_(email, Proof("saml", acme.organization, acme.connection))


def test_a_member_is_let_in_by_the_identity_provider_alone(api: Api, acme: World) -> None:
    """Signed in by e-mail link the same person finds nothing there."""
    home = f"/api/orgs/{acme.organization}"
    assert pushed(api, acme, ADA).get(home).ok()["role"] == "member"
    api.as_(ADA).get(home).refused(404, "organization_not_found")
    api.key(ADA).get(home).refused(404, "organization_not_found")


def test_nobody_is_added_by_hand(api: Api, acme: World) -> None:
    """AP-2 in sso: 409."""
    api.as_("bob@acme.example").patch("/api/me", {"username": "bob"}).ok()
    told = owner(api, acme).put(f"/api/orgs/{acme.organization}/members", {"username": "bob"})
    told.refused(409, "membership_mode")


def test_leaving_is_the_business_of_the_identity_provider(api: Api, acme: World) -> None:
    """OA-22: 409 with the reason, unless the organization says that its people may."""
    ada = pushed(api, acme, ADA)
    mine = f"/api/orgs/{acme.organization}/members/{api.person(ADA)}"
    assert "setting" in ada.delete(mine).refused(409, "managed_by_idp")["expected"]
    settings.replace(api.database, acme.organization, "auth", {"session_hours": None, "member_may_leave": True})
    ada.delete(mine).ok()
    ada.get(f"/api/orgs/{acme.organization}").refused(401, "signed_out")


def test_a_pushed_member_is_removed_by_blocking(api: Api, acme: World) -> None:
    """TG-13: a plain removal would come back with the next push; a block stays, whatever is pushed, until it is lifted."""
    ada = acme.create("ada")
    theirs = f"/api/orgs/{acme.organization}/members/{api.person(ADA)}"
    chief = owner(api, acme)
    assert "block" in chief.delete(theirs).refused(409, "managed_by_idp")["advice"]
    chief.delete(theirs, block="true").ok()
    acme.edit(ada, displayName="Ada L.", active=True)
    assert chief.get(theirs).ok()["causes"] == ["block"]
    assert chief.post(f"{theirs}/unblock").ok()["status"] == "active"


def test_what_the_directory_suspended_an_admin_does_not_lift(api: Api, acme: World) -> None:
    """Each cause removes only its own row."""
    ada = acme.create("ada")
    theirs = f"/api/orgs/{acme.organization}/members/{api.person(ADA)}"
    chief = owner(api, acme)
    acme.edit(ada, active=False)
    assert chief.post(f"{theirs}/suspend").ok()["causes"] == ["admin", "directory"]
    assert chief.post(f"{theirs}/unsuspend").ok()["causes"] == ["directory"]


def test_a_role_that_a_rule_gives_is_locked(api: Api, acme: World) -> None:
    """ON-9: 409 naming group and rule; one that no rule gives is changed."""
    acme.group("Admins", acme.create("ada"))
    acme.create("bob")
    acme.rule(group="Admins", role="admin")
    chief, members = owner(api, acme), f"/api/orgs/{acme.organization}/members"
    told = chief.patch(f"{members}/{api.person(ADA)}", {"role": "member"}).refused(409, "managed_by_idp")
    assert "Admins" in told["detail"]
    assert chief.patch(f"{members}/{api.person('bob@acme.example')}", {"role": "admin"}).ok()["role"] == "admin"
    explained = chief.get(f"{members}/{api.person(ADA)}/explain").ok()
    assert ("role", "admin", "Admins") in [(each["target"], each["level"], each["group"]) for each in explained["because"]]


def test_the_break_glass_owner_stays(api: Api, acme: World) -> None:
    """Neither demoted nor removed nor taken back while they are the last."""
    chief, who = owner(api, acme), api.person(OWNER)
    mine = f"/api/orgs/{acme.organization}/members/{who}"
    chief.patch(mine, {"role": "member"}).refused(409, "break_glass")
    chief.delete(mine).refused(409, "break_glass")
    chief.post(f"{mine}/suspend").refused(409, "last_owner")
    chief.delete(f"/api/orgs/{acme.organization}/break-glass/{who}").refused(409, "last_break_glass")
