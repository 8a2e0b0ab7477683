"""API keys over HTTP: TG-16, TG-25, ON-18, and what keys cannot do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import update

from connector.accounts.sessions import Proof
from connector.storage import tables as t
from tests.accounts.people import acme_in_sso, suspend, through
from tests.api.cast import Cast, cast
from tests.support.api import Api

KEYS, SITE = "/api/orgs/acme/keys", "/api/orgs/acme/projects/site/keys"


@pytest.fixture
def acme(api: Api) -> Cast:
    """An oagents organization with an admin and two members, and a project `site`."""
    acme = cast(api, "oagents", ann="admin", mia="member", bob="member")
    acme.owner.post("/api/orgs/acme/projects", {"name": "Site"}).ok()
    return acme


def test_a_key_is_shown_once_and_revoked_at_once(acme: Cast) -> None:
    """ON-18: made, used, listed without its secret, revoked; the very next request is 401."""
    made = acme["mia"].post(KEYS, {"name": "nightly"}).ok()
    key = acme.api.bearer(made["key"])
    assert key.get("/api/me").ok()["organizations"][0]["slug"] == "acme"
    [listed] = acme["mia"].get(KEYS).ok()["items"]
    assert (listed["id"], listed["name"], listed["state"], listed["hint"]) == (made["id"], "nightly", "live", made["key"][-4:])
    assert made["key"] not in acme["mia"].get(KEYS).text
    acme["mia"].delete(f"{KEYS}/{made['id']}").ok()
    key.get("/api/me").refused(401, "key_unknown")
    acme["mia"].delete(f"{KEYS}/{made['id']}").ok()
    assert acme["mia"].get(KEYS).ok()["items"][0]["state"] == "revoked"


def test_the_keys_of_who_leaves_stay_dead_when_they_come_back(acme: Cast) -> None:
    """Suspension only makes them wait; a project's key is the project's."""
    own = acme.api.bearer(acme["ann"].post(KEYS).ok()["key"])
    site = acme.api.bearer(acme["ann"].post(SITE).ok()["key"])
    other = acme.api.bearer(acme["mia"].post(KEYS).ok()["key"])
    ann = f"/api/orgs/acme/members/{acme.id('ann')}"
    acme.owner.post(f"{ann}/suspend").ok()
    own.get("/api/orgs/acme").refused(401, "key_unknown")
    acme.owner.post(f"{ann}/unsuspend").ok()
    assert own.get("/api/orgs/acme").status == 200
    acme.owner.delete(ann).ok()
    acme.add("ann", "admin")
    own.get("/api/orgs/acme").refused(401, "key_unknown")
    assert (site.get("/api/orgs/acme").status, other.get("/api/orgs/acme").status) == (200, 200)


def test_what_is_made_with_a_key_is_made_by_its_person(acme: Cast) -> None:
    """TG-12: the creator is a name; the audit trail says with which key, and finds both by the address."""
    key = acme.key("ann")
    made = key.post("/api/orgs/acme/resources", {"kind": "agent", "name": "Bot"}).ok()
    acme["ann"].post("/api/orgs/acme/teams", {"name": "Ops"}).ok()
    assert made["created_by"] == acme.address("ann")
    told = acme.owner.get("/api/orgs/acme/audit", actor=acme.address("ann")).ok()["items"]
    assert [(each["action"], " (key …" in each["actor"]) for each in told][:2] == [
        ("team.created", False),
        ("resource.created", True),
    ]


def test_a_projects_key_works_after_its_maker_was_suspended(acme: Cast) -> None:
    """TG-25: a member's own key of the organization is 401 then."""
    site = acme.api.bearer(acme["ann"].post(SITE).ok()["key"])
    own = acme.api.bearer(acme["ann"].post(KEYS).ok()["key"])
    suspend(acme.api.database, acme.organization, acme.id("ann"))
    assert [each["slug"] for each in site.get("/api/orgs/acme/projects").ok()["items"]] == ["site"]
    own.get("/api/orgs/acme/projects").refused(401, "key_unknown")


