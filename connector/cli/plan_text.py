"""A plan for people: what changes in one sentence, then person by person with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click

from connector.cli import output
from connector.cli.output import Shown
from connector.directory.plans import PlanView
from connector.membership.model import AccessChange

SHOWN = 50
"""People told one by one; of more, the rest is counted. `--json` has them all."""

_COUNTED = (
    ("join", "{} join", "{} joins"),
    ("leave", "{} leave", "{} leaves"),
    ("suspend", "{} are suspended", "{} is suspended"),
    ("reactivate", "{} are active again", "{} is active again"),
    ("role", "{} roles", "{} role"),
    ("team", "{} team places", "{} team place"),
    ("project", "{} project places", "{} project place"),
)
_VERBS = {
    (None, "active"): "joins",
    (None, "suspended"): "joins, suspended",
    ("active", "suspended"): "is suspended",
    ("suspended", "active"): "is active again",
}


def shown_plan(plan: PlanView, organization: str) -> Shown:
    """A plan as every command prints it: exactly the keys of the contract, and `withheld` where something was held back."""
    return Shown(plan_data(plan), plan_text(plan, organization))


def plan_data(plan: PlanView) -> dict[str, object]:
    """A plan for programs. `changes` are items of email, target, before, after, because."""
    data: dict[str, object] = {"digest": plan.digest, "applied": plan.applied, "summary": plan.summary}
    data["changes"] = [
        {"email": c.subject.email, "target": c.target, "before": c.before, "after": c.after, "because": c.because}
        for c in plan.changes
    ]
    return data | ({"withheld": plan.withheld} if plan.withheld else {})


def plan_text(plan: PlanView, organization: str) -> str:
    """A plan for people, with the notes, for which the contract has no key."""
    parts = [summary(plan), "\n".join(plan.notes), *_people(plan.changes), *_withheld(plan), *_next(plan, organization)]
    return "\n\n".join(part for part in parts if part)


def summary(plan: PlanView) -> str:
    """The plan in one sentence, such as `6 join, 1 is suspended, 4 team places change.`"""
    said = [
        (one if plan.summary[kind] == 1 else many).format(plan.summary[kind])
        for kind, many, one in _COUNTED
        if plan.summary.get(kind)
    ]
    if not said:
        return "Nobody's access changes." if not plan.applied else "Done. Nobody's access changed."
    return ("Applied: " if plan.applied else "Would change: ") + ", ".join(said) + "."


def _people(changes: Sequence[AccessChange]) -> list[str]:
    people = [list(lines) for _, lines in groupby(changes, key=lambda change: change.subject.key)]
    told = [_person(lines) for lines in people[:SHOWN]]
    more = len(people) - SHOWN
    return ["\n".join(told), f"and {more} more people; --json shows all." if more > 0 else ""]


def _person(lines: Sequence[AccessChange]) -> str:
    who = lines[0].subject.email or f"somebody without an address ({lines[0].subject.key})"
    rows = [(_what(line), "; ".join(line.because)) for line in lines]
    return click.style(who, bold=True) + "\n" + output.aligned(rows, indent="  ")


def _what(line: AccessChange) -> str:
    if line.target == "status":
        return _VERBS.get((line.before, line.after or ""), "leaves" if line.after is None else f"is {line.after}")
    return f"{line.target}  {line.before or 'none'} → {line.after or 'none'}"


def _withheld(plan: PlanView) -> list[str]:
    return ["Held back:\n" + "\n".join(f"  {line}" for line in plan.withheld)] if plan.withheld else []


def _next(plan: PlanView, organization: str) -> list[str]:
    if plan.applied:
        return []
    command = f"connector apply {organization} --digest {plan.digest}"
    return [f"Nothing has changed yet. To do it, within 24 hours and if it is still the same:\n  {command}"]
