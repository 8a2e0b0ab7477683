"""The first page of an organization: for who runs it what comes next and what changed, for everybody where they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from connector.accounts import recovery
from connector.organizations import organizations, settings, teams
from connector.provisioning import apply
from connector.provisioning.corridor import Corridor, Origin, enter
from tests.support.console import Console
from tests.support.statements import statements
from tests.support.world import OWNER, World, live, staged


def _founded(console: Console) -> World:
    acme = staged(console.database)
    teams.create(console.database, acme.organization, "Engineering")
    return acme


def test_who_founded_an_organization_is_told_what_comes_first(console: Console) -> None:
    """What is done stays on the list as done, until all is; each of the rest leads to where it is done."""
    acme = _founded(console)
    page = console.as_(OWNER).get("/admin/acme")
    assert page.link("Invite people") == "/admin/acme/invitations"
    assert page.link("Connect your identity provider") == "/admin/acme/connections/new"
    acme.invited("bob@acme.example")
    page = console.as_(OWNER).get("/admin/acme")
    assert "Invite people done" in page.words
    assert "Invite people" not in page.links


def test_first_steps_go_when_they_are_done_or_the_organization_is_not_new(console: Console) -> None:
    """Some organizations invite people for ever: they are not told for ever to do otherwise."""
    acme = live(console.database)
    owner = console.owner(acme)
    assert "Print recovery codes" in owner.get("/admin/acme").words
    recovery.codes(console.database, acme.organization, OWNER)
    assert "First steps" not in owner.get("/admin/acme").words
    organizations.create(console.database, "globex", "Globex", OWNER)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=False):
        assert "First steps" not in console.as_(OWNER).get("/admin/globex").words


def test_members_see_where_they_stand_and_whom_to_ask(console: Console) -> None:
    """Their role, teams and projects, the owner, and the address for help; not what came first, nor what changed last."""
    acme = _founded(console)
    acme.invited("bob@acme.example")
    teams.set_member(console.database, acme.organization, "engineering", "bob@acme.example", "maintainer")
    settings.change(console.database, acme.organization, "general", {"support_url": "https://help.example/us"})
    page = console.as_("bob@acme.example").get("/admin/acme")
    assert "Role member Teams engineering (maintainer) Projects none" in page.words
    assert page.link("Help for members of Acme") == "https://help.example/us"
    assert OWNER in page.words
    assert "First steps" not in page.words
    assert "Last changes" not in page.words


def test_the_last_changes_say_who_and_why(console: Console) -> None:
    """Five, newest first; the rest is in the audit trail."""
    acme = _founded(console)
    for number in range(6):
        teams.create(console.database, acme.organization, f"Team {number}")
    page = console.as_(OWNER).get("/admin/acme")
    assert "Team created team team-5 – Made the team Team 5" in page.words
    assert "team-0" not in page.words
    assert page.link("The whole audit trail") == "/admin/acme/audit"


@pytest.mark.parametrize("tail", ["", "/audit"])
def test_why_a_sign_in_was_refused_is_the_refusal_and_not_that_somebody_signed_in(console: Console, tail: str) -> None:
    """The entry's last sentence says through what; here that would say the contrary of what happened."""
    acme = live(console.database)

    def refuse(corridor: Corridor) -> None:
        told = {"code": "second_subject", "subject": "u2", "email": "ada@acme.example"}
        target, because = f"connection:{acme.connection}", ["This person is known by another account."]
        apply.record(corridor, "sign_in.refused", target, None, told, because)

    enter(console.database, acme.organization, Origin(f"sign_in:{acme.connection}", "signed in through Okta"), refuse)
    page = console.owner(acme).get(f"/admin/acme{tail}")
    assert "Sign-in refused Okta" in page.words
    assert "This person is known by another account." in page.words
    assert "by Okta (sign-in)" in page.words
    assert "Signed in through Okta" not in page.words


def test_things_that_have_only_an_id_are_told_by_what_they_are(console: Console) -> None:
    """A rule by what it looks for and gives, a connection by its name."""
    acme = live(console.database)
    acme.rule(group="Engineering", team="engineering")
    acme.directory("staging")
    page = console.owner(acme).get("/admin/acme")
    assert 'Rule added group named "Engineering" → team engineering' in page.words
    assert "by operator" in page.words
    assert acme.connection not in page.words


def test_the_page_costs_the_same_of_few_and_of_many(console: Console) -> None:
    """The same number of statements with one member and with thirty."""
    acme, costs = _founded(console), []
    for number in (0, 30):
        for index in range(number):
            acme.invited(f"p{index}@acme.example")
        browser = console.as_(OWNER)
        with statements(console.database.engine) as sent:
            browser.get("/admin/acme")
        costs.append(len(sent))
    assert costs[0] == costs[1]
