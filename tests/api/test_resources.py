"""Resources over HTTP: OA-1, OA-2, OA-4, OA-37 to OA-44, OH-6, OH-13, TG-12, TG-15, AP-1, AP-3, ON-6, ON-7, ON-12."""

from __future__ import annotations

from typing import Any

import pytest

from connector.organizations import members, settings
from tests.api.cast import Cast, cast
from tests.support.api import Api, Client

AGENT = {"kind": "agent", "name": "Writer", "id": "w"}


def check(client: Client, slug: str, kind: str, id_: str, **said: Any) -> dict[str, Any]:
    """What `check` says."""
    body = {"resource_kind": kind, "resource_id": id_, **said}
    told: dict[str, Any] = client.post(f"/api/orgs/{slug}/check", body).ok()
    return told


@pytest.fixture
def acme(api: Api) -> Cast:
    """An oagents organization with an agent of the owner's, and people of every role."""
    acme = cast(api, "oagents", ann="admin", mia="member", bob="member", bea="billing")
    acme.owner.post("/api/orgs/acme/resources", AGENT).ok()
    return acme


SEEN_BY = [("owner", "admin"), ("ann", "admin"), ("bea", "read"), ("mia", None)]


@pytest.mark.parametrize(("who", "level"), SEEN_BY)
def test_what_the_organization_owns_is_seen_by_role(acme: Cast, who: str, level: str | None) -> None:
    """OA-2, OA-39, OA-40; OA-41: a member without a grant sees nothing."""
    answer = acme[who].get("/api/orgs/acme/resources/agent/w")
    if level is None:
        answer.refused(404, "resource_not_found")
    else:
        seen = answer.ok()
        assert (seen["level"], seen["owner"], seen["created_by"]) == (level, "organization", "owner@acme.example")


def test_the_list_is_the_grant_picker_and_mine_is_what_one_sees(acme: Cast) -> None:
    """OA-37: member 403; everybody may ask for what they see."""
    acme["mia"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "Mia's", "id": "m"}).ok()
    acme["mia"].get("/api/orgs/acme/resources", kind="agent").refused(403, "permission_missing")
    picked = acme["ann"].get("/api/orgs/acme/resources", kind="agent").ok()["items"]
    assert [each["id"] for each in picked] == ["w", "m"]
    assert [each["id"] for each in acme["mia"].get("/api/orgs/acme/resources", mine="true").ok()["items"]] == ["m"]
    assert acme["bob"].get("/api/orgs/acme/resources", mine="true").ok()["items"] == []
    found = acme["ann"].get("/api/orgs/acme/resources", q="mia").ok()["items"]
    assert [each["id"] for each in found] == ["m"]
    assert len(acme["ann"].everything("/api/orgs/acme/resources", limit=1)) == 2


def test_a_members_level_is_the_highest_of_their_teams(acme: Cast) -> None:
    """OA-41, OA-44: read and write make write; leaving one team falls to the other's level."""
    for team, permission in (("readers", "read"), ("writers", "write")):
        acme.owner.post("/api/orgs/acme/teams", {"name": team}).ok()
        acme.owner.put(f"/api/orgs/acme/teams/{team}/members/{acme.id('mia')}", {}).ok()
        what = {"resource_kind": "agent", "resource_id": "w", "permission": permission}
        acme.owner.put(f"/api/orgs/acme/teams/{team}/grants", what).ok()
    told = check(acme["mia"], "acme", "agent", "w", permission="write")
    assert told == {"allowed": True, "level": "write", "because": ["team writers has write", "team readers has read"]}
    assert check(acme["bob"], "acme", "agent", "w")["level"] == "none", "a grant reaches those in the team"
    assert acme["bob"].get("/api/orgs/acme/resources", mine="true").ok()["items"] == []
    acme["mia"].patch("/api/orgs/acme/resources/agent/w", {"name": "Author"}).ok()
    acme["mia"].delete("/api/orgs/acme/resources/agent/w").refused(403, "permission_missing")
    acme["mia"].delete(f"/api/orgs/acme/teams/writers/members/{acme.id('mia')}").ok()
    assert check(acme["mia"], "acme", "agent", "w")["level"] == "read"
    assert [each["level"] for each in acme["mia"].get("/api/orgs/acme/resources", mine="true").ok()["items"]] == ["read"]


