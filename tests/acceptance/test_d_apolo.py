"""ORGANIZATIONS.md part D: Apolo. Its commands are in test_d_apolo_commands.py."""

from __future__ import annotations

from tests.acceptance.idp import in_sso
from tests.acceptance.site import Organization, Site, Someone, gone, made


def test_AP_1_users_of_an_organization_have_access_to_some_clusters(site: Site) -> None:
    """An admin makes a cluster known; the organization as a whole is granted the one and not the other."""
    acme = site.organization("apolo")
    ada = acme.joined("ada")
    for name in ("c1", "c2"):
        acme.resource(acme.owner, name, kind="cluster")
    ada.post(acme / "resources", {"kind": "cluster", "name": "Mine"}).refused(403, "permission_missing")
    _to_everybody(acme, "c1", "read")
    assert (acme.level(ada, "cluster", "c1"), acme.level(ada, "cluster", "c2")) == ("read", "none")


def _to_everybody(acme: Organization, cluster: str, permission: str) -> None:
    granted = {"resource_kind": "cluster", "resource_id": cluster, "permission": permission}
    assert acme.owner.put(acme / "grants", granted).ok()["subject"] == "org:*"


def test_AP_2_who_has_an_account_is_added_by_user_name(site: Site) -> None:
    """A new account makes an organization of its own, or tells an admin its user name; in sso nobody is added by hand."""
    acme, ada, bob = site.organization("apolo"), site.person("ada"), site.person("bob")
    for who, name in ((ada, "ada-l"), (bob, "bob-b")):
        assert who.patch("/api/me", {"username": name}).ok()["username"] == name
    told = made(acme.owner.put(acme / "members", {"username": "ada-l"}))
    assert (told["email"], told["role"], told["source"]) == ("ada@acme.example", "user", "manual")
    acme.owner.put(acme / "members", {"username": "nobody-here"}).refused(404, "person_not_found")
    made(ada.post("/api/orgs", {"display_name": "Mine", "preset": "apolo"}))
    acme = in_sso(acme).organization
    acme.owner.put(acme / "members", {"username": "bob-b"}).refused(409, "membership_mode")


def test_AP_3_members_have_the_clusters_of_the_organization_at_once(site: Site) -> None:
    """A grant to `org:*` applies to every active member, whoever made them one."""
    idp = in_sso(site.organization("apolo"), jit="on")
    acme = idp.organization
    acme.resource(acme.owner, "c1", kind="cluster")
    _to_everybody(acme, "c1", "read")
    user = idp.pushed("ada")
    ada, bob = idp.signed_in("ada"), idp.signed_in("bob")
    assert acme.may(ada, "cluster", "c1")
    assert acme.may(bob, "cluster", "c1")
    idp.sets_active(user, False)
    assert _asked_about(acme, ada) == "none"


def _asked_about(acme: Organization, who: Someone) -> str:
    question = {"resource_kind": "cluster", "resource_id": "c1", "user_id": who.id}
    return str(acme.owner.post(acme / "check", question).ok()["level"])


def test_AP_9_more_organizations_are_made_later(site: Site) -> None:
    """Unless the preset says that accounts have one."""
    acme = site.organization("apolo")
    later = made(acme.owner.post("/api/orgs", {"display_name": "Later", "preset": "apolo"}))
    assert [each["id"] for each in acme.owner.get("/api/orgs").ok()["items"]] == [acme.id, later["id"]]


def test_AP_10_members_and_reports_have_pages(site: Site) -> None:
    """Of an admin; a user reads who belongs (AP-14), manages nobody and sees no report."""
    acme = site.organization("apolo")
    bob = acme.joined("bob")
    page, reports = f"/admin/{acme.slug}", ("/audit", "/log", "/sign-ins")
    for path in ("/people", *reports):
        assert acme.owner.browser.get(page + path).status == 200, path
    assert len(bob.browser.get(page + "/people").rows) == 2
    for path in reports:
        assert bob.browser.get(page + path).status == 403, path
    for path, form in (("/people/add", {"username": "cyd"}), (f"/people/{acme.owner.id}/suspend", {})):
        assert bob.browser.post(page + path, form).status == 403, path


