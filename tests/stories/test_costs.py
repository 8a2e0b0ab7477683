"""What a request costs does not grow with the group, nor with the page: the number of SQL statements is constant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from connector.directory import queries
from connector.directory.model import Part, Query, StoredUser
from connector.membership.fold import fold
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.conditions import Compare, Path
from connector.storage.database import Database
from connector.storage.ids import new_id
from tests.support import world
from tests.support.statements import statements
from tests.support.world import World

MANY = 1_500


def _cost(database: Database, verb: Callable[[], object]) -> int:
    with statements(database.engine) as sent:
        verb()
    return len(sent)


@pytest.fixture
def crowd(database: Database) -> tuple[World, list[str]]:
    """A live organization with 1,500 pushed members, and a rule for each of the groups Small and Large."""
    acme = world.staged(database)
    made = acme.database
    names = [f"u{number:05}" for number in range(MANY)]
    sample = acme.create("sample")
    with made.engine.begin() as tx:
        template = dict(tx.execute(t.DirectoryUser.__table__.select()).one()._mapping)
        rows = [_user(template, sample, name) for name in names]
        tx.execute(insert(t.DirectoryUser), rows)
        total = {"connection_id": acme.connection, "organization_id": acme.organization, "kind": "User", "slot": 99}
        tx.execute(insert(t.DirectoryTotal).values(**total, total=MANY))
    acme.activate()
    ids = [row["id"] for row in rows]
    acme.group("Small", *ids[:10])
    acme.group("Large", *ids)
    acme.rule(group="Small", team="small")
    acme.rule(group="Large", team="large")
    return acme, ids


def _user(template: dict[str, Any], sample: str, name: str) -> dict[str, Any]:
    made, email = new_id(), f"{name}@acme.example"
    said = {"user_name": name, "user_name_key": fold(name), "email": email, "email_key": email, "display_name": name}
    return {**template, **said, "id": made, "document": template["document"].replace(sample, made).replace("sample", name)}


def test_member_operations_cost_the_same_in_a_small_and_in_a_large_group(crowd: tuple[World, list[str]]) -> None:
    """One in, one out, two in and 1,000 in, in a group of 10 and in one of 1,500, with everything that follows from it."""
    acme, ids = crowd
    small, large = _groups(acme)
    new = acme.create("new")
    costs = {
        name: (_cost(acme.database, partial(acme.put_in, group, new)), _cost(acme.database, partial(acme.take_out, group, new)))
        for name, group in (("small", small), ("large", large))
    }
    assert costs["small"] == costs["large"]
    assert acme.member("new").teams == ()
    few = _cost(acme.database, partial(acme.put_in, small, *ids[10:12]))
    many = _cost(acme.database, partial(acme.put_in, small, *ids[12:1012]))
    assert few == many
    assert _cost(acme.database, partial(acme.take_out, large, *ids[:2])) == _cost(
        acme.database, partial(acme.take_out, large, *ids[2:1002])
    )
    assert len([m for m in acme.members.values() if TeamPlace("small", "member") in m.teams]) == 1012


def _groups(acme: World) -> tuple[str, str]:
    """The two groups, by name: reading a group of 1,500 without its members costs what any group costs."""
    found = []
    for name in ("small", "large"):
        condition = Compare(Path(("displayname",)), "eq", name, "string")
        page = queries.find(acme.database, acme.client, Query((Part("Group", condition),), count=2))
        assert page.total == 1
        found.append(page.items[0].id)
    return found[0], found[1]


def test_everything_else_costs_the_same_whatever_the_size(crowd: tuple[World, list[str]]) -> None:
    """Renaming, replacing all members, deleting a group; deactivating one; a rule for ten and a rule for all."""
    acme, ids = crowd
    small, large = _groups(acme)
    database = acme.database
    ten, all_ = partial(acme.rule, group="Small", project="p"), partial(acme.rule, group="Large", project="p")
    _cost(database, partial(acme.rule, group="Small", project="q"))
    assert _cost(database, ten) == _cost(database, all_) + 2  # the first finds no project and makes it
    assert _cost(database, partial(acme.rename, small, "S")) == _cost(database, partial(acme.rename, large, "L"))
    assert _cost(database, partial(acme.replace_members, small, *ids[5:10])) == _cost(
        database, partial(acme.replace_members, large, *ids[100:])
    )
    assert _cost(database, partial(acme.delete_group, small)) == _cost(database, partial(acme.delete_group, large))


def test_a_page_costs_the_same_however_long_it_is(crowd: tuple[World, list[str]]) -> None:
    """A list page of 5 and of 100 users, with and without their groups: no statement per row."""
    acme, _ = crowd
    for with_groups in (True, False):
        short, long = (Query((Part("User"),), count, with_groups=with_groups) for count in (5, 100))
        find = partial(queries.find, acme.database, acme.client)
        assert _cost(acme.database, partial(find, short)) == _cost(acme.database, partial(find, long))
        page = find(long)
        assert (len(page.items), page.total) == (100, MANY + 1)
        assert all(isinstance(user, StoredUser) and bool(user.groups) == with_groups for user in page.items[1:])
