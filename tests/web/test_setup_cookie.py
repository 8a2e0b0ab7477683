"""The cookie of a set-up link: it takes the token out of the address, and says who comes to the wizard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Response, request

from connector.directory import setup_links
from connector.errors import NotFound, TooMany
from connector.web import cookies, visitors
from tests.web.conftest import Site

TOKEN = "cnt_setup_" + "x" * 43


def test_the_cookie_is_for_our_pages_alone_and_goes_with_the_browser(either_site: Site) -> None:
    """HttpOnly, Lax, without an end; with https no neighbour can plant one."""
    given, taken = Response(), Response()
    with either_site.app.test_request_context("/", base_url=either_site.base_url):
        cookies.set_setup(given, TOKEN)
        cookies.clear_setup(taken)
    name, _, attributes = given.headers["Set-Cookie"].partition(f"={TOKEN}; ")
    https = either_site.base_url.startswith("https:")
    assert name == ("__Host-connector_setup" if https else "connector_setup")
    assert attributes.split("; ") == [*(["Secure"] if https else []), "HttpOnly", "Path=/", "SameSite=Lax"]
    assert "Max-Age=0" in taken.headers["Set-Cookie"]


def test_who_comes_by_a_link_is_known_by_the_address_or_by_the_cookie(site: Site) -> None:
    """From where they come is told; without a link nobody is known; one that opens nothing is refused, and slowed down."""
    world, now = site.organization(), datetime.now(UTC).replace(microsecond=0)
    made = setup_links.create(site.house.database, world.organization, base_url=site.base_url, name="IT of Acme")
    token = made.url.rpartition("/")[2]
    where = {"REMOTE_ADDR": "192.0.2.9"}
    with site.app.test_request_context("/", environ_base=where):
        assert visitors.setup_visit(now) is None
        opened = visitors.setup_visit(now, token)
        for _ in range(60):
            with pytest.raises(NotFound, match="unknown"):
                visitors.setup_visit(now, TOKEN)
        with pytest.raises(TooMany):
            visitors.setup_visit(now, TOKEN)
    with site.app.test_request_context("/", environ_base=where, headers={"Cookie": f"connector_setup={token}"}):
        assert request.cookies
        known = visitors.setup_visit(now)
    assert known is not None
    assert known == opened
    assert (known.slug, known.actor.name, known.actor.address) == ("acme", "set-up link IT of Acme of operator", "192.0.2.9")


def test_the_cookie_signs_nobody_in(site: Site) -> None:
    """Neither to the pages of people nor to the API."""
    world, client = site.organization(), site.browser()
    made = setup_links.create(site.house.database, world.organization, base_url=site.base_url)
    client.set_cookie("connector_setup", made.url.rpartition("/")[2])
    assert client.get("/sessions").status_code == 303
    assert client.get(f"/api/orgs/{world.organization}").status_code == 401
    token = made.url.rpartition("/")[2]
    assert client.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
