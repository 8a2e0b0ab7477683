"""ORGANIZATIONS.md part C: Together AI, its organizations, invitations and members."""

from __future__ import annotations

import pytest

from tests.acceptance.idp import connected, in_sso
from tests.acceptance.site import Organization, Site, gone, made
from tests.support.api import COOKIE


def test_TG_1_the_organization_is_the_top_container(site: Site) -> None:
    """What belongs to one is not to be found through another, whoever asks and by whatever id."""
    acme, beta = site.organization("apolo"), site.organization("apolo", "Beta", "beta-owner")
    project = made(acme.owner.post(acme / "projects", {"name": "Rocket"}))["id"]
    acme.resource(acme.owner, "agent-1", project=project)
    acme.owner.get(acme / f"projects/{project}").ok()
    beta.owner.get(beta / f"projects/{project}").refused(404, "project_not_found")
    beta.owner.get(beta / "resources/agent/agent-1").refused(404, "resource_not_found")
    beta.owner.get(beta / f"members/{acme.owner.id}").refused(404, "member_not_found")


def test_TG_2_an_account_belongs_to_one_organization(site: Site) -> None:
    """The invitation of a second one is not accepted: 409 `single_org`."""
    acme, beta = site.organization("together"), site.organization("together", "Beta", "beta-owner")
    ada = acme.joined("ada")
    invitation = beta.invited("ada")
    ada.post(f"/api/me/org-invitations/{invitation['id']}/accept").refused(409, "single_org")
    ada.post("/api/orgs", {"display_name": "Mine", "preset": "together"}).refused(409, "single_org")
    assert "ada@acme.example" not in beta.members()


def test_TG_3_the_current_organization_has_an_address_of_its_own(site: Site) -> None:
    """`~current` is the active workspace of the session."""
    acme = site.organization("together")
    assert acme.owner.get("/api/orgs/~current").ok()["id"] == acme.id
    beta = site.organization("oagents", "Beta", "owner-of-two")
    gamma = site.organization("oagents", "Gamma", "owner-of-two")
    for chosen in (beta, gamma):
        beta.owner.put("/api/me/workspace", {"organization": chosen.slug}).ok()
        assert beta.owner.get("/api/orgs/~current").ok()["id"] == chosen.id


def test_TG_4_members_come_by_invitation_or_from_the_identity_provider_never_both(site: Site) -> None:
    """By invitation: SCIM is refused while the directory is off, in staging it fills and makes nobody a member, and a sign-in
    makes none. In sso: no invitations."""
    acme = site.organization("together")
    idp = connected(acme)
    idp.carry_out("directory", directory="off")
    assert idp.scim("POST", "/Users", {"userName": "ada@acme.example"}).status_code == 403
    idp.carry_out("directory", directory="staging")
    idp.pushed("ada")
    idp.refuses("ada", "connection_draft")
    assert set(acme.members()) == {"owner@acme.example"}
    idp.goes_live()
    acme = idp.organization
    acme.owner.post(acme / "invitations", {"email": "bob@acme.example"}).refused(409, "membership_mode")
    assert set(acme.members()) == {"owner@acme.example", "ada@acme.example"}


@pytest.mark.parametrize("vendor", ["okta", "google", "entra", "jumpcloud"])
def test_TG_5_members_sign_in_at_their_identity_provider_and_are_provisioned(site: Site, vendor: str) -> None:
    """A signed response of each, as it really looks: redirected onward, and a member with the source `jit`."""
    idp = in_sso(site.organization("together"), vendor, directory=False)
    ada = idp.signed_in("ada")
    member = idp.organization.members()["ada@acme.example"]
    assert (member["source"], member["role"], member["user_id"]) == ("jit", "member", ada.id)
    assert [each["open_by"] for each in ada.get("/api/me").ok()["organizations"]] == ["sso"]


def test_TG_6_invitations_are_switched_on_for_each_organization(site: Site) -> None:
    """Off, an invitation is refused: 403 `not_enabled`; the installation switches, nobody else."""
    acme, root = site.organization("together"), site.super_admin()
    off = {**root.get(acme / "entitlements").ok(), "invitations": False}
    acme.owner.put(acme / "entitlements", off).refused(403, "permission_missing")
    root.put(acme / "entitlements", off).ok()
    acme.owner.post(acme / "invitations", {"email": "bob@acme.example"}).refused(403, "not_enabled")
    root.put(acme / "entitlements", {**off, "invitations": True}).ok()
    acme.invited("bob")


