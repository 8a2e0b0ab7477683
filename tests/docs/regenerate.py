"""Writes what the documentation takes from the program: commands, who may what, tables of SCIM attributes, guides per provider.

    python -m tests.docs.regenerate

Run it after a change of a command's help, an operation, a preset, the SCIM schemas or a guide. The tests only compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from connector.cli.root import root
from connector.scim.schemas import SCHEMA_DOCUMENTS
from tests.docs.pages import DOCS
from tests.support import guides, permissions
from tests.support.project import ROOT

COMMANDS = DOCS / "commands.md"
SCIM = DOCS / "scim.md"
PERMISSIONS = DOCS / "permissions.md"
BEGIN = "<!-- generated: attributes -->"
END = "<!-- end of what is generated -->"

_INTRODUCTION = """\
# Commands

<!-- Generated from the help texts: python -m tests.docs.regenerate -->

`connector COMMAND --help` shows the same at the terminal.

- `ORG` is the slug or the id of an organization. `--org ORG` may stand for it.
- `CONNECTION`, `TOKEN` and `RULE` are ids, as `list` and `create` print them.
- A time needs its zone: `2026-11-21T09:30:00Z`.
- Every command takes `--json`. It prints one JSON object on standard output. A list is `{"items": [...]}`, oldest first.
- A command with `--yes` is a plan. Without `--yes` it stores the plan, prints it and changes nothing.
- A plan is `{"digest", "applied", "summary", "changes"}`; each change has `email`, `target`, `before`, `after`, `because`.
- An error is one JSON object on standard error: `code`, `detail`, and `expected` and `advice` where they help.
  [errors.md](errors.md) lists the codes.
- The exit status is 0 when it worked, 1 when it was refused, 2 when the call itself makes no sense.
"""


def commands(group: click.Group = root, path: str = "connector") -> Iterator[tuple[str, click.Command]]:
    """Every command that is shown in help, with its full name."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def commands_page() -> str:
    """docs/commands.md as it has to be."""
    return "\n".join((_INTRODUCTION, *(_command(path, command) for path, command in commands())))


def _command(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, max_content_width=1000, terminal_width=1000)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"## {path}", "", _one_line(command.help or ""), "", "```", usage, "```", ""]
    options = [_option(each, context) for each in command.params if isinstance(each, click.Option) and each.name != "as_json"]
    if options:
        lines += ["| option | meaning |", "| --- | --- |", *options, ""]
    return "\n".join(lines)


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context) or ("", "")
    names, text = (_one_line(part).replace("|", "\\|") for part in record)
    return f"| `{names}` | {text} |"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def scim_page(page: str) -> str:
    """docs/scim.md with its tables of attributes as they have to be."""
    tables = "\n\n".join(_schema(document) for document in SCHEMA_DOCUMENTS)
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{tables}\n\n{END}", page)


def _schema(document: dict[str, Any]) -> str:
    heads = ("attribute", "type", "list", "required", "written by", "unique", "sub-attributes")
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *map(_attribute, document["attributes"])]
    return "\n".join((f"### {document['id']}", "", *lines))


def _attribute(entry: dict[str, Any]) -> str:
    written = {"readOnly": "connector", "immutable": "IdP, once"}.get(entry.get("mutability", ""), "IdP")
    unique = "yes" if entry.get("uniqueness", "none") != "none" else "-"
    parts = ", ".join(f"`{part['name']}`" for part in entry.get("subAttributes") or ()) or "-"
    said = (entry["type"], _yes(entry.get("multiValued")), _yes(entry.get("required")), written, unique, parts)
    return f"| `{entry['name']}` | {' | '.join(said)} |"


def _yes(value: object) -> str:
    return "yes" if value else "-"


def write(path: Path, text: str) -> None:
    """Write a page and say so if that changed it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        click.echo(f"written: {path.name}")


if __name__ == "__main__":
    write(COMMANDS, commands_page())
    write(PERMISSIONS, permissions.page())
    write(SCIM, scim_page(SCIM.read_text(encoding="utf-8")))
    for name, guide in guides.PAGES.items():
        write(ROOT / name, guides.page(guide))
