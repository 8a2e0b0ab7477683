"""ORGANIZATIONS.md part E: OnetSolutions, the audit trail (ON-14)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import Headers

from connector.accounts.sessions import Proof
from connector.api import routes as routes
from connector.api.operation import OPERATIONS
from connector.storage import tables as t
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.metadata import Published, metadata
from idp_fixtures.saml.vendors import VENDORS
from tests.acceptance.idp import Idp, put_into_dns, told
from tests.acceptance.site import Organization, Site
from tests.support.api import Answer, Client

UNHEARD = {
    "ask_access": "asks, and changes nothing",
    "make_plan": "stores a plan, and changes nothing",
    "accept_invitation_link": "answers a link; asked by test_OA_19 for the same verb",
    "create_workspace_resource": "as create_resource, in the workspace of the session",
    "rename_workspace_resource": "as rename_resource",
    "delete_workspace_resource": "as delete_resource",
    "switch_mode": "as activate_connection, under another address",
    "approve_move": "in a test of its own below",
}
"""Operations that change nothing of an organization, or are another one's verb at a second address."""


@dataclass
class Trail:
    """The audit trail of one organization, watched: which operations were called, and that each left one entry."""

    acme: Organization
    seen: int = 0
    called: set[str] = field(default_factory=set)

    def one(self, operation: str, answer: Answer, *, people: int = 0) -> Any:
        """A call that has just succeeded left exactly one entry, and one for each person whose access it changed."""
        assert answer.status < 300, (operation, answer.text)
        before = self.seen
        self.skip()
        assert self.seen == before + 1 + people, (operation, self.newest(self.seen - before))
        self.called.add(operation)
        return answer.json if answer.text else None

    def skip(self) -> None:
        """What happened since is not judged."""
        entry = t.AuditEntry
        mine = select(func.count()).select_from(entry).where(entry.organization_id == self.acme.id)
        with self.acme.site.database.read() as tx:
            self.seen = int(tx.execute(mine).scalar_one())

    def newest(self, count: int) -> list[tuple[str, str]]:
        """Action and target of the last entries."""
        entry = t.AuditEntry
        mine = select(entry.action, entry.target).where(entry.organization_id == self.acme.id)
        with self.acme.site.database.read() as tx:
            return [(action, target) for action, target in tx.execute(mine.order_by(entry.id.desc()).limit(count))]


def _members(trail: Trail, site: Site) -> None:
    """Invitations and members."""
    acme, owner = trail.acme, trail.acme.owner
    bob, cyd, eve = (site.person(name) for name in ("bob", "cyd", "eve"))
    invited = {
        who.email: trail.one("create_invitation", owner.post(acme / "invitations", {"email": who.email}))["id"]
        for who in (bob, cyd, eve)
    }
    trail.one("resend_invitation", owner.post(acme / f"invitations/{invited[bob.email]}/resend"))
    trail.one("cancel_invitation", owner.delete(acme / f"invitations/{invited[cyd.email]}"))
    trail.one("accept_my_invitation", bob.post(f"/api/me/org-invitations/{invited[bob.email]}/accept"))
    trail.one("decline_my_invitation", eve.post(f"/api/me/org-invitations/{invited[eve.email]}/decline"))
    cyd.patch("/api/me", {"username": "cyd"}).ok()
    trail.one("add_member", owner.put(acme / "members", {"username": "cyd"}))
    trail.one("set_role", owner.patch(acme.member(cyd), {"role": "editor"}))
    trail.one("suspend_member", owner.post(f"{acme.member(cyd)}/suspend"))
    trail.one("unsuspend_member", owner.post(f"{acme.member(cyd)}/unsuspend"))
    trail.one("remove_member", owner.delete(acme.member(cyd)))


def _teams(trail: Trail, bob: str) -> None:
    """Teams, resources and what is granted."""
    acme, owner, bot = trail.acme, trail.acme.owner, {"resource_kind": "agent", "resource_id": "bot"}
    trail.one("create_resource", owner.post(acme / "resources", {"kind": "agent", "id": "bot", "name": "Bot"}))
    trail.one("rename_resource", owner.patch(acme / "resources/agent/bot", {"name": "Robot"}))
    trail.one("create_team", owner.post(acme / "teams", {"name": "Ops"}))
    trail.one("rename_team", owner.patch(acme / "teams/ops", {"name": "Operations"}))
    trail.one("put_team_member", owner.put(acme / f"teams/ops/members/{bob}", {"role": "maintainer"}))
    grant = trail.one("put_team_grant", owner.put(acme / "teams/ops/grants", bot))["id"]
    trail.one("remove_team_grant", owner.delete(acme / f"teams/ops/grants/{grant}"))
    trail.one("remove_team_member", owner.delete(acme / f"teams/ops/members/{bob}"))
    trail.one("delete_team", owner.delete(acme / "teams/ops"))
    everybody = trail.one("put_grant", owner.put(acme / "grants", bot))["id"]
    trail.one("remove_grant", owner.delete(acme / f"grants/{everybody}"))
    trail.one("delete_resource", owner.delete(acme / "resources/agent/bot"))
    trail.one("put_resource_kind", owner.put(acme / "resource-kinds/disk", {"enforced": True}))
    trail.one("remove_resource_kind", owner.delete(acme / "resource-kinds/disk"))


