"""Test sign-ins: they make nothing, show everything, and say that a connection works with the setup it has.

A test link starts one in every state of the connection, for whoever holds it, for an hour. Whoever takes a connection live over
the API has made one themselves: nobody locks themselves out by a connection that does not work.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from connector.accounts import persons
from connector.directory.connections import MANAGE, addresses, not_found, reachable
from connector.directory.model import Document
from connector.directory.requests import hashed
from connector.directory.sign_on_model import SignOn
from connector.directory.sign_on_settings import mapping_of
from connector.errors import Conflict, Forbidden
from connector.membership.fold import fold
from connector.provisioning import apply, people
from connector.provisioning.acting import OPERATOR, Actor, Standing, act
from connector.provisioning.corridor import Corridor, Glance
from connector.storage import tables as t
from connector.storage.database import Database

LINK_LIFE = timedelta(hours=1)

FRESH = timedelta(hours=24)
"""How long a test sign-in vouches for a connection."""


@dataclass(frozen=True, slots=True)
class KeptTrial:
    """The last test sign-in. `setup` says with which setup it was made (see `setup_of`); `email_key` is the verified address it
    carried, folded; `result` what the page showed."""

    at: datetime
    setup: str
    passed: bool
    email_key: str | None
    result: Mapping[str, Any]


def make_link(
    database: Database,
    organization_id: str,
    connection_id: str,
    base_url: str,
    *,
    now: datetime | None = None,
    actor: Actor = OPERATOR,
) -> str:
    """Return an address that starts a test sign-in, good for an hour. Raises NotFound `connection_not_found`, and what
    `acting.act` raises."""
    home = {"connection_id": connection_id, "organization_id": organization_id}
    moment, token = now or datetime.now(UTC), secrets.token_urlsafe(32)
    row: dict[str, Any] = {**home, "token_hash": hashed(token), "created_at": moment, "expires_at": moment + LINK_LIFE}

    def work(corridor: Corridor, standing: Standing) -> None:
        reachable(corridor, standing, connection_id)
        corridor.tx.execute(insert(t.TestLink).values(row))
        told = {"expires_at": row["expires_at"].isoformat()}
        apply.record(corridor, "connection.test_link_made", f"connection:{connection_id}", None, told)

    act(database, organization_id, actor, MANAGE, "a link to a test sign-in was made by hand", work, by_link=True)
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
    if sign_on.saml:
        return _setup("saml", sign_on.saml.issuer, sign_on.mapping.subject, asdict(sign_on.saml))
    if sign_on.oidc:
        return _setup("oidc", sign_on.oidc.issuer, sign_on.mapping.subject, asdict(sign_on.oidc))
    return _setup(None, None, sign_on.mapping.subject, {})


def _setup(protocol: str | None, issuer: str | None, subject: str, settings: Mapping[str, Any]) -> str:
    ours = {"saml": ("sso_url", "sso_binding"), "oidc": ("client_id",)}.get(protocol or "", ())
    said = [protocol, issuer, subject, *(settings[name] for name in ours)]
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


# --------------------------------------------------------------------------------------------------------------- the gate


def need_trial(corridor: Corridor, given: Document, actor: Actor) -> None:
    """What is asked of the person who activates `given["connection"]` (DESIGN section 5): that the connection, as it is set up
    now, has told who they are. Whether they would get in does not count: a break-glass owner has no account to be linked to.

    Raises NotFound `connection_not_found`, Conflict `test_sign_in_required`.
    """
    missing = missing_trial(corridor, str(given["connection"]), actor, corridor.entered.domains, corridor.now)
    if missing is not None:
        raise Conflict(
            "test_sign_in_required",
            missing,
            expected="a test sign-in within 24 hours, with the setup of today, as somebody whose address you have verified",
            advice="Make a test link for the connection, and sign in with it yourself: it changes nothing.",
        )


_TRIED = (
    select(t.Connection.idp, t.SignOn.protocol, t.SignOn.issuer, t.SignOn.settings, t.SignOn.mapping)
    .add_columns(t.TestSignIn.at, t.TestSignIn.setup, t.TestSignIn.email_key)
    .select_from(t.Connection)
    .outerjoin(t.SignOn, t.SignOn.connection_id == t.Connection.id)
    .outerjoin(t.TestSignIn, t.TestSignIn.connection_id == t.Connection.id)
)


def missing_trial(
    reader: Corridor | Glance, connection_id: str, actor: Actor, domains: frozenset[str], now: datetime
) -> str | None:
    """What the last test sign-in of a connection lacks for this person to take it live, in a sentence; None when nothing does.
    `domains` are the verified ones. Raises NotFound `connection_not_found`."""
    mine = (t.Connection.id == connection_id, t.Connection.organization_id == reader.organization_id)
    row = reader.tx.execute(_TRIED.where(*mine)).first()
    if row is None:
        raise not_found()
    if row.protocol is None:
        return "This connection is not set up for signing in: nobody could."
    if row.at is None:
        return "Nobody has made a test sign-in through this connection."
    if row.at <= now - FRESH:
        return f"The last test sign-in through this connection was more than 24 hours ago ({row.at:%Y-%m-%d %H:%M} UTC)."
    if row.setup != _setup(row.protocol, row.issuer, mapping_of(row.idp, row.protocol, row.mapping).subject, row.settings):
        return "The last test sign-in was made before issuer, endpoints or subject of this connection changed."
    if row.email_key is None or not people.inside(row.email_key, domains):
        return "The last test sign-in carried no address inside a verified domain."
    if actor.setup_link is None and persons.find(reader.tx, row.email_key) != actor.person_id:
        return "The last test sign-in was not yours: the address it carried is not one that you have verified."
    return None
