"""Requests that wait for an answer, messages that are good once, and what is traced of those that never came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.directory import connections, requests, traces
from connector.directory.requests import Sending
from connector.errors import Forbidden
from connector.organizations import organizations
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.support.racing import race

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SEALER = Sealer(["first", "second"])


@pytest.fixture
def sending(database: Database) -> Sending:
    """A sign-in through a connection that exists, from a browser whose cookie is `b`."""
    home = organizations.create(database, "acme", "Acme", "ada@acme.example").id
    made = connections.create(database, home, "Okta", "okta", base_url="https://id.example.com").id
    return Sending("sign_in", "b", "/app", home, made, version=3)


def test_a_request_is_found_by_its_token_with_its_secrets(database: Database, sending: Sending) -> None:
    """What only we know comes back; the token itself is nowhere kept."""
    opened = requests.open_(database, SEALER, sending, NOW)
    found = requests.find(database, SEALER, opened.token)
    assert found == opened.request
    assert len(opened.request.code_verifier) >= 43
    assert opened.request.nonce != opened.request.code_verifier
    assert requests.find(database, SEALER, opened.token + "x") is None
    with database.read() as tx:
        rows = str(tx.exec_driver_sql("select * from sign_on_request").all())
    assert opened.token not in rows
    assert opened.request.nonce not in rows


def test_a_request_still_opens_with_a_key_that_came_second(database: Database, sending: Sending) -> None:
    """Changing the secret key does not break the sign-ins under way."""
    opened = requests.open_(database, Sealer(["second"]), sending, NOW)
    assert requests.find(database, SEALER, opened.token) == opened.request


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"connection_id": "another"}, "request_unknown"),
        ({"browser": "another"}, "other_browser"),
        ({"browser": None}, "other_browser"),
        ({"now": NOW + requests.LIFE}, "request_expired"),
    ],
)
def test_a_request_is_answered_only_where_it_was_asked(
    database: Database, sending: Sending, change: dict[str, object], code: str
) -> None:
    """Of its connection, by its browser, in time; else the refusal says which of them it was."""
    opened = requests.open_(database, SEALER, sending, NOW)
    found = requests.find(database, SEALER, opened.token)
    given = {"connection_id": sending.connection_id, "browser": "b", "now": NOW + timedelta(minutes=9)}
    assert requests.still_waits(found, **given) == found  # type: ignore[arg-type]
    with pytest.raises(Forbidden) as refused:
        requests.still_waits(found, **{**given, **change})  # type: ignore[arg-type]
    assert refused.value.code == code


def test_of_many_answers_at_once_one_spends_the_request(database: Database, sending: Sending) -> None:
    """Raced; and afterwards it is told that it was used."""
    opened = requests.open_(database, SEALER, sending, NOW)
    handle = opened.request.handle
    spent, _ = race([lambda: database.write(lambda tx: requests.spend(tx, handle, NOW))] * 6)
    assert sorted(spent) == [False] * 5 + [True]
    with pytest.raises(Forbidden) as refused:
        found = requests.find(database, SEALER, opened.token)
        requests.still_waits(found, connection_id=sending.connection_id, browser="b", now=NOW)
    assert refused.value.code == "request_used"


def test_an_expired_request_is_not_spent(database: Database, sending: Sending) -> None:
    """The statement looks at the time itself."""
    opened = requests.open_(database, SEALER, sending, NOW)
    assert not database.write(lambda tx: requests.spend(tx, opened.request.handle, NOW + requests.LIFE))


def test_of_the_same_message_at_once_one_is_taken(database: Database) -> None:
    """The replay store is a unique key; another connection's message of the same name is another message."""
    until = NOW + timedelta(minutes=5)

    def use(owner: str) -> bool:
        return database.write(lambda tx: requests.spend_message(tx, owner, "assertion", "_a", until))

    taken, _ = race([lambda: use("c")] * 6)
    assert sorted(taken) == [False] * 5 + [True]
    assert use("d")
    requests.sweep(database, until)
    assert use("c")


def test_a_request_that_was_never_answered_is_traced_once(database: Database, sending: Sending) -> None:
    """Many mistakes end on the IdP's own page: the trace of the connection says that nothing came back."""
    requests.open_(database, SEALER, sending, NOW)
    assert traces.unanswered(database, NOW + timedelta(minutes=5)) == 0
    assert traces.unanswered(database, NOW + timedelta(minutes=11)) == 1
    assert traces.unanswered(database, NOW + timedelta(minutes=12)) == 0
    of = (sending.organization_id or "", sending.connection_id or "")
    [item] = traces.list_(database, *of).items
    assert (item.stage, item.code) == ("expired", "never_answered")
    traces.sweep(database, NOW + timedelta(days=8))
    assert traces.list_(database, *of).items == ()
