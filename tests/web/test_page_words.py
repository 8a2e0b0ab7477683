"""Pages name no commands and no addresses of the API: what errors, traces and logs say is put into words of pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.web.page_words import on_page, way_of

ROOMS = Path(__file__).parents[2] / "connector"
NO_PAGES = ("cli", "scim", "api", "storage")
"""Rooms whose sentences no page shows."""

_COMMAND = re.compile(r"`connector |`--|\b(GET|PUT|PATCH|DELETE)\b|/api/|CONNECTOR_FETCH")


def _sentences(file: Path) -> Iterator[str]:
    """Every text of a module that is no docstring; what is filled in there is an x."""
    tree = ast.parse(file.read_text())
    silent = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    silent |= {id(part) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr) for part in each.values}
    for node in (each for each in ast.walk(tree) if id(each) not in silent):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _spoken() -> Iterator[tuple[str, str]]:
    """Where a sentence stands that names a command or an address of the API, and the sentence."""
    for file in sorted(ROOMS.rglob("*.py")):
        room, here = file.relative_to(ROOMS).parts[0], str(file.relative_to(ROOMS))
        if room in NO_PAGES or here in ("app.py", "config.py", "accounts/alerts.py", "web/home.py", "web/page_words.py"):
            continue
        yield from ((here, said) for said in _sentences(file) if " " in said and _COMMAND.search(said))


def test_no_page_says_a_command() -> None:
    """Of every sentence in the rooms below the pages that names one, the words for pages name none. A new one needs words."""
    spoken = list(_spoken())
    assert len(spoken) > 50
    left = [f"{where}: {said!r} -> {on_page(said)!r}" for where, said in spoken if _COMMAND.search(on_page(said))]
    assert not left, "\n".join(left)


SAID = [
    ("`connector domain list` shows them.", "The page of domains shows them.", "/domains"),
    ("Name another one first: `connector break-glass add ORG EMAIL`.", "Name another one first.", "/break-glass"),
    (
        "Or let sign-ins make members: `connector connection set 01AB --jit on`.",
        "Or let sign-ins make members, in its options.",
        "/connections",
    ),
    (
        "If it tells it by UserInfo only: `connector connection set 01AB --userinfo`.",
        "If it tells it by UserInfo only, its set-up has a box to ask there as well.",
        "/connections",
    ),
    ("Resume it with `connector connection directory x live`.", "Resume it on the page of the connection.", "/connections"),
    ("GET /api/me says which there are.", "The start page says which there are.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "shown", "tail"), SAID)
def test_a_page_says_where_it_is_done(said: str, shown: str, tail: str) -> None:
    """The rest of the sentence stays, and where the organization has a page for it there is a link."""
    way = way_of(said)
    assert (on_page(said), way.tail if way else "") == (shown, tail)


@pytest.mark.parametrize("said", ["Verify the person's address at the identity provider.", "Choose `externalId` or `userName`."])
def test_what_names_no_command_stays(said: str) -> None:
    """Names in backticks are no commands."""
    assert on_page(said) == said
    assert way_of(said) is None
