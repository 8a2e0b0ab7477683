"""ORGANIZATIONS.md part F: the OAgents product, invitations and members (OA-18 to OA-25)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from connector.storage import tables as t
from connector.storage.ids import new_id
from tests.acceptance.idp import in_sso
from tests.acceptance.site import Organization, Site, Someone, address, gone, made
from tests.support.api import Answer
from tests.support.racing import race


def _accept(invitation: Any) -> str:
    return f"/api/me/org-invitations/{invitation['id']}/accept"


def test_OA_18_who_invites_may_give_the_role_then_and_at_the_moment_of_joining(site: Site) -> None:
    """Admins invite at admin, member and billing, only owners at owner; demoted before the answer, the answer is 409."""
    acme = site.organization()
    bob = acme.joined("bob", "admin")
    for role in ("admin", "member", "billing"):
        made(bob.post(acme / "invitations", {"email": f"{role}@acme.example", "role": role}))
    bob.post(acme / "invitations", {"email": "x@acme.example", "role": "owner"}).refused(403, "role_above")
    assert acme.invited("y", "owner")["role"] == "owner"
    acme.owner.patch(acme.member(bob), {"role": "member"}).ok()
    invited = site.person("admin")
    [invitation] = invited.get("/api/me/org-invitations").ok()["items"]
    invited.post(_accept(invitation)).refused(409, "inviter_may_not")
    assert "admin@acme.example" not in acme.members()


def test_OA_19_the_invited_person_sees_it_and_accepts_or_declines(site: Site) -> None:
    """The banner is there for the invitee only."""
    acme, bob, eve = site.organization(), site.person("bob"), site.person("eve")
    first, second = acme.invited("bob"), site.organization(name="Beta").invited("bob")
    listed = bob.get("/api/me/org-invitations").ok()["items"]
    assert [(each["id"], each["organization"]["display_name"]) for each in listed] == [
        (first["id"], "Acme"),
        (second["id"], "Beta"),
    ]
    for other in (eve, acme.owner):
        assert other.get("/api/me/org-invitations").ok()["items"] == []
    bob.post(_accept(first)).ok()
    gone(bob.post(_accept(second).replace("accept", "decline")))
    assert bob.get("/api/me/org-invitations").ok()["items"] == []
    assert [each["id"] for each in bob.get("/api/orgs").ok()["items"]] == [acme.id]


def test_OA_20_an_invitation_finds_the_account_once_its_address_is_verified(site: Site) -> None:
    """Invited before there is an account; a verified address finds it, however it is written, an unverified one does not."""
    acme = site.organization()
    acme.invited("New.Person@Acme.Example")
    eve = site.person("eve")
    _claims(site, eve, "new.person@acme.example")
    assert eve.get("/api/me/org-invitations").ok()["items"] == []
    new = site.signed_up("new.person@acme.example")
    assert len(new.get("/api/me/org-invitations").ok()["items"]) == 1


def _claims(site: Site, who: Someone, email: str) -> None:
    """Somebody has an address that nobody has verified, as an identity provider may have said."""
    row = {"email": email, "email_key": email, "verified": False, "is_primary": False, "created_at": datetime.now(UTC)}
    site.database.write(lambda tx: tx.execute(insert(t.Address).values(id=new_id(), person_id=who.id, **row)))


def test_OA_21_one_pending_invitation_for_an_address(site: Site) -> None:
    """A second one is 409, in whatever case it is written; after expiry there may be another."""
    acme = site.organization()
    acme.invited("bob")
    acme.owner.post(acme / "invitations", {"email": "BOB@acme.example"}).refused(409, "invitation_pending")
    site.organization(name="Beta").invited("bob")
    with site.later(days=7, seconds=1):
        made(site.person("owner").post(acme / "invitations", {"email": "bob@acme.example"}))


def test_OA_21_of_two_at_the_same_moment_one_is_made(site: Site) -> None:
    """The unique index decides."""
    acme = site.organization()

    def invite() -> int:
        answer: Answer = acme.owner.post(acme / "invitations", {"email": "bob@acme.example"})
        return answer.status

    assert sorted(race([invite, invite])[0]) == [201, 409]


def test_OA_22_members_are_listed_changed_and_removed(site: Site) -> None:
    """Each row has its source; admins change roles, but owners' only owners; oneself one may leave."""
    acme = site.organization()
    bob, cyd = acme.joined("bob", "admin"), acme.joined("cyd")
    assert {each["source"] for each in cyd.get(acme / "members").ok()["items"]} == {"founder", "invitation"}
    bob.patch(acme.member(cyd), {"role": "billing"}).ok()
    cyd.patch(acme.member(bob), {"role": "member"}).refused(403, "permission_missing")
    cyd.delete(acme.member(bob)).refused(403, "permission_missing")
    gone(cyd.delete(acme.member(cyd)))
    gone(bob.delete(acme.member(bob)))
    assert set(acme.members()) == {"owner@acme.example"}


