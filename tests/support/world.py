"""An organization with a connection whose directory is live, and short words for what its identity provider does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select

from connector.directory import connections, domains, groups, plans, tokens, users
from connector.directory.log import LogItem
from connector.directory.model import (
    AddMembers,
    Client,
    Document,
    GroupPatch,
    MemberChange,
    PushedGroup,
    PushedUser,
    RemoveMembers,
    ReplaceMembers,
)
from connector.directory.plans import PlanView
from connector.organizations import members, organizations
from connector.organizations.member_explained import MemberExplanation, explain_member
from connector.organizations.member_views import MemberView, list_members
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.history import AuditItem, audit
from connector.scim.documents import read_group, read_user
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support.heard import heard

BASE = "https://id.example.com"
OWNER = "owner@acme.example"


@dataclass(frozen=True, slots=True)
class World:
    """One organization as one of its identity providers sees it; methods are named for what that IdP, or an admin, does."""

    database: Database
    organization: str
    connection: str
    client: Client

    def create(self, name: str, /, *, email: str | None = "", external_id: str | None = None, **said: Any) -> str:
        """The IdP pushes a user called `name`, by default `name@acme.example`; returns the SCIM id."""
        address = f"{name}@acme.example" if email == "" else email
        body = {"userName": name, "displayName": name.title(), "externalId": external_id, **said}
        if address:
            body["emails"] = [{"type": "work", "value": address, "primary": True}]
        return users.create_user(self.database, self.client, read_user(body)).id

    def edit(self, user: str, **said: Any) -> None:
        """The IdP changes a user: `edit(ada, active=False)`, `edit(ada, userName="ada.l")`, `edit(ada, email="a@b.example")`."""
        if "email" in said:
            said["emails"] = [{"type": "work", "value": said.pop("email"), "primary": True}]

        def changed(document: Document, active: bool) -> PushedUser:
            return replace(read_user({**document, **said}, active), says_active="active" in said)

        users.edit_user(self.database, self.client, user, changed, verb="patch")

    def delete(self, user: str) -> None:
        """The IdP deletes a user."""
        users.delete_user(self.database, self.client, user)

    def group(self, name: str, *inside: str, external_id: str | None = None) -> str:
        """The IdP pushes a group with members; returns its SCIM id."""
        pushed, _ = read_group({"displayName": name, "externalId": external_id})
        return groups.create_group(self.database, self.client, pushed, inside).id

    def rename(self, group: str, name: str) -> None:
        """The IdP renames a group."""

        def changed(document: Document) -> PushedGroup:
            return read_group({**document, "displayName": name})[0]

        self._patch(group, GroupPatch(changed, ()))

    def put_in(self, group: str, *people: str) -> None:
        """The IdP adds members."""
        self.members_of(group, AddMembers(people))

    def take_out(self, group: str, *people: str) -> None:
        """The IdP removes members."""
        self.members_of(group, RemoveMembers(people))

    def replace_members(self, group: str, *people: str) -> None:
        """The IdP writes the whole list of members."""
        self.members_of(group, ReplaceMembers(people))

    def members_of(self, group: str, *changes: MemberChange) -> None:
        """The IdP sends one PATCH with these member operations."""
        self._patch(group, GroupPatch(None, changes))

    def _patch(self, group: str, patch: GroupPatch) -> None:
        groups.edit_group(self.database, self.client, group, patch, verb="patch", with_members=False, answered=204)

    def delete_group(self, group: str) -> None:
        """The IdP deletes a group."""
        groups.delete_group(self.database, self.client, group)

    def rule(self, **options: Any) -> str:
        """An admin adds a rule with the options of `rule add`; returns its id."""
        rule = new_id()
        self.carry_out("add_rule", id=rule, connection=self.connection, **options)
        return rule

    def carry_out(self, kind: str, *, actor: Actor = OPERATOR, **input: Any) -> PlanView:  # noqa: A002 - as plans calls it
        """Run a verb of `plans` at once."""
        return plans.carry_out(self.database, self.organization, kind, input, actor=actor)

    def propose(self, kind: str, **input: Any) -> PlanView:  # noqa: A002 - as plans calls it
        """Look at a plan; it is stored and nothing changes."""
        return plans.propose(self.database, self.organization, kind, input)

    def apply(self, plan: PlanView) -> PlanView:
        """Apply a stored plan."""
        return plans.apply_stored(self.database, self.organization, plan.digest)

    def activate(self) -> PlanView:
        """Take the connection live, with its directory if it is staged."""
        return self.carry_out("activate", connection=self.connection)

    def directory(self, state: str) -> PlanView:
        """Move the directory to a state."""
        return self.carry_out("directory", connection=self.connection, directory=state)

    def reconciled(self) -> bool:
        """True when deciding everybody anew would change nothing."""
        return not self.propose("rules", rules=None).changes

    @property
    def members(self) -> dict[str, MemberView]:
        """The members by address, or by name where they have none."""
        return {each.email or each.name or "": each for each in list_members(self.database, self.organization)}

    def member(self, name: str) -> MemberView:
        """One member, by the part of the address before @ or the whole of it."""
        return self.members[name if "@" in name else f"{name}@acme.example"]

    def explain(self, who: str) -> MemberExplanation:
        """Why somebody has what they have."""
        return explain_member(self.database, self.organization, f"{who}@acme.example")

    def sources(self, name: str) -> set[tuple[str, str, str]]:
        """The rows of a member's ledger as (target, level, kind of source)."""
        row = t.Assignment
        found = (
            select(row.target_kind, t.Team.slug, t.Project.slug, row.level, row.source)
            .outerjoin(t.Team, t.Team.id == row.team_id)
            .outerjoin(t.Project, t.Project.id == row.project_id)
            .where(row.membership_id == self.member(name).id)
        )
        with self.database.read() as tx:
            rows = tx.execute(found).all()
        return {(_target(kind, team or project), level, source.partition(":")[0]) for kind, team, project, level, source in rows}

    def audit(self, *actions: str) -> list[AuditItem]:
        """The audit entries, oldest first; with `actions` only those."""
        return [item for item in audit(self.database, self.organization) if not actions or item.action in actions]

    def log(self) -> list[LogItem]:
        """The provisioning log, oldest first."""
        return heard(self.database, self.connection)

    def events(self, *kinds: str) -> list[Mapping[str, Any]]:
        """The outbox events, oldest first, as kind and payload; with `kinds` only those."""
        event = t.OutboxEvent
        found = select(event.kind, event.payload).where(event.organization_id == self.organization).order_by(event.id)
        with self.database.read() as tx:
            return [{"kind": kind, **payload} for kind, payload in tx.execute(found) if not kinds or kind in kinds]

    def person_of(self, user: str) -> str | None:
        """The id of the Person a pushed user is linked to."""
        with self.database.read() as tx:
            return tx.execute(select(t.DirectoryUser.person_id).where(t.DirectoryUser.id == user)).scalar_one()

    def owner(self, name: str) -> None:
        """An admin makes a member an owner."""
        members.set_role(self.database, self.organization, f"{name}@acme.example", "owner")

    def suspend(self, name: str) -> None:
        """An admin suspends a member."""
        members.suspend(self.database, self.organization, name if "@" in name else f"{name}@acme.example")

    def invited(self, email: str, role: str = "member") -> None:
        """A member from the time before: as if an invitation had been accepted by the holder of this verified address."""
        person, membership, now = new_id(), new_id(), datetime.now(UTC)
        home = {"organization_id": self.organization, "created_at": now}
        address = {"email": email, "email_key": email, "verified": True, "is_primary": True, "created_at": now}
        key = {"membership_id": membership, "target_kind": "role", "target_id": "", "source": "invitation"}
        with self.database.engine.begin() as tx:
            tx.execute(insert(t.Person).values(id=person, display_name=email, created_by=None, created_at=now))
            tx.execute(insert(t.Address).values(id=new_id(), person_id=person, **address))
            tx.execute(insert(t.Membership).values(id=membership, person_id=person, role=role, joined_by="invitation", **home))
            tx.execute(insert(t.Assignment).values(**key, level=role, **home))

    def owner_on_leave(self) -> None:
        """The founder is suspended, which no verb allows: the schema does, and then the next owner is the last."""
        out = {"membership_id": self.member(OWNER).id, "cause": "admin", "organization_id": self.organization}
        with self.database.engine.begin() as tx:
            tx.execute(insert(t.Suspension).values(**out, connection_id=None, origin="on leave", created_at=datetime.now(UTC)))

    def another(self, name: str = "Entra") -> World:
        """A second connection of the same organization, its directory staged."""
        return _connected(self.database, self.organization, name)


