"""Going back with members who have no verified address: each is mailed a link that verifies it (DESIGN section 5)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from connector.accounts import links, persons, sessions
from connector.accounts.sessions import Visitor
from connector.accounts.verify_mail import mail_unverified
from connector.errors import Forbidden
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from tests.stories.modes import SEALER, back
from tests.support import world
from tests.support.world import BASE, World


def _unverified(acme: World) -> str:
    """Somebody outside the verified domains, pushed with an address that nobody has verified; returns the person."""
    con = acme.create("con", email="con@elsewhere.example")
    person = acme.person_of(con)
    assert person is not None
    return person


def mailed(database: Database) -> list[tuple[str, str]]:
    """Recipient and link of the mails about addresses, as the relay writes them."""
    relay(database, lambda tx, events: mail_unverified(tx, SEALER, BASE, events, datetime.now(UTC)))
    with database.read() as tx:
        rows = tx.execute(select(t.OutgoingMail.id, t.OutgoingMail.recipient, t.OutgoingMail.sealed)).all()
    texts = [(row.recipient, json.loads(SEALER.open(row.sealed, f"outgoing_mail:{row.id}"))["text"]) for row in rows]
    return [(who, re.findall(r"token=(\S+)", text)[0]) for who, text in texts]


def test_who_has_no_verified_address_is_mailed_a_link_that_verifies_it(database: Database) -> None:
    """The plan lists them; the link works in any browser, once, and signs in the same person, whom the next e-mail link finds."""
    acme = world.live(database)
    acme.create("ada")
    acme.create("nameless", email=None, displayName="No Name")
    person = _unverified(acme)
    plan = acme.propose("mode", mode="invitation")
    assert plan.notes[-2:] == (
        "Members without a verified address: con@elsewhere.example. Each is mailed a link that verifies it.",
        "Members without any address: No Name. They cannot sign in until they are invited anew, by an address.",
    )
    assert mailed(database) == []  # a plan mails nobody
    acme.apply(plan)
    [(who, token)] = mailed(database)
    assert who == "con@elsewhere.example"
    entered = links.use(database, token, "any browser", Visitor("192.0.2.1", "Firefox"), datetime.now(UTC))
    assert entered.person_id == person
    assert persons.known(database, "con@elsewhere.example") == person
    session = sessions.find(database, entered.token, datetime.now(UTC))
    assert session is not None
    assert [each.method for each in session.authentications] == ["email_link"]
    with pytest.raises(Forbidden) as again:
        links.use(database, token, "any browser", Visitor("", ""), datetime.now(UTC))
    assert again.value.code == "link_used"


def test_an_address_verified_so_is_not_taken_from_anybody(database: Database) -> None:
    """Whoever verified it in between keeps it; the link is refused and stays unused."""
    acme = world.live(database)
    person = _unverified(acme)
    back(acme)
    [(_, token)] = mailed(database)
    other = database.write(lambda tx: persons.find_or_make(tx, "con@elsewhere.example", datetime.now(UTC)))
    with pytest.raises(Forbidden) as refusal:
        links.use(database, token, "b", Visitor("", ""), datetime.now(UTC))
    assert refusal.value.code == "address_taken"
    assert persons.known(database, "con@elsewhere.example") == other != person
    with database.read() as tx:
        assert tx.execute(select(t.EmailLink.used_at)).scalars().all() == [None]


@pytest.mark.parametrize(("gone", "code"), [("address", "link_unknown"), ("time", "link_expired")])
def test_a_link_that_verifies_ends_with_its_address_and_its_time(database: Database, gone: str, code: str) -> None:
    """7 days; and nobody gets an address that was taken from them."""
    acme = world.live(database)
    _unverified(acme)
    back(acme)
    [(_, token)] = mailed(database)
    later = datetime.now(UTC) + (timedelta(days=7, seconds=1) if gone == "time" else timedelta(days=6, hours=23))
    if gone == "address":
        database.write(lambda tx: tx.execute(delete(t.Address).where(~t.Address.verified)))
    with pytest.raises(Forbidden) as refusal:
        links.use(database, token, "b", Visitor("", ""), later)
    assert refusal.value.code == code


def test_who_verified_it_before_the_mail_was_written_gets_none(database: Database) -> None:
    """Looked at when it is written, not when it was planned."""
    acme = world.live(database)
    _unverified(acme)
    back(acme)
    database.write(lambda tx: tx.execute(update(t.Address).values(verified=True)))
    assert mailed(database) == []
