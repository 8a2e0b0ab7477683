"""What a connection was asked, as its provisioning log tells it."""

from __future__ import annotations

from connector.directory import connections, log
from connector.directory.log import LogItem
from connector.storage.database import Database


def heard(database: Database, connection_id: str) -> list[LogItem]:
    """The newest 200 entries of the log, oldest first."""
    home = connections.organization_of(database, connection_id)
    return list(log.list_(database, home, connection_id, limit=200).items[::-1])