def _projects(trail: Trail, bob: str) -> None:
    """Projects and keys."""
    acme, owner = trail.acme, trail.acme.owner
    trail.one("create_project", owner.post(acme / "projects", {"name": "Web"}))
    trail.one("rename_project", owner.patch(acme / "projects/web", {"name": "Website"}))
    trail.one("put_project_member", owner.put(acme / f"projects/web/members/{bob}", {"role": "viewer"}))
    trail.one("remove_project_member", owner.delete(acme / f"projects/web/members/{bob}"))
    key = trail.one("create_project_key", owner.post(acme / "projects/web/keys", {"name": "ci"}))["id"]
    trail.one("delete_project_key", owner.delete(acme / f"projects/web/keys/{key}"))
    trail.one("delete_project", owner.delete(acme / "projects/web"))
    key = trail.one("create_key", owner.post(acme / "keys", {"name": "ci"}))["id"]
    trail.one("delete_key", owner.delete(acme / f"keys/{key}"))


def _settings(trail: Trail, root: Client) -> None:
    """The organization itself, its roles, settings and entitlements."""
    acme, owner = trail.acme, trail.acme.owner
    trail.one("change_organization", owner.patch(str(acme), {"display_name": "Acme Hosting"}))
    trail.one("switch_entitlements", root.put(acme / "entitlements", {"projects": False}))
    trail.one("switch_entitlements", root.put(acme / "entitlements", {"projects": True}))
    trail.one("put_general_settings", owner.put(acme / "settings/general", {"invitation_days": 3}))
    trail.one("put_preferences", owner.put(acme / "settings/preferences", {"locale": "cs"}))
    trail.one("put_notifications", owner.put(acme / "settings/notifications", {"muted": ["token.expiring"]}))
    trail.one("put_auth_settings", owner.put(acme / "settings/auth", {"session_hours": 8}))
    catalogue = owner.get(acme / "roles").ok()
    clerk = {**catalogue["roles"][-1], "name": "clerk", "rank": 1}
    roles = [{**each, "rank": each["rank"] + 1} for each in catalogue["roles"]]
    trail.one("replace_roles", owner.put(acme / "roles", {"roles": [*roles, clerk]}))
    link = trail.one("create_setup_link", owner.post(acme / "setup-links", {"name": "IT"}))["id"]
    trail.one("revoke_setup_link", owner.delete(acme / f"setup-links/{link}"))
    trail.one("add_break_glass_owner", owner.post(acme / "break-glass", {"email": owner.email}))
    trail.one("print_recovery_codes", owner.post(acme / f"break-glass/{owner.id}/codes"))
    second = acme.joined("second", "owner")
    trail.skip()
    trail.one("add_break_glass_owner", owner.post(acme / "break-glass", {"email": second.email}))
    trail.one("remove_break_glass_owner", owner.delete(acme / f"break-glass/{second.id}"))


