"""The pages themselves: links lead somewhere, shown commands exist, what is named is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from connector.cli.root import root
from tests.docs import inventory
from tests.docs.pages import DOCS, all_pages, anchors, code, links, read, rows, section, shown_lines
from tests.support.project import ROOT

PAGES = [str(page.relative_to(ROOT)) for page in all_pages()]
BENCHMARKS = DOCS / "benchmarks.md"  # written by the benchmarks, and only after they have run

# ------------------------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_project_leads_somewhere(page: str) -> None:
    """To a file, and to a heading where one is named."""
    for link in links(read(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target.read_text()), f"{page}: {link}"


def test_every_page_is_found_from_the_index_of_its_folder() -> None:
    """A page nobody links to is not read."""
    for index in (DOCS / "README.md", DOCS / "decisions" / "README.md"):
        linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index.read_text())}
        unlinked = {page for page in index.parent.glob("*.md") if page not in (index, BENCHMARKS)} - linked
        assert unlinked == set(), f"add to {index.relative_to(ROOT)}"


# ---------------------------------------------------------------------------------------------------------------- commands

SHOWN = sorted(
    {line for page in PAGES if page != "docs/commands.md" for line in shown_lines(read(page)) if line[:10] == "connector "}
)
MENTIONED = sorted({word for page in PAGES for word in code(read(page)) if re.match(r"connector [a-z]", word)})


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words name, and the words behind its name. Raises KeyError for a name that does not exist."""
    command: click.Command = root
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            raise KeyError(words[0])
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("line", SHOWN)
def test_a_shown_command_is_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name exists, its options exist and have values of the right kind, nothing required is missing."""
    monkeypatch.chdir(tmp_path)
    for file in ("rules.json", "roles.json"):
        (tmp_path / file).write_text("[]")
    command, arguments = find(shlex.split(line, comments=True)[1:])
    assert not isinstance(command, click.Group), "a noun without its verb"
    context = command.make_context(line, arguments)
    context.close()


@pytest.mark.parametrize("words", MENTIONED)
def test_a_mentioned_command_exists_with_its_options(words: str) -> None:
    """In running text values may be left out; names must be right."""
    command, rest = find(shlex.split(words.replace("…", ""))[1:])
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    assert {word for word in rest if word.startswith("--")} <= known | {"--help"}


ADVISED = sorted(
    {
        found.removesuffix("[^")  # pages look for a command by a pattern, to say the page instead
        for path in inventory.modules()
        for found in re.findall(r"`(connector [a-z-]+ [^`]*)`", path.read_text(encoding="utf-8"))
        if path.parent.name != "cli" or " --" in found
    }
)


@pytest.mark.parametrize("words", ADVISED)
def test_a_command_that_the_program_advises_exists(words: str) -> None:
    """In refusals and in help: its name and options are right, and there are no more words than it takes."""
    command, rest = find(shlex.split(re.sub(r"\{[^}]*\}|…", "X", words))[1:])
    assert not isinstance(command, click.Group), "a noun without its verb"
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    assert {word for word in rest if word.startswith("--")} <= known | {"--help"}
    takes_words = any(isinstance(each, click.Argument) for each in command.params)
    assert takes_words or not rest or rest[0].startswith("--")


def test_the_pages_and_the_program_show_and_mention_commands() -> None:
    """Otherwise the tests above would be empty."""
    assert len(ADVISED) > 20
    assert len(SHOWN) > 20
    assert len(MENTIONED) > 20


# ------------------------------------------------------------------------------------------------------------ architecture


ARCHITECTURE = "ARCHITECTURE.md"


def file_of(name: str) -> Path:
    """Where a file named in ARCHITECTURE.md lies: at the top, or in the program."""
    return ROOT / name if (ROOT / name).exists() else inventory.CODE / name


def test_architecture_names_only_files_and_folders_that_exist() -> None:
    """Everything in backticks that looks like one."""
    named = {word for word in code(read(ARCHITECTURE)) if re.fullmatch(r"[\w./]+(\.py|\.toml|/)", word)}
    assert len(named) > 30
    assert {name for name in named if not file_of(name).exists()} == set()


def test_architecture_names_only_functions_that_exist() -> None:
    """Everything in backticks with parentheses, in any module."""
    known = {name for path in inventory.modules() for name in inventory.functions(str(path.relative_to(inventory.CODE)))}
    named = {word[:-2].rpartition(".")[2] for word in code(read(ARCHITECTURE)) if re.fullmatch(r"[\w.]+\(\)", word)}
    assert named - known == set()


LIVES = ("The life of a group PATCH", "The life of a SAML sign-in", "The life of an API request")
STEPS = [
    pytest.param(row, id=f"{life} {row[0].partition('.')[0]}") for life in LIVES for row in rows(section(ARCHITECTURE, life))
]


@pytest.mark.parametrize("row", STEPS)
def test_each_step_of_a_walk_is_in_the_file_named_for_it(row: list[str]) -> None:
    """Who walks through with a search finds every function where the table says."""
    _, files, names = row
    defined = {name for path in code(files) for name in inventory.functions(path)}
    assert code(names)
    assert {name.removesuffix("()") for name in code(names)} - defined == set()


def test_architecture_draws_the_layers_of_the_import_contract() -> None:
    """From top to bottom as in pyproject.toml, siblings on one line."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    wanted = [re.findall(r"\w+", layer) for contract in contracts for layer in contract.get("layers", ())]
    drawing = re.findall(r"^```\n(.*?)^```$", section(ARCHITECTURE, "Rooms"), re.MULTILINE | re.DOTALL)[0]
    names = [re.split(r"\s{2,}", re.sub(r"^\s*└ ", "", line))[0] for line in drawing.splitlines()]
    assert [re.findall(r"\w+", name) for name in names] == wanted


def test_architecture_names_every_room() -> None:
    """All folders and modules at the top of the program, and the fixtures."""
    rooms = {path.name for path in inventory.CODE.iterdir() if path.is_dir() or path.suffix == ".py"}
    rooms -= {"__init__.py", "__pycache__"}
    named = {word.strip("/").rpartition("/")[2] for row in rows(section(ARCHITECTURE, "Rooms")) for word in code(row[0])}
    assert rooms | {"idp_fixtures"} == named


# --------------------------------------------------------------------------------------------------------------- decisions


def test_decisions_are_numbered_without_gaps_and_all_of_one_form() -> None:
    """Context, decision, alternatives, consequences; the title carries the number of the file."""
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
        assert headings[0].startswith(f"{page.name[:4]}. "), page.name
        assert headings[1:] == ["Context", "Decision", "Alternatives", "Consequences"], page.name