def test_the_maker_keeps_admin_while_they_are_an_active_member(acme: Cast) -> None:
    """OA-42: ends with suspension, returns with reactivation; TG-12: what they made stays, with their name."""
    acme["mia"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "Mia's", "id": "m"}).ok()
    about = {"user_id": acme.id("mia")}
    assert check(acme["mia"], "acme", "agent", "m", permission="admin")["because"] == ["made it"]
    database, organization = acme.api.database, acme.organization
    members.suspend(database, organization, "mia@acme.example")
    assert check(acme.owner, "acme", "agent", "m", **about) | {"because": []} == {
        "allowed": False,
        "level": "none",
        "because": [],
    }
    members.unsuspend(database, organization, "mia@acme.example")
    assert check(acme.owner, "acme", "agent", "m", **about)["level"] == "admin"
    members.remove(database, organization, "mia@acme.example", block=False)
    assert check(acme.owner, "acme", "agent", "m", **about)["level"] == "none"
    assert acme.owner.get("/api/orgs/acme/resources/agent/m").ok()["created_by"] == "mia@acme.example"


def test_billing_reads_and_owns_nothing(acme: Cast) -> None:
    """OA-16: a team's admin grant is still read."""
    acme.owner.post("/api/orgs/acme/teams", {"name": "Eng"}).ok()
    acme.owner.put(f"/api/orgs/acme/teams/eng/members/{acme.id('bea')}", {}).ok()
    what = {"resource_kind": "agent", "resource_id": "w", "permission": "admin"}
    acme.owner.put("/api/orgs/acme/teams/eng/grants", what).ok()
    assert check(acme["bea"], "acme", "agent", "w")["level"] == "read"
    acme["bea"].patch("/api/orgs/acme/resources/agent/w", {"name": "X"}).refused(403, "permission_missing")
    acme["bea"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "X"}).refused(403, "cannot_own")


def test_who_may_ask_about_whom(acme: Cast, api: Api) -> None:
    """Oneself always; others with org.participants.read; an outsider has none; what is not there is 404."""
    assert check(acme["mia"], "acme", "agent", "w", user_id=acme.id("bob"))["level"] == "none"
    acme["bea"].post("/api/orgs/acme/check", {"resource_kind": "agent", "resource_id": "w", "user_id": acme.id("bob")}).refused(
        403, "permission_missing"
    )
    outsider = check(acme.owner, "acme", "agent", "w", user_id=api.person("zoe@elsewhere.example"))
    assert outsider == {"allowed": False, "level": "none", "because": ["not a member of this organization"]}
    application = acme.key("ann", "org.read", "org.participants.read")
    assert check(application, "acme", "agent", "w", user_id=acme.id("owner"))["level"] == "admin"
    acme.owner.post("/api/orgs/acme/check", {"resource_kind": "agent", "resource_id": "no"}).refused(404, "resource_not_found")


def test_keys_with_scopes_reach_resources_by_those_only(acme: Cast) -> None:
    """An owner's key for reading reads; one for nothing of resources does not even that."""
    reader = acme.key("owner", "org.read", "resources.read_all")
    reader.get("/api/orgs/acme/resources/agent/w").ok()
    reader.patch("/api/orgs/acme/resources/agent/w", {"name": "X"}).refused(403, "scope_missing")
    acme.key("owner", "org.read").get("/api/orgs/acme/resources/agent/w").refused(403, "scope_missing")
    acme.key("owner", "org.read", "resources.write_all").patch("/api/orgs/acme/resources/agent/w", {"name": "X"}).ok()


