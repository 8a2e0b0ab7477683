"""`connector client`: OAuth clients with which identity providers fetch their SCIM tokens."""

from __future__ import annotations

import click

from connector.cli import output
from connector.cli.common import Tools, every, opens
from connector.cli.output import Shown, moment
from connector.directory import clients, connections, tokens


@click.group()
def client() -> None:
    """OAuth clients of a connection.

    For identity providers that fetch one-hour SCIM tokens instead of keeping a long one.
    """


@client.command()
@opens
@click.argument("connection")
def create(at_hand: Tools, connection: str) -> Shown:
    """Make a client, its secret shown this once."""
    owner = connections.organization_of(at_hand.database, connection)
    made = clients.create(at_hand.database, owner, connection, base_url=at_hand.settings.base_url)
    facts = [("client id", made.client_id), ("client secret", made.client_secret), ("token URL", made.token_url)]
    text = "Paste all three into the identity provider. The secret is shown this once."
    return Shown(made, f"{text}\n\n{output.aligned(facts, indent='  ')}")


@client.command("list")
@opens
@click.argument("connection")
def list_(at_hand: Tools, connection: str) -> Shown:
    """The connection's clients, oldest first, revoked ones too."""
    owner = connections.organization_of(at_hand.database, connection)
    found = every(lambda after: clients.list_(at_hand.database, owner, connection, after=after))
    rows = [(each.client_id, each.state, moment(each.created_at), moment(each.last_used_at)) for each in found]
    empty = f"No clients yet. Make one: connector client create {connection}"
    return Shown(output.items(found), output.table(("CLIENT ID", "STATE", "CREATED", "LAST FETCH"), rows, empty=empty))


@client.command()
@opens
@click.argument("client")
def revoke(at_hand: Tools, client: str) -> Shown:
    """End a client and every token it fetched."""
    clients.revoke(at_hand.database, *tokens.home_of(at_hand.database, "client", client), client)
    return Shown({"client_id": client, "state": "revoked"}, f"Client {client} is revoked, and its tokens with it.")