def test_a_projects_key_does_not_see_another_projects_resources(acme: Cast) -> None:
    """TG-16: they are not there."""
    acme.owner.post("/api/orgs/acme/projects", {"name": "Shop"}).ok()
    for project in ("site", "shop"):
        acme.owner.post("/api/orgs/acme/resources", {"kind": "agent", "id": project, "name": project, "project": project}).ok()
    key = acme.api.bearer(acme.owner.post(SITE).ok()["key"])
    assert key.get("/api/orgs/acme/resources/agent/site").status == 200
    key.get("/api/orgs/acme/resources/agent/shop").refused(404, "resource_not_found")


def test_a_projects_key_is_not_its_maker(acme: Cast) -> None:
    """Nothing of the owner who made it opens: members, settings, keys, what is their own."""
    key = acme.api.bearer(acme.owner.post(SITE).ok()["key"])
    key.get("/api/orgs/acme/audit").refused(403, "permission_missing")
    key.post(KEYS).refused(409, "not_a_member")
    key.get(SITE).refused(403, "permission_missing")
    key.get("/api/me/keys").refused(403, "personal_closed")
    key.post("/api/me/keys").refused(403, "personal_closed")
    assert key.get(KEYS).ok()["items"] == []


def test_a_projects_key_neither_sees_its_maker_nor_leaves_for_them(acme: Cast) -> None:
    """It is a member nobody is: an application that has it cannot put out of the organization who made it."""
    boss = acme.add("eve", "admin")
    key = acme.api.bearer(boss.post(SITE).ok()["key"])
    eve = f"/api/orgs/acme/members/{acme.id('eve')}"
    key.get(eve).refused(403, "permission_missing")
    key.get(f"{eve}/explain").refused(403, "permission_missing")
    key.delete(eve).refused(403, "permission_missing")
    assert boss.get(eve).ok()["status"] == "active"


def test_a_personal_key_does_not_open_an_organization_in_sso(api: Api) -> None:
    """TG-25: 404; it goes on for what is one's own."""
    acme_in_sso(api.database)
    owner = api.key("owner@acme.example")
    owner.get(KEYS).refused(404, "organization_not_found")
    assert owner.get("/api/me/keys").status == 200


def test_what_came_in_through_an_identity_provider_makes_keys_of_that_organization_only(api: Api) -> None:
    """Its own key, yes; one that opens what a local sign-in does, no: it would open other organizations, and outlive the
    suspension here (DESIGN section 4: a key is made in a session that opens the same)."""
    home, _ = acme_in_sso(api.database)
    signed_in = api.as_("owner@acme.example", through(home))
    assert signed_in.post(KEYS).status == 201
    assert signed_in.get("/api/me/keys").status == 200
    signed_in.post("/api/me/keys").refused(403, "local_sign_in_needed")
    assert api.as_("owner@acme.example", through(home), Proof("email_link")).post("/api/me/keys").status == 201
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(verified_at=None))
    assert signed_in.post(KEYS).status == 201
    signed_in.post("/api/me/keys").refused(403, "personal_closed")


@pytest.mark.parametrize(
    ("own", "wanted", "code"),
    [
        (["org.read", "teams.manage"], ["teams.manage"], None),
        (["org.read"], ["org.read", "teams.manage"], "scope_missing"),
        (["org.read"], [], "scope_missing"),
        (["teams.manage"], ["teams.manage"], "scope_missing"),
    ],
)
def test_a_key_makes_no_key_that_may_do_more_than_itself(acme: Cast, own: list[str], wanted: list[str], code: str | None) -> None:
    """Some of its scopes, never all of its holder's rights."""
    answer = acme.key("owner", *own).post(KEYS, {"scopes": wanted})
    assert answer.status == 201 if code is None else answer.refused(403, code)


def test_a_key_for_ones_own_makes_no_key_without_limits(acme: Cast) -> None:
    """The same for what is one's own."""
    key = acme.api.key(acme.address("mia"), scopes=["personal"])
    key.post("/api/me/keys").refused(403, "scope_missing")
    assert key.post("/api/me/keys", {"scopes": ["personal"]}).status == 201


