"""What needs somebody's attention, and when it does not any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from connector.accounts import recovery
from connector.directory import tokens, upkeep, warnings
from connector.directory.warnings import Caution
from connector.errors import Forbidden
from connector.storage import tables as t
from connector.storage.database import Database
from tests.support import actors, world
from tests.support.statements import statements
from tests.support.world import OWNER, World

NOW = datetime.now(UTC)


def found(acme: World, now: datetime | None = None) -> list[Caution]:
    """What is warned of, but that this connection of the tests has no sign-on side and its owner no codes."""
    said = warnings.current(acme.database, acme.organization, now or datetime.now(UTC))
    every = [replace(each, sentence=each.sentence.replace("\u2068", "").replace("\u2069", "")) for each in said]
    return [each for each in every if "not set up for signing in" not in each.sentence and each.tail != "/break-glass"]


def put(acme: World, table: type[t.Row], **values: object) -> None:
    """Change all rows of a table as time, or another verb, would have."""
    with acme.database.engine.begin() as tx:
        tx.execute(update(table).values(**values))


def silent(acme: World) -> None:
    """The IdP was heard of, and then was not."""
    put(acme, t.Connection, last_heard_at=NOW - timedelta(hours=25))


def never_heard(acme: World) -> None:
    """A token was made and nobody used it."""
    put(acme, t.Connection, last_heard_at=None, created_at=NOW - timedelta(days=2))


def paused(acme: World) -> None:
    """An admin paused the directory."""
    acme.directory("paused")


def orphaned(acme: World) -> None:
    """The group of a rule is gone."""
    group = acme.group("Engineering")
    acme.rule(group_id=group, team="engineering")
    acme.delete_group(group)


def withheld(acme: World) -> None:
    """The IdP put out the last owner but one who is on leave."""
    acme.owner_on_leave()
    acme.edit(acme.create("ada"), active=True)
    acme.owner("ada")
    acme.edit(_user_of(acme, "ada"), active=False)


def _user_of(acme: World, name: str) -> str:
    with acme.database.read() as tx:
        return str(tx.execute(t.DirectoryUser.__table__.select().where(t.DirectoryUser.user_name == name)).one().id)


def record_gone(acme: World) -> None:
    """DNS has no record any more."""
    put(acme, t.Domain, missing_since=NOW - timedelta(days=3))


@pytest.mark.parametrize(
    ("happens", "severity", "words", "page"),
    [
        (silent, "bad", "Okta has pushed nothing since", "connection"),
        (never_heard, "bad", "Okta has never pushed anything", "connection"),
        (paused, "warn", "The directory of Okta is paused", "connection"),
        (orphaned, "warn", "A rule names a group that is gone", "/mapping"),
        (withheld, "bad", "put out ada@acme.example, the last active owner", "connection"),
        (record_gone, "warn", "The DNS record of acme.example is gone", "/domains"),
    ],
)
def test_what_needs_attention_is_told_with_the_page_for_it(
    database: Database, happens: Callable[[World], None], severity: str, words: str, page: str
) -> None:
    """One thing is told once, with where to put it right; before it happened nothing was told."""
    acme = world.live(database)
    acme.create("zoe")
    put(acme, t.Connection, last_heard_at=NOW)
    assert not [each for each in found(acme) if words in each.sentence]
    happens(acme)
    [told] = [each for each in found(acme) if words in each.sentence]
    assert (told.severity, told.tail) == (severity, f"/connections/{acme.connection}" if page == "connection" else page)


@pytest.mark.parametrize(("days", "said"), [(364.5, "within a day"), (358, "in 7 days"), (336, "in 29 days"), (330, None)])
def test_a_token_is_warned_of_a_month_before_its_end(database: Database, days: float, said: str | None) -> None:
    """The sentence says how long is left."""
    acme = world.live(database)
    told = [each.sentence for each in found(acme, NOW + timedelta(days=days)) if "SCIM token" in each.sentence]
    assert [said is not None and said in each for each in told] == ([True] if said else [])


def test_a_token_that_was_replaced_is_not_warned_of(database: Database) -> None:
    """Once the second one is in use nothing is wrong; until then the first one's end is."""
    acme = world.live(database)
    put(acme, t.ScimToken, last_used_at=NOW)
    second = tokens.create(database, acme.organization, acme.connection, days=1000).id
    late = NOW + timedelta(days=366)
    [told] = [each for each in found(acme, late) if "SCIM token" in each.sentence]
    assert told.severity == "warn"
    assert "the other one is not in use yet" in told.sentence
    with database.engine.begin() as tx:
        tx.execute(update(t.ScimToken).where(t.ScimToken.id == second).values(last_used_at=NOW + timedelta(hours=1)))
    assert not [each for each in found(acme, late) if "SCIM token" in each.sentence]


