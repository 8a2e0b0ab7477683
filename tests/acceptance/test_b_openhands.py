"""ORGANIZATIONS.md part B: OpenHands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.idp import connected
from tests.acceptance.site import Site, Someone, gone, made


def test_OH_1_an_organization_is_a_shared_workspace(site: Site) -> None:
    """Several users in one organization: its founder at first, then whoever joins."""
    acme = site.organization("openhands")
    assert [each["email"] for each in acme.owner.get(acme / "members").ok()["items"]] == ["owner@acme.example"]
    bob = acme.joined("bob")
    assert {each["email"] for each in bob.get(acme / "members").ok()["items"]} == {"owner@acme.example", "bob@acme.example"}


def test_OH_2_one_list_has_all_members_and_where_each_came_from(site: Site) -> None:
    """Founder, invitation, SCIM and just-in-time sign-in feed the same list, and each row shows its source."""
    acme = site.organization("openhands")
    acme.joined("bob")
    idp = connected(acme, jit="on")
    idp.pushed("bob")
    idp.goes_live()
    idp.pushed("ada")
    idp.signed_in("cyd")
    found = idp.organization.members()
    assert {email.partition("@")[0]: each["source"] for email, each in found.items()} == {
        "owner": "founder",
        "bob": "invitation",
        "ada": "scim",
        "cyd": "jit",
    }


def test_OH_6_conversations_are_private_to_their_maker(site: Site) -> None:
    """The kind `conversation` is private by default; roles of the organization do not override that."""
    acme = site.organization("openhands")
    bob = acme.joined("bob")
    talk = acme.resource(bob, "talk", kind="conversation")
    bob.get(talk).ok()
    acme.owner.get(talk).refused(404, "resource_not_found")
    assert acme.level(bob, "conversation", "talk") == "admin"


def test_OH_7_organizations_are_a_feature_that_can_be_off(site: Site) -> None:
    """On in self-hosting; off, POST /api/orgs is 402 with a code."""
    root, ada = site.super_admin(), site.person("ada")
    made(ada.post("/api/orgs", {"display_name": "Before"}))
    root.put("/api/installation", {"organizations": "off", "creation": "anyone"}).ok()
    ada.post("/api/orgs", {"display_name": "Meanwhile"}).refused(402, "not_entitled")
    root.put("/api/installation", {"organizations": "on", "creation": "anyone"}).ok()
    made(ada.post("/api/orgs", {"display_name": "After"}))


def test_OH_8_an_organization_is_made_with_a_form(site: Site) -> None:
    """On the page; it leads into the organization, which shows its maker as the owner."""
    ada = site.person("ada")
    form = ada.browser.get("/organizations/new")
    made = ada.browser.submit(form, "Make the organization", name="Open Hands", slug="open-hands", preset="openhands")
    assert (made.path, made.status) == ("/admin/open-hands?done=founded", 200)
    assert ["ada@acme.example" in row and "owner" in row for row in ada.browser.get("/admin/open-hands/people").rows] == [True]
    ada.get("/api/orgs/open-hands").ok()


def test_OH_9_who_is_invited_by_email_joins_as_member(site: Site) -> None:
    """Without a role the preset's default one; the mail goes to the address."""
    acme = site.organization("openhands")
    assert acme.invited("bob")["role"] == "member"
    assert [mail.recipient for mail in site.mails("invitation")] == ["bob@acme.example"]
    bob = site.person("bob")
    [invitation] = bob.get("/api/me/org-invitations").ok()["items"]
    bob.post(f"/api/me/org-invitations/{invitation['id']}/accept").ok()
    assert acme.role_of(bob) == "member"


def test_OH_10_an_invitation_expires_after_seven_days(site: Site) -> None:
    """A second later it is gone and a new one is needed, which may then be sent."""
    acme = site.organization("openhands")
    invitation, accept = acme.invited("bob"), "/api/me/org-invitations/{}/accept"
    with site.later(days=7, seconds=1):
        site.person("bob").post(accept.format(invitation["id"])).refused(410, "invitation_expired")
        assert site.person("bob").get("/api/me/org-invitations").ok()["items"] == []
        again = made(site.person("owner").post(acme / "invitations", {"email": "bob@acme.example"}))
    with site.later(days=14, seconds=-30):
        site.person("bob").post(accept.format(again["id"])).ok()


