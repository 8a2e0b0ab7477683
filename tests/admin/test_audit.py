"""The audit trail in the console, and as a file."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from connector.accounts.sessions import Proof
from connector.organizations import teams
from connector.provisioning import apply
from connector.provisioning.acting import MEMBER, OPERATOR, Standing, act
from connector.provisioning.corridor import Corridor
from tests.support.console import Browser, Console
from tests.support.world import OWNER, World, live, staged

AUDIT = "/admin/acme/audit"
TODAY = datetime.now(UTC)


@pytest.fixture
def acme(console: Console) -> World:
    """An organization by invitation, with a team and a person whose role was changed."""
    world = staged(console.database)
    world.invited("bob@acme.example", "member")
    world.owner("bob")
    teams.create(world.database, world.organization, "Engineering")
    return world


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.as_(OWNER)


def test_an_entry_says_who_did_what_and_why_and_what_it_was_before(owner: Browser) -> None:
    """In one line, and whole behind it."""
    page = owner.get(f"{AUDIT}?target=bob@acme.example")
    assert "Changed bob@acme.example · role before member → after owner by operator" in page.words
    assert "Because" in page.words
    assert "Recorded as member.changed of bob@acme.example" in page.words


@pytest.mark.parametrize(
    ("query", "found", "not_found"),
    [
        ("action=team.", "Team created", "Connection created"),
        ("actor=operator&action=connection.", "Connection created Okta", "Team created"),
        ("target=bob@acme.example", "bob@acme.example", "Team created"),
        ("target=bob", "Nothing found", "Changed"),
        ("q=BOB", "bob@acme.example", "Team created"),
        (f"since={TODAY:%Y-%m-%d}", "Team created", "Nothing found"),
        (f"until={TODAY - timedelta(days=1):%Y-%m-%d}", "Nothing found", "Team created"),
    ],
)
def test_filters_hold_together_and_the_files_have_the_same(owner: Browser, query: str, found: str, not_found: str) -> None:
    """What the page shows, the file has, and nothing else."""
    page = owner.get(f"{AUDIT}?{query}")
    assert found in page.section("results")
    assert not_found not in page.section("results")
    shown = len(page.tree.xpath("//details[contains(@class, 'record')]"))
    lines = owner.get(page.link("NDJSON")).text.splitlines()
    assert len([json.loads(line) for line in lines]) == shown
    assert len(list(csv.DictReader(io.StringIO(owner.get(page.link("CSV")).text)))) == shown


def test_links_lead_on_to_the_same_person_and_the_same_hand(owner: Browser) -> None:
    """From an entry to all of its kind."""
    page = owner.get(f"{AUDIT}?target=bob@acme.example")
    assert "target=bob%40acme.example" in page.link("All about the same")
    assert "Team created" in owner.get(AUDIT + page.link("all by the same")).words


def test_a_page_of_long_entries_stays_light(console: Console, owner: Browser, acme: World) -> None:
    """Thirty changes of twenty things each, with long names and many reasons: short entries beside them are shown whole."""
    before = {f"setting_{each}": "the old value, which people wrote <down> " * 2 for each in range(20)}
    after = {name: value.replace("old", "new") for name, value in before.items()}
    because = tuple(f"the rule number {each} of the group “Émigrés & friends” no longer gave it to anybody" for each in range(12))
    targets = [f"an.address.as.long.as.they.come.{each}@subsidiary.of.a.large.company.example" for each in range(29)]
    changes = [(target, before, after) for target in targets]

    def work(corridor: Corridor, _: Standing) -> None:
        apply.record_all(corridor, "settings.changed", changes, because)

    act(console.database, acme.organization, OPERATOR, MEMBER, "a busy day", work)
    page = owner.get(AUDIT)
    assets = sum(len(owner.get(each).text.encode()) for each in page.tree.xpath("//link/@href | //script/@src"))
    assert 40_000 < assets + len(page.text.encode()) < 100_000
    assert len(page.tree.xpath("//details[contains(@class, 'record')]")) == 30
    assert "more details stand in the files above" in page.words


def test_moments_and_ids_are_told_for_people(owner: Browser) -> None:
    """A token's end is a day, its id stands in the details only."""
    page = owner.get(f"{AUDIT}?action=token.")
    [line] = page.tree.xpath("//summary[.//strong[text()='Token created']]")
    assert "-" not in line.text_content().partition("by")[0].replace("→", "")
    assert "UTC" in page.words.partition("expires at")[2][:40]


def test_what_the_provider_asked_is_told_without_the_ids_of_people(console: Console) -> None:
    """Of whom it spoke the entry says by name."""
    world = live(console.database)
    ada = world.create("ada")
    world.edit(ada, active=False)
    page = console.owner(world).get(f"{AUDIT}?target=ada@acme.example")
    assert "The IdP asked: patch user From 192.0.2.1" in page.words
    assert ada not in page.text


def test_whoever_may_not_read_it_is_refused(console: Console, acme: World) -> None:
    """A member is told so, a stranger finds nothing."""
    acme.invited("cleo@acme.example", "member")
    assert console.as_("cleo@acme.example", Proof("email_link")).get(AUDIT).status == 403
    assert console.as_("nobody@beta.example").get(AUDIT).status == 404


def test_a_name_that_looks_like_a_moment_and_is_none_is_shown_as_it_is(owner: Browser, acme: World) -> None:
    """The trail stays readable, whatever people call things."""
    odd = "2026-99-99T99:99:99Z"
    teams.create(acme.database, acme.organization, odd, slug="odd")
    assert odd in owner.get(f"{AUDIT}?action=team.").words
