"""API keys: whose they are, what they count as, and when they stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import select, update

from connector.accounts import keys
from connector.errors import Conflict, ConnectorError, Invalid, NotFound
from connector.membership.opening import Authentication
from connector.membership.roles import PERMISSIONS
from connector.organizations import projects
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import NOW, acme_in_sso, holder, later, leave, organization, person, suspend
from tests.directory import homes
from tests.support import world
from tests.support.statements import statements

OWNER = "owner@acme.example"


def refusal(verb: Callable[[], object], kind: type[ConnectorError]) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


def actions(database: Database) -> list[str]:
    """What the audit trail says of keys."""
    return [action for action in homes.actions(database) if action.startswith("key.")]


def test_a_personal_key_is_found_with_one_statement(database: Database) -> None:
    """Whose it is, what it counts as, and what it is for."""
    ada = person(database, "ada@x.example")
    made = keys.create(database, "Ada@x.example", NOW, scopes=["teams.manage", "audit.read", "teams.manage"])
    assert made.key.startswith("cnk_")
    keys.find(database, made.key, NOW)
    with statements(database.engine) as sent:
        found = keys.find(database, made.key, later(seconds=59))
    assert len(sent) == 1
    assert found is not None
    assert (found.key_id, found.person_id, found.email) == (made.id, ada, "ada@x.example")
    assert (found.authentication.method, found.scopes) == ("personal_key", ("audit.read", "teams.manage"))


def test_the_operator_vouches_for_a_new_person(database: Database) -> None:
    """A personal key may be their first trace; a key of an organization is for its members."""
    made = keys.create(database, "new@x.example", NOW)
    found = keys.find(database, made.key, NOW)
    assert found is not None
    assert found.person_id == holder(database, "new@x.example")
    home = organization(database, "acme")
    code = refusal(lambda: keys.create(database, "new@x.example", NOW, organization_id=home), Conflict)
    assert (code, actions(database)) == ("not_a_member", [])


@pytest.mark.parametrize("happens", [suspend, leave])
def test_an_organizations_key_works_while_its_holder_is_an_active_member(
    database: Database, happens: Callable[[Database, str, str], None]
) -> None:
    """The very next request is refused; their personal key goes on."""
    home, owner = acme_in_sso(database)
    made = keys.create(database, OWNER, NOW, organization_id=home.organization)
    personal = keys.create(database, OWNER, NOW)
    found = keys.find(database, made.key, NOW)
    assert found is not None
    assert (found.authentication.method, found.authentication.organization_id) == ("organization_key", home.organization)
    happens(database, home.organization, owner)
    assert keys.find(database, made.key, NOW) is None
    assert keys.find(database, personal.key, NOW) is not None
    assert [each.state for each in keys.list_(database, organization_id=home.organization)] == ["dormant"]
    assert refusal(lambda: keys.create(database, OWNER, NOW, organization_id=home.organization), Conflict) == "not_a_member"


def test_keys_stopped_by_a_deactivation_work_again_after_it_and_revoked_ones_do_not(database: Database) -> None:
    """The identity provider gives back what it took, and nothing else."""
    acme = world.live(database)
    user = acme.create("ada")
    made, gone = (keys.create(database, "ada@acme.example", NOW, organization_id=acme.organization) for _ in range(2))
    keys.revoke(database, gone.id)
    acme.edit(user, active=False)
    assert keys.find(database, made.key, NOW) is None
    acme.edit(user, active=True)
    assert [keys.find(database, each.key, NOW) is not None for each in (made, gone)] == [True, False]


def test_a_revoked_key_is_dead_at_once(database: Database) -> None:
    """Revoking it again changes nothing; an unknown id is said to be unknown."""
    home, _ = acme_in_sso(database)
    made = [keys.create(database, OWNER, NOW, organization_id=each) for each in (home.organization, None)]
    for key in [*made, *made]:
        keys.revoke(database, key.id)
        assert keys.find(database, key.key, NOW) is None
    assert actions(database) == ["key.created", "key.revoked"]
    assert refusal(lambda: keys.revoke(database, "nothing"), NotFound) == "key_not_found"


def test_keys_are_listed_oldest_first_by_person_and_by_organization(database: Database) -> None:
    """With their last letters, never whole."""
    home, _ = acme_in_sso(database)
    mine = keys.create(database, OWNER, NOW, scopes=["members.manage"])
    ours = keys.create(database, OWNER, later(seconds=1), organization_id=home.organization)
    keys.create(database, "else@x.example", NOW)
    keys.find(database, mine.key, later(minutes=5))
    keys.revoke(database, ours.id)
    first, second = keys.list_(database, email="OWNER@acme.example")
    assert (first.id, first.hint, first.state, first.last_used_at) == (mine.id, mine.key[-4:], "live", later(minutes=5))
    assert (first.person, first.organization, first.scopes) == (OWNER, None, ("members.manage",))
    assert (second.id, second.organization, second.state, second.last_used_at) == (ours.id, "acme", "revoked", None)
    assert [each.id for each in keys.list_(database, organization_id=home.organization)] == [ours.id]
    assert keys.list_(database, email="nobody@x.example") == ()
    with database.read() as tx:
        kept = " ".join(str(value) for row in tx.execute(select(t.Key)) for value in row)
    assert mine.key not in kept


@pytest.mark.parametrize("key", ["", "cnk_", "cnk_unknown", "cnt_scim_x", "cnk_\ud800", "x" * 10_000])
def test_what_is_no_key_finds_nobody(database: Database, key: str) -> None:
    """Whatever a program sends."""
    assert keys.find(database, key, NOW) is None


@pytest.mark.parametrize("scopes", [["Org.Read"], [""], ["a b"], ["members"], ["*"], ["role.assign:owner"], ["org.read", "x"]])
def test_a_scope_is_a_permission_of_roles_or_personal(database: Database, scopes: Sequence[str]) -> None:
    """Anything else is refused, and nothing is made."""
    assert refusal(lambda: keys.create(database, "ada@x.example", NOW, scopes=scopes), Invalid) == "scope_unknown"
    assert keys.list_(database) == ()
    assert keys.create(database, "ada@x.example", NOW, scopes=["personal", *PERMISSIONS]).id


@pytest.mark.parametrize("name", ["a" * 101, "two\nlines", "\x00", "\ud800"])
def test_a_name_is_short_and_stands_on_one_line(database: Database, name: str) -> None:
    """In any script; it may be empty."""
    assert refusal(lambda: keys.create(database, "ada@x.example", NOW, name=name), Invalid) == "name_invalid"
    keys.create(database, "ada@x.example", NOW, name=" ключ ")
    assert [each.name for each in keys.list_(database)] == ["ключ"]


def test_a_projects_key_lives_while_the_project_does(database: Database) -> None:
    """Whatever becomes of who made it; what it counts as is the project's, and dies with it and with the organization."""
    home, owner = acme_in_sso(database)
    projects.create(database, home.organization, "Site")
    made = keys.create(database, OWNER, NOW, organization_id=home.organization, project="site", name="deploy")
    suspend(database, home.organization, owner)
    found = keys.find(database, made.key, NOW)
    assert found is not None
    assert found.authentication == Authentication("project_key", home.organization)
    assert (found.organization_id, found.project_id is not None) == (home.organization, True)
    [listed] = keys.list_(database, organization_id=home.organization)
    assert (listed.state, listed.project, listed.name) == ("live", "site", "deploy")
    projects.delete(database, home.organization, "site")
    assert keys.find(database, made.key, NOW) is None


