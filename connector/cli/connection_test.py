"""`connector connection test` and `trace`: would signing in work, and why did it not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown, moment
from connector.directory import connections, domains, rule_views, sign_on, traces, trial_record
from connector.directory.certificates import certificate_notes
from connector.directory.sign_on_model import SamlSide, SignOn
from connector.directory.traces import TraceItem
from connector.directory.trial_record import KeptTrial
from connector.errors import ConnectorError, Unavailable


@dataclass(frozen=True, slots=True)
class Item:
    """One thing looked at: whether it is well, and a sentence."""

    check: str
    ok: bool
    detail: str


@click.command()
@opens
@click.argument("connection")
def test(at_hand: Tools, connection: str) -> Shown:
    """Check how people sign in through a connection, in any state of it.

    Looks at what can be seen from here, and prints an address for a test sign-in, which makes nothing and shows everything. It
    is good for an hour.
    """
    found = sign_on.load(at_hand.database, at_hand.sealer, connection, at_hand.settings.base_url)
    last = trial_record.last_trial(at_hand.database, connection)
    items = list(_checks(at_hand, found, last, datetime.now(UTC)))
    base_url = at_hand.settings.base_url
    url = trial_record.make_link(at_hand.database, found.organization_id, connection, base_url) if found.protocol else None
    told = {"at": last.at, "passed": last.passed, "result": last.result} if last else None
    return Shown({"items": items, "test_url": url, "last_test": told}, _text(items, url))


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


def _checks(at_hand: Tools, found: SignOn, last: KeptTrial | None, now: datetime) -> Iterator[Item]:
    yield _state(found)
    if found.protocol is None:
        advice = f"connector connection set {found.connection_id} --saml-metadata … or --oidc-issuer …"
        yield Item("sign-on", False, f"Not set up for signing in: {advice}")
    elif found.saml is not None:
        yield Item("sign-on", True, f"SAML, issuer {found.saml.issuer}")
        yield _metadata(at_hand, found.saml, found.connection_id, now)
        yield _certificates(found.saml, now)
    else:
        # Needed by few commands.
        from connector.oidc.checks import static_checks

        yield Item("sign-on", True, f"OpenID Connect, issuer {found.oidc.issuer if found.oidc else ''}")
        yield from (Item(*each) for each in static_checks(found, at_hand.fetcher))
    yield _domains(at_hand, found)
    yield _rules(at_hand, found)
    yield _trial(found, last)


def _state(found: SignOn) -> Item:
    if found.state == "active":
        return Item("state", True, "The connection is active.")
    then = f"connector connection activate {found.connection_id}"
    return Item("state", found.state == "draft", f"The connection is {found.state}; people sign in once it is active: {then}")


def _metadata(at_hand: Tools, side: SamlSide, connection: str, now: datetime) -> Item:
    """Fetch the metadata where they have an address, as the daily refresh would. Nothing is changed."""
    from connector.saml.refresh import fetch_metadata

    url = sign_on.metadata_state(at_hand.database, connection).url
    if url is None:
        return Item("metadata", True, "Given as a file: give the new file when the identity provider changes its certificate.")
    try:
        read = fetch_metadata(at_hand.fetcher, url, now)
    except Unavailable:
        raise
    except ConnectorError as error:
        return Item("metadata", False, f"{error.detail} {error.advice}".strip())
    if read.side.issuer != side.issuer:
        return Item("metadata", False, f"They are those of {read.side.issuer}, and this connection belongs to {side.issuer}.")
    unknown = {each.fingerprint for each in read.side.certificates} - {each.fingerprint for each in side.certificates}
    new = " They name a certificate that the daily refresh will bring." if unknown else ""
    return Item("metadata", True, f"Read from {url}.{new}")


def _certificates(side: SamlSide, now: datetime) -> Item:
    notes = certificate_notes(side.certificates, now)
    lasting = any(each.leaves_at is None and each.not_after > now for each in side.certificates)
    last = max(each.not_after for each in side.certificates)
    return Item("certificates", lasting, " ".join(notes) or f"The last one ends on {last:%Y-%m-%d}.")


def _domains(at_hand: Tools, found: SignOn) -> Item:
    verified = [each.domain for each in domains.list_(at_hand.database, found.organization_id).items if each.verified]
    if verified:
        return Item("domains", True, f"Verified: {', '.join(verified)}")
    return Item("domains", False, f"No domain is verified: connector domain add {found.organization_slug} DOMAIN")


def _rules(at_hand: Tools, found: SignOn) -> Item:
    count = len(rule_views.list_(at_hand.database, found.organization_id, found.connection_id).items)
    if count:
        return Item("rules", True, f"{'1 rule says' if count == 1 else f'{count} rules say'} what groups become.")
    return Item("rules", False, "No rule says what groups become: everybody gets the default role. connector rule add --help")


def last_test(at_hand: Tools, found: SignOn) -> Item:
    """Whether the last test sign-in passed, with the setup of today."""
    return _trial(found, trial_record.last_trial(at_hand.database, found.connection_id))


def _trial(found: SignOn, last: KeptTrial | None) -> Item:
    if last is None:
        return Item("test sign-in", False, "Nobody has tried yet: open the address below.")
    at = moment(last.at)
    if not last.passed:
        return Item("test sign-in", False, f"The last one failed, {at}: connector connection trace {found.connection_id}")
    if last.setup != trial_record.setup_of(found):
        return Item("test sign-in", False, f"The last one, {at}, was made before issuer, endpoints or subject changed.")
    return Item("test sign-in", True, f"The last one succeeded, {at}.")


def _text(items: list[Item], url: str | None) -> str:
    marks = {True: click.style("ok   ", fg="green"), False: click.style("check", fg="yellow")}
    lines = [f"{marks[each.ok]}  {each.check:<13} {each.detail}" for each in items]
    if url is not None:
        lines += ["", "For a test sign-in, which makes nothing, open within an hour:", f"  {url}"]
    return "\n".join(lines)


def _attempt(item: TraceItem) -> str:
    good = item.code == "ok"
    what = f"{item.purpose.replace('_', ' ')}, {item.stage}"
    heading = f"{moment(item.at)}  {click.style(item.code, fg='green' if good else 'red')}  {what}"
    told = [("arrived", item.detail), ("expected", item.expected), ("advice", item.advice)]
    told += [(name, str(value)) for name, value in item.facts.items()]
    told += [("reference", item.reference), ("address", item.address or "")]
    return "\n".join((heading, *(f"    {name}: {text}" for name, text in told if text)))