def test_private_things_are_their_makers_alone_and_stay_theirs(api: Api) -> None:
    """OH-6: the admin gets 404; OH-13: removed, the person still has them in their personal scope; the organization never."""
    hands = cast(api, "openhands", slug="hands", ada="admin", pia="member")
    talk = {"kind": "conversation", "name": "Thoughts", "id": "c1"}
    assert hands["pia"].post("/api/orgs/hands/resources", talk).ok()["owner"] == "person"
    at = "/api/orgs/hands/resources/conversation/c1"
    assert hands["pia"].get(at).ok()["level"] == "admin"
    for other in ("owner", "ada"):
        hands[other].get(at).refused(404, "resource_not_found")
        hands[other].delete(at).refused(404, "resource_not_found")
    assert check(hands["pia"], "hands", "conversation", "c1", permission="admin")["allowed"]
    assert check(hands.owner, "hands", "conversation", "c1", user_id=hands.id("pia"))["level"] == "admin"
    hands.owner.post("/api/orgs/hands/check", {"resource_kind": "conversation", "resource_id": "c1"}).refused(
        404, "resource_not_found"
    )
    assert not [item for item in hands.audit() if item.action.startswith("resource.")]
    members.remove(api.database, hands.organization, "pia@hands.example", block=False)
    hands["pia"].get(at).refused(404, "organization_not_found")
    hands["pia"].get("/api/resources/conversation/c1").ok()


def test_private_things_are_found_in_no_other_organization(api: Api) -> None:
    """Its owner could sign in as their member through their own identity provider, and say which kinds are private there."""
    hands, evil = cast(api, "openhands", slug="hands"), cast(api, "openhands", slug="evil")
    pia = hands.add("pia", "member")
    pia.post("/api/orgs/hands/resources", {"kind": "conversation", "name": "Thoughts", "id": "c1"}).ok()
    pia.post("/api/resources", {"kind": "agent", "name": "Diary", "id": "a1"}).ok()
    pia.patch("/api/me", {"username": "pia"}).ok()
    evil.owner.put("/api/orgs/evil/members", {"username": "pia", "role": "member"}).ok()
    evil.owner.put("/api/orgs/evil/resource-kinds/agent", {"visibility": "private"}).ok()
    for kind, id_ in (("conversation", "c1"), ("agent", "a1")):
        at = f"/api/orgs/evil/resources/{kind}/{id_}"
        pia.get(at).refused(404, "resource_not_found")
        pia.patch(at, {"name": "Mine"}).refused(404, "resource_not_found")
        pia.delete(at).refused(404, "resource_not_found")
        asked = {"resource_kind": kind, "resource_id": id_, "user_id": api.person("pia@hands.example")}
        evil.owner.post("/api/orgs/evil/check", asked).refused(404, "resource_not_found")
        pia.get(f"/api/resources/{kind}/{id_}").ok()
    pia.get("/api/orgs/hands/resources/conversation/c1").ok()


def test_the_personal_workspace_is_ones_own(api: Api) -> None:
    """OA-1: own resource -> admin, other user -> 404; the kinds are those that every organization has."""
    zoe, leo = api.as_("zoe@elsewhere.example"), api.as_("leo@elsewhere.example")
    assert zoe.post("/api/resources", AGENT).ok()["level"] == "admin"
    zoe.post("/api/resources", AGENT).refused(409, "resource_exists")
    assert zoe.get("/api/resources/agent/w").ok()["owner"] == "person"
    leo.get("/api/resources/agent/w").refused(404, "resource_not_found")
    leo.delete("/api/resources/agent/w").refused(404, "resource_not_found")
    assert leo.post("/api/resources", AGENT).status == 201, "ids are unique for each owner"
    zoe.post("/api/resources", {**AGENT, "kind": "vps"}).refused(422, "kind_unknown")
    zoe.post("/api/resources", {**AGENT, "project": "x"}).refused(404, "project_not_found")
    zoe.patch("/api/resources/agent/w", {"name": "Author"}).ok()
    assert [each["name"] for each in zoe.get("/api/resources", q="auth").ok()["items"]] == ["Author"]
    zoe.delete("/api/resources/agent/w").ok()
    assert zoe.get("/api/resources").ok()["items"] == []


