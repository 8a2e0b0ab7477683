"""Organizations over HTTP: founding, listing, changing, and who may (OA-1 to OA-10, OH-7, OH-18, TG-2, TG-17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from connector.membership.roles import PRESETS
from connector.organizations import installation
from tests.api.test_members import ADMIN, MEMBER, OTHER, OWNER, audit, org
from tests.support.api import Api, Client
from tests.support.racing import race

ADA, CHIEF = "ada@acme.example", "chief@installation.example"


def chief(api: Api) -> Client:
    """A super admin, signed in locally."""
    installation.add_super_admin(api.database, CHIEF)
    return api.as_(CHIEF)


def slugs(client: Client, **query: Any) -> list[str]:
    """The organizations of a list, by slug."""
    return [each["slug"] for each in client.everything("/api/orgs", **query)]


def test_presets_are_listed_with_their_roles(api: Api) -> None:
    """Part A: five, each with its roles, highest first, its kinds, and what else it brings."""
    told = {each["name"]: each for each in api.as_(ADA).get("/api/presets").ok()["items"]}
    assert set(told) == set(PRESETS)
    assert [role["name"] for role in told["oagents"]["roles"]] == ["owner", "admin", "member", "billing"]
    assert (told["together"]["default_project"], told["together"]["single_org"]) == (True, True)
    assert {kind["name"] for kind in told["onet"]["kinds"] if kind["in_project"]} == {"vps", "domain", "hosting"}


def test_two_of_one_name_have_two_slugs_and_an_owner_each(api: Api) -> None:
    """OA-5: the slug is made from the name and made unique; who makes it is its only owner."""
    ada = api.as_(ADA)
    made = [ada.post("/api/orgs", {"display_name": "Acme Inc"}).ok() for _ in range(2)]
    assert [each["slug"] for each in made] == ["acme-inc", "acme-inc-2"]
    [member] = ada.get("/api/orgs/acme-inc-2/members").ok()["items"]
    assert (member["email"], member["role"], member["source"]) == (ADA, "owner", "founder")


def test_a_taken_slug_that_was_asked_for_gets_an_ending(api: Api) -> None:
    """OA-6: the documented choice; the id is the organization's own in any case."""
    ada = api.as_(ADA)
    made = [ada.post("/api/orgs", {"display_name": "Acme", "slug": "acme"}).ok() for _ in range(2)]
    assert [each["slug"] for each in made] == ["acme", "acme-2"]


def test_of_six_at_once_each_gets_a_slug_of_its_own(api: Api) -> None:
    """Whoever loses the race for one takes the next."""
    clients = [api.as_(f"p{number}@acme.example") for number in range(6)]
    made, refused = race([lambda c=c: c.post("/api/orgs", {"display_name": "Acme"}).ok()["slug"] for c in clients])  # type: ignore[misc]
    assert (len(set(made)), refused) == (6, [])


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("Zoë & Søns — Łódź", "zoe-sons-lodz", id="letters with marks"),
        pytest.param("Straße №5", "strasse-no5", id="letters that become two"),
        pytest.param("株式会社", "org", id="no letter of ASCII"),
        pytest.param("X", "org-x", id="one letter"),
        pytest.param("--- ", "org", id="nothing to read"),
        pytest.param("0195a1b2-0000-7000-8000-000000000000", "org-0195a1b2-0000-7000-8000-000000000000", id="the form of an id"),
        pytest.param("a" * 200, "a" * 63, id="a long one"),
    ],
)
def test_a_slug_is_made_from_any_name(api: Api, name: str, slug: str) -> None:
    """Each row: a name, and the slug it gets; the name stays as it was written."""
    made = api.as_(ADA).post("/api/orgs", {"display_name": name}).ok()
    assert (made["slug"], made["display_name"], made["name"]) == (slug, name.strip(), name.strip())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"display_name": " "}, "name_invalid"),
        ({"display_name": "x" * 201}, "name_invalid"),
        ({"display_name": "Acme", "slug": "No"}, "slug_invalid"),
        ({"display_name": "Acme", "slug": ""}, "slug_invalid"),
        ({"display_name": "Acme", "preset": "mine"}, "preset_unknown"),
        ({}, "body_invalid"),
        ({"display_name": "Acme", "mode": "sso"}, "body_invalid"),
    ],
)
def test_what_cannot_be_used_is_refused(api: Api, body: Mapping[str, Any], code: str) -> None:
    """Each row: a body, and the code of the refusal."""
    api.as_(ADA).post("/api/orgs", body).refused(400, code)
    assert api.as_(ADA).get("/api/orgs").ok()["items"] == []


