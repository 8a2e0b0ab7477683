"""What a newcomer does with Globex, by the addresses that the demo prints: every step of the wizard, as a browser without scripts
sends it, and at the identity provider what the step asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.cli.processes import PATIENCE
from tests.support.console import Shown

EMERGENCY = "emergency@globex.example"


@dataclass
class Visitor:
    """Somebody with a browser, and the page that it shows."""

    http: requests.Session = field(default_factory=requests.Session)
    page: Shown = field(init=False)

    def open(self, address: str, method: str = "GET", **sent: Any) -> Shown:
        """Go there, wherever that leads."""
        here = {"Origin": "://".join(urlsplit(address)[:2])} if method == "POST" else {}
        answer = self.http.request(method, address, headers=here, timeout=PATIENCE, **sent)
        assert answer.status_code < 500, f"{method} {address} -> {answer.status_code}"
        self.page = Shown(answer.url, answer.status_code, answer.headers, answer.text)  # type: ignore[arg-type]
        return self.page

    def follow(self, words: str) -> Shown:
        """Follow the link that has these words in it; rather one that begins with them."""
        found = sorted((each for each in self.page.links if words in each), key=lambda each: (not each.startswith(words), each))
        assert found, f"no link {words!r} at {self.page.path}, but {list(self.page.links)}"
        return self.open(urljoin(self.page.path, self.page.links[found[0]]))

    def press(self, words: str, **filled: str) -> Shown:
        """Fill in the form with this button, and send it."""
        [button, *_] = [each for each in self.page.buttons if each.startswith(words)] or [words]
        form = self.page.form(button)
        assert set(filled) <= form.known, (filled, form.known)
        return self.open(urljoin(self.page.path, form.action), form.method, data=form.fields | filled)

    def copied(self, label: str) -> str:
        """The value below a label, to be copied."""
        found = f"//*[@class='copy-label' and normalize-space()='{label}']/following-sibling::code[1]"
        return str(self.page.tree.xpath(found)[0].text_content())


def connect(said: str) -> None:
    """From the printed link to a live connection, and to an employee's suspension by the identity provider."""
    globex, set_up = re.findall(r"http\S+/login/link\S+", said)[1], re.findall(r"http\S+/set-up", said)[0]
    founder, admin = Visitor(), Visitor()
    founder.open(globex)
    assert "/admin/globex" in founder.press("Sign in").path
    _introduce(founder, admin, set_up)
    _push(founder, admin)
    _test(founder)
    _keep_a_way_in(founder)
    _go_live(founder)
    _somebody_leaves(founder, admin)


def _introduce(founder: Visitor, admin: Visitor, set_up: str) -> None:
    """Both sides learn each other's addresses."""
    for words in ("Connections", "Connect an identity provider", "Any SAML"):
        founder.follow(words)
    founder.press("Begin the set-up", name="Globex ID")
    founder.follow("Set up sign-in at Globex ID")
    admin.open(set_up)
    admin.follow("Add an application")
    admin.press("Add", acs_url=founder.copied("ACS URL"), entity_id=founder.copied("Entity ID"))
    founder.follow("Next: Tell us about Globex ID")
    founder.press("Read it", metadata_url=admin.page.tree.xpath("//code")[0].text)
    assert "What we know of Globex ID" in founder.page.words


def _push(founder: Visitor, admin: Visitor) -> None:
    """The token is made, tried and used; the page tells what it has heard."""
    founder.follow("Push people and groups")
    founder.press("Make the token")
    admin.follow("Provisioning")
    admin.press("Test connection", base_url=founder.copied("SCIM base URL"), token="no token")
    assert "401" in admin.page.words
    admin.press("Test connection", token=founder.copied("Token"))
    assert "The connection works" in admin.page.words
    assert "Pushed 8 people and 3 groups" in admin.press("Push people and groups now").words
    heard = founder.follow("Push people and groups").words
    assert re.search("We have heard from Globex ID: .+, 8 people, 3 groups", heard)


def _test(founder: Visitor) -> None:
    """The founder chooses themselves at the identity provider, which posts the answer."""
    founder.follow("Next: Test the sign-in")
    wizard = founder.page.path
    founder.press("Start the test sign-in")
    founder.press("Sign in as Inês Duarte")
    assert "The test sign-in worked" in founder.press("Continue").words
    founder.open(wizard)
    assert "The test sign-in worked" in founder.page.words


def _keep_a_way_in(founder: Visitor) -> None:
    """Platform becomes a team; the account for emergencies becomes break-glass owner, with codes on paper."""
    founder.follow("Next: Turn groups into roles and teams")
    [platform] = founder.page.tree.xpath("//select[@name='who']/option[.='Platform']/@value")
    founder.press("Add the rule", who=platform, gives="team", team="platform")
    founder.follow("Next: Keep a way in")
    wizard = founder.page.path
    founder.press("Name a break-glass owner", email=EMERGENCY)
    founder.follow("Print codes of")
    founder.press("Make codes")
    assert len(founder.page.tree.xpath("//ul[contains(@class, 'codes')]//code")) == 10
    founder.open(wizard)


def _go_live(founder: Visitor) -> None:
    """Seven join, as the plan says. From now on Globex opens through its identity provider, to its founder as well."""
    founder.follow("Next: Go live")
    assert "7 join" in founder.press("See what would change").words
    founder.press("Go live")
    assert "Globex opens through its identity provider" in founder.page.words
    founder.follow("Sign in through Globex ID")
    founder.press("Sign in as Inês Duarte")
    assert "is in force" in founder.press("Continue").words


def _somebody_leaves(founder: Visitor, admin: Visitor) -> None:
    """Kofi is deactivated at the identity provider, and suspended here."""
    admin.follow("People and groups")
    assert "Kofi Mensah is deactivated. Pushed 8 people" in admin.press("Deactivate Kofi Mensah").words
    founder.follow("Members")
    [kofi] = [row for row in founder.page.rows if "Kofi Mensah" in row]
    assert "Suspended" in kofi
