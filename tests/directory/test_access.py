"""Who speaks, and what they may: bearer tokens (RFC 6750) and the states of a directory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from connector.directory import access, tokens
from connector.directory.access import ConnectionState
from connector.directory.model import Client
from connector.errors import Forbidden, Unauthenticated, Unavailable
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.directory.homes import Home

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def enter(database: Database, connection: str, header: str | None, now: datetime | None = None) -> Client:
    return access.authenticate(database, connection, header, agent="Okta SCIM Client 1.0.0", address="192.0.2.1", now=now)


def refusal(database: Database, connection: str, header: str | None, now: datetime | None = None) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as refused:
        enter(database, connection, header, now)
    return refused.value


def test_a_live_token_says_who_speaks(database: Database) -> None:
    """Connection, organization and token, with the peer as it came."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    client = enter(database, home.connection, f"Bearer {made.token}")
    assert client == Client(home.connection, home.organization, made.id, "Okta SCIM Client 1.0.0", "192.0.2.1")


@pytest.mark.parametrize("written", ["Bearer {}", "bearer {}", "BEARER {}", "  Bearer   {}  "])
def test_the_scheme_is_read_in_any_case(database: Database, written: str) -> None:
    """RFC 9110 section 11.1: schemes are case-insensitive; blanks around the token do no harm."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    assert enter(database, home.connection, written.format(made.token)).token_id == made.id


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic YTpi", "token", "\ud800"])
def test_without_a_bearer_token_nobody_speaks(database: Database, header: str | None) -> None:
    """Nothing, another scheme, or a scheme without a token."""
    assert refusal(database, homes.make(database).connection, header).code == "token_missing"


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        pytest.param("Bearer Bearer {}", "twice", id="the word twice"),
        pytest.param('Bearer "{}"', "quotes", id="straight quotes"),
        pytest.param("Bearer “{}”", "quotes", id="curly quotes"),
        pytest.param("Bearer {} x", "spaces", id="a space inside"),
        pytest.param("Bearer {}x", "paste it whole", id="a letter too many"),
        pytest.param("Bearer \udcff{}", "paste it whole", id="bytes that are no text"),
    ],
)
def test_a_token_pasted_wrongly_is_unknown_and_the_advice_says_why(database: Database, written: str, advice: str) -> None:
    """Each row: how it arrived, and a word of the advice."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    refused = refusal(database, home.connection, written.format(made.token))
    assert refused.code == "token_unknown"
    assert advice in refused.advice
    assert made.token not in refused.detail + refused.advice + refused.expected


def test_unknown_connections_and_unknown_tokens_answer_alike(database: Database) -> None:
    """Nobody can ask which connections exist, nor use a token at a connection it was not made for."""
    home, other = homes.make(database), homes.make(database, "other")
    header = homes.token(database, home)
    answers = [
        refusal(database, "nobody", header),
        refusal(database, other.connection, header),
        refusal(database, home.connection, header[:-1] + "!"),
        refusal(database, "nobody", header[:-1] + "!"),
    ]
    assert len({(one.code, one.detail, one.expected, one.advice) for one in answers}) == 1
    assert answers[0].code == "token_unknown"


def test_an_expired_token_says_when_it_expired(database: Database) -> None:
    """To the second: it lives just before and is dead at the moment named."""
    home = homes.make(database)
    header = f"Bearer {tokens.create(database, home.organization, home.connection, days=1, now=NOW).token}"
    enter(database, home.connection, header, NOW + timedelta(days=1, microseconds=-1))
    refused = refusal(database, home.connection, header, NOW + timedelta(days=1))
    assert refused.code == "token_expired"
    assert "2026-11-22" in refused.detail


def test_a_revoked_token_is_refused_at_once(database: Database) -> None:
    """The other token of the connection goes on."""
    home = homes.make(database)
    made, other = tokens.create(database, home.organization, home.connection), homes.token(database, home)
    tokens.revoke(database, home.organization, home.connection, made.id)
    assert refusal(database, home.connection, f"Bearer {made.token}").code == "token_revoked"
    assert enter(database, home.connection, other).connection_id == home.connection


def test_a_disabled_connection_says_so_to_its_own_tokens_only(database: Database) -> None:
    """With a live token: disabled; with an unknown one: unknown, as everywhere."""
    home = homes.make(database)
    header = homes.token(database, home)
    homes.put(database, home, state="disabled")
    assert refusal(database, home.connection, header).code == "connection_disabled"
    assert refusal(database, home.connection, "Bearer x").code == "token_unknown"


def heard(database: Database) -> list[datetime | None]:
    return [homes.read(database, t.ScimToken.last_used_at)[0][0], homes.read(database, t.Connection.last_heard_at)[0][0]]


