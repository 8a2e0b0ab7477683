"""ORGANIZATIONS.md part C: Together AI, its projects and keys, and what comes from the identity provider."""

from __future__ import annotations

from tests.acceptance.idp import in_sso
from tests.acceptance.site import Site, gone, made


def test_TG_16_projects_scope_resources_keys_and_members(site: Site) -> None:
    """A key of project A finds nothing of B; who is in A is not in B."""
    acme = site.organization("apolo")
    ada = acme.joined("ada")
    for name in ("Alpha", "Beta"):
        made(acme.owner.post(acme / "projects", {"name": name}))
        acme.resource(acme.owner, f"agent-{name.lower()}", project=name.lower())
    key = site.api.bearer(made(acme.owner.post(acme / "projects/alpha/keys", {"name": "ci"}))["key"])
    key.get(acme / "resources/agent/agent-alpha").ok()
    key.get(acme / "resources/agent/agent-beta").refused(404, "resource_not_found")
    key.get(acme / "projects/beta").refused(404, "project_not_found")
    acme.owner.put(acme / f"projects/alpha/members/{ada.id}", {"role": "viewer"}).ok()
    ada.get(acme / "resources/agent/agent-alpha").ok()
    ada.get(acme / "resources/agent/agent-beta").refused(404, "resource_not_found")


def test_TG_17_everybody_is_a_member_of_the_default_project(site: Site) -> None:
    """It is there from the start and cannot be deleted; founder, invited, pushed and just-in-time members are all in it."""
    acme = site.organization("together")
    [project] = acme.owner.get(acme / "projects").ok()["items"]
    assert (project["slug"], project["name"]) == ("default", "Default Project")
    acme.joined("bob")
    acme.owner.delete(acme / "projects/default").refused(409, "default_project")
    idp = in_sso(acme, jit="on")
    idp.pushed("ada")
    idp.signed_in("cyd")
    found = idp.organization.members()
    assert {email.partition("@")[0] for email, each in found.items() if each["projects"] == ["default"]} == {
        "owner", "bob", "ada", "cyd",
    }  # fmt: skip


def test_TG_18_more_than_one_project_on_request(site: Site) -> None:
    """While the organization is not entitled to it, a second project is 403 `not_enabled`."""
    acme, root = site.organization("together"), site.super_admin()
    off = {**root.get(acme / "entitlements").ok(), "projects": False}
    root.put(acme / "entitlements", off).ok()
    acme.owner.post(acme / "projects", {"name": "Second"}).refused(403, "not_enabled")
    root.put(acme / "entitlements", {**off, "projects": True}).ok()
    made(acme.owner.post(acme / "projects", {"name": "Second"}))


def test_TG_22_deactivation_at_the_identity_provider_revokes_access(site: Site) -> None:
    """In the same transaction: sessions and keys are dead; reactivated, keys work again and sessions stay dead."""
    idp = in_sso(site.organization("together"))
    acme, user = idp.organization, idp.pushed("ada")
    ada = idp.signed_in("ada")
    key = site.api.bearer(made(ada.post(acme / "keys", {"name": "mine"}))["key"])
    key.get(str(acme)).ok()
    assert idp.sets_active(user, False).status_code == 200
    ada.get("/api/me").refused(401, "signed_out")
    key.get(str(acme)).refused(401, "key_unknown")
    assert (acme.members()["ada@acme.example"]["status"], acme.members()["ada@acme.example"]["causes"]) == (
        "suspended",
        ["directory"],
    )
    idp.sets_active(user, True)
    key.get(str(acme)).ok()
    ada.get("/api/me").refused(401, "signed_out")


def test_TG_25_project_keys_survive_their_maker_and_other_keys_do_not(site: Site) -> None:
    """Shown once, revoked at once. The maker suspended: the project's key works, their key of the organization is 401, and their
    personal key no longer opens this organization."""
    acme = site.organization("together")
    bob = acme.joined("bob", "admin")
    agent = acme.resource(bob, "agent-1", project="default")
    project, own = (made(bob.post(acme / path, {"name": "ci"})) for path in ("projects/default/keys", "keys"))
    personal = made(bob.post("/api/me/keys", {"name": "laptop"}))
    assert "key" not in str([sorted(each) for each in bob.get(acme / "projects/default/keys").ok()["items"]])
    keys = [site.api.bearer(each["key"]) for each in (project, own, personal)]
    assert [each.get(agent).status for each in keys] == [200, 200, 200]
    acme.owner.post(f"{acme.member(bob)}/suspend").ok()
    keys[0].get(agent).ok()
    keys[1].get(agent).refused(401, "key_unknown")
    keys[2].get(agent).refused(404, "organization_not_found")
    keys[2].get("/api/me").ok()
    gone(acme.owner.delete(acme / f"projects/default/keys/{project['id']}"))
    keys[0].get(agent).refused(401, "key_unknown")
