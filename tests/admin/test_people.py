"""The list of members, who was pushed and does not belong, and adding by user name."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from connector.organizations import members, teams
from connector.storage import tables as t
from connector.storage.ids import new_id
from tests.accounts.people import holder
from tests.support.console import Browser, Console
from tests.support.statements import statements
from tests.support.world import OWNER, World, live, staged

PEOPLE = "/admin/acme/people"


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation: its founder; Bob, an admin; Carol, a member, suspended."""
    world = staged(console.database)
    world.invited("bob@acme.example", "admin")
    world.invited("carol@acme.example")
    members.suspend(world.database, world.organization, "carol@acme.example")
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.as_(OWNER)


def names(world: World, **of: str) -> None:
    """People are called so from now on, by the part of their address before @."""
    with world.database.engine.begin() as tx:
        for who, name in of.items():
            person = holder(world.database, f"{who}@acme.example")
            tx.execute(update(t.Person).where(t.Person.id == person).values(display_name=name))


def test_everybody_is_told_with_role_status_and_source(owner: Browser) -> None:
    """Why somebody is out stands with it, and who looks is marked."""
    page = owner.get(PEOPLE)
    assert page.rows == [
        f"{OWNER} You owner Active Founded the organization none",
        "bob@acme.example admin Active Accepted an invitation none",
        "carol@acme.example member Suspended Suspended by an admin Accepted an invitation none",
    ]
    assert "3 people, 1 suspended." in page.words


def test_in_sso_it_is_told_who_pushed_them_and_when_they_came(console: Console) -> None:
    """Last sign-ins are those to this organization."""
    acme = live(console.database)
    acme.create("zoe")
    rows = console.owner(acme).get(PEOPLE).rows
    assert rows[1] == "Zoe zoe@acme.example member Active Pushed by Okta none never through the identity provider"
    assert rows[0].startswith(f"{OWNER} You owner Active Founded the organization none ")
    assert rows[0].endswith((" just now", " ago"))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"q": "BOB"}, {"Bob"}),
        ({"q": "featherstone"}, {"Carol Featherstone"}),
        ({"role": "member"}, {"Carol Featherstone"}),
        ({"status": "suspended"}, {"Carol Featherstone"}),
        ({"source": "invitation"}, {"Bob", "Carol Featherstone"}),
        ({"team": "engineering"}, {"Bob"}),
        ({"team": "engineering", "status": "suspended"}, set()),
        ({"q": "nobody"}, set()),
    ],
)
def test_people_are_found_by_what_is_looked_for(acme: World, owner: Browser, filters: dict[str, str], found: set[str]) -> None:
    """All that is chosen must hold; what was chosen stays in the form, and who finds nobody is told what is looked for."""
    teams.create(acme.database, acme.organization, "Engineering")
    teams.set_member(acme.database, acme.organization, "engineering", "bob@acme.example", "member")
    names(acme, bob="Bob", carol="Carol Featherstone")
    page = owner.submit(owner.get(PEOPLE), "Search", 0, **filters)
    assert {name for name in ("Bob", "Carol Featherstone", OWNER) if any(row.startswith(name) for row in page.rows)} == found
    kept = page.form("Search").fields
    assert {name: kept[name] for name in filters} == {name: [value] for name, value in filters.items()}
    assert ("Nobody fits" in page.words) is (not found)


@pytest.mark.parametrize("nonsense", ["q=%ED%A0%80", "status=perhaps", "role=king", "source=love", "after=zzz"])
def test_nonsense_in_the_address_finds_something_or_nobody(owner: Browser, nonsense: str) -> None:
    """It is no failure."""
    assert owner.get(f"{PEOPLE}?{nonsense}").status == 200


def test_a_page_of_many_costs_as_much_as_one_of_few(console: Console, acme: World, owner: Browser) -> None:
    """The number of statements; and the next page goes on with the same filters."""
    costs = []
    for number in (1, 60):
        for each in range(number):
            acme.invited(f"p{number}-{each}@acme.example")
        with statements(console.database.engine) as sent:
            page = owner.get(f"{PEOPLE}?q=p")
        costs.append(len(sent))
    assert costs[0] == costs[1]
    assert len(page.rows) == 50
    second = owner.get(page.link("Next page"))
    assert len(second.rows) == 11
    assert not {row.split()[0] for row in page.rows} & {row.split()[0] for row in second.rows}


def test_names_are_shown_as_they_are_and_never_as_html(acme: World, owner: Browser) -> None:
    """Long ones, right-to-left ones, and those that look like a tag."""
    names(acme, bob="<script>alert(1)</script>", carol="داود عبد الرحمن")
    page = owner.get(PEOPLE)
    assert "<script>alert" not in page.text
    assert any(row.startswith("<script>alert(1)</script> bob@acme.example") for row in page.rows)
    assert '<bdi class="name">داود عبد الرحمن</bdi>' in page.text


