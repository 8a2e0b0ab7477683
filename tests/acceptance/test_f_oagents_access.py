"""ORGANIZATIONS.md part F: the OAgents product, one effective permission (OA-38 to OA-44)."""

from __future__ import annotations

import itertools
import random

from tests.acceptance.site import Organization, Site, Someone, gone

LEVELS = ("none", "read", "write", "admin")


def granted(acme: Organization, team: str, resource: str, permission: str) -> None:
    """A team is granted an agent."""
    said = {"resource_kind": "agent", "resource_id": resource, "permission": permission}
    acme.owner.put(f"{team}/grants", said).ok()


def test_OA_38_there_is_one_effective_permission_and_its_reason(site: Site) -> None:
    """None, read, write or admin: the role first, then the grants of teams; against a reference model, on chosen cases."""
    acme, deal = site.organization(), random.Random(38)
    people = {role: acme.joined(role, role) for role in ("admin", "member", "billing")}
    inside = {name: deal.sample(sorted(people), 2) for name in ("a", "b", "c")}
    teams = {name: acme.team(name, *(people[role] for role in inside[name])) for name in inside}
    for number in range(4):
        agent = f"bot-{number}"
        acme.resource(acme.owner, agent)
        given = {name: deal.choice(LEVELS) for name in teams}
        for name, level in given.items():
            if level != "none":
                granted(acme, teams[name], agent, level)
        for role, who in people.items():
            mine = [level for name, level in given.items() if role in inside[name]]
            told = who.post(acme / "check", {"resource_kind": "agent", "resource_id": agent, "permission": "write"}).ok()
            assert told["level"] == _reference(role, mine), (role, mine)
            assert told["allowed"] == (told["level"] in ("write", "admin"))
            assert told["because"]


def _reference(role: str, grants: list[str]) -> str:
    """What ORGANIZATIONS.md says: admins bypass grants, billing reads, a member has the highest grant."""
    if role == "admin":
        return "admin"
    if role == "billing":
        return "read"
    return max(grants, key=LEVELS.index, default="none")


def test_OA_39_owners_and_admins_are_admin_everywhere(site: Site) -> None:
    """Without any grant, on what others made."""
    acme = site.organization()
    acme.resource(acme.joined("bob"), "bot")
    for who in (acme.owner, acme.joined("adam", "admin")):
        told = who.post(acme / "check", {"resource_kind": "agent", "resource_id": "bot", "permission": "admin"}).ok()
        assert (told["allowed"], told["level"]) == (True, "admin")


def test_OA_40_billing_reads_only(site: Site) -> None:
    """Whatever its teams were granted."""
    acme = site.organization()
    agent, bea = acme.resource(acme.owner, "bot"), acme.joined("bea", "billing")
    granted(acme, acme.team("Eng", bea), "bot", "admin")
    assert acme.level(bea, "agent", "bot") == "read"
    bea.get(agent).ok()
    bea.patch(agent, {"name": "Mine"}).refused(403, "permission_missing")
    bea.delete(agent).refused(403, "permission_missing")


def test_OA_41_a_member_has_the_highest_grant_of_their_teams(site: Site) -> None:
    """Teams with read and write: write, in whichever order they came."""
    acme = site.organization()
    bob = acme.joined("bob")
    for number, order in enumerate(itertools.permutations(("read", "write"))):
        acme.resource(acme.owner, f"bot-{number}")
        for level in order:
            granted(acme, acme.team(f"{level} {number}", bob), f"bot-{number}", level)
        assert acme.level(bob, "agent", f"bot-{number}") == "write"


def test_OA_41_a_grant_is_for_those_in_the_team(site: Site) -> None:
    """Who is in another team, or in none, has nothing by it."""
    acme = site.organization()
    ada, bob, cyd = (acme.joined(name) for name in ("ada", "bob", "cyd"))
    acme.resource(acme.owner, "bot")
    granted(acme, acme.team("Eng", ada), "bot", "admin")
    acme.team("Ops", bob)
    assert [acme.level(who, "agent", "bot") for who in (ada, bob, cyd)] == ["admin", "none", "none"]


def test_OA_42_who_made_it_keeps_admin_on_it(site: Site) -> None:
    """Without any grant; suspended, none; back, admin again; it ends with the membership."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.resource(bob, "bot")
    assert acme.level(bob, "agent", "bot") == "admin"
    acme.owner.post(f"{acme.member(bob)}/suspend").ok()
    assert _asked(acme, bob) == "none"
    acme.owner.post(f"{acme.member(bob)}/unsuspend").ok()
    assert _asked(acme, bob) == acme.level(bob, "agent", "bot") == "admin"
    gone(acme.owner.delete(acme.member(bob)))
    assert _asked(acme, bob) == "none"


def _asked(acme: Organization, who: Someone) -> str:
    """What the owner is told of somebody."""
    question = {"resource_kind": "agent", "resource_id": "bot", "user_id": who.id}
    return str(acme.owner.post(acme / "check", question).ok()["level"])


def test_OA_43_without_a_role_there_is_no_permission(site: Site) -> None:
    """An outsider has none, and finds nothing."""
    acme, eve = site.organization(), site.person("eve")
    agent = acme.resource(acme.owner, "bot")
    assert _asked(acme, eve) == "none"
    eve.get(agent).refused(404, "organization_not_found")
    eve.post(acme / "check", {"resource_kind": "agent", "resource_id": "bot"}).refused(404, "organization_not_found")


def test_OA_44_grants_add_up_across_teams(site: Site) -> None:
    """Leaving one team one falls to the level of the other, and then to none."""
    acme = site.organization()
    bob = acme.joined("bob")
    acme.resource(acme.owner, "bot")
    high, low = acme.team("High", bob), acme.team("Low", bob)
    granted(acme, high, "bot", "admin")
    granted(acme, low, "bot", "read")
    for team, after in ((high, "read"), (low, "none")):
        assert acme.level(bob, "agent", "bot") != after
        gone(bob.delete(f"{team}/members/{bob.id}"))
        assert acme.level(bob, "agent", "bot") == after
