"""What the identity provider knows: people, applications, who is signed in, and what it has handed out."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response
from joserfc.jwk import Key

from idp_fixtures.idp.pushing import Provisioning
from idp_fixtures.keys import KeyPair, key_pair
from idp_fixtures.oidc import tokens
from idp_fixtures.oidc import vendors as oidc_vendors
from idp_fixtures.people import PEOPLE, Person
from idp_fixtures.saml import vendors as saml_vendors

CODE_LIFE = timedelta(minutes=1)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Application:
    """A service provider (SAML) and client (OpenID Connect) that people sign in to. What it does not speak is left empty.

    `certificates` are those it signs its SAML messages with; with `encryption_certificate` assertions are encrypted.
    `client_keys` is its JWKS for private_key_jwt.
    """

    name: str
    entity_id: str = ""
    acs_url: str = ""
    slo_url: str = ""
    certificates: tuple[str, ...] = ()
    wants_signed_requests: bool = False
    encryption_certificate: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_uris: tuple[str, ...] = ()
    post_logout_uris: tuple[str, ...] = ()
    client_keys: Mapping[str, Any] | None = None
    back_channel_url: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody signed in to an application: `index` is the SAML SessionIndex and the OpenID `sid`."""

    application: Application
    person: Person
    index: str
    at: datetime
    name_id: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """An application waits to be told who it is. `answer` tells it, and needs `fields` for that."""

    answer: Callable[[Ask, Person | None], Response]
    application: Application
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: for whom, for which client, and what must be shown to redeem it."""

    signed_in: SignedIn
    redirect_uri: str
    nonce: str | None
    challenge: str
    ends_at: datetime


class Provider:
    """One identity provider. `vendor` is whose habits it has (names of attributes, what is signed); its addresses are its own.

    `twists` change what it answers at a path, for tests of whoever has to bear that. Methods may be called from a test while it
    serves: everything is behind one lock.
    """

    def __init__(
        self,
        people: Iterable[Person] = PEOPLE,
        vendor: str = "generic",
        name: str = "Example ID",
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.name = name
        self.url = ""
        self.clock = clock
        self.twists: dict[str, Callable[[Response], Response]] = {}
        self.provisioning: Provisioning | None = None
        self.key: KeyPair = key_pair(f"idp {name}")
        self.token_key: Key = tokens.signing_key(f"idp-{name.replace(' ', '-')}")
        self._vendor = vendor
        self._lock = threading.RLock()
        self._people = {person.email: person for person in people}
        self._applications: dict[str, Application] = {}
        self._asks: dict[str, Ask] = {}
        self._signed_in: list[SignedIn] = []
        self._codes: dict[str, Code] = {}
        self._access: dict[str, SignedIn] = {}

    @property
    def saml(self) -> saml_vendors.Vendor:
        """The SAML template of its vendor, with its own addresses."""
        template = saml_vendors.VENDORS[self._vendor]
        base = self.url
        return replace(template, issuer=f"{base}/saml/metadata", sso_url=f"{base}/saml/sso", slo_url=f"{base}/saml/slo")

    @property
    def oidc(self) -> oidc_vendors.Vendor:
        """The OpenID template of its vendor, with its own issuer."""
        known = self._vendor if self._vendor in oidc_vendors.VENDORS else "generic"
        return replace(oidc_vendors.VENDORS[known], issuer=self.url)

    def register(self, application: Application) -> Application:
        """Make an application known, or change the one of this name."""
        with self._lock:
            self._applications[application.name] = application
        return application

    def applications(self) -> tuple[Application, ...]:
        """All applications, in the order they were registered."""
        with self._lock:
            return tuple(self._applications.values())

    def application(self, **wanted: str) -> Application:
        """The application with these values of its fields. Raises LookupError."""
        for application in self.applications():
            if all(value and getattr(application, name) == value for name, value in wanted.items()):
                return application
        raise LookupError("This identity provider does not know the application.")

    def people(self) -> tuple[Person, ...]:
        """Everybody, also who was deactivated."""
        with self._lock:
            return tuple(self._people.values())

    def put(self, person: Person) -> None:
        """Add somebody, or replace the person with this address."""
        with self._lock:
            self._people[person.email] = person

    def change(self, email: str, **changes: Any) -> Person:
        """Change somebody: `active=False`, `groups=(…)`. Raises LookupError."""
        with self._lock:
            changed = replace(self._found(email), **changes)
            self._people[changed.email] = changed
            return changed

    def person(self, email: str) -> Person:
        """Somebody who may sign in. Raises LookupError for others."""
        with self._lock:
            found = self._found(email)
        if not found.active:
            raise LookupError("This person was deactivated.")
        return found

    def _found(self, email: str) -> Person:
        if email not in self._people:
            raise LookupError("This identity provider does not know the person.")
        return self._people[email]

    def rotate(self, name: str) -> None:
        """Sign with another key from now on, of both protocols."""
        with self._lock:
            self.key, self.token_key = key_pair(f"idp {name}"), tokens.signing_key(name)

    def wait(self, ask: Ask) -> str:
        """Keep what an application asks while the person says who they are. Returns the ticket."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            self._asks[ticket] = ask
        return ticket

    def waiting(self, ticket: str) -> Ask:
        """What is asked, once. Raises LookupError."""
        with self._lock:
            return self._asks.pop(ticket)

    def sign_in(self, application: Application, person: Person, name_id: str = "") -> SignedIn:
        """Remember that somebody is signed in to an application."""
        signed_in = SignedIn(application, person, "_" + secrets.token_hex(12), self.clock(), name_id)
        with self._lock:
            self._signed_in.append(signed_in)
        return signed_in

    def signed_in(self, application: Application | None = None, email: str | None = None) -> tuple[SignedIn, ...]:
        """Who is signed in, the latest last."""
        with self._lock:
            return tuple(
                each for each in self._signed_in if application in (None, each.application) and email in (None, each.person.email)
            )

    def sign_out(self, wanted: Callable[[SignedIn], bool]) -> None:
        """Forget the sign-ins that are wanted away."""
        with self._lock:
            self._signed_in = [each for each in self._signed_in if not wanted(each)]

    def issue_code(self, code: Code) -> str:
        """An authorization code for this."""
        value = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[value] = code
        return value

    def redeem(self, value: str) -> Code | None:
        """What a code stands for, once and in time."""
        with self._lock:
            code = self._codes.pop(value, None)
        return code if code is not None and self.clock() < code.ends_at else None

    def issue_access(self, signed_in: SignedIn) -> str:
        """An access token for the userinfo endpoint."""
        value = secrets.token_urlsafe(24)
        with self._lock:
            self._access[value] = signed_in
        return value

    def access(self, value: str) -> SignedIn | None:
        """Whose access token this is."""
        with self._lock:
            return self._access.get(value)
