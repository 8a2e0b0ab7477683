"""Resources below HTTP: what is listed is what check says, statements do not grow, races end well, keys stay inside."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest
from sqlalchemy import select

from connector.errors import ConnectorError, NotFound, Outdated
from connector.membership.kinds import Kind
from connector.organizations import (
    check,
    grants,
    kinds,
    organizations,
    personal,
    projects,
    resource_list,
    resources,
    settings,
    teams,
)
from connector.provisioning.acting import Actor
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import person
from tests.support.actors import by_key, person_in
from tests.support.racing import race
from tests.support.statements import statements
from tests.support.world import World, staged


def filled(acme: World, maker: Actor) -> None:
    """Resources of every kind of access: with and without a team's grant, everybody's grant, a project, an enforced kind."""
    database, home = acme.database, acme.organization
    teams.create(database, home, "Eng")
    projects.create(database, home, "Site")
    kinds.put(database, home, Kind("dashboard"))
    for kind, shared, project in product(("agent", "dashboard"), ("", "eng", "org:*"), (None, "site")):
        id_ = f"{shared.replace(':*', '') or 'own'}-{project}"
        resources.create(database, home, kind, id_, id_=id_, project=project)
        if shared == "eng":
            grants.grant_team(database, home, "eng", kind, id_, "read")
        elif shared:
            grants.grant_everybody(database, home, kind, id_, "write")
    resources.create(database, home, "agent", "made", id_="made", actor=maker)


def seen(acme: World, actor: Actor) -> dict[tuple[str, str], str]:
    """What the list of what somebody may read says, with the levels."""
    page = resource_list.list_(acme.database, acme.organization, mine=True, limit=200, actor=actor)
    return {(each.kind, each.id): each.level for each in page.items}


def checked(acme: World, actor: Actor) -> dict[tuple[str, str], str]:
    """The same, asked one by one."""
    every = resource_list.list_(acme.database, acme.organization, limit=200)
    told = {
        (each.kind, each.id): check.check(acme.database, acme.organization, each.kind, each.id, actor=actor).level
        for each in every.items
    }
    return {key: level for key, level in told.items() if level != "none"}


ROLES = [("oagents", "admin"), ("oagents", "member"), ("oagents", "billing"), ("onet", "guest"), ("onet", "viewer")]


@pytest.mark.parametrize(("preset", "role"), ROLES)
def test_what_is_listed_is_what_check_allows(database: Database, preset: str, role: str) -> None:
    """For every way to get access alone, and all together."""
    acme = staged(database, preset=preset)
    mia, home = person_in(acme, "mia", role), acme.organization
    maker = person_in(acme, "moe", "owner")
    filled(acme, maker)
    assert seen(acme, mia) == checked(acme, mia)
    teams.set_member(database, home, "eng", "mia@acme.example")
    assert seen(acme, mia) == checked(acme, mia)
    projects.set_member(database, home, "site", "mia@acme.example", "viewer")
    assert seen(acme, mia) == checked(acme, mia)
    assert ("agent", "own-site") in seen(acme, mia)
    settings.replace(database, home, "general", {"member_base_level": "read"})
    assert seen(acme, mia) == checked(acme, mia)


def test_the_maker_sees_what_they_made(database: Database) -> None:
    """And nothing else."""
    acme = staged(database)
    moe = person_in(acme, "moe", "member")
    resources.create(database, acme.organization, "agent", "Other", id_="other")
    resources.create(database, acme.organization, "agent", "Made", id_="made", actor=moe)
    assert seen(acme, moe) == checked(acme, moe) == {("agent", "made"): "admin"}


def test_the_number_of_statements_does_not_grow(database: Database) -> None:
    """Of a list and of check, with twelve times as much to tell."""
    acme = staged(database)
    mia = person_in(acme, "mia", "member")
    home = acme.organization
    teams.create(database, home, "Eng")
    teams.set_member(database, home, "eng", "mia@acme.example")
    sent = []
    for id_ in ("a", *"bcdefghijklm"):
        resources.create(database, home, "agent", id_, id_=id_)
        grants.grant_team(database, home, "eng", "agent", id_)
        if id_ in "am":
            with statements(database.engine) as told:
                assert len(resource_list.list_(database, home, mine=True, actor=mia).items) == (1 if id_ == "a" else 13)
                assert check.check(database, home, "agent", "a", actor=mia).allowed
                assert teams.show(database, home, "eng").grant_count == (1 if id_ == "a" else 13)
            sent.append(len(told))
    assert sent[0] == sent[1]


def test_check_asks_three_times_at_most(database: Database) -> None:
    """What the organization decides by, who asks, and what they have to do with the resource; the operator is nobody there."""
    acme = staged(database)
    mia = person_in(acme, "mia", "member")
    resources.create(database, acme.organization, "agent", "W", id_="w")
    check.check(database, acme.organization, "agent", "w", actor=mia)
    with statements(database.engine) as told:
        check.check(database, acme.organization, "agent", "w", actor=mia)
    assert len([text for text in told if "SELECT" in text]) == 3


def test_two_who_make_the_same_make_one(database: Database) -> None:
    """The other is told that there is one already."""
    organization = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    made, codes = race([lambda: resources.create(database, organization, "agent", "W", id_="w") for _ in range(4)])
    assert (len(made), codes) == (1, ["resource_exists"] * 3)


def test_two_who_grant_the_same_grant_once(database: Database) -> None:
    """One id, whoever came first; both for a team and for everybody."""
    organization = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    teams.create(database, organization, "Eng")
    resources.create(database, organization, "agent", "W", id_="w")
    for verb in (
        lambda: grants.grant_team(database, organization, "eng", "agent", "w"),
        lambda: grants.grant_everybody(database, organization, "agent", "w"),
    ):
        made, codes = race([verb] * 4)
        assert (len({each.id for each in made}), len(made), codes) == (1, 4, [])


def test_a_key_of_a_project_stays_inside_it(database: Database) -> None:
    """TG-16: key of project A on resource of B -> 404; inside it writes as members do, and asks about anybody."""
    acme = staged(database)
    home = acme.organization
    mia = person_in(acme, "mia", "owner")
    site, shop = (projects.create(database, home, name).id for name in ("Site", "Shop"))
    key = by_key(mia, home, project=site)
    resources.create(database, home, "agent", "Theirs", id_="b", project=shop)
    made = resources.create(database, home, "agent", "Ours", id_="a", actor=key)
    assert (made.project, made.level) == ("site", "write")
    assert list(seen(acme, key)) == [("agent", "a")]
    assert resources.rename(database, home, "agent", "a", "Mine", actor=key).name == "Mine"
    assert check.check(database, home, "agent", "a", permission="write", actor=key).allowed
    assert check.check(database, home, "agent", "a", who=mia.person_id, actor=key).level == "admin"
    assert [each.slug for each in projects.list_(database, home, actor=key).items] == ["site"]
    for verb in (
        lambda: resources.show(database, home, "agent", "b", actor=key),
        lambda: check.check(database, home, "agent", "b", actor=key),
        lambda: check.check(database, home, "agent", "b", who=mia.person_id, actor=key),
        lambda: resources.create(database, home, "agent", "X", project=shop, actor=key),
        lambda: projects.show(database, home, shop, actor=key),
    ):
        with pytest.raises(NotFound):
            verb()
    for forbidden in (
        lambda: resources.delete(database, home, "agent", "a", actor=key),
        lambda: teams.create(database, home, "T", actor=key),
        lambda: projects.rename(database, home, site, "T", actor=key),
    ):
        with pytest.raises(ConnectorError, match=r"key|may write|member of the project"):
            forbidden()


def test_what_an_organization_owns_is_told_with_its_first(database: Database) -> None:
    """OA-47: what keeps it from being deleted; what is private to a person does not."""
    acme = staged(database)
    mia = person_in(acme, "mia", "member")
    resources.create(database, acme.organization, "conversation", "Private", actor=mia)
    with database.read() as tx:
        assert resources.owned(tx, acme.organization) == resources.Owned(0, ())
    for number in range(21):
        resources.create(database, acme.organization, "agent", "W", id_=f"w{number}")
    with database.read() as tx:
        owned = resources.owned(tx, acme.organization)
    assert (owned.count, owned.first[0], len(owned.first)) == (21, "agent:w0", 20)


def test_what_is_deleted_takes_its_grants_with_it(database: Database) -> None:
    """And a team takes those it was given."""
    organization = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    for name in ("Eng", "Ops"):
        teams.create(database, organization, name)
    for id_ in ("a", "b"):
        resources.create(database, organization, "agent", id_, id_=id_)
        grants.grant_team(database, organization, "eng", "agent", id_)
        grants.grant_team(database, organization, "ops", "agent", id_)
    resources.delete(database, organization, "agent", "a")
    teams.delete(database, organization, "ops")
    with database.read() as tx:
        assert len(tx.execute(select(t.ResourceGrant.id)).all()) == 1


def test_of_two_who_know_the_same_version_one_changes_what_is_their_own(database: Database) -> None:
    """RFC 9110 section 13.1.1, in the personal workspace, where no organization's lock keeps them apart."""
    zoe = person(database, "zoe@elsewhere.example")
    known = personal.create(database, zoe, "agent", "One", creator="zoe", id_="w")

    def seen(view: object) -> None:
        if view != known:
            raise Outdated("version_mismatch", "It has been changed.")

    names = [f"Name {number}" for number in range(4)]
    made, codes = race([partial(personal.rename, database, zoe, "agent", "w", name, seen=seen) for name in names])
    assert (len(made), codes) == (1, ["version_mismatch"] * 3)
    assert personal.show(database, zoe, "agent", "w").name == made[0].name
