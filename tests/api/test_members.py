"""Members over HTTP: lists, roles, suspensions, removal and leaving, and who may (OA-12 to OA-25, AP-2, AP-11 to AP-16)."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import Conflict
from connector.organizations import members
from tests.support.api import Api, Client
from tests.support.racing import race

OWNER, ADMIN, MEMBER, OTHER = (f"{name}@acme.example" for name in ("owner", "admin", "member", "other"))


def org(api: Api, preset: str = "oagents", **people: str) -> tuple[str, Client]:
    """An organization of this preset with OWNER at its top and these people, named by role; returns its address and OWNER."""
    owner = api.as_(OWNER)
    home = "/api/orgs/" + owner.post("/api/orgs", {"display_name": "Acme", "preset": preset}).ok()["id"]
    for name, role in people.items():
        added(api, owner, home, f"{name}@acme.example", role)
    return home, owner


def added(api: Api, owner: Client, home: str, email: str, role: str) -> str:
    """Somebody with an account is added with a role; returns the id of the person."""
    owner.put(f"{home}/members", {"username": named(api, email), "role": role}).ok()
    return api.person(email)


def named(api: Api, email: str) -> str:
    """Somebody gives themselves a user name, and hands it over."""
    return str(api.as_(email).patch("/api/me", {"username": "u-" + email.partition("@")[0]}).ok()["username"])


def audit(client: Client, home: str) -> list[dict[str, Any]]:
    """What the trail says, newest first."""
    return list(client.get(f"{home}/audit").ok()["items"])


def emails(client: Client, home: str, **query: Any) -> list[str]:
    """The members of a list, by address."""
    return [each["email"] for each in client.everything(f"{home}/members", **query)]


# ------------------------------------------------------------------------------------------------------------------ adding


def test_somebody_is_added_by_the_user_name_they_handed_over(api: Api) -> None:
    """AP-2: whoever has an account is a member at once, by hand; an unknown name is told as one."""
    home, owner = org(api, "apolo")
    ada = api.as_("ada@elsewhere.example")
    ada.patch("/api/me", {"username": "Ada.L"}).ok()
    made = owner.put(f"{home}/members", {"username": "ada.l"}).ok()
    assert (made["email"], made["role"], made["source"], made["status"]) == ("ada@elsewhere.example", "user", "manual", "active")
    assert [each["id"] for each in ada.get("/api/orgs").ok()["items"]] == [home.rpartition("/")[2]]
    owner.put(f"{home}/members", {"username": "nobody"}).refused(404, "person_not_found")
    owner.put(f"{home}/members", {"username": "ada.l"}).refused(409, "already_member")


@pytest.mark.parametrize("email", [OTHER, "nobody@elsewhere.example"])
def test_nobody_is_added_by_their_address(api: Api, email: str) -> None:
    """Or it would tell who has an account here, and make members of people who were not asked: 400, account or not."""
    home, owner = org(api)
    api.person(OTHER)
    for body in ({}, {"email": email}, {"username": "ada", "email": email}, {"role": "member"}):
        owner.put(f"{home}/members", body).refused(400, "body_invalid")
    assert emails(owner, home) == [OWNER]


def test_who_is_added_has_an_account_and_belongs_nowhere_that_forbids_it(api: Api) -> None:
    """Who has told no user name is invited instead; a role above the ceiling is not given; TG-2 holds."""
    home, owner = org(api, admin="admin", member="member")
    told = owner.put(f"{home}/members", {"username": "nobody"}).refused(404, "person_not_found")
    assert "Invite" in told["advice"]
    other = named(api, OTHER)
    api.as_(ADMIN).put(f"{home}/members", {"username": other, "role": "owner"}).refused(403, "role_above")
    api.as_(MEMBER).put(f"{home}/members", {"username": other}).refused(403, "permission_missing")
    owner.put(f"{home}/members", {"username": other, "role": "chief"}).refused(400, "unknown_role")
    api.as_(OTHER).post("/api/orgs", {"display_name": "Lab", "preset": "together"}).ok()
    owner.put(f"{home}/members", {"username": other}).refused(409, "single_org")


def test_of_one_added_four_times_at_once_there_is_one(api: Api) -> None:
    """The others are told that they are a member already."""
    home, owner = org(api)
    other = named(api, OTHER)
    ended, _ = race([lambda: owner.put(f"{home}/members", {"username": other}).status] * 4)
    assert sorted(ended) == [201, 409, 409, 409]
    assert emails(owner, home) == [OWNER, OTHER]
    assert [each["action"] for each in audit(owner, home)] == ["member.joined", "organization.created"]


# ----------------------------------------------------------------------------------------------------------------- listing


def test_members_are_listed_in_pages_and_found(api: Api) -> None:
    """Each row of the table: a filter, and whom it lets through; all that is given must hold."""
    home, owner = org(api, admin="admin", member="member", other="member")
    ada = api.as_(OTHER)
    ada.patch("/api/me", {"name": "Étienne 100%"}).ok()
    owner.post(f"{home}/members/{api.person(OTHER)}/suspend").ok()
    owner.post(f"{home}/teams", {"name": "Engineering", "slug": "eng"}).ok()
    owner.put(f"{home}/teams/eng/members/{api.person(ADMIN)}", {"role": "maintainer"}).ok()
    everybody = [OWNER, ADMIN, MEMBER, OTHER]
    assert emails(owner, home, limit=1) == emails(owner, home) == everybody
    table: list[tuple[dict[str, Any], list[str]]] = [
        ({"q": "ADM"}, [ADMIN]),
        ({"q": "Étienne"}, [OTHER]),
        ({"q": "étienne 100%"}, [OTHER]),
        ({"q": "%"}, []),
        ({"q": "m"}, [MEMBER]),
        ({"email": "Member@ACME.example"}, [MEMBER]),
        ({"email": "mem"}, []),
        ({"role": "member"}, [MEMBER, OTHER]),
        ({"role": "member", "status": "active"}, [MEMBER]),
        ({"status": "suspended"}, [OTHER]),
        ({"source": "founder"}, [OWNER]),
        ({"source": "manual", "q": "o"}, [OTHER]),
        ({"team": "eng"}, [ADMIN]),
        ({"team": "ops"}, []),
    ]
    for query, found in table:
        assert (query, emails(owner, home, **query)) == (query, found)
    owner.get(f"{home}/members", status="gone").refused(400, "query_invalid")


def test_one_member_is_shown_by_either_id(api: Api) -> None:
    """By the person's or the membership's, with teams and projects as objects and slugs."""
    home, owner = org(api, "together", member="member")
    owner.post(f"{home}/teams", {"name": "Engineering", "slug": "eng"}).ok()
    person = api.person(MEMBER)
    owner.put(f"{home}/teams/eng/members/{person}", {"role": "maintainer"}).ok()
    told = owner.get(f"{home}/members/{person}").ok()
    assert told == owner.get(f"{home}/members/{told['id']}").ok()
    assert (told["user_id"], told["teams"], told["projects"]) == (person, [{"slug": "eng", "role": "maintainer"}], ["default"])
    owner.get(f"{home}/members/{api.person(OTHER)}").refused(404, "member_not_found")


def test_guests_see_nobody_but_themselves(api: Api) -> None:
    """ON-8: the list and others are 403; one's own place and why are not."""
    home, _ = org(api, "onet", other="guest", member="viewer")
    guest = api.as_(OTHER)
    guest.get(f"{home}/members").refused(403, "permission_missing")
    guest.get(f"{home}/members/{api.person(OWNER)}").refused(403, "permission_missing")
    assert guest.get(f"{home}/members/{api.person(OTHER)}").ok()["role"] == "guest"
    assert guest.get(f"{home}/members/{api.person(OTHER)}/explain").ok()["because"][0]["level"] == "guest"
    api.as_(MEMBER).get(f"{home}/members/{api.person(OTHER)}").ok()
    api.as_(MEMBER).get(f"{home}/members/{api.person(OTHER)}/explain").refused(403, "permission_missing")


