"""Teams over HTTP: the rows OA-26 to OA-37 of the reference systems, each as one request by somebody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.cast import Cast, cast
from tests.support.api import Api


@pytest.fixture
def acme(api: Api) -> Cast:
    """An oagents organization: its owner, an admin, two members, one of them a maintainer of team eng, and billing."""
    acme = cast(api, "oagents", ann="admin", mia="member", bob="member", bea="billing")
    acme.owner.post("/api/orgs/acme/teams", {"name": "Eng"}).ok()
    acme.owner.put(f"/api/orgs/acme/teams/eng/members/{acme.id('mia')}", {"role": "maintainer"}).ok()
    return acme


def audit(acme: Cast) -> list[tuple[str, str]]:
    """What the audit trail has, as actor and action."""
    return [(item.actor, item.action) for item in acme.audit()]


def test_a_team_is_shown_with_members_and_grants(acme: Cast) -> None:
    """OA-34: GET = team + members + grants; OA-36: a grant goes round."""
    acme.owner.post("/api/orgs/acme/resources", {"kind": "agent", "name": "Writer", "id": "w"}).ok()
    what = {"resource_kind": "agent", "resource_id": "w"}
    grant = acme.owner.put("/api/orgs/acme/teams/eng/grants", what).ok()
    assert grant["permission"] == "write", "OA-31: write is what is meant where nothing is said"
    team = acme["mia"].get("/api/orgs/acme/teams/eng").ok()
    assert [(each["email"], each["role"], each["managed"]) for each in team["members"]] == [
        ("mia@acme.example", "maintainer", False)
    ]
    assert team["grants"] == [grant]
    assert (team["member_count"], team["grant_count"], team["managed"]) == (1, 1, False)
    assert acme["mia"].get("/api/orgs/acme/teams/eng/members").ok()["items"] == team["members"]
    assert acme["mia"].get("/api/orgs/acme/teams/eng/grants").ok()["items"] == [grant]
    acme.owner.delete(f"/api/orgs/acme/teams/eng/grants/{grant['id']}").ok()
    assert acme["mia"].get("/api/orgs/acme/teams/eng").ok()["grants"] == []


def test_granting_again_keeps_the_grant_and_changes_its_level(acme: Cast) -> None:
    """OA-30."""
    acme.owner.post("/api/orgs/acme/resources", {"kind": "agent", "name": "Writer", "id": "w"}).ok()
    what = {"resource_kind": "agent", "resource_id": "w"}
    first = acme.owner.put("/api/orgs/acme/teams/eng/grants", what).ok()
    second = acme.owner.put("/api/orgs/acme/teams/eng/grants", {**what, "permission": "read"}).ok()
    assert (second["id"], second["permission"]) == (first["id"], "read")
    acme.owner.put("/api/orgs/acme/teams/eng/grants", {**what, "permission": "read"}).ok()
    assert [action for _, action in audit(acme) if action.startswith("grant.")] == ["grant.created", "grant.changed"]


RUNNING = [
    # who, what they ask of team eng, what comes of it
    ("owner", "rename", None),
    ("ann", "rename", None),
    ("mia", "rename", None),
    ("bob", "rename", "permission_missing"),
    ("bea", "rename", "permission_missing"),
    ("owner", "delete", None),
    ("ann", "delete", None),
    ("mia", "delete", "permission_missing"),
    ("owner", "put", None),
    ("mia", "put", None),
    ("bob", "put", "permission_missing"),
]


@pytest.mark.parametrize(("who", "what", "code"), RUNNING)
def test_admins_run_every_team_and_maintainers_theirs(acme: Cast, who: str, what: str, code: str | None) -> None:
    """OA-29, OA-34: PATCH maintainer or admin+, DELETE admin+."""
    answer = {
        "rename": lambda: acme[who].patch("/api/orgs/acme/teams/eng", {"name": "Platform"}),
        "delete": lambda: acme[who].delete("/api/orgs/acme/teams/eng"),
        "put": lambda: acme[who].put(f"/api/orgs/acme/teams/eng/members/{acme.id('bob')}", {}),
    }[what]()
    if code:
        answer.refused(403, code)
    else:
        answer.ok()


def test_a_maintainer_of_one_team_does_not_run_another(acme: Cast) -> None:
    """OA-29: maintainer of A on B -> 403."""
    acme.owner.post("/api/orgs/acme/teams", {"name": "Ops"}).ok()
    acme["mia"].patch("/api/orgs/acme/teams/ops", {"name": "Mine"}).refused(403, "not_maintainer")
    acme["mia"].put(f"/api/orgs/acme/teams/ops/members/{acme.id('mia')}", {}).refused(403, "not_maintainer")


def test_a_key_that_is_not_for_teams_does_not_run_them(acme: Cast) -> None:
    """A maintainer's key with other scopes runs nothing."""
    key = acme.key("mia", "org.read", "org.participants.read")
    key.get("/api/orgs/acme/teams/eng").ok()
    key.patch("/api/orgs/acme/teams/eng", {"name": "Mine"}).refused(403, "scope_missing")


