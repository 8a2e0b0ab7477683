"""What commands share: settings and database, `--json`, ORG that may be left out, moments."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

from connector.cli import output
from connector.cli.current import current
from connector.cli.output import Shown
from connector.cli.plan_text import shown_plan
from connector.config import Settings
from connector.directory import plans
from connector.directory.model import Document
from connector.directory.plans import PlanChanged
from connector.errors import Conflict
from connector.organizations import organizations
from connector.organizations.organization_rows import OrganizationView
from connector.outbound.fetch import Fetcher
from connector.provisioning.pages import Page
from connector.storage import migrate
from connector.storage.database import Database
from connector.storage.sealing import Sealer

Command = Callable[..., Any]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a command works with: the settings and the database, open and of today's schema."""

    settings: Settings
    database: Database

    @property
    def sealer(self) -> Sealer:
        """What opens and seals the secrets of this installation."""
        return Sealer(self.settings.secret_keys)

    @property
    def fetcher(self) -> Fetcher:
        """What asks other people's servers."""
        return Fetcher(self.settings.fetch_private)


@contextmanager
def tools() -> Iterator[Tools]:
    """Read the settings and open the database for one command. Raises as `prepare`."""
    settings = Settings.from_environment(os.environ)
    database = Database.open(settings.database_url)
    try:
        prepare(database)
        yield Tools(settings, database)
    finally:
        database.close()


def prepare(database: Database) -> None:
    """Migrate SQLite, which belongs to this program alone; refuse a PostgreSQL that is behind, whose operator decides when.

    Raises Conflict `database_outdated` or `database_newer`, Unavailable when the database is away.
    """
    if database.dialect == "sqlite":
        if migrate.current(database) != migrate.head():
            migrate.upgrade(database)
        return
    found, needed = migrate.current(database), migrate.head()
    if found != needed:
        raise Conflict(
            "database_outdated",
            f"The database is at revision {found or 'none'}, this program needs {needed}.",
            expected=f"revision {needed}",
            advice="Make a backup and run `connector migrate`.",
        )


def json_option(function: Command) -> Command:
    """Every command takes it, after all its words."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(function)


def opens(function: Command) -> Command:
    """A command that works with the database: it gets `Tools` first and returns what is to be printed, a `Shown`.

    When a stored plan no longer holds, the new one is printed before the refusal ends the command.
    """

    @json_option
    @functools.wraps(function)
    def run(*, as_json: bool, **given: Any) -> None:
        with tools() as at_hand:
            try:
                output.show(function(at_hand, **given), as_json=as_json)
            except PlanChanged as changed:
                called = [*given["org"], given["named"] or current(at_hand.settings) or ""][0]
                output.show(shown_plan(changed.plan, called), as_json=as_json)
                raise

    return run


def organization(function: Command) -> Command:
    """ORG before the other arguments, counted from the right so that `--org ORG`, or the current organization (`connector use`),
    may stand for it; an id or a slug.

    The command gets `organization`, an OrganizationView.
    """

    @click.argument("org", nargs=-1, metavar="[ORG]")
    @click.option("--org", "named", metavar="ORG", help="The organization (slug or id), instead of the argument.")
    @functools.wraps(function)
    def run(at_hand: Tools, org: tuple[str, ...], named: str | None, **given: Any) -> Shown:
        chosen: Shown = function(at_hand, organization=find_organization(at_hand, org, named), **given)
        return chosen

    return run


def yes_option(function: Command) -> Command:
    """Commands that are plans take it: without it the plan is stored and printed."""
    return click.option("--yes", is_flag=True, help="Do it, instead of storing the plan.")(function)


def planned(at_hand: Tools, organization: OrganizationView, kind: str, given: Document, *, do: bool) -> Shown:
    """Carry out a verb of `directory/plans.py`; without `do` store the plan of it. Raises what the verb raises."""
    run = plans.carry_out if do else plans.propose
    return shown_plan(run(at_hand.database, organization.id, kind, given), organization.slug)


def every(read: Callable[[str | None], Page[Item]]) -> list[Item]:
    """The whole of a list that is read page by page: `read` takes the `next` of the page before."""
    page = read(None)
    found: list[Item] = []
    while True:
        found += page.items
        if page.next is None:
            return found
        page = read(page.next)


def find_organization(at_hand: Tools, org: tuple[str, ...], named: str | None) -> OrganizationView:
    """The organization that the words of a command name. Raises click.UsageError, NotFound `organization_not_found`."""
    given = [*org, *([named] if named else [])]
    if not given and (kept := current(at_hand.settings)):
        given = [kept]
    if not given:
        raise click.UsageError("Which organization? Give ORG before the other arguments, or --org ORG, or `connector use ORG`.")
    if len(given) > 1:
        raise click.UsageError(f"Too many arguments: one organization is needed, given are {', '.join(given)}.")
    return organizations.find(at_hand.database, given[0])


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601, with its zone: without one nobody knows which hour is meant."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.fail(f"{value!r} is not a time with its zone, such as 2026-11-21T09:30:00Z.", param, ctx)
        return at
