"""The pages of somebody's own: where they belong and work, their account, their keys, and an organization they make."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.accounts import keys, persons
from connector.accounts.sessions import Proof
from connector.organizations import installation, invitations, mine, organizations
from connector.provisioning.acting import OPERATOR
from tests.support.console import BASE, Browser, Console
from tests.support.world import OWNER, World, staged
from tests.web.conftest import Site

ADA = "ada@acme.example"
VERA = "vera@vendor.example"


@pytest.fixture
def console(site: Site) -> Console:
    """The same pages as browsers without scripts see them."""
    return Console(site.app, site.house.database)


def _owner(site: Site, email: str, name: str) -> str:
    return organizations.create(site.house.database, name.lower(), name, email).id


def _person(site: Site, email: str) -> str:
    return site.house.database.write(lambda tx: persons.find_or_make(tx, email, datetime.now(UTC)))


def _through_idp(site: Site, console: Console, email: str) -> Browser:
    """A member of `acme`, in through its identity provider, which has the domain of OWNER's address and not of VERA's."""
    world: World = site.organization()
    if email != OWNER:
        world.invited(email)
    return console.as_(email, Proof("oidc", world.organization, world.connection))


@pytest.mark.parametrize("path", ["/account", "/sessions", "/keys", "/organizations/new", "/admin"])
def test_who_is_signed_out_signs_in_and_comes_back(console: Console, path: str) -> None:
    """None of these pages is for nobody."""
    assert console.nobody().get(path).location == f"/login?next={path.replace('/', '%2F')}"


# -------------------------------------------------------------------------------------------------------------- workspaces


def test_somebody_chooses_where_they_work(site: Site, console: Console) -> None:
    """The start page says where, and the console opens there."""
    for name in ("Acme", "Globex"):
        _owner(site, ADA, name)
    ada = console.as_(ADA)
    assert ada.get("/admin").location == "/"
    page = ada.submit(ada.get("/"), "Work here, in Globex")
    assert "You work there now." in page.words
    assert ada.get("/admin").location == "/admin/globex"
    assert "Work here, in Globex" not in page.buttons
    ada.submit(page, "Work here, in your personal workspace")
    assert ada.get("/admin").location == "/"


def test_nobody_works_in_what_is_not_open_to_them(site: Site, console: Console) -> None:
    """It is as if there were no such organization."""
    elsewhere = _owner(site, "eve@globex.example", "Globex")
    page = console.as_(ADA).post("/workspace", {"organization": elsewhere})
    assert (page.status, page.headers["X-Connector-Error"]) == (404, "organization_not_found")


def test_who_belongs_nowhere_is_told_what_to_do(console: Console) -> None:
    """They wait for an invitation, use another address, or make an organization."""
    page = console.as_(ADA).get("/")
    assert "You belong to no organization yet" in page.words
    assert page.link("Make an organization") == "/organizations/new"


def test_an_organization_that_somebody_is_suspended_in_is_shown_as_paused(site: Site, console: Console) -> None:
    """They are told whom to ask, and nothing opens it."""
    acme = staged(site.house.database)
    acme.invited(ADA)
    acme.suspend("ada")
    page = console.as_(ADA).get("/")
    assert "Your access to this organization is paused." in page.words
    assert "Open" not in " ".join(page.links)


@pytest.mark.parametrize(("email", "seen"), [(OWNER, True), (VERA, False)])
def test_invitations_are_told_where_the_account_is_open(site: Site, console: Console, email: str, seen: bool) -> None:
    """In the bar of the console too. An identity provider that has not the domain of the address learns of none."""
    house, other = site.house, _owner(site, "hank@initech.example", "Initech")
    member = _through_idp(site, console, email)
    invitations.invite(house.database, house.sealer, BASE, other, email, actor=OPERATOR)
    shown = ["1 invitation waits" in member.get(path).links for path in ("/", "/keys", "/admin/acme")]
    assert shown == [seen] * 3


# ----------------------------------------------------------------------------------------------------------------- account


def test_somebody_changes_what_they_are_called(site: Site, console: Console) -> None:
    """A user name that somebody else has is refused, and what was typed stays."""
    ada, bob = console.as_(ADA), console.as_("bob@acme.example")
    page = ada.submit(ada.get("/account"), "Save", name="Ada Lovelace", username="ada")
    assert "It is saved." in page.words
    assert "Hello, Ada Lovelace" in ada.get("/").words
    taken = bob.submit(bob.get("/account"), "Save", name="Bob", username="ADA")
    assert (taken.status, taken.form("Save").fields["username"]) == (409, ["ADA"])
    assert "Somebody else has this user name." in taken.words
    assert ada.submit(page, "Save", name="", username="").form("Save").fields["name"] == [""]


def test_an_organizations_identity_provider_does_not_change_the_account(site: Site, console: Console) -> None:
    """It is shown and not to be changed, also not by a form that somebody makes themselves."""
    owner = _through_idp(site, console, VERA)
    assert "Save" not in owner.get("/account").buttons
    assert owner.post("/account", {"name": "Somebody else"}).status == 403
    assert "Somebody else" not in owner.get("/account").words


# -------------------------------------------------------------------------------------------------------------------- keys


def test_a_key_is_made_shown_once_and_revoked(site: Site, console: Console) -> None:
    """The same form sent again makes no second one and shows the same; an edited one makes another."""
    ada = console.as_(ADA)
    form = ada.get("/keys").form("Make the key").fields | {"name": ["nightly"]}
    first, again = ada.post("/keys", form), ada.post("/keys", form)
    other = ada.post("/keys", form | {"name": ["weekly"]})
    made = [page.tree.xpath("//*[@class='copy-value']/text()")[0] for page in (first, again, other)]
    assert made[0] == made[1] != made[2]
    client, bearer = site.app.test_client(), {"Authorization": f"Bearer {made[0]}"}
    assert client.get("/api/me", headers=bearer).status_code == 200
    assert made[0] not in ada.submit(ada.get("/keys"), "Revoke the key nightly").text
    assert client.get("/api/me", headers=bearer).status_code == 401


def test_a_key_that_is_limited_may_do_only_that(site: Site, console: Console) -> None:
    """What is ticked counts if “Only this” is chosen."""
    ada = console.as_(ADA)
    ada.submit(ada.get("/keys"), "Make the key", name="reader", reach="some", scope=["org.read", "nonsense"])
    assert "May do: org.read" in ada.get("/keys").words


@pytest.mark.parametrize(("email", "said"), [(VERA, "not open to how you signed in"), (OWNER, "after signing in by e-mail link")])
def test_through_an_identity_provider_the_page_says_why_no_key_is_made(
    site: Site, console: Console, email: str, said: str
) -> None:
    """A form that somebody makes themselves makes none either."""
    owner = _through_idp(site, console, email)
    page = owner.get("/keys")
    assert said in page.words
    assert "Make the key" not in page.buttons
    assert page.link("Sign in by e-mail link") == "/login"
    assert owner.post("/keys", {"name": "sneaky"}).status == 403
    assert keys.list_(site.house.database, email=email) == ()


def test_an_identity_provider_revokes_no_key_of_somebodys_own(site: Site, console: Console) -> None:
    """To whoever came in through it there is no such key."""
    vera = _through_idp(site, console, VERA)
    made = keys.create(site.house.database, VERA, datetime.now(UTC), name="mine")
    assert vera.post(f"/keys/{made.id}/revoke").status == 404
    assert [each.state for each in keys.list_(site.house.database, email=VERA)] == ["live"]


# ---------------------------------------------------------------------------------------------------- a new organization


def test_somebody_makes_an_organization_and_is_led_into_it(console: Console) -> None:
    """The same form sent again leads to the same one; a name that cannot be used stays in the form."""
    ada = console.as_(ADA)
    form = ada.get("/organizations/new").form("Make the organization").fields | {"name": ["Acme Robotics"]}
    assert ada.post("/organizations/new", form).location == "/admin/acme-robotics?done=founded"
    assert ada.post("/organizations/new", form).location == "/admin/acme-robotics?done=founded"
    assert "The organization is there" in ada.get("/admin/acme-robotics?done=founded").words
    refused = ada.submit(ada.get("/organizations/new"), "Make the organization", name="Acme", slug="No Slug!")
    assert (refused.status, refused.form("Make the organization").fields["slug"]) == (400, ["No Slug!"])


def test_where_no_organizations_are_made_the_page_says_so(site: Site, console: Console) -> None:
    """It says whom to ask, and names no command."""
    installation.change(site.house.database, organizations="off")
    page = console.as_(ADA).get("/organizations/new")
    assert "This installation is not set up for new organizations. Whoever operates it switches them on." in page.words
    assert "Make the organization" not in page.buttons


def test_an_organizations_identity_provider_makes_no_organization(site: Site, console: Console) -> None:
    """A new one is the person's alone."""
    owner = _through_idp(site, console, VERA)
    assert "It cannot be made after signing in this way." in owner.get("/organizations/new").words
    assert owner.post("/organizations/new", {"name": "Sneaky"}).status == 403
    assert [each.slug for each in mine.of_person(site.house.database, _person(site, VERA))] == ["acme"]
