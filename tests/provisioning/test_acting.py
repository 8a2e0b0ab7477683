"""Who may do what inside an organization, judged in the transaction that does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from sqlalchemy import update

from connector.errors import ConnectorError, Forbidden, NotFound
from connector.membership.opening import Authentication
from connector.organizations import organizations
from connector.provisioning.acting import MEMBER, OPERATOR, Actor, Standing, act, called, look
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database
from tests.accounts.people import acme_in_sso, demote, holder, leave, organization, suspend

LOCAL = (Authentication("email_link"),)


def ada(database: Database, authentications: tuple[Authentication, ...] = LOCAL) -> Actor:
    """The owner of the organization acme."""
    return Actor("owner@acme.example", holder(database, "owner@acme.example"), authentications)


def standing(database: Database, organization_id: str, actor: Actor, permission: str = MEMBER) -> Standing:
    """What `act` and `look` say the actor is; both say the same."""

    def acted(corridor: Corridor, found: Standing) -> Standing:
        return found

    def looked(glance: Glance, found: Standing) -> Standing:
        return found

    seen = look(database, organization_id, actor, permission, looked)
    assert act(database, organization_id, actor, permission, "looked", acted) == seen
    return seen


def refused(database: Database, organization_id: str, actor: Actor, permission: str = MEMBER) -> str:
    """The code that the actor is refused with."""
    with pytest.raises(ConnectorError) as caught:
        standing(database, organization_id, actor, permission)
    return caught.value.code


def test_the_operator_may_do_everything_and_is_nobody_there(database: Database) -> None:
    """Every permission, every role to assign, no membership."""
    acme = organization(database, "acme")
    found = standing(database, acme, OPERATOR, "org.delete")
    assert (found.membership_id, found.role) == (None, None)
    assert found.assignable == {"owner", "admin", "member", "billing"}
    found.need("sso.manage")


def test_a_member_may_do_what_the_role_of_this_moment_holds(database: Database) -> None:
    """An owner deletes; demoted, the very next request is refused, with the same session."""
    acme = organization(database, "acme")
    actor = ada(database)
    assert standing(database, acme, actor, "org.delete").role is not None
    demote(database, acme, str(actor.person_id))
    assert refused(database, acme, actor, "org.delete") == "permission_missing"
    assert standing(database, acme, actor).may("org.participants.read")


def test_for_whom_it_does_not_open_an_organization_does_not_exist(database: Database) -> None:
    """An outsider, a suspended member, somebody who left, a made-up id: all the same 404."""
    acme, bell = organization(database, "acme"), organization(database, "bell")
    outsider = Actor("owner@bell.example", holder(database, "owner@bell.example"), LOCAL)
    assert standing(database, bell, outsider).role is not None
    assert refused(database, acme, outsider) == "organization_not_found"
    assert refused(database, "no-such-id", outsider) == "organization_not_found"
    suspend(database, acme, str(ada(database).person_id))
    assert refused(database, acme, ada(database)) == "organization_not_found"
    leave(database, bell, str(outsider.person_id))
    assert refused(database, bell, outsider) == "organization_not_found"


def test_how_somebody_signed_in_must_open_the_organization_now(database: Database) -> None:
    """In sso a local sign-in and a personal key open nothing; its own connection does, and another organization's never."""
    home, owner = acme_in_sso(database)
    through = Authentication("saml", home.organization, home.connection, connection_active=True)
    foreign = Authentication("saml", "another", "another", connection_active=True)
    actor = Actor("owner@acme.example", owner)
    for closed in ((), LOCAL, (Authentication("personal_key"),), (foreign,), (replace(through, connection_active=False),)):
        assert refused(database, home.organization, replace(actor, authentications=closed)) == "organization_not_found"
    assert standing(database, home.organization, replace(actor, authentications=(through,))).role is not None
    key = Authentication("organization_key", home.organization)
    assert standing(database, home.organization, replace(actor, authentications=(key,))).role is not None


def test_a_deleted_organization_is_not_there_for_anybody(database: Database) -> None:
    """Not for its owner, and not for the operator either."""
    acme = organization(database, "acme")
    with database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(deleted_at=datetime(2026, 11, 22, tzinfo=UTC)))
    assert refused(database, acme, ada(database)) == "organization_not_found"
    assert refused(database, acme, OPERATOR) == "organization_not_found"


