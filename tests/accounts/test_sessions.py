"""Sessions: who is signed in, how, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

from connector.accounts import sessions
from connector.accounts.sessions import Proof, Visitor
from connector.errors import NotFound
from connector.membership.model import Mode
from connector.membership.opening import OrganizationAccess, opens, opens_personal
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import (
    HERE,
    LINK,
    NOW,
    acme_in_sso,
    demote,
    found,
    later,
    leave,
    methods,
    organization,
    person,
    sign_in,
    suspend,
    through,
)
from tests.directory import homes
from tests.directory.homes import Home
from tests.support.racing import race
from tests.support.statements import statements


def end_by_handle(database: Database, connection: str, handle: str | None, index: str | None, now: datetime) -> int:
    """The identity provider says that somebody signed out there; returns how many authentications ended."""
    return database.write(lambda tx: sessions.end_by_handle(tx, connection, handle, index, now))


def test_a_session_is_found_by_its_token_with_one_statement(database: Database) -> None:
    """Who it is, how they signed in, and from where; also at the fifth time, and with several authentications."""
    home, owner = acme_in_sso(database)
    token = sign_in(database, owner, through(home), token=sign_in(database, owner))
    with statements(database.engine) as sent:
        session = found(database, token)
    assert len(sent) == 1
    assert (session.person_id, session.email) == (owner, "owner@acme.example")
    assert methods(session) == {"email_link", "saml"}
    assert (session.address, session.agent) == (HERE.address, HERE.agent)


@pytest.mark.parametrize("token", [None, "", "unknown", "\ud800"])
def test_no_session_without_a_token_that_was_given(database: Database, token: str | None) -> None:
    """Whatever a browser sends."""
    assert sessions.find(database, token, NOW) is None


def test_only_a_hash_of_the_token_is_kept(database: Database) -> None:
    """Whoever reads the database cannot sign in with it."""
    token = sign_in(database, person(database, "ada@x.example"))
    with database.read() as tx:
        kept = [str(value) for row in tx.execute(select(t.Session)) for value in row]
    assert not any(token in value for value in kept)


def test_every_sign_in_gives_a_new_token_and_ends_the_old_one(database: Database) -> None:
    """So a token planted before the sign-in is worth nothing after it."""
    ada = person(database, "ada@x.example")
    first = sign_in(database, ada)
    second = sign_in(database, ada, token=first)
    assert first != second
    assert sessions.find(database, first, NOW) is None
    assert sessions.find(database, second, NOW) is not None


def test_a_second_authentication_of_the_same_person_joins(database: Database) -> None:
    """What lived in the session goes on living, with its own end; the same kind once more takes the place of the first."""
    home, owner = acme_in_sso(database)
    local = sign_in(database, owner)
    both = sign_in(database, owner, through(home), token=local, now=later(hours=1))
    again = sign_in(database, owner, through(home), token=both, now=later(hours=2))
    held = {each.authentication.method: each for each in found(database, again, later(hours=2)).held}
    assert {name: each.at for name, each in held.items()} == {"email_link": NOW, "saml": later(hours=2)}
    assert len(found(database, again, later(hours=2)).held) == 2


def test_another_persons_session_is_replaced(database: Database) -> None:
    """Nothing of it is left: two people never share a session."""
    ada, bob = person(database, "ada@x.example"), person(database, "bob@x.example")
    first = sign_in(database, ada)
    session = found(database, sign_in(database, bob, Proof("oidc_local"), token=first))
    assert (session.person_id, methods(session)) == (bob, {"oidc_local"})
    assert sessions.list_(database, ada, NOW) == ()


def test_a_dead_session_brings_nothing_along(database: Database) -> None:
    """What was idle for too long does not come back by signing in again another way."""
    home, owner = acme_in_sso(database)
    old = sign_in(database, owner)
    new = sign_in(database, owner, through(home), token=old, now=later(hours=12))
    assert methods(found(database, new, later(hours=12))) == {"saml"}


@pytest.mark.parametrize(
    ("method", "idle", "longest"),
    [
        ("email_link", 12, 7 * 24),
        ("oidc_local", 12, 7 * 24),
        ("operator_link", 12, 7 * 24),
        ("saml", 12, 24),
        ("break_glass", 1, 8),
    ],
)
def test_a_session_ends_when_it_is_idle_and_at_the_latest(database: Database, method: str, idle: int, longest: int) -> None:
    """A minute before it lives; at the hour it does not, however busy it was."""
    home, owner = acme_in_sso(database)
    of_organization = {"saml": (home.organization, home.connection), "break_glass": (home.organization, None)}
    proof = Proof(method, *of_organization.get(method, (None, None)))  # type: ignore[arg-type]
    token = sign_in(database, owner, proof)
    assert sessions.find(database, token, later(hours=idle)) is None
    for minutes in range(0, longest * 60, idle * 60 - 1):
        assert sessions.find(database, token, later(minutes=minutes)) is not None
    assert sessions.find(database, token, later(minutes=longest * 60 - 1)) is not None
    assert sessions.find(database, token, later(hours=longest)) is None


def test_the_identity_provider_may_end_it_earlier(database: Database) -> None:
    """SessionNotOnOrAfter is an upper limit, and never a longer life."""
    home, owner = acme_in_sso(database)
    short = sign_in(database, owner, through(home, ends_at=later(hours=2)))
    long = sign_in(database, owner, through(home, ends_at=later(days=30)))
    assert sessions.find(database, short, later(minutes=119)) is not None
    assert sessions.find(database, short, later(hours=2)) is None
    assert found(database, long).held[0].expires_at == later(hours=24)


def test_break_glass_that_was_idle_does_not_come_back_with_the_session(database: Database) -> None:
    """The mailed link lives for twelve idle hours, break-glass for one: being seen later revives nothing."""
    home, owner = acme_in_sso(database)
    token = sign_in(database, owner, Proof("break_glass", home.organization), token=sign_in(database, owner))
    assert methods(found(database, token, later(minutes=59))) == {"email_link", "break_glass"}
    assert methods(found(database, token, later(minutes=120))) == {"email_link"}
    assert methods(found(database, token, later(minutes=121))) == {"email_link"}


def test_being_seen_is_written_at_most_once_a_minute(database: Database) -> None:
    """However many requests come."""
    token = sign_in(database, person(database, "ada@x.example"))
    for seconds in (1, 59, 60, 61, 119):
        sessions.find(database, token, later(seconds=seconds))
    with database.read() as tx:
        assert tx.execute(select(t.Session.last_seen_at)).scalar_one() == later(seconds=60)


def _disabled(database: Database, home: Home, owner: str) -> None:
    homes.put(database, home, state="disabled")


def _draft(database: Database, home: Home, owner: str) -> None:
    homes.put(database, home, state="draft")


def _gone_back(database: Database, home: Home, owner: str) -> None:
    homes.put(database, home, state="draft", mode="invitation")


def _suspended(database: Database, home: Home, owner: str) -> None:
    suspend(database, home.organization, owner)


def _left(database: Database, home: Home, owner: str) -> None:
    leave(database, home.organization, owner)


@pytest.mark.parametrize("happens", [_disabled, _draft, _gone_back, _suspended, _left])
def test_what_came_through_a_connection_dies_with_what_let_it_in(
    database: Database, happens: Callable[[Database, Home, str], None]
) -> None:
    """The very next request is refused; the local sign-in in another session goes on."""
    home, owner = acme_in_sso(database)
    through_idp, both = sign_in(database, owner, through(home)), sign_in(database, owner)
    both = sign_in(database, owner, through(home), token=both)
    happens(database, home, owner)
    assert sessions.find(database, through_idp, NOW) is None
    assert methods(found(database, both)) == {"email_link"}


@pytest.mark.parametrize("happens", [_suspended, _left, lambda database, home, owner: demote(database, home.organization, owner)])
def test_break_glass_counts_while_the_person_is_an_active_owner(
    database: Database, happens: Callable[[Database, Home, str], None]
) -> None:
    """It is the way in of an owner; whoever is none any more has none."""
    home, owner = acme_in_sso(database)
    token = sign_in(database, owner, Proof("break_glass", home.organization))
    assert sessions.find(database, token, NOW) is not None
    happens(database, home, owner)
    assert sessions.find(database, token, NOW) is None


def test_a_session_opens_what_the_design_says(database: Database) -> None:
    """Through its own connection the organization, and the personal workspace, because it has the domain of the address."""
    home, owner = acme_in_sso(database)
    session = found(database, sign_in(database, owner, through(home)))
    acme = OrganizationAccess(home.organization, Mode.SSO, True)
    beta = OrganizationAccess(organization(database, "beta"), Mode.INVITATION, True)
    assert (opens(session.authentications, acme), opens(session.authentications, beta)) == ("sso", None)
    assert opens_personal(session.authentications, session.primary_domain_owner)


@pytest.mark.parametrize(
    ("values", "domain"),
    [
        ({"email_key": "owner@elsewhere.example"}, "elsewhere.example"),
        ({"email_key": "owner@sub.acme.example"}, "a sub-domain"),
        ({"email_key": "owner@x@acme.example"}, "two @"),
        ({"verified": False}, "an address that nobody proved"),
        ({"is_primary": False}, "an address that is not the primary one"),
    ],
)
def test_the_personal_workspace_stays_closed_to_a_provider_without_the_primary_domain(
    database: Database, values: dict[str, object], domain: str
) -> None:
    """An organization's IdP has no power over what is not inside the organization."""
    home, owner = acme_in_sso(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Address).where(t.Address.person_id == owner).values(**values))
    session = found(database, sign_in(database, owner, through(home)))
    assert session.primary_domain_owner is None, domain
    assert not opens_personal(session.authentications, session.primary_domain_owner)


