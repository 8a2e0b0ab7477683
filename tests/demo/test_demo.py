"""`connector demo`: the first thing a newcomer sees, as a real process."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.cli.processes import COMMAND, PATIENCE, environment, ran
from tests.demo import globex
from tests.docs.pages import read


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the tour was given once, and what it said with --json."""
    folder = tmp_path_factory.mktemp("installation") / "demo"
    ended = ran(environment(folder), "demo", "--once", "--json")
    assert ended.returncode == 0, ended.stderr
    return folder, ended.stdout


@pytest.fixture(scope="module")
def told(toured: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A database that is none of the demo's business, though the settings name it; and what a second tour said to people."""
    real = tmp_path_factory.mktemp("real") / "real.db"
    ended = ran(environment(toured[0], f"sqlite:///{real}"), "demo", "--once")
    assert ended.returncode == 0, ended.stderr
    return real, ended.stdout


def test_the_tour_ends_with_every_member_their_role_their_teams_and_why(toured: tuple[Path, str]) -> None:
    """Both companies; the moved, the renamed, the gone."""
    northwind, contoso = json.loads(toured[1])["organizations"]
    people = {person["email"]: person for person in northwind["members"] + contoso["members"]}
    assert len(people) == 14
    misaki = people["misaki.watanabe@northwind.example"]
    assert (misaki["role"], misaki["teams"]) == ("admin", [{"slug": "platform", "role": "maintainer"}])
    assert {item["group"] for item in misaki["because"]} == {"Platform Admins"}
    assert people["zoe.lund@northwind.example"]["name"] == "Zoë Lund"
    assert people["jose.ibanez@northwind.example"]["causes"] == ["directory"]
    assert people["chidi.eze@contoso.example"]["projects"] == ["developers"]
    assert people["thora.jonsdottir@contoso.example"]["role"] == "manager"


def test_what_it_says_to_try_next_works_as_printed(tmp_path: Path) -> None:
    """Every command, link and curl, copied from the screen while it serves; Ctrl-C ends it and its server."""
    environ = environment(tmp_path / "demo")
    demo = subprocess.Popen([*COMMAND, "demo"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert demo.stdout
        said = ""
        while "Ctrl-C" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        [(key, members), (token, address)] = re.findall(r"Bearer (\S+)' \\\n +'(\S+)'", said)
        assert _asked(address, token)["totalResults"] == 6
        assert [each["source"] for each in _asked(members, key)["items"]] == ["founder", "scim"]
        [documentation] = re.findall(r"http\S+/api/docs", said)
        assert "/api/orgs/{o}/members" in requests.get(documentation, timeout=PATIENCE).text
        exports = dict(shlex.split(found)[0].split("=", 1) for found in re.findall(r"export (\S+)", said))
        tried = re.findall(r"^  python -m connector\.cli (.+)$", said, re.MULTILINE)
        assert [words.split()[0] for words in tried] == ["member", "log", "--help"]
        for words in tried:
            assert ran(environ | exports, *shlex.split(words)).returncode == 0, words
        assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line and "http" not in line) <= 100
        _see_it_in_a_browser(said)
        _northwinds_founder_opens_the_console(said)
        globex.connect(said)
        assert "\x1b" not in said
    finally:
        demo.terminate()
        ended = demo.communicate(timeout=PATIENCE)
    assert ("Stopped" in ended[0], ended[1], demo.returncode) == (True, "", 0)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)


def _asked(address: str, token: str) -> Any:
    answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _see_it_in_a_browser(said: str) -> None:
    """The printed address leads to the identity provider; who comes back is signed in, until the printed curl is sent."""
    address, email = re.findall(r"Open (\S+) and type (\S+)", said)[0]
    with requests.Session() as browser:
        sent = browser.post(address, data={"email": email}, timeout=PATIENCE)
        ticket = re.findall(r'name="ticket" value="([^"]+)"', sent.text)[0]
        chosen = {"ticket": ticket, "person": email}
        answer = browser.post(
            urljoin(sent.url, "/sign-in"), data=chosen, headers={"Accept": "application/json"}, timeout=PATIENCE
        ).json()
        home = browser.post(answer["action"], data=answer["fields"], timeout=PATIENCE)
        assert home.status_code == 200
        assert all(word in home.text for word in ("Zoë Lund", "Northwind", "member", "engineering"))
        curl = re.findall(r"^  (curl -X PATCH.+?)\n\n", said, re.MULTILINE | re.DOTALL)[0]
        words = shlex.split(curl.replace("\\\n", " "))
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        body = words[words.index("-d") + 1]
        assert requests.patch(words[-1], data=body, headers=headers, timeout=PATIENCE).status_code == 200
        assert browser.get(urljoin(address, "/api/me"), timeout=PATIENCE).status_code == 401


def _northwinds_founder_opens_the_console(said: str) -> None:
    founder = globex.Visitor()
    founder.open(re.findall(r"http\S+/login/link\S+", said)[0])
    assert "Northwind" in founder.press("Sign in").words
    assert "Zoë Lund" in founder.follow("Members").words


def test_a_database_that_no_demo_made_is_never_touched(tmp_path: Path) -> None:
    """CONNECTOR_DATA_DIR may lead to the real one."""
    environ = environment(tmp_path)
    ran(environ, "org", "create", "acme", "--name", "Acme", "--owner", "ada@acme.example")
    ended = ran(environ, "demo", "--once")
    assert (ended.returncode, json.loads(ended.stderr)["code"]) == (1, "not_a_demo")
    assert "acme" in ran(environ, "org", "list").stdout


def test_a_second_tour_starts_afresh_and_leaves_a_real_database_alone(told: tuple[Path, str]) -> None:
    """The demo uses its own and prints the variable that its commands need."""
    real, said = told
    assert "CONNECTOR_DATABASE_URL=" in said
    assert not real.exists()


def test_the_readme_shows_what_the_tour_says(told: tuple[Path, str]) -> None:
    """Shortened: its lines are lines of the tour, in their order; ports differ."""
    block = re.findall(r"^```\n(Northwind connects.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL)[0]
    shown, said = (
        [line.rstrip() for line in re.sub(r"(?<=127\.0\.0\.1:)\d+", "PORT", text).splitlines()] for text in (block, told[1])
    )
    assert len(shown) > 30
    rest = iter(said)
    assert [line for line in shown if line not in rest] == []
