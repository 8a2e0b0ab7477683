"""What identity providers ask all day is answered by statements built once; any other query by the general search. Both find the
same: asked plainly, and asked in a way that only the general search understands."""

from __future__ import annotations

from typing import Any

import pytest

from connector.directory import lookups, queries
from connector.directory.model import Page, Part, Query
from connector.scim.filters import parse_filter
from connector.scim.schemas import GROUP, USER
from connector.storage.database import Database
from tests.support import world
from tests.support.world import World

SCHEMAS = {"User": USER, "Group": GROUP}


@pytest.fixture
def acme(database: Database) -> World:
    """Three people, one with wildcards in the name, in two groups; and another connection with people of the same names."""
    home = world.live(database)
    ada, _, bob = (home.create(name, external_id=f"X-{name}") for name in ("Ada", "a_a%", "Ärger"))
    home.group("Staff", ada, bob, external_id="G-1")
    home.group("staff 2", bob)
    home.delete(home.create("Left"))
    home.delete_group(home.group("Gone"))
    other = home.another()
    other.create("Ada", external_id="X-Ada")
    other.group("Staff")
    return home


@pytest.mark.parametrize(
    ("kind", "name", "value", "found"),
    [
        pytest.param("User", "userName", "ada", 1, id="userName in another case"),
        pytest.param("User", "userName", "ÄRGER", 1, id="userName in another case, beyond ASCII"),
        pytest.param("User", "userName", "a_a%", 1, id="wildcards are letters"),
        pytest.param("User", "userName", "nobody", 0, id="nobody"),
        pytest.param("User", "externalId", "X-Ada", 1, id="externalId"),
        pytest.param("User", "externalId", "x-ada", 0, id="externalId has a case"),
        pytest.param("User", "id", "unknown", 0, id="id"),
        pytest.param("Group", "displayName", "STAFF", 1, id="displayName in another case"),
        pytest.param("Group", "externalId", "G-1", 1, id="externalId of a group"),
        pytest.param("Group", "id", "unknown", 0, id="id of a group"),
    ],
)
def test_a_name_is_looked_up_as_the_general_search_finds_it(acme: World, kind: Any, name: str, value: str, found: int) -> None:
    """Each row: the attribute, what it is compared with, and how many there are."""
    condition = parse_filter(f'{name} eq "{value}"', SCHEMAS[kind], [SCHEMAS[kind]])
    query = Query((Part(kind, condition),), count=10, with_groups=True, with_members=True)
    assert lookups.plain(acme.client, query) is not None
    plain = queries.find(acme.database, acme.client, query)
    assert plain == queries.search_for(acme.database, acme.client, query)
    assert (plain.total, len(plain.items)) == (found, found)


@pytest.mark.parametrize("kind", ["User", "Group"])
@pytest.mark.parametrize("with_parts", [True, False])
def test_a_page_in_the_order_of_age_is_that_of_the_general_search(acme: World, kind: Any, with_parts: bool) -> None:
    """Every start and count that a list of three and one of two can have, total and end too; and from every cursor."""
    for start in range(5):
        for count in range(5):
            query = Query((Part(kind),), count=count, start=start, with_groups=with_parts, with_members=with_parts)
            assert _both(acme, query).total == (3 if kind == "User" else 2)
    for item in queries.find(acme.database, acme.client, Query((Part(kind),), count=10)).items:
        _both(acme, Query((Part(kind),), count=1, after=(item.id,), with_groups=with_parts, with_members=with_parts))


def _both(acme: World, query: Query) -> Page:
    plain = queries.find(acme.database, acme.client, query)
    assert plain == queries.search_for(acme.database, acme.client, query)
    return plain