CALLS: dict[str, Any] = {
    "start conversations": lambda acme, who, _: who.post(acme / "resources", {"kind": "conversation", "name": "A talk"}),
    "private settings": lambda acme, who, _: who.patch("/api/me", {"name": "Somebody"}),
    "invite": lambda acme, who, name: who.post(acme / "invitations", {"email": f"by-{name}@acme.example"}),
    "elevate to admin": lambda acme, who, name: who.patch(acme.member(acme.joined(f"a-{name}")), {"role": "admin"}),
    "elevate to owner": lambda acme, who, name: who.patch(acme.member(acme.joined(f"o-{name}")), {"role": "owner"}),
    "delete": lambda acme, who, _: who.delete(str(acme)),
}
"""What OpenHands lets roles do, as far as it is there: how it is asked for."""

MAY: dict[str, set[str]] = {
    "member": {"start conversations", "private settings"},
    "admin": {"start conversations", "private settings", "invite", "elevate to admin"},
    "owner": set(CALLS),
}

LATER = {"credits.add": {"admin", "owner"}, "settings.llm.write": {"admin", "owner"}, "claims.manage": {"owner"}}
"""Credits, settings of language models and claims come later; who will hold them is known."""


@pytest.mark.parametrize("role", MAY)
def test_OH_11_three_roles_and_nine_permissions(site: Site, role: str) -> None:
    """A matrix of roles by calls gives exactly what is expected; what is not built yet is held by exactly those roles."""
    acme = site.organization("openhands")
    who = acme.owner if role == "owner" else acme.joined("who", role)
    for call, ask in CALLS.items():
        answer = ask(acme, who, role)
        assert (answer.status < 300) == (call in MAY[role]), (call, answer.text)
        assert answer.status < 300 or answer.status == 403
    held = {each["name"]: each["permissions"] for each in site.preset("openhands")["roles"]}
    assert {name: {each for each in held if name in held[each]} for name in LATER} == LATER


def test_OH_12_a_change_of_role_takes_effect_at_once(site: Site) -> None:
    """The next call of the member, with the session from before, obeys it; up and down."""
    acme = site.organization("openhands")
    bob = acme.joined("bob")

    def invites(name: str) -> int:
        return bob.post(acme / "invitations", {"email": f"{name}@acme.example"}).status

    assert invites("first") == 403
    acme.owner.patch(acme.member(bob), {"role": "admin"}).ok()
    assert invites("second") == 201
    acme.owner.patch(acme.member(bob), {"role": "member"}).ok()
    assert invites("third") == 403


def test_OH_13_who_is_removed_loses_what_was_shared_and_keeps_what_is_private(site: Site) -> None:
    """The organization's resource is 404 at once; the own conversation is there in the personal scope."""
    acme = site.organization("openhands")
    bob = acme.joined("bob", "admin")
    shared, _ = acme.resource(bob, "shared"), acme.resource(bob, "talk", kind="conversation")
    gone(acme.owner.delete(acme.member(bob)))
    bob.get(shared).refused(404, "organization_not_found")
    bob.get("/api/resources/agent/shared").refused(404, "resource_not_found")
    assert bob.get("/api/resources/conversation/talk").ok()["name"] == "Talk"
    acme.owner.get(shared).ok()


def test_OH_17_one_package_runs_on_sqlite_and_on_postgresql(site: Site, request: pytest.FixtureRequest) -> None:
    """Every row of this suite runs on both; this one says on which, and that it is the real thing."""
    wanted = request.node.callspec.params["database"]
    with site.database.read() as tx:
        told = tx.exec_driver_sql("select sqlite_version()" if wanted == "sqlite" else "select version()").scalar_one()
    assert site.database.engine.dialect.name == wanted
    assert told[0].isdigit() if wanted == "sqlite" else told.startswith("PostgreSQL")
    assert site.organization("openhands").members()


def test_OH_18_a_super_admin_makes_team_organizations_and_invites_into_them(site: Site) -> None:
    """Also where they are no member, audited; restricted to them, others are refused. All have a personal workspace."""
    root, ada = site.super_admin(), site.person("ada")
    root.put("/api/installation", {"organizations": "on", "creation": "super_admins"}).ok()
    ada.post("/api/orgs", {"display_name": "Mine"}).refused(403, "creation_restricted")
    told = made(root.post("/api/orgs", {"display_name": "Acme", "owner_email": ada.email, "preset": "openhands"}))
    home = f"/api/orgs/{told['id']}"
    made(root.post(f"{home}/invitations", {"email": "bob@acme.example", "role": "admin"}))
    assert [each["email"] for each in ada.get(f"{home}/members").ok()["items"]] == [ada.email]
    [entry] = [each for each in ada.everything(f"{home}/audit") if each["action"] == "invitation.created"]
    assert entry["actor"] == root.email
    _has_a_personal_workspace(ada)


def _has_a_personal_workspace(who: Someone) -> None:
    made(who.post("/api/resources", {"kind": "agent", "id": "own", "name": "Own"}))
    assert who.get("/api/resources/agent/own").ok()["owner"] == "person"
