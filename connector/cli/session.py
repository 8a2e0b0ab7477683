"""`connector session`: the browsers a person is signed in with."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from connector.accounts import persons, sessions
from connector.accounts.sessions import Session
from connector.cli import output
from connector.cli.common import Tools, opens
from connector.cli.output import Shown, moment


@click.group()
def session() -> None:
    """Sessions of a person, by verified address."""


@session.command("list")
@opens
@click.argument("email")
def list_(at_hand: Tools, email: str) -> Shown:
    """Who is signed in with this address, from where, and how; oldest first."""
    person_id = persons.holder(at_hand.database, email)
    found = sessions.list_(at_hand.database, person_id, datetime.now(UTC))
    rows = [(each.id, moment(each.created_at), moment(each.last_seen_at), each.address, _how(each), each.agent) for each in found]
    heads = ("ID", "SINCE", "LAST SEEN", "ADDRESS", "BY", "BROWSER")
    empty = f"{email} is not signed in anywhere."
    return Shown(output.items([_data(each) for each in found]), output.table(heads, rows, empty=empty))


def _data(each: Session) -> dict[str, object]:
    held = [
        {"method": one.authentication.method, "organization": one.organization_name, "at": one.at, "expires_at": one.expires_at}
        for one in each.held
    ]
    seen = {"created_at": each.created_at, "last_seen_at": each.last_seen_at, "address": each.address, "agent": each.agent}
    return {"id": each.id, **seen, "authentications": held}


def _how(each: Session) -> str:
    return ", ".join(
        f"{one.authentication.method} ({one.organization_name})" if one.organization_name else one.authentication.method
        for one in each.held
    )


@session.command()
@opens
@click.argument("email")
def end(at_hand: Tools, email: str) -> Shown:
    """End all sessions of a person, at once."""
    ended = sessions.end_all(at_hand.database, persons.holder(at_hand.database, email))
    return Shown({"email": email, "ended": ended}, f"Sessions of {email} that were ended: {ended}.")
