"""An organization and the people in it, for tests of what each of them may do over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.membership.model import ROLE, Assignment, Because, Give, Join, Subject
from connector.organizations import organizations
from connector.provisioning import facts, sync
from connector.provisioning.corridor import OPERATOR, Origin, enter
from connector.provisioning.history import AuditItem, audit
from connector.storage.database import Database
from tests.support.api import Api, Client


@dataclass(frozen=True)
class Cast:
    """People by their first name, each signed in by a mailed link."""

    api: Api
    organization: str
    slug: str
    clients: dict[str, Client] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Client:
        return self.clients[name]

    @property
    def owner(self) -> Client:
        """Who founded it."""
        return self.clients["owner"]

    def address(self, name: str) -> str:
        """The e-mail address of one of them."""
        return f"{name}@{self.slug}.example"

    def id(self, name: str) -> str:
        """The id of the person."""
        return self.api.person(self.address(name))

    def add(self, name: str, role: str) -> Client:
        """One more of them, as if somebody had added them by hand."""
        because = Because("added by hand")
        entry = facts.stranger(Subject(f"person:{name}", self.address(name)), self.id(name), name.title())
        joining = (Join(because), Give(Assignment(ROLE, role, "manual"), because))
        enter(
            self.api.database,
            self.organization,
            Origin(OPERATOR, "made for a test"),
            lambda corridor: sync.settle(corridor, [entry], lambda _: joining),
        )
        self.clients[name] = self.api.as_(self.address(name))
        return self.clients[name]

    def key(self, name: str, *scopes: str) -> Client:
        """One of them with a key of the organization."""
        return self.api.key(self.address(name), organization=self.organization, scopes=scopes)

    def audit(self) -> Sequence[AuditItem]:
        """The audit trail, oldest first."""
        return list(audit(self.api.database, self.organization))


def cast(api: Api, preset: str, *, slug: str = "acme", **people: str) -> Cast:
    """A new organization with its founder (`owner`) and these people, by name and role."""
    database: Database = api.database
    organization = organizations.create(database, slug, slug.title(), f"owner@{slug}.example", preset).id
    made = Cast(api, organization, slug)
    made.clients["owner"] = api.as_(made.address("owner"))
    for name, role in people.items():
        made.add(name, role)
    return made
