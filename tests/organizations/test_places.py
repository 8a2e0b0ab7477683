"""Teams and projects beside an identity provider: what rules give is locked; who joins is in the default project."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connector.errors import ConnectorError
from connector.organizations import check, grants, invitations, joining, members, organizations, projects, resources, teams
from connector.provisioning.acting import OPERATOR, Actor
from connector.storage.database import Database
from tests.accounts.people import person
from tests.sign_in.arrivals import SEALER, give_sign_on
from tests.support.actors import LOCAL, person_in
from tests.support.racing import race
from tests.support.world import BASE, World, live, staged

DEFAULT = ("project:default", "viewer", "system")


@pytest.fixture
def acme(database: Database) -> World:
    """A live directory whose group Eng is team eng and project site, with Ada in it."""
    acme = live(database)
    acme.create("ada")
    acme.rule(group="Eng", team="eng")
    acme.rule(group="Eng", project="site")
    acme.group("Eng", acme.create("bob"))
    return acme


def refused(verb: Callable[[], object]) -> tuple[str, str]:
    """The code and the sentence of a refusal."""
    with pytest.raises(ConnectorError) as caught:
        verb()
    return caught.value.code, caught.value.detail


LOCKED: list[tuple[str, Callable[[World], object]]] = [
    ("rename the team", lambda acme: teams.rename(acme.database, acme.organization, "eng", "Mine")),
    ("delete the team", lambda acme: teams.delete(acme.database, acme.organization, "eng")),
    ("change a place", lambda acme: teams.set_member(acme.database, acme.organization, "eng", "bob@acme.example", "maintainer")),
    ("take a place", lambda acme: teams.remove_member(acme.database, acme.organization, "eng", "bob@acme.example")),
    ("change one in a project", lambda acme: projects.set_member(acme.database, acme.organization, "site", "bob@acme.example")),
]


@pytest.mark.parametrize(("what", "verb"), LOCKED, ids=[what for what, _ in LOCKED])
def test_what_a_rule_gives_is_locked_and_the_refusal_names_it(acme: World, what: str, verb: Callable[[World], object]) -> None:
    """OA-34: name and members of a linked team; DESIGN section 6: by the source of the row, naming group and rule."""
    code, detail = refused(lambda: verb(acme))
    assert code == "managed_by_idp", what
    assert '"Eng"' in detail
    assert "rule " in detail


def test_a_place_by_hand_beside_those_that_rules_gave_is_free(acme: World) -> None:
    """Ada is not in the group: a hand puts her into the team, and a push does not take her out."""
    member = teams.set_member(acme.database, acme.organization, "eng", "ada@acme.example", "maintainer")
    assert (member.role, member.managed) == ("maintainer", False)
    acme.group("Others", acme.create("cleo"))
    shown = teams.show(acme.database, acme.organization, "eng")
    assert [(each.email, each.role, each.managed) for each in shown.members] == [
        ("ada@acme.example", "maintainer", False),
        ("bob@acme.example", "member", True),
    ]
    assert shown.managed
    teams.remove_member(acme.database, acme.organization, "eng", "ada@acme.example")
    assert acme.sources("ada") == set()


@pytest.mark.parametrize("slug", ["site", "apollo"])
def test_a_project_that_rules_give_is_in_use(acme: World, slug: str) -> None:
    """Rows of a pattern count too: the project would be made again."""
    acme.rule(pattern="Proj (.*)", project="{1}")
    acme.group("Proj Apollo", acme.create("cleo"))
    assert refused(lambda: projects.delete(acme.database, acme.organization, slug))[0] == "project_not_empty"


def test_who_is_pushed_is_in_the_default_project_at_every_coming(database: Database) -> None:
    """TG-17, SCIM: once, and once again after a DELETE and a rehire with what was given before."""
    acme = live(database, preset="together")
    ada = acme.create("ada", external_id="e1")
    assert acme.sources("ada") == {DEFAULT}
    acme.delete(ada)
    again = acme.create("ada", external_id="e1")
    assert acme.sources("ada") == {DEFAULT}
    acme.edit(again, active=False)
    acme.edit(again, active=True)
    assert acme.sources("ada") == {DEFAULT}
    assert acme.reconciled()


def test_who_was_given_more_in_the_default_project_comes_back_with_it(database: Database) -> None:
    """The rehire gives back what hands gave, beside what everybody has."""
    acme = live(database, preset="together")
    ada = acme.create("ada", external_id="e1")
    projects.set_member(database, acme.organization, "default", "ada@acme.example", "admin")
    acme.delete(ada)
    acme.create("ada", external_id="e1")
    assert acme.sources("ada") == {DEFAULT, ("project:default", "admin", "manual")}


def test_the_founder_is_in_the_default_project(database: Database) -> None:
    """TG-17: all members, the first one too."""
    acme = staged(database, preset="together")
    assert acme.sources("owner@acme.example") >= {DEFAULT}


def test_teams_of_the_same_name_made_at_once_get_slugs_of_their_own(database: Database) -> None:
    """The second finds the first one's, whatever process it runs in."""
    organization = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    made, codes = race([lambda: teams.create(database, organization, "Eng") for _ in range(4)])
    assert codes == []
    assert sorted(each.slug for each in made) == ["eng", "eng-2", "eng-3", "eng-4"]


