"""Keys that people make: of the organization for themselves, of projects for those who run them, and their own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from connector.accounts import keys as made_keys
from connector.accounts import personal_keys
from connector.errors import Conflict, ConnectorError, Forbidden, Invalid, NotFound
from connector.membership.opening import Authentication
from connector.organizations import keys, members, projects
from connector.provisioning.acting import OPERATOR, Actor
from connector.provisioning.once import Once, Replayed
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import suspend
from tests.support.actors import by_key, person_in, signed_in
from tests.support.statements import statements
from tests.support.world import World, staged

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SEALER = Sealer(["a key of this test"])


def refusal(verb: Callable[[], object], kind: type[ConnectorError]) -> str:
    """The code with which something is refused."""
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


def listed(acme: World, actor: Actor, project: str | None = None) -> list[str]:
    """The ids of the keys that somebody is told of."""
    return [each.id for each in keys.list_(acme.database, acme.organization, project=project, limit=50, actor=actor).items]


def made(acme: World, actor: Actor, project: str | None = None, **wanted: Any) -> str:
    """The id of a new key."""
    return keys.create(acme.database, acme.organization, project=project, actor=actor, **wanted).id


@pytest.fixture
def acme(database: Database) -> World:
    """An organization in which nobody has keys."""
    return staged(database)


def test_any_member_makes_a_key_of_the_organization_for_themselves(acme: World) -> None:
    """It counts as theirs there; one entry tells of it, and of its end; the secret stands nowhere."""
    ada = person_in(acme, "ada", "member")
    new = keys.create(acme.database, acme.organization, name="nightly", scopes=["org.read"], actor=ada)
    holder = made_keys.find(acme.database, new.key, NOW)
    assert holder is not None
    assert (holder.person_id, holder.scopes) == (ada.person_id, ("org.read",))
    assert holder.authentication == Authentication("organization_key", acme.organization)
    keys.revoke(acme.database, acme.organization, new.id, actor=ada)
    keys.revoke(acme.database, acme.organization, new.id, actor=ada)
    assert made_keys.find(acme.database, new.key, NOW) is None
    [created, revoked] = acme.audit("key.created", "key.revoked")
    assert created.after == {"person": "ada@acme.example", "name": "nightly", "scopes": ["org.read"]}
    assert {(each.actor, each.target) for each in (created, revoked)} == {("ada@acme.example", f"key:{new.id}")}
    assert new.key not in str(acme.audit()) + str(acme.events()) + repr(new)


def test_one_sees_and_revokes_ones_own_and_managers_everybodys(acme: World) -> None:
    """By the permission `members.manage`; what one is not told of is not there."""
    ada, bob, boss = person_in(acme, "ada", "member"), person_in(acme, "bob", "member"), person_in(acme, "eve", "admin")
    projects.create(acme.database, acme.organization, "Site")
    of_ada, of_bob = made(acme, ada), made(acme, bob)
    of_site = made(acme, boss, "site")
    assert (listed(acme, ada), listed(acme, bob)) == ([of_ada], [of_bob])
    assert listed(acme, boss) == listed(acme, OPERATOR) == [of_ada, of_bob, of_site]
    for key in (of_bob, of_site, "nothing"):
        assert refusal(partial(keys.revoke, acme.database, acme.organization, key, actor=ada), NotFound) == "key_not_found"
    keys.revoke(acme.database, acme.organization, of_ada, actor=boss)
    [view] = keys.list_(acme.database, acme.organization, limit=50, actor=ada).items
    assert view.state == "revoked"


def test_keys_of_other_organizations_are_not_there(acme: World) -> None:
    """Not even to somebody who is in both."""
    bell = staged(acme.database, slug="bell", verified=())
    owner = signed_in(bell, "owner@bell.example")
    key = made(bell, owner)
    verb = partial(keys.revoke, acme.database, acme.organization, key, actor=signed_in(acme, "owner@acme.example"))
    assert refusal(verb, NotFound) == "key_not_found"
    assert refusal(lambda: listed(acme, owner), NotFound) == "organization_not_found"


def test_who_runs_a_project_makes_its_keys(acme: World) -> None:
    """Its admins, and who administers all resources; members of it may not, for others it is not there."""
    boss, ada, bob, mel = (person_in(acme, name, role) for name, role in (
        ("eve", "admin"), ("ada", "member"), ("bob", "member"), ("mel", "member"),
    ))  # fmt: skip
    projects.create(acme.database, acme.organization, "Site")
    projects.set_member(acme.database, acme.organization, "site", "ada@acme.example", "admin")
    projects.set_member(acme.database, acme.organization, "site", "bob@acme.example", "member")
    first, second = made(acme, boss, "site", name="deploy"), made(acme, ada, "site")
    assert listed(acme, ada, "site") == listed(acme, boss, "site") == [first, second]
    assert listed(acme, ada) == []
    assert refusal(lambda: made(acme, bob, "site"), Forbidden) == "permission_missing"
    assert refusal(lambda: made(acme, mel, "site"), NotFound) == "project_not_found"
    keys.revoke(acme.database, acme.organization, first, project="site", actor=ada)
    other = made(acme, ada)
    verb = partial(keys.revoke, acme.database, acme.organization, other, project="site", actor=ada)
    assert refusal(verb, NotFound) == "key_not_found"
    assert acme.audit("key.created")[0].after == {"person": "eve@acme.example", "name": "deploy", "project": "site"}


def test_a_projects_key_survives_who_made_it_and_an_organizations_does_not(acme: World) -> None:
    """TG-25: the one goes on, the other is refused."""
    ada = person_in(acme, "ada", "admin")
    projects.create(acme.database, acme.organization, "Site")
    of_site = keys.create(acme.database, acme.organization, project="site", actor=ada)
    of_ada = keys.create(acme.database, acme.organization, actor=ada)
    suspend(acme.database, acme.organization, str(ada.person_id))
    assert made_keys.find(acme.database, of_site.key, NOW) is not None
    assert made_keys.find(acme.database, of_ada.key, NOW) is None
    members.remove(acme.database, acme.organization, "ada@acme.example", block=False)
    assert made_keys.find(acme.database, of_site.key, NOW) is not None


@pytest.mark.parametrize(
    ("own", "wanted", "code"),
    [
        (["org.read", "audit.read"], ["audit.read"], None),
        (["org.read", "audit.read"], ["audit.read", "org.read"], None),
        (["org.read", "audit.read"], ["audit.read", "members.manage"], "scope_missing"),
        (["org.read", "audit.read"], [], "scope_missing"),
        (["audit.read"], ["audit.read"], "scope_missing"),
        ([], [], None),
        ([], ["members.manage"], None),
    ],
)
def test_a_key_makes_no_key_that_may_do_more_than_itself(
    acme: World, own: list[str], wanted: list[str], code: str | None
) -> None:
    """Some of its own scopes, at least one; and it must be for the organization at all."""
    key = by_key(person_in(acme, "ada", "admin"), acme.organization, scopes=own)
    if code is None:
        assert made(acme, key, scopes=wanted)
    else:
        assert refusal(lambda: made(acme, key, scopes=wanted), Forbidden) == code
        assert acme.audit("key.created") == []


def test_a_projects_key_makes_and_sees_no_keys(acme: World) -> None:
    """It is nobody's: what its maker may do is not its business."""
    owner = signed_in(acme, "owner@acme.example")
    project = projects.create(acme.database, acme.organization, "Site", actor=owner).id
    made(acme, owner)
    held = (Authentication("project_key", acme.organization),)
    key = replace(owner, authentications=held, project_id=project)
    assert refusal(lambda: made(acme, key), Conflict) == "not_a_member"
    assert refusal(lambda: made(acme, key, "site"), Conflict) == "not_a_member"
    assert listed(acme, key) == []
    assert refusal(lambda: listed(acme, key, "site"), Forbidden) == "permission_missing"


