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
from connector.directory.plans import PlanView
from connector.errors import Forbidden
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from tests.stories.modes import SEALER, back
from tests.support import world
from tests.support.world import BASE, OWNER, World


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


def _named(plan: PlanView, beginning: str) -> str:
    [note] = [note for note in plan.notes if note.startswith(beginning)]
    return note


def test_the_twin_of_a_break_glass_owner_is_named_and_mailed_no_link_that_is_refused(database: Database) -> None:
    """The owner has the address verified: nothing would make it the twin's. What can be done is said before it is too late, and
    helps: with an address of its own the twin is mailed like everybody else."""
    acme = world.live(database)
    twin = acme.create("twin", email=OWNER.upper())
    plan = acme.propose("mode", mode="invitation")
    assert _named(plan, "Members whose address is another member's already: ") == (
        "Members whose address is another member's already: Twin (OWNER@ACME.EXAMPLE). They are mailed nothing and cannot sign in"
        " afterwards: remove this second membership, or give it an address of its own at the identity provider first."
    )
    assert not any("mailed a link" in note for note in plan.notes)
    acme.edit(twin, email="twin@elsewhere.example")
    plan = acme.propose("mode", mode="invitation")
    assert "Members without a verified address: twin@elsewhere.example. Each is mailed a link that verifies it." in plan.notes
    acme.apply(plan)
    [(who, token)] = mailed(database)
    entered = links.use(database, token, "any browser", Visitor("192.0.2.1", "Firefox"), datetime.now(UTC))
    assert (who, entered.person_id) == ("twin@elsewhere.example", acme.person_of(twin))


def test_of_an_address_verified_outside_no_more_is_said_than_that_it_cannot_be_verified_here(database: Database) -> None:
    """Who has it, and where else they belong, is nothing that this organization may know."""
    acme = world.live(database)
    _unverified(acme)
    database.write(lambda tx: persons.make(tx, "con@elsewhere.example", datetime.now(UTC), "Secret Name"))
    plan = acme.propose("mode", mode="invitation")
    note = _named(plan, "Members whose address cannot be verified here: Con (con@elsewhere.example). They are mailed nothing")
    assert "invite whoever has this address" in note
    assert "Secret Name" not in str(plan.notes)
    acme.apply(plan)
    assert mailed(database) == []


def test_of_two_members_with_one_unverified_address_the_older_is_mailed_and_the_other_named(database: Database) -> None:
    """The first link to be used would make the other one useless."""
    acme = world.live(database)
    older = _unverified(acme)
    acme.create("second", email="Con@elsewhere.example")
    plan = acme.propose("mode", mode="invitation")
    assert "Members without a verified address: con@elsewhere.example. Each is mailed a link that verifies it." in plan.notes
    _named(plan, "Members whose address is another member's already: Second (Con@elsewhere.example).")
    acme.apply(plan)
    [(_, token)] = mailed(database)
    assert links.use(database, token, "b", Visitor("", ""), datetime.now(UTC)).person_id == older


def test_an_address_that_somebody_verified_before_the_mail_was_written_is_mailed_no_link(database: Database) -> None:
    """The link would be refused: the address is theirs."""
    acme = world.live(database)
    _unverified(acme)
    back(acme)
    database.write(lambda tx: persons.find_or_make(tx, "con@elsewhere.example", datetime.now(UTC)))
    assert mailed(database) == []
