"""The groups of identity providers, pushed and told of by sign-ins, in pages that cost the same however many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from connector.directory import known_groups
from connector.directory.known_groups import GroupView
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support.statements import statements
from tests.support.world import World, staged

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def claimed(acme: World, people: dict[str, list[str] | None]) -> None:
    """These people signed in last with these groups (None: nothing was said of groups)."""
    home = {"organization_id": acme.organization, "connection_id": acme.connection, "created_at": NOW}
    with acme.database.engine.begin() as tx:
        for value in sorted({value for groups in people.values() for value in groups or ()}):
            tx.execute(insert(t.ClaimedGroup).values(**home, id=new_id(), value=value, value_key=value.lower()))
        for name, groups in people.items():
            person = new_id()
            said: dict[str, Any] = {"groups": groups, "attributes": {}, "last_sign_in_at": NOW, "mutable": False}
            tx.execute(insert(t.Person).values(id=person, display_name=name, created_by=None, created_at=NOW))
            who = {"issuer": "i", "kind": "saml", "subject": name, "email": None, "person_id": person}
            tx.execute(insert(t.ExternalIdentity).values(**home, id=new_id(), **who, **said))


def listed(acme: World, **chosen: Any) -> tuple[GroupView, ...]:
    """The first page."""
    return known_groups.list_(acme.database, acme.organization, limit=50, **chosen).items


def test_groups_of_sign_ins_are_counted_by_what_was_said_last(database: Database) -> None:
    """Unknown is not empty, and neither is a member. What another organization's people say does not count."""
    acme, other = staged(database), staged(database, slug="other", verified=())
    claimed(acme, {"ada": ["Ops", "Eng"], "bob": ["Eng"], "cleo": None, "dan": []})
    claimed(other, {"eve": ["Eng"]})
    assert [(each.name, each.source, each.external_id, each.members) for each in listed(acme)] == [
        ("Eng", "claimed", None, 2),
        ("Ops", "claimed", None, 1),
    ]
    assert [each.members for each in listed(other)] == [1]


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ({"external_id": "Eng"}, ["Eng"]),
        ({"group": "ENG"}, ["Eng"]),
        ({"pattern": "O*"}, ["Ops"]),
        ({"everyone": True}, []),
        ({"attribute": "department=Eng"}, []),
    ],
)
def test_a_claim_is_mapped_by_its_name_and_as_an_external_id(database: Database, rule: dict[str, Any], names: list[str]) -> None:
    """It says one thing and nothing else; rules for attributes and for everybody speak of no group."""
    acme = staged(database)
    claimed(acme, {"ada": ["Ops", "Eng"]})
    acme.rule(**rule, team="x")
    assert [each.name for each in listed(acme, mapped=True)] == names
    assert [each.name for each in listed(acme, mapped=False)] == [name for name in ("Eng", "Ops") if name not in names]


def test_a_group_that_is_told_of_and_pushed_is_one(database: Database) -> None:
    """With the id it had, and members as pushed."""
    acme = staged(database)
    claimed(acme, {"ada": ["Eng"]})
    [told] = listed(acme)
    acme.group("Eng", acme.create("bob"), acme.create("cleo"))
    [group] = listed(acme)
    assert (group.id, group.source, group.members) == (told.id, "pushed", 2)


def test_a_page_costs_the_same_however_many_groups_there_are(database: Database) -> None:
    """Also where only the mapped ones are asked for."""
    acme = staged(database)
    acme.rule(pattern="G1*", team="x")
    counts = []
    for size in (3, 30):
        for number in range(size):
            acme.group(f"G{size}{number}")
        claimed(acme, {f"p{size}": [f"C{size}-{number}" for number in range(size)]})
        asked: list[dict[str, Any]] = [{}, {"mapped": True}, {"q": "g"}, {"connection_id": acme.connection}]
        for chosen in asked:
            with statements(database.engine) as sent:
                known_groups.list_(database, acme.organization, limit=5, **chosen)
            counts.append(len(sent))
    assert counts[:4] == counts[4:]
    assert max(counts) <= 8