def test_a_key_that_is_not_for_teams_leaves_none(acme: Cast) -> None:
    """Leaving is a change as well: a key for reading makes none."""
    mine = f"/api/orgs/acme/teams/eng/members/{acme.id('mia')}"
    acme.key("mia", "org.read").delete(mine).refused(403, "scope_missing")
    assert acme.key("mia", "org.read", "teams.manage").delete(mine).status == 204


def test_only_members_of_the_organization_join_a_team(acme: Cast, api: Api) -> None:
    """OA-28."""
    outsider = api.person("zoe@elsewhere.example")
    acme.owner.put(f"/api/orgs/acme/teams/eng/members/{outsider}", {}).refused(409, "not_a_member")


def test_somebody_leaves_a_team_by_themselves(acme: Cast) -> None:
    """OA-35; who is not in it is not found in it."""
    acme.owner.put(f"/api/orgs/acme/teams/eng/members/{acme.id('bob')}", {}).ok()
    acme["bob"].delete(f"/api/orgs/acme/teams/eng/members/{acme.id('bob')}").ok()
    acme["bob"].delete(f"/api/orgs/acme/teams/eng/members/{acme.id('bob')}").refused(404, "member_not_found")
    acme["bob"].delete(f"/api/orgs/acme/teams/eng/members/{acme.id('mia')}").refused(403, "permission_missing")


def test_every_change_of_a_team_is_told_once(acme: Cast) -> None:
    """Exactly one entry each, with before and after; what changes nothing is not told."""
    bob = f"/api/orgs/acme/teams/eng/members/{acme.id('bob')}"
    before = len(acme.audit())
    team, ann = "/api/orgs/acme/teams/eng", acme["ann"]
    for method, path, body in (
        ("PUT", bob, {}),
        ("PUT", bob, {}),
        ("PUT", bob, {"role": "maintainer"}),
        ("DELETE", bob, None),
        ("PATCH", team, {"name": "Engineers"}),
        ("PATCH", team, {"name": "Engineers"}),
        ("DELETE", team, None),
    ):
        ann.send(method, path, body).ok()
    told = acme.audit()[before:]
    assert [(item.action, item.before, item.after) for item in told] == [
        ("member.changed", {"team:eng": None}, {"team:eng": "member"}),
        ("member.changed", {"team:eng": "member"}, {"team:eng": "maintainer"}),
        ("member.changed", {"team:eng": "maintainer"}, {"team:eng": None}),
        ("team.changed", {"name": "Eng"}, {"name": "Engineers"}),
        ("team.deleted", {"slug": "eng", "name": "Engineers", "members": 1, "grants": 0}, None),
    ]
    assert {item.actor for item in told} == {"ann@acme.example"}


NAMES = [
    ("Eng", None, "eng-2"),
    ("Zoë & Söhne", None, "zoe-sohne"),
    ("日本", None, "team"),
    ("Q", None, "team-q"),
    ("Ops", "sre", "sre"),
]


@pytest.mark.parametrize(("name", "slug", "becomes"), NAMES)
def test_a_slug_is_made_of_the_name_and_is_nobody_elses(acme: Cast, name: str, slug: str | None, becomes: str) -> None:
    """One that is asked for is taken as it is."""
    body = {"name": name} | ({"slug": slug} if slug else {})
    assert acme.owner.post("/api/orgs/acme/teams", body).ok()["slug"] == becomes