def test_the_operator_and_who_is_no_member_have_no_key_of_an_organization(acme: World) -> None:
    """A key has a holder, who is a member."""
    assert refusal(lambda: made(acme, OPERATOR), Conflict) == "not_a_member"
    boss = replace(signed_in(staged(acme.database, slug="bell", verified=()), "owner@bell.example"), super_admin=True)
    assert refusal(lambda: made(acme, boss), Conflict) == "not_a_member"


def test_what_cannot_be_is_refused_before_anything_is_made(acme: World) -> None:
    """Unknown scopes and names that are none."""
    ada = person_in(acme, "ada", "admin")
    assert refusal(lambda: made(acme, ada, scopes=["everything"]), Invalid) == "scope_unknown"
    assert refusal(lambda: made(acme, ada, name="x" * 101), Invalid) == "name_invalid"
    assert listed(acme, ada) == []


def once(key: str) -> Once:
    """A request with an idempotency key."""
    return Once(key, "the same", SEALER, lambda new: new.key)


def test_a_request_that_is_sent_again_makes_one_key(acme: World) -> None:
    """Of the organization and one's own; what is answered again is the same secret."""
    ada = person_in(acme, "ada", "member")
    of_org = partial(keys.create, acme.database, acme.organization, actor=ada, once=once("1"))
    personal = partial(personal_keys.create, acme.database, str(ada.person_id), NOW, actor=ada, once=once("2"))
    for verb in (of_org, personal):
        first = verb()
        with pytest.raises(Replayed) as again:
            verb()
        assert again.value.text == first.key
    assert len(made_keys.list_(acme.database, email="ada@acme.example")) == 2