def test_somebody_without_name_and_address_can_be_opened(acme: World, owner: Browser) -> None:
    """They are called as such."""
    person = new_id()
    home = {"organization_id": acme.organization, "person_id": person, "created_at": acme.audit()[0].at}
    with acme.database.engine.begin() as tx:
        tx.execute(insert(t.Person).values(id=person, display_name=None, created_by=None, created_at=home["created_at"]))
        tx.execute(insert(t.Membership).values(id=new_id(), role="member", joined_by="manual", **home))
    page = owner.get(owner.get(PEOPLE).link("Without a name"))
    assert page.status == 200
    assert "No address is known here" in page.words


@pytest.mark.parametrize(("role", "sees"), [("viewer", True), ("guest", False)])
def test_who_may_not_see_other_people_is_told_so_and_finds_themselves(console: Console, role: str, sees: bool) -> None:
    """A guest of a project learns of nobody; their own page opens."""
    acme = staged(console.database, preset="onet")
    acme.invited("gus@acme.example", role)
    gus = console.as_("gus@acme.example")
    page = gus.get(PEOPLE)
    assert (page.status, OWNER in page.words) == ((200, True) if sees else (403, False))
    if not sees:
        own = gus.get(page.link("What you have here, and why"))
        assert "You have the role guest" in own.words
        assert gus.get(f"{PEOPLE}/{OWNER}").status == 403


def test_members_without_rights_see_no_buttons_and_no_sign_ins(console: Console, acme: World) -> None:
    """And get nowhere by the address."""
    acme.invited("dan@acme.example")
    dan = console.as_("dan@acme.example")
    page = dan.get(PEOPLE)
    assert not {"Invite people", "Not members", "Add by user name"} & set(page.links)
    assert dan.get(f"{PEOPLE}/not-members").status == 403
    assert dan.get("/admin/acme/people").status == 200
    assert console.as_("eve@elsewhere.example").get(PEOPLE).status == 404


def test_who_was_pushed_and_does_not_belong_is_listed_with_the_reason(console: Console) -> None:
    """While a directory is prepared all of it; then whoever it does not let in, with an explanation."""
    acme = staged(console.database)
    acme.create("zoe")
    gus = acme.create("gus", active=False)
    page = console.as_(OWNER).get(f"{PEOPLE}/not-members")
    assert [row.split(" Okta ")[1] for row in page.rows] == [
        "Waits until the directory goes live",
        "Not active at the identity provider",
    ]
    acme.activate()
    owner = console.owner(acme)
    page = owner.get(f"{PEOPLE}/not-members")
    assert [row.split()[0] for row in page.rows] == ["Gus"]
    why = owner.get(page.link("Explain why Gus is no member"))
    assert why.path == f"{PEOPLE}/{gus}"
    assert "the IdP says this person is not active" in why.words
    assert owner.submit(page, "Search", q="zo").rows == []


def test_somebody_is_added_by_their_user_name(console: Console, acme: World, owner: Browser) -> None:
    """With the role that was chosen; they find the organization at once."""
    console.as_("eve@elsewhere.example")
    person = holder(acme.database, "eve@elsewhere.example")
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.Person).where(t.Person.id == person).values(username="Eve", username_key="eve"))
    page = owner.submit(owner.get(f"{PEOPLE}/add"), "Add", username="eve", role="admin")
    assert page.path.startswith(f"{PEOPLE}/{person}")
    assert "They belong to the organization now." in page.words
    assert acme.member("eve@elsewhere.example").role == "admin"


def test_a_user_name_nobody_has_keeps_what_was_typed(owner: Browser) -> None:
    """And says what to do instead."""
    page = owner.submit(owner.get(f"{PEOPLE}/add"), "Add", username="nobody", role="billing")
    assert page.status == 404
    assert "Nobody here has this user name." in page.words
    assert page.form("Add").fields == {"username": ["nobody"], "role": ["billing"]}


def test_in_sso_it_is_explained_why_nobody_is_added(console: Console) -> None:
    """There is no form, and sending one does nothing."""
    acme = live(console.database)
    owner = console.owner(acme)
    page = owner.get(f"{PEOPLE}/add")
    assert "nobody is added or invited by hand" in page.words
    assert page.link("how people join") == "/admin/acme/mode"
    assert page.buttons == []
    assert owner.post(f"{PEOPLE}/add", {"username": "eve"}).status == 409
