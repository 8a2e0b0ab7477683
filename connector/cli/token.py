"""`connector token`: the bearer tokens with which identity providers push."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens
from connector.cli.output import Shown, moment
from connector.directory import connections, tokens


@click.group()
def token() -> None:
    """SCIM tokens of a connection.

    At most two live at once, so that one can be replaced without a gap.
    """


@token.command()
@opens
@click.argument("connection")
@click.option("--expires-days", metavar="N", type=int, default=365, show_default=True, help="How long it lives.")
def create(at_hand: Tools, connection: str, expires_days: int) -> Shown:
    """Make a token, shown this once."""
    owner = connections.organization_of(at_hand.database, connection)
    made = tokens.create(at_hand.database, owner, connection, days=expires_days)
    base_url = connections.scim_base_url(at_hand.settings.base_url, connection)
    data = {"id": made.id, "token": made.token, "expires_at": made.expires_at, "scim_base_url": base_url}
    facts = [
        ("token", made.token),
        ("SCIM base URL", base_url),
        ("expires", moment(made.expires_at)),
        ("id", made.id),
    ]
    text = f"Paste both into the identity provider. The token is shown this once.\n\n{output.aligned(facts, indent='  ')}"
    return Shown(data, text)


@token.command("list")
@opens
@click.argument("connection")
def list_(at_hand: Tools, connection: str) -> Shown:
    """The connection's tokens, oldest first, dead ones too."""
    owner = connections.organization_of(at_hand.database, connection)
    found = every(lambda after: tokens.list_(at_hand.database, owner, connection, after=after))
    rows = [
        (each.id, f"…{each.hint}", each.state, moment(each.created_at), moment(each.expires_at), moment(each.last_used_at))
        for each in found
    ]
    empty = f"No tokens yet. Make one: connector token create {connection}"
    heads = ("ID", "TOKEN", "STATE", "CREATED", "EXPIRES", "LAST USED")
    return Shown(output.items(found), output.table(heads, rows, empty=empty))


@token.command()
@opens
@click.argument("token")
def revoke(at_hand: Tools, token: str) -> Shown:
    """End a token at once."""
    tokens.revoke(at_hand.database, *tokens.home_of(at_hand.database, "token", token), token)
    return Shown({"id": token, "state": "revoked"}, f"Token {token} is revoked.")
