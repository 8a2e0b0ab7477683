"""Invitations over HTTP: inviting, the banner, the link of the mail, and moving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import time_machine
from sqlalchemy import update

from connector.accounts.sessions import Proof
from connector.organizations import entitlements, organizations
from connector.storage import tables as t
from tests.accounts import people
from tests.organizations import inviting
from tests.organizations.inviting import LEO, WEEK
from tests.support.api import COOKIE, Api, Client

OWNER = "owner@acme.example"
HERE = "/api/orgs/acme/invitations"
MINE = "/api/me/org-invitations"


@pytest.fixture(autouse=True)
def known_sealer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the mails which wait can be read."""
    house = api.app.extensions["connector"]
    monkeypatch.setattr(inviting, "SEALER", house.sealer)
    monkeypatch.setattr(inviting, "BASE", house.settings.base_url)


@pytest.fixture
def acme(api: Api) -> str:
    """An organization by invitation, founded by owner@acme.example; returns the id."""
    return organizations.create(api.database, "acme", "Acme", OWNER).id


def invite(api: Api, email: str = LEO, **said: Any) -> Any:
    """The owner invites."""
    return api.as_(OWNER).post(HERE, {"email": email, **said}).ok()


def link(api: Api, email: str = LEO) -> str:
    """Where the newest mail to an address leads, as the API has it."""
    return f"/api/invitations/{inviting.token_of(api.database, email)}"


def test_invited_found_accepted(api: Api, acme: str) -> None:
    """The whole way, as an application goes it; what is answered is as described, and never has the link."""
    made = invite(api, role="admin")
    assert {name: made[name] for name in ("email", "role", "status", "invited_by", "move_requested")} == {
        "email": LEO, "role": "admin", "status": "pending", "invited_by": OWNER, "move_requested": False,
    }  # fmt: skip
    assert link(api).rpartition("/")[2] not in str(made) + api.as_(OWNER).get(HERE).text
    leo = api.as_(LEO)
    [shown] = leo.get(MINE).ok()["items"]
    assert (shown["id"], shown["organization"]["slug"], shown["role"]) == (made["id"], "acme", "admin")
    joined = leo.post(f"{MINE}/{made['id']}/accept").ok()
    assert (joined["organization"]["id"], joined["role"]) == (acme, "admin")
    assert [each["slug"] for each in leo.get("/api/me").ok()["organizations"]] == ["acme"]
    assert api.as_(OWNER).get(HERE).ok()["items"][0]["status"] == "accepted"
    leo.post(f"{MINE}/{made['id']}/accept").refused(410, "invitation_over")


def test_the_banner_is_for_the_invited_person_only(api: Api, acme: str) -> None:
    """OA-19, OA-24: nobody else sees it, answers it, or learns that it is there."""
    made = invite(api)
    for other in (api.as_("mia@b.example"), api.as_(OWNER)):
        assert other.get(MINE).ok() == {"items": [], "next_cursor": None}
        for answer in ("accept", "decline", "request-move"):
            other.post(f"{MINE}/{made['id']}/{answer}").refused(404, "invitation_not_found")
    api.nobody().get(MINE).refused(401, "signed_out")


def test_the_banner_needs_what_opens_the_person(api: Api, acme: str) -> None:
    """Neither break-glass, nor an organization's key, nor a personal key for something else."""
    invite(api)
    api.as_(OWNER, Proof("break_glass", acme)).get(MINE).refused(403, "personal_closed")
    api.key(OWNER, organization=acme).get(MINE).refused(403, "personal_closed")
    api.key(LEO, scopes=["org.read"]).get(MINE).refused(403, "personal_closed")
    assert len(api.key(LEO, scopes=["personal"]).get(MINE).ok()["items"]) == 1


def test_declined(api: Api, acme: str) -> None:
    """204, and over; the address may be invited again."""
    made, leo = invite(api), api.as_(LEO)
    assert leo.post(f"{MINE}/{made['id']}/decline").status == 204
    leo.post(f"{MINE}/{made['id']}/accept").refused(410, "invitation_over")
    assert leo.get(MINE).ok()["items"] == []
    assert invite(api)["id"] != made["id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": LEO, "role": "emperor"}, 400, "unknown_role"),
        ({"email": "leo"}, 400, "email_invalid"),
        ({}, 400, "body_invalid"),
        ({"email": LEO, "days": 3}, 400, "body_invalid"),
        ({"email": OWNER}, 409, "already_member"),
    ],
)
def test_what_is_refused(api: Api, acme: str, body: dict[str, str], status: int, code: str) -> None:
    """Each row: a body."""
    api.as_(OWNER).post(HERE, body).refused(status, code)


