"""docs/organizations.md: its story is played from top to bottom, and its tables are what the program knows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import create_app
from connector.config import Settings
from connector.membership.access import OF_PROJECT_ROLE
from connector.membership.kinds import COMMON, Kind
from connector.membership.roles import PRESETS, Preset
from connector.organizations.invitations import STATUSES
from connector.provisioning.relay import relay
from tests.cli.conftest import Cli
from tests.docs.pages import code, read, rows, section
from tests.docs.shown import blocks, covers, send
from tests.support.api import Api, Client

PAGE = "docs/organizations.md"
ADA = "ada@acme.example"
WITH_ACCOUNTS = ("dan@acme.example", "eve@acme.example")
"""Who is added by hand in the story."""


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An empty installation, for commands and for requests."""
    folder = {"CONNECTOR_DATA_DIR": str(tmp_path), "CONNECTOR_DATABASE_URL": sqlite_url}
    for name, value in folder.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    app = create_app(Settings.from_environment(folder))
    yield Api(app, app.extensions["connector"].database)
    app.extensions["connector"].database.close()


def test_the_story_goes_as_it_is_told(api: Api) -> None:
    """Each command and each request is carried out; where JSON stands below, that is what comes of it."""
    api.person(ADA)
    for email in WITH_ACCOUNTS:
        api.as_(email).patch("/api/me", {"username": email.partition("@")[0]}).ok()
    ada = api.key(ADA)
    for typed, told in blocks(PAGE):
        relay(api.database)  # in a server this goes on all the time
        if typed.startswith("curl "):
            answer = send(ada, typed, {})
            assert told is not None
            assert covers(answer.json, json.loads(told)), f"{typed}\n{answer.text}"
        else:
            _run(typed, told)


def _run(typed: str, told: str | None) -> None:
    """One or more commands; what follows them is a refusal."""
    for line in typed.splitlines():
        ended = Cli()(*shlex.split(line)[1:])
        if told is not None:
            assert covers(json.loads(ended.err), json.loads(told)), f"{line}\n{ended}"
        else:
            assert ended.status == 0, f"{line}\n{ended}"
        if line == "connector org roles acme --json":
            Path("roles.json").write_text(ended.out)


def test_the_story_has_commands_requests_and_a_refusal() -> None:
    """Otherwise the test above would be empty."""
    typed = [typed for typed, _ in blocks(PAGE)]
    assert sum(each.startswith("connector ") for each in typed) >= 10
    assert sum(each.startswith("curl ") for each in typed) >= 5
    assert any(told and "code" in told for _, told in blocks(PAGE))


def test_the_presets_are_listed_with_their_roles_in_order() -> None:
    """Highest first, the default, the founder's, and what there is beside roles."""
    known = {name: _preset(preset) for name, preset in PRESETS.items()}
    assert {code(row[0])[0]: row[1:] for row in rows(section(PAGE, "Presets"))} == known


def _preset(preset: Preset) -> list[str]:
    ranked = sorted(preset.catalogue.roles, key=lambda role: -role.rank)
    kinds = [kind.name for kind in preset.kinds if kind not in COMMON]
    beside = ["a default project"] * preset.default_project + ["one organization per account"] * preset.single_org
    beside += [f"kinds of resources: {', '.join(kinds)}"] if kinds else []
    return [", ".join(role.name for role in ranked), preset.catalogue.default, preset.creator, ", ".join(beside) or "-"]


def test_the_roles_with_flags_are_those_of_which_the_page_tells() -> None:
    """`billing` and `guest`, and no other."""
    every = [role for preset in PRESETS.values() for role in preset.catalogue.roles]
    told = section(PAGE, "Presets")
    assert {role.name for role in every if not role.can_own} == {"billing"} <= set(code(told))
    assert {role.name for role in every if not role.org_visible} == {"guest"} <= set(code(told))


def test_the_kinds_are_listed_with_what_counts_for_them() -> None:
    """Those that every preset knows, then those of some."""
    every = {kind: [name for name, preset in PRESETS.items() if kind in preset.kinds] for kind in _kinds()}
    told = {
        kind.name: [
            "yes" if kind.enforced else "-",
            "its maker" if kind.visibility == "private" else "organization",
            "always" if kind.in_project else "-",
            "every preset" if len(names) == len(PRESETS) else ", ".join(f"`{name}`" for name in names),
        ]
        for kind, names in every.items()
    }
    listed = [row for row in rows(section(PAGE, "Resources")) if len(row) == 5]
    assert {code(row[0])[0]: row[1:] for row in listed} == told


def _kinds() -> list[Kind]:
    return list(dict.fromkeys(kind for preset in PRESETS.values() for kind in preset.kinds))


def test_the_roles_in_a_project_give_what_the_page_says() -> None:
    """Lowest first."""
    assert [(code(row[0])[0], row[1]) for row in rows(section(PAGE, "Projects"))] == list(OF_PROJECT_ROLE.items())


def test_every_status_of_an_invitation_is_explained() -> None:
    """And no other."""
    assert [word for row in rows(section(PAGE, "Invitations")) for word in code(row[0])] == list(STATUSES)


def test_the_page_promises_no_key_powers_over_the_installation(api: Api) -> None:
    """Somebody who runs it signs in for that; their key finds nothing there."""
    assert "An API key never has these powers." in read(PAGE)
    assert Cli()("super-admin", "add", ADA).status == 0
    signed_in: Client = api.as_(ADA)
    signed_in.get("/api/installation").ok()
    api.key(ADA).get("/api/installation").refused(404, "not_found")
