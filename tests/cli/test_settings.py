"""`connector setting` and the forms of `connector audit`."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def acme(cli_on_sqlite: Cli) -> Cli:
    """An organization of one member, on SQLite."""
    cli_on_sqlite.json("org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    return cli_on_sqlite


@pytest.mark.parametrize("words", [("acme", "general"), ("general", "--org", "acme"), ("--org", "acme", "general")])
def test_settings_are_changed_one_by_one_and_shown(acme: Cli, words: tuple[str, ...]) -> None:
    """Values are JSON, or texts; what is not named stays."""
    acme.json("setting", "set", "acme", "general", "member_base_level=read")
    changed = acme.json("setting", "set", *words, "invitation_days=14", "support_url=https://help.example/a=b")
    assert changed == {"support_url": "https://help.example/a=b", "member_base_level": "read", "invitation_days": 14}
    shown = acme.json("setting", "show", "acme")
    assert shown.keys() == {"general", "preferences", "notifications", "auth"}
    assert shown["general"] == changed
    assert "invitation_days    14" in acme.text("setting", "show", "acme")
    assert [item["after"] for item in acme.json("audit", "acme", "--action", "settings.")["items"]] == [
        {"member_base_level": "read"},
        {"invitation_days": 14, "support_url": "https://help.example/a=b"},
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("acme", "general", "colour=red"), "settings_unknown"),
        (("acme", "general", "invitation_days=x"), "settings_invalid"),
        (("acme", "preferences", "custom=NaN"), "settings_invalid"),
        (("nothing", "general", "invitation_days=3"), "organization_not_found"),
    ],
)
def test_what_cannot_be_set_is_refused(acme: Cli, words: tuple[str, ...], code: str) -> None:
    """With the code of the API."""
    assert acme.refused("setting", "set", *words)["code"] == code


@pytest.mark.parametrize("words", [("acme", "general"), ("acme", "nothing", "a=b"), ("a=b",), ("acme", "x", "general", "a=b")])
def test_a_call_without_namespace_or_value_makes_no_sense(acme: Cli, words: tuple[str, ...]) -> None:
    """Nor one with too many words."""
    assert acme.misused("setting", "set", *words)


def test_the_audit_trail_is_printed_for_people_and_for_programs(acme: Cli) -> None:
    """Texts as they are, everything else as JSON says it; NDJSON and CSV have all entries."""
    acme.json("setting", "set", "acme", "auth", "member_may_leave=true")
    assert "member_may_leave false → member_may_leave true" in acme.text("audit", "acme")
    told = acme.json("audit", "acme")["items"]
    lines = [json.loads(line) for line in acme.text("audit", "acme", "--format", "ndjson").splitlines()]
    assert [{name: said for name, said in line.items() if name != "id"} for line in lines] == told
    table = list(csv.DictReader(io.StringIO(acme.text("audit", "acme", "--format", "csv"), newline="")))
    assert [row["action"] for row in table] == [item["action"] for item in told]
    assert acme.json("audit", "acme", "--format", "csv")["items"] == told


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--action", "settings.changed"), 1),
        (("--action", "settings."), 1),
        (("--actor", "nobody"), 0),
        (("--target", "settings:auth", "--actor", "operator"), 1),
        (("--until", "2000-01-01T00:00:00Z"), 0),
    ],
)
def test_the_audit_trail_is_searched(acme: Cli, words: tuple[str, ...], count: int) -> None:
    """By the filters of the API."""
    acme.json("setting", "set", "acme", "auth", "session_hours=8")
    assert len(acme.json("audit", "acme", *words)["items"]) == count
    assert len(acme.text("audit", "acme", "--format", "ndjson", *words).splitlines()) == count