def test_being_heard_is_noted_at_most_once_a_minute(database: Database) -> None:
    """Both on the token and on the connection, whatever the number of requests."""
    home = homes.make(database)
    header = homes.token(database, home)
    assert heard(database) == [None, None]
    for seconds, expected in ((0, 0), (1, 0), (59, 0), (60, 60), (61, 60)):
        enter(database, home.connection, header, NOW + timedelta(seconds=seconds))
        assert heard(database) == [NOW + timedelta(seconds=expected)] * 2
    assert tokens.list_(database, home.organization, home.connection).items[0].last_used_at == NOW + timedelta(seconds=60)


def test_a_refused_request_is_not_heard(database: Database) -> None:
    """A revoked token leaves no trace of use."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    tokens.revoke(database, home.organization, home.connection, made.id)
    refusal(database, home.connection, f"Bearer {made.token}")
    assert heard(database) == [None, None]


def test_a_locked_row_neither_delays_nor_fails_a_request(postgres_url: str) -> None:
    """PostgreSQL: while another transaction holds both rows, the request passes at once and is noted by the next one."""
    database = Database.open(postgres_url)
    home = homes.make(database)
    header = homes.token(database, home)
    with database.engine.begin() as holder:
        for table in (t.ScimToken, t.Connection):
            holder.execute(select(table.__table__.c.id).with_for_update())
        before = datetime.now(UTC)
        assert enter(database, home.connection, header, NOW).connection_id == home.connection
        assert datetime.now(UTC) - before < timedelta(seconds=5)
    assert heard(database) == [None, None]
    enter(database, home.connection, header, NOW)
    assert heard(database) == [NOW, NOW]
    database.close()


def test_a_busy_sqlite_does_not_fail_a_request(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite: while another writer works, the request passes unnoted."""
    monkeypatch.setattr("connector.storage.database.LOCK_WAIT", 0.1)
    database = Database.open(sqlite_url)
    home = homes.make(database)
    header = homes.token(database, home)
    with database.engine.execution_options(connector_write=True).begin() as writer:
        writer.execute(update(t.Connection).values(name="x"))
        assert enter(database, home.connection, header, NOW).connection_id == home.connection
        writer.rollback()
    assert heard(database) == [None, None]
    database.close()


def state_of(database: Database, client: Client) -> ConnectionState:
    """What a push sees of its connection once it has the lock."""
    opening = access.opening(client)
    with database.read() as tx:
        return access.still_valid(opening.statement.first(tx, {**opening.given, "organization": client.organization_id}))


def test_the_state_is_read_again_inside_the_transaction(database: Database) -> None:
    """What the connection is now, not what it was when the request came."""
    home = homes.make(database)
    client = enter(database, home.connection, homes.token(database, home))
    homes.put(database, home, directory="off")
    assert state_of(database, client) == ConnectionState(home.connection, home.organization, "Okta", "okta", "draft", "off")


def _revoke(database: Database, home: Home) -> None:
    [token] = tokens.list_(database, home.organization, home.connection).items
    tokens.revoke(database, home.organization, home.connection, token.id)


def _disable(database: Database, home: Home) -> None:
    homes.put(database, home, state="disabled")


def _expire(database: Database, home: Home) -> None:
    with database.engine.begin() as tx:
        tx.execute(update(t.ScimToken).values(expires_at=datetime.now(UTC)))


def _delete(database: Database, home: Home) -> None:
    with database.engine.begin() as tx:
        tx.execute(delete(t.Connection).where(t.Connection.id == home.connection))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_revoke, "token_revoked", id="revoked"),
        pytest.param(_expire, "token_expired", id="expired"),
        pytest.param(_disable, "connection_disabled", id="disabled"),
        pytest.param(_delete, "token_unknown", id="deleted"),
    ],
)
def test_what_ended_meanwhile_ends_the_request(database: Database, change: Callable[[Database, Home], None], code: str) -> None:
    """Each row: what happened between the door and the lock, and the refusal."""
    home = homes.make(database)
    client = enter(database, home.connection, homes.token(database, home))
    change(database, home)
    with pytest.raises(Unauthenticated) as refused:
        state_of(database, client)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("directory", "reads", "writes"),
    [
        pytest.param("off", None, (Forbidden, "directory_off"), id="off"),
        pytest.param("staging", None, None, id="staging"),
        pytest.param("live", None, None, id="live"),
        pytest.param("paused", (Unavailable, "directory_paused"), (Unavailable, "directory_paused"), id="paused"),
    ],
)
def test_the_state_of_the_directory_decides_what_passes(
    directory: str, reads: tuple[type[Exception], str] | None, writes: tuple[type[Exception], str] | None
) -> None:
    """Each row: the state, and what becomes of reads and writes."""
    state = ConnectionState("c", "o", "Okta", "okta", "active", directory)

    def read(state: ConnectionState) -> None:
        access.read_gate(state.id, paused=state.directory == "paused")

    for gate, expected in ((read, reads), (access.write_gate, writes)):
        if expected is None:
            gate(state)
            continue
        with pytest.raises(expected[0]) as refused:
            gate(state)
        error = refused.value
        assert isinstance(error, Forbidden | Unavailable)
        assert error.code == expected[1]
        assert "connector connection directory c" in error.advice
        assert not isinstance(error, Unavailable) or error.retry_after == 300