def test_the_workspace_scopes_requests_and_lists(acme: Cast) -> None:
    """OA-4: the same call under two workspaces -> disjoint lists; a stale workspace -> 403."""
    mia, there = acme["mia"], acme["mia"].having(X_Workspace="acme")
    mia.post("/api/resources", {"kind": "agent", "name": "Own", "id": "own"}).ok()
    there.post("/api/resources", {"kind": "agent", "name": "Ours", "id": "ours"}).ok()
    assert [each["id"] for each in mia.get("/api/resources").ok()["items"]] == ["own"]
    assert [each["id"] for each in there.get("/api/resources").ok()["items"]] == ["ours"]
    there.get("/api/resources/agent/own").refused(404, "resource_not_found")
    mia.get("/api/resources/agent/ours").refused(404, "resource_not_found")
    there.patch("/api/resources/agent/ours", {"name": "All of ours"}).ok()
    there.delete("/api/resources/agent/ours").ok()
    members.remove(acme.api.database, acme.organization, "mia@acme.example", block=False)
    there.get("/api/resources").refused(403, "workspace_closed")


def test_everybody_gets_what_the_organization_was_granted(api: Api) -> None:
    """AP-1: admins add clusters; AP-3: a grant to `org:*` reaches members of tomorrow."""
    cloud = cast(api, "apolo", slug="cloud", una="user")
    cloud["una"].post("/api/orgs/cloud/resources", {"kind": "cluster", "name": "C"}).refused(403, "permission_missing")
    cloud.owner.post("/api/orgs/cloud/resources", {"kind": "cluster", "name": "C", "id": "c"}).ok()
    what = {"resource_kind": "cluster", "resource_id": "c", "permission": "read"}
    cloud["una"].put("/api/orgs/cloud/grants", what).refused(403, "permission_missing")
    grant = cloud.owner.put("/api/orgs/cloud/grants", what).ok()
    assert (grant["subject"], grant["team"]) == ("org:*", None)
    assert cloud.owner.put("/api/orgs/cloud/grants", what).ok()["id"] == grant["id"]
    cloud.add("new", "user")
    assert check(cloud["new"], "cloud", "cluster", "c")["because"] == ["everybody of the organization was granted read"]
    assert [each["id"] for each in cloud["new"].get("/api/orgs/cloud/resources", mine="true").ok()["items"]] == ["c"]
    assert cloud["new"].get("/api/orgs/cloud/grants").ok()["items"] == [grant]
    cloud.owner.delete(f"/api/orgs/cloud/grants/{grant['id']}").ok()
    cloud.owner.delete(f"/api/orgs/cloud/grants/{grant['id']}").refused(404, "grant_not_found")
    assert check(cloud["new"], "cloud", "cluster", "c")["level"] == "none"


def test_kinds_that_stand_in_projects_need_one(api: Api) -> None:
    """ON-6, ON-7, ON-12: editors make them inside projects; viewers read."""
    hosts = cast(api, "onet", slug="hosts", eve="editor", vic="viewer")
    vps = {"kind": "vps", "name": "Web", "id": "web"}
    hosts["eve"].post("/api/orgs/hosts/resources", vps).refused(422, "project_required")
    hosts.owner.post("/api/orgs/hosts/projects", {"name": "Site"}).ok()
    made = hosts["eve"].post("/api/orgs/hosts/resources", {**vps, "project": "site"}).ok()
    assert made["project"] == "site"
    hosts["vic"].post("/api/orgs/hosts/resources", {**vps, "id": "two", "project": "site"}).refused(403, "permission_missing")
    assert hosts["vic"].get("/api/orgs/hosts/resources/vps/web").ok()["level"] == "read"
    hosts["eve"].patch("/api/orgs/hosts/resources/vps/web", {"name": "W"}).ok()
    assert [each["id"] for each in hosts["vic"].get("/api/orgs/hosts/resources", project="site").ok()["items"]] == ["web"]


