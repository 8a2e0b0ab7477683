"""The list of members: its cost does not depend on how many there are."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, update

from connector.organizations import member_list, members
from connector.organizations.member_list import MemberFilter
from connector.organizations.organizations import create
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import NOW
from tests.support import world
from tests.support.statements import statements

FILTERS = (
    MemberFilter(),
    MemberFilter(q="p1"),
    MemberFilter(email="p1@acme.example"),
    MemberFilter(role="member", status="active"),
)


def _members(database: Database, organization: str, numbers: range) -> None:
    with database.engine.begin() as tx:
        for number in numbers:
            who = {"id": f"p{number:05}"}
            tx.execute(insert(t.Person).values(**who, display_name=f"P{number}", created_by=None, created_at=NOW))
            address = {"email": f"p{number}@acme.example", "email_key": f"p{number}@acme.example", "verified": True}
            home = {"person_id": who["id"], "created_at": NOW}
            tx.execute(insert(t.Address).values(**who, **home, **address, is_primary=True))
            member = {"organization_id": organization, "joined_by": "manual", "role": "member"}
            tx.execute(insert(t.Membership).values(**who, **home, **member))


def test_a_page_costs_the_same_of_few_and_of_many(database: Database) -> None:
    """Whatever is filtered by: the same number of statements for 3 members and for 300."""
    organization = create(database, "acme", "Acme", "ada@acme.example").id
    costs = []
    for numbers in (range(3), range(3, 300)):
        _members(database, organization, numbers)
        with statements(database.engine) as sent:
            pages = [member_list.list_(database, organization, chosen, limit=100) for chosen in FILTERS]
        costs.append(len(sent))
    assert costs[0] == costs[1]
    assert [len(page.items) for page in pages] == [100, 100, 1, 100]
    assert all((page.next is not None) == (len(page.items) == 100) for page in pages)


def test_pages_follow_one_another(database: Database) -> None:
    """Nobody is left out and nobody is told twice."""
    organization = create(database, "acme", "Acme", "ada@acme.example").id
    _members(database, organization, range(10))
    seen: list[str | None] = []
    page = member_list.list_(database, organization, limit=4)
    while True:
        seen += [each.id for each in page.items]
        if page.next is None:
            break
        page = member_list.list_(database, organization, limit=4, after=page.next)
    assert len(seen) == len(set(seen)) == 11


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ZOË", {"Zoë Lovelace-King"}),
        ("love", {"Zoë Lovelace-King"}),
        ("p", {"Ana Pérez"}),
        ("zoe@", {"Zoë Lovelace-King"}),
        ("lace", set()),
    ],
)
def test_people_are_found_by_how_a_word_of_their_name_begins(database: Database, q: str, found: set[str]) -> None:
    """Or their address; not by what stands inside a word."""
    acme = world.staged(database)
    for email, name in (("zoe@acme.example", "Zoë Lovelace-King"), ("ana@acme.example", "Ana Pérez")):
        acme.invited(email)
        with database.engine.begin() as tx:
            tx.execute(update(t.Person).where(t.Person.display_name == email).values(display_name=name))
    assert {each.name for each in member_list.list_(database, acme.organization, MemberFilter(q=q)).items} == found


def test_the_totals_tell_how_many_there_are_and_are_out(database: Database) -> None:
    """Somebody with two causes is one person; other organizations do not count."""
    acme = world.live(database)
    world.live(database, slug="other", verified=["other.example"])
    zoe = acme.create("zoe")
    acme.create("ian")
    members.suspend(database, acme.organization, "zoe@acme.example")
    acme.edit(zoe, active=False)
    assert member_list.totals(database, acme.organization) == member_list.Totals(members=3, suspended=1)
