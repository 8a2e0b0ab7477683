"""An organization whose owner makes set-up links, and short words for who opens them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from connector.directory import (
    connections,
    setup_links,
)
from connector.directory.setup_links import NewSetupLink, SetupVisit
from connector.errors import ConnectorError
from connector.membership.opening import Authentication
from connector.provisioning.acting import Actor
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import acme_in_sso
from tests.directory import homes
from tests.directory.homes import BASE

SEALER = Sealer(["a key of this test"])
OWNER = "owner@acme.example"
ADDRESS = "192.0.2.7"


def now() -> datetime:
    """The moment of the call: verbs judge a link by the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """acme, in sso through the connection `live`, with a draft beside it, and its owner, who made a set-up link."""

    database: Database
    organization: str
    live: str
    draft: str
    owner: Actor

    def link(self, **given: object) -> NewSetupLink:
        """A new link, by default the owner's."""
        made: Callable[..., NewSetupLink] = partial(setup_links.create, self.database, self.organization, base_url=BASE)
        return made(**{"name": "IT of Acme", "actor": self.owner, **given})

    def opened(self, made: NewSetupLink, at: datetime | None = None) -> SetupVisit | None:
        """Who holds a link, None when it opens nothing."""
        return setup_links.find(self.database, token_of(made), at or now(), address=ADDRESS)

    def it(self) -> Actor:
        """The IT person, by a new link."""
        visit = self.opened(self.link())
        assert visit is not None
        return visit.actor

    def audited(self) -> list[str]:
        """What the audit trail tells, oldest first."""
        return [row.action for row in homes.read(self.database, t.AuditEntry.id, t.AuditEntry.action)]


def token_of(made: NewSetupLink) -> str:
    """The secret in the address of a link."""
    return made.url.removeprefix(f"{BASE}/setup/")


def site(database: Database) -> Site:
    """The organization; its owner uses an organization's key, which opens it in either mode."""
    home, owner = acme_in_sso(database)
    draft = connections.create(database, home.organization, "New", "entra", base_url=BASE).id
    key = (Authentication("organization_key", home.organization),)
    return Site(database, home.organization, home.connection, draft, Actor(OWNER, owner, key))


def refusal(verb: Callable[[], object]) -> str:
    """The code with which something is refused, "" when it is not."""
    try:
        verb()
    except ConnectorError as refused:
        return refused.code
    return ""


def this_second() -> datetime:
    """A moment of this second, as both databases keep it."""
    return now().replace(microsecond=0)
