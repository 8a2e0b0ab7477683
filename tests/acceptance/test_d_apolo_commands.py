"""ORGANIZATIONS.md part D: Apolo, the command line for organization administration (AP-6 to AP-8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.site import Site
from tests.cli.conftest import Cli


@pytest.fixture
def cli(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The commands, before the same database as the API."""
    url = site.database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", url)
    monkeypatch.setenv("CONNECTOR_DATA_DIR", str(tmp_path))
    return Cli()


def _told(listed: Any) -> list[tuple[str, str]]:
    return [(each["email"], each["role"]) for each in listed["items"]]


def test_AP_6_commands_and_the_api_say_the_same(site: Site, cli: Cli) -> None:
    """`connector member list --json` equals GET members; invite, role and removal are commands over the same verbs."""
    acme = site.organization("apolo")
    bob = acme.joined("bob", "manager")
    assert cli.json("member", "list", acme.slug)["items"] == acme.owner.get(acme / "members").ok()["items"]
    cli.json("member", "set-role", acme.slug, bob.email, "admin")
    assert acme.role_of(bob) == "admin"
    cli.json("invite", acme.slug, "cyd@acme.example", "--role", "user")
    assert [each["email"] for each in site.person("cyd").get("/api/me/org-invitations").ok()["items"]] == ["cyd@acme.example"]
    cli.text("member", "remove", acme.slug, bob.email)
    bob.get(str(acme)).refused(404, "organization_not_found")


def test_AP_7_the_current_organization_of_the_command_line_is_switched(site: Site, cli: Cli) -> None:
    """`connector use`, then a list is that of the other organization."""
    acme, beta = site.organization("apolo"), site.organization("apolo", "Beta", "beta-owner")
    for chosen in (acme, beta):
        cli.text("use", chosen.slug)
        assert _told(cli.json("member", "list")) == [(chosen.owner.email, "admin")]


def test_AP_8_a_command_says_its_organization(site: Site, cli: Cli) -> None:
    """`--org` wins over the current one."""
    acme, beta = site.organization("apolo"), site.organization("apolo", "Beta", "beta-owner")
    cli.text("use", acme.slug)
    assert _told(cli.json("member", "list", "--org", beta.slug)) == [(beta.owner.email, "admin")]
    assert _told(cli.json("member", "list")) == [(acme.owner.email, "admin")]
