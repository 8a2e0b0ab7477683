"""KEPT: the documents of a provider, fetched when they are due and shared by all processes (`directory/documents.py`).

What is kept is used for an hour, and longer while nothing better comes: a provider whose document is away or broken for a while
stops nobody. Whoever finds it due fetches it; the others use what is there, or wait for the first one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from connector.directory import documents
from connector.directory.documents import Document, Kind
from connector.errors import ConnectorError, Upstream
from connector.outbound.fetch import Fetcher
from connector.storage.database import Database

Value = TypeVar("Value")

LIFE = timedelta(hours=1)
LIMIT = 256 * 1024
"""Bytes of a document. Entra's metadata and twenty keys with their certificates stay under a tenth of it."""

SECONDS = 10.0
"""For one fetch, all in all."""

_PAUSE = 0.1
_PAUSES = 80  # of waiting for somebody else's fetch


@dataclass(frozen=True, slots=True)
class Source(Generic[Value]):
    """A document that is kept: whose, which, from where, and what is made of it. `read` raises ConnectorError for a bad one. It
    gets the text as it arrived every time, so it had better remember what it has read."""

    owner: str
    kind: Kind
    url: str
    read: Callable[[str], Value]


def current(database: Database, fetcher: Fetcher, source: Source[Value], now: datetime, *, afresh: bool = False) -> Value:
    """Return what the document says. `afresh`: ask the provider even if what is kept is young, where the cool-down allows it.

    Raises Upstream when there is nothing to go by, Unavailable, and what `read` raises.
    """
    kept = _kept(database, source)
    if kept is not None and kept.body is not None and not afresh and _is_young(kept, now):
        return source.read(kept.body)
    due = kept is None or kept.tried_at <= now - documents.COOL_DOWN  # what anybody can ask for costs no transaction in vain
    if due and documents.claim(database, source.owner, source.kind, source.url, now):
        return _fetched(database, fetcher, source, kept, now)
    return _of_another(database, source, now)


def _is_young(kept: Document, now: datetime) -> bool:
    return kept.fetched_at is not None and kept.fetched_at > now - LIFE


def _fetched(database: Database, fetcher: Fetcher, source: Source[Value], kept: Document | None, now: datetime) -> Value:
    try:
        body = fetch(fetcher, source.url)
        value = source.read(body)
    except ConnectorError as error:
        documents.fail(database, source.owner, source.kind, source.url, f"{error.code}: {error.detail}", now)
        if kept is None or kept.body is None:
            raise
        return source.read(kept.body)
    documents.keep(database, source.owner, source.kind, source.url, body, now)
    return value


def fetch(fetcher: Fetcher, url: str) -> str:
    """Ask the provider for a document, whatever is kept. Raises Upstream `oidc_document_missing`, `fetch_…`."""
    answer = fetcher.fetch(url, headers={"Accept": "application/json"}, limit=LIMIT, seconds=SECONDS)
    if answer.status != 200:
        raise Upstream(
            "oidc_document_missing",
            f"The provider answered {answer.status} at {url}.",
            expected="status 200 and a JSON document",
            advice="Check the issuer: with `/.well-known/openid-configuration` behind it, it must open in a browser.",
        )
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        return ""  # which no reader takes


def _of_another(database: Database, source: Source[Value], now: datetime) -> Value:
    """What is kept, once the fetch that is under way has ended."""
    for _ in range(_PAUSES):
        kept = _kept(database, source)
        if kept is None or not kept.under_way(now):
            break
        time.sleep(_PAUSE)
    if kept is not None and kept.body is not None:
        return source.read(kept.body)
    raise Upstream(
        "oidc_document_away",
        f"The provider's document {source.url} could not be had a moment ago: {(kept and kept.error) or 'it is being fetched'}.",
        expected="a document that was fetched",
        advice=f"Try again in {documents.COOL_DOWN.seconds} seconds: until then the provider is not asked again.",
    )


def _kept(database: Database, source: Source[Value]) -> Document | None:
    return documents.read(database, source.owner, source.kind, source.url)
