"""The catalogue of roles over HTTP (part A of ORGANIZATIONS.md): each preset's line, custom roles, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from connector.membership.roles import PERMISSIONS, PRESETS
from connector.storage import tables as t
from tests.accounts.people import NOW
from tests.api.test_members import ADMIN, MEMBER, OWNER, org
from tests.support.api import Api
from tests.support.statements import statements

KEPT = ("name", "rank", "top", "can_own", "org_visible", "permissions")


def described(roles: list[dict[str, Any]], **more: dict[str, Any]) -> list[dict[str, Any]]:
    """The roles of an answer as a body, with changes by name."""
    return [{**{key: role[key] for key in KEPT}, **more.pop(role["name"], {})} for role in roles] + [
        {"name": name, **role} for name, role in more.items()
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_roles_of_an_organization_are_those_of_its_preset(api: Api, preset: str) -> None:
    """Part A: GET tells the line of the table, highest first, with the default; who made it holds the creator's role."""
    home, owner = org(api, preset)
    told, wanted = owner.get(f"{home}/roles").ok(), PRESETS[preset]
    ranked = sorted(wanted.catalogue.roles, key=lambda role: -role.rank)
    assert [(each["name"], each["top"], set(each["permissions"])) for each in told["roles"]] == [
        (role.name, role.top, set(role.permissions)) for role in ranked
    ]
    assert told["default_role"] == wanted.catalogue.default
    assert owner.get(home).ok()["role"] == wanted.creator


def test_a_role_of_ones_own_is_added_and_given(api: Api) -> None:
    """PUT replaces the whole catalogue; what the new role may counts from the next request on; one audit entry."""
    home, owner = org(api, member="member")
    known = owner.get(f"{home}/roles").ok()
    auditor = {"rank": 25, "permissions": ["audit.read", "org.participants.read"]}
    plan = owner.put(f"{home}/roles", {"roles": described(known["roles"], auditor=auditor)}).ok()
    assert (plan["applied"], plan["changes"]) == (True, [])
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "auditor"}).ok()
    assert [each["action"] for each in api.as_(MEMBER).get(f"{home}/audit").ok()["items"]][:2] == [
        "member.changed",
        "roles.changed",
    ]


def test_a_plan_is_looked_at_and_then_applied(api: Api) -> None:
    """?dry_run stores it and changes nothing; another default role changes whoever was given none, and is told one by one."""
    home, owner = org(api, member="member", other="admin")
    _without_rows(api, MEMBER)
    roles = described(owner.get(f"{home}/roles").ok()["roles"])
    body = {"roles": roles, "default_role": "billing"}
    plan = owner.put(f"{home}/roles", body, dry_run="true").ok()
    assert (plan["applied"], [(each["email"], each["before"], each["after"]) for each in plan["changes"]]) == (
        False,
        [(MEMBER, "member", "billing")],
    )
    assert owner.get(f"{home}/roles").ok()["default_role"] == "member"
    assert owner.post(f"{home}/plans/{plan['digest']}/apply").ok()["applied"] is True
    assert owner.get(f"{home}/members", role="billing").ok()["items"][0]["email"] == MEMBER
    entries = owner.get(f"{home}/audit").ok()["items"]
    assert sorted(each["action"] for each in entries[:2]) == ["member.changed", "roles.changed"]


def _without_rows(api: Api, email: str) -> None:
    """Nothing gives somebody a role any more: they have the default one."""
    with api.database.engine.begin() as tx:
        mine = select(t.Membership.id).where(t.Membership.person_id == api.person(email))
        tx.execute(delete(t.Assignment).where(t.Assignment.membership_id.in_(mine)))


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("no top role", {"owner": {"top": False}}, 409, "no_top_role"),
    ("two top roles", {"admin": {"top": True}}, 409, "no_top_role"),
    ("a top role that others outrank", {"admin": {"rank": 99}}, 400, "roles_invalid"),
    ("a top role that cannot own", {"owner": {"can_own": False}}, 400, "roles_invalid"),
    ("two of one rank", {"extra": {"rank": 10}}, 400, "roles_invalid"),
    ("a permission that there is not", {"extra": {"rank": 5, "permissions": ["org.burn"]}}, 400, "unknown_permission"),
    ("a ceiling that there is not", {"extra": {"rank": 5, "permissions": ["role.assign:chief"]}}, 400, "unknown_permission"),
    ("a ceiling above itself", {"extra": {"rank": 5, "permissions": ["role.assign:member"]}}, 400, "roles_invalid"),
    ("a name with a space", {"an extra": {"rank": 5}}, 400, "body_invalid"),
    ("a rank below one", {"extra": {"rank": 0}}, 400, "body_invalid"),
]


