"""ORGANIZATIONS.md part F: the OAgents product, workspaces, organizations and roles (OA-1 to OA-17)."""

from __future__ import annotations

import pytest

from tests.acceptance.idp import in_sso
from tests.acceptance.site import Site, gone, made


def test_OA_1_every_account_is_a_personal_workspace(site: Site) -> None:
    """By default; one acts as implicit owner in it; nobody else finds anything there, and it has no list of members."""
    ada, bob = site.person("ada"), site.person("bob")
    assert ada.get("/api/orgs").ok()["items"] == []
    made(ada.post("/api/resources", {"kind": "agent", "id": "mine", "name": "Mine"}))
    ada.patch("/api/resources/agent/mine", {"name": "Still mine"}).ok()
    bob.get("/api/resources/agent/mine").refused(404, "resource_not_found")
    assert bob.get("/api/resources").ok()["items"] == []
    gone(ada.delete("/api/resources/agent/mine"))


def test_OA_2_what_the_organization_owns_is_seen_by_role(site: Site) -> None:
    """An admin has all of it, billing reads, a member has what was granted."""
    acme = site.organization()
    agent = acme.resource(acme.owner, "bot")
    assert acme.owner.get(agent).ok()["owner"] == "organization"
    admin, member, billing = (acme.joined(role, role) for role in ("admin", "member", "billing"))
    assert [acme.level(who, "agent", "bot") for who in (admin, member, billing)] == ["admin", "none", "read"]
    member.get(agent).refused(404, "resource_not_found")


def test_OA_3_any_number_of_organizations_at_once(site: Site) -> None:
    """Join three: three are listed."""
    bob = site.person("bob")
    homes = [site.organization(name=name) for name in ("Acme", "Beta", "Gamma")]
    for home in homes:
        home.joined("bob")
    assert [each["id"] for each in bob.get("/api/orgs").ok()["items"]] == [home.id for home in homes]


def test_OA_4_the_active_workspace_scopes_every_request_and_list(site: Site) -> None:
    """The same call under two workspaces gives disjoint lists; the role stands beside each name; a stale one is 403."""
    acme = site.organization()
    bob = acme.joined("bob", "admin")
    made(bob.post("/api/resources", {"kind": "agent", "id": "private", "name": "Private"}))
    acme.resource(bob, "shared")
    at_home, at_acme = bob.working_in("~personal"), bob.working_in(acme.slug)
    listed = [{each["id"] for each in who.get("/api/resources").ok()["items"]} for who in (at_home, at_acme)]
    assert listed == [{"private"}, {"shared"}]
    assert [each["role"] for each in bob.get("/api/orgs").ok()["items"]] == ["admin"]
    bob.put("/api/me/workspace", {"organization": acme.slug}).ok()
    assert {each["id"] for each in bob.get("/api/resources").ok()["items"]} == {"shared"}
    gone(acme.owner.delete(acme.member(bob)))
    at_acme.get("/api/resources").refused(403, "workspace_closed")
    bob.get("/api/resources").refused(403, "workspace_closed")


def test_OA_5_a_slug_is_made_and_is_unique(site: Site) -> None:
    """Two called "Acme Inc" have different slugs; the creator is the sole owner."""
    first, second = site.organization(name="Acme Inc"), site.organization(name="Acme Inc")
    assert first.slug == "acme-inc"
    assert second.slug.startswith("acme-inc-")
    assert [each["role"] for each in second.members().values()] == ["owner"]


def test_OA_6_an_explicit_slug_that_is_taken_gets_a_suffix(site: Site) -> None:
    """{display_name, slug?, transfer_personal_credits?}: the documented choice is to de-duplicate, as with a slug made of the
    name. There are no credits to bring along yet, so only `false` is taken."""
    ada = site.person("ada")
    said = {"display_name": "Acme", "slug": "rocket", "transfer_personal_credits": False}
    told = [made(ada.post("/api/orgs", said)) for _ in range(2)]
    ada.post("/api/orgs", {**said, "transfer_personal_credits": True}).refused(400, "body_invalid")
    assert told[0]["slug"] == "rocket"
    assert told[1]["slug"].startswith("rocket-")
    assert told[0]["display_name"] == "Acme"