# ------------------------------------------------------------------------------------------------------------------- roles


@pytest.mark.parametrize(
    ("preset", "by", "of", "to", "status"),
    [
        pytest.param("oagents", "admin", "member", "admin", 200, id="OA-14 an admin makes admins"),
        pytest.param("oagents", "admin", "member", "billing", 200, id="OA-18 and billing"),
        pytest.param("oagents", "admin", "member", "owner", 403, id="OA-14 no owner is made by an admin"),
        pytest.param("oagents", "admin", "owner", "member", 403, id="OA-14 nor unmade"),
        pytest.param("oagents", "owner", "admin", "owner", 200, id="OA-13 owners make owners"),
        pytest.param("oagents", "member", "member", "admin", 403, id="OA-15 members make nobody"),
        pytest.param("oagents", "billing", "member", "billing", 403, id="OA-16 billing neither"),
        pytest.param("openhands", "admin", "member", "admin", 200, id="OH-11 admins elevate to admin"),
        pytest.param("openhands", "admin", "member", "owner", 403, id="OH-11 only owners to owner"),
        pytest.param("together", "admin", "member", "admin", 200, id="TG-14 admins make both"),
        pytest.param("together", "member", "member", "admin", 403, id="TG-14 members none"),
        pytest.param("apolo", "manager", "user", "manager", 200, id="AP-15 a manager makes managers"),
        pytest.param("apolo", "manager", "user", "admin", 403, id="AP-15 and no admin"),
        pytest.param("apolo", "manager", "admin", "user", 403, id="AP-15 nor touches one"),
        pytest.param("apolo", "user", "user", "manager", 403, id="AP-14 users make nobody"),
        pytest.param("apolo", "admin", "user", "admin", 200, id="AP-16 admins make admins"),
        pytest.param("onet", "owner", "viewer", "owner", 200, id="ON-9 owners make all"),
        pytest.param("onet", "editor", "viewer", "editor", 403, id="ON-6 editors nobody"),
    ],
)
def test_who_gives_which_role(api: Api, preset: str, by: str, of: str, to: str, status: int) -> None:
    """Part A, who may assign what: both the old and the new role must be within reach."""
    home, owner = org(api, preset, admin=by, member=of)
    changed = api.as_(ADMIN).patch(f"{home}/members/{api.person(MEMBER)}", {"role": to})
    assert changed.status == status
    assert owner.get(f"{home}/members/{api.person(MEMBER)}").ok()["role"] == (to if status == 200 else of)