def test_TG_7_admins_invite_by_email(site: Site) -> None:
    """A member may not; an admin's invitation is one mail in the outbox."""
    acme = site.organization("together")
    bob = acme.joined("bob")
    before = len(site.mails("invitation"))
    bob.post(acme / "invitations", {"email": "cyd@acme.example"}).refused(403, "permission_missing")
    assert len(site.mails("invitation")) == before
    made(acme.owner.post(acme / "invitations", {"email": "cyd@acme.example"}))
    assert [mail.recipient for mail in site.mails("invitation")[before:]] == ["cyd@acme.example"]


def test_TG_8_invitations_expire_after_seven_days(site: Site) -> None:
    """By the link as well: good a minute before, over a second after; the list says so."""
    acme = site.organization("together")
    invitation = acme.invited("bob")
    [mail] = site.mails("invitation")
    with site.later(days=7, minutes=-1):
        site.nobody().get(f"/api/invitations/{mail.token}").ok()
    with site.later(days=7, seconds=1):
        site.nobody().get(f"/api/invitations/{mail.token}").refused(410, "invitation_expired")
        site.nobody().post(f"/api/invitations/{mail.token}/accept").refused(410, "invitation_expired")
        listed = site.person("owner").get(acme / "invitations").ok()["items"]
        assert [(each["id"], each["status"]) for each in listed] == [(invitation["id"], "expired")]


def test_TG_9_the_mailed_link_makes_the_account_on_acceptance(site: Site) -> None:
    """No account before; looking at the link makes none; accepting makes the account and the member at once, and only once."""
    acme = site.organization("together")
    acme.invited("bob")
    [mail] = site.mails("invitation")
    path = f"/api/invitations/{mail.token}"
    offer = site.nobody().get(path).ok()
    assert (offer["organization"]["slug"], offer["email"], offer["needs_sign_in"]) == (acme.slug, "bob@acme.example", False)
    assert "bob@acme.example" not in acme.members()
    joined = site.nobody().post(f"{path}/accept")
    assert joined.ok()["organization"]["id"] == acme.id
    cookie = joined.headers["Set-Cookie"].partition(";")[0]
    told = site.nobody().having(Cookie=cookie).get("/api/me").ok()
    assert (told["email"], told["organizations"][0]["role"]) == ("bob@acme.example", "member")
    assert COOKIE in cookie
    assert acme.members()["bob@acme.example"]["source"] == "invitation"
    site.nobody().post(f"{path}/accept").refused(410, "invitation_over")


def test_TG_10_who_has_an_account_joins_signed_in_or_asks_to_move(site: Site) -> None:
    """Signed out: asked to sign in, and nothing happens. Signed in: joined. Where an account has one organization only: a request
    to move, which an admin approves; never silently."""
    acme, beta = site.organization("together"), site.organization("together", "Beta", "beta-owner")
    bob = site.person("bob")
    acme.invited("bob")
    [mail] = site.mails("invitation")
    site.nobody().post(f"/api/invitations/{mail.token}/accept").refused(401, "sign_in_first")
    assert "bob@acme.example" not in acme.members()
    bob.post(f"/api/invitations/{mail.token}/accept").ok()
    assert "bob@acme.example" in acme.members()
    invitation = beta.invited("bob")
    mine = f"/api/me/org-invitations/{invitation['id']}"
    beta.owner.post(beta / f"invitations/{invitation['id']}/approve-move").refused(409, "move_not_requested")
    bob.post(f"{mine}/accept").refused(409, "single_org")
    bob.post(f"{mine}/request-move").ok()
    assert beta.owner.get(beta / "invitations").ok()["items"][0]["move_requested"] is True
    beta.owner.post(beta / f"invitations/{invitation['id']}/approve-move").ok()
    assert ("bob@acme.example" in acme.members(), "bob@acme.example" in beta.members()) == (False, True)


