"""The values of sessions, and how long what is in them lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.membership.opening import Authentication, Method

_HOURS = timedelta(hours=1)
_LOCAL = (12 * _HOURS, timedelta(days=7))
_THROUGH_IDP = (12 * _HOURS, 24 * _HOURS)

LIMITS: Mapping[Method, tuple[timedelta, timedelta]] = {
    "email_link": _LOCAL,
    "oidc_local": _LOCAL,
    "operator_link": _LOCAL,
    "saml": _THROUGH_IDP,
    "oidc": _THROUGH_IDP,
    "break_glass": (_HOURS, 8 * _HOURS),
}
"""How long an authentication lives: without a request, and at most."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks to be signed in: address and program, and the session token the browser carries, alive or not."""

    address: str
    agent: str
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody has just shown who they are: what becomes an authentication.

    `organization_id` and `connection_id` as in `opening.Authentication`. `handle` and `handle_index` are what the IdP will name
    this sign-in by when it ends it (NameID and SessionIndex, `sub` and `sid`), kept as hashes; `logout` is what a logout started
    here needs, sealed by the caller. `ends_at` is the IdP's own upper limit.
    """

    method: Method
    organization_id: str | None = None
    connection_id: str | None = None
    handle: str | None = None
    handle_index: str | None = None
    logout: str | None = field(default=None, repr=False)
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A live authentication of a session. The names are for people; `logout` is sealed as the `Proof` brought it."""

    id: str
    authentication: Authentication
    organization_name: str | None
    connection_name: str | None
    at: datetime
    expires_at: datetime
    logout: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A live session: at least one authentication in it lives.

    `primary_domain_owner` is the organization, among those the session speaks of, that has verified the domain of the person's
    verified primary address: what `opening.opens_personal` asks for. `workspace` is the organization the person works in at the
    moment, open or not; None is their own.
    """

    id: str
    person_id: str
    name: str | None
    email: str | None
    held: tuple[Held, ...]
    primary_domain_owner: str | None
    address: str
    agent: str
    created_at: datetime
    last_seen_at: datetime
    username: str | None
    super_admin: bool
    workspace: str | None

    @property
    def authentications(self) -> tuple[Authentication, ...]:
        """What `opening` judges by."""
        return tuple(each.authentication for each in self.held)


def not_idle(last_seen_at: datetime, now: datetime) -> list[str]:
    """The methods that still count for somebody who was last seen then."""
    return [method for method, (idle, _) in LIMITS.items() if now - last_seen_at < idle]