def _connections(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Idp:
    """Domains, connections and what they are made of; returns one whose test sign-in has passed."""
    acme, owner = trail.acme, trail.acme.owner
    for name in ("acme.example", "spare.example"):
        claimed = trail.one("create_domain", owner.post(acme / "domains", {"domain": name}))
        put_into_dns(claimed, monkeypatch)
        trail.one("verify_domain", owner.post(acme / f"domains/{name}/verify"))
    trail.one("delete_domain", owner.delete(acme / "domains/spare.example"))
    spare = trail.one("create_connection", owner.post(acme / "connections", {"name": "Spare", "idp": "generic"}))["id"]
    trail.one("delete_connection", owner.delete(acme / f"connections/{spare}", withdraw="true"))
    keys = Published(keys=(key_pair("okta"), key_pair("spare")))
    said = {"name": "Okta", "idp": "okta", "saml_metadata": metadata(VENDORS["okta"], keys).decode()}
    made_one = trail.one("create_connection", owner.post(acme / "connections", said))
    idp = Idp(acme, made_one["id"], "", "okta")
    home = acme / f"connections/{idp.connection}"
    trail.one("change_connection", owner.patch(home, {"name": "Okta of Acme"}))
    trail.one("drop_certificate", owner.delete(f"{home}/certificates/{key_pair('spare').fingerprint}"))
    client = trail.one("create_client", owner.post(f"{home}/clients"))["client_id"]
    trail.one("revoke_client", owner.delete(f"{home}/clients/{client}"))
    token = trail.one("create_token", owner.post(f"{home}/tokens", {}))["id"]
    trail.one("revoke_token", owner.delete(f"{home}/tokens/{token}"))
    trail.one("move_directory", owner.post(f"{home}/directory", {"directory": "off"}))
    trail.one("make_test", owner.post(f"{home}/test"))
    idp.tested("owner")
    trail.skip()
    return idp


def _rules(trail: Trail, idp: Idp, owner: Client) -> None:
    """Rules and how they become roles."""
    acme, rule = trail.acme, {"connection": idp.connection, "group": "Nobody", "role": "editor"}
    first = trail.one("add_rule", owner.post(acme / "rules", rule))["id"]
    trail.one("remove_rule", owner.delete(acme / f"rules/{first}", withdraw="true"))
    trail.one("replace_rules", owner.put(acme / "rules", {"rules": [rule]}))
    trail.one("change_policy", owner.put(acme / "policy", {"role_strategy": "ordered"}))
    plan = owner.put(acme / "policy", {"role_strategy": "highest"}, dry_run="true").ok()
    trail.one("apply_plan", owner.post(acme / f"plans/{plan['digest']}/apply"))


def _in_sso(trail: Trail, idp: Idp) -> None:
    """Going live, and what can be done then."""
    acme, home = trail.acme, trail.acme / f"connections/{idp.connection}"
    trail.one("activate_connection", acme.owner.post(f"{home}/activate", {}))
    site = acme.site
    owner = site.person("owner", Proof("email_link"), Proof("break_glass", acme.id))
    ada = idp.signed_in("ada")
    trail.skip()
    trail.one("remove_member", owner.delete(acme.member(ada), block="true"))
    trail.one("unblock_member", owner.post(f"{acme.member(ada)}/unblock"))
    pushing = replace(idp, organization=replace(acme, owner=owner)).with_token()
    user = pushing.pushed("zoe")
    trail.skip()
    trail.one("link_member", owner.put(f"{acme.member(ada)}/link", {"user": user}))
    trail.one("unlink_member", owner.delete(f"{acme.member(ada)}/link"))
    trail.one("restore_people", owner.post(f"{home}/restore", {"since": datetime.now(UTC).isoformat()}))
    second = told(acme, owner, "google")
    second.carry_out("activate")
    trail.skip()
    trail.one("disable_connection", owner.post(acme / f"connections/{second.connection}/disable"))


def test_ON_14_every_change_has_exactly_one_entry(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operation that changes an organization, called once: one entry with who, what, when and whom. None is left out."""
    acme, root = site.organization("onet"), site.super_admin()
    trail = Trail(acme)
    trail.one("create_organization", Answer(201, Headers(), ""))
    _members(trail, site)
    bob = site.api.person("bob@acme.example")
    _teams(trail, bob)
    _projects(trail, bob)
    _settings(trail, root)
    idp = _connections(trail, monkeypatch)
    _rules(trail, idp, acme.owner)
    _in_sso(trail, idp)
    owner = site.person("owner", Proof("email_link"), Proof("break_glass", acme.id))
    _complete(owner.everything(acme / "audit", limit=200), trail.seen)
    trail.one("delete_organization", owner.delete(str(acme)))
    trail.one("restore_organization", root.post(f"{acme}/restore"))
    inside = {each.id for each in OPERATIONS if each.changes and each.in_workspace}
    assert inside - trail.called - UNHEARD.keys() == set()


def _complete(entries: list[Any], count: int) -> None:
    assert len(entries) == count
    assert all(each["actor"] and each["action"] and each["target"] and each["at"] and each["because"] for each in entries)
    by_people = [each for each in entries if "@" in each["actor"]]
    assert all(each["address"] == "127.0.0.1" for each in by_people)


def test_ON_14_moving_is_told_on_both_sides(site: Site) -> None:
    """One entry where somebody asks, and then one in each of the two organizations."""
    acme, beta = site.organization("together"), site.organization("together", "Beta", "beta-owner")
    ada, invitation = acme.joined("ada"), beta.invited("ada")["id"]
    left, joined = Trail(acme), Trail(beta)
    left.skip()
    joined.skip()
    joined.one("request_move", ada.post(f"/api/me/org-invitations/{invitation}/request-move"))
    approved = beta.owner.post(beta / f"invitations/{invitation}/approve-move")
    joined.one("approve_move", approved)
    left.one("approve_move", approved)


def test_ON_14_the_trail_is_read_by_those_who_may(site: Site) -> None:
    """A guest is refused, an owner reads who, what, when, and the details of what it was done to."""
    acme = site.organization("onet")
    acme.joined("gus", "guest").get(acme / "audit").refused(403, "permission_missing")
    acme.owner.patch(str(acme), {"display_name": "Acme Hosting"}).ok()
    [entry] = acme.entries("organization.changed")
    assert (entry["actor"], entry["target"]) == ("owner@acme.example", f"organization:{acme.slug}")
    assert (entry["before"], entry["after"]) == ({"display_name": "Acme"}, {"display_name": "Acme Hosting"})
