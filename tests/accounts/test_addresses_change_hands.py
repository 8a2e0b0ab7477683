"""When an address goes over to another human, what its former holder is signed in with ends."""

from __future__ import annotations

from sqlalchemy import select

from connector.accounts import links, sessions
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import NOW, holder, sign_in
from tests.support import world

ADA = "ada@acme.example"


def test_another_human_under_an_old_address_finds_nothing_of_the_first(database: Database) -> None:
    """Sessions and pending links of the first end; somebody else's stay."""
    acme = world.live(database)
    user = acme.create("ada", external_id="1")
    first = holder(database, ADA)
    token, other = sign_in(database, first), sign_in(database, holder(database, world.OWNER))
    for email in (ADA, world.OWNER):
        links.ask(database, Sealer(["a key"]), "https://id.example.com", email, "a browser", "/", NOW)
    acme.delete(user)
    assert sessions.find(database, token, NOW) is not None
    acme.create("ada", external_id="2")
    assert holder(database, ADA) != first
    assert sessions.find(database, token, NOW) is None
    assert sessions.find(database, other, NOW) is not None
    with database.read() as tx:
        assert tx.execute(select(t.EmailLink.email)).scalars().all() == [world.OWNER]