def test_a_key_with_scopes_is_for_nothing_else(database: Database) -> None:
    """The role is asked first: a scope gives nothing that the role does not hold."""
    acme = organization(database, "acme")
    key = replace(ada(database), scopes=frozenset({"audit.read", "org.read"}))
    assert standing(database, acme, key, "audit.read").may("audit.read")
    assert not standing(database, acme, key).may("org.delete")
    assert refused(database, acme, key, "org.delete") == "scope_missing"
    demote(database, acme, str(key.person_id))
    assert refused(database, acme, key, "audit.read") == "permission_missing"


def test_a_super_admin_invites_where_they_do_not_belong_and_no_more(database: Database) -> None:
    """Only after a local sign-in; where they are members they are what their role says."""
    acme, bell = organization(database, "acme"), organization(database, "bell")
    chief = replace(ada(database), super_admin=True)
    assert standing(database, bell, chief, "members.invite").assignable == {"owner", "admin", "member", "billing"}
    assert refused(database, bell, chief, "members.manage") == "permission_missing"
    assert standing(database, acme, chief, "org.delete").role is not None
    for means in (Authentication("personal_key"), Authentication("saml", acme, "c", connection_active=True)):
        assert refused(database, bell, replace(chief, authentications=(means,))) == "organization_not_found"


def test_a_projects_key_opens_its_organization_as_far_as_a_project_goes(database: Database) -> None:
    """Whoever made it: it needs no membership, and it holds no power over people."""
    acme, bell = organization(database, "acme"), organization(database, "bell")
    maker = holder(database, "owner@bell.example")
    key = Actor("key", maker, (Authentication("organization_key", acme),), project_id="p")
    assert standing(database, acme, key).permissions == {"org.read", "resources.read_all", "resources.write_all"}
    assert refused(database, acme, key, "org.participants.read") == "permission_missing"
    assert refused(database, bell, key) == "organization_not_found"


@pytest.mark.parametrize(
    ("email", "name", "said"),
    [
        ("ada@acme.example", "Ada", "ada@acme.example"),
        (None, "Ada", "Ada (no address)"),
        (None, "operator", "operator (no address)"),
        (None, "owner@acme.example", "owner@acme.example (no address)"),
        (None, None, "person:p1"),
    ],
)
def test_nobody_is_taken_for_the_operator_or_somebody_else_by_their_name(email: str | None, name: str | None, said: str) -> None:
    """What the audit trail calls them: an identity provider pushes whatever name it likes."""
    assert called(email, name, "p1") == said


def test_a_role_above_the_ceiling_is_neither_given_nor_taken(database: Database) -> None:
    """Both the old and the new role must be within reach."""
    acme = organizations.create(database, "acme", "Acme", "owner@acme.example").id
    standing(database, acme, ada(database)).need_assignable("owner", "member")
    demote(database, acme, str(ada(database).person_id))
    with pytest.raises(Forbidden) as caught:
        standing(database, acme, ada(database)).need_assignable("member")
    assert caught.value.code == "role_above"


def test_whoever_is_put_out_while_their_request_waits_is_refused(database: Database) -> None:
    """The suspension holds the lock, the request is sent, the suspension commits: then the request is judged."""
    acme = organization(database, "acme")
    held, waited = Event(), Event()
    ended: list[str] = []

    def suspending(corridor: Corridor, found: Standing) -> None:
        held.set()
        waited.wait(timeout=10)
        row = {"cause": "admin", "organization_id": acme, "connection_id": None, "origin": "", "created_at": corridor.now}
        corridor.insert(t.Suspension, [{"membership_id": mine, **row}])

    def asking() -> None:
        try:
            act(database, acme, actor, "org.update", "asked", lambda corridor, found: None)
        except NotFound as error:
            ended.append(error.code)

    actor = ada(database)
    mine = str(standing(database, acme, actor).membership_id)
    first = Thread(target=act, args=(database, acme, OPERATOR, MEMBER, "suspends", suspending), kwargs={"exclusive": True})
    first.start()
    held.wait(timeout=10)
    second = Thread(target=asking)
    second.start()
    waited.set()
    first.join(timeout=20)
    second.join(timeout=20)
    assert ended == ["organization_not_found"]
