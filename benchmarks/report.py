"""The figures as a page: what was measured, how, and what of the goals is reached."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from sqlalchemy.engine import make_url

from benchmarks.companies import Cycle, Steady
from benchmarks.growth import Growth
from benchmarks.ratios import Ratio
from benchmarks.sign_in import GOAL, SignIns

METHOD = """# Benchmarks

Written by `make bench`. Absolute figures say much about the machine and little about connector; so everything that can be is
measured against a *floor* in the same run: a bare Flask app under the same server (gunicorn, threads, keep-alive) over the same
database, which does one INSERT and COMMIT where connector writes, and one indexed SELECT where it reads. No token, no tenant, no
JSON read.

- The load comes over loopback from 8 connections of one process on the same machine. A moment of the floor and a moment of
  connector take turns, operation by operation, five times; the table shows medians, and the lowest and highest share in brackets.
- PostgreSQL keeps what it acknowledges (fsync and synchronous_commit on). The directory is live; audit entry, event and log line
  are part of each commit. The organization has 10,000 people and thirteen rules; everybody has two assignments from the start.
- CPU is that of the server's processes and of PostgreSQL's together, per request, in milliseconds.
"""


@dataclass(slots=True)
class Found:
    """Everything that was measured; what was not is empty."""

    setting: str
    ratios: list[Ratio] = field(default_factory=list)
    sqlite: list[Ratio] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)
    many_members: float | None = None
    rule_edit: tuple[float, float] | None = None
    cycles: list[Cycle] = field(default_factory=list)
    steady: Steady | None = None
    sign_ins: SignIns | None = None


def setting(server: str) -> str:
    """One line on where it was measured."""
    address = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        version = connection.info.server_version // 10_000
    today = datetime.now(UTC).date()
    python = platform.python_version()
    return f"Measured on {today}: {os.cpu_count()} shared cores, Python {python}, PostgreSQL {version}, 2 workers."


def render(found: Found) -> str:
    """Return the page."""
    parts = [METHOD, found.setting, ""]
    if found.ratios:
        parts += ["## Against the floor, PostgreSQL", "", *_ratios(found.ratios), ""]
        most = max(found.resident)
        parts += [f"Resident memory of a worker afterwards: at most {most:.0f} MB (goal: under 150 MB).", ""]
        parts += [
            "## Against the floor, SQLite",
            "",
            "One process with 16 threads; the floor with 8.",
            "",
            *_ratios(found.sqlite),
            "",
        ]
    if found.growth:
        parts += ["## Growth", "", *_growth(found)]
    if found.cycles:
        parts += ["## Big companies", "", *_companies(found.cycles), ""]
    if found.steady:
        parts += [_steady(found.steady), ""]
    if found.sign_ins:
        parts += ["## Signing in", "", _sign_ins(found.sign_ins), ""]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def _verdict(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _ratios(ratios: Sequence[Ratio]) -> list[str]:
    rows = [
        (
            ratio.name,
            f"{ratio.rate:,.0f}/s",
            f"{ratio.share:.2f} [{ratio.lowest:.2f}-{ratio.highest:.2f}]",
            f"{ratio.goal:.2f}",
            _verdict(ratio.share >= ratio.goal),
            f"{ratio.cpu:.2f}",
            f"{ratio.floor_cpu:.2f}",
        )
        for ratio in ratios
    ]
    return _table(("operation", "rate", "share of the floor", "goal", "reached", "CPU ms", "CPU ms of the floor"), rows)


def _growth(found: Found) -> list[str]:
    rows = [
        (
            each.name,
            f"{each.small:.2f}",
            f"{each.large:.2f}",
            f"x{each.factor:.2f}",
            f"x{each.goal:.1f}",
            _verdict(each.factor <= each.goal),
        )
        for each in found.growth
    ]
    lines = ["One client, 50 requests each in turn, medians in milliseconds.", ""]
    lines += [*_table(("operation", "small", "large", "growth", "goal", "reached"), rows), ""]
    if found.many_members is not None:
        verdict = _verdict(found.many_members < 2)
        lines += [f"10,000 members in one PATCH: {found.many_members:.2f} s (goal: under 2 s; reached: {verdict}).", ""]
    if found.rule_edit is not None:
        looked, applied = found.rule_edit
        verdict = _verdict(applied < 10)
        told = f"A rule that gives 100,000 people a team: {looked:.1f} s to look at the plan, {applied:.1f} s to apply it"
        lines += [f"{told} (goal: under 10 s; reached: {verdict}).", ""]
    return lines


SIGN_IN = """A whole SAML sign-in (validated, linked; session, audit entry and trace committed to PostgreSQL) against the bare
library's `process_response` as shipped, which keeps nothing. Response and assertion are signed. One process, one after the other,
in turns: """


def _sign_ins(found: SignIns) -> str:
    share = f"{found.share:.2f} [{found.lowest:.2f}-{found.highest:.2f}]"
    verdict = f"(goal: {GOAL:.2f}; reached: {_verdict(found.share >= GOAL)})"
    return f"{SIGN_IN}{found.rate:,.0f}/s and {found.bare:,.0f}/s, a share of {share} {verdict}."


def _companies(cycles: Sequence[Cycle]) -> list[str]:
    rows = [
        (
            each.name,
            f"{each.requests:,}",
            f"{each.seconds:.0f} s",
            f"{each.requests / each.seconds:,.0f}/s",
            ", ".join(f"{count:,} x {status}" for status, count in sorted(each.statuses.items())),
            f"{each.events:,}",
        )
        for each in cycles
    ]
    lines = [
        "An initial cycle of 10,000 users and 200 groups (one of them with everybody, a thousand members in a request), from 8",
        "connections: look up, create. Then the same cycle again: look up, send everything again.",
        "",
    ]
    return lines + _table(("cycle", "requests", "took", "rate", "answers", "events written"), rows)


def _steady(steady: Steady) -> str:
    answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(steady.statuses.items()))
    return (
        f"{steady.organizations} organizations at 25 requests per second each ({steady.offered:.0f}/s offered,"
        f" {steady.served:.0f}/s served;\nhalf lookups, a fifth reads, a fifth PATCHes, a tenth creates): {answers}. Half\n"
        f"of the answers came within {steady.median:.1f} ms of when they were due, 99 of 100 within {steady.slowest:.0f} ms."
    )
