"""Short words for the rows: people, their organizations, and what they ask for over HTTP.

    acme = site.organization("oagents")                        # founded over HTTP by acme.owner
    bob = acme.joined("bob", "admin")                          # invited over HTTP, and accepted
    bob.patch(acme.member(cyd), {"role": "billing"}).ok()
    bob.delete(acme / "").refused(403, "permission_missing")

Every answer is held against the OpenAPI document (`tests/support/api.py`). What only the operator can do is done by the verbs
that the commands call. `idp.py` has the identity provider of an organization.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from sqlalchemy import select, update

from connector.accounts.alerts import mail_owners
from connector.accounts.invitation_mail import mail_ended
from connector.accounts.sessions import Proof
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.support.api import BASE, COOKIE, Answer, Api, Client
from tests.support.console import Browser

MEMBERS = {"openhands": "member", "together": "member", "apolo": "user", "onet": "viewer", "oagents": "member"}
"""The default role of each preset (ORGANIZATIONS.md part A)."""

TOP = {"openhands": "owner", "together": "admin", "apolo": "admin", "onet": "owner", "oagents": "owner"}
"""What the creator gets."""


def address(name: str) -> str:
    """`bob` is `bob@acme.example`; a whole address is taken as it is."""
    return name if "@" in name else f"{name}@acme.example"


def made(answer: Answer) -> Any:
    """What a 201 tells."""
    assert answer.status == 201, answer.text
    return answer.json


def gone(answer: Answer) -> None:
    """204, and nothing more is said."""
    assert (answer.status, answer.text) == (204, ""), answer.text


@dataclass(frozen=True)
class Someone(Client):
    """A person who is signed in, by default with a mailed link."""

    email: str = ""
    id: str = ""

    def working_in(self, workspace: str) -> Client:
        """The same with an active workspace: an organization's id or slug, or `~personal`."""
        return self.having(X_Workspace=workspace)

    @property
    def browser(self) -> Browser:
        """The same before the pages, without scripts."""
        return Browser(self.app, self.shown["Cookie"].partition("=")[2])


@dataclass(frozen=True)
class Site:
    """The installation."""

    api: Api

    @property
    def database(self) -> Database:
        """What it keeps everything in."""
        return self.api.database

    def person(self, name: str, *proofs: Proof) -> Someone:
        """Somebody with an account, made if need be, signed in by a mailed link or by these."""
        client, email = self.api.as_(address(name), *proofs), address(name)
        return Someone(client.app, client.shown, email, self.api.person(email))

    def signed_up(self, email: str) -> Someone:
        """Somebody comes for the first time: asks for a link by mail, and follows it."""
        browser = self.api.app.test_client()
        browser.post("/login", data={"email": email, "method": "link"})
        token = re.findall(r"token=([\w-]+)", self.mails()[-1].text)[0]
        assert browser.post("/login/link", data={"token": token}).status_code == 303
        cookie = browser.get_cookie(COOKIE)
        assert cookie is not None
        return Someone(self.api.app, {"Cookie": f"{COOKIE}={cookie.value}"}, email, self.api.person(email))

    def super_admin(self, name: str = "root@site.example") -> Someone:
        """Who runs the installation."""
        who = self.api.person(name)
        change = update(t.Person).where(t.Person.id == who).values(super_admin=True)
        self.database.write(lambda tx: tx.execute(change))
        return self.person(name)

    def preset(self, name: str) -> Any:
        """What GET /api/presets tells of one."""
        listed = self.person("anybody@else.example").get("/api/presets").ok()["items"]
        return next(each for each in listed if each["name"] == name)

    def nobody(self) -> Client:
        """Who is not signed in."""
        return self.api.nobody()

    def organization(self, preset: str = "oagents", name: str = "Acme", owner: str = "owner") -> Organization:
        """One that OWNER founds over HTTP."""
        founder = self.person(owner)
        told = made(founder.post("/api/orgs", {"display_name": name, "preset": preset}))
        return Organization(self, told["id"], told["slug"], preset, founder)

    @contextmanager
    def later(self, **passed: float) -> Iterator[None]:
        """As much later: `with site.later(days=7, seconds=1)`. Sessions may have ended by then."""
        with time_machine.travel(datetime.now(UTC) + timedelta(**passed), tick=True):
            yield

    def mails(self, kind: str = "") -> list[Mail]:
        """The outbox, oldest first, after events have become mails; of one kind, or all."""
        house = self.api.app.extensions["connector"]
        relay(self.database, lambda tx, events: self._tell(tx, events, house.sealer))
        row = t.OutgoingMail
        with self.database.read() as tx:
            found = tx.execute(select(row.id, row.kind, row.recipient, row.sealed).order_by(row.id)).all()
        return [
            Mail(each.kind, each.recipient, json.loads(house.sealer.open(each.sealed, f"outgoing_mail:{each.id}"))["text"])
            for each in found
            if kind in ("", each.kind)
        ]

    def _tell(self, tx: Any, events: Sequence[str], sealer: Sealer) -> None:
        for write in (mail_owners, mail_ended):
            write(tx, sealer, BASE, events, datetime.now(UTC))