def test_cancelled_and_sent_again(api: Api, acme: str) -> None:
    """Sent again the old link is unknown; cancelled it is over."""
    made, owner = invite(api), api.as_(OWNER)
    old = link(api)
    assert owner.post(f"{HERE}/{made['id']}/resend").ok()["id"] == made["id"]
    api.nobody().get(old).refused(404, "invitation_not_found")
    assert owner.delete(f"{HERE}/{made['id']}").status == 204
    api.nobody().get(link(api)).refused(410, "invitation_over")
    owner.delete(f"{HERE}/{made['id']}").refused(410, "invitation_over")
    owner.post(f"{HERE}/{made['id']}/resend").refused(410, "invitation_over")
    owner.delete(f"{HERE}/no-such-id").refused(404, "invitation_not_found")


def test_listed_by_status_page_by_page(api: Api, acme: str) -> None:
    """With cursors, oldest first."""
    made = [invite(api, f"p{number}@b.example")["id"] for number in range(3)]
    owner = api.as_(OWNER)
    owner.delete(f"{HERE}/{made[0]}").ok()
    assert [each["id"] for each in owner.everything(HERE, limit=1)] == made
    assert [each["id"] for each in owner.get(HERE, status="pending").ok()["items"]] == made[1:]
    owner.get(HERE, status="lost").refused(400, "query_invalid")


def test_sent_twice_with_one_key_it_is_one_invitation(api: Api, acme: str) -> None:
    """And one mail."""
    answers = [api.as_(OWNER).post(HERE, {"email": LEO}, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(inviting.mails(api.database)) == 1


def test_outsiders_and_members_without_the_right(api: Api, acme: str) -> None:
    """404 for who does not belong, 403 for who does."""
    made = invite(api)
    stranger, member = api.as_("mia@b.example"), api.as_("member@b.example")
    inviting.Inviting(api.database, acme, "acme").invite("member@b.example")
    member.post(f"{MINE}/{member.get(MINE).ok()['items'][0]['id']}/accept").ok()
    for client, status, code in ((stranger, 404, "organization_not_found"), (member, 403, "permission_missing")):
        client.get(HERE).refused(status, code)
        client.post(HERE, {"email": "x@b.example"}).refused(status, code)
        client.delete(f"{HERE}/{made['id']}").refused(status, code)
        for verb in ("resend", "approve-move"):
            client.post(f"{HERE}/{made['id']}/{verb}").refused(status, code)


def test_where_invitations_are_off(api: Api, acme: str) -> None:
    """TG-6."""
    entitlements.switch(api.database, acme, {"invitations": False})
    api.as_(OWNER).post(HERE, {"email": LEO}).refused(403, "not_enabled")


def test_in_sso_mode(api: Api, acme: str) -> None:
    """OA-23, OA-24: inviting, sending again, cancelling and accepting are 409; the list shows how they ended."""
    made, leo = invite(api), api.as_(LEO)
    with api.database.engine.begin() as tx:
        tx.execute(update(t.Invitation).values(status="ended"))
        tx.execute(update(t.Organization).where(t.Organization.id == acme).values(membership_mode="sso"))
    owner = api.as_(OWNER, Proof("break_glass", acme))
    owner.post(HERE, {"email": "x@b.example"}).refused(409, "membership_mode")
    owner.post(f"{HERE}/{made['id']}/resend").refused(409, "membership_mode")
    owner.delete(f"{HERE}/{made['id']}").refused(409, "membership_mode")
    leo.post(f"{MINE}/{made['id']}/accept").refused(409, "membership_mode")
    api.nobody().get(link(api)).refused(409, "membership_mode")
    assert [each["status"] for each in owner.get(HERE).ok()["items"]] == ["ended"]


def test_a_week_later(api: Api, acme: str) -> None:
    """OH-10: 410, by banner and by link; a new one is 201."""
    made = invite(api)
    api.person(LEO)
    with time_machine.travel(datetime.now(UTC) + WEEK - timedelta(minutes=1)):
        assert api.nobody().get(link(api)).ok()["needs_sign_in"]
    with time_machine.travel(datetime.now(UTC) + WEEK + timedelta(seconds=1)):
        leo = api.as_(LEO)
        leo.post(f"{MINE}/{made['id']}/accept").refused(410, "invitation_expired")
        leo.post(f"{link(api)}/accept").refused(410, "invitation_expired")
        assert api.as_(OWNER).post(HERE, {"email": LEO}).status == 201


# --------------------------------------------------------------------------------------------------------------- the link


def test_a_link_makes_an_account_and_signs_in(api: Api, acme: str) -> None:
    """TG-9: nobody before; then a person, a member and a cookie; a second time 410."""
    invite(api)
    address, nobody = link(api), api.nobody()
    offer = nobody.get(address).ok()
    assert (offer["organization"]["display_name"], offer["email"], offer["needs_sign_in"]) == ("Acme", LEO, False)
    answer = nobody.post(f"{address}/accept")
    assert answer.ok()["organization"]["slug"] == "acme"
    cookie = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    me = Client(api.app, {"Cookie": f"{COOKIE}={cookie.value}"}).get("/api/me").ok()
    assert (me["email"], [(each["slug"], each["open_by"]) for each in me["organizations"]]) == (LEO, [("acme", "local")])
    nobody.post(f"{address}/accept").refused(410, "invitation_over")


def test_with_an_account_its_holder_signs_in(api: Api, acme: str) -> None:
    """TG-10: signed out 401, which says where; as somebody else 403; as the holder 200, without a new session."""
    invite(api)
    leo = api.as_(LEO)
    address = link(api)
    problem = api.nobody().post(f"{address}/accept").refused(401, "sign_in_first")
    assert f"/login?next=%2Finvitations%2F{address.rpartition('/')[2]}" in problem["advice"]
    api.as_("mia@b.example").post(f"{address}/accept").refused(403, "other_address")
    api.key(LEO, scopes=["org.read"]).post(f"{address}/accept").refused(403, "personal_closed")
    api.bearer("cnk_wrong").post(f"{address}/accept").refused(401, "key_unknown")
    answer = leo.post(f"{address}/accept")
    assert answer.ok()["role"] == "member"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "%ED%A0%80"])
