"""What holds at every address of the console, the ones that are made tomorrow as well: they are read from the application."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from connector.accounts.sessions import Proof
from tests.support.console import BASE, COOKIE, Browser, Console
from tests.support.world import OWNER, World, live, staged

HOME = "/admin/<o>"


def addresses(app: Flask, method: str) -> list[str]:
    """Every address of an organization's console that takes a method, with `x` for what else stands in it."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(HOME) and method in (rule.methods or ())]
    return sorted(re.sub(r"<[^>]+>", "x", _chosen(rule.replace(HOME, "/admin/acme"))) for rule in rules)


def _chosen(rule: str) -> str:
    """With the first of what may stand somewhere, where only some words may."""
    return re.sub(r"<any\('?([a-z-]+)'?[^)]*\):[a-z]+>", r"\1", rule)


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation."""
    return staged(console.database)


def test_there_are_addresses_to_look_at(console: Console) -> None:
    """Else what follows would say nothing."""
    assert len(addresses(console.app, "GET")) > 20
    assert len(addresses(console.app, "POST")) > 20


def test_a_stranger_finds_no_organization_anywhere(console: Console, acme: World) -> None:
    """Whatever they ask for: the organization does not exist for them, neither in one mode nor in the other."""
    stranger = console.as_("eve@elsewhere.example")
    asked = [stranger.get(path) for path in addresses(console.app, "GET")]
    asked += [stranger.post(path, {"email": OWNER, "name": "x"}) for path in addresses(console.app, "POST")]
    assert {(each.status, each.headers.get("X-Connector-Error")) for each in asked} == {(404, "organization_not_found")}


def test_the_owner_of_another_organization_finds_none_either(console: Console, acme: World) -> None:
    """With the ids of things that are there."""
    staged(console.database, slug="globex", verified=("globex.example",))
    other = console.as_("owner@globex.example")
    for path in (
        f"/admin/acme/connections/{acme.connection}/setup",
        "/admin/acme/people",
        f"/admin/{acme.organization}/settings",
    ):
        assert other.get(path).status == 404, path
    mixed = other.get(f"/admin/globex/connections/{acme.connection}/setup")
    assert (mixed.status, mixed.headers["X-Connector-Error"]) == (404, "connection_not_found")


def test_who_is_signed_out_is_asked_to_sign_in_everywhere(console: Console, acme: World) -> None:
    """And nothing is done of what a form said."""
    nobody = console.nobody()
    asked = [nobody.get(path) for path in addresses(console.app, "GET")]
    asked += [nobody.post(path, {"email": OWNER}) for path in addresses(console.app, "POST")]
    assert {each.status for each in asked} == {303}
    assert all(each.location.startswith("/login?next=%2Fadmin%2Facme") for each in asked)


def test_no_form_is_taken_from_a_page_of_another_site(console: Console, acme: World) -> None:
    """Though the browser sends the session with it."""
    owner = console.as_(OWNER)
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Cookie": f"{COOKIE}={owner.token}"}
    with console.app.test_client(use_cookies=False) as client:
        answers = {client.post(path, base_url=BASE, headers=headers).status_code for path in addresses(console.app, "POST")}
    assert answers == {403}


@pytest.mark.parametrize("mode", ["invitation", "sso"])
def test_a_member_changes_nothing_by_any_form(console: Console, mode: str) -> None:
    """Whatever they send: no audit entry is written for it, but for keys of their own, which members may make, and leaving."""
    acme = staged(console.database) if mode == "invitation" else live(console.database)
    acme.invited("bob@acme.example", "member") if mode == "invitation" else acme.create("bob")
    bob = console.as_("bob@acme.example") if mode == "invitation" else _through(console, acme, "bob@acme.example")
    assert bob.get("/admin/acme").status == 200
    before = len(acme.audit())
    own = ("/admin/acme/keys", "/admin/acme/leave")
    for path in addresses(console.app, "POST"):
        if path in own:
            continue
        fields = {"email": "new@acme.example", "name": "x", "who": "bob@acme.example", "role": "owner", "level": "maintainer"}
        bob.post(path, fields)
        bob.post(path.replace("/x", f"/{acme.connection}", 1), fields)
    assert [entry.action for entry in acme.audit()[before:]] == []


def _through(console: Console, acme: World, email: str) -> Browser:
    return console.as_(email, Proof("saml", acme.organization, acme.connection))
