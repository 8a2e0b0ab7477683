"""PERSONS by what they proved: who holds an address verified, and a new person for one that nobody does.

An unverified address is no proof and leads to nobody: whoever proves it first gets it as their own. Whether the domain is written
in its own script or encoded makes no difference.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import idna
from sqlalchemy import Connection, insert, select, update

from connector.errors import Forbidden, Invalid, NotFound
from connector.membership.domain_names import domain_of
from connector.membership.fold import fold
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sets import among

LONGEST = 254
"""Characters of an address that mail can be sent to (RFC 5321 section 4.5.3.1.3, without the angle brackets)."""


def read_email(text: str) -> str:
    """Return an address as it was written, without spaces around it. Raises Invalid `email_invalid`."""
    clean = text.strip()
    odd = any(letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf", "Cs") or _poses(letter) for letter in clean)
    # A dot at the end is no part of an address (RFC 5321 section 4.1.2), and the same mailbox would have two people.
    if odd or len(clean) > LONGEST or clean.endswith(".") or domain_of(clean) is None:
        raise Invalid("email_invalid", "This is not an e-mail address.", expected="an address such as ada@example.com")
    return clean


def _poses(letter: str) -> bool:
    """Whether folding takes it for a plain letter, as it takes the Kelvin sign for k: mail to such an address goes to another
    mailbox than the one whose owner it would sign in."""
    return not letter.isascii() and fold(letter).isascii()


def spellings(email: str) -> list[str]:
    """The folded forms of an address of `read_email`: as it was written first, then with its domain encoded and in its script."""
    local, _, _ = fold(email).partition("@")
    domain = domain_of(email) or ""
    written = [fold(email), f"{local}@{domain}"]
    with suppress(idna.IDNAError):  # encoded by other rules than today's: there is no other way to write it
        written.append(f"{local}@{idna.decode(domain)}")
    return list(dict.fromkeys(written))


def one_spelling(email: str) -> str:
    """The folded form of an address of `read_email` that all its spellings share: its domain encoded."""
    local, _, _ = fold(email).partition("@")
    return f"{local}@{domain_of(email)}"


def find(tx: Connection, email: str) -> str | None:
    """The id of the person who has the address verified, None when nobody has."""
    return _holder(tx, spellings(email))


def known(database: Database, email: str) -> str | None:
    """The same in a reading of its own."""
    with database.read() as tx:
        return find(tx, email)


def holder(database: Database, email: str) -> str:
    """The same for an address as somebody wrote it. Raises Invalid `email_invalid`, NotFound `person_not_found`."""
    person_id = known(database, read_email(email))
    if person_id is None:
        advice = "An address counts for somebody once it is verified."
        raise NotFound("person_not_found", f"Nobody has the verified address {email}.", advice=advice)
    return person_id


def _holder(tx: Connection, keys: Sequence[str]) -> str | None:
    address = t.Address
    known = select(address.person_id).where(address.email_key.in_(keys), address.verified).order_by(address.id).limit(1)
    return tx.execute(known).scalar_one_or_none()


def holders(tx: Connection, emails: Sequence[str]) -> dict[str, str]:
    """Who has these addresses verified: the person by each address that somebody has, in one statement for any number."""
    address, asked = t.Address, {email: spellings(email) for email in emails}
    keys = {key for each in asked.values() for key in each}
    found = select(address.email_key, address.person_id).where(among(address.email_key, keys), address.verified)
    known = {row.email_key: row.person_id for row in tx.execute(found)}
    told = {email: next((known[key] for key in each if key in known), None) for email, each in asked.items()}
    return {email: person_id for email, person_id in told.items() if person_id is not None}


def find_or_make(tx: Connection, email: str, now: datetime, name: str | None = None) -> str:
    """The same; where nobody has it, a new person called `name` gets it as their verified primary address.

    Two at once for one address: the unique index makes the second begin again, and find the first.
    """
    return _holder(tx, spellings(email)) or make(tx, email, now, name)


def make(tx: Connection, email: str, now: datetime, name: str | None = None) -> str:
    """A new person with a verified primary address of which it was seen that nobody has it; somebody who got it since then makes
    the transaction begin again."""
    made = new_id()
    tx.execute(insert(t.Person).values(id=made, display_name=name, created_by=None, created_at=now))
    address = {"id": new_id(), "person_id": made, "email": email, "email_key": spellings(email)[0]}
    tx.execute(insert(t.Address).values(**address, verified=True, is_primary=True, created_at=now))
    return made


def verify(tx: Connection, person_id: str, email: str) -> str:
    """Make an address that a person has one that they have verified, which whoever calls this has seen; returns the person.

    Raises Forbidden `address_taken` when somebody else has it verified, `link_unknown` when it is no longer theirs.
    """
    keys = spellings(email)
    if _holder(tx, keys) not in (None, person_id):
        raise Forbidden(
            "address_taken",
            "This address has been verified for another account meanwhile.",
            expected="an address that nobody else has verified",
            advice="Sign in with an e-mail link as that account, and ask the organization to invite it.",
        )
    address = t.Address
    mine = update(address).where(address.person_id == person_id, address.email_key.in_(keys))
    if not tx.execute(mine.values(verified=True)).rowcount:
        detail = "The address that this link was mailed to belongs to no account any more."
        raise Forbidden("link_unknown", detail, expected="a link as it was sent", advice="Ask for a new one.")
    return person_id