def test_whoever_is_not_signed_in_makes_none(api: Api) -> None:
    """ON-16; and neither does the key of one organization, or one that is for other things."""
    api.nobody().post("/api/orgs", {"display_name": "Acme"}).refused(401, "signed_out")
    home, _ = org(api)
    api.key(OWNER, organization=home.rpartition("/")[2]).post("/api/orgs", {"display_name": "B"}).refused(403, "personal_closed")
    api.key(OWNER, scopes=["org.read"]).post("/api/orgs", {"display_name": "B"}).refused(403, "personal_closed")
    assert api.key(OWNER, scopes=["personal"]).post("/api/orgs", {"display_name": "Bee"}).ok()["slug"] == "bee"


def test_an_account_has_any_number_of_organizations(api: Api) -> None:
    """OA-3, AP-9: pages of the list follow one another; each tells the role; a suspended member does not see it (OA-8)."""
    ada = api.as_(ADA)
    assert ada.get("/api/orgs").ok()["items"] == []
    made = [ada.post("/api/orgs", {"display_name": f"Org {number}"}).ok() for number in range(3)]
    assert slugs(ada, limit=2) == ["org-0", "org-1", "org-2"]
    bob = api.person(OTHER)
    api.as_(OTHER).patch("/api/me", {"username": "bob"}).ok()
    for each in made:
        ada.put(f"/api/orgs/{each['id']}/members", {"username": "bob", "role": "admin"}).ok()
    ada.post(f"/api/orgs/{made[1]['id']}/members/{bob}/suspend").ok()
    told = api.as_(OTHER).get("/api/orgs").ok()["items"]
    assert [(each["slug"], each["role"]) for each in told] == [("org-0", "admin"), ("org-2", "admin")]


def test_one_organization_per_account_holds_when_one_is_made(api: Api) -> None:
    """TG-2: who belongs to one with the policy makes no other, and nobody who belongs elsewhere makes one with it."""
    ada, bob = api.as_(ADA), api.as_(OTHER)
    ada.post("/api/orgs", {"display_name": "Lab", "preset": "together"}).ok()
    ada.post("/api/orgs", {"display_name": "Second"}).refused(409, "single_org")
    bob.post("/api/orgs", {"display_name": "Bell"}).ok()
    bob.post("/api/orgs", {"display_name": "Lab 2", "preset": "together"}).refused(409, "single_org")
    assert (slugs(ada), slugs(bob)) == (["lab"], ["bell"])


def test_two_made_at_once_by_one_account_are_one_with_the_policy(api: Api) -> None:
    """The person's row is locked before it is looked where else they belong."""
    ada = api.as_(ADA)

    def made() -> int:
        return ada.post("/api/orgs", {"display_name": "Lab", "preset": "together"}).status

    ended, _ = race([made] * 4)
    assert sorted(ended) == [201, 409, 409, 409]


def test_everybody_of_the_preset_is_in_its_default_project(api: Api) -> None:
    """TG-17: the founder too, and whoever is added; the entry of the organization tells of the founder."""
    home, owner = org(api, "together", member="member")
    told = {each["email"]: each["projects"] for each in owner.get(f"{home}/members").ok()["items"]}
    assert told == {OWNER: ["default"], MEMBER: ["default"]}
    assert [each["action"] for each in audit(owner, home)] == ["member.joined", "organization.created"]


