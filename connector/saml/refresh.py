"""The metadata of identity providers, fetched again: every day, or when asked. A bad answer changes nothing but its note."""

from __future__ import annotations

import logging
from datetime import datetime

from connector.directory import sign_on
from connector.errors import ConnectorError, Unavailable, Upstream
from connector.outbound.fetch import Fetcher
from connector.saml.metadata import LIMIT, IdpMetadata, read_metadata
from connector.storage.database import Database

_log = logging.getLogger("connector.saml")


def fetch_metadata(fetcher: Fetcher, url: str, now: datetime) -> IdpMetadata:
    """Fetch and read metadata. Raises Upstream `metadata_not_found` and what the fetcher raises, Invalid as `read_metadata`."""
    answer = fetcher.fetch(url, limit=LIMIT)
    if answer.status != 200:
        raise Upstream(
            "metadata_not_found",
            f"The server answered {answer.status} at the address of the metadata.",
            expected="200 and the metadata",
            advice="Copy the address of the metadata from the identity provider again.",
        )
    return read_metadata(answer.body, now)


def refresh(database: Database, fetcher: Fetcher, connection_id: str, url: str, now: datetime) -> bool:
    """Fetch the metadata of one connection and take them over; True when anything changed.

    Raises what is wrong with them, which is kept for the admins as well; what was known stays in force.
    """
    try:
        found = fetch_metadata(fetcher, url, now)
        plain = fetcher.private_allowed
        return sign_on.apply_metadata(database, connection_id, found.side, found.valid_until, now, url=url, plain_http=plain)
    except Unavailable:
        raise
    except ConnectorError as error:
        sign_on.metadata_failed(database, connection_id, error, now)
        raise


def refresh_due(database: Database, fetcher: Fetcher, now: datetime) -> int:
    """Refresh what is due; returns how many connections changed. Raises Unavailable when the database is away."""
    changed = 0
    for due in sign_on.due_for_refresh(database, now):
        try:
            changed += refresh(database, fetcher, due.connection_id, due.metadata_url, now)
        except Unavailable:
            raise
        except ConnectorError as error:
            _log.warning("metadata of connection %s: %s (%s)", due.connection_id, error.detail, error.code)
    return changed