def test_a_domain_in_another_script_is_the_same_domain(database: Database) -> None:
    """However the address was written when it was told."""
    home, owner = acme_in_sso(database)
    with database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(name="xn--bcher-kva.example"))
        tx.execute(update(t.Address).where(t.Address.person_id == owner).values(email_key="owner@bücher.example"))
    assert found(database, sign_in(database, owner, through(home))).primary_domain_owner == home.organization


def test_sessions_are_listed_oldest_first_and_ended_one_by_one(database: Database) -> None:
    """Only one's own: somebody else's id is unknown."""
    ada, bob = person(database, "ada@x.example"), person(database, "bob@x.example")
    tokens = [sign_in(database, ada, now=later(minutes=place)) for place in range(3)]
    other = sign_in(database, bob)
    with statements(database.engine) as sent:
        listed = sessions.list_(database, ada, later(minutes=5))
    assert len(sent) == 1
    assert [each.created_at for each in listed] == [later(minutes=place) for place in range(3)]
    sessions.end_one(database, ada, listed[0].id)
    assert sessions.find(database, tokens[0], NOW) is None
    for person_id, session_id in ((ada, listed[0].id), (ada, found(database, other).id), (ada, "nothing")):
        with pytest.raises(NotFound) as refused:
            sessions.end_one(database, person_id, session_id)
        assert refused.value.code == "session_not_found"
    assert sessions.end_all(database, ada, keep=listed[2].id) == 1
    assert [sessions.find(database, token, NOW) is not None for token in [*tokens, other]] == [False, False, True, True]
    assert sessions.end_all(database, ada) == 1


