"""ORGANIZATIONS.md part F: the OAgents product, teams and their grants (OA-26 to OA-37)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.idp import in_sso
from tests.acceptance.site import Organization, Site, gone, made
from tests.support.api import Client

BOT = {"resource_kind": "agent", "resource_id": "bot"}


def granted(acme: Organization, team: str, **said: str) -> Any:
    """A team is granted the agent `bot`."""
    return acme.owner.put(f"{team}/grants", {**BOT, **said}).ok()


def test_OA_26_teams_hold_grants_on_resources(site: Site) -> None:
    """A pushed group is a team: who is in it has what the team was granted, from its push on."""
    idp = in_sso(site.organization())
    acme = idp.organization
    acme.resource(acme.owner, "bot")
    idp.rule(group="Engineering", team="eng")
    group = idp.group("Engineering", idp.pushed("ada"))
    granted(acme, acme / "teams/eng", permission="write")
    ada = idp.signed_in("ada")
    assert acme.level(ada, "agent", "bot") == "write"
    told = acme.owner.get(acme / "teams/eng").ok()
    assert [each["email"] for each in told["members"]] == ["ada@acme.example"]
    idp.takes_out(group, _user_of(idp.organization, idp.scim("GET", "/Users").get_json(force=True)))
    assert acme.level(ada, "agent", "bot") == "none"


def _user_of(acme: Organization, listed: Any) -> str:
    [user] = [each["id"] for each in listed["Resources"] if each["userName"] == "ada@acme.example"]
    return str(user)


def test_OA_27_a_team_has_maintainers_and_members(site: Site) -> None:
    """PUT {role} gives the one or the other."""
    acme = site.organization()
    bob, team = acme.joined("bob"), acme.team("Eng")
    for role in ("member", "maintainer"):
        assert acme.owner.put(f"{team}/members/{bob.id}", {"role": role}).ok()["role"] == role
        assert [(each["user_id"], each["role"]) for each in acme.owner.get(team).ok()["members"]] == [(bob.id, role)]
    assert acme.members()["bob@acme.example"]["teams"] == [{"slug": "eng", "role": "maintainer"}]
    acme.owner.put(f"{team}/members/{bob.id}", {"role": "captain"}).refused(400, "body_invalid")


def test_OA_28_one_is_a_member_of_the_organization_first(site: Site) -> None:
    """An outsider is added to no team: 409."""
    acme, eve = site.organization(), site.person("eve")
    team = acme.team("Eng")
    acme.owner.put(f"{team}/members/{eve.id}", {"role": "member"}).refused(409, "not_a_member")
    assert acme.owner.get(team).ok()["members"] == []


def test_OA_28_a_pushed_group_makes_members_before_it_makes_a_team(site: Site) -> None:
    """Who is in the group is a member by their push; a user who is deactivated is in no team."""
    idp = in_sso(site.organization())
    idp.rule(group="Engineering", team="eng")
    ada, bob = idp.pushed("ada"), idp.pushed("bob", active=False)
    idp.group("Engineering", ada, bob)
    acme = idp.organization
    assert [each["email"] for each in acme.owner.get(acme / "teams/eng").ok()["members"]] == ["ada@acme.example"]
    assert "bob@acme.example" not in {each["email"] for each in acme.members().values() if each["status"] == "active"}


def test_OA_29_admins_manage_any_team_and_maintainers_theirs(site: Site) -> None:
    """The maintainer of A is refused at B."""
    acme = site.organization()
    mia, bob, adam = acme.joined("mia"), acme.joined("bob"), acme.joined("adam", "admin")
    a, b = acme.team("A", maintainer=mia), acme.team("B")
    mia.patch(a, {"name": "Alpha"}).ok()
    mia.put(f"{a}/members/{bob.id}", {"role": "member"}).ok()
    mia.patch(b, {"name": "Beta"}).refused(403, "not_maintainer")
    mia.put(f"{b}/members/{bob.id}", {"role": "member"}).refused(403, "not_maintainer")
    bob.patch(a, {"name": "Mine"}).refused(403, "permission_missing")
    for team in (a, b):
        adam.patch(team, {"name": "By an admin"}).ok()


def test_OA_30_a_grant_is_idempotent_for_team_and_resource(site: Site) -> None:
    """Issued again it keeps its id and has the new level."""
    acme = site.organization()
    acme.resource(acme.owner, "bot")
    team = acme.team("Eng")
    first, second = granted(acme, team, permission="read"), granted(acme, team, permission="admin")
    assert (first["id"], second["permission"]) == (second["id"], "admin")
    assert [each["permission"] for each in acme.owner.get(team).ok()["grants"]] == ["admin"]


def test_OA_31_levels_are_read_write_and_admin_and_write_is_the_default(site: Site) -> None:
    """A grant without a permission is write; any other word is refused."""
    acme = site.organization()
    acme.resource(acme.owner, "bot")
    team = acme.team("Eng")
    assert granted(acme, team)["permission"] == "write"
    for level in ("read", "write", "admin"):
        assert granted(acme, team, permission=level)["permission"] == level
    acme.owner.put(f"{team}/grants", {**BOT, "permission": "none"}).refused(400, "body_invalid")


def test_OA_31_a_plain_member_has_nothing_unless_the_organization_says_so(site: Site) -> None:
    """Part H, ruling 7: without team or authorship none; `member_base_level` covers the other reading."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.resource(acme.owner, "bot")
    for level in ("none", "read", "write"):
        acme.owner.put(acme / "settings/general", {"member_base_level": level}).ok()
        assert acme.level(bob, "agent", "bot") == level


