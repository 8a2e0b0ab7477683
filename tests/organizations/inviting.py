"""Short words for inviting: an organization, who acts in it, what is mailed, and what the rows say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.accounts.sessions import Visitor
from connector.errors import ConnectorError
from connector.membership.opening import Authentication
from connector.organizations import invitation_links, invitations, joining, organizations
from connector.organizations.invitation_links import Entered
from connector.organizations.invitation_rows import InvitationView
from connector.organizations.joining import Joined
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.history import audit
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from tests.accounts import people
from tests.accounts.people import holder

BASE = "https://id.example"
SEALER = Sealer(["a key of this test"])
LOCAL = (Authentication("email_link"),)
HERE = Visitor("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64)")
WEEK = timedelta(days=7)
LEO = "leo@elsewhere.example"
"""Somebody to invite, of a domain of their own."""


@dataclass(frozen=True)
class Inviting:
    """An organization by invitation, and what is done about its invitations."""

    database: Database
    id: str
    slug: str

    @property
    def owner(self) -> Actor:
        """The founder, signed in by e-mail link."""
        return self.actor(f"owner@{self.slug}.example")

    def actor(self, email: str) -> Actor:
        """Whoever has this address verified, signed in by e-mail link."""
        return as_(self.database, email)

    def member(self, name: str, role: str) -> Actor:
        """A member from before, NAME@elsewhere.example."""
        email = f"{name}@elsewhere.example"
        person, membership = people.person(self.database, email), new_id()
        home = {"organization_id": self.id, "created_at": people.NOW}
        key = {"membership_id": membership, "target_kind": "role", "target_id": "", "source": "manual"}
        with self.database.engine.begin() as tx:
            tx.execute(insert(t.Membership).values(id=membership, person_id=person, role=role, joined_by="manual", **home))
            tx.execute(insert(t.Assignment).values(**key, level=role, **home))
        return self.actor(email)

    def invite(
        self, email: str = LEO, role: str | None = None, actor: Actor = OPERATOR, token: str | None = None
    ) -> InvitationView:
        """Invite an address."""
        return invitations.invite(self.database, SEALER, BASE, self.id, email, role=role, actor=actor, token=token)

    def resend(self, invitation: InvitationView, actor: Actor = OPERATOR) -> InvitationView:
        """Send it again."""
        return invitations.resend(self.database, SEALER, BASE, self.id, invitation.id, actor=actor)

    def cancel(self, invitation: InvitationView, actor: Actor = OPERATOR) -> None:
        """Take it back."""
        invitations.cancel(self.database, self.id, invitation.id, actor=actor)

    def accept(self, invitation: InvitationView, email: str = LEO) -> Joined:
        """Accept as whoever has the address, signed in."""
        return joining.accept(self.database, invitation.id, actor=self.actor(email))

    def accept_link(self, token: str, actor: Actor | None = None) -> Entered:
        """Accept by the link, signed out unless there is an actor."""
        return invitation_links.accept(self.database, token, HERE, actor=actor, sign_in_at="/login?next=there")

    def status(self, invitation: InvitationView) -> str:
        """What the row says."""
        with self.database.read() as tx:
            return tx.execute(select(t.Invitation.status).where(t.Invitation.id == invitation.id)).scalar_one()

    def listed(self, status: str | None = None, actor: Actor = OPERATOR) -> list[InvitationView]:
        """The list."""
        return list(invitations.list_(self.database, self.id, limit=200, status=status, actor=actor).items)

    def audit(self, prefix: str = "invitation.") -> list[tuple[str, str, str]]:
        """Actor, action and target of the entries whose action begins so, oldest first."""
        return [(e.actor, e.action, e.target) for e in audit(self.database, self.id) if e.action.startswith(prefix)]

    def members(self) -> dict[str, tuple[str, str]]:
        """Address -> role, and how they joined."""
        member, address = t.Membership, t.Address
        found = select(address.email, member.role, member.joined_by).join(address, address.person_id == member.person_id)
        with self.database.read() as tx:
            return {email: (role, by) for email, role, by in tx.execute(found.where(member.organization_id == self.id))}


def inviting(database: Database, slug: str = "acme", preset: str = "oagents", *, single: bool = False) -> Inviting:
    """An organization by invitation, founded by owner@SLUG.example; `single` if its people belong to no other."""
    made = Inviting(database, organizations.create(database, slug, slug.title(), f"owner@{slug}.example", preset).id, slug)
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).where(t.Organization.id == made.id).values(single_org=single))
    return made


def as_(database: Database, email: str, *authentications: Authentication) -> Actor:
    """Whoever has this address verified, signed in by e-mail link or as said."""
    return Actor(email, holder(database, email), authentications or LOCAL)


def mails(database: Database, kind: str = "invitation") -> list[Any]:
    """The mails that wait, oldest first: recipient, subject, text."""
    mail = t.OutgoingMail
    with database.read() as tx:
        rows = tx.execute(select(mail).where(mail.kind == kind).order_by(mail.id)).all()
    opened = [json.loads(SEALER.open(row.sealed, f"outgoing_mail:{row.id}")) for row in rows]
    return [(row.recipient, row.subject, content["text"]) for row, content in zip(rows, opened, strict=True)]


def token_of(database: Database, email: str = LEO) -> str:
    """The token of the newest link that was mailed to an address."""
    text = next(text for recipient, _, text in reversed(mails(database)) if recipient == email)
    return str(re.findall(rf"{re.escape(BASE)}/invitations/(\w+)", text)[0])


def refused(verb: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(ConnectorError) as caught:
        verb()
    return caught.value.code