def test_kinds_are_added_changed_and_removed(acme: Cast) -> None:
    """OA-32: a grant on a kind that is not enforced is kept, and counts once it is."""
    acme.owner.post("/api/orgs/acme/resources", {"kind": "skill", "name": "S", "id": "s"}).ok()
    acme.owner.put("/api/orgs/acme/grants", {"resource_kind": "skill", "resource_id": "s", "permission": "read"}).ok()
    assert check(acme["mia"], "acme", "skill", "s")["level"] == "none"
    acme["mia"].put("/api/orgs/acme/resource-kinds/skill", {"enforced": True}).refused(403, "permission_missing")
    acme.owner.put("/api/orgs/acme/resource-kinds/skill", {"enforced": True}).ok()
    assert check(acme["mia"], "acme", "skill", "s")["level"] == "read"
    acme.owner.put("/api/orgs/acme/resource-kinds/skill", {"visibility": "private"}).refused(409, "kind_in_use")
    acme.owner.delete("/api/orgs/acme/resource-kinds/skill").refused(409, "kind_in_use")
    acme.owner.put("/api/orgs/acme/resource-kinds/dashboard", {}).ok()
    names = [each["name"] for each in acme["mia"].get("/api/orgs/acme/resource-kinds").ok()["items"]]
    assert names == ["agent", "cluster", "conversation", "dashboard", "knowledge_base", "skill"]
    acme.owner.delete("/api/orgs/acme/resource-kinds/dashboard").ok()
    acme.owner.delete("/api/orgs/acme/resource-kinds/dashboard").refused(404, "kind_not_found")
    acme.owner.put("/api/orgs/acme/resource-kinds/No", {}).refused(400, "kind_invalid")
    told = [item.action for item in acme.audit() if item.action.startswith("kind.")]
    assert told == ["kind.changed", "kind.created", "kind.deleted"]


WRONG = [
    ({"kind": "rocket", "name": "R"}, 422, "kind_unknown"),
    ({"kind": "agent", "name": "W", "id": "w"}, 409, "resource_exists"),
    ({"kind": "agent", "name": "W", "id": "../w"}, 400, "resource_id_invalid"),
    ({"kind": "agent", "name": " "}, 400, "name_invalid"),
    ({"kind": "agent", "name": "W", "project": "none"}, 404, "project_not_found"),
    ({"kind": "agent"}, 400, "body_invalid"),
]


@pytest.mark.parametrize(("body", "status", "code"), WRONG)
def test_what_cannot_be_made_is_refused(acme: Cast, body: dict[str, Any], status: int, code: str) -> None:
    """Each with its reason."""
    acme.owner.post("/api/orgs/acme/resources", body).refused(status, code)


def test_each_change_is_told_once(acme: Cast) -> None:
    """Made, renamed, deleted: one entry each."""
    before = len(acme.audit())
    acme["mia"].post("/api/orgs/acme/resources", {"kind": "agent", "name": "One", "id": "m"}).ok()
    acme["mia"].patch("/api/orgs/acme/resources/agent/m", {"name": "Two"}).ok()
    acme["mia"].patch("/api/orgs/acme/resources/agent/m", {"name": "Two"}).ok()
    acme["mia"].delete("/api/orgs/acme/resources/agent/m").ok()
    assert [(item.actor, item.action, item.target) for item in acme.audit()[before:]] == [
        ("mia@acme.example", action, "agent:m") for action in ("resource.created", "resource.changed", "resource.deleted")
    ]


def test_what_everybody_may_do_is_a_setting(acme: Cast) -> None:
    """Part H, ruling 7: `member_base_level` reaches members, and private things never."""
    settings.replace(acme.api.database, acme.organization, "general", {"member_base_level": "write"})
    told = check(acme["mia"], "acme", "agent", "w", permission="write")
    assert told["because"] == ["every member has write on resources of this organization"]
    assert [each["level"] for each in acme["mia"].get("/api/orgs/acme/resources", mine="true").ok()["items"]] == ["write"]