def test_a_request_that_is_sent_again_makes_nothing_again(api: Api) -> None:
    """Idempotency-Key: the same answer, and one organization, also at the same moment."""
    ada = api.as_(ADA).having(Idempotency_Key="one")
    made, _ = race([lambda: ada.post("/api/orgs", {"display_name": "Acme"}).ok()["id"]] * 3)
    assert len(set(made)) == 1
    assert slugs(api.as_(ADA)) == ["acme"]
    ada.post("/api/orgs", {"display_name": "Bell"}).refused(409, "idempotency_key_reused")


def test_name_slug_and_picture_are_changed(api: Api) -> None:
    """OA-10: by admins; the id stays, the old slug leads nowhere; one entry tells what was different."""
    home, owner = org(api, admin="admin", member="member")
    told = (
        api.as_(ADMIN).patch(home, {"display_name": "Acme 2", "slug": "acme2", "avatar_url": "https://acme.example/a.png"}).ok()
    )
    assert (told["display_name"], told["slug"], told["avatar_url"]) == ("Acme 2", "acme2", "https://acme.example/a.png")
    assert owner.get("/api/orgs/acme2").ok()["id"] == home.rpartition("/")[2]
    owner.get("/api/orgs/acme").refused(404, "organization_not_found")
    api.as_(MEMBER).patch(home, {"slug": "mine"}).refused(403, "permission_missing")
    entry = audit(owner, home)[0]
    assert (entry["action"], entry["actor"], entry["before"]["slug"], entry["after"]["slug"]) == (
        "organization.changed",
        ADMIN,
        "acme",
        "acme2",
    )
    owner.patch(home, {"slug": "acme2"}).ok()
    assert audit(owner, home)[0] == entry
    assert owner.patch(home, {"avatar_url": None}).ok()["avatar_url"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"slug": "A"}, "slug_invalid"),
        ({"display_name": ""}, "name_invalid"),
        ({"display_name": None}, "body_invalid"),
        ({"avatar_url": "http://acme.example/a.png"}, "avatar_invalid"),
        ({"avatar_url": "javascript:alert(1)"}, "avatar_invalid"),
        ({"avatar_url": "https://user:secret@acme.example/a.png"}, "avatar_invalid"),
        ({"avatar_url": "https:///a.png"}, "avatar_invalid"),
        ({"avatar_url": "https://acme.example:x/"}, "avatar_invalid"),
        ({"avatar_url": "https://acme.example/\n"}, "avatar_invalid"),
        ({"avatar_url": "https://acme.example/" + "a" * 2048}, "avatar_invalid"),
    ],
)
def test_what_cannot_be_set_is_refused(api: Api, body: Mapping[str, Any], code: str) -> None:
    """Each row: a change, and the code of the refusal."""
    home, owner = org(api)
    owner.patch(home, body).refused(400, code)


def test_a_slug_of_somebody_else_is_not_taken(api: Api) -> None:
    """A rename is refused and not given an ending."""
    home, owner = org(api)
    api.as_(OTHER).post("/api/orgs", {"display_name": "Bell"}).ok()
    owner.patch(home, {"slug": "bell"}).refused(409, "slug_taken")


def test_a_change_of_another_version_is_refused(api: Api) -> None:
    """If-Match with the ETag that was read: of two who read the same, one changes it."""
    home, owner = org(api)
    known = {"If-Match": owner.get(home).headers["ETag"]}
    owner.patch(home, {"display_name": "First"}, headers=known).ok()
    owner.patch(home, {"display_name": "Second"}, headers=known).refused(412, "version_mismatch")
    assert owner.get(home).ok()["display_name"] == "First"


def test_an_outsider_learns_nothing(api: Api) -> None:
    """OA-9: 404 for what is there and for what is not, in the same words."""
    home, _ = org(api)
    stranger = api.as_(OTHER)
    for path in ("", "/members", "/roles", "/entitlements", "/break-glass"):
        known = stranger.get(home + path).refused(404, "organization_not_found")
        unknown = stranger.get("/api/orgs/nothing" + path).refused(404, "organization_not_found")
        assert known | {"reference": ""} == unknown | {"reference": ""}
    stranger.patch(home, {"display_name": "Mine"}).refused(404, "organization_not_found")
    stranger.delete(home).refused(404, "organization_not_found")