def test_the_browsers_name_is_kept_as_text_for_people(database: Database) -> None:
    """Without what would disturb a terminal or a database, and not without end."""
    ada = person(database, "ada@x.example")
    visitor = Visitor("192.0.2.1", "Fire\x1b[31mfox\x00\ud800" + "x" * 1000)
    token = database.write(lambda tx: sessions.open(tx, ada, LINK, visitor, NOW))
    session = found(database, token)
    assert session.agent.startswith("Fire[31mfoxxxx")
    assert len(session.agent) == 300


@pytest.mark.parametrize(
    ("handle", "index", "ended"),
    [
        ("ada", None, {1, 2}),
        ("ada", "s1", {1}),
        (None, "s2", {2, 3}),
        ("bob", "s1", set()),
        (None, None, set()),
        ("", None, set()),
    ],
)
def test_the_identity_provider_ends_what_it_names(
    database: Database, handle: str | None, index: str | None, ended: set[int]
) -> None:
    """By NameID, by SessionIndex, or both; without either, nobody. What came in another way stays."""
    home, owner = acme_in_sso(database)
    named = {1: ("ada", "s1"), 2: ("ada", "s2"), 3: ("bob", "s2")}
    tokens = {
        place: sign_in(database, owner, through(home, handle=who, handle_index=which)) for place, (who, which) in named.items()
    }
    local = sign_in(database, owner)
    assert end_by_handle(database, home.connection, handle, index, NOW) == len(ended)
    assert {place for place, token in tokens.items() if sessions.find(database, token, NOW) is None} == ended
    assert sessions.find(database, local, NOW) is not None