@dataclass(frozen=True)
class Mail:
    """A mail that waits in the outbox."""

    kind: str
    recipient: str
    text: str

    @property
    def token(self) -> str:
        """That of the link in it."""
        return str(re.findall(rf"{re.escape(BASE)}/invitations/([\w-]+)", self.text)[0])


@dataclass(frozen=True)
class Organization:
    """One organization. `acme / "members"` is an address inside it, `str(acme)` its own."""

    site: Site
    id: str
    slug: str
    preset: str
    owner: Someone

    def __str__(self) -> str:
        return f"/api/orgs/{self.id}"

    def __truediv__(self, path: str) -> str:
        return f"{self}/{path}"

    def member(self, who: Someone) -> str:
        """The address of a member."""
        return self / f"members/{who.id}"

    def invited(self, name: str, role: str | None = None) -> Any:
        """The top role invites somebody; returns the invitation."""
        said = {"email": address(name)} | ({"role": role} if role else {})
        return made(self.owner.post(self / "invitations", said))

    def joined(self, name: str, role: str | None = None) -> Someone:
        """Somebody is invited and accepts, over HTTP."""
        invitation, who = self.invited(name, role), self.site.person(name)
        who.post(f"/api/me/org-invitations/{invitation['id']}/accept").ok()
        return who

    def members(self) -> dict[str, Any]:
        """The list of members as the top role sees it, by address."""
        return {each["email"]: each for each in self.owner.everything(self / "members")}

    def role_of(self, who: Someone) -> str:
        """The role of a member."""
        role: str = self.owner.get(self.member(who)).ok()["role"]
        return role

    def may(self, who: Client, kind: str, id_: str, permission: str = "read") -> bool:
        """What `check` says of whoever asks."""
        told = who.post(self / "check", {"resource_kind": kind, "resource_id": id_, "permission": permission}).ok()
        return bool(told["allowed"])

    def level(self, who: Client, kind: str, id_: str) -> str:
        """Their effective permission."""
        level: str = who.post(self / "check", {"resource_kind": kind, "resource_id": id_}).ok()["level"]
        return level

    def team(self, name: str, *inside: Someone, maintainer: Someone | None = None) -> str:
        """A team with these members; returns its address."""
        team = self / f"teams/{made(self.owner.post(self / 'teams', {'name': name}))['id']}"
        for who in inside:
            self.owner.put(f"{team}/members/{who.id}", {"role": "member"}).ok()
        if maintainer is not None:
            self.owner.put(f"{team}/members/{maintainer.id}", {"role": "maintainer"}).ok()
        return team

    def resource(self, who: Client, id_: str, kind: str = "agent", project: str | None = None) -> str:
        """Somebody makes a resource; returns its address."""
        said = {"kind": kind, "id": id_, "name": id_.title()} | ({"project": project} if project else {})
        made(who.post(self / "resources", said))
        return self / f"resources/{kind}/{id_}"

    def entries(self, *actions: str) -> list[Any]:
        """The audit trail, oldest first, of these actions or whole."""
        found = self.owner.everything(self / "audit", order="oldest", limit=200)
        return [each for each in found if not actions or each["action"] in actions]