def test_a_deleted_organization_is_as_one_that_never_was(api: Api) -> None:
    """Whoever changes something at its address hears the same as anywhere else, its owner too."""
    home, owner = org(api)
    owner.delete(home).ok()
    change = {"display_name": "Mine"}
    for asking in (owner, api.as_(OTHER)):
        gone, never = (asking.patch(f"/api/orgs/{name}", change) for name in (home.rpartition("/")[2], "nothing"))
        known, unknown = (each.refused(404, "organization_not_found") for each in (gone, never))
        assert known | {"reference": ""} == unknown | {"reference": ""}


def test_new_organizations_can_be_switched_off(api: Api) -> None:
    """OH-7: 402 with a code; super admins still make them; on again, everybody does."""
    root = chief(api)
    assert root.put("/api/installation", {"organizations": "off"}).ok() == {"organizations": "off", "creation": "anyone"}
    api.as_(ADA).post("/api/orgs", {"display_name": "Acme"}).refused(402, "not_entitled")
    root.post("/api/orgs", {"display_name": "Root"}).ok()
    root.put("/api/installation", {"organizations": "on"}).ok()
    api.as_(ADA).post("/api/orgs", {"display_name": "Acme"}).ok()


def test_a_super_admin_makes_an_organization_for_somebody_else(api: Api) -> None:
    """OH-18: and is no member of it; others may not, and make none at all where that is restricted."""
    root = chief(api)
    made = root.post("/api/orgs", {"display_name": "Acme", "owner_email": ADA}).ok()
    assert (made["role"], slugs(root)) == (None, [])
    assert api.as_(ADA).get("/api/orgs/acme").ok()["role"] == "owner"
    root.get(f"/api/orgs/{made['id']}/members").refused(403, "permission_missing")
    api.as_(OTHER).post("/api/orgs", {"display_name": "B", "owner_email": ADA}).refused(403, "creation_restricted")
    root.put("/api/installation", {"creation": "super_admins"}).ok()
    api.as_(OTHER).post("/api/orgs", {"display_name": "B"}).refused(403, "creation_restricted")
    assert slugs(root, all=True) == ["acme"]
    api.as_(OTHER).get("/api/orgs", all=True).refused(403, "permission_missing")


def test_the_installation_is_there_for_super_admins_who_signed_in_locally(api: Api) -> None:
    """For everybody else there is nothing: also with a super admin's own key."""
    root = chief(api)
    named = root.put("/api/installation/super-admins", {"email": ADA}).refused(404, "person_not_found")
    assert named["status"] == 404
    api.as_(ADA).get("/api/installation").refused(404, "not_found")
    api.key(CHIEF).get("/api/installation").refused(404, "not_found")
    assert root.put("/api/installation/super-admins", {"email": ADA}).ok()["email"] == ADA
    assert [each["email"] for each in api.as_(ADA).get("/api/installation/super-admins").ok()["items"]] == [CHIEF, ADA]
    root.delete(f"/api/installation/super-admins/{ADA}").ok()
    api.as_(ADA).get("/api/installation/super-admins").refused(404, "not_found")


def test_entitlements_are_read_by_members_and_switched_by_super_admins(api: Api) -> None:
    """TG-6, TG-18: on until switched off; one entry, by the name of the super admin."""
    home, owner = org(api)
    assert owner.get(f"{home}/entitlements").ok() == {"invitations": True, "projects": True}
    owner.put(f"{home}/entitlements", {"projects": False}).refused(403, "permission_missing")
    assert chief(api).put(f"{home}/entitlements", {"projects": False}).ok() == {"invitations": True, "projects": False}
    entry = audit(owner, home)[0]
    assert (entry["action"], entry["actor"], entry["after"]) == ("entitlements.changed", CHIEF, {"projects": False})
