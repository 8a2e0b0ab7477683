"""How every command prints: one JSON object with `--json`, else text for people. Errors are one JSON object on standard error."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from connector.errors import ConnectorError
from connector.membership.fold import timestamp


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command has to say: `data` for programs (see `jsonable`), `text` for people; or the lines of a long text, each with
    its end."""

    data: object
    text: str | Iterable[str]


def show(shown: Shown, *, as_json: bool) -> None:
    """Print on standard output. JSON is UTF-8 whatever the terminal speaks (RFC 8259 section 8.1)."""
    if as_json:
        click.echo(json.dumps(jsonable(shown.data), ensure_ascii=False).encode())
    elif isinstance(shown.text, str):
        click.echo(shown.text)
    else:
        for line in shown.text:
            click.echo(line.encode(), nl=False)


def show_error(code: str, detail: str, expected: str = "", advice: str = "") -> None:
    """Print `{"code", "detail"}` on standard error, with `expected` and `advice` where they say something."""
    told = {"code": code, "detail": detail, "expected": expected, "advice": advice}
    text = json.dumps({name: value for name, value in told.items() if value or name in ("code", "detail")}, ensure_ascii=False)
    click.echo(text.encode(), err=True)


def show_refusal(error: ConnectorError) -> None:
    """Print a refusal of the domain as `show_error` does."""
    show_error(error.code, error.detail, error.expected, error.advice)


def items(values: Sequence[object]) -> dict[str, object]:
    """A list as one JSON object."""
    return {"items": list(values)}


def jsonable(value: Any) -> Any:
    """Return `value` as JSON knows it: dataclasses as objects, moments as text in UTC."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: jsonable(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    return value


def moment(at: datetime | None, *, never: str = "never") -> str:
    """A moment for people, with its zone: `2026-11-21 09:30 UTC`."""
    return never if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def table(heads: Sequence[str], rows: Sequence[Sequence[str | None]], *, empty: str) -> str:
    """Rows under their heads in aligned columns; `empty` says what to do when there are none. A cell of None is a dash."""
    if not rows:
        return empty
    lines = [[click.style(head, bold=True) for head in heads], *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(_lined(lines))


def aligned(rows: Sequence[Sequence[str | None]], *, indent: str = "") -> str:
    """Rows in aligned columns, without heads: facts of one thing, lines of a plan."""
    return "\n".join(indent + line for line in _lined([[_cell(cell) for cell in row] for row in rows]))


def _cell(cell: str | None) -> str:
    return "-" if cell is None else cell


def _lined(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(width(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = ((cell + " " * (widest - width(cell)) for cell, widest in zip(line, widths, strict=True)) for line in lines)
    return ["  ".join(cells).rstrip() for cells in padded]


def width(text: str) -> int:
    """How many columns a terminal gives to `text`: East Asian letters take two, combining marks and colours none."""
    return sum(_columns(letter) for letter in click.unstyle(text))


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
