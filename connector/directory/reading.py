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
    """A connection to read with. Raises Unavailable `directory_paused`, Unauthenticated when the token died meanwhile."""
    with database.read() as tx:
        access.read_gate(access.still_valid(tx, client))
        yield tx