def test_a_team_is_not_made_again_by_a_place_given_while_it_is_deleted(database: Database) -> None:
    """Whoever comes second finds no team; or the place goes with the team."""
    acme = staged(database)
    ann = person_in(acme, "ann", "admin")
    for _ in range(3):
        teams.create(database, acme.organization, "Eng", slug="eng", actor=OPERATOR)
        race(
            [
                lambda: teams.set_member(database, acme.organization, "eng", "ann@acme.example", actor=ann),
                lambda: teams.delete(database, acme.organization, "eng"),
            ]
        )
        assert refused(lambda: teams.show(database, acme.organization, "eng"))[0] == "team_not_found"


def test_a_restore_gives_the_default_project_once(database: Database) -> None:
    """Whom the connection deleted comes back by one call, with what they had."""
    acme = live(database, preset="together")
    since = datetime.now(UTC)
    acme.delete(acme.create("ada", external_id="e1"))
    acme.carry_out("restore", connection=acme.connection, since=since.isoformat())
    assert acme.sources("ada") == {DEFAULT, ("role", "member", "converted")}


def test_who_signs_in_for_the_first_time_is_in_the_default_project(database: Database) -> None:
    """TG-17, JIT: once, however often they come."""
    world = staged(database, preset="together")
    world.directory("off")
    world.activate()
    door = give_sign_on(world, world.connection)
    door.come("ada")
    door.come("ada")
    assert DEFAULT in world.sources("ada")


def test_who_accepts_an_invitation_is_in_the_default_project(database: Database) -> None:
    """TG-17: and comes back to it after leaving."""
    acme = staged(database, preset="together")
    invited = person(database, "leo@elsewhere.example")
    guest = Actor("leo@elsewhere.example", invited, (LOCAL,))
    for _ in range(2):
        sent = invitations.invite(database, SEALER, BASE, acme.organization, "leo@elsewhere.example")
        joining.accept(database, sent.id, actor=guest)
        assert DEFAULT in acme.sources("leo@elsewhere.example")
        members.remove(database, acme.organization, "leo@elsewhere.example", block=False)


def test_what_everybody_was_granted_reaches_who_is_pushed(database: Database) -> None:
    """AP-3: new SCIM user -> /check cluster read -> allow; suspended by the directory, they have none."""
    acme = live(database, preset="apolo")
    resources.create(database, acme.organization, "cluster", "C", id_="c")
    grants.grant_everybody(database, acme.organization, "cluster", "c", "read")
    ada = acme.create("ada")
    asked = (database, acme.organization, "cluster", "c")
    assert check.check(*asked, who="ada@acme.example").allowed
    acme.edit(ada, active=False)
    assert check.check(*asked, who="ada@acme.example").because == (
        "suspended: what they have is kept for the day they come back",
    )
    acme.edit(ada, active=True)
    assert check.check(*asked, who="ada@acme.example").allowed


def test_a_rule_gives_a_team_whose_grants_count_at_once(database: Database) -> None:
    """OA-26: map group -> team; grant; SCIM member gets level; out of the group, it is gone."""
    acme = live(database)
    resources.create(database, acme.organization, "agent", "W", id_="w")
    acme.rule(group="Eng", team="eng")
    grants.grant_team(database, acme.organization, "eng", "agent", "w", "read")
    ada = acme.create("ada")
    group = acme.group("Eng", ada)
    asked = (database, acme.organization, "agent", "w")
    assert check.check(*asked, who="ada@acme.example").because == ("team eng has read",)
    acme.take_out(group, ada)
    assert check.check(*asked, who="ada@acme.example").level == "none"


def test_who_is_put_somewhere_and_removed_at_the_same_moment_is_in_one_of_both_places(database: Database) -> None:
    """Whoever comes second finds them gone, and says so; nothing of a place is left behind."""
    acme = staged(database)
    home, team = acme.organization, teams.create(database, acme.organization, "Eng").slug
    for number in range(6):
        who = f"p{number}@acme.example"
        acme.invited(who)

        def removed(who: str = who) -> object:
            members.remove(database, home, who, block=False)
            return None

        def seated(who: str = who) -> object:
            return teams.set_member(database, home, team, who, "member")

        _, refused_with = race([removed, seated])
        assert set(refused_with) <= {"not_a_member"}
    assert list(acme.members) == ["owner@acme.example"]
    assert teams.show(database, home, team).members == ()
