"""`connector rule`: what an identity provider's groups become here."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Command, Tools, every, opens
from connector.cli.output import Shown
from connector.cli.plan_text import plan_data, plan_text, shown_plan
from connector.directory import connections, plans, rule_views
from connector.directory.connections import ConnectionView
from connector.directory.rule_rows import named
from connector.directory.rule_views import RuleView
from connector.organizations import organizations

IN_FORCE = ("live", "paused")

MATCHES = (
    ("--group", "NAME", "A group by name; by id where the group is known already."),
    ("--group-id", "ID", "A group by its id here."),
    ("--external-id", "X", "A group by its externalId."),
    ("--pattern", "P", "Groups whose name matches, such as eng-*; * and ? and {1} captures."),
    ("--attribute", "NAME=VALUE", "People with this attribute, such as department=Sales."),
)
TARGETS = (
    ("--role", "ROLE", "Gives an organization role."),
    ("--team", "SLUG[:maintainer]", "Gives a place in a team, which is made if it is missing."),
    ("--project", "SLUG[:ROLE]", "Gives a project, as viewer, member (unless said) or admin; it is made if it is missing."),
)


@click.group()
def rule() -> None:
    """What groups, attributes or everybody become here."""


def _options(function: Command) -> Command:
    function = click.option("--everyone", is_flag=True, help="Everybody the identity provider knows.")(function)
    for name, metavar, text in reversed((*MATCHES, *TARGETS)):
        function = click.option(name, metavar=metavar, help=text)(function)
    return function


@rule.command()
@opens
@click.argument("connection")
@_options
@click.option("--plan", "plan_only", is_flag=True, help="Store and print the plan, change nothing.")
def add(at_hand: Tools, connection: str, plan_only: bool, **given: str | bool | None) -> Shown:
    """Add a rule; where the connection is in force, it applies to everybody at once."""
    _exactly_one(given, [name for name, _, _ in MATCHES] + ["--everyone"])
    _exactly_one(given, [name for name, _, _ in TARGETS])
    owner = connections.organization_of(at_hand.database, connection)
    slug = organizations.find(at_hand.database, owner).slug
    wanted = named({"connection": connection} | {name: value for name, value in given.items() if value})
    if plan_only:
        return shown_plan(plans.propose(at_hand.database, owner, "add_rule", wanted), slug)
    plan = plans.carry_out(at_hand.database, owner, "add_rule", wanted)
    view = connections.show(at_hand.database, owner, connection, base_url=at_hand.settings.base_url)
    if waits := _waits_for(view):
        return Shown({"id": wanted["id"]}, f"Rule {wanted['id']} is kept; it gives nothing until {waits}.")
    return Shown({"id": wanted["id"], "plan": plan_data(plan)}, f"Rule {wanted['id']}\n\n{plan_text(plan, slug)}")


def _waits_for(view: ConnectionView) -> str | None:
    """What has to be before a rule of the connection gives anything; None where it gives now, to pushes or to sign-ins."""
    if view.state != "active":
        return "the connection is active"
    return None if view.directory in IN_FORCE or view.authority == "claims" else "the directory is live"


def _exactly_one(given: dict[str, str | bool | None], names: list[str]) -> None:
    found = [name for name in names if given[name[2:].replace("-", "_")]]
    if len(found) != 1:
        raise click.UsageError(f"Give exactly one of {', '.join(names)}; given: {', '.join(found) or 'none'}.")


@rule.command("list")
@opens
@click.argument("connection")
def list_(at_hand: Tools, connection: str) -> Shown:
    """The connection's rules, in their order."""
    owner = connections.organization_of(at_hand.database, connection)
    found = every(lambda after: rule_views.list_(at_hand.database, owner, connection, after=after))
    found.sort(key=lambda each: each.position)
    rows = [(each.match, gives(each), "its group is gone" if each.orphaned else "", each.id) for each in found]
    empty = f"No rules yet. Add one: connector rule add {connection} --group NAME --team SLUG"
    return Shown(output.items(found), output.table(("WHO", "GIVES", "NOTE", "ID"), rows, empty=empty))


def gives(view: RuleView) -> str:
    """What a rule gives, in words."""
    kind, _, slug = view.target.partition(":")
    if kind == "role":
        return f"role {view.level}"
    return f"{kind} {slug}" + (f" as {view.level}" if view.level != "member" else "")


@rule.command()
@opens
@click.argument("rule")
@click.option(
    "--withdraw/--keep", "withdraw", default=True, help="Take back what it gave (the default), or keep it as given by hand."
)
def remove(at_hand: Tools, rule: str, withdraw: bool) -> Shown:
    """Remove a rule, for everybody at once."""
    owner = rule_views.owner_of(at_hand.database, rule)
    plan = plans.carry_out(at_hand.database, owner, "remove_rule", {"id": rule, "keep": not withdraw})
    return shown_plan(plan, organizations.find(at_hand.database, owner).slug)
