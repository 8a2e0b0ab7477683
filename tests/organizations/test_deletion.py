"""Deletion: gone at once by every door, back within 30 days as it was, and then gone for good (docs/decisions/0029)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connector.accounts import alerts, keys, sessions
from connector.directory import access, clients, domain_checks, domains, health, home_realm, sign_on, tokens, upkeep
from connector.errors import ConnectorError
from connector.organizations import deletion, mine, organizations
from connector.outbound.dns import Answer
from connector.provisioning.acting import OPERATOR
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import holder, person, sign_in
from tests.support import filled
from tests.support.racing import race
from tests.support.world import BASE, OWNER, World, live

SEALER = Sealer(("k" * 32,))
MONTH = timedelta(days=30)


def now() -> datetime:
    return datetime.now(UTC)


def refusal(verb: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(ConnectorError) as refused:
        verb()
    return refused.value.code


def aged(database: Database, organization: str, by: timedelta) -> None:
    """The deletion was so long ago."""
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).where(t.Organization.id == organization).values(deleted_at=now() - by))


# Every door through which somebody finds an organization by something else than its corridor: what is there before, and after.

Door = Callable[[Database, World], Callable[[], Any]]


def _token(database: Database, acme: World) -> Callable[[], Any]:
    bearer = f"Bearer {_new_token(database, acme)}"
    return lambda: access.authenticate(database, acme.connection, bearer, agent="Okta", address="192.0.2.1").connection_id


def _new_token(database: Database, acme: World) -> str:
    return tokens.create(database, acme.organization, acme.connection).token


def _client(database: Database, acme: World) -> Callable[[], Any]:
    made = clients.create(database, acme.organization, acme.connection, base_url=BASE)
    return lambda: clients.issue(database, acme.connection, made.client_id, made.client_secret)[:3]


def _sign_on(database: Database, acme: World) -> Callable[[], Any]:
    return lambda: sign_on.load(database, SEALER, acme.connection, BASE).connection_id


def _key(database: Database, acme: World) -> Callable[[], Any]:
    made = keys.create(database, OWNER, now(), organization_id=acme.organization)
    return lambda: keys.find(database, made.key, now()) is not None or _none("none")


def _session(database: Database, acme: World) -> Callable[[], Any]:
    proof = sessions.Proof("saml", acme.organization, acme.connection)
    cookie = sign_in(database, holder(database, OWNER), proof, now=now())
    return lambda: sessions.find(database, cookie, now()) is not None or _none("none")


def _mine(database: Database, acme: World) -> Callable[[], Any]:
    who = holder(database, OWNER)
    return lambda: [each.slug for each in mine.of_person(database, who)] or _none("none")


def _found(database: Database, acme: World) -> Callable[[], Any]:
    return lambda: organizations.find(database, "acme").slug


def _listed(database: Database, acme: World) -> Callable[[], Any]:
    return lambda: organizations.list_all(database, actor=OPERATOR).items or _none("none")


def _home_realm(database: Database, acme: World) -> Callable[[], Any]:
    with database.engine.begin() as tx:
        row = {"connection_id": acme.connection, "organization_id": acme.organization}
        tx.execute(insert(t.SignOn).values(**filled_row(t.SignOn, **row, protocol="saml")))
    return lambda: home_realm.ways_of_address(database, "ada@acme.example") or _none("none")


def _none(code: str) -> Any:
    """Nothing was found, told as a refusal."""
    raise ConnectorError(code, "Nothing.")


def filled_row(table: Any, **values: Any) -> dict[str, Any]:
    """A row with something in every column that may not be empty."""
    needed = [column for column in table.__table__.columns if not column.nullable and column.computed is None]
    return {column.name: filled._something(column) for column in needed} | values


DOORS: dict[str, tuple[Door, str]] = {
    "SCIM by token": (_token, "token_unknown"),
    "SCIM by OAuth client": (_client, "client_unknown"),
    "sign-on addresses": (_sign_on, "connection_not_found"),
    "API keys": (_key, "none"),
    "sessions through its identity provider": (_session, "none"),
    "one's own organizations": (_mine, "none"),
    "look-up by slug": (_found, "organization_not_found"),
    "the list of all": (_listed, "none"),
    "home realm discovery": (_home_realm, "none"),
}


@pytest.mark.parametrize("name", DOORS)
def test_a_deleted_organization_is_found_through_no_door(database: Database, name: str) -> None:
    """Each row: a door that opens before, and how it is closed then. Brought back it opens again; sign-ins stay ended."""
    acme = live(database)
    door, code = DOORS[name]
    ask = door(database, acme)
    assert ask()
    deletion.remove(database, acme.organization)
    assert refusal(ask) == code
    deletion.restore(database, acme.organization)
    if name.startswith("sessions"):
        assert refusal(ask) == code
    else:
        assert ask()


def test_nobody_acts_in_it_and_it_is_deleted_once(database: Database) -> None:
    """Verbs and pushes are refused as for what is not there."""
    acme = live(database)
    deletion.remove(database, acme.organization)
    assert refusal(lambda: acme.create("ada")) == "organization_not_found"
    assert refusal(lambda: acme.suspend("owner")) == "organization_not_found"
    assert refusal(lambda: deletion.remove(database, acme.organization)) == "organization_not_found"


def test_the_periodic_work_passes_it_over(database: Database) -> None:
    """A silent directory, an ending token, a missing DNS record: nobody is warned, and nothing fails."""
    acme = live(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(last_heard_at=now() - MONTH))
        tx.execute(update(t.ScimToken).values(created_at=now() - MONTH, expires_at=now() + timedelta(hours=2)))
        tx.execute(update(t.Domain).values(vouched=False, checked_at=None))
    deletion.remove(database, acme.organization)
    upkeep.run(database, now())
    assert domain_checks.recheck(database, lambda name: Answer("no_name"), now()) == 0
    assert sign_on.due_for_refresh(database, now()) == ()
    assert (health.ending_tokens(database, now(), MONTH), health.without_sign_on(database)) == ((), ())
    deletion.restore(database, acme.organization)
    upkeep.run(database, now())
    assert {event["kind"] for event in acme.events()} >= {"directory.silent", "token.expiring"}


def test_owners_get_no_mail_about_it(database: Database) -> None:
    """What was about to be told when it was deleted is not mailed."""
    acme = live(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Connection).values(last_heard_at=now() - MONTH))
    upkeep.run(database, now())
    deletion.remove(database, acme.organization)
    written: list[int] = []
    relay(database, lambda tx, events: written.append(alerts.mail_owners(tx, SEALER, BASE, events, now())))
    assert sum(written) == 0


def test_its_slug_and_its_domain_stay_taken(database: Database) -> None:
    """So that it can come back as it was."""
    acme = live(database)
    deletion.remove(database, acme.organization)
    assert refusal(lambda: organizations.create(database, "acme", "Acme", "ada@bell.example")) == "slug_taken"
    bell = organizations.create(database, "bell", "Bell", "ada@bell.example").id
    assert refusal(lambda: domains.add(database, bell, "acme.example", verified=True)) == "domain_taken"


def test_it_comes_back_as_it_was(database: Database) -> None:
    """Members, directory and rules; one audit entry each way."""
    acme = live(database)
    acme.create("ada")
    before = acme.members
    deletion.remove(database, acme.organization)
    assert [each.slug for each in organizations.list_all(database, deleted=True, actor=OPERATOR).items] == ["acme"]
    assert deletion.restore(database, "acme").id == acme.organization
    assert acme.members == before
    assert acme.reconciled()
    assert [item.action for item in acme.audit("organization.deleted", "organization.restored")] == [
        "organization.deleted",
        "organization.restored",
    ]


def test_after_thirty_days_it_is_swept_and_cannot_come_back(database: Database) -> None:
    """Not a moment earlier; a younger one stays."""
    acme, bell = live(database), organizations.create(database, "bell", "Bell", "ada@bell.example").id
    for organization in (acme.organization, bell):
        deletion.remove(database, organization)
    aged(database, acme.organization, MONTH - timedelta(minutes=1))
    assert deletion.sweep(database, now()) == 0
    aged(database, acme.organization, MONTH)
    assert refusal(lambda: deletion.restore(database, "acme")) == "organization_not_found"
    assert deletion.sweep(database, now()) == 1
    assert deletion.restore(database, "bell").id == bell
    organizations.create(database, "acme", "Acme", "ada@acme.example")


def test_sweeping_takes_every_row_of_it_and_no_person(database: Database) -> None:
    """Whatever table it had rows in; people and their sessions belong to themselves."""
    with database.engine.begin() as tx:
        filled.fill(tx)
    aged(database, "o", MONTH)
    assert deletion.sweep(database, now()) == 1
    with database.read() as tx:
        left = {name for name, count in filled.counts(tx).items() if count}
        theirs = [table for table in t.metadata.sorted_tables if "organization_id" in table.c]
        kept = [table.name for table in theirs if tx.execute(select(table).where(table.c.organization_id == "o")).first()]
    assert left >= {"person", "address", "session"}
    assert (kept, "organization" in left) == ([], False)


def test_of_two_who_bring_it_back_while_it_is_swept_nobody_gets_half_of_it(database: Database) -> None:
    """It is there whole or not at all."""
    acme = live(database)
    deletion.remove(database, acme.organization)
    aged(database, acme.organization, MONTH - timedelta(seconds=1))
    later = now() + timedelta(seconds=2)
    verbs: list[Callable[[], object]] = [lambda: deletion.restore(database, "acme").slug, lambda: deletion.sweep(database, later)]
    race(verbs)
    with database.read() as tx:
        members = len(tx.execute(select(t.Membership.id)).all())
        there = len(tx.execute(select(t.Organization.id)).all())
    assert (there, members) in {(1, 1), (0, 0)}


def test_an_organization_that_owns_something_stays(database: Database) -> None:
    """The sentence names the first, and how many there are."""
    acme = live(database)
    owner = person(database, "maker@acme.example")
    with database.engine.begin() as tx:
        home = {"organization_id": acme.organization, "kind": "agent", "created_by": owner, "creator": "Maker"}
        for number in range(25):
            named = {"key": f"k{number:02}", "id": f"a{number:02}", "name": "A", "created_at": now()}
            tx.execute(insert(t.Resource).values(**home, **named))
    with pytest.raises(ConnectorError) as refused:
        deletion.remove(database, acme.organization)
    assert refused.value.code == "owns_resources"
    assert "25 resources: agent:a00, " in refused.value.detail
    assert refused.value.detail.endswith("and 5 more.")
