"""The commands about teams, projects, resources and grants: what one makes, the next one shows."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli

ADA = "ada@acme.example"


@pytest.fixture
def acme(cli: Cli) -> Cli:
    """An onet organization owned by Ada, with a team, a project and a server in it."""
    cli.json("org", "create", "acme", "--name", "Acme", "--owner", ADA, "--preset", "onet")
    cli.json("team", "create", "acme", "Engineering", "--slug", "eng")
    cli.json("project", "create", "acme", "Site")
    cli.json("resource", "create", "acme", "vps", "Web", "--id", "web", "--project", "site")
    return cli


def test_a_team_is_filled_renamed_and_removed(acme: Cli) -> None:
    """With its members and grants shown beside it."""
    assert acme.json("team", "set-member", "acme", "eng", ADA, "--role", "maintainer")["role"] == "maintainer"
    shown = acme.json("team", "show", "acme", "eng")
    assert [(each["email"], each["role"]) for each in shown["members"]] == [(ADA, "maintainer")]
    assert f"{ADA}  maintainer  by hand" in acme.text("team", "show", "acme", "eng")
    acme.json("team", "remove-member", "acme", "eng", ADA)
    assert acme.json("team", "rename", "acme", "eng", "Builders")["member_count"] == 0
    assert [each["name"] for each in acme.json("team", "list", "acme")["items"]] == ["Builders"]
    assert acme.json("team", "remove", "acme", "eng") == {"team": "eng", "removed": True}
    assert acme.refused("team", "show", "acme", "eng")["code"] == "team_not_found"


def test_a_project_has_members_and_stays_while_it_is_used(acme: Cli) -> None:
    """The operator is in none."""
    assert acme.json("project", "show", "acme", "site")["role"] is None
    acme.json("project", "set-member", "acme", "site", ADA, "--role", "viewer")
    assert [(each["email"], each["role"]) for each in acme.json("project", "members", "acme", "site")["items"]] == [
        (ADA, "viewer")
    ]
    acme.json("project", "remove-member", "acme", "site", ADA)
    assert acme.text("project", "members", "acme", "site") == "Nobody is in it.\n"
    assert acme.refused("project", "remove", "acme", "site")["code"] == "project_not_empty"
    acme.json("resource", "remove", "acme", "vps", "web")
    acme.json("project", "rename", "acme", "site", "Shop")
    assert [each["name"] for each in acme.json("project", "list", "acme")["items"]] == ["Shop"]
    acme.json("project", "remove", "acme", "site")


@pytest.mark.parametrize(("team", "subject"), [("eng", "team:eng"), ("org:*", "org:*")])
def test_a_grant_is_given_listed_and_taken(acme: Cli, team: str, subject: str) -> None:
    """To a team, or to everybody."""
    grant = acme.json("grant", "add", "acme", team, "vps", "web", "--permission", "read")
    assert (grant["subject"], grant["permission"]) == (subject, "read")
    assert acme.json("grant", "list", "acme", team)["items"] == [grant]
    acme.json("grant", "remove", "acme", team, grant["id"])
    assert acme.text("grant", "list", "acme", team) == "Nothing is granted.\n"


def test_check_says_what_somebody_may_do_and_why(acme: Cli) -> None:
    """Who is no member may do nothing."""
    told = acme.json("check", "acme", ADA, "vps", "web", "--permission", "admin")
    assert told == {"allowed": True, "level": "admin", "because": ["role owner holds resources.admin_all"]}
    assert acme.text("check", "acme", "zoe@else.example", "vps", "web").splitlines() == [
        "no: zoe@else.example has none on vps web",
        "  not a member of this organization",
    ]


def test_resources_and_their_kinds_are_kept(acme: Cli) -> None:
    """Made known, shown, renamed, listed by kind and project."""
    assert acme.json("resource", "rename", "acme", "vps", "web", "Front")["name"] == "Front"
    assert acme.json("resource", "show", "acme", "vps", "web")["project"] == "site"
    listed = acme.json("resource", "list", "acme", "--kind", "vps", "--project", "site")["items"]
    assert [each["name"] for each in listed] == ["Front"]
    acme.json("resource", "set-kind", "acme", "dashboard", "--enforced", "--in-project")
    kinds = {each["name"]: each for each in acme.json("resource", "kinds", "acme")["items"]}
    assert kinds["dashboard"] == {"name": "dashboard", "enforced": True, "visibility": "organization", "in_project": True}
    acme.json("resource", "remove-kind", "acme", "dashboard")
    assert acme.refused("resource", "create", "acme", "dashboard", "D")["code"] == "kind_unknown"