def test_a_project_must_be_one_of_the_organization(database: Database) -> None:
    """Another organization's is as unknown as none."""
    home, _ = acme_in_sso(database)
    bell = organization(database, "bell")
    foreign = projects.create(database, bell, "Site").id
    for called in (foreign, "site", "nothing"):
        made = partial(keys.create, database, OWNER, NOW, organization_id=home.organization, project=called)
        assert refusal(made, NotFound) == "project_not_found"


@pytest.mark.parametrize("project", [None, "site"])
def test_keys_of_a_deleted_organization_are_dead(database: Database, project: str | None) -> None:
    """Until it is restored; the holder's own go on."""
    home, _ = acme_in_sso(database)
    projects.create(database, home.organization, "Site")
    made = keys.create(database, OWNER, NOW, organization_id=home.organization, project=project)
    personal = keys.create(database, OWNER, NOW)
    for deleted in (NOW, None):
        with database.engine.begin() as tx:
            tx.execute(update(t.Organization).values(deleted_at=deleted))
        assert (keys.find(database, made.key, NOW) is None) == (deleted is not None)
        assert keys.find(database, personal.key, NOW) is not None


def test_being_used_is_written_at_most_once_a_minute(database: Database) -> None:
    """However many requests come."""
    made = keys.create(database, "ada@x.example", NOW)
    for seconds in (1, 60, 61, 120):
        keys.find(database, made.key, later(seconds=seconds))
    assert keys.list_(database)[0].last_used_at == later(seconds=61)
