"""Reading the audit trail and the provisioning log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from connector.provisioning.history import audit, provisioning_log
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import world


def test_the_audit_trail_is_told_oldest_first(database: Database) -> None:
    """From the founding to the last push; each organization has its own."""
    acme = world.live(database)
    world.live(database, slug="other", verified=["other.example"])
    acme.create("ada")
    acme.create("bob")
    told = audit(database, acme.organization)
    assert told[0].action == "organization.created"
    assert [item.target for item in told[-2:]] == ["ada@acme.example", "bob@acme.example"]
    assert [item.at for item in told] == sorted(item.at for item in told)
    assert "other" not in str(told)


def test_of_a_long_audit_trail_the_newest_are_told(database: Database) -> None:
    """Bounded, whatever there is: the last ones, still oldest first."""
    acme = world.live(database)
    for name in ("ada", "bob", "cleo"):
        acme.create(name)
    assert [item.target for item in audit(database, acme.organization, limit=2)] == ["bob@acme.example", "cleo@acme.example"]


def test_the_audit_trail_may_begin_at_a_time(database: Database) -> None:
    """`--since T` is inclusive."""
    acme = world.live(database)
    acme.create("ada")
    at = audit(database, acme.organization)[-1].at
    acme.create("bob")
    assert [i.target for i in audit(database, acme.organization, since=at)] == ["ada@acme.example", "bob@acme.example"]
    assert audit(database, acme.organization, since=datetime.now(UTC) + timedelta(hours=1)) == ()


def test_the_provisioning_log_tells_the_newest_of_one_connection(database: Database) -> None:
    """Oldest first, of this connection only."""
    okta = world.live(database)
    entra = okta.another()
    for name in ("ada", "bob", "cleo"):
        okta.create(name)
    entra.create("dora")
    assert [i.meaning for i in provisioning_log(database, okta.connection, limit=2)] == ["create user bob", "create user cleo"]
    [staged] = provisioning_log(database, entra.connection)
    assert (staged.meaning, staged.status, staged.changes) == ("create user dora", 201, ())


def test_what_was_written_is_read_back_as_it_was(database: Database) -> None:
    """Times are aware and in UTC; a change tells whom, what, before, after and why."""
    acme = world.live(database)
    acme.create("ada")
    moment = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    with database.engine.begin() as tx:
        tx.execute(update(t.ProvisioningLog).values(at=moment))
    [item] = provisioning_log(database, acme.connection)
    assert item.at == moment
    assert set(item.changes[0]) == {"email", "target", "before", "after", "because"}
    assert (item.expected, item.advice) == ("", "")
