"""LINKS to sign in with: mailed to whoever asks, or printed by an operator. Each is good for one use, and soon for none.

Asking is the same, in answer and work, whether or not anybody has the address: a person is looked for when the link is used, and
made where there is none. A mailed link works in the browser that asked, so that a forwarded or stolen mail signs nobody in; if it
opens elsewhere, its code is typed where it was asked for. Looking at a link does not use it: mail scanners look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, delete, insert, select, update

from connector.accounts import glass, link_mail, persons, sessions, throttle
from connector.accounts.secret import hashed, new_code, new_token, typed
from connector.accounts.sessions import Proof, Visitor
from connector.errors import ConnectorError, Forbidden
from connector.membership.fold import fold
from connector.membership.opening import Method
from connector.provisioning.acting import called
from connector.provisioning.corridor import Corridor, Origin, enter
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer

MAILED = timedelta(minutes=15)
"""How long a mailed link is good."""

PRINTED = timedelta(hours=24)
"""The same for one that an operator printed."""

TRIES = 5
"""How often a code may be typed."""

KEPT = timedelta(days=1)
"""How long a link is known after its end: so long its holder hears "expired" and not "unknown"."""

VERIFYING = timedelta(days=7)
"""The same for one that verifies an address: nobody waits for it, and the mail may come while its reader is away."""

_METHODS: dict[str, Method] = {"sign_in": "email_link", "operator": "operator_link", "verify": "email_link"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that could be used now, for a page that asks whether to. `purpose` is `sign_in` (mailed), `operator`, `restore`
    (break-glass for the organization) or `verify` (the address becomes one that the person has verified)."""

    id: str
    purpose: str
    email: str
    next_path: str
    organization_id: str | None
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in just now, and the token of their session, seen this once."""

    token: str = field(repr=False)
    person_id: str
    email: str
    next_path: str


def ask(database: Database, sealer: Sealer, base_url: str, email: str, browser: str, next_path: str, now: datetime) -> None:
    """Mail a link and a code to the address, for this browser (the value of its cookie).

    Raises Invalid `email_invalid`, TooMany `too_many_requests` for an address that got many already, Unavailable.
    """
    address = persons.read_email(email)
    token, code = new_token(), new_code(2)
    bound = {"code_hash": hashed(browser, code), "browser_hash": hashed(browser)}

    def work(tx: Connection) -> None:
        throttle.spend_in(tx, "link_per_email", fold(address), now)
        _insert(tx, "sign_in", address, token, now + MAILED, now, next_path=next_path, **bound)
        link_mail.write(tx, sealer, address, link_url(base_url, token), code, now)

    database.write(work)


def printed(
    tx: Connection, base_url: str, email: str, now: datetime, organization_id: str | None = None, *, console: str | None = None
) -> str:
    """Make a link for an operator to hand over, who vouches for the address; return its URL. With an organization it is for
    break-glass there, and leads to its console; `console` names (by id or slug) whose console one without leads to, else it is
    the start page. Works in any browser."""
    token = new_token()
    purpose = "operator" if organization_id is None else "restore"
    named = console or organization_id
    next_path = urlsplit(base_url).path + ("/" if named is None else f"/admin/{named}")
    _insert(tx, purpose, email, token, now + PRINTED, now, organization_id=organization_id, next_path=next_path)
    return link_url(base_url, token)


def verifying(tx: Connection, base_url: str, person_id: str, email: str, now: datetime) -> str:
    """Make a link to be mailed to an unverified address of a person; return its URL. Whoever uses it has shown that the address
    is theirs, and is signed in as this person. Works in any browser."""
    token = new_token()
    _insert(tx, "verify", email, token, now + VERIFYING, now, person_id=person_id, next_path=urlsplit(base_url).path + "/")
    return link_url(base_url, token)


def link_url(base_url: str, token: str) -> str:
    """The address of a link."""
    return f"{base_url}/login/link?token={quote(token)}"


def _insert(tx: Connection, purpose: str, email: str, token: str, until: datetime, now: datetime, **more: str | None) -> None:
    free: dict[str, str | None] = dict.fromkeys(("organization_id", "person_id", "code_hash", "browser_hash"))
    row = {"id": new_id(), "purpose": purpose, "email": email, "email_key": fold(email), "token_hash": hashed(token), "tries": 0}
    tx.execute(insert(t.EmailLink).values(**row, **{**free, **more}, created_at=now, expires_at=until, used_at=None))


def look(database: Database, token: str, browser: str, now: datetime) -> Link:
    """Return the link as it is, unused. Raises Forbidden `link_unknown`, `link_expired`, `link_used`, `link_other_browser`."""
    with database.read() as tx:
        row = _row(tx, t.EmailLink.token_hash == hashed(token))
    reason = _refusal(row, browser, now)
    if reason is not None:
        raise reason
    return _link(row)


def _link(row: Any) -> Link:
    return Link(row.id, row.purpose, row.email, row.next_path, row.organization_id, row.person_id)


def _row(tx: Connection, which: Any) -> Any:
    link = t.EmailLink
    columns = (link.id, link.purpose, link.email, link.next_path, link.organization_id, link.person_id)
    return tx.execute(select(*columns, link.browser_hash, link.expires_at, link.used_at).where(which)).first()


def _refusal(row: Any, browser: str, now: datetime) -> ConnectorError | None:
    """Why a link is not to be used; None when it is."""
    if row is None:
        detail = "This sign-in link is unknown: it is not whole, or it was sent long ago."
        return Forbidden("link_unknown", detail, expected="a link as it was sent", advice="Ask for a new one.")
    if row.used_at is not None:
        detail = "This sign-in link has been used."
        return Forbidden("link_used", detail, expected="a link that is used once", advice="Ask for a new one.")
    if row.expires_at <= now:
        return Forbidden("link_expired", "This sign-in link has expired.", expected="a fresh link", advice="Ask for a new one.")
    if row.browser_hash is not None and row.browser_hash != hashed(browser):
        advice = "Type the code of the mail into the page that asked for your address, or ask for a new link here."
        return Forbidden(
            "link_other_browser",
            "This sign-in link was asked for in another browser.",
            expected="the browser that asked for it",
            advice=advice,
        )
    return None


def spend(tx: Connection, link_id: str, browser: str, now: datetime) -> Link:
    """Use a link up, inside the transaction that signs in: of several at once one succeeds. Raises Forbidden as `look`."""
    link = t.EmailLink
    unbound = (link.browser_hash.is_(None)) | (link.browser_hash == hashed(browser))
    fresh = update(link).where(link.id == link_id, link.used_at.is_(None), link.expires_at > now, unbound)
    used = tx.execute(fresh.values(used_at=now)).rowcount
    row = _row(tx, link.id == link_id)
    if not used:
        raise _refusal(row, browser, now) or AssertionError("a link that could not be used was not refused")
    return _link(row)


def use(database: Database, token: str, browser: str, visitor: Visitor, now: datetime) -> SignedIn:
    """Sign in with a link, once. Whoever has the address verified is signed in, else a new person who then has; by a link that
    verifies an address, the person whose it is.

    Raises Forbidden as `look`, `not_an_owner` for break-glass of somebody who is no active owner any more, and what
    `persons.verify` raises.
    """
    link = look(database, token, browser, now)
    if link.organization_id is None:
        return database.write(lambda tx: _sign_in(tx, spend(tx, link.id, browser, now), visitor, now))
    return _break_glass(database, link, link.organization_id, browser, visitor, now)


def _break_glass(database: Database, link: Link, organization_id: str, browser: str, visitor: Visitor, now: datetime) -> SignedIn:
    person_id = persons.known(database, link.email)
    if person_id is None:
        raise glass.not_an_owner()

    def work(corridor: Corridor) -> SignedIn:
        spend(corridor.tx, link.id, browser, now)
        token = glass.let_in(corridor, person_id, link.email, visitor, now)
        return SignedIn(token, person_id, link.email, link.next_path)

    origin = Origin(called(link.email, None, person_id), "an operator printed the link for them", visitor.address)
    return enter(database, organization_id, origin, work)


def _sign_in(tx: Connection, link: Link, visitor: Visitor, now: datetime) -> SignedIn:
    if link.person_id is not None:
        person_id = persons.verify(tx, link.person_id, link.email)
    else:
        person_id = persons.find_or_make(tx, link.email, now)
    token = sessions.open(tx, person_id, Proof(_METHODS[link.purpose]), visitor, now)
    return SignedIn(token, person_id, link.email, link.next_path)


def use_code(database: Database, code: str, browser: str, visitor: Visitor, now: datetime) -> SignedIn:
    """Sign in with the code of a mail that this browser asked for. Raises Forbidden `code_wrong`; after five the code is dead."""

    def work(tx: Connection) -> SignedIn | None:
        matching = _try(tx, hashed(browser, typed(code)), browser, now)
        return None if matching is None else _sign_in(tx, spend(tx, matching, browser, now), visitor, now)

    entered = database.write(work)
    if entered is None:
        raise Forbidden(
            "code_wrong",
            "This is not the code of a mail that was asked for in this browser, or it has been used or tried too often.",
            expected="the code of the newest mail, within 15 minutes and five tries",
            advice="Compare it with the mail, or ask for a new one.",
        )
    return entered


def _try(tx: Connection, code_hash: str, browser: str, now: datetime) -> str | None:
    """Count a try on every code this browser could type, which also locks them; return the id of the link it belongs to."""
    link = t.EmailLink
    pending = (link.browser_hash == hashed(browser), link.used_at.is_(None), link.expires_at > now, link.tries < TRIES)
    tried = update(link).where(*pending).values(tries=link.tries + 1).returning(link.id, link.code_hash)
    return next((row.id for row in tx.execute(tried) if row.code_hash == code_hash), None)


def sweep(database: Database, now: datetime) -> None:
    """Delete links a day after their end."""
    database.write(lambda tx: tx.execute(delete(t.EmailLink).where(t.EmailLink.expires_at <= now - KEPT)))