def test_an_odd_link_is_404(api: Api, token: str) -> None:
    """Whatever stands there."""
    for answer in (api.nobody().get(f"/api/invitations/{token}"), api.nobody().post(f"/api/invitations/{token}/accept")):
        assert answer.status == 404


# ------------------------------------------------------------------------------------------------------------------ moving


def test_moving_from_one_organization_to_another(api: Api) -> None:
    """TG-2, TG-10: single_org stands in the way, the person asks, an admin agrees, and both sides are told by their rules."""
    for slug in ("acme", "bell"):
        organizations.create(api.database, slug, slug.title(), f"owner@{slug}.example", "together")
    bell = "/api/orgs/bell/invitations"
    first = api.as_("owner@bell.example").post(bell, {"email": LEO}).ok()
    leo = api.as_(LEO)
    leo.post(f"{MINE}/{first['id']}/request-move").refused(409, "move_not_needed")
    leo.post(f"{MINE}/{first['id']}/accept").ok()
    made = invite(api)
    leo.post(f"{MINE}/{made['id']}/accept").refused(409, "single_org")
    api.as_(OWNER).post(f"{HERE}/{made['id']}/approve-move").refused(409, "move_not_requested")
    assert leo.post(f"{MINE}/{made['id']}/request-move").ok()["move_requested"]
    assert api.as_(OWNER).get(HERE).ok()["items"][0]["move_requested"]
    moved = api.as_(OWNER).post(f"{HERE}/{made['id']}/approve-move").ok()
    assert moved["status"] == "accepted"
    assert [each["slug"] for each in leo.get("/api/me").ok()["organizations"]] == ["acme"]
    api.as_(OWNER).post(f"{HERE}/{made['id']}/approve-move").refused(410, "invitation_over")


def test_asking_too_often_is_429(api: Api, acme: str) -> None:
    """Per address of the client; with when to come back."""
    nobody = api.nobody()
    with time_machine.travel(people.NOW, tick=False):
        for _ in range(300):
            nobody.get("/api/invitations/x").refused(404, "invitation_not_found")
        nobody.get("/api/invitations/x").refused(429, "too_many_requests")
