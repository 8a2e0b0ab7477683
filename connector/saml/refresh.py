"""The metadata of identity providers, fetched again: every day, or when asked. A bad answer changes nothing but its note."""

from __future__ import annotations

import logging
from datetime import datetime

from connector.directory import sign_on, sign_on_providers
from connector.directory.checkup import CheckItem
from connector.directory.sign_on_model import IdpMetadata, SignOn
from connector.errors import ConnectorError, Unavailable, Upstream
from connector.outbound.fetch import Fetcher
from connector.saml.metadata import LIMIT, read_metadata
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


def told_metadata(fetcher: Fetcher, said: str | bytes, now: datetime) -> IdpMetadata:
    """Metadata as an admin gives them: the XML, or (a text that begins with https:// or http://) its address. Raises as
    `fetch_metadata`."""
    if isinstance(said, str) and sign_on_providers.is_url(said):
        return fetch_metadata(fetcher, said.strip(), now)
    return read_metadata(said.encode() if isinstance(said, str) else said, now)


def checks(database: Database, fetcher: Fetcher, found: SignOn, now: datetime) -> tuple[CheckItem, ...]:
    """Fetch the metadata of a connection where they have an address, as the daily refresh would. Nothing is changed."""
    url = sign_on.metadata_state(database, found.connection_id).url
    if url is None or found.saml is None:
        return (
            CheckItem("metadata", True, "Given as a file: give the new one when the identity provider changes its certificate."),
        )
    try:
        read = fetch_metadata(fetcher, url, now)
    except Unavailable:
        raise
    except ConnectorError as error:
        return (CheckItem("metadata", False, f"{error.detail} {error.advice}".strip()),)
    if read.side.issuer != found.saml.issuer:
        said = f"They are those of {read.side.issuer}, and this connection belongs to {found.saml.issuer}."
        return (CheckItem("metadata", False, said),)
    unknown = {each.fingerprint for each in read.side.certificates} - {each.fingerprint for each in found.saml.certificates}
    new = " They name a certificate that the daily refresh will bring." if unknown else ""
    return (CheckItem("metadata", True, f"Read from {url}.{new}"),)


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