def test_a_role_counts_from_the_next_request_on(api: Api) -> None:
    """OH-12: with the old session; one entry says who changed what, from what to what."""
    home, owner = org(api, member="member")
    session = api.as_(MEMBER)
    session.patch(home, {"display_name": "Mine"}).refused(403, "permission_missing")
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "admin"}).ok()
    session.patch(home, {"display_name": "Mine"}).ok()
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "member"}).ok()
    session.patch(home, {"display_name": "Theirs"}).refused(403, "permission_missing")
    entry = audit(owner, home)[0]
    assert (entry["action"], entry["actor"], entry["target"]) == ("member.changed", OWNER, MEMBER)
    assert (entry["before"], entry["after"], entry["address"]) == ({"role": "admin"}, {"role": "member"}, "127.0.0.1")


def test_an_unknown_role_and_an_unknown_member_are_told(api: Api) -> None:
    """400 and 404; a version that is not of today 412."""
    home, owner = org(api, member="member")
    address = f"{home}/members/{api.person(MEMBER)}"
    owner.patch(address, {"role": "chief"}).refused(400, "unknown_role")
    owner.patch(f"{home}/members/{api.person(OTHER)}", {"role": "member"}).refused(404, "member_not_found")
    known = {"If-Match": owner.get(address).headers["ETag"]}
    owner.patch(address, {"role": "admin"}, headers=known).ok()
    owner.patch(address, {"role": "member"}, headers=known).refused(412, "version_mismatch")


# -------------------------------------------------------------------------------------------------------------- last owner


