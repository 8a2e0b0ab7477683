"""`connector plan`, `apply` and `reconcile`: look first, then do what was looked at."""

from __future__ import annotations

import json
from typing import Any, TextIO

import click

from connector.cli.common import Tools, opens, organization, planned
from connector.cli.output import Shown
from connector.cli.plan_text import shown_plan
from connector.cli.rule import MATCHES, TARGETS
from connector.directory import plans
from connector.errors import Invalid
from connector.organizations.organization_rows import OrganizationView

OPTIONS = {name[2:].replace("-", "_") for name, _, _ in (*MATCHES, *TARGETS)} | {"everyone", "connection"}


@click.command()
@opens
@organization
@click.option(
    "--rules", metavar="FILE", type=click.File(encoding="utf-8"), help="With the rules of this JSON file instead of today's."
)
def plan(at_hand: Tools, organization: OrganizationView, rules: TextIO | None) -> Shown:
    """What today's rules, or others, would change.

    The plan is stored for 24 hours and changes nothing.
    """
    return planned(at_hand, organization, "rules", {"rules": None if rules is None else _rules(rules)}, do=False)


@click.command()
@opens
@organization
@click.option("--digest", required=True, help="Of the plan that was looked at.")
def apply(at_hand: Tools, organization: OrganizationView, digest: str) -> Shown:
    """Apply a stored plan that still holds.

    Where something else would change now, nothing is applied, and the new plan is printed.
    """
    return shown_plan(plans.apply_stored(at_hand.database, organization.id, digest), organization.slug)


@click.command()
@opens
@organization
@click.option("--dry-run", is_flag=True, help="Store and print the plan, change nothing.")
def reconcile(at_hand: Tools, organization: OrganizationView, dry_run: bool) -> Shown:
    """Bring everybody in line with today's rules."""
    return planned(at_hand, organization, "rules", {"rules": None}, do=not dry_run)


def _rules(file: TextIO) -> list[dict[str, Any]]:
    """Read a list of rules: objects with `connection` and the option names of `rule add`. Raises Invalid `rules_file_invalid`."""
    try:
        read = json.load(file)
    except ValueError as error:
        raise _refused(f"The file is no JSON: {error}") from None
    if not isinstance(read, list):
        raise _refused("The file holds no list.")
    return [_rule(number, each) for number, each in enumerate(read, 1)]


def _rule(number: int, read: Any) -> dict[str, Any]:
    if not isinstance(read, dict):
        raise _refused(f"Rule {number} is no object.")
    rule = {name.replace("-", "_"): value for name, value in read.items()}
    if unknown := sorted(set(rule) - OPTIONS):
        raise _refused(f"Rule {number} says {', '.join(unknown)}, which means nothing here.")
    wrong = [name for name, value in rule.items() if not isinstance(value, bool if name == "everyone" else str)]
    if wrong:
        raise _refused(f"Rule {number} has a value of the wrong kind for {', '.join(wrong)}.")
    return rule


def _refused(detail: str) -> Invalid:
    return Invalid(
        "rules_file_invalid",
        detail,
        expected='a list such as [{"connection": "ID", "group": "Engineering", "team": "engineering"}]',
        advice=f"Known names are {', '.join(sorted(OPTIONS))}.",
    )
