"""ORGANIZATIONS.md part E: OnetSolutions, its organizations and roles."""

from __future__ import annotations

from connector.accounts.sessions import Proof
from tests.acceptance.idp import in_sso
from tests.acceptance.site import Organization, Site, Someone, gone, made


def test_ON_1_each_organization_has_its_own_members_and_projects(site: Site) -> None:
    """A matrix of addresses: none answers a member of another organization, none finds another's things inside one's own."""
    acme, beta = site.organization("onet"), site.organization("onet", "Beta", "beta-owner")
    made(acme.owner.post(acme / "projects", {"name": "Web"}))
    team = acme.team("Ops").rpartition("/")[2]
    acme.resource(acme.owner, "vps-1", kind="vps", project="web")
    invitation = acme.invited("bob")["id"]
    for path in ("", "/members", "/projects", "/teams", "/resources", "/invitations", "/audit", "/roles", "/settings/general"):
        beta.owner.get(f"{acme}{path}").refused(404, "organization_not_found")
        acme.owner.get(f"{acme}{path}").ok()
    inside = {
        "project_not_found": "projects/web",
        "team_not_found": f"teams/{team}",
        "resource_not_found": "resources/vps/vps-1",
        "member_not_found": f"members/{acme.owner.id}",
    }
    for code, path in inside.items():
        beta.owner.get(beta / path).refused(404, code)
    beta.owner.delete(beta / f"invitations/{invitation}").refused(404, "invitation_not_found")


def test_ON_2_it_is_created_with_a_name_that_all_members_see(site: Site) -> None:
    """Every member's GET tells the name."""
    acme = site.organization("onet", "Zoë's Hosting")
    for who in (acme.owner, acme.joined("ada", "editor"), acme.joined("gus", "guest")):
        assert who.get(str(acme)).ok()["display_name"] == "Zoë's Hosting"


def test_ON_3_the_creator_becomes_owner(site: Site) -> None:
    """Automatically."""
    acme = site.organization("onet")
    assert [(each["email"], each["role"]) for each in acme.members().values()] == [("owner@acme.example", "owner")]


def test_ON_4_people_are_invited_with_a_role_and_get_a_mail(site: Site) -> None:
    """The role is checked against what the inviter may assign."""
    acme = site.organization("onet")
    assert acme.invited("ada", "editor")["role"] == "editor"
    [mail] = site.mails("invitation")
    assert mail.recipient == "ada@acme.example"
    assert all(word in mail.text for word in ("Acme", "editor", mail.token))
    acme.owner.post(acme / "invitations", {"email": "b@acme.example", "role": "emperor"}).refused(400, "unknown_role")
    acme.joined("bob", "editor").post(acme / "invitations", {"email": "c@acme.example"}).refused(403, "permission_missing")


def _hosting(acme: Organization) -> str:
    """A VPS of the owner's in the project `web`."""
    made(acme.owner.post(acme / "projects", {"name": "Web"}))
    return acme.resource(acme.owner, "vps-1", kind="vps", project="web")


def test_ON_5_an_owner_may_everything(site: Site) -> None:
    """Settings, members, resources, deletion; nobody else may the last."""
    acme = site.organization("onet")
    vps = _hosting(acme)
    bob = acme.joined("bob", "owner")
    bob.patch(str(acme), {"display_name": "Renamed"}).ok()
    bob.put(acme / "settings/preferences", {"timezone": "Europe/Prague"}).ok()
    bob.patch(vps, {"name": "Web server"}).ok()
    bob.patch(acme.member(acme.joined("ada")), {"role": "editor"}).ok()
    bob.get(acme / "audit").ok()
    gone(bob.delete(vps))
    for role in ("editor", "viewer", "guest"):
        acme.joined(role, role).delete(str(acme)).refused(403, "permission_missing")
    gone(bob.delete(str(acme)))


def test_ON_6_an_editor_manages_resources_and_nothing_else(site: Site) -> None:
    """No billing, no settings, no members."""
    acme = site.organization("onet")
    vps, editor = _hosting(acme), acme.joined("ada", "editor")
    editor.patch(vps, {"name": "Mine"}).ok()
    acme.resource(editor, "vps-2", kind="vps", project="web")
    editor.patch(str(acme), {"display_name": "Mine"}).refused(403, "permission_missing")
    editor.post(acme / "invitations", {"email": "c@acme.example"}).refused(403, "permission_missing")
    editor.patch(acme.member(acme.owner), {"role": "viewer"}).refused(403, "permission_missing")
    editor.put(acme / "settings/general", {}).refused(403, "permission_missing")
    held = next(each for each in acme.owner.get(acme / "roles").ok()["roles"] if each["name"] == "editor")["permissions"]
    assert not {each for each in held if each.startswith(("billing.", "settings.", "members."))}


def test_ON_7_a_viewer_reads_resources(site: Site) -> None:
    """And makes, changes and deletes none."""
    acme = site.organization("onet")
    vps, viewer = _hosting(acme), acme.joined("vi", "viewer")
    viewer.get(vps).ok()
    assert [each["id"] for each in viewer.get(acme / "resources").ok()["items"]] == ["vps-1"]
    viewer.post(acme / "resources", {"kind": "vps", "name": "Mine", "project": "web"}).refused(403, "permission_missing")
    viewer.patch(vps, {"name": "Mine"}).refused(403, "permission_missing")
    viewer.delete(vps).refused(403, "permission_missing")