def test_AP_11_users_are_invited_given_a_role_and_deleted(site: Site) -> None:
    """Three calls."""
    acme = site.organization("apolo")
    bob = acme.joined("bob")
    assert acme.owner.patch(acme.member(bob), {"role": "manager"}).ok()["role"] == "manager"
    gone(acme.owner.delete(acme.member(bob)))
    assert set(acme.members()) == {"owner@acme.example"}


def test_AP_13_each_role_expands_the_one_below(site: Site) -> None:
    """A manager may all that a user may, an admin all that a manager may, and each more."""
    acme = site.organization("apolo")
    held = {each["name"]: set(each["permissions"]) for each in acme.owner.get(acme / "roles").ok()["roles"]}
    assert held["user"] < held["manager"] < held["admin"]


def test_AP_14_a_user_reads_participants_and_has_projects_of_their_own(site: Site) -> None:
    """Sees who is here; other people's projects do not exist, until invited; makes own ones."""
    acme = site.organization("apolo")
    ada, bob = acme.joined("ada"), acme.joined("bob")
    project = acme / f"projects/{made(ada.post(acme / 'projects', {'name': 'Rocket'}))['id']}"
    assert len(bob.get(acme / "members").ok()["items"]) == 3
    bob.get(project).refused(404, "project_not_found")
    assert bob.get(acme / "projects").ok()["items"] == []
    bob.post(acme / "invitations", {"email": "cyd@acme.example"}).refused(403, "permission_missing")
    bob.patch(acme.member(ada), {"role": "user"}).refused(403, "permission_missing")
    ada.put(f"{project}/members/{bob.id}", {"role": "member"}).ok()
    assert bob.get(project).ok()["role"] == "member"
    made(bob.post(acme / "projects", {"name": "Mine"}))


def test_AP_15_a_manager_sees_all_projects_and_promotes_up_to_manager(site: Site) -> None:
    """Quotas come later; the permission for them is held."""
    acme = site.organization("apolo")
    ada, bob, manager = acme.joined("ada"), acme.joined("bob"), acme.joined("mia", "manager")
    made(ada.post(acme / "projects", {"name": "Rocket"}))
    acme.resource(ada, "agent-1", project="rocket")
    manager.get(acme / "projects/rocket").ok()
    manager.get(acme / "resources/agent/agent-1").ok()
    assert manager.patch(acme.member(bob), {"role": "manager"}).ok()["role"] == "manager"
    manager.patch(acme.member(ada), {"role": "admin"}).refused(403, "role_above")
    manager.patch(acme.member(acme.owner), {"role": "user"}).refused(403, "role_above")


def test_AP_16_an_admin_removes_the_organization_and_promotes_up_to_admin(site: Site) -> None:
    """A manager does not."""
    acme = site.organization("apolo")
    manager, bob = acme.joined("mia", "manager"), acme.joined("bob")
    assert acme.owner.patch(acme.member(bob), {"role": "admin"}).ok()["role"] == "admin"
    manager.delete(str(acme)).refused(403, "permission_missing")
    gone(bob.delete(str(acme)))
    acme.owner.get(str(acme)).refused(404, "organization_not_found")


def test_AP_17_the_creator_becomes_administrator(site: Site) -> None:
    """The list of members says so."""
    acme = site.organization("apolo")
    [founder] = acme.members().values()
    assert (founder["role"], founder["source"], founder["status"]) == ("admin", "founder", "active")


def test_AP_18_which_organization_to_choose_is_told_by_one_list(site: Site) -> None:
    """GET /api/orgs drives the screen: none, and one is made or one is added; then these, with their roles."""
    ada = site.person("ada")
    assert ada.get("/api/orgs").ok()["items"] == []
    acme = site.organization("apolo", owner="ada")
    beta = site.organization("apolo", "Beta", "owner")
    beta.joined("ada")
    assert [(each["slug"], each["role"]) for each in ada.get("/api/orgs").ok()["items"]] == [
        (acme.slug, "admin"),
        (beta.slug, "user"),
    ]
