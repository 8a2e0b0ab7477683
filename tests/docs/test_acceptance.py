"""docs/acceptance.md claims nothing that no test shows: each row of the five organization systems, and the tests of each."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import code, read, rows, section
from tests.support.project import ROOT

ROWS = rows(read("docs/acceptance.md"))
NUMBERED = {"Presets": ("A", 5), "OpenHands": ("OH-", 18), "Together AI": ("TG-", 25), "Apolo": ("AP-", 18)}
NUMBERED |= {"OnetSolutions": ("ON-", 18), "OAgents": ("OA-", 47), "In sso": ("G", 10)}


@cache
def all_tests() -> dict[str, ast.FunctionDef]:
    """The tests of the suite, as `tests/acceptance/FILE.py::NAME`."""
    found = {}
    for path in sorted((ROOT / "tests" / "acceptance").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"tests/acceptance/{path.name}::{node.name}"] = node
    return found


def row_of(test: str) -> str:
    """The row that a test is of, by its name: `test_OH_1_…` of OH-1; `test_A_…` of the section A; "" of none."""
    found = re.match(r"test_([A-Z]{1,2})(?:_(\d+))?_", test.partition("::")[2])
    return "" if found is None else "-".join(part for part in found.groups() if part)


@pytest.mark.parametrize("heading", NUMBERED)
def test_no_row_is_missing(heading: str) -> None:
    """In the order of their numbers."""
    prefix, last = NUMBERED[heading]
    listed = [row[0] for row in rows(section("docs/acceptance.md", heading))]
    assert listed == [f"{prefix}{number}" for number in range(1, last + 1)]


def test_every_row_names_its_tests_and_no_others() -> None:
    """By the number in their names; rows of presets and of `sso` by the letter."""
    for name, _, _, shown, _ in ROWS:
        for test in code(shown):
            assert test in all_tests(), (name, test)
            assert row_of(test) == (name if "-" in name else name[0]), (name, test)


def test_every_test_is_named_once() -> None:
    """In its row; the story stands below the tables."""
    named = [test for row in ROWS for test in code(row[3])]
    assert sorted(named) == sorted(test for test in all_tests() if row_of(test))
    assert [test for test in all_tests() if not row_of(test)] == ["tests/acceptance/test_story.py::test_an_admins_day"]


def test_only_what_comes_later_is_shown_by_nothing_and_what_is_short_of_done_says_why() -> None:
    """One of three words; a remark, of whole sentences, belongs to *partly* and *later*."""
    for name, _, state, shown, remark in ROWS:
        assert state in ("done", "partly", "later"), name
        assert (shown == "-") == (state == "later"), name
        assert (remark == "-") == (state == "done"), name
        assert remark == "-" or remark.endswith("."), name


def test_every_row_is_asked_on_both_databases() -> None:
    """Each test takes the installation, which is there on SQLite and on PostgreSQL."""
    assert [test for test, node in all_tests().items() if "site" not in {each.arg for each in node.args.args}] == []