def test_a_slug_that_is_asked_for_must_be_free_and_one(acme: Cast) -> None:
    """A team's own."""
    acme.owner.post("/api/orgs/acme/teams", {"name": "X", "slug": "eng"}).refused(409, "slug_taken")
    acme.owner.post("/api/orgs/acme/teams", {"name": "X", "slug": "Not A Slug"}).refused(400, "slug_invalid")
    acme.owner.post("/api/orgs/acme/teams", {"name": " "}).refused(400, "name_invalid")


def test_an_outdated_version_changes_nothing(acme: Cast) -> None:
    """RFC 9110 section 13.1.1: If-Match with the ETag that was read."""
    tag = acme.owner.get("/api/orgs/acme/teams/eng").headers["ETag"]
    changed = acme["ann"].patch("/api/orgs/acme/teams/eng", {"name": "Two"}, headers={"If-Match": tag})
    assert changed.ok()["name"] == "Two"
    stale = acme.owner.patch("/api/orgs/acme/teams/eng", {"name": "Three"}, headers={"If-Match": tag})
    stale.refused(412, "version_mismatch")
    acme.owner.delete("/api/orgs/acme/teams/eng", headers={"If-Match": tag}).refused(412, "version_mismatch")
    acme.owner.delete("/api/orgs/acme/teams/eng", headers={"If-Match": changed.headers["ETag"]}).ok()


def test_a_team_is_made_once_for_one_idempotency_key(acme: Cast) -> None:
    """Sent again, it is answered as before."""
    once = {"Idempotency-Key": "make-ops"}
    first = acme.owner.post("/api/orgs/acme/teams", {"name": "Ops"}, headers=once).ok()
    assert acme.owner.post("/api/orgs/acme/teams", {"name": "Ops"}, headers=once).ok() == first
    slugs = [team["slug"] for team in acme.owner.everything("/api/orgs/acme/teams", limit=1)]
    assert slugs == ["eng", "ops"]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"resource_kind": "rocket", "resource_id": "w"}, 422, "kind_unknown"),
    ({"resource_kind": "agent", "resource_id": "nothing"}, 404, "resource_not_found"),
    ({"resource_kind": "agent", "resource_id": "mine"}, 409, "not_owned_here"),
    ({"resource_kind": "agent", "resource_id": "w", "permission": "own"}, 400, "body_invalid"),
]


@pytest.mark.parametrize(("body", "status", "code"), WRONG)
def test_only_what_the_organization_owns_is_granted(acme: Cast, body: dict[str, Any], status: int, code: str) -> None:
    """OA-32, OA-33."""
    acme.owner.post("/api/resources", {"kind": "agent", "name": "Mine", "id": "mine"}).ok()
    acme.owner.put("/api/orgs/acme/teams/eng/grants", body).refused(status, code)


def test_a_maintainer_grants_what_they_are_admin_on(acme: Cast) -> None:
    """What they made: yes; what they may only write: no; what they cannot see does not exist."""
    acme["mia"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "Mia's", "id": "m"}).ok()
    acme["bob"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "Bob's", "id": "b"}).ok()
    grants = "/api/orgs/acme/teams/eng/grants"
    acme["mia"].put(grants, {"resource_kind": "agent", "resource_id": "m"}).ok()
    acme["mia"].put(grants, {"resource_kind": "agent", "resource_id": "b"}).refused(404, "resource_not_found")
    acme.owner.put(grants, {"resource_kind": "agent", "resource_id": "b"}).ok()
    acme["mia"].put(grants, {"resource_kind": "agent", "resource_id": "b", "permission": "admin"}).refused(
        403, "permission_missing"
    )


def test_a_team_of_another_organization_is_not_found(acme: Cast, api: Api) -> None:
    """By its id inside one's own organization, and by its address."""
    other = cast(api, "oagents", slug="other")
    team = other.owner.post("/api/orgs/other/teams", {"name": "Theirs"}).ok()["id"]
    acme.owner.get(f"/api/orgs/acme/teams/{team}").refused(404, "team_not_found")
    acme.owner.get(f"/api/orgs/other/teams/{team}").refused(404, "organization_not_found")
