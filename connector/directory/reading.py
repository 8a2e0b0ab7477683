"""Reading what the IdP pushed: allowed in every state but paused, so that an IdP's connection test passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from connector.directory import access
from connector.directory.model import Client
from connector.storage.database import Database


@contextmanager
def reader(database: Database, client: Client) -> Iterator[Connection]:
    """A connection to read with. Raises Unavailable `directory_paused`."""
    access.read_gate(client.connection_id, paused=client.paused)
    with database.read() as tx:
        yield tx
