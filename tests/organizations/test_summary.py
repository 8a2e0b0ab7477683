"""An organization in a few numbers and names: they are right, and nobody is told of people whom they may not see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.accounts import recovery
from connector.organizations import break_glass, invitations, projects, settings, summary, teams
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.support.actors import person_in
from tests.support.world import BASE, OWNER, World, live, staged

NOW = datetime.now(UTC)


@pytest.fixture
def acme(database: Database) -> World:
    """An organization by invitation with its founder."""
    return staged(database)


def test_people_are_counted_and_those_who_run_it_named(acme: World) -> None:
    """The suspended are members too; who runs it is named by the holders of the top role who are not out."""
    for name in ("ada", "bob"):
        acme.invited(f"{name}@acme.example")
    acme.owner("ada")
    acme.suspend("bob")
    teams.create(acme.database, acme.organization, "Engineering")
    projects.create(acme.database, acme.organization, "Website")
    invitations.invite(acme.database, Sealer(["k" * 43]), BASE, acme.organization, "new@beta.example")
    people = summary.show(acme.database, acme.organization, NOW).people
    assert people is not None
    assert (people.members, people.suspended, people.teams, people.projects, people.invited) == (3, 1, 1, 1, 1)
    assert [each.email for each in people.keepers] == [OWNER, "ada@acme.example"]
    acme.suspend("ada")
    later = summary.show(acme.database, acme.organization, NOW + timedelta(days=8)).people
    assert later is not None
    assert (later.invited, [each.email for each in later.keepers]) == (0, [OWNER])


def test_guests_are_told_of_no_people(database: Database) -> None:
    """What everybody may know stays: where to ask for help."""
    acme = staged(database, preset="onet")
    settings.change(database, acme.organization, "general", {"support_url": "https://help.example"})
    seen = summary.show(database, acme.organization, NOW, actor=person_in(acme, "gus", "guest"))
    assert (seen.people, seen.support_url) == (None, "https://help.example")


def test_codes_count_while_a_break_glass_owner_holds_one(database: Database) -> None:
    """Not codes of somebody who is none any more; and the ways in are the active connections."""
    acme = live(database)
    assert not summary.show(database, acme.organization, NOW).has_codes
    recovery.codes(database, acme.organization, OWNER)
    seen = summary.show(database, acme.organization, NOW)
    assert (seen.has_codes, seen.ways_in) == (True, ("Okta",))
    acme.create("ada")
    acme.owner("ada")
    break_glass.add(database, acme.organization, "ada@acme.example")
    break_glass.remove(database, acme.organization, acme.member(OWNER).user_id or "")
    assert not summary.show(database, acme.organization, NOW).has_codes
