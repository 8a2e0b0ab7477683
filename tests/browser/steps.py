"""What people do in journeys, in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from connector.directory import connections, domains, sign_on, tokens
from connector.directory.model import Client
from connector.organizations import organizations
from connector.organizations.organizations import Founded
from connector.outbound import dns
from connector.saml.metadata import read_metadata
from idp_fixtures.idp import Application, Provider
from tests.support.browser import Visits
from tests.support.site import Site
from tests.support.world import World

ADA, GRACE = "ada@acme.example", "grace@acme.example"
WAIT = 20


def founded(site: Site) -> Founded:
    """The operator makes an organization, by invitation."""
    return organizations.create(site.database, "acme", "Acme Robotics", ADA, base_url=site.base_url)


def entered(visits: Visits, made: Founded) -> Page:
    """The founder opens the link that was printed for them, and is in."""
    page = visits.open(str(made.sign_in_url))
    press(page, "Sign in")
    return page


def connected(site: Site, home: str, idp: Provider) -> str:
    """A draft that knows the identity provider, and is known to it; returns its id."""
    made = connections.create(site.database, home, "Okta", "okta", base_url=site.base_url)
    idp.register(Application("Acme Robotics", entity_id=made.entity_id, acs_url=made.acs_url))
    address = f"{idp.url}/saml/metadata"
    read = read_metadata(site.house.fetcher.fetch(address).body, datetime.now(UTC))
    sign_on.configure_saml(site.database, made.id, read.side, metadata_url=address, plain_http=True)
    return made.id


def live(site: Site, idp: Provider) -> World:
    """The same, gone live with an empty directory; the founder keeps recovery codes."""
    home = founded(site).id
    okta = connected(site, home, idp)
    domains.add(site.database, home, "acme.example", verified=True)
    token = tokens.create(site.database, home, okta).id
    world = World(site.database, home, okta, Client(okta, home, token, "Okta SCIM Client 1.0.0", "192.0.2.1"))
    world.activate()
    return world


def press(page: Page | Locator, name: str) -> None:
    """Press the button, or follow the link, that is called so."""
    page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True)).click()


def copied(page: Page, label: str) -> str:
    """The value that stands on the page to be copied, by its label."""
    return page.locator(".copy", has=page.get_by_text(label, exact=True)).locator(".copy-value").inner_text()


def introduce(page: Page, idp: Provider, by: str) -> None:
    """At the identity provider: make the application with the values of the wizard's page."""
    if by == "saml":
        acs_url, entity_id = copied(page, "Single sign-on URL"), copied(page, "Audience URI (SP Entity ID)")
        idp.register(Application("Acme Robotics", acs_url=acs_url, entity_id=entity_id))
    else:
        address = copied(page, "Sign-in redirect URIs")
        idp.register(Application("Acme Robotics", client_id="0oa1", client_secret="s3cret-of-acme", redirect_uris=(address,)))


def tell(page: Page, idp: Provider, by: str) -> None:
    """In the wizard: paste back what the identity provider says of itself."""
    if by == "saml":
        page.locator("[name=metadata_url]").fill(f"{idp.url}/saml/metadata")
    else:
        page.locator("[name=oidc_issuer]").fill(idp.url)
        page.locator("[name=client_id]").fill("0oa1")
        page.locator("[name=client_secret]").fill("s3cret-of-acme")
    press(page, "Read it")
    expect(page.get_by_role("heading", name="What we know of Okta")).to_be_visible()


def zone(monkeypatch: pytest.MonkeyPatch, records: Mapping[str, str]) -> None:
    """What DNS says from now on."""

    def answer(name: str) -> dns.Answer:
        return dns.Answer("found", (records[name],)) if name in records else dns.Answer("no_name")

    monkeypatch.setattr(dns, "txt", answer)


def push(base_url: str, token: str, idp: Provider, groups: Iterable[str]) -> None:
    """At the identity provider: assign everybody to the application, and push these groups."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    ids = {}
    for each in idp.people():
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": each.email,
            "externalId": each.id,
            "displayName": each.display_name,
            "emails": [{"value": each.email, "type": "work", "primary": True}],
        }
        ids[each.email] = _post(f"{base_url}/Users", body, headers)
    for name in groups:
        inside = [{"value": ids[each.email]} for each in idp.people() if name in each.groups]
        group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": inside}
        _post(f"{base_url}/Groups", group, headers)


def _post(address: str, body: object, headers: dict[str, str]) -> str:
    answer = requests.post(address, json=body, headers=headers, timeout=WAIT)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def come_in(page: Page, email: str, name: str) -> None:
    """Somebody types their address at the sign-in page, and chooses themselves at the identity provider."""
    page.goto("/login")
    page.get_by_label("Work e-mail").fill(email)
    press(page, "Continue")
    choose(page, name)


def choose(page: Page, name: str) -> None:
    """At the identity provider: be somebody."""
    page.get_by_role("button", name=f"Sign in as {name}").click()


def letter(site: Site, recipient: str) -> str:
    """The text of the newest mail to somebody."""
    body = site.mails(recipient)[-1].get_body(("plain",))
    assert body
    return str(body.get_content())