def test_OA_8_the_list_has_the_organizations_i_belong_to(site: Site) -> None:
    """Not those of others, nor where I am suspended."""
    acme, beta = site.organization(), site.organization(name="Beta")
    site.organization(name="Gamma", owner="somebody")
    bob = acme.joined("bob")
    beta.joined("bob")
    beta.owner.post(f"{beta.member(bob)}/suspend").ok()
    assert [each["id"] for each in bob.get("/api/orgs").ok()["items"]] == [acme.id]


def test_OA_9_one_organization_is_shown_to_members_only(site: Site) -> None:
    """404 for outsiders, the same as for what does not exist."""
    acme, ada = site.organization(), site.person("ada")
    acme.owner.get(str(acme)).ok()
    acme.owner.get(f"/api/orgs/{acme.slug}").ok()
    answers = [ada.get(f"/api/orgs/{each}").refused(404, "organization_not_found") for each in (acme.id, acme.slug, "no-such")]
    told = [{name: said for name, said in each.items() if name != "reference"} for each in answers]
    assert told[0] == told[1] == told[2]


def test_OA_10_admins_rename_and_the_addresses_of_the_identity_provider_stay(site: Site) -> None:
    """Name, slug and picture by admins, not members; after a new slug SCIM still answers, and people still come in."""
    idp = in_sso(site.organization())
    acme = idp.organization
    user = idp.pushed("ada")
    ada = idp.signed_in("ada")
    ada.patch(str(acme), {"display_name": "Mine"}).refused(403, "permission_missing")
    acme.owner.patch(acme.member(ada), {"role": "admin"}).ok()
    changes = {"display_name": "Acme Labs", "slug": "labs", "avatar_url": "https://acme.example/logo.png"}
    told = ada.patch(str(acme), changes).ok()
    assert {name: told[name] for name in changes} == changes
    ada.get("/api/orgs/labs").ok()
    ada.get(f"/api/orgs/{acme.slug}").refused(404, "organization_not_found")
    assert idp.scim("GET", f"/Users/{user}").status_code == 200
    idp.signed_in("ada")


def test_OA_11_owners_delete_and_what_led_there_is_closed(site: Site) -> None:
    """An admin may not. Soft: a super admin takes it back; until then SCIM is refused and nobody comes in."""
    idp = in_sso(site.organization(), directory=True)
    acme, root = idp.organization, site.super_admin()
    user = idp.pushed("ada")
    ada = idp.signed_in("ada")
    acme.owner.patch(acme.member(ada), {"role": "admin"}).ok()
    ada.delete(str(acme)).refused(403, "permission_missing")
    gone(acme.owner.delete(str(acme)))
    assert idp.scim("GET", f"/Users/{user}").status_code in (401, 404, 410)
    assert acme.owner.get(str(acme)).refused(404, "organization_not_found")
    ada.get("/api/me").refused(401, "signed_out")
    root.post(f"{acme}/restore").ok()
    assert idp.scim("GET", f"/Users/{user}").status_code == 200
    idp.signed_in("ada").get(str(acme)).ok()


def test_OA_12_each_member_holds_exactly_one_role(site: Site) -> None:
    """Two rules that match give one role."""
    idp = in_sso(site.organization())
    idp.rule(group="Admins", role="admin")
    idp.rule(group="Billing", role="billing")
    user = idp.pushed("ada")
    idp.group("Admins", user)
    idp.group("Billing", user)
    assert idp.organization.members()["ada@acme.example"]["role"] == "admin"


