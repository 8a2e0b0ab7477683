"""Projects over HTTP: TG-16 to TG-18, AP-14, ON-8, ON-11 to ON-13."""

from __future__ import annotations

import pytest

from connector.organizations import entitlements
from tests.api.cast import Cast, cast
from tests.support.api import Api


@pytest.fixture
def cloud(api: Api) -> Cast:
    """An apolo organization: users make projects of their own and see nobody else's."""
    return cast(api, "apolo", slug="cloud", max="manager", una="user", ugo="user")


@pytest.fixture
def hosts(api: Api) -> Cast:
    """An onet organization with a project `site`, a viewer and a guest."""
    hosts = cast(api, "onet", slug="hosts", eve="editor", vic="viewer", gus="guest")
    hosts.owner.post("/api/orgs/hosts/projects", {"name": "Site"}).ok()
    hosts.owner.post("/api/orgs/hosts/projects", {"name": "Shop"}).ok()
    return hosts


def slugs(answer: list[dict[str, object]]) -> list[object]:
    return [each["slug"] for each in answer]


def test_a_user_makes_a_project_of_their_own_and_others_do_not_see_it(cloud: Cast) -> None:
    """AP-14: POST 201, other projects 404; AP-15: managers see all."""
    made = cloud["una"].post("/api/orgs/cloud/projects", {"name": "Vision"}).ok()
    assert (made["slug"], made["role"], made["is_default"]) == ("vision", "admin", False)
    cloud["ugo"].get("/api/orgs/cloud/projects/vision").refused(404, "project_not_found")
    assert cloud["ugo"].get("/api/orgs/cloud/projects").ok()["items"] == []
    assert cloud["max"].get("/api/orgs/cloud/projects/vision").ok()["role"] is None
    assert slugs(cloud["una"].get("/api/orgs/cloud/projects").ok()["items"]) == ["vision"]
    [entry] = [item for item in cloud.audit() if item.action == "project.created"]
    assert entry.after == {"slug": "vision", "name": "Vision", "admin": "una@cloud.example"}


def test_the_admin_of_a_project_invites_members_to_it(cloud: Cast) -> None:
    """AP-14: or is invited to others' projects."""
    cloud["una"].post("/api/orgs/cloud/projects", {"name": "Vision"}).ok()
    ugo = f"/api/orgs/cloud/projects/vision/members/{cloud.id('ugo')}"
    assert cloud["una"].put(ugo, {"role": "viewer"}).ok()["role"] == "viewer"
    assert cloud["ugo"].get("/api/orgs/cloud/projects/vision").ok()["role"] == "viewer"
    assert [each["role"] for each in cloud["ugo"].get("/api/orgs/cloud/projects/vision/members").ok()["items"]] == [
        "admin",
        "viewer",
    ]
    cloud["ugo"].put(ugo, {"role": "admin"}).refused(403, "permission_missing")
    cloud["ugo"].delete("/api/orgs/cloud/projects/vision").refused(403, "permission_missing")
    cloud["max"].patch("/api/orgs/cloud/projects/vision", {"name": "Mine"}).refused(403, "permission_missing")
    cloud["ugo"].delete(ugo).ok()
    cloud["ugo"].get("/api/orgs/cloud/projects/vision").refused(404, "project_not_found")


def test_a_guest_sees_the_projects_they_were_given_and_nothing_else(hosts: Cast) -> None:
    """ON-8: GET members 403, assigned project 200, other 404; ON-13: assign and unassign."""
    gus = f"/api/orgs/hosts/projects/site/members/{hosts.id('gus')}"
    hosts["gus"].get("/api/orgs/hosts/projects/site").refused(404, "project_not_found")
    hosts.owner.put(gus, {}).ok()
    hosts["gus"].get("/api/orgs/hosts/projects/site").ok()
    hosts["gus"].get("/api/orgs/hosts/projects/shop").refused(404, "project_not_found")
    assert slugs(hosts["gus"].get("/api/orgs/hosts/projects").ok()["items"]) == ["site"]
    hosts["gus"].get("/api/orgs/hosts/teams").refused(403, "permission_missing")
    hosts["gus"].get("/api/orgs/hosts/grants").refused(403, "permission_missing")
    hosts.owner.delete(gus).ok()
    hosts["gus"].get("/api/orgs/hosts/projects/site").refused(404, "project_not_found")


ROLES = [("viewer", "read"), ("member", "write"), ("admin", "admin")]


@pytest.mark.parametrize(("role", "level"), ROLES)
def test_the_role_in_a_project_is_what_check_says(hosts: Cast, role: str, level: str) -> None:
    """ON-11: PUT project member role -> /check reflects; ON-13: with the place the access goes."""
    hosts["eve"].post("/api/orgs/hosts/resources", {"kind": "vps", "name": "Web", "id": "web", "project": "site"}).ok()
    gus = f"/api/orgs/hosts/projects/site/members/{hosts.id('gus')}"
    hosts.owner.put(gus, {"role": role}).ok()
    question = {"resource_kind": "vps", "resource_id": "web", "user_id": hosts.id("gus")}
    told = hosts.owner.post("/api/orgs/hosts/check", question).ok()
    assert (told["level"], told["because"]) == (level, [f"{role} of project site"])
    hosts.owner.delete(gus).ok()
    assert hosts.owner.post("/api/orgs/hosts/check", question).ok()["level"] == "none"