def test_another_connections_logout_ends_nothing(database: Database) -> None:
    """Who is called the same at another identity provider is not meant."""
    home, owner = acme_in_sso(database)
    token = sign_in(database, owner, through(home, handle="ada"))
    other = homes.make(database, "beta")
    assert end_by_handle(database, other.connection, "ada", None, NOW) == 0
    assert sessions.find(database, token, NOW) is not None


def test_what_is_dead_is_swept_and_nothing_else(database: Database) -> None:
    """Past its end, idle, or with every authentication ended."""
    home, owner = acme_in_sso(database)
    alive = sign_in(database, owner, now=later(hours=30))
    for proof, start in ((LINK, NOW), (through(home), NOW), (through(home, handle="ada"), later(hours=30))):
        sign_in(database, owner, proof, now=start)
    end_by_handle(database, home.connection, "ada", None, later(hours=30))
    sessions.sweep(database, later(hours=31))
    with database.read() as tx:
        assert tx.execute(select(t.Session.id)).scalars().all() == [found(database, alive, later(hours=31)).id]
        assert len(tx.execute(select(t.Authentication.id)).all()) == 1


def test_two_sign_ins_from_one_browser_at_once_leave_whole_sessions(database: Database) -> None:
    """Both tabs come with the same old session: what lived in it goes to one of them, and the old token is dead."""
    home, owner = acme_in_sso(database)
    old = sign_in(database, owner)
    proofs = [through(home), Proof("break_glass", home.organization)]
    tokens, refused = race([lambda proof=proof: sign_in(database, owner, proof, token=old) for proof in proofs])  # type: ignore[misc]
    assert refused == []
    held = [methods(found(database, token)) for token in tokens]
    assert sorted(method for each in held for method in each) == ["break_glass", "email_link", "saml"]
    assert sessions.find(database, old, NOW) is None


def test_no_request_is_answered_after_the_end_however_many_ask(database: Database) -> None:
    """Ending wins over being seen: what is noted of a session never makes it again."""
    ada = person(database, "ada@x.example")
    token = sign_in(database, ada)
    session = found(database, token)
    asked: list[Callable[[], object]] = [lambda: sessions.find(database, token, later(minutes=2))] * 5
    race([*asked, lambda: sessions.end(database, session)])
    assert sessions.find(database, token, later(minutes=2)) is None
    assert sessions.list_(database, ada, NOW) == ()
