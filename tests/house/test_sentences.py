"""How refusals speak: `detail` and `advice` are sentences, `expected` is what stands after "Expected:"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.docs import inventory
from tests.support.project import ROOT

# What makes an error, and the names of its first parameters.
MAKERS = {
    **dict.fromkeys(inventory.KINDS, ("code", "detail")),
    **dict.fromkeys(("invalid_filter", "invalid_path", "invalid_syntax", "no_target"), ("detail", "expected", "advice")),
}
HOLE = "\N{WHITE SQUARE}"  # stands for what is known only at run time


def said() -> Iterator[tuple[str, str, str]]:
    """Where an error is made, which part of it, and its text; texts put together elsewhere are found by their variable."""
    for path, module in inventory.modules().items():
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
            names = MAKERS.get(getattr(call.func, "id", ""), ())
            parts = [*zip(names, call.args, strict=False), *((str(each.arg), each.value) for each in call.keywords if names)]
            for name, value in parts:
                for text in texts(value, module):
                    yield f"{path.relative_to(ROOT)}:{call.lineno}", name, text


def texts(value: ast.expr, module: ast.Module) -> list[str]:
    """The texts an expression may be, holes where they are filled in."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.JoinedStr):
        return ["".join(str(each.value) if isinstance(each, ast.Constant) else HOLE for each in value.values)]
    if isinstance(value, ast.IfExp):
        return [*texts(value.body, module), *texts(value.orelse, module)]
    if isinstance(value, ast.Name):
        assigned = (node for node in ast.walk(module) if isinstance(node, ast.Assign))
        return [text for node in assigned if ast.unparse(node.targets[0]) == value.id for text in texts(node.value, module)]
    return []


SENTENCES = [(where, text) for where, name, text in said() if name in ("detail", "advice") and text]
EXPECTED = [(where, text) for where, name, text in said() if name == "expected" and text]


@pytest.mark.parametrize(("where", "text"), SENTENCES, ids=[where for where, _ in SENTENCES])
def test_what_arrived_and_what_to_do_are_whole_sentences(where: str, text: str) -> None:
    """A capital (or a name, a quotation, a command) at the beginning and a full stop at the end."""
    assert re.fullmatch(rf'[A-Z"`{HOLE}].*\.', text, re.DOTALL)


@pytest.mark.parametrize(("where", "text"), EXPECTED, ids=[where for where, _ in EXPECTED])
def test_what_was_expected_is_no_sentence_of_its_own(where: str, text: str) -> None:
    """It is read as `Expected: a text.`: the full stop comes with the printing."""
    assert not text.endswith(".")


def test_the_sentences_are_found() -> None:
    """Else the two tests above would pass on nothing."""
    assert len(SENTENCES) > 100
    assert len(EXPECTED) > 60