def staged(
    database: Database, *, slug: str = "acme", verified: Iterable[str] = ("acme.example",), preset: str = "oagents"
) -> World:
    """An organization by invitation with its founder, owner@SLUG.example, and a connection whose directory is staged."""
    organization = organizations.create(database, slug, slug.title(), f"owner@{slug}.example", preset).id
    for domain in verified:
        domains.add(database, organization, domain, verified=True)
    return _connected(database, organization, "Okta")


def live(
    database: Database, *, slug: str = "acme", verified: Iterable[str] = ("acme.example",), preset: str = "oagents"
) -> World:
    """The same, gone live; the founder is the break-glass owner."""
    world = staged(database, slug=slug, verified=verified, preset=preset)
    world.activate()
    return world


def _connected(database: Database, organization: str, name: str) -> World:
    connection = connections.create(database, organization, name, "okta", base_url=BASE).id
    token = tokens.create(database, organization, connection).id
    return World(
        database, organization, connection, Client(connection, organization, token, "Okta SCIM Client 1.0.0", "192.0.2.1")
    )


def rows(database: Database) -> dict[str, int]:
    """How many rows every table has."""
    with database.read() as tx:
        return {
            name: tx.execute(select(func.count()).select_from(table)).scalar_one() for name, table in t.metadata.tables.items()
        }


def _target(kind: str, slug: str | None) -> str:
    return kind if slug is None else f"{kind}:{slug}"
