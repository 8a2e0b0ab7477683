"""What each command prints with --json: the names that other programs rely on."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.outbound import dns
from tests.cli.conftest import Cli, Home
from tests.outbound.name_server import name_server

PLAN = {"digest", "applied", "summary", "changes"}
MEMBER = {"id", "user_id", "email", "name", "role", "status", "causes", "source", "teams", "projects", "locked"}


def one(items: dict[str, list[Any]], **wanted: Any) -> Any:
    """The one item that has these values."""
    [found] = [item for item in items["items"] if wanted.items() <= item.items()]
    return found


def test_an_organization_is_made_shown_listed_and_exported(cli: Cli) -> None:
    """The founder's sign-in link is seen once, when it is made; a slug and an id find the same."""
    made = cli.json("org", "create", "acme", "--name", "Acmé 渡辺", "--owner", "ada@acme.example")
    assert made.keys() >= {"id", "slug", "sign_in_url"}
    assert (made["slug"], made["name"]) == ("acme", "Acmé 渡辺")
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/login/link\?token=\w{43}", made["sign_in_url"])
    shown = cli.json("org", "show", "acme")
    assert shown == cli.json("org", "show", made["id"]) == {name: said for name, said in made.items() if name != "sign_in_url"}
    cli.json("org", "create", "beta", "--name", "Beta", "--owner", "bob@beta.example", "--preset", "apolo")
    assert [item["slug"] for item in cli.json("org", "list")["items"]] == ["acme", "beta"]
    exported = cli.json("org", "export", "acme")
    assert exported.keys() >= {"organization", "roles", "domains", "connections", "rules", "teams", "projects", "members"}