def test_keys_of_ones_own_are_ones_own(acme: World, caplog: pytest.LogCaptureFixture) -> None:
    """Listed and revoked by nobody else; no organization hears of them, and the log does not say whose they are."""
    ada, bob = person_in(acme, "ada", "member"), person_in(acme, "bob", "member")
    before = len(acme.audit())
    with caplog.at_level(logging.INFO):
        new = personal_keys.create(acme.database, str(ada.person_id), NOW, name="laptop", scopes=["personal"], actor=ada)
    [view] = personal_keys.list_(acme.database, str(ada.person_id), limit=5).items
    assert (view.id, view.name, view.scopes, view.organization, view.state) == (new.id, "laptop", ("personal",), None, "live")
    assert personal_keys.list_(acme.database, str(bob.person_id), limit=5).items == ()
    stolen = partial(personal_keys.revoke, acme.database, str(bob.person_id), new.id, NOW, actor=bob)
    assert refusal(stolen, NotFound) == "key_not_found"
    of_org = made(acme, ada)
    elsewhere = partial(personal_keys.revoke, acme.database, str(ada.person_id), of_org, NOW, actor=ada)
    assert refusal(elsewhere, NotFound) == "key_not_found"
    for _ in range(2):
        personal_keys.revoke(acme.database, str(ada.person_id), new.id, NOW, actor=ada)
    assert made_keys.find(acme.database, new.key, NOW) is None
    assert len(acme.audit()) == before + 1
    assert new.id in caplog.text
    assert not {"ada", new.key, str(ada.person_id)} & set(caplog.text.replace(".", " ").split())


def test_a_list_costs_the_same_for_many_keys_and_comes_in_pages(acme: World) -> None:
    """No statement for a key."""
    ada = person_in(acme, "ada", "member")
    ids = [made(acme, ada) for _ in range(3)]
    costs = []
    for limit in (1, 3):
        with statements(acme.database.engine) as sent:
            keys.list_(acme.database, acme.organization, limit=limit, actor=ada)
        costs.append(len(sent))
    assert costs[0] == costs[1]
    first = keys.list_(acme.database, acme.organization, limit=2, actor=ada)
    second = keys.list_(acme.database, acme.organization, limit=2, after=first.next, actor=ada)
    assert ([each.id for each in (*first.items, *second.items)], second.next) == (ids, None)