def test_ON_8_a_guest_is_limited_to_given_projects(site: Site) -> None:
    """The organization itself is not to be seen: no members, no resources of everybody; the assigned project, and no other."""
    acme = site.organization("onet")
    vps, guest = _hosting(acme), acme.joined("gus", "guest")
    made(acme.owner.post(acme / "projects", {"name": "Mail"}))
    other = acme.resource(acme.owner, "vps-2", kind="vps", project="mail")
    acme.owner.put(acme / f"projects/web/members/{guest.id}", {"role": "viewer"}).ok()
    guest.get(acme / "members").refused(403, "permission_missing")
    guest.get(acme / "projects/web").ok()
    guest.get(acme / "projects/mail").refused(404, "project_not_found")
    guest.get(vps).ok()
    guest.get(other).refused(404, "resource_not_found")
    assert [each["slug"] for each in guest.get(acme / "projects").ok()["items"]] == ["web"]
    granted = {"resource_kind": "vps", "resource_id": "vps-2", "permission": "write"}
    acme.owner.put(acme / "grants", granted).ok()
    guest.get(other).refused(404, "resource_not_found")


def test_ON_9_owners_change_roles_at_any_time(site: Site) -> None:
    """The next call obeys; what the identity provider gives is locked: 409 `managed_by_idp`."""
    acme = site.organization("onet")
    bob = acme.joined("bob", "editor")
    acme.owner.patch(acme.member(bob), {"role": "viewer"}).ok()
    bob.post(acme / "resources", {"kind": "agent", "name": "Mine"}).refused(403, "permission_missing")
    idp = in_sso(acme)
    acme = idp.organization
    idp.rule(group="Editors", role="editor")
    idp.group("Editors", idp.pushed("ada"))
    ada = idp.signed_in("ada")
    assert acme.role_of(ada) == "editor"
    acme.owner.patch(acme.member(ada), {"role": "viewer"}).refused(409, "managed_by_idp")
    assert acme.role_of(ada) == "editor"


def test_ON_10_who_is_removed_has_lost_everything_at_once(site: Site) -> None:
    """The old cookie opens nothing of the organization any more."""
    acme = site.organization("onet")
    vps, bob = _hosting(acme), acme.joined("bob", "editor")
    bob.get(vps).ok()
    gone(acme.owner.delete(acme.member(bob)))
    bob.get(vps).refused(404, "organization_not_found")
    assert bob.get("/api/me").ok()["organizations"] == []
    assert bob.get("/api/orgs").ok()["items"] == []


def test_ON_11_projects_have_members_with_roles_of_their_own(site: Site) -> None:
    """What somebody is in a project is what they may with what stands in it; a rule may give it."""
    acme = site.organization("onet")
    _hosting(acme)
    gus = acme.joined("gus", "guest")
    for role, level in (("viewer", "read"), ("member", "write"), ("admin", "admin")):
        assert acme.owner.put(acme / f"projects/web/members/{gus.id}", {"role": role}).ok()["role"] == role
        assert acme.level(gus, "vps", "vps-1") == level
    idp = in_sso(acme)
    idp.rule(group="Web", project="web:member")
    idp.rule(group="Web", role="guest")
    idp.group("Web", idp.pushed("ada"))
    assert acme.level(idp.signed_in("ada"), "vps", "vps-1") == "write"


def test_ON_12_what_is_hosted_stands_in_a_project(site: Site) -> None:
    """Without one it is refused: 422."""
    acme = site.organization("onet")
    acme.owner.post(acme / "resources", {"kind": "vps", "name": "Lost"}).refused(422, "project_required")


def test_ON_13_guests_come_and_go_with_their_projects(site: Site) -> None:
    """Without a project a guest sees nothing; assigned and taken out, access follows."""
    acme = site.organization("onet")
    vps, gus = _hosting(acme), acme.joined("gus", "guest")
    place = acme / f"projects/web/members/{gus.id}"
    for _ in range(2):
        assert (gus.get(vps).status, gus.get(acme / "projects").ok()["items"]) == (404, [])
        acme.owner.put(place, {"role": "viewer"}).ok()
        gus.get(vps).ok()
        gone(acme.owner.delete(place))


def test_ON_16_an_account_comes_first(site: Site) -> None:
    """Who is not signed in makes no organization."""
    site.nobody().post("/api/orgs", {"display_name": "Acme"}).refused(401, "signed_out")


def test_ON_17_all_organizations_of_ones_own_are_to_be_chosen_from(site: Site) -> None:
    """The start page names each of them."""
    acme, beta = site.organization("onet", "Acme"), site.organization("onet", "Beta & Sons")
    page = _page(acme.owner, "/")
    assert all(name in page for name in ("Acme", "Beta &amp; Sons"))
    assert {each["slug"] for each in acme.owner.get("/api/orgs").ok()["items"]} == {acme.slug, beta.slug}


def _page(who: Someone, path: str) -> str:
    with who.app.test_client(use_cookies=False) as browser:
        answer = browser.get(path, headers={**who.shown, "Accept": "text/html"})
        assert answer.status_code == 200
        return answer.text


def test_ON_18_keys_are_made_and_revoked_and_a_recovery_code_is_needed(site: Site) -> None:
    """A key works until revoked. In sso a mailed link alone does not open the organization; with the second step it does."""
    acme = in_sso(site.organization("onet")).organization
    made_key = made(acme.owner.post(acme / "keys", {"name": "ci"}))
    key = site.api.bearer(made_key["key"])
    key.get(str(acme)).ok()
    gone(acme.owner.delete(acme / f"keys/{made_key['id']}"))
    key.get(str(acme)).refused(401, "key_unknown")
    site.person("owner").get(str(acme)).refused(404, "organization_not_found")
    site.person("owner", Proof("break_glass", acme.id)).get(str(acme)).ok()
