"""What an attack on OpenID Connect needs: a connection, its provider, whose answers can be changed, and an attacker."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Response
from joserfc import jws

from idp_fixtures.idp.provider import CODE_LIFE, Application, Code, Provider
from idp_fixtures.oidc import tokens
from idp_fixtures.people import Person, person
from idp_fixtures.threats import Attempt
from idp_fixtures.threats.browser import Browser, Reply

Twist = Callable[[Response], Response]
TOKEN, KEYS, DISCOVERY, USERINFO = "/token", "/keys", "/.well-known/openid-configuration", "/userinfo"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: the parameters of the authorization request, and the browser it was given to."""

    browser: Browser
    asked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stage:
    """One connection under attack, and the provider it trusts. `victim` is whom the attacker wants to be.

    `anew` makes another connection with a provider of its own, from which nothing was fetched yet; `trap_url` is an address that
    nobody may ask for, `inside_url` one that answers 200 to whoever is signed in. `others`: `foreign` (another organization's,
    whose provider the attacker runs), `userinfo` (its endpoint is asked).
    """

    idp: Provider
    application: Application
    login_url: str
    callback_url: str
    victim: Person
    attacker: Person
    new_browser: Callable[[], Browser]
    now: Callable[[], datetime]
    trap_url: str
    inside_url: str
    anew: Callable[[], Stage]
    others: dict[str, Stage] = field(default_factory=dict)

    @property
    def logout_url(self) -> str:
        """Where the provider sends logout tokens."""
        return self.application.back_channel_url

    def begin(self, browser: Browser | None = None) -> Begun:
        """Start a sign-in. Raises LookupError when connector does not send it on."""
        browser = browser or self.new_browser()
        reply = browser.get(self.login_url)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(reply.location).query).items()}
        if "state" not in asked:
            raise LookupError(f"{self.login_url} answered {reply.status} {reply.code} and sent no request.")
        return Begun(browser, asked)

    def code(self, begun: Begun, somebody: Person | None = None) -> str:
        """The provider lets the attacker (who alone can ask it) or somebody else sign in: a code for this request."""
        signed_in = self.idp.sign_in(self.application, somebody or self.attacker)
        asked = begun.asked
        ends_at = self.idp.clock() + CODE_LIFE
        return self.idp.issue_code(Code(signed_in, asked["redirect_uri"], asked["nonce"], asked["code_challenge"], ends_at))

    def answer(self, begun: Begun, somebody: Person | None = None, /, **changes: Any) -> dict[str, Any]:
        """The parameters of the genuine answer; `changes` as in `tokens.changed`."""
        genuine = {"code": self.code(begun, somebody), "state": begun.asked["state"], "iss": self.idp.url}
        return tokens.changed(genuine, changes)

    def send(self, begun: Begun, answer: Mapping[str, Any], browser: Browser | None = None) -> Reply:
        """Bring an answer to the redirect URI."""
        return (browser or begun.browser).get(f"{self.callback_url}?{urlencode(answer, doseq=True)}")

    def genuine(self, somebody: Person | None = None) -> Reply:
        """A whole sign-in as it should be."""
        begun = self.begin()
        return self.send(begun, self.answer(begun, somebody))

    @contextmanager
    def twisted(self, **twists: Twist) -> Iterator[None]:
        """The provider answers otherwise at `token`, `keys`, `discovery`, `userinfo`."""
        paths = {"token": TOKEN, "keys": KEYS, "discovery": DISCOVERY, "userinfo": USERINFO}
        self.idp.twists.update({paths[name]: twist for name, twist in twists.items()})
        try:
            yield
        finally:
            for name in twists:
                del self.idp.twists[paths[name]]

    def attempt(self, form: str, *codes: str, somebody: Person | None = None, **twists: Twist) -> Attempt:
        """A new sign-in, otherwise as it should be, while the provider answers otherwise."""
        begun = self.begin()
        with self.twisted(**twists):
            return Attempt(form, self.send(begun, self.answer(begun, somebody)), codes)

    def claims(self, form: str, *codes: str, somebody: Person | None = None, **changes: Any) -> Attempt:
        """A new sign-in whose ID token, rightly signed, says something else."""
        twist = new_token(lambda claims: tokens.sign(tokens.changed(claims, changes), self.idp.token_key))
        return self.attempt(form, *codes, somebody=somebody, token=twist)

    def token(self, form: str, make: Callable[[dict[str, Any]], Any], *codes: str) -> Attempt:
        """A new sign-in whose ID token is made of the genuine claims by the attacker."""
        return self.attempt(form, *codes, token=new_token(make))

    def stranger(self, name: str) -> Person:
        """Somebody at the provider who was never here."""
        domain = self.attacker.email.partition("@")[2]
        return person(f"{name.replace(' ', '-')}@{domain}", f"{name} Stranger")


def new_token(make: Callable[[dict[str, Any]], Any]) -> Twist:
    """The token endpoint's answer with an ID token made of the claims of the genuine one."""

    def twist(response: Response) -> Response:
        said = response.get_json()
        if "id_token" in said:
            said["id_token"] = make(json.loads(jws.extract_compact(said["id_token"].encode()).payload))
        return body(said)(response)

    return twist


def changed(**changes: Any) -> Twist:
    """A JSON answer with other members; `tokens.ABSENT` leaves one out."""
    return lambda response: body(tokens.changed(response.get_json(), changes))(response)


def body(said: Any, status: int = 200, **headers: str) -> Twist:
    """Another answer: bytes as they are, everything else as JSON."""
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda _: Response(raw, status, given)


def bad_documents(trap_url: str) -> dict[str, tuple[Twist, tuple[str, ...]]]:
    """Answers that are no document, whichever was asked for, and the refusals that are right."""
    unreadable = ("oidc_discovery_invalid", "oidc_keys_invalid", "oidc_token_endpoint", "oidc_userinfo", "oidc_issuer_differs")
    missing = ("oidc_document_missing", "oidc_token_endpoint", "oidc_userinfo")
    unwanted = ("fetch_redirected", *missing)
    return {
        "empty": (body(b""), unreadable),
        "no JSON": (body(b"<html>Sign in</html>"), unreadable),
        "a list": (body([]), unreadable),
        "a number": (body(b"1e999999"), unreadable),
        "very deep": (body(b"[" * 100_000), unreadable),
        "not UTF-8": (body(b'{"a": "\xff\xfe"}'), unreadable),
        "huge": (body(b'{"a": "' + b"x" * 3_000_000 + b'"}'), ("fetch_too_large",)),
        "a bomb": (body(_bomb(), Content_Encoding="gzip"), ("fetch_too_large", "fetch_failed", *unreadable)),
        "status 500": (body({}, 500), missing),
        "status 404": (body(b"", 404), missing),
        "a redirect": (body(b"", 302, Location=trap_url), unwanted),
        "a redirect to a file": (body(b"", 307, Location="file:///etc/passwd"), unwanted),
    }


def _bomb() -> bytes:
    return gzip.compress(b'{"a": "' + b"x" * 20_000_000 + b'"}')