def test_a_project_in_use_is_not_deleted(hosts: Cast) -> None:
    """Its resources first; then it goes, with its places."""
    hosts["eve"].post("/api/orgs/hosts/resources", {"kind": "vps", "name": "Web", "id": "web", "project": "site"}).ok()
    hosts.owner.put(f"/api/orgs/hosts/projects/site/members/{hosts.id('vic')}", {}).ok()
    hosts.owner.delete("/api/orgs/hosts/projects/site").refused(409, "project_not_empty")
    hosts.owner.delete("/api/orgs/hosts/resources/vps/web").ok()
    hosts.owner.delete("/api/orgs/hosts/projects/site").ok()
    hosts.owner.get("/api/orgs/hosts/projects/site").refused(404, "project_not_found")
    assert hosts.audit()[-1].before == {"slug": "site", "name": "Site", "members": 2}


def test_everybody_is_in_the_default_project_which_stays(api: Api) -> None:
    """TG-17: a new organization has it; deleting it -> 409; nobody is taken out of it."""
    lab = cast(api, "together", slug="lab", tom="member")
    default = lab["tom"].get("/api/orgs/lab/projects/default").ok()
    assert (default["name"], default["is_default"], default["role"]) == ("Default Project", True, "viewer")
    members = lab["tom"].get("/api/orgs/lab/projects/default/members").ok()["items"]
    assert [each["email"] for each in members] == ["owner@lab.example", "tom@lab.example"]
    lab.owner.delete("/api/orgs/lab/projects/default").refused(409, "default_project")
    lab.owner.delete(f"/api/orgs/lab/projects/default/members/{lab.id('tom')}").refused(409, "default_project")
    lab["tom"].post("/api/orgs/lab/resources", {"kind": "agent", "name": "X", "project": "default"}).refused(
        403, "permission_missing"
    )


def test_members_use_what_stands_in_the_default_project_and_do_not_modify_it(api: Api) -> None:
    """TG-15: PATCH 403, GET 200; a hand that puts them there gives more, and taking it back leaves what everybody has."""
    lab = cast(api, "together", slug="lab", tom="member")
    lab.owner.post("/api/orgs/lab/resources", {"kind": "agent", "name": "X", "id": "x", "project": "default"}).ok()
    lab["tom"].get("/api/orgs/lab/resources/agent/x").ok()
    lab["tom"].patch("/api/orgs/lab/resources/agent/x", {"name": "Y"}).refused(403, "permission_missing")
    tom = f"/api/orgs/lab/projects/default/members/{lab.id('tom')}"
    lab.owner.put(tom, {"role": "member"}).ok()
    lab["tom"].patch("/api/orgs/lab/resources/agent/x", {"name": "Y"}).ok()
    lab.owner.delete(tom).ok()
    lab["tom"].patch("/api/orgs/lab/resources/agent/x", {"name": "Z"}).refused(403, "permission_missing")


def test_more_than_the_default_project_is_for_who_is_entitled(api: Api) -> None:
    """TG-18: off, the second project -> 403."""
    lab = cast(api, "together", slug="lab")
    entitlements.switch(api.database, lab.organization, {"projects": False})
    lab.owner.post("/api/orgs/lab/projects", {"name": "Two"}).refused(403, "not_enabled")
    entitlements.switch(api.database, lab.organization, {"projects": True})
    lab.owner.post("/api/orgs/lab/projects", {"name": "Two"}).ok()


def test_a_project_of_another_organization_is_not_found(cloud: Cast, api: Api) -> None:
    """TG-1: project of A read through B -> 404."""
    other = cast(api, "apolo", slug="other")
    theirs = other.owner.post("/api/orgs/other/projects", {"name": "Theirs"}).ok()["id"]
    cloud.owner.get(f"/api/orgs/cloud/projects/{theirs}").refused(404, "project_not_found")
    cloud.owner.post("/api/orgs/cloud/resources", {"kind": "agent", "name": "X", "project": theirs}).refused(
        404, "project_not_found"
    )


def test_a_place_in_a_project_is_for_members(cloud: Cast, api: Api) -> None:
    """Of the organization; and of the project, to be taken out."""
    cloud["una"].post("/api/orgs/cloud/projects", {"name": "Vision"}).ok()
    outsider = api.person("zoe@elsewhere.example")
    cloud["una"].put(f"/api/orgs/cloud/projects/vision/members/{outsider}", {}).refused(409, "not_a_member")
    cloud["una"].delete(f"/api/orgs/cloud/projects/vision/members/{outsider}").refused(404, "member_not_found")
    cloud["una"].delete(f"/api/orgs/cloud/projects/vision/members/{cloud.id('ugo')}").refused(404, "member_not_found")


def test_each_change_is_told_once(cloud: Cast) -> None:
    """Names; what is the same is not told."""
    cloud["una"].post("/api/orgs/cloud/projects", {"name": "Vision"}).ok()
    before = len(cloud.audit())
    cloud["una"].patch("/api/orgs/cloud/projects/vision", {"name": "Seeing"}).ok()
    cloud["una"].patch("/api/orgs/cloud/projects/vision", {"name": "Seeing"}).ok()
    cloud["una"].put(f"/api/orgs/cloud/projects/vision/members/{cloud.id('ugo')}", {}).ok()
    cloud["una"].delete("/api/orgs/cloud/projects/vision").ok()
    assert [(item.action, item.after) for item in cloud.audit()[before:]] == [
        ("project.changed", {"name": "Seeing"}),
        ("member.changed", {"project:vision": "member"}),
        ("project.deleted", None),
    ]


def test_an_outdated_version_changes_nothing(cloud: Cast) -> None:
    """RFC 9110 section 13.1.1."""
    made = cloud["una"].post("/api/orgs/cloud/projects", {"name": "Vision"})
    tag = {"If-Match": made.headers["ETag"]}
    cloud["una"].patch("/api/orgs/cloud/projects/vision", {"name": "Two"}, headers=tag).ok()
    cloud["una"].delete("/api/orgs/cloud/projects/vision", headers=tag).refused(412, "version_mismatch")