def test_without_a_live_token_nothing_is_taken(database: Database) -> None:
    """That is no warning any more: it does not work."""
    acme = world.live(database)
    [told] = [each for each in found(acme, NOW + timedelta(days=400)) if "SCIM token" in each.sentence]
    assert told.severity == "bad"
    assert "nothing it pushes is taken" in told.sentence


def test_a_burst_is_told_until_people_are_back(database: Database) -> None:
    """It stands first, and goes with the restore; three days later it was meant so."""
    acme = world.live(database)
    people = [acme.create(f"p{number}") for number in range(20)]
    began = datetime.now(UTC)
    for user in people[:12]:
        acme.edit(user, active=False)
    first = found(acme)[0]
    assert (first.severity, first.tail) == ("bad", f"/connections/{acme.connection}")
    assert first.sentence.startswith("12 people went out at once on ")
    assert not [each for each in found(acme, began + timedelta(days=4)) if "went out at once" in each.sentence]
    acme.carry_out("restore", connection=acme.connection, since=(began - timedelta(minutes=1)).isoformat())
    assert not [each for each in found(acme) if "went out at once" in each.sentence]


def test_break_glass_owners_need_codes_and_have_to_be_active(database: Database) -> None:
    """Nobody active is worse than nobody with codes."""
    acme = world.live(database)

    def told() -> list[str]:
        every = warnings.current(database, acme.organization, NOW)
        return [each.sentence for each in every if each.tail == "/break-glass"]

    assert "recovery codes" in told()[0]
    recovery.codes(database, acme.organization, OWNER)
    assert told() == []
    acme.owner_on_leave()
    assert "no active break-glass owner" in told()[0]


def test_the_mail_and_the_banner_speak_of_the_same(database: Database) -> None:
    """What `upkeep.run` mails about a connection stands on its page too."""
    acme = world.live(database)
    silent(acme)
    upkeep.run(database, NOW)
    [event] = acme.events("directory.silent")
    assert f"/{event['target'].replace('connection:', 'connections/')}" in [each.tail for each in found(acme)]


def test_an_organization_without_connections_has_nothing_to_attend_to(database: Database) -> None:
    """Not even a break-glass owner is missed."""
    acme = world.staged(database)
    with database.engine.begin() as tx:
        tx.execute(delete(t.Connection))
    assert found(acme) == []


def test_it_takes_the_same_statements_whatever_the_number_of_people(database: Database) -> None:
    """Twenty people more, and some out: not a statement more."""
    acme = world.live(database)

    def sent() -> int:
        with statements(database.engine) as seen:
            warnings.current(database, acme.organization, NOW)
        return len(seen)

    before = sent()
    for number in range(8):
        acme.edit(acme.create(f"n{number}"), active=False)
    assert sent() == before


def test_members_are_told_nothing(database: Database) -> None:
    """It is for whoever manages sign-on."""
    acme = world.staged(database)
    with pytest.raises(Forbidden, match="does not hold"):
        warnings.current(database, acme.organization, NOW, actor=actors.person_in(acme, "ada", "member"))
