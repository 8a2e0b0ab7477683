"""Alerts become mail to the owners: once, to those who are there and can be mailed, and to nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.accounts.alerts import mail_owners
from connector.directory import upkeep
from connector.directory.upkeep import Notice
from connector.organizations import members, organizations
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from tests.support.statements import statements

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SEALER = Sealer(["a key of this test"])
BASE = "https://id.example"


def numbered(database: Database, now: datetime = NOW) -> None:
    """What the upkeep thread does every second."""
    relay(database, lambda tx, events: mail_owners(tx, SEALER, BASE, events, now))


def acme(database: Database, slug: str = "acme") -> str:
    """An organization with one owner, owner@SLUG.example."""
    return organizations.create(database, slug, f"{slug.title()} & Co", f"owner@{slug}.example").id


def joined(database: Database, organization: str, name: str, role: str = "owner", *, verified: bool = True) -> None:
    """Somebody who accepted an invitation, NAME@acme.example."""
    person, membership, email = new_id(), new_id(), f"{name}@acme.example"
    home = {"organization_id": organization, "created_at": NOW}
    address = {"email": email, "email_key": email, "verified": verified, "is_primary": True, "created_at": NOW}
    key = {"membership_id": membership, "target_kind": "role", "target_id": "", "source": "invitation"}
    with database.engine.begin() as tx:
        tx.execute(insert(t.Person).values(id=person, display_name=name, created_by=None, created_at=NOW))
        tx.execute(insert(t.Address).values(id=new_id(), person_id=person, **address))
        tx.execute(insert(t.Membership).values(id=membership, person_id=person, role=role, joined_by="invitation", **home))
        tx.execute(insert(t.Assignment).values(**key, level=role, **home))


def silent(database: Database, organization: str, once: str = "s1", **given: Any) -> int:
    """An alert, as the periodic work finds one."""
    sentence = "the identity provider of <Okta> has said nothing for 24 hours: see there"
    notice = {"kind": "directory.silent", "target": "connection:c1", "payload": {}, "once": once, "sentence": sentence, **given}
    return upkeep.warn(database, [Notice(organization, **notice)])


def mails(database: Database) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(t.OutgoingMail.__table__).order_by(t.OutgoingMail.recipient)).all())


def recipients(database: Database) -> list[str]:
    return [row.recipient for row in mails(database)]


def test_an_alert_is_mailed_to_the_owners_with_its_reason(database: Database) -> None:
    """Heading, what happened and what to do, where, and why one gets it; in HTML too, escaped."""
    silent(database, acme(database))
    numbered(database)
    (mail,) = mails(database)
    assert (mail.recipient, mail.kind) == ("owner@acme.example", "directory.silent")
    assert mail.subject == "The identity provider is silent (acme)"
    content = json.loads(SEALER.open(mail.sealed, f"outgoing_mail:{mail.id}"))
    text = " ".join(content["text"].split())
    assert "The identity provider of <Okta> has said nothing for 24 hours: see there." in text
    assert "`connector audit acme`" in text
    assert "You get this because you are an owner of Acme & Co at id.example." in text
    assert "&lt;Okta&gt;" in content["html"]


@pytest.mark.parametrize(
    ("kind", "target", "path"),
    [
        ("token.expiring", "connection:c1", "/connections/c1"),
        ("certificate.expiring", "connection:c1", "/connections/c1"),
        ("guard.burst", "connection:c1", "/connections/c1"),
        ("connection.ready", "connection:c1", "/connections/c1/setup/go-live"),
        ("domain.missing", "domain:acme.example", "/domains"),
        ("break_glass.used", "ada@acme.example", "/break-glass"),
        ("sign_in.second_subject", "connection:c1", "/sign-ins?status=refused"),
        ("guard.last_owner", "ada@acme.example", ""),
    ],
)
def test_a_mail_leads_to_the_page_where_it_is_put_right(database: Database, kind: str, target: str, path: str) -> None:
    """Of that organization, in the console."""
    silent(database, acme(database), kind=kind, target=target, payload={"target": target})
    numbered(database)
    (mail,) = mails(database)
    content = json.loads(SEALER.open(mail.sealed, f"outgoing_mail:{mail.id}"))
    assert f"\n{BASE}/admin/acme{path}\n" in content["text"] + "\n"


def test_an_alert_is_mailed_once(database: Database) -> None:
    """However often it is found, and the relay runs."""
    organization = acme(database)
    for _ in range(3):
        silent(database, organization)
        numbered(database)
    assert len(mails(database)) == 1
    silent(database, organization, once="s2")
    numbered(database)
    assert len(mails(database)) == 2


def test_owners_get_it_who_are_active_and_have_a_verified_address(database: Database) -> None:
    """Not members, not the suspended, not addresses that nobody has proved, and not the owners of others."""
    organization = acme(database)
    other = acme(database, "other")
    joined(database, organization, "second")
    joined(database, organization, "suspended")
    joined(database, organization, "unproved", verified=False)
    joined(database, organization, "member", "member")
    members.suspend(database, organization, "suspended@acme.example")
    silent(database, organization)
    numbered(database)
    assert recipients(database) == ["owner@acme.example", "second@acme.example"]
    silent(database, other)
    numbered(database)
    assert recipients(database) == ["owner@acme.example", "owner@other.example", "second@acme.example"]


def test_an_owner_with_several_addresses_gets_one_mail_at_the_primary_one(database: Database) -> None:
    organization = acme(database)
    with database.engine.begin() as tx:
        person = tx.execute(select(t.Address.person_id)).scalar_one()
        for name in ("a", "z"):
            more = {"email": f"{name}@acme.example", "email_key": f"{name}@acme.example", "verified": True, "is_primary": False}
            tx.execute(insert(t.Address).values(id=new_id(), person_id=person, created_at=NOW, **more))
    silent(database, organization)
    numbered(database)
    assert recipients(database) == ["owner@acme.example"]


def test_what_is_no_alert_is_not_mailed(database: Database) -> None:
    """Most events are changes somebody made."""
    joined(database, acme(database), "member", "member")
    numbered(database)
    assert mails(database) == []


def withheld(database: Database, organization: str) -> None:
    """A change was withheld: told as a change, at every push that asks for it."""

    def work(corridor: Corridor) -> None:
        apply.record(corridor, "guard.last_owner", "ada@acme.example", None, None, ["the IdP asked for it"])

    enter(database, organization, Origin("scim:c1", "a push"), work)


def test_a_withheld_change_is_mailed_once_a_day_however_often_the_idp_asks(database: Database) -> None:
    """IdPs repeat themselves for as long as they are not heard."""
    organization = acme(database)
    for _ in range(3):
        withheld(database, organization)
        numbered(database)
    assert [mail.kind for mail in mails(database)] == ["guard.last_owner"]
    with database.engine.begin() as tx:
        earlier = NOW - timedelta(days=400)
        tx.execute(update(t.OutgoingMail).values(once=t.OutgoingMail.once + earlier.isoformat()))
    withheld(database, organization)
    numbered(database)
    assert len(mails(database)) == 2


def test_an_alert_is_numbered_and_mailed_together_or_not_at_all(database: Database) -> None:
    """A process that dies in between leaves it to the next."""
    silent(database, acme(database))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relay(database, killed)
    with database.read() as tx:
        assert tx.execute(select(t.OutboxEvent.id).where(t.OutboxEvent.sequence.is_not(None))).all() == []
    numbered(database)
    assert len(mails(database)) == 1


def test_an_address_that_cannot_be_mailed_holds_nothing_up(database: Database) -> None:
    """Pushed by an IdP once, and taken for one."""
    organization = acme(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Address).values(email="owner at acme"))
    silent(database, organization)
    numbered(database)
    assert mails(database) == []
    with database.read() as tx:
        assert tx.execute(select(t.OutboxEvent.id).where(t.OutboxEvent.sequence.is_(None))).all() == []


def test_the_number_of_statements_does_not_grow_with_the_owners(database: Database) -> None:
    """Beside one for each mail."""
    organization = acme(database)
    for number in range(5):
        joined(database, organization, f"o{number}")
    numbered(database)
    silent(database, organization)
    with statements(database.engine) as sent:
        numbered(database)
    assert len(mails(database)) == 6
    assert len(sent) <= 6 + 12
