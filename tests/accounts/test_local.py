"""Local sign-in through the installation-wide provider: which person somebody there is here."""

from __future__ import annotations

import pytest

from connector.accounts import local
from connector.errors import ConnectorError
from connector.storage.database import Database
from tests.accounts.people import HERE, NOW, found, holder, methods, person
from tests.support.racing import race

ISSUER = "https://login.example.com"


def enter(
    database: Database, subject: str, email: str | None = "ada@x.example", verified: bool | None = True, issuer: str = ISSUER
) -> str:
    """Sign in as the provider says; returns the session's token."""
    return database.write(lambda tx: local.enter(tx, issuer, subject, email, verified, "Ada", HERE, NOW))


def test_a_first_sign_in_is_whoever_has_the_address(database: Database) -> None:
    """Known by e-mail link before, or not at all."""
    ada = person(database, "ada@x.example")
    session = found(database, enter(database, "s1"))
    assert (session.person_id, methods(session)) == (ada, {"oidc_local"})
    new = found(database, enter(database, "s2", "Bob@x.example"))
    assert (new.person_id, new.name) == (holder(database, "bob@x.example"), "Ada")


def test_from_then_on_the_subject_decides(database: Database) -> None:
    """Whatever address it comes with, verified, not, or none: nobody becomes somebody else by changing it there."""
    ada, bob = person(database, "ada@x.example"), person(database, "bob@x.example")
    enter(database, "s1")
    for email, verified in (("bob@x.example", True), ("ada@x.example", False), (None, None)):
        assert found(database, enter(database, "s1", email, verified)).person_id == ada
    assert found(database, enter(database, "s1", "bob@x.example", issuer="https://other.example")).person_id == bob


def test_two_accounts_at_the_provider_may_have_one_address(database: Database) -> None:
    """Both proved it."""
    first, second = (found(database, enter(database, subject)) for subject in ("s1", "s2"))
    assert first.person_id == second.person_id


@pytest.mark.parametrize(
    ("email", "verified", "code"),
    [
        (None, True, "email_missing"),
        ("", True, "email_missing"),
        ("ada@x.example", False, "email_unverified"),
        ("ada@x.example", None, "email_unverified"),
        ("ada", True, "email_invalid"),
    ],
)
def test_an_address_that_is_not_verified_there_proves_nothing_here(
    database: Database, email: str | None, verified: bool | None, code: str
) -> None:
    """Refused with what to do, and nobody is made."""
    with pytest.raises(ConnectorError) as refused:
        enter(database, "s1", email, verified)
    assert refused.value.code == code


def test_two_first_sign_ins_at_once_are_one_person(database: Database) -> None:
    """Two tabs."""
    tokens, refused = race([lambda: enter(database, "s1")] * 4)
    assert refused == []
    assert len({found(database, token).person_id for token in tokens}) == 1