def test_the_last_owner_stays_on_every_path(api: Api) -> None:
    """OA-25: demoted, removed, blocked, suspended, leaving: 409; with another owner each goes through."""
    home, owner = org(api, admin="owner", member="admin")
    mine = f"{home}/members/{api.person(OWNER)}"
    owner.patch(f"{home}/members/{api.person(ADMIN)}", {"role": "admin"}).ok()
    owner.patch(mine, {"role": "member"}).refused(409, "last_owner")
    owner.delete(mine).refused(409, "last_owner")
    owner.delete(mine, block="true").refused(409, "last_owner")
    owner.post(f"{mine}/suspend").refused(409, "last_owner")
    api.as_(ADMIN).delete(mine).refused(403, "role_above")
    api.as_(ADMIN).post(f"{mine}/suspend").refused(403, "role_above")
    owner.patch(f"{home}/members/{api.person(ADMIN)}", {"role": "owner"}).ok()
    owner.delete(mine).ok()
    assert emails(api.as_(ADMIN), home) == [ADMIN, MEMBER]


@pytest.mark.parametrize("what", ["demoted", "removed", "suspended", "leaving"])
def test_of_two_owners_who_put_each_other_out_at_once_one_stays(api: Api, what: str) -> None:
    """OA-25: whatever the order, one call is refused and one active owner is left."""
    home, owner = org(api, admin="owner")
    other, mine, theirs = api.as_(ADMIN), f"{home}/members/{api.person(OWNER)}", f"{home}/members/{api.person(ADMIN)}"
    calls = {
        "demoted": (lambda: owner.patch(theirs, {"role": "member"}).status, lambda: other.patch(mine, {"role": "member"}).status),
        "removed": (lambda: owner.delete(theirs).status, lambda: other.delete(mine).status),
        "suspended": (lambda: owner.post(f"{theirs}/suspend").status, lambda: other.post(f"{mine}/suspend").status),
        "leaving": (lambda: owner.delete(mine).status, lambda: other.delete(theirs).status),
    }[what]
    ended, _ = race(calls)
    assert sum(status < 300 for status in ended) == 1
    left = {each for client in (owner, other) for each in _active_owners(client, home)}
    assert len(left) == 1


def _active_owners(client: Client, home: str) -> list[str]:
    answer = client.get(f"{home}/members", role="owner", status="active")
    return [each["email"] for each in answer.ok()["items"]] if answer.status == 200 else []


# -------------------------------------------------------------------------------------------------- suspending, removing


def test_a_suspended_member_is_out_at_once_and_let_in_again(api: Api) -> None:
    """The organization is gone for them, with the session they have; nobody but an admin lets them in."""
    home, owner = org(api, admin="admin", member="member")
    person, session = api.person(MEMBER), api.as_(MEMBER)
    told = api.as_(ADMIN).post(f"{home}/members/{person}/suspend").ok()
    assert (told["status"], told["causes"]) == ("suspended", ["admin"])
    session.get(home).refused(404, "organization_not_found")
    assert audit(owner, home)[0]["action"] == "member.suspended"
    before = audit(owner, home)
    api.as_(ADMIN).post(f"{home}/members/{person}/suspend").ok()
    assert audit(owner, home) == before
    assert owner.post(f"{home}/members/{person}/unblock").ok()["status"] == "suspended"
    assert owner.post(f"{home}/members/{person}/unsuspend").ok()["status"] == "active"
    session.get(home).ok()


def test_a_blocked_member_stays_listed_and_is_unblocked(api: Api) -> None:
    """?block=true keeps the membership, without what was given by hand."""
    home, owner = org(api, member="admin")
    person = api.person(MEMBER)
    owner.delete(f"{home}/members/{person}", block="true").ok()
    told = owner.get(f"{home}/members/{person}").ok()
    assert (told["status"], told["causes"], told["role"]) == ("suspended", ["block"], "member")
    assert owner.post(f"{home}/members/{person}/unblock").ok()["status"] == "active"


