"""`connector audit` and `connector log`: what was changed, by whom and why; what the identity provider sent and was answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import click

from connector.cli import output
from connector.cli.common import Moment, Tools, opens, organization
from connector.cli.output import Shown, moment
from connector.directory import connections
from connector.directory import log as provisioning_log
from connector.directory.log import LogItem
from connector.organizations import audit_export
from connector.organizations.audit_export import Form
from connector.organizations.organization_rows import OrganizationView
from connector.provisioning import history
from connector.provisioning.history import AuditFilter, AuditItem


@click.command()
@opens
@organization
@click.option("--since", type=Moment(), help="Nothing before this time, such as 2026-11-21T09:30:00Z.")
@click.option("--until", type=Moment(), help="Nothing from this time on.")
@click.option("--actor", metavar="NAME", help="Only what this one did: operator, an e-mail address, scim:CONNECTION.")
@click.option("--action", metavar="NAME", help="Only actions that begin so: member.suspended, or member. for all of them.")
@click.option("--target", metavar="NAME", help="Only what happened to this: an e-mail address, or kind:id.")
@click.option(
    "--format", "form", type=click.Choice(["table", "ndjson", "csv"]), default="table", help="ndjson and csv print all entries."
)
def audit(at_hand: Tools, organization: OrganizationView, form: str, **given: Any) -> Shown:
    """What was changed, by whom and why.

    The newest 1,000 entries of an organization, oldest first; as NDJSON or CSV all of them.
    """
    chosen = AuditFilter(**given)
    if form == "table" or click.get_current_context().params["as_json"]:
        page = history.audit_page(at_hand.database, organization.id, chosen, limit=history.AUDIT_LIMIT)
        found = page.items[::-1]
        return Shown(output.items([_item(each) for each in found]), "\n".join(map(_entry, found)) or _NOTHING)
    every = history.audit_all(at_hand.database, organization.id, chosen, now=datetime.now(UTC))
    written: Form = "csv" if form == "csv" else "ndjson"
    return Shown(None, audit_export.lines(every, written))


_NOTHING = "Nothing was changed in this time."

_SHOWN = 200
"""So many requests of an identity provider."""


@click.command()
@opens
@click.argument("connection")
def log(at_hand: Tools, connection: str) -> Shown:
    """What an identity provider asked, and what it changed.

    The newest 200 requests of a connection, oldest first.
    """
    owner = connections.organization_of(at_hand.database, connection)
    view = connections.show(at_hand.database, owner, connection, base_url=at_hand.settings.base_url)
    found = provisioning_log.list_(at_hand.database, owner, connection, limit=_SHOWN).items[::-1]
    empty = f"Nothing was pushed yet, to {view.scim_base_url}\nIf it has no token yet: connector token create {connection}"
    return Shown(output.items(found), "\n".join(map(_request, found)) or empty)


def _item(item: AuditItem) -> dict[str, Any]:
    return {each.name: getattr(item, each.name) for each in fields(item) if each.name != "id"}


def _entry(item: AuditItem) -> str:
    change = f"{_named(item.before)} → {_named(item.after)}" if item.before or item.after else ""
    heading = f"{moment(item.at)}  {click.style(item.action, bold=True)}  {item.target}"
    lines = [heading, f"    {change}" if change else "", *(f"    {sentence}" for sentence in item.because)]
    by = f"    by {item.actor}" + (f" from {item.address}" if item.address else "")
    return "\n".join(line for line in (*lines, by) if line)


def _named(values: Mapping[str, Any] | None) -> str:
    if not values:
        return "nothing"
    return ", ".join(f"{name} {_said(value)}" for name, value in values.items())


def _said(value: Any) -> str:
    """Texts as they are, everything else as JSON says it."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _request(item: LogItem) -> str:
    good = item.status < 400
    heading = f"{moment(item.at)}  {click.style(str(item.status), fg='green' if good else 'red')}  {item.meaning}"
    told = [("arrived", item.arrived), ("expected", item.expected), ("advice", item.advice)]
    lines = [f"    {name}: {text}" for name, text in told if text]
    return "\n".join((heading, *map(_change, item.changes), *lines))


def _change(change: Mapping[str, Any]) -> str:
    if "more" in change:
        return f"    and {change['more']} more changes; connector audit has them all"
    because = "; ".join(change["because"])
    who = change["email"] or "somebody without an address"
    return f"    {who}  {change['target']}  {change['before'] or 'none'} → {change['after'] or 'none'}  {because}"
