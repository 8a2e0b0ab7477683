"""The pages of the documentation, taken apart: tables, code blocks, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.project import ROOT

DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def all_pages() -> list[Path]:
    """Every page: the three at the top and all of docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def read(page: str) -> str:
    """The text of a page, by its path from the root of the project."""
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The text below one heading, up to the next of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", read(page), re.MULTILINE)
    assert found, f"{page} has no section called {heading!r}"
    rest = read(page)[found.end() :]
    return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows in a text, without the heads and the lines below them."""
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for above, line in zip(["", *lines], lines, strict=False):
        is_rule = re.fullmatch(r"[|\s:-]+", line) is not None
        if line.startswith("|") and not is_rule and above.startswith("|"):
            found.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def code(cell: str) -> list[str]:
    """The words of a text that stand in backticks."""
    return re.findall(r"`([^`]+)`", _FENCE.sub("", cell))


def shown_lines(text: str) -> Iterator[str]:
    """The lines of code blocks, continued ones joined, without a leading `$ `."""
    joined = text.replace("\\\n", " ")
    for block in _FENCE.findall(joined):
        for line in block.splitlines()[1:-1]:
            yield line.strip().removeprefix("$ ")


def links(text: str) -> list[str]:
    """The targets of all links, those in code blocks left out."""
    return re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What can be linked to in a page: its headings as lower-case words with hyphens."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
