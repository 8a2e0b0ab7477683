"""Commands about organizations: the current one, changing, deleting and bringing back, roles, and the installation's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

ADA = "ada@acme.example"


@pytest.fixture
def two(cli_on_sqlite: Cli) -> Cli:
    """Two organizations, acme and bell, each of one owner."""
    for slug in ("acme", "bell"):
        cli_on_sqlite.json("org", "create", slug, "--name", slug.title(), "--owner", f"ada@{slug}.example")
    return cli_on_sqlite


def owners(cli: Cli, *words: str) -> list[str]:
    """Whom `member list` shows."""
    return [each["email"] for each in cli.json("member", "list", *words)["items"]]


def test_the_current_organization_stands_for_the_word(two: Cli) -> None:
    """AP-7 and AP-8: it is kept between commands; a word and --org go before it; without one a command asks which."""
    assert "Which organization?" in two.misused("member", "list")
    assert two.json("use")["organization"] is None
    assert two.json("use", "bell")["organization"] == "bell"
    assert (owners(two), owners(two, "acme")) == (["ada@bell.example"], [ADA])
    assert owners(two, "--org", "acme") == [ADA]
    assert two.json("member", "explain", "ada@bell.example")["role"] == "owner"
    assert two.json("use")["organization"] == "bell"
    assert two.json("use", "--none")["organization"] is None
    assert "Which organization?" in two.misused("member", "list")


def test_the_current_organization_is_kept_by_id(two: Cli) -> None:
    """It may get another slug; one that was deleted is not there."""
    two.json("use", "bell")
    assert two.json("org", "update", "--slug", "bells", "--name", "The Bells")["slug"] == "bells"
    assert two.json("use")["organization"] == "bells"
    two.json("org", "delete")
    assert two.refused("member", "list")["code"] == "organization_not_found"
    assert two.refused("use", "nobody")["code"] == "organization_not_found"


def test_an_organization_is_deleted_and_brought_back(two: Cli) -> None:
    """It is listed nowhere but among the deleted ones."""
    assert two.json("org", "delete", "acme")["deleted"] is True
    assert [each["slug"] for each in two.json("org", "list")["items"]] == ["bell"]
    assert [each["slug"] for each in two.json("org", "list", "--deleted")["items"]] == ["acme"]
    assert two.json("org", "restore", "acme")["slug"] == "acme"
    assert two.json("org", "list", "--deleted") == {"items": []}
    assert owners(two, "acme") == [ADA]


def test_roles_are_printed_and_put_back_changed(two: Cli, tmp_path: Path) -> None:
    """What is printed can be edited and given back: a plan first."""
    told = two.json("org", "roles", "acme")
    told["roles"].append({"name": "auditor", "rank": 15, "permissions": ["audit.read"]})
    file = tmp_path / "roles.json"
    file.write_text(json.dumps(told))
    assert two.json("org", "roles", "acme", "--set", str(file))["applied"] is False
    assert two.json("org", "roles", "acme", "--set", str(file), "--yes")["applied"] is True
    assert "auditor" in two.text("org", "roles", "acme")
    file.write_text("[]")
    assert "no JSON object" in two.misused("org", "roles", "acme", "--set", str(file))


def test_what_an_organization_may_use_is_switched(two: Cli) -> None:
    """Everything is on until it is switched off."""
    assert two.json("org", "entitle", "acme", "invitations", "off") == {"invitations": False, "projects": True}
    assert two.json("org", "entitle", "acme", "invitations", "on") == {"invitations": True, "projects": True}


def test_somebody_with_an_account_is_added(two: Cli) -> None:
    """By a verified address, with a role; whoever has no account is not made one."""
    added = two.json("member", "add", "acme", "ada@bell.example", "--role", "admin")
    assert (added["email"], added["role"], added["source"]) == ("ada@bell.example", "admin", "manual")
    assert two.refused("member", "add", "acme", "bob@bell.example")["code"] == "person_not_found"
    assert two.refused("member", "add", "acme", "bob", "--username")["code"] == "person_not_found"


def test_the_policy_of_the_installation_is_set(cli_on_sqlite: Cli) -> None:
    """What is not named stays."""
    assert cli_on_sqlite.json("installation", "show") == {"organizations": "on", "creation": "anyone"}
    cli_on_sqlite.json("installation", "set", "--creation", "super_admins")
    assert cli_on_sqlite.json("installation", "set", "--organizations", "off") == {
        "organizations": "off",
        "creation": "super_admins",
    }


def test_super_admins_are_named_and_taken_back(cli_on_sqlite: Cli) -> None:
    """The operator vouches for an address that nobody has yet."""
    named = cli_on_sqlite.json("super-admin", "add", ADA)
    assert cli_on_sqlite.json("super-admin", "list") == {"items": [named]}
    assert cli_on_sqlite.json("super-admin", "remove", ADA) == {"email": ADA, "removed": True}
    assert cli_on_sqlite.json("super-admin", "list") == {"items": []}
    assert cli_on_sqlite.refused("super-admin", "remove", "bob@acme.example")["code"] == "person_not_found"
