"""Set-up links in the console: an owner makes one, and whoever holds it walks the wizard and nothing else."""

from __future__ import annotations

import pytest

from connector.directory import connections, setup_links
from connector.outbound import dns
from tests.admin.test_connect import configured, trial
from tests.support.console import BASE, Browser, Console
from tests.support.world import OWNER, World, live, staged


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation, with a draft of Okta whose directory is staged."""
    return staged(console.database)


def path(acme: World, tail: str = "") -> str:
    """A page of the draft's wizard."""
    return f"/admin/acme/connections/{acme.connection}/setup" + (f"/{tail}" if tail else "")


def link(console: Console, acme: World, name: str = "IT of Acme") -> tuple[Browser, str]:
    """The owner makes a link: the owner, and its path."""
    owner = console.as_(OWNER)
    page = owner.submit(owner.get(path(acme)), "Make a set-up link", name=name, days="3")
    return owner, page.tree.xpath("//code[@aria-labelledby='c-link']")[0].text.removeprefix(BASE)


def holder(console: Console, acme: World) -> Browser:
    """Whoever got a link has opened it and begun."""
    _, address = link(console, acme)
    return Browser(console.app, None, address.removeprefix("/setup/"))


def holder_by_operator(console: Console, acme: World) -> Browser:
    """By a link of the operator, who needs no page."""
    made = setup_links.create(console.database, acme.organization, base_url=BASE)
    return Browser(console.app, None, made.url.removeprefix(f"{BASE}/setup/"))


def test_a_link_is_shown_once_and_listed_without_its_secret(console: Console, acme: World) -> None:
    """With its name, its last letters and when it was used; revoked it opens nothing."""
    owner, address = link(console, acme)
    page = owner.get(path(acme))
    assert address not in page.text
    assert f"IT of Acme …{address[-4:]} Live" in page.words
    assert "Last used: never" in page.words
    nobody = console.nobody()
    assert nobody.get(address).status == 200
    page = owner.submit(page, "Revoke the link IT of Acme")
    assert "The set-up link is revoked" in page.words
    assert nobody.get(address).status == 404


def test_days_that_cannot_be_are_refused_with_what_was_typed(console: Console, acme: World) -> None:
    """Above the form."""
    owner = console.as_(OWNER)
    page = owner.submit(owner.get(path(acme)), "Make a set-up link", name="IT", days="99")
    assert page.status == 400
    fields = page.form("Make a set-up link").fields
    assert (fields["name"], fields["days"]) == (["IT"], ["99"])


def test_opening_a_link_says_for_whom_it_is_and_begins_by_a_button(console: Console, acme: World) -> None:
    """Mail scanners only look: nothing begins by looking. Then the token leaves the address."""
    _, address = link(console, acme)
    nobody = console.nobody()
    page = nobody.get(address)
    assert "people of Acme sign in" in page.words
    assert "Made for IT of Acme" in page.words
    assert "Set-Cookie" not in page.headers
    begun = nobody.post(page.form("Begin").action)
    assert begun.location == "/admin/acme/connections"
    assert begun.headers["Set-Cookie"].startswith(f"connector_setup={address.removeprefix('/setup/')};")
    assert "HttpOnly" in begun.headers["Set-Cookie"]


def test_a_link_that_is_none_is_refused_kindly(console: Console, acme: World) -> None:
    """With whom to ask."""
    page = console.nobody().get("/setup/cnt_setup_nothing")
    assert page.status == 404
    assert "Ask whoever sent it to you for a new one." in page.words


