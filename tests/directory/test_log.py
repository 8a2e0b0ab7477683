"""The provisioning log as it is read."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update

from connector.directory import log
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world


def test_the_provisioning_log_tells_the_newest_of_one_connection(database: Database) -> None:
    """Newest first, of this connection only."""
    okta = world.live(database)
    entra = okta.another()
    for name in ("ada", "bob", "cleo"):
        okta.create(name)
    entra.create("dora")
    newest = log.list_(database, okta.organization, okta.connection, limit=2)
    assert [item.meaning for item in newest.items] == ["create user cleo", "create user bob"]
    [staged] = entra.log()
    assert (staged.meaning, staged.status, staged.changes) == ("create user dora", 201, ())


def test_what_was_written_is_read_back_as_it_was(database: Database) -> None:
    """Times are aware and in UTC; a change tells whom, what, before, after and why."""
    acme = world.live(database)
    acme.create("ada")
    moment = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    with database.engine.begin() as tx:
        tx.execute(update(t.ProvisioningLog).values(at=moment))
    [item] = acme.log()
    assert item.at == moment
    assert set(item.changes[0]) == {"email", "target", "before", "after", "because"}
    assert (item.expected, item.advice) == ("", "")