def test_OA_13_owners_grant_and_revoke_ownership(site: Site) -> None:
    """At least one remains."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.owner.patch(acme.member(bob), {"role": "owner"}).ok()
    bob.patch(acme.member(acme.owner), {"role": "admin"}).ok()
    bob.patch(acme.member(bob), {"role": "admin"}).refused(409, "last_owner")
    assert acme.role_of(bob) == "owner"


def test_OA_14_admins_run_everything_but_the_owner_role(site: Site) -> None:
    """Members, teams, invitations, resources, admin on every agent; neither up to owner nor down from it."""
    acme = site.organization()
    bob, cyd = acme.joined("bob", "admin"), acme.joined("cyd")
    agent = acme.resource(cyd, "bot")
    bob.patch(agent, {"name": "Ours"}).ok()
    assert acme.level(bob, "agent", "bot") == "admin"
    made(bob.post(acme / "teams", {"name": "Eng"}))
    made(bob.post(acme / "invitations", {"email": "dan@acme.example", "role": "admin"}))
    bob.patch(acme.member(cyd), {"role": "billing"}).ok()
    bob.patch(acme.member(acme.owner), {"role": "member"}).refused(403, "role_above")
    bob.patch(acme.member(cyd), {"role": "owner"}).refused(403, "role_above")
    bob.delete(acme.member(acme.owner)).refused(403, "role_above")
    bob.post(f"{acme.member(acme.owner)}/suspend").refused(403, "role_above")


def test_OA_15_a_member_works_by_teams_and_their_grants(site: Site) -> None:
    """Nothing of the organization's without one."""
    acme = site.organization()
    bob = acme.joined("bob")
    agent, team = acme.resource(acme.owner, "bot"), acme.team("Eng")
    acme.owner.put(f"{team}/grants", {"resource_kind": "agent", "resource_id": "bot"}).ok()
    bob.get(agent).refused(404, "resource_not_found")
    acme.owner.put(f"{team}/members/{bob.id}", {"role": "member"}).ok()
    bob.patch(agent, {"name": "Ours"}).ok()


def test_OA_16_billing_pays_reads_and_owns_nothing(site: Site) -> None:
    """Reads the audit trail; makes nothing; a team's admin grant is still read."""
    acme = site.organization()
    bea = acme.joined("bea", "billing")
    bea.get(acme / "audit").ok()
    bea.post(acme / "resources", {"kind": "agent", "name": "Mine"}).refused(403, "cannot_own")
    bea.post(acme / "invitations", {"email": "c@acme.example"}).refused(403, "permission_missing")
    acme.resource(acme.owner, "bot")
    team = acme.team("Eng", bea)
    granted = {"resource_kind": "agent", "resource_id": "bot", "permission": "admin"}
    acme.owner.put(f"{team}/grants", granted).ok()
    assert acme.level(bea, "agent", "bot") == "read"


@pytest.mark.parametrize(("groups", "role"), [(("billing", "member"), "member"), (("member", "admin"), "admin"), ((), "member")])
def test_OA_17_roles_are_ranked_for_access(site: Site, groups: tuple[str, ...], role: str) -> None:
    """Owner, admin, member, billing: a pushed user in several groups has the highest."""
    idp = in_sso(site.organization())
    for name in ("admin", "member", "billing"):
        idp.rule(group=name, role=name)
    user = idp.pushed("ada")
    for name in groups:
        idp.group(name, user)
    assert idp.organization.members()["ada@acme.example"]["role"] == role


def test_OA_47_an_organization_that_owns_things_is_not_deleted(site: Site) -> None:
    """409 with what it owns; without them it goes."""
    acme = site.organization()
    agent = acme.resource(acme.owner, "bot")
    told = acme.owner.delete(str(acme)).refused(409, "owns_resources")
    assert "agent:bot" in told["detail"] + told.get("advice", "")
    gone(acme.owner.delete(agent))
    gone(acme.owner.delete(str(acme)))
