"""`connector connection test` and `trace`: would signing in work, and why did it not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import click

from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown, moment
from connector.directory import checkup, connections, traces, trial_record
from connector.directory.checkup import CheckItem, Checkup
from connector.directory.sign_on_model import SignOn
from connector.directory.traces import TraceItem


@click.command()
@opens
@click.argument("connection")
def test(at_hand: Tools, connection: str) -> Shown:
    """Check how people sign in through a connection, in any state of it.

    Looks at what can be seen from here, and prints an address for a test sign-in, which makes nothing and shows everything. It
    is good for an hour.
    """
    owner, base_url, now = connections.organization_of(at_hand.database, connection), at_hand.settings.base_url, datetime.now(UTC)

    def ask(found: SignOn) -> Iterable[CheckItem]:
        return _asked(at_hand, found, now)

    told = checkup.look_at(at_hand.database, at_hand.sealer, owner, connection, base_url=base_url, now=now, ask=ask)
    if told.set_up:
        told = replace(told, test_url=trial_record.make_link(at_hand.database, owner, connection, base_url))
    return Shown(told, _text(told))


def _asked(at_hand: Tools, found: SignOn, now: datetime) -> Iterable[CheckItem]:
    """What the identity provider says of itself now. The rooms of the protocols are needed by few commands."""
    if found.saml is not None:
        from connector.saml.refresh import checks

        return checks(at_hand.database, at_hand.fetcher, found, now)
    from connector.oidc.checks import static_checks

    return [CheckItem(*each) for each in static_checks(found, at_hand.fetcher)]


@click.command()
@opens
@click.argument("connection")
def trace(at_hand: Tools, connection: str) -> Shown:
    """How the last attempts to sign in went.

    The newest 100 of a week, oldest first: how far each came, what was wrong, what to do.
    """
    owner = connections.organization_of(at_hand.database, connection)
    found = traces.list_(at_hand.database, owner, connection).items[::-1]
    empty = f"Nobody has tried to sign in within a week. A test: connector connection test {connection}"
    return Shown(output.items(found), "\n".join(map(_attempt, found)) or empty)


def last_test(at_hand: Tools, found: SignOn) -> CheckItem:
    """Whether the last test sign-in passed, with the setup of today."""
    return checkup.trial_item(found, trial_record.last_trial(at_hand.database, found.connection_id))


def _text(told: Checkup) -> str:
    marks = {True: click.style("ok   ", fg="green"), False: click.style("check", fg="yellow")}
    lines = [f"{marks[each.ok]}  {each.check:<13} {each.detail}" for each in told.items]
    if told.test_url is not None:
        lines += ["", "For a test sign-in, which makes nothing, open within an hour:", f"  {told.test_url}"]
    return "\n".join(lines)


def _attempt(item: TraceItem) -> str:
    good = item.code == "ok"
    what = f"{item.purpose.replace('_', ' ')}, {item.stage}"
    heading = f"{moment(item.at)}  {click.style(item.code, fg='green' if good else 'red')}  {what}"
    told = [("arrived", item.detail), ("expected", item.expected), ("advice", item.advice)]
    told += [(name, str(value)) for name, value in item.facts.items()]
    told += [("reference", item.reference), ("address", item.address or "")]
    return "\n".join((heading, *(f"    {name}: {text}" for name, text in told if text)))
