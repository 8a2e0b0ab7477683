"""`connector setting`: what an organization has set."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from connector.cli import output
from connector.cli.common import Tools, find_organization, opens, organization
from connector.cli.output import Shown
from connector.membership.settings import NAMESPACES
from connector.organizations import settings
from connector.organizations.organization_rows import OrganizationView


@click.group()
def setting() -> None:
    """Settings of organizations: general, preferences, notifications and auth."""


@setting.command()
@opens
@organization
def show(at_hand: Tools, organization: OrganizationView) -> Shown:
    """All settings of an organization, with the defaults of what was not set."""
    found = settings.show(at_hand.database, organization.id)
    return Shown(found, "\n\n".join(_section(name, getattr(found, name)) for name in NAMESPACES))


@setting.command("set")
@opens
@click.option("--org", "named", metavar="ORG", help="The organization (slug or id), instead of the argument.")
@click.argument("words", nargs=-1, required=True, metavar="[ORG] NAMESPACE KEY=VALUE...")
def set_(at_hand: Tools, words: tuple[str, ...], named: str | None) -> Shown:
    """Change some settings of a namespace; the others stay.

    A value is JSON (true, 7, null, a list, an object), or else a text: connector setting set acme general invitation_days=14
    """
    pairs = [word.partition("=") for word in words if "=" in word]
    org, called = _called([word for word in words if "=" not in word])
    if not pairs or called not in NAMESPACES:
        raise click.UsageError(f"Give a namespace ({', '.join(NAMESPACES)}) and KEY=VALUE, once or more.")
    found = find_organization(at_hand, org, named)
    values = settings.change(at_hand.database, found.id, called, {key: _value(text) for key, _, text in pairs})
    return Shown(values, _section(called, values))


def _called(words: list[str]) -> tuple[tuple[str, ...], str]:
    """ORG, as far as it is there, and the namespace."""
    return tuple(words[:-1]), words[-1] if words else ""


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _section(name: str, values: Any) -> str:
    rows = [(each.name, _said(getattr(values, each.name))) for each in dataclasses.fields(values)]
    return f"{click.style(name, bold=True)}\n{output.aligned(rows, indent='  ')}"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(output.jsonable(value), ensure_ascii=False)
