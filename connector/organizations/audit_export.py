"""The audit trail as text for other programs, line by line: NDJSON (one JSON object each), or CSV (RFC 4180) for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from connector.membership.fold import timestamp
from connector.provisioning.history import AuditItem

Form = Literal["ndjson", "csv"]

COLUMNS = ("id", "at", "actor", "action", "target", "before", "after", "because", "address")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(items: Iterable[AuditItem], form: Form) -> Iterator[str]:
    """Yield the lines of a file, each with its end; CSV begins with the names of the columns."""
    return map(_json_line, items) if form == "ndjson" else _csv_lines(items)


def told(item: AuditItem) -> dict[str, Any]:
    """An entry as values of JSON."""
    return {name: getattr(item, name) for name in COLUMNS} | {"at": timestamp(item.at), "because": list(item.because)}


def _json_line(item: AuditItem) -> str:
    return json.dumps(told(item), ensure_ascii=False) + "\n"


def _csv_lines(items: Iterable[AuditItem]) -> Iterator[str]:
    yield _csv_line(COLUMNS)
    for item in items:
        values = told(item) | {"because": "; ".join(item.because)}
        yield _csv_line([_cell(values[name]) for name in COLUMNS])


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: str | Mapping[str, Any] | None) -> str:
    """A spreadsheet takes what begins so for a formula, and would run what an identity provider wrote into a name."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