@pytest.mark.parametrize(("changes", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_a_catalogue_is_refused(api: Api, changes: dict[str, Any], status: int, code: str) -> None:
    """Each row: what is different from the roles of today, and the refusal; nothing changes."""
    home, owner = org(api)
    before = owner.get(f"{home}/roles").ok()
    owner.put(f"{home}/roles", {"roles": described(before["roles"], **changes)}).refused(status, code)
    assert owner.get(f"{home}/roles").ok() == before


@pytest.mark.parametrize("default", ["nobody", "owner"])
def test_the_default_role_is_one_below_the_top(api: Api, default: str) -> None:
    """Else everybody would be an owner."""
    home, owner = org(api)
    body = {"roles": described(owner.get(f"{home}/roles").ok()["roles"]), "default_role": default}
    assert owner.put(f"{home}/roles", body).status == 400


def test_a_role_that_somebody_has_stays(api: Api) -> None:
    """A member, a pending invitation or a rule; the sentence says which. Once nobody has it, it goes."""
    home, owner = org(api, member="billing")
    fewer = {"roles": [each for each in described(owner.get(f"{home}/roles").ok()["roles"]) if each["name"] != "billing"]}
    told = owner.put(f"{home}/roles", fewer).refused(409, "role_in_use")
    assert "1 member still holds it" in told["detail"]
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "member"}).ok()
    invited = owner.post(f"{home}/invitations", {"email": "new@acme.example", "role": "billing"}).ok()
    assert "1 invitation still" in owner.put(f"{home}/roles", fewer).refused(409, "role_in_use")["detail"]
    owner.delete(f"{home}/invitations/{invited['id']}").ok()
    owner.put(f"{home}/roles", fewer).ok()
    assert [each["name"] for each in owner.get(f"{home}/roles").ok()["roles"]] == ["owner", "admin", "member"]
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "billing"}).refused(400, "unknown_role")


def test_only_holders_of_the_top_role_replace_the_roles(api: Api) -> None:
    """An admin may change the organization, and not what roles may: they could give themselves everything."""
    home, owner = org(api, admin="admin", member="member")
    body = {"roles": described(owner.get(f"{home}/roles").ok()["roles"])}
    api.as_(ADMIN).put(f"{home}/roles", body).refused(403, "permission_missing")
    api.as_(MEMBER).put(f"{home}/roles", body).refused(403, "permission_missing")
    assert api.as_(MEMBER).get(f"{home}/roles").ok()["default_role"] == "member"


def test_the_top_can_be_another_role_that_somebody_active_holds(api: Api) -> None:
    """Without a holder it cannot, nor while break-glass owners hold the old one: nobody locks everybody out."""
    home, owner = org(api, member="member")
    roles = described(
        owner.get(f"{home}/roles").ok()["roles"], owner={"top": False, "permissions": []}, admin={"top": True, "rank": 50}
    )
    owner.put(f"{home}/roles", {"roles": roles}).refused(409, "last_owner")
    owner.patch(f"{home}/members/{api.person(MEMBER)}", {"role": "admin"}).ok()
    owner.post(f"{home}/break-glass", {"email": OWNER}).ok()
    owner.put(f"{home}/roles", {"roles": roles}).refused(409, "break_glass")
    owner.delete(f"{home}/break-glass/{api.person(OWNER)}").ok()
    owner.put(f"{home}/roles", {"roles": roles}).ok()
    told = api.as_(MEMBER).get(f"{home}/roles").ok()["roles"][0]
    assert (told["name"], told["top"]) == ("admin", True)
    assert set(told["permissions"]) >= PERMISSIONS
    api.as_(MEMBER).delete(f"{home}/members/{api.person(MEMBER)}").refused(409, "last_owner")


def test_everybodys_role_follows_with_the_same_number_of_statements(api: Api) -> None:
    """Of 3 members and of 300: ranks that change places change who has which role."""
    home, owner = org(api)
    known, costs = owner.get(f"{home}/roles").ok()["roles"], []
    for number in (3, 300):
        _crowd(api, home.rpartition("/")[2], number)
        for rank in (10, 25):
            with statements(api.database.engine) as sent:
                owner.put(f"{home}/roles", {"roles": described(known, billing={"rank": rank})}).ok()
        costs.append(len(sent))
        assert len(owner.everything(f"{home}/members", role="billing", limit=200)) == number
    assert costs[0] == costs[1]


def _crowd(api: Api, organization: str, number: int) -> None:
    """So many members who hold both member and billing; what was there of them is gone."""
    with api.database.engine.begin() as tx:
        tx.execute(delete(t.Membership).where(t.Membership.organization_id == organization, t.Membership.joined_by == "manual"))
        home = {"organization_id": organization, "created_at": NOW}
        for each in range(number):
            ids = {"id": f"{number}-{each}"}
            tx.execute(insert(t.Person).values(**ids, display_name="P", created_by=None, created_at=NOW))
            tx.execute(insert(t.Membership).values(**ids, **home, person_id=ids["id"], joined_by="manual", role="member"))
            key = {"membership_id": ids["id"], "target_kind": "role", "target_id": "", **home}
            for role, source in (("member", "manual"), ("billing", "invitation")):
                tx.execute(insert(t.Assignment).values(**key, level=role, source=source))
