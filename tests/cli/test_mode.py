"""`connector org mode`: there and back at the command line, as plans."""

from __future__ import annotations

from tests.cli.conftest import Home

PLAN = {"digest", "applied", "summary", "changes"}


def test_going_live_and_back_are_plans_of_the_contract(home: Home) -> None:
    """Without --yes stored and printed, exit 0; with it applied."""
    home.user("ada")
    live = ("org", "mode", "acme", "sso", "--connection", home.connection)
    for words in (live, ("org", "mode", "acme", "invitation")):
        was = home.cli.json("org", "show", "acme")["mode"]
        plan = home.cli.json(*words)
        assert (set(plan), plan["applied"]) == (PLAN, False)
        assert home.cli.json("org", "show", "acme")["mode"] == was
        done = home.cli.json(*words, "--yes")
        assert (set(done), done["applied"], done["changes"]) == (PLAN, True, plan["changes"])
        assert home.cli.json("org", "show", "acme")["mode"] != was
    assert home.cli.json("connection", "show", home.connection)["state"] == "draft"
    assert home.cli.json("member", "list", "acme")["items"][1]["status"] == "active"


def test_a_stored_plan_of_going_back_is_applied_by_its_digest(home: Home) -> None:
    """As every plan; what happens beside people's access is told to people."""
    home.go_live()
    told = home.cli.text("org", "mode", "--org", "acme", "invitation")
    assert "Connections become drafts" in told
    digest = home.cli.json("org", "mode", "acme", "invitation")["digest"]
    assert f"--digest {digest}" in told
    assert home.cli.json("apply", "acme", "--digest", digest)["applied"]
    assert home.cli.json("org", "show", "acme")["mode"] == "invitation"


def test_the_operator_vouches_for_the_test_sign_in_and_is_told(home: Home) -> None:
    """A connection that nobody can sign in through may be activated here; over the API it may not."""
    ended = home.cli("org", "mode", "acme", "sso", "--connection", home.connection, "--yes", "--json")
    assert ended.status == 0
    assert "no sign-on side" in ended.err


def test_sso_without_a_connection_says_what_is_missing(home: Home) -> None:
    """And a connection of nobody is not found."""
    assert home.cli.refused("org", "mode", "acme", "sso", "--yes")["code"] == "connection_needed"
    assert home.cli.refused("org", "mode", "acme", "sso", "--connection", "none", "--yes")["code"] == "connection_not_found"


def test_a_directory_leaves_live_with_what_its_rules_gave(home: Home) -> None:
    """`--keep`: as given by hand."""
    home.group("Engineering", home.user("ada"))
    home.cli.json("rule", "add", home.connection, "--group", "Engineering", "--team", "eng")
    home.go_live()
    home.cli.json("connection", "directory", home.connection, "off", "--keep", "--yes")
    told = home.cli.json("member", "explain", "acme", "ada@acme.example")
    assert [(each["target"], each["source"]) for each in told["because"] if each["target"] == "team:eng"] == [
        ("team:eng", "manual")
    ]