def test_TG_11_admins_remove_members_at_any_time(site: Site) -> None:
    """In both modes."""
    acme = site.organization("together")
    bob = acme.joined("bob")
    gone(acme.owner.delete(acme.member(bob)))
    idp = in_sso(acme, directory=False)
    acme, ada = idp.organization, idp.signed_in("ada")
    gone(acme.owner.delete(acme.member(ada)))
    assert set(acme.members()) == {"owner@acme.example"}


def test_TG_12_removal_revokes_everything_and_what_they_made_stays(site: Site) -> None:
    """Every call to projects and resources is 404; the resource stays in its project with the name of who made it."""
    acme = site.organization("together")
    bob = acme.joined("bob", "admin")
    made(bob.post(acme / "projects", {"name": "Rocket"}))
    agent = acme.resource(bob, "agent-1", project="rocket")
    gone(acme.owner.delete(acme.member(bob)))
    for path in (str(acme), acme / "projects", acme / "projects/rocket", acme / "resources", agent):
        bob.get(path).refused(404, "organization_not_found")
    bob.post(acme / "projects", {"name": "Again"}).refused(404, "organization_not_found")
    [listed] = acme.owner.get(acme / "resources").ok()["items"]
    assert (listed["id"], listed["project"], listed["created_by"]) == ("agent-1", "rocket", "bob@acme.example")


def test_TG_13_removed_with_sso_returns_unless_blocked(site: Site) -> None:
    """Without a live directory: removed, the next sign-in makes them a member again; removed and blocked, it is refused."""
    idp = in_sso(site.organization("together"), directory=False)
    acme, bob = idp.organization, idp.signed_in("bob")
    gone(acme.owner.delete(acme.member(bob)))
    bob.get(str(acme)).refused(401, "signed_out")
    again = idp.signed_in("bob")
    again.get(str(acme)).ok()
    gone(acme.owner.delete(acme.member(again), block="true"))
    idp.refuses("bob", "blocked")


def test_TG_13_with_a_live_directory_real_revocation_is_in_the_identity_provider(site: Site) -> None:
    """Plain removing is 409 with that advice; deactivated there, the next sign-in is refused."""
    idp = in_sso(site.organization("together"))
    acme, user = idp.organization, idp.pushed("bob")
    bob = idp.signed_in("bob")
    told = acme.owner.delete(acme.member(bob)).refused(409, "managed_by_idp")
    assert "block" in told["advice"]
    idp.sets_active(user, False)
    idp.refuses("bob", "deprovisioned")


def test_TG_14_there_are_two_roles(site: Site) -> None:
    """Admin and Member."""
    acme = site.organization("together")
    assert {each["name"] for each in acme.owner.get(acme / "roles").ok()["roles"]} == {"admin", "member"}


def _a_project_of_the_admins(acme: Organization) -> str:
    made(acme.owner.post(acme / "projects", {"name": "Rocket"}))
    return acme.resource(acme.owner, "agent-1", project="rocket")


def test_TG_15_admins_manage_and_members_use(site: Site) -> None:
    """A member reads resources and does not modify them, in the default project and elsewhere."""
    acme = site.organization("together")
    bob = acme.joined("bob")
    for agent in (_a_project_of_the_admins(acme), acme.resource(acme.owner, "agent-2", project="default")):
        bob.get(agent).ok()
        bob.patch(agent, {"name": "Mine"}).refused(403, "permission_missing")
        bob.delete(agent).refused(403, "permission_missing")
        acme.owner.patch(agent, {"name": "Ours"}).ok()
    bob.post(acme / "resources", {"kind": "agent", "name": "More"}).refused(403, "permission_missing")


def test_TG_24_a_domain_lets_nobody_in_while_members_are_invited(site: Site) -> None:
    """Somebody of the organization's own verified domain is no member by it; and any address may be invited."""
    acme = connected(site.organization("together")).organization
    ada = site.person("ada")
    ada.get(str(acme)).refused(404, "organization_not_found")
    assert ada.get("/api/orgs").ok()["items"] == []
    acme.joined("dan@elsewhere.example")
    assert set(acme.members()) == {"owner@acme.example", "dan@elsewhere.example"}
