"""ORGANIZATIONS.md part G: what changes in each system when members come from an identity provider."""

from __future__ import annotations

import pytest

from tests.acceptance.idp import in_sso
from tests.acceptance.site import MEMBERS, Organization, Site, Someone, gone, made


@pytest.mark.parametrize("preset", MEMBERS)
def test_G_nobody_is_invited_or_added_by_hand(site: Site, preset: str) -> None:
    """Invite, send again, accept, direct add: 409 `membership_mode`, in every preset (OH-9, TG-7, AP-2, ON-4, OA-18 to OA-24)."""
    acme = site.organization(preset)
    pending, bob = acme.invited("bob"), site.person("bob")
    bob.patch("/api/me", {"username": "bob-b"}).ok()
    acme = in_sso(acme).organization
    asked = (
        acme.owner.post(acme / "invitations", {"email": "cyd@acme.example"}),
        acme.owner.post(acme / f"invitations/{pending['id']}/resend"),
        acme.owner.put(acme / "members", {"username": "bob-b"}),
        bob.post(f"/api/me/org-invitations/{pending['id']}/accept"),
    )
    for answer in asked:
        answer.refused(409, "membership_mode")
    assert set(acme.members()) == {"owner@acme.example"}


def test_G_invitations_that_were_open_end_with_a_mail_where_to_sign_in(site: Site) -> None:
    """The invitees are told; the old link says that it is over."""
    acme = site.organization()
    acme.invited("bob")
    [invited] = site.mails("invitation")
    idp = in_sso(acme)
    [mail] = [mail for mail in site.mails() if mail.kind != "invitation" and mail.recipient == "bob@acme.example"]
    assert "sign in" in mail.text.lower()
    assert site.nobody().get(f"/api/invitations/{invited.token}").status in (409, 410)
    assert idp.organization.owner.get(acme / "invitations", status="pending").ok()["items"] == []


def test_G_a_guest_is_pushed_and_has_a_project(site: Site) -> None:
    """No guests by invitation: a rule gives the guest role and a project (ON-8)."""
    acme = site.organization("onet")
    made(acme.owner.post(acme / "projects", {"name": "Web"}))
    vps = acme.resource(acme.owner, "vps-1", kind="vps", project="web")
    idp = in_sso(acme)
    idp.rule(group="Guests", role="guest")
    idp.rule(group="Guests", project="web:viewer")
    idp.group("Guests", idp.pushed("gus"))
    gus = idp.signed_in("gus")
    assert (idp.organization.role_of(gus), gus.get(vps).status) == ("guest", 200)
    gus.get(acme / "members").refused(403, "permission_missing")


def test_G_roles_of_rules_are_locked_and_the_top_role_is_not_given(site: Site) -> None:
    """A mapped role is 409 `managed_by_idp`; a rule for the top role is refused unless the organization opted in."""
    idp = in_sso(site.organization())
    acme = idp.organization
    idp.rule(group="Admins", role="admin")
    idp.group("Admins", idp.pushed("ada"))
    ada, bob = acme.members()["ada@acme.example"], idp.pushed("bob")
    acme.owner.patch(acme / f"members/{ada['user_id']}", {"role": "member"}).refused(409, "managed_by_idp")
    told = acme.owner.post(acme / "rules", {"connection": idp.connection, "group": "Owners", "role": "owner"})
    assert 400 <= told.status < 500, told.text
    idp.group("Owners", bob)
    assert acme.members()["bob@acme.example"]["role"] == "member"


def test_G_admins_remove_and_leaving_is_the_identity_providers_business(site: Site) -> None:
    """Without a live directory removed people may come back, unless blocked; who is managed by a live one leaves there."""
    idp = in_sso(site.organization(), directory=False)
    acme, ada = idp.organization, idp.signed_in("ada")
    gone(acme.owner.delete(acme.member(ada)))
    again = idp.signed_in("ada")
    gone(acme.owner.delete(acme.member(again), block="true"))
    idp.refuses("ada", "blocked")
    acme.owner.post(f"{acme.member(again)}/unblock").ok()
    idp.signed_in("ada")


