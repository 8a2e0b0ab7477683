"""Test sign-ins: they make nothing, show everything, and say that a connection works with the setup it has.

A test link starts one in every state of the connection, for whoever holds it, for an hour.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from connector.directory.connections import addresses, organization_of
from connector.directory.requests import hashed
from connector.directory.sign_on_model import SignOn
from connector.errors import Forbidden
from connector.membership.fold import fold
from connector.storage import tables as t
from connector.storage.database import Database

LINK_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KeptTrial:
    """The last test sign-in. `setup` says with which setup it was made (see `setup_of`); `email_key` is the verified address it
    carried, folded; `result` what the page showed."""

    at: datetime
    setup: str
    passed: bool
    email_key: str | None
    result: Mapping[str, Any]


def make_link(database: Database, connection_id: str, base_url: str, *, now: datetime | None = None) -> str:
    """Return an address that starts a test sign-in, good for an hour. Raises NotFound `connection_not_found`."""
    home = {"connection_id": connection_id, "organization_id": organization_of(database, connection_id)}
    moment, token = now or datetime.now(UTC), secrets.token_urlsafe(32)
    row = {**home, "token_hash": hashed(token), "created_at": moment, "expires_at": moment + LINK_LIFE}
    database.write(lambda tx: tx.execute(insert(t.TestLink).values(row)))
    return addresses(base_url, connection_id)["login_url"].removesuffix("login") + f"test?token={token}"


def check_test_link(database: Database, connection_id: str, token: str, now: datetime) -> None:
    """Let a test sign-in begin. Raises Forbidden `test_link_unknown`, also when its hour is over."""
    link = t.TestLink
    mine = (link.token_hash == hashed(token), link.connection_id == connection_id, link.expires_at > now)
    with database.read() as tx:
        if tx.execute(select(link.token_hash).where(*mine)).first():
            return
    raise Forbidden(
        "test_link_unknown",
        "This link to a test sign-in is unknown or older than an hour.",
        expected="a link made within the last hour",
        advice="`connector connection test CONNECTION` makes a new one.",
    )


def setup_of(sign_on: SignOn) -> str:
    """A hash of what a test sign-in vouches for: issuer, endpoints and who the subject is. Keys and secrets may change."""
    side = sign_on.saml or sign_on.oidc
    said: list[Any] = [sign_on.protocol, side and side.issuer, sign_on.mapping.subject]
    if sign_on.saml:
        said += [sign_on.saml.sso_url, sign_on.saml.sso_binding]
    if sign_on.oidc:
        said += [sign_on.oidc.client_id]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def record_trial(
    database: Database,
    sign_on: SignOn,
    *,
    passed: bool,
    email: str | None,
    result: Mapping[str, Any],
    now: datetime,
) -> None:
    """Keep a test sign-in in place of the last one. `email` is given only when it is verified inside a verified domain."""
    row = {
        "connection_id": sign_on.connection_id,
        "organization_id": sign_on.organization_id,
        "at": now,
        "setup": setup_of(sign_on),
        "email_key": None if email is None else fold(email),
        "passed": passed,
        "result": dict(result),
    }

    def work(tx: Connection) -> None:
        tx.execute(delete(t.TestSignIn).where(t.TestSignIn.connection_id == sign_on.connection_id))
        tx.execute(insert(t.TestSignIn).values(row))

    database.write(work)


def last_trial(database: Database, connection_id: str) -> KeptTrial | None:
    """The last test sign-in of a connection, None before the first."""
    row = t.TestSignIn
    columns = (row.at, row.setup, row.passed, row.email_key, row.result)
    with database.read() as tx:
        found = tx.execute(select(*columns).where(row.connection_id == connection_id)).first()
    return None if found is None else KeptTrial(*found)
