"""SCIM tokens: seen once, kept as a hash, at most two alive, ended at once."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest

from connector.directory import tokens
from connector.errors import Conflict, Invalid, NotFound
from connector.storage import tables as t
from connector.storage.database import Database
from tests.directory import homes
from tests.support.racing import race

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_token_is_recognisable_has_256_bits_and_only_its_hash_is_kept(database: Database) -> None:
    """The prefix says what it is; 43 letters and digits hold 256 bits; no column of the row holds the token."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    assert re.fullmatch("cnt_scim_[A-Za-z0-9]{43}", made.token)
    assert made.token not in repr(made)
    (row,) = homes.read(database, *t.ScimToken.__table__.columns)
    assert row.token_hash == hashlib.sha256(made.token.encode()).hexdigest()
    assert not any(made.token[9:] in str(value) for value in row)
    assert row.hint == made.token[-4:]


def test_a_token_lives_a_year_unless_said_otherwise(database: Database) -> None:
    """365 days by default, or as many as asked; the list is oldest first and says what became of each."""
    home = homes.make(database)
    first = tokens.create(database, home.organization, home.connection, now=NOW)
    second = tokens.create(database, home.organization, home.connection, days=7, now=NOW)
    tokens.revoke(database, home.organization, home.connection, first.id)
    listed = tokens.list_(database, home.organization, home.connection, now=NOW + timedelta(days=7)).items
    assert [(one.id, one.expires_at - NOW, one.state) for one in listed] == [
        (first.id, timedelta(days=365), "revoked"),
        (second.id, timedelta(days=7), "expired"),
    ]
    earlier = NOW + timedelta(days=7, seconds=-1)
    assert tokens.list_(database, home.organization, home.connection, now=earlier).items[1].state == "live"


def test_a_third_live_token_is_refused_and_a_dead_one_makes_room(database: Database) -> None:
    """Two alive allow rotation without a gap; revoked and expired ones do not count."""
    home = homes.make(database)
    first = tokens.create(database, home.organization, home.connection, now=NOW)
    tokens.create(database, home.organization, home.connection, days=1, now=NOW)
    with pytest.raises(Conflict) as refused:
        tokens.create(database, home.organization, home.connection, now=NOW)
    assert refused.value.code == "token_limit"
    tokens.revoke(database, home.organization, home.connection, first.id)
    tokens.create(database, home.organization, home.connection, now=NOW)
    tokens.create(database, home.organization, home.connection, now=NOW + timedelta(days=1))
    with pytest.raises(Conflict):
        tokens.create(database, home.organization, home.connection, now=NOW + timedelta(days=1))


def test_tokens_of_another_connection_do_not_count(database: Database) -> None:
    """The limit is per connection."""
    one, two = homes.make(database, "one"), homes.make(database, "two")
    for home in (one, one, two, two):
        tokens.create(database, home.organization, home.connection)
    assert [len(tokens.list_(database, home.organization, home.connection).items) for home in (one, two)] == [2, 2]


def test_of_six_made_at_once_two_live(database: Database) -> None:
    """The limit is counted under the organization's exclusive lock."""
    home = homes.make(database)
    made, refused = race([lambda: tokens.create(database, home.organization, home.connection)] * 6)
    assert (len(made), refused) == (2, ["token_limit"] * 4)
    assert [one.state for one in tokens.list_(database, home.organization, home.connection).items] == ["live", "live"]


def test_the_first_token_makes_the_directory_stage(database: Database) -> None:
    """Off becomes staging with the first token, audited; a second one changes nothing."""
    home = homes.make(database)
    tokens.create(database, home.organization, home.connection)
    assert homes.read(database, t.Connection.directory) == [("staging",)]
    assert homes.actions(database) == ["token.created"]
    [(_, before, after)] = homes.read(database, t.AuditEntry.id, t.AuditEntry.before, t.AuditEntry.after)[-1:]
    assert (before, after["directory"]) == ({"directory": "off"}, "staging")
    homes.put(database, home, directory="off")
    tokens.create(database, home.organization, home.connection)
    assert homes.read(database, t.Connection.directory) == [("off",)]


def test_a_token_for_a_live_directory_leaves_it_live(database: Database) -> None:
    """Only off is moved."""
    home = homes.make(database)
    homes.put(database, home, mode="sso", state="active", directory="live")
    tokens.create(database, home.organization, home.connection)
    assert homes.read(database, t.Connection.directory) == [("live",)]


def test_revoking_twice_is_revoking_once(database: Database) -> None:
    """The second time nothing is written, not even to the audit trail."""
    home = homes.make(database)
    made = tokens.create(database, home.organization, home.connection)
    tokens.revoke(database, home.organization, home.connection, made.id)
    (first,) = homes.read(database, t.ScimToken.revoked_at)
    tokens.revoke(database, home.organization, home.connection, made.id)
    assert homes.read(database, t.ScimToken.revoked_at) == [first]
    assert homes.actions(database).count("token.revoked") == 1


def test_what_does_not_exist_is_not_found(database: Database) -> None:
    """Unknown ids are named by their codes."""
    home, other = homes.make(database), homes.make(database, "other")
    for connection in ("nobody", other.connection):
        with pytest.raises(NotFound) as refused:
            tokens.create(database, home.organization, connection)
        assert refused.value.code == "connection_not_found"
        with pytest.raises(NotFound) as refused:
            tokens.list_(database, home.organization, connection)
        assert refused.value.code == "connection_not_found"
    for token in ("nobody", tokens.create(database, other.organization, other.connection).id):
        with pytest.raises(NotFound) as refused:
            tokens.revoke(database, home.organization, home.connection, token)
        assert refused.value.code == "token_not_found"
    assert homes.actions(database) == ["token.created"]


@pytest.mark.parametrize("days", [0, -1, 3651, 10**9])
def test_a_token_cannot_live_for_no_time_or_for_ever(database: Database, days: int) -> None:
    """One day to ten years."""
    home = homes.make(database)
    with pytest.raises(Invalid) as refused:
        tokens.create(database, home.organization, home.connection, days=days)
    assert refused.value.code == "expiry_invalid"