def test_a_domain_is_verified_by_dns(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with what DNS said while the record is missing; then verified."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    claimed = cli.json("domain", "add", "acme", "acme.example")
    with name_server() as server:
        monkeypatch.setattr(dns, "txt", partial(dns.txt, server=server.address))
        assert cli.refused("domain", "verify", "acme", "acme.example")["code"] == "domain_unproved"
        server.texts[claimed["record_name"]] = [f'"{claimed["record_value"]}"']
        assert cli.json("domain", "verify", "acme", "acme.example") == {**claimed, "verified": True}
    assert cli.refused("domain", "verify", "acme", "other.example")["code"] == "domain_not_found"


def test_a_domain_is_added_listed_and_removed(cli: Cli) -> None:
    """An unverified one tells the record that proves it; removing is a plan."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    claimed = cli.json("domain", "add", "acme", "Acme.Example")
    assert claimed.keys() == {"domain", "verified", "record_name", "record_value"}
    assert (claimed["domain"], claimed["verified"]) == ("acme.example", False)
    assert cli.json("domain", "add", "acme", "acme.example", "--verified")["verified"] is True
    plan = cli.json("domain", "remove", "acme", "acme.example")
    assert (plan.keys(), plan["applied"], plan["changes"]) == (PLAN, False, [])
    assert len(cli.json("domain", "list", "acme")["items"]) == 1
    assert cli.json("domain", "remove", "acme", "acme.example", "--yes")["applied"] is True
    assert cli.json("domain", "list", "acme") == {"items": []}


def test_a_connection_has_all_its_addresses_from_the_start(cli: Cli) -> None:
    """Exactly the keys of the contract; the id is of letters that Okta allows."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    made = cli.json("connection", "create", "acme", "--name", "Okta", "--idp", "okta")
    identifier = made["id"]
    assert re.fullmatch(r"[a-z0-9-]+", identifier)
    base = "http://127.0.0.1:8000"
    assert made == {
        "id": identifier,
        "name": "Okta",
        "idp": "okta",
        "scim_base_url": f"{base}/scim/v2/{identifier}",
        "login_url": f"{base}/sso/{identifier}/login",
        "acs_url": f"{base}/sso/{identifier}/acs",
        "entity_id": f"{base}/sso/{identifier}/metadata",
        "metadata_url": f"{base}/sso/{identifier}/metadata",
        "redirect_uri": f"{base}/sso/{identifier}/callback",
        "logout_url": f"{base}/sso/{identifier}/logout",
        "backchannel_logout_url": f"{base}/sso/{identifier}/backchannel-logout",
        "state": "draft",
        "directory": "off",
        "authority": "claims",
        "jit": "auto",
        "sign_on": None,
        "issuer": None,
        "certificates": [],
    }
    assert cli.json("connection", "set", identifier, "--name", "Okta EU", "--jit", "off")["name"] == "Okta EU"
    assert cli.json("connection", "show", identifier)["jit"] == "off"
    assert [item["id"] for item in cli.json("connection", "list", "acme")["items"]] == [identifier]


def test_a_token_is_shown_once_and_the_third_is_refused(home: Home) -> None:
    """Lists never hold the token; revoking makes room."""
    second = home.cli.json("token", "create", home.connection, "--expires-days", "10")
    assert second.keys() >= {"id", "token"}
    assert home.cli.refused("token", "create", home.connection)["code"] == "token_limit"
    listed = home.cli.json("token", "list", home.connection)["items"]
    assert [item["state"] for item in listed] == ["live", "live"]
    assert second["token"] not in json.dumps(listed)
    home.cli.json("token", "revoke", second["id"])
    assert one(home.cli.json("token", "list", home.connection), id=second["id"])["state"] == "revoked"


def test_a_set_up_link_is_shown_once_listed_and_revoked(home: Home) -> None:
    """For the organization, by the operator; without options it lives a week."""
    made = home.cli.json("setup-link", "create", "acme", "--name", "IT of Acme", "--days", "3")
    assert made["url"].startswith("http://127.0.0.1:8000/setup/cnt_setup_")
    [listed] = home.cli.json("setup-link", "list", "acme")["items"]
    assert (listed["id"], listed["name"], listed["created_by"], listed["state"]) == (made["id"], "IT of Acme", None, "live")
    assert made["url"][-20:] not in json.dumps(listed)
    assert home.cli.refused("setup-link", "create", "acme", "--days", "31")["code"] == "expiry_invalid"
    home.cli.json("setup-link", "revoke", made["id"])
    assert one(home.cli.json("setup-link", "list", "acme"), id=made["id"])["state"] == "revoked"
    assert home.cli.refused("setup-link", "revoke", "nothing")["code"] == "setup_link_not_found"


def test_activation_is_a_plan_that_is_looked_at_stored_and_applied(home: Home) -> None:
    """Without --yes nothing changes; `apply` does what was looked at, once."""
    home.user("ada")
    plan = home.cli.json("connection", "activate", home.connection)
    assert (plan.keys(), plan["applied"]) == (PLAN, False)
    assert plan["summary"]["join"] == 1
    line = next(change for change in plan["changes"] if change["target"] == "status")
    assert line.keys() == {"email", "target", "before", "after", "because"}
    assert (line["email"], line["before"], line["after"]) == ("ada@acme.example", None, "active")
    assert line["because"]
    assert all(isinstance(sentence, str) for sentence in line["because"])
    assert home.cli.json("connection", "show", home.connection)["state"] == "draft"
    applied = home.cli.json("apply", "acme", "--digest", plan["digest"])
    assert (applied["applied"], applied["digest"], applied["changes"]) == (True, plan["digest"], plan["changes"])
    shown = home.cli.json("connection", "show", home.connection)
    assert (shown["state"], shown["directory"], shown["authority"]) == ("active", "live", "directory")
    assert home.cli.refused("apply", "acme", "--digest", plan["digest"])["code"] == "plan_not_found"


def test_a_plan_that_no_longer_holds_is_refused_and_the_new_one_printed(home: Home) -> None:
    """Somebody was pushed in between: exit 1, the error on standard error, the new plan on standard output."""
    home.user("ada")
    plan = home.cli.json("connection", "activate", home.connection)
    home.user("bob")
    ended = home.cli("apply", "acme", "--digest", plan["digest"], "--json")
    assert (ended.status, json.loads(ended.err)["code"]) == (1, "plan_changed")
    fresh = json.loads(ended.out)
    assert (fresh.keys(), fresh["applied"], fresh["summary"]["join"]) == (PLAN, False, 2)
    assert home.cli.json("apply", "acme", "--digest", fresh["digest"])["summary"]["join"] == 2


def test_a_rule_applies_at_once_where_its_connection_is_in_force(home: Home) -> None:
    """Before, only its id is printed; afterwards also what it did. With --plan nothing changes."""
    home.group("Engineering", home.user("ada"))
    assert home.cli.json("rule", "add", home.connection, "--everyone", "--project", "wiki").keys() == {"id"}
    home.go_live()
    plan = home.cli.json("rule", "add", home.connection, "--group", "Engineering", "--team", "eng:maintainer", "--plan")
    assert (plan.keys(), plan["applied"], plan["summary"]["team"]) == (PLAN, False, 1)
    assert len(home.cli.json("rule", "list", home.connection)["items"]) == 1
    added = home.cli.json("rule", "add", home.connection, "--group", "Engineering", "--team", "eng:maintainer")
    assert added.keys() == {"id", "plan"}
    assert added["plan"]["digest"] == plan["digest"]
    ada = one(home.cli.json("member", "list", "acme"), email="ada@acme.example")
    assert (ada["teams"], ada["projects"]) == ([{"slug": "eng", "role": "maintainer"}], ["wiki"])
    assert ada["locked"] == ["project:wiki", "team:eng"]
    assert home.cli.json("rule", "remove", added["id"])["summary"]["team"] == 1
    assert [rule["match"] for rule in home.cli.json("rule", "list", home.connection)["items"]] == ["everyone"]


def test_a_rule_removed_with_keep_leaves_what_it_gave(home: Home) -> None:
    """As if it had been given by hand."""
    home.group("Engineering", home.user("ada"))
    rule = home.cli.json("rule", "add", home.connection, "--group", "Engineering", "--team", "eng")["id"]
    home.go_live()
    assert home.cli.json("rule", "remove", rule, "--keep")["changes"] == []
    ada = home.cli.json("member", "explain", "acme", "ada@acme.example")
    assert ("team:eng", "manual") in [(item["target"], item["source"]) for item in ada["because"]]


def test_plan_takes_todays_rules_or_those_of_a_file(home: Home, tmp_path: Path) -> None:
    """Option names of `rule add`, with hyphens or underscores; nothing changes until the plan is applied."""
    group = home.group("Engineering", home.user("ada"))
    home.go_live()
    assert home.cli.json("plan", "acme")["changes"] == []
    file = tmp_path / "rules.json"
    file.write_text(json.dumps([{"connection": home.connection, "group-id": group, "team": "eng"}]))
    plan = home.cli.json("plan", "acme", "--rules", str(file))
    assert (plan["applied"], plan["summary"]["team"]) == (False, 1)
    assert home.cli.json("rule", "list", home.connection) == {"items": []}
    assert home.cli.json("apply", "acme", "--digest", plan["digest"])["applied"] is True
    assert len(home.cli.json("rule", "list", home.connection)["items"]) == 1
    assert home.cli.json("reconcile", "acme", "--dry-run")["applied"] is False
    assert home.cli.json("reconcile", "acme")["applied"] is True


def test_a_member_is_explained_from_group_to_rule_to_role(home: Home) -> None:
    """The keys of the list and, beside them, why and why not."""
    ada = home.user("ada")
    home.group("Admins", ada)
    home.group("Chess club", ada)
    rule = home.cli.json("rule", "add", home.connection, "--group", "Admins", "--role", "admin")["id"]
    home.go_live()
    listed = one(home.cli.json("member", "list", "acme"), email="ada@acme.example")
    assert listed.keys() == MEMBER
    told = home.cli.json("member", "explain", "acme", "ada@acme.example")
    assert told.keys() == MEMBER | {"because", "not"}
    assert {name: told[name] for name in MEMBER} == listed
    assert told["because"] == [
        {"target": "role", "level": "admin", "source": f"rule:{rule}", "rule": rule, "group": "Admins"},
    ]
    assert [item.keys() for item in told["not"]] == [{"target", "reason"}]
    assert "Chess club" in told["not"][0]["reason"]


def test_what_an_operator_decides_about_a_member(home: Home) -> None:
    """Suspend, lift, set a role, block and unblock; a plain removal under a live directory is refused with advice."""
    home.user("ada")
    home.go_live()
    ada = ("acme", "ada@acme.example")
    assert home.cli.json("member", "suspend", *ada)["causes"] == ["admin"]
    assert home.cli.json("member", "unsuspend", *ada)["status"] == "active"
    assert home.cli.json("member", "set-role", *ada, "billing")["role"] == "billing"
    refusal = home.cli.refused("member", "remove", *ada)
    assert (refusal["code"], "--block" in refusal["advice"]) == ("managed_by_idp", True)
    assert home.cli.json("member", "remove", *ada, "--block") == {"email": ada[1], "removed": True, "blocked": True}
    assert home.cli.json("member", "explain", *ada)["causes"] == ["block"]
    assert home.cli.json("member", "unblock", *ada)["status"] == "active"


def test_a_pushed_user_is_linked_to_a_member_by_hand(home: Home) -> None:
    """Somebody whom the identity provider calls otherwise; a second one of the same directory is refused."""
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    first, second = (home.push("POST", "/Users", {"userName": name, "schemas": [schema]})["id"] for name in ("f1", "f2"))
    linked = home.cli.json("member", "link", "acme", "founder@acme.example", "--user", first)
    assert (linked.keys(), linked["email"]) == (MEMBER, "founder@acme.example")
    refusal = home.cli.refused("member", "link", "acme", "founder@acme.example", "--user", second)
    assert refusal["code"] == "already_linked"


def test_the_states_of_a_directory(home: Home) -> None:
    """Paused, resumed and taken out of live by plans; then the connection can be disabled only if another is active."""
    home.go_live()
    for state in ("paused", "live", "staging"):
        assert home.cli.json("connection", "directory", home.connection, state)["applied"] is False
        assert home.cli.json("connection", "directory", home.connection, state, "--yes")["applied"] is True
        assert home.cli.json("connection", "show", home.connection)["directory"] == state
    assert home.cli.refused("connection", "disable", home.connection)["code"] == "last_connection"
    other = home.cli.json("connection", "create", "acme", "--name", "Entra", "--idp", "entra")["id"]
    home.cli.json("connection", "activate", other, "--yes")
    assert home.cli.json("connection", "disable", home.connection)["state"] == "disabled"
    assert home.cli.json("connection", "delete", home.connection, "--withdraw", "--yes")["applied"] is True
    assert [item["id"] for item in home.cli.json("connection", "list", "acme")["items"]] == [other]


def test_who_was_put_out_is_restored_since_a_time(home: Home) -> None:
    """The deactivated are active again until the identity provider next speaks of them."""
    ada = home.user("ada")
    home.go_live()
    before = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    home.push("PATCH", f"/Users/{ada}", patch | {"Operations": [{"op": "replace", "value": {"active": False}}]})
    assert home.cli.json("member", "explain", "acme", "ada@acme.example")["causes"] == ["directory"]
    plan = home.cli.json("connection", "restore", home.connection, "--since", before)
    assert (plan["applied"], plan["summary"]["reactivate"]) == (False, 1)
    assert home.cli.json("connection", "restore", home.connection, "--since", before, "--yes")["applied"] is True
    assert home.cli.json("member", "explain", "acme", "ada@acme.example")["status"] == "active"


def test_audit_and_provisioning_log_tell_what_happened(home: Home) -> None:
    """Oldest first, with the keys of the contract; --since leaves out what was before."""
    home.go_live()
    home.user("ada")
    audit = home.cli.json("audit", "acme")["items"]
    assert audit[0].keys() == {"at", "actor", "action", "target", "before", "after", "because", "address"}
    assert audit[0]["action"] == "organization.created"
    assert [item["at"] for item in audit] == sorted(item["at"] for item in audit)
    assert home.cli.json("audit", "acme", "--since", "2999-01-01T00:00:00Z") == {"items": []}
    [entry] = home.cli.json("log", home.connection)["items"]
    assert entry.keys() >= {"at", "client", "meaning", "changes", "status", "expected", "advice"}
    assert (entry["status"], entry["changes"][0]["email"]) == (201, "ada@acme.example")
    assert "Okta SCIM Client" in entry["client"]
