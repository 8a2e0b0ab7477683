"""How commands take their words, and what they say to people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click import Command, Context, Group

from connector.cli.output import aligned, table, width
from connector.cli.root import MODULES, root
from connector.directory import log
from tests.cli.conftest import Cli, Home

NOT_YET = {"webhook"}


@pytest.fixture
def acme(cli_on_sqlite: Cli) -> Cli:
    """An organization of one member, on SQLite."""
    cli_on_sqlite.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    return cli_on_sqlite


def commands(group: Group, *before: str) -> list[tuple[tuple[str, ...], Command]]:
    """All commands there are, with the words that call them."""
    found: list[tuple[tuple[str, ...], Command]] = []
    for name in group.list_commands(Context(group)):
        words, command = (*before, name), group.get_command(Context(group), name)
        assert command is not None
        found += commands(command, *words) if isinstance(command, Group) else [(words, command)]
    return found


@pytest.mark.parametrize(
    ("words", "command"), commands(root), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_takes_json_and_explains_itself(words: tuple[str, ...], command: Command) -> None:
    """`--help` has a sentence for each, and `--json` is among the options of all."""
    assert command.get_short_help_str().rstrip(".")
    assert "--json" in [name for option in command.params for name in option.opts]


def test_a_command_not_yet_built_is_not_listed() -> None:
    """Nobody is shown a word that does nothing."""
    assert not NOT_YET & set(MODULES)


@pytest.mark.parametrize(
    "words",
    [
        ("member", "explain", "acme", "ada@acme.example"),
        ("member", "explain", "--org", "acme", "ada@acme.example"),
        ("member", "explain", "ada@acme.example", "--org", "acme"),
        ("member", "set-role", "--org", "acme", "ada@acme.example", "owner"),
        ("member", "set-role", "acme", "ada@acme.example", "owner"),
        ("domain", "list", "--org", "acme"),
    ],
    ids=" ".join,
)
def test_the_organization_may_stand_before_the_other_arguments_or_in_an_option(acme: Cli, words: tuple[str, ...]) -> None:
    """Arguments are counted from the right, so that the first may be left out."""
    assert acme(*words).status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("member", "list"), "Which organization?"),
        (("member", "explain", "ada@acme.example"), "Which organization?"),
        (("member", "list", "acme", "beta"), "Too many arguments"),
        (("member", "list", "acme", "--org", "acme"), "Too many arguments"),
        (("member", "explain"), "Missing argument 'EMAIL'"),
        (("connection", "create", "acme", "--name", "Okta"), "--idp"),
        (("connection", "create", "acme", "--name", "x", "--idp", "else"), "'else' is not one of"),
        (("connection", "directory", "id", "sideways"), "'sideways' is not one of"),
        (("connection", "delete", "id"), "--withdraw or --keep"),
        (("connection", "restore", "id", "--since", "yesterday"), "is not a time with its zone"),
        (("audit", "acme", "--since", "2026-11-21T09:30:00"), "is not a time with its zone"),
        (("rule", "add", "id", "--role", "admin"), "exactly one of --group"),
        (("rule", "add", "id", "--group", "a", "--everyone", "--role", "admin"), "given: --group, --everyone"),
        (("rule", "add", "id", "--group", "a"), "exactly one of --role"),
        (("rule", "add", "id", "--group", "a", "--role", "x", "--team", "y"), "given: --role, --team"),
        (("plan", "acme", "--rules", "/nowhere/rules.json"), "No such file"),
        (("serve", "--workers", "2"), "--workers above 1 needs PostgreSQL"),
        (("serve", "--port", "70000"), "70000 is not in the range"),
        (("nonsense",), "No such command 'nonsense'"),
        (("org", "list", "--nonsense"), "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_call_that_makes_no_sense_ends_with_2_and_says_why(acme: Cli, words: tuple[str, ...], said: str) -> None:
    """One JSON object on standard error, nothing on standard output."""
    assert said in acme.misused(*words)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("org", "create", "Ä", "--name", "x", "--owner", "a@b.example"), "slug_invalid"),
        (("org", "create", "acme", "--name", "x", "--owner", "a@b.example"), "slug_taken"),
        (("member", "list", "nobody"), "organization_not_found"),
        (("member", "explain", "acme", "bob@acme.example"), "member_not_found"),
        (("member", "set-role", "acme", "ada@acme.example", "emperor"), "unknown_role"),
        (("member", "suspend", "acme", "ada@acme.example"), "last_owner"),
        (("connection", "show", "x"), "connection_not_found"),
        (("connection", "activate", "x"), "connection_not_found"),
        (("token", "list", "x"), "connection_not_found"),
        (("token", "revoke", "x"), "token_not_found"),
        (("rule", "list", "x"), "connection_not_found"),
        (("rule", "remove", "x"), "rule_not_found"),
        (("log", "x"), "connection_not_found"),
        (("domain", "add", "acme", "not a domain"), "domain_invalid"),
        (("domain", "remove", "acme", "other.example"), "domain_not_found"),
        (("apply", "acme", "--digest", "0"), "plan_not_found"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_refusal_ends_with_1_and_has_a_stable_code(acme: Cli, words: tuple[str, ...], code: str) -> None:
    """`code` and `detail` always, `expected` and `advice` where they say something; with --json and without."""
    for ended in (acme(*words), acme(*words, "--json")):
        error = json.loads(ended.err)
        assert (ended.status, ended.out, error["code"]) == (1, "", code)
        assert error["detail"]
        assert error.keys() <= {"code", "detail", "expected", "advice"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("{}", "holds no list"),
        ("[1]", "Rule 1 is no object"),
        ('[{"connection": "x", "grup": "y"}]', "grup"),
        ('[{"connection": "x", "group": 7}]', "wrong kind for group"),
        ('[{"connection": "x", "everyone": "yes"}]', "wrong kind for everyone"),
    ],
)
def test_a_file_of_rules_that_cannot_be_read_is_refused_by_what_is_wrong(acme: Cli, tmp_path: Path, text: str, said: str) -> None:
    """Before anything is computed from it."""
    file = tmp_path / "rules.json"
    file.write_text(text)
    error = acme.refused("plan", "acme", "--rules", str(file))
    assert error["code"] == "rules_file_invalid"
    assert said in error["detail"]


def test_an_empty_list_says_what_to_do_next(acme: Cli, cli_on_sqlite: Cli) -> None:
    """A newcomer is led from one command to the next."""
    assert "connector domain add acme" in acme.text("domain", "list", "acme")
    assert "connector connection create acme" in acme.text("connection", "list", "acme")
    connection = acme.json("connection", "create", "acme", "--name", "Okta", "--idp", "okta")["id"]
    assert f"connector token create {connection}" in acme.text("token", "list", connection)
    assert f"connector rule add {connection}" in acme.text("rule", "list", connection)
    assert f"connector token create {connection}" in acme.text("log", connection)


def test_a_plan_is_told_person_by_person_with_the_command_that_applies_it(home: Home) -> None:
    """The sentence first, then who and why."""
    ada = home.user("ada")
    home.group("Admins", ada)
    home.cli.json("rule", "add", home.connection, "--group", "Admins", "--role", "admin")
    ended = home.cli("connection", "activate", home.connection)
    lines = ended.out.splitlines()
    assert lines[0].startswith("Would change: 1 joins, 1 role")
    assert "ada@acme.example" in lines
    assert any("none → admin" in line and "Admins" in line for line in lines)
    assert lines[-1].strip().startswith("connector apply acme --digest ")
    assert "only break-glass owners" in ended.err
    assert home.cli.text("connection", "activate", home.connection, "--yes").startswith("Applied: 1 joins")


def test_explain_tells_people_the_group_and_why_not_more(home: Home) -> None:
    """The words of the identity provider, as its admin knows them."""
    ada = home.user("ada")
    home.group("Admins", ada)
    home.group("Chess club", ada)
    home.cli.json("rule", "add", home.connection, "--group", "Admins", "--team", "ops")
    home.go_live()
    told = home.cli.text("member", "explain", "acme", "ada@acme.example")
    assert 'IdP group "Admins"' in told
    assert "Why not more" in told
    assert "Chess club" in told


def test_a_request_that_changed_much_is_told_in_part(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log keeps so many changes of one request; the rest is counted, and the audit trail has them all."""
    monkeypatch.setattr(log, "SHOWN", 2)
    home.cli.json("rule", "add", home.connection, "--group", "Engineering", "--team", "eng")
    home.go_live()
    home.group("Engineering", *(home.user(name) for name in ("ada", "bob", "eve", "kim", "zoe")))
    told = home.cli.text("log", home.connection)
    assert told.count("  team:eng  none → member") == 2
    assert "and 3 more changes" in told


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    """East Asian letters take two columns, combining marks and colours none."""
    assert [width(text) for text in ("abc", "渡辺", "e\u0301", "\x1b[1mab\x1b[0m", "نور")] == [3, 4, 1, 2, 3]
    assert aligned([("渡辺", "x"), ("ab", "y")]) == "渡辺  x\nab    y"
    assert table(("A", "B"), [], empty="nothing yet") == "nothing yet"
    assert table(("A", "B"), [(None, "b")], empty="").splitlines()[1] == "-  b"