def test_G_the_last_owner_and_a_break_glass_owner_stay(site: Site) -> None:
    """Against SCIM and rules too: the founder is break-glass, whatever the directory says of them; the last one cannot go."""
    idp = in_sso(site.organization())
    acme = idp.organization
    idp.sets_active(idp.pushed("owner"), False)
    assert acme.owner.get(acme.member(acme.owner)).ok()["status"] == "active"
    [glass] = acme.owner.get(acme / "break-glass").ok()["items"]
    assert glass["email"] == "owner@acme.example"
    acme.owner.delete(acme / f"break-glass/{acme.owner.id}").refused(409, "last_break_glass")


def test_G_default_project_and_clusters_are_there_from_the_first_moment(site: Site) -> None:
    """For pushed and just-in-time members, in the transaction that makes them members (TG-17, AP-3)."""
    idp = in_sso(site.organization("together"), jit="on")
    acme = idp.organization
    acme.resource(acme.owner, "c1", kind="cluster")
    acme.owner.put(acme / "grants", {"resource_kind": "cluster", "resource_id": "c1", "permission": "write"}).ok()
    idp.pushed("ada")
    for who in (idp.signed_in("ada"), idp.signed_in("bob")):
        assert acme.may(who, "cluster", "c1", "write")
        assert [each["slug"] for each in who.get(acme / "projects").ok()["items"]] == ["default"]


def test_G_one_group_may_be_a_team_a_role_and_several_at_once(site: Site) -> None:
    """And its grants follow its people (OA-26 to OA-36)."""
    idp = in_sso(site.organization())
    acme = idp.organization
    acme.resource(acme.owner, "bot")
    for target in ({"team": "eng"}, {"team": "ops:maintainer"}, {"role": "admin"}, {"project": "rocket"}):
        idp.rule(group="Engineering", **target)
    group = idp.group("Engineering")
    acme.owner.put(acme / "teams/eng/grants", {"resource_kind": "agent", "resource_id": "bot"}).ok()
    user = idp.pushed("ada")
    idp.puts_in(group, user)
    ada = acme.members()["ada@acme.example"]
    assert (ada["role"], ada["projects"]) == ("admin", ["rocket"])
    assert {(each["slug"], each["role"]) for each in ada["teams"]} == {("eng", "member"), ("ops", "maintainer")}
    idp.takes_out(group, user)
    ada = acme.members()["ada@acme.example"]
    assert (ada["role"], ada["teams"], ada["projects"]) == ("member", [], [])


def test_G_what_somebody_made_is_theirs_again_when_they_are_reactivated(site: Site) -> None:
    """Admin on it ends with the suspension, and returns (OA-42)."""
    idp = in_sso(site.organization())
    acme, user = idp.organization, idp.pushed("ada")
    ada = idp.signed_in("ada")
    acme.resource(ada, "bot")
    levels = [_asked(acme, ada)]
    for active in (False, True):
        idp.sets_active(user, active)
        levels.append(_asked(acme, ada))
    assert levels == ["admin", "none", "admin"]


def _asked(acme: Organization, who: Someone) -> str:
    question = {"resource_kind": "agent", "resource_id": "bot", "user_id": who.id}
    return str(acme.owner.post(acme / "check", question).ok()["level"])


def test_G_what_the_identity_provider_did_is_told_with_its_name(site: Site) -> None:
    """The audit trail names its connection as the actor, and whom it was about; explain names rule and group."""
    idp = in_sso(site.organization())
    acme = idp.organization
    idp.rule(group="Admins", role="admin")
    idp.group("Admins", idp.pushed("ada"))
    ada = acme.members()["ada@acme.example"]
    entries = [each for each in acme.entries() if each["target"] == "ada@acme.example"]
    assert entries
    assert {each["actor"] for each in entries} == {f"scim:{idp.connection}"}
    told = acme.owner.get(acme / f"members/{ada['user_id']}/explain").ok()
    [because] = [each for each in told["because"] if each["target"] == "role" and each["level"] == "admin"]
    assert because["group"] == "Admins"
