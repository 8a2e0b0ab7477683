"""The test sign-in: it says what would come of a sign-in, and makes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.admin.guides.advice import advice
from connector.directory import trial
from connector.directory.trial import Trial
from connector.storage.database import Database
from tests.sign_in.arrivals import Door, by_claims, by_directory, give_sign_on
from tests.support.world import rows, staged


def tried(door: Door, name: str, **said: Any) -> Trial:
    """The test sign-in of somebody; asserts that nothing was written."""
    before = rows(door.database)
    found = trial.preview(door.database, door.sign_on, door.identity(name, **said))
    assert rows(door.database) == before
    return found


def said_of(found: Trial, level: str) -> list[str]:
    """The sentences of a level."""
    return [each.sentence for each in found.findings if each.level == level]


def test_it_tells_role_and_teams_and_why(database: Database) -> None:
    """With the rules of the connection, before it is active and while members still come by invitation."""
    door = give_sign_on(world := staged(database), world.connection)
    world.directory("off")
    rule = world.rule(group="Engineering", team="engineering:maintainer")
    world.rule(group="Admins", role="admin")
    found = tried(door, "ada", groups=("Engineering", "Admins"))
    assert found.passed
    assert (found.access.role, found.access.teams) == ("admin", (("engineering", "maintainer"),))
    assert (found.source, found.groups) == ("claims", ("Engineering", "Admins"))
    assert [(item.rule, item.group) for item in found.because if item.target == "team:engineering"] == [(rule, "Engineering")]
    assert found.trusted_email == "ada@acme.example"


def test_with_a_staged_directory_the_pushed_groups_speak(database: Database) -> None:
    """What the sign-in says of groups does not count then; who was not pushed would be refused."""
    door = give_sign_on(world := staged(database), world.connection)
    world.rule(group="Engineering", team="engineering")
    world.group("Engineering", world.create("ada", external_id="00u1"))
    found = tried(door, "ada", groups=("Chess",), external_id="00u1")
    assert (found.passed, found.source, found.groups) == (True, "directory", ("Engineering",))
    assert found.access.teams == (("engineering", "member"),)
    stranger = tried(door, "eve")
    assert not stranger.passed
    assert any("No pushed user fits" in each for each in said_of(stranger, "problem"))


@pytest.mark.parametrize(
    ("said", "problem", "code"),
    [
        ({"email": None}, "No e-mail address arrived.", "email_missing"),
        ({"email_verified": False}, "The identity provider calls the address unverified.", "email_unverified"),
        ({"email": "ada@elsewhere.example"}, "The address lies outside the verified domains.", "domain_not_verified"),
    ],
)
def test_a_problem_is_told_with_what_to_do(database: Database, said: dict[str, Any], problem: str, code: str) -> None:
    """And the test has not passed. The code is that of the refusal it would be: by it the provider's own words are found."""
    found = tried(by_claims(database), "ada", **said)
    assert not found.passed
    assert said_of(found, "problem") == [problem]
    [told] = [each for each in found.findings if each.level == "problem"]
    assert told.advice
    assert told.code == code
    assert advice(code, "okta") is not None


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ({"groups": None}, "Nothing was said about groups"),
        ({"groups_overage": True}, "a pointer instead of the groups"),
        ({"subject": "ada@acme.example", "mutable": True}, "The subject is an e-mail address"),
    ],
)
def test_what_is_odd_is_noted(database: Database, said: dict[str, Any], note: str) -> None:
    """It does not fail the test."""
    found = tried(by_claims(database), "ada", **said)
    assert found.passed
    assert any(note in each for each in said_of(found, "note"))


@pytest.mark.parametrize("said", [{"email": None}, {"groups": None}])
def test_userinfo_is_named_while_nobody_asks_it(database: Database, said: dict[str, Any]) -> None:
    """OpenID Connect Core 1.0 section 5.4: with a code, what the scopes ask for is told at the UserInfo endpoint."""
    door = by_claims(database)
    known = {"groups": ("Engineering",)} | said
    for asked in (False, True):
        side = door.sign_on.oidc
        assert side is not None
        sign_on = replace(door.sign_on, oidc=replace(side, userinfo=asked))
        found = trial.preview(database, sign_on, door.identity("ada", **known))
        advised = " ".join(each.advice for each in found.findings if "arrived" in each.sentence or "Nothing" in each.sentence)
        assert (f"connector connection set {door.connection} --userinfo" in advised) is not asked


def test_somebody_deactivated_is_told_so(database: Database) -> None:
    """As the sign-in would be refused."""
    door = by_directory(database)
    door.world.create("ada", active=False)
    found = tried(door, "ada")
    assert said_of(found, "problem") == ["The pushed user is not active."]