def test_OA_22_who_is_managed_by_the_identity_provider_leaves_there(site: Site) -> None:
    """409 with the reason, unless the organization lets its members leave."""
    idp = in_sso(site.organization())
    acme = idp.organization
    idp.pushed("ada")
    ada = idp.signed_in("ada")
    told = ada.delete(acme.member(ada)).refused(409, "managed_by_idp")
    assert told["advice"]
    assert acme.members()["ada@acme.example"]["status"] == "active"
    acme.owner.put(acme / "settings/auth", {"member_may_leave": True}).ok()
    gone(ada.delete(acme.member(ada)))
    assert "ada@acme.example" not in {each["email"] for each in acme.members().values() if each["status"] == "active"}


def test_OA_23_invitations_are_made_listed_and_cancelled_by_admins(site: Site) -> None:
    """Three calls, none for members; in sso the first is 409 `membership_mode`."""
    acme = site.organization()
    bob, cyd = acme.joined("bob", "admin"), acme.joined("cyd")
    invitation = made(bob.post(acme / "invitations", {"email": "dan@acme.example"}))
    listed = bob.get(acme / "invitations", status="pending").ok()["items"]
    assert [(each["id"], each["email"]) for each in listed] == [(invitation["id"], "dan@acme.example")]
    cyd.get(acme / "invitations").refused(403, "permission_missing")
    cyd.delete(acme / f"invitations/{invitation['id']}").refused(403, "permission_missing")
    gone(bob.delete(acme / f"invitations/{invitation['id']}"))
    site.person("dan").post(_accept(invitation)).refused(410, "invitation_over")
    pending = acme.invited("eve")
    acme = in_sso(acme).organization
    acme.owner.post(acme / "invitations", {"email": "fay@acme.example"}).refused(409, "membership_mode")
    assert acme.owner.get(acme / "invitations", status="pending").ok()["items"] == []
    acme.owner.post(acme / f"invitations/{pending['id']}/resend").refused(409, "membership_mode")


def test_OA_24_only_the_addressee_answers(site: Site) -> None:
    """To others it does not exist: 404. In sso accepting is 409."""
    acme = site.organization()
    invitation, eve, bob = acme.invited("bob"), site.person("eve"), site.person("bob")
    for answer in ("accept", "decline"):
        eve.post(_accept(invitation).replace("accept", answer)).refused(404, "invitation_not_found")
    in_sso(acme)
    bob.post(_accept(invitation)).refused(409, "membership_mode")
    assert bob.get("/api/me/org-invitations").ok()["items"] == []


BY_PEOPLE: dict[str, Callable[[Organization], Answer]] = {
    "demoted": lambda acme: acme.owner.patch(acme.member(acme.owner), {"role": "member"}),
    "removed and blocked": lambda acme: acme.owner.delete(acme.member(acme.owner), block="true"),
    "left": lambda acme: acme.owner.delete(acme.member(acme.owner)),
    "suspended": lambda acme: acme.owner.post(f"{acme.member(acme.owner)}/suspend"),
}


@pytest.mark.parametrize("path", BY_PEOPLE)
def test_OA_25_the_last_owner_stays_on_every_path_by_people(site: Site, path: str) -> None:
    """409 `last_owner`; once another is promoted, it goes."""
    acme = site.organization()
    bob = acme.joined("bob")
    BY_PEOPLE[path](acme).refused(409, "last_owner")
    assert acme.role_of(acme.owner) == "owner"
    acme.owner.patch(acme.member(bob), {"role": "owner"}).ok()
    BY_PEOPLE[path](acme).ok()
    assert bob.get(acme.member(bob)).ok()["role"] == "owner"


def test_OA_25_the_identity_provider_gets_success_and_the_last_owner_stays(site: Site) -> None:
    """By SCIM the change is withheld, audited as `guard.last_owner` and alerted, while SCIM answers success."""
    acme = site.organization()
    ada = acme.joined("ada", "owner")
    idp = in_sso(acme)
    user = idp.pushed("ada")
    _on_leave(idp.organization)
    assert idp.sets_active(user, False).status_code == 200
    key = site.api.key(ada.email, organization=acme.id)
    entries = [each for each in key.everything(acme / "audit", limit=200) if each["action"] == "guard.last_owner"]
    assert [each["target"] for each in entries] == ["ada@acme.example"]
    assert key.get(acme.member(ada)).ok()["status"] == "active"
    assert "ada@acme.example" in {mail.recipient for mail in site.mails()}


def _on_leave(acme: Organization) -> None:
    """The founder is suspended, as no verb does to a break-glass owner: then the next owner is the last."""
    member = acme.members()[address("owner")]["id"]
    row = {"membership_id": member, "cause": "admin", "organization_id": acme.id, "connection_id": None}
    row |= {"origin": "on leave", "created_at": datetime.now(UTC)}
    acme.site.database.write(lambda tx: tx.execute(insert(t.Suspension).values(**row)))


def test_OA_25_of_two_owners_who_demote_each_other_at_once_one_fails(site: Site) -> None:
    """Never none."""
    acme = site.organization()
    bob = acme.joined("bob", "owner")
    pairs = ((acme.owner, bob), (bob, acme.owner))

    def demote(who: Someone, whom: Someone) -> Callable[[], int]:
        return lambda: who.patch(acme.member(whom), {"role": "member"}).status

    answers = sorted(race([demote(*pair) for pair in pairs])[0])
    assert answers[0] == 200
    assert answers[1] in (403, 409)
    roles = {each["role"] for each in bob.get(acme / "members").ok()["items"]}
    assert "owner" in roles
