"""Every row of SCIM.md is held by a test that is there: the table is in rows.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from idp_fixtures.conversation import names
from tests.docs.pages import code, rows

TESTS = Path(__file__).parent.parent
ROWS = {row[0]: code(row[1]) for row in rows((Path(__file__).parent / "rows.md").read_text(encoding="utf-8"))}
ELSEWHERE = {"C32"}  # Bulk, which test_bulk.py holds whole


def is_there(test: str) -> bool:
    """Whether a file below tests/ defines the test, or a conversation has that name."""
    file, _, name = test.partition("::")
    if not name:
        return file.removeprefix("conversations/") in names()
    body = ast.parse((TESTS / file).read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in body)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_held_by_tests_that_are_there(row: str) -> None:
    """Whoever renames a test or takes it away says what holds the row from now on."""
    assert ROWS[row]
    assert [test for test in ROWS[row] if not is_there(test)] == []


def test_no_row_of_the_numbered_sections_is_missing() -> None:
    """C1 to C37, D1 to D11, O1 to O6, J1 and L1, and the pitfalls of section E in their order."""
    last = {"C": 37, "D": 11, "O": 6, "J": 1, "L": 1, "E": 19}
    numbered = {f"{letter}{number}" for letter in last for number in range(1, last[letter] + 1)}
    assert numbered - {row.split()[0] for row in ROWS} == ELSEWHERE
