"""Refusals are seen: by the client, by the admin in the provisioning log; failures of ours by the operator in the server log."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Sequence

from werkzeug.exceptions import HTTPException

from connector.directory import log
from connector.directory.model import Client
from connector.errors import ConnectorError, Unavailable
from connector.scim.errors import Refusal, broken_refusal, http_refusal, refusal_of
from connector.storage.database import Database

_VERBS = {"GET": "read", "HEAD": "read", "POST": "create", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}
_NOUNS = {"Users": "user", "Groups": "group", "Bulk": "several at once (Bulk)"}
_SEARCHES = {"Users": "search users", "Groups": "search groups"}
_logger = logging.getLogger("connector.scim")


def refusal_for(error: Exception) -> Refusal:
    """Return how any error is told to a SCIM client: a refusal, one of HTTP, or a failure of connector, which is logged."""
    if isinstance(error, ConnectorError):
        return refusal_of(error)
    return http_refusal(error) if isinstance(error, HTTPException) else _broken(error)


def _broken(error: Exception) -> Refusal:
    """A failure of connector itself: logged with a reference, told without any detail.

    Only the kind of error and the lines of code are logged: its text may repeat what the client sent.
    """
    reference = uuid.uuid4().hex
    lines = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("SCIM request failed, reference %s: %s\n%s", reference, type(error).__name__, lines)
    return broken_refusal(reference)


def note(database: Database, client: Client, method: str, segments: Sequence[str], refusal: Refusal) -> None:
    """Write a refusal into the provisioning log, so that the admin sees why. A missed lookup is no refusal.

    `segments` are those of the address below the SCIM base URL.
    """
    missed = refusal.status == 404 and method in ("GET", "HEAD")
    if missed or not 400 <= refusal.status < 500:
        return
    told = {"arrived": refusal.detail, "expected": refusal.expected, "advice": refusal.advice}
    try:
        log.record_refusal(database, client, meaning=_meaning(method, segments), status=refusal.status, **told)
    except Unavailable:
        _logger.warning("A refusal of SCIM could not be recorded: the database is away.")


def _meaning(method: str, segments: Sequence[str]) -> str:
    """Say in words what was asked, as `patch user 0195`; ids come from the client, so they are cut and cleaned."""
    if segments and segments[-1] == ".search":
        return _SEARCHES.get(segments[0], "search users and groups")
    noun = _NOUNS.get(segments[0] if segments else "", "something else")
    identifier = "".join(letter for letter in "/".join(segments[1:]) if letter.isascii() and letter.isprintable())[:64]
    return f"{_VERBS.get(method, 'ask for')} {noun} {identifier}".strip()
