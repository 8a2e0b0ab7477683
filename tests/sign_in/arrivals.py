"""Short words for people who arrive through an identity provider, every check of the protocol passed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from connector.accounts import sessions
from connector.accounts.sessions import Session, Visitor
from connector.directory import sign_in
from connector.directory.requests import PendingRequest
from connector.directory.sign_in import Entered
from connector.directory.sign_on_model import AttributeMapping, OidcSide, SignOn
from connector.errors import ConnectorError
from connector.membership.identity import Profile, SubjectId, VerifiedIdentity
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.support.world import World, live, rows, staged

SEALER = Sealer(["key"])
ISSUER = "https://idp.example.com"
_counter = itertools.count()


@dataclass(frozen=True, slots=True)
class Door:
    """A connection with a sign-on side, and those who come through it."""

    world: World
    connection: str

    @property
    def database(self) -> Database:
        """Where it all is kept."""
        return self.world.database

    @property
    def sign_on(self) -> SignOn:
        """The connection as the protocol room had it when the sign-in began."""
        side = OidcSide(ISSUER, "client", None)
        home = (self.connection, self.world.organization, "acme", "Acme", "Okta", "okta", "active", "sso", 1)
        return SignOn(*home, AttributeMapping(), {}, oidc=side)

    def identity(self, name: str, *, groups: tuple[str, ...] | None = None, **said: Any) -> VerifiedIdentity:
        """Somebody whom the IdP calls `sub-NAME`, with the address `NAME@acme.example`; `said` replaces parts of either value."""
        address: dict[str, Any] = {
            "email": f"{name}@acme.example",
            "user_name": f"{name}@acme.example",
            "display_name": name.title(),
        }
        given = {key: said.pop(key) for key in list(said) if key in Profile.__dataclass_fields__}
        profile = replace(Profile(groups=groups), **{**address, **given})
        subject = SubjectId(ISSUER, said.pop("kind", "sub"), said.pop("subject", f"sub-{name}"), said.pop("mutable", False))
        until = datetime.now(UTC) + timedelta(minutes=5)
        whole = VerifiedIdentity(self.connection, "oidc", subject, profile, {}, f"message-{next(_counter)}", until)
        return replace(whole, **said)

    def arrive(self, identity: VerifiedIdentity, *, cookie: str | None = None, request: PendingRequest | None = None) -> Entered:
        """They sign in; raises the refusal."""
        return sign_in.sign_in(self.database, SEALER, self.sign_on, identity, request, Visitor("192.0.2.7", "Firefox", cookie))

    def come(self, name: str, **said: Any) -> Entered:
        """`arrive` of `identity`."""
        return self.arrive(self.identity(name, **said))

    def refused(self, identity: VerifiedIdentity, *, cookie: str | None = None) -> str:
        """They are refused; returns the code."""
        try:
            self.arrive(identity, cookie=cookie)
        except ConnectorError as error:
            return error.code
        raise AssertionError("they were let in")

    def session(self, entered: Entered, now: datetime | None = None) -> Session | None:
        """The live session of somebody who came in."""
        return sessions.find(self.database, entered.session_token, now or datetime.now(UTC))


def give_sign_on(world: World, connection: str) -> Door:
    """Write a sign-on side for a connection, as its configuration does."""
    now = datetime.now(UTC)
    row = {"connection_id": connection, "organization_id": world.organization, "protocol": "oidc", "issuer": ISSUER}
    rest = {"settings": {}, "mapping": {}, "version": 1, "created_at": now, "updated_at": now}
    world.database.write(lambda tx: tx.execute(insert(t.SignOn).values(**row, **rest)))
    return Door(world, connection)


def by_directory(database: Database) -> Door:
    """An organization whose directory is live: it decides who is in, and what they are."""
    world = live(database)
    return give_sign_on(world, world.connection)


def by_claims(database: Database) -> Door:
    """An organization in sso without a live directory: sign-ins decide."""
    world = staged(database)
    world.directory("off")
    world.activate()
    return give_sign_on(world, world.connection)


def identities(database: Database) -> list[Any]:
    """Who is linked to whom."""
    with database.read() as tx:
        return list(tx.execute(select(t.ExternalIdentity).order_by(t.ExternalIdentity.id)))


MADE = ("person", "address", "membership", "external_identity", "session", "authentication", "assignment", "claimed_group")
"""What a refusal must add nothing to."""


def counted(database: Database) -> dict[str, int]:
    """The rows that a refusal must not add to."""
    return {name: count for name, count in rows(database).items() if name in MADE}