@pytest.mark.parametrize(
    ("own", "other", "code"),
    [
        (["org.read", "personal"], [], "scope_missing"),
        (["org.read", "personal"], ["org.read", "audit.read"], "scope_missing"),
        (["org.read", "personal"], ["org.read"], None),
        (["org.read", "personal", "resources.admin_all", "members.manage"], [], "scope_missing"),
        ([], [], None),
        ([], ["org.read"], None),
    ],
)
@pytest.mark.parametrize("path", [KEYS, SITE, "/api/me/keys"])
def test_a_key_ends_no_key_that_may_do_more_than_itself(
    acme: Cast, path: str, own: list[str], other: list[str], code: str | None
) -> None:
    """Ending a key is a change as well: of the organization, of a project, one's own. Itself it ends always."""
    scopes = [*own, "resources.admin_all"] if own and path == SITE else own
    at = "/api/me/keys" if path == SITE else path  # a project's key does not run the project: one's own does
    with_key = acme.owner.post(at, {"scopes": scopes}).ok()
    target = acme.owner.post(path, {"scopes": other}).ok()["id"]
    key = acme.api.bearer(with_key["key"])
    answer = key.delete(f"{path}/{target}")
    assert answer.status == 204 if code is None else answer.refused(403, code)
    states = {each["id"]: each["state"] for each in acme.owner.get(path).ok()["items"]}
    assert states[target] == ("live" if code else "revoked")
    if path != SITE:
        assert key.delete(f"{path}/{with_key['id']}").status == 204
        key.get("/api/me").refused(401, "key_unknown")


def test_scopes_limit_what_a_key_may_do_and_never_give_more(acme: Cast) -> None:
    """The scope is there and the role is not: refused all the same."""
    reads = acme.key("owner", "org.read")
    assert reads.get("/api/orgs/acme/settings").status == 200
    reads.put("/api/orgs/acme/settings/general", {}).refused(403, "scope_missing")
    acme.key("mia", "settings.general.write").put("/api/orgs/acme/settings/general", {}).refused(403, "permission_missing")
    acme.owner.post(KEYS, {"scopes": ["everything"]}).refused(400, "scope_unknown")
    personal = acme.api.as_("owner@acme.example").post("/api/me/keys", {"scopes": ["org.read"]}).ok()
    acme.api.bearer(personal["key"]).get("/api/me/keys").refused(403, "personal_closed")
    opened = acme.api.as_("owner@acme.example").post("/api/me/keys", {"scopes": ["personal"]}).ok()
    assert acme.api.bearer(opened["key"]).get("/api/me/keys").status == 200


def test_nobody_finds_or_ends_anothers_key(acme: Cast) -> None:
    """A manager does, in the organization; one's own keys are one's own."""
    of_mia = acme["mia"].post(KEYS).ok()["id"]
    acme["bob"].delete(f"{KEYS}/{of_mia}").refused(404, "key_not_found")
    assert acme["bob"].get(KEYS).ok()["items"] == []
    personal = acme["mia"].post("/api/me/keys").ok()["id"]
    for client in (acme["bob"], acme.owner):
        client.delete(f"/api/me/keys/{personal}").refused(404, "key_not_found")
        client.delete(f"{KEYS}/{personal}").refused(404, "key_not_found")
    acme["ann"].delete(f"{KEYS}/{of_mia}").ok()
    bell = cast(acme.api, "oagents", slug="bell")
    foreign = bell.owner.post("/api/orgs/bell/keys").ok()["id"]
    acme.owner.delete(f"{KEYS}/{foreign}").refused(404, "key_not_found")


def test_sent_again_with_its_idempotency_key_it_is_the_same_key(acme: Cast) -> None:
    """One key, one entry, the same secret; the answer says that it was there."""
    for path in (KEYS, SITE, "/api/me/keys"):
        first, second = (acme.owner.post(path, headers={"Idempotency-Key": "k1"}) for _ in range(2))
        assert (first.ok(), second.headers["Idempotency-Replayed"]) == (second.ok(), "true")
    assert [item.action for item in acme.audit()].count("key.created") == 2


def test_unknown_keys_are_counted_by_address(acme: Cast) -> None:
    """Whoever tries many is told to wait; who has one is not."""
    stranger, mia = acme.api.bearer("cnk_nothing"), acme.key("mia")
    with time_machine.travel(datetime.now(UTC).replace(microsecond=0), tick=False):  # however slow the machine is
        answers = [stranger.get("/api/me").status for _ in range(121)]
        assert (answers[:120], answers[120]) == ([401] * 120, 429)
        assert mia.get("/api/me").status == 200