def test_a_plain_removal_lifts_no_block(api: Api) -> None:
    """Each cause goes by its own opposite: 409 over HTTP and for the operator; unblocked, they are removed. Whoever else is
    suspended is removed all the same."""
    home, owner = org(api, member="member", other="member")
    blocked, suspended = (f"{home}/members/{api.person(email)}" for email in (MEMBER, OTHER))
    owner.delete(blocked, block="true").ok()
    owner.post(f"{suspended}/suspend").ok()
    assert "nblock" in owner.delete(blocked).refused(409, "member_blocked")["advice"]
    with pytest.raises(Conflict, match="blocked") as refused:
        members.remove(api.database, home.rpartition("/")[2], MEMBER, block=False)
    assert refused.value.code == "member_blocked"
    owner.delete(blocked, block="true").ok()
    assert owner.get(blocked).ok()["causes"] == ["block"]
    owner.post(f"{blocked}/unblock").ok()
    for each in (blocked, suspended):
        owner.delete(each).ok()
    assert emails(owner, home) == [OWNER]


def test_removing_and_leaving_leave_nothing_behind(api: Api) -> None:
    """OA-22, TG-12: every call of theirs is 404 then; members remove nobody, and themselves always."""
    home, owner = org(api, admin="admin", member="member", other="member")
    api.as_(MEMBER).delete(f"{home}/members/{api.person(OTHER)}").refused(403, "permission_missing")
    assert api.as_(MEMBER).delete(f"{home}/members/{api.person(MEMBER)}").status == 204
    api.as_(ADMIN).delete(f"{home}/members/{api.person(OTHER)}").ok()
    for email in (MEMBER, OTHER):
        api.as_(email).get(f"{home}/teams").refused(404, "organization_not_found")
    assert emails(owner, home) == [OWNER, ADMIN]
    assert [(each["action"], each["actor"]) for each in audit(owner, home)][:2] == [
        ("member.left", ADMIN),
        ("member.left", MEMBER),
    ]
    added(api, owner, home, MEMBER, "member")


def test_a_key_is_held_to_its_scopes(api: Api) -> None:
    """A key for reading neither gives roles, nor removes, nor leaves."""
    home, _ = org(api, member="member")
    key = api.key(OWNER, organization=home.rpartition("/")[2], scopes=["org.read", "org.participants.read"])
    member = f"{home}/members/{api.person(MEMBER)}"
    assert emails(key, home) == [OWNER, MEMBER]
    key.patch(member, {"role": "admin"}).refused(403, "scope_missing")
    key.delete(member).refused(403, "scope_missing")
    key.delete(f"{home}/members/{api.person(OWNER)}").refused(403, "scope_missing")
    key.post(f"{member}/suspend").refused(403, "scope_missing")


# ----------------------------------------------------------------------------------------------------------- break-glass


def test_break_glass_owners_are_named_and_print_codes(api: Api) -> None:
    """By who holds `sso.manage`; they are owners then; an admin sees nothing of it; one entry each."""
    home, owner = org(api, admin="admin", member="member")
    address = f"{home}/break-glass"
    api.as_(ADMIN).get(address).refused(403, "permission_missing")
    api.as_(ADMIN).post(f"{address}/{api.person(OWNER)}/codes").refused(403, "permission_missing")
    named = owner.post(address, {"email": MEMBER}).ok()
    assert (named["email"], named["codes"], named["user_id"]) == (MEMBER, 0, api.person(MEMBER))
    assert len(owner.post(f"{address}/{named['user_id']}/codes").ok()["codes"]) == 10
    assert [each["codes"] for each in owner.get(address).ok()["items"]] == [10]
    owner.post(f"{address}/{api.person(OWNER)}/codes").refused(409, "not_break_glass")
    owner.post(address, {"email": OTHER}).refused(404, "member_not_found")
    assert [each["action"] for each in audit(owner, home)][:2] == ["break_glass.codes_made", "member.changed"]
    assert owner.delete(f"{address}/{named['user_id']}").status == 204
    assert owner.get(address).ok()["items"] == []
    owner.delete(f"{address}/{named['user_id']}").refused(409, "not_break_glass")