def test_OA_32_agents_are_enforced_and_other_kinds_are_named_for_later(site: Site) -> None:
    """An unknown kind is 422; a grant on a skill is taken, and honoured by `check` once the kind is enforced."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.resource(acme.owner, "cook", kind="skill")
    team = acme.team("Eng", bob)
    acme.owner.put(f"{team}/grants", {"resource_kind": "dragon", "resource_id": "x"}).refused(422, "kind_unknown")
    acme.owner.put(f"{team}/grants", {"resource_kind": "skill", "resource_id": "cook", "permission": "read"}).ok()
    assert acme.level(bob, "skill", "cook") == "none"
    acme.owner.put(acme / "resource-kinds/skill", {"enforced": True}).ok()
    assert acme.level(bob, "skill", "cook") == "read"


def test_OA_33_only_what_the_organization_owns_is_granted(site: Site) -> None:
    """What is somebody's own is 409."""
    acme = site.organization()
    made(acme.owner.post("/api/resources", {"kind": "agent", "id": "bot", "name": "Mine"}))
    acme.owner.put(f"{acme.team('Eng')}/grants", BOT).refused(409, "not_owned_here")


ROLES = ("owner", "admin", "member", "billing", "maintainer")


@pytest.mark.parametrize("role", ROLES)
def test_OA_34_who_makes_shows_renames_and_deletes_teams(site: Site, role: str) -> None:
    """A matrix: admins and owners all of it, a maintainer renames theirs, members look."""
    acme = site.organization()
    runs = role in ("owner", "admin")
    joins = "member" if role == "maintainer" else role
    who = acme.owner if role == "owner" else acme.joined("who", joins)
    team = acme.team("Eng", maintainer=who if role == "maintainer" else None)
    assert who.post(acme / "teams", {"name": "More"}).status == (201 if runs else 403)
    assert who.get(acme / "teams").status == who.get(team).status == (403 if role == "billing" else 200)
    assert who.patch(team, {"name": "Renamed"}).status == (200 if runs or role == "maintainer" else 403)
    assert who.delete(team).status == (204 if runs else 403)


def test_OA_34_a_team_of_the_identity_provider_is_named_there(site: Site) -> None:
    """Team, members and grants in one answer; name and members of a linked team are locked: 409."""
    idp = in_sso(site.organization())
    acme = idp.organization
    idp.rule(group="Engineering", team="eng")
    idp.group("Engineering", idp.pushed("ada"))
    ada, team = acme.members()["ada@acme.example"]["user_id"], acme / "teams/eng"
    told = acme.owner.get(team).ok()
    assert (len(told["members"]), told["grants"], told["managed"]) == (1, [], True)
    acme.owner.patch(team, {"name": "Mine"}).refused(409, "managed_by_idp")
    acme.owner.delete(f"{team}/members/{ada}").refused(409, "managed_by_idp")
    acme.owner.put(f"{team}/members/{ada}", {"role": "maintainer"}).refused(409, "managed_by_idp")
    acme.owner.delete(team).refused(409, "managed_by_idp")


def test_OA_35_members_are_put_in_and_taken_out_and_leave_by_themselves(site: Site) -> None:
    """204; and only oneself without being its maintainer."""
    acme = site.organization()
    bob, cyd = acme.joined("bob"), acme.joined("cyd")
    team = acme.team("Eng", bob, cyd)
    bob.delete(f"{team}/members/{cyd.id}").refused(403, "permission_missing")
    gone(bob.delete(f"{team}/members/{bob.id}"))
    gone(acme.owner.delete(f"{team}/members/{cyd.id}"))
    assert acme.owner.get(team).ok()["members"] == []


def test_OA_36_grants_are_put_and_taken_by_their_id(site: Site) -> None:
    """There and back."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.resource(acme.owner, "bot")
    team = acme.team("Eng", bob)
    grant = granted(acme, team, permission="write")
    assert (grant["team"], grant["resource_kind"], grant["resource_id"]) == ("eng", "agent", "bot")
    assert acme.may(bob, "agent", "bot", "write")
    bob.put(f"{team}/grants", BOT).refused(403, "permission_missing")
    gone(acme.owner.delete(f"{team}/grants/{grant['id']}"))
    assert acme.level(bob, "agent", "bot") == "none"
    acme.owner.delete(f"{team}/grants/{grant['id']}").refused(404, "grant_not_found")


def test_OA_37_what_can_be_granted_is_listed_for_admins(site: Site) -> None:
    """GET /resources?kind=agent: the picker of grants; a member is 403."""
    acme = site.organization()
    for name, kind in (("bot", "agent"), ("cook", "skill")):
        acme.resource(acme.owner, name, kind=kind)
    admin = acme.joined("adam", "admin")
    assert _picked(acme, admin) == ["bot"]
    acme.joined("bob").get(acme / "resources", kind="agent").refused(403, "permission_missing")


def _picked(acme: Organization, who: Client) -> list[str]:
    return [each["id"] for each in who.get(acme / "resources", kind="agent").ok()["items"]]
