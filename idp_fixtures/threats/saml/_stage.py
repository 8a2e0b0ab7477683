"""What an attack on SAML needs: a connection, the identity provider's real key, an attacker with an account there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from idp_fixtures.keys import KeyPair, key_pair
from idp_fixtures.people import Person
from idp_fixtures.saml.logout import read_request
from idp_fixtures.saml.message import Answer, finish, make, response_tree
from idp_fixtures.saml.names import Element, encoded, parse, serialize
from idp_fixtures.saml.signing import inflated
from idp_fixtures.saml.vendors import Asked, Vendor, answer_of
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Browser, Reply


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: what connector asked, in which browser."""

    browser: Browser
    asked: Asked
    relay_state: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One connection under attack. `victim` is whom the attacker wants to be, `attacker` their own account at the same IdP.

    `new_browser` opens an empty one; `now` is the clock. `trap_url` is an address that nobody may ask for, `inside_url` one
    that answers 200 to whoever is signed in. `others` are further
    connections: `response` (a signed response is enough), `idp_initiated`, `foreign` (of another organization, whose IdP the
    attacker runs).
    """

    vendor: Vendor
    entity_id: str
    acs_url: str
    login_url: str
    logout_url: str
    victim: Person
    attacker: Person
    new_browser: Callable[[], Browser]
    now: Callable[[], datetime]
    trap_url: str
    inside_url: str
    encryption_certificate: str = ""
    others: dict[str, Stage] = field(default_factory=dict)

    @property
    def foreign_key(self) -> KeyPair:
        """A key of the attacker."""
        return key_pair("attacker")

    def begin(self, browser: Browser | None = None) -> Begun:
        """Start a sign-in, as an attacker can who has a browser. Raises LookupError when connector does not send it on."""
        browser = browser or self.new_browser()
        reply = browser.get(self.login_url)
        given = parse_qs(urlsplit(reply.location).query)
        if "SAMLRequest" not in given:
            raise LookupError(f"{self.login_url} answered {reply.status} {reply.code} and sent no request.")
        request = read_request(inflated(given["SAMLRequest"][0]))
        return Begun(browser, Asked(self.acs_url, self.entity_id, request.id), given["RelayState"][0])

    def answer(self, begun: Begun, person: Person | None = None, **changes: Any) -> Answer:
        """What the identity provider really answers to this sign-in: about the attacker, who alone can ask it."""
        now = changes.pop("now", None) or self.now()
        return answer_of(self.vendor, person or self.attacker, begun.asked, now, **changes)

    def genuine(self, begun: Begun, person: Person | None = None, **changes: Any) -> Element:
        """The signed response as a tree, to be tampered with."""
        return parse(make(self.answer(begun, person, **changes)))

    def built(self, begun: Begun, person: Person | None = None, **changes: Any) -> Element:
        """The same before it is signed."""
        return parse(serialize(response_tree(self.answer(begun, person, **changes))))

    def signed(self, tree: Element, begun: Begun, **changes: Any) -> Element:
        """A tree that was `built`, signed as the vendor signs."""
        return finish(tree, self.answer(begun, **changes))

    def send(self, begun: Begun, message: Element | bytes | str, browser: Browser | None = None) -> Reply:
        """Post a response (a tree, XML, or the field itself) to the ACS."""
        if not isinstance(message, str):
            message = encoded(message if isinstance(message, bytes) else serialize(message))
        form = {"SAMLResponse": message, "RelayState": begun.relay_state}
        return (browser or begun.browser).post(self.acs_url, {name: value for name, value in form.items() if value})

    def attempt(self, form: str, *codes: str, **changes: Any) -> Attempt:
        """A new sign-in, answered with what the identity provider says when these fields of `Answer` are otherwise."""
        begun = self.begin()
        person = changes.pop("person", None)
        return Attempt(form, self.send(begun, make(self.answer(begun, person, **changes))), codes)

    def tampered(self, form: str, tamper: Callable[[Element], Any], *codes: str, **changes: Any) -> Attempt:
        """A new sign-in whose genuine answer is changed after it was signed. `tamper` changes it, or returns another."""
        begun = self.begin()
        tree = self.genuine(begun, **changes)
        changed = tamper(tree)
        return Attempt(form, self.send(begun, tree if changed is None else changed), codes)

    def signed_so(self, form: str, build: Callable[[Element], Any], *codes: str, **changes: Any) -> Attempt:
        """A new sign-in whose answer the identity provider itself makes strangely: `build` changes the tree."""
        begun = self.begin()
        tree = self.built(begun, **changes)
        build(tree)
        return Attempt(form, self.send(begun, self.signed(tree, begun, **changes)), codes)

    def unasked(self) -> Begun:
        """A browser that began nothing, and an answer that nobody asked for."""
        return Begun(self.new_browser(), Asked(self.acs_url, self.entity_id, None), "")

    def as_vendor(self, **changes: Any) -> Stage:
        """The same connection, and an identity provider with other habits."""
        return replace(self, vendor=replace(self.vendor, **changes))