def test_who_holds_a_link_walks_the_whole_wizard(console: Console, acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step but those that are an owner's; the bar says for whom and until when; the navigation leads nowhere else."""
    it = holder(console, acme)
    for tail in ("", "values", "sign-on", "identity-provider", "domain", "provisioning", "test", "groups", "go-live"):
        page = it.get(path(acme, tail))
        assert page.status == 200, tail
        assert "Set-up for Acme" in page.text.replace("<strong><bdi>", "").replace("</bdi></strong>", "")
        assert set(page.tree.xpath("//nav[@class='side']//a/text()")) == {"Connections", "Domains", "Mapping"}
        assert "Let somebody else do this" not in page.words
        assert "Keep a way in" not in page.words
    page = it.submit(it.get(path(acme, "provisioning")), "Make another token")
    assert "cnt_scim_" in page.words
    page = it.submit(it.get(path(acme, "groups")), "Add the rule", who="everyone", gives="team", team="all")
    assert "everyone gives team all" in page.words
    monkeypatch.setattr(dns, "txt", lambda name: dns.Answer("no_name"))
    page = it.submit(it.get(path(acme, "domain")), "Add the domain", domain="robots.example")
    assert "not seen yet" in it.submit(page, "Check now: robots.example").words
    assert "Give it up: robots.example" not in it.get("/admin/acme/domains").buttons


def test_who_holds_a_link_makes_connections_and_sees_drafts_alone(console: Console, acme: World) -> None:
    """What is in force is not theirs to see."""
    acme.activate()
    it = holder_by_operator(console, acme)
    page = it.get("/admin/acme/connections")
    assert "Okta" not in page.links
    page = it.submit(it.get("/admin/acme/connections/new?idp=entra"), "Begin the set-up", name="Entra")
    assert "Set up Entra" in page.words
    refused = it.get(path(acme))
    assert (refused.status, refused.headers["X-Connector-Error"]) == (403, "beyond_set_up")


def test_in_the_end_an_owner_is_told(console: Console, acme: World) -> None:
    """Once a day; what is missing is said before. The plan can be looked at, and is not theirs to apply."""
    acme.create("ada")
    it = holder(console, acme)
    page = it.get(path(acme, "go-live"))
    assert "Test the sign-in : Possible once both sides know each other." in page.words
    assert "You have prepared everything" not in page.words
    page = it.submit(page, "Tell the owners all the same")
    assert "The owners are told by mail" in page.words
    configured(acme)
    trial(acme)
    page = it.submit(it.get(path(acme, "go-live")), "Tell the owners it is ready")
    assert "told today already" in page.words
    page = it.submit(page, "See what would change")
    assert "ada@acme.example" in page.words
    assert "Go live" not in page.buttons
    assert acme.audit("connection.activated") == []


@pytest.mark.parametrize("page", ["", "/people", "/teams", "/settings", "/keys", "/audit", "/break-glass", "/mode"])
def test_everything_else_is_refused_kindly(console: Console, acme: World, page: str) -> None:
    """With the way back to the set-up, and whom to tell."""
    shown = holder(console, acme).get(f"/admin/acme{page}")
    assert (shown.status, shown.headers["X-Connector-Error"]) == (403, "beyond_set_up")
    assert shown.link("Back to the set-up") == "/admin/acme/connections"
    assert shown.link("Sign in with an account") == "/login?next=%2Fadmin%2Facme"


def test_another_organization_is_not_there_for_them(console: Console, acme: World) -> None:
    """They are asked to sign in, as anybody who is signed out, whether there is one or not."""
    staged(console.database, slug="globex", verified=("globex.example",))
    it = holder(console, acme)
    for slug in ("globex", "nowhere"):
        assert it.get(f"/admin/{slug}/connections").location == f"/login?next=%2Fadmin%2F{slug}%2Fconnections"


def test_a_dead_link_is_forgotten_and_keeps_nobody_from_signing_in(console: Console, acme: World) -> None:
    """The cookie goes with the refusal."""
    it = holder(console, acme)
    [made] = setup_links.list_(console.database, acme.organization).items
    setup_links.revoke(console.database, acme.organization, made.id)
    page = it.get(path(acme))
    assert page.status == 404
    assert page.headers["Set-Cookie"].startswith("connector_setup=;")


def test_of_connections_in_force_nothing_is_told(console: Console) -> None:
    """Neither in the list nor on the page of mapping, which opens on the draft."""
    acme = live(console.database)
    connections.set_(console.database, acme.organization, acme.connection, name="The one in force", base_url=BASE)
    draft = connections.create(console.database, acme.organization, "The next one", "entra", base_url=BASE).id
    it = holder_by_operator(console, acme)
    for tail in ("/connections", "/mapping", "/mapping/rules", "/mapping/add", f"/connections/{draft}/setup"):
        page = it.get(f"/admin/acme{tail}")
        assert page.status == 200, tail
        assert "The one in force" not in page.text, tail
