"""The mail with a link that verifies the address of a member.

It goes out when an organization has gone back to invitations: there people sign in with an e-mail link, which finds nobody by an
address that was never verified. Unverified addresses are mailed nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from connector.accounts import links, mail
from connector.accounts.mail_text import Letter, as_html, as_text
from connector.accounts.persons import holders
from connector.errors import Invalid
from connector.storage import tables as t
from connector.storage.sealing import Sealer
from connector.storage.sets import among

KIND = "address.unverified"


def mail_unverified(tx: Connection, sealer: Sealer, base_url: str, event_ids: Sequence[str], now: datetime) -> None:
    """Write to everybody of whom these events tell, while the address is theirs and nobody has verified it: another's link would
    be refused. The name of the event is
    `address.unverified`, its payload the address (`target`) and the person (`person_id`)."""
    event, organization, address = t.OutboxEvent, t.Organization, t.Address
    told = (
        select(event.id, event.payload, organization.name)
        .join(organization, organization.id == event.organization_id)
        .where(among(event.id, event_ids), event.kind == KIND, organization.deleted_at.is_(None))
        .order_by(event.id)
    )
    rows = tx.execute(told).all()
    persons = [row.payload["person_id"] for row in rows]
    waiting = select(address.person_id, address.email).where(among(address.person_id, persons), ~address.verified)
    unverified = {(row.person_id, row.email) for row in tx.execute(waiting)}
    taken = holders(tx, [row.payload["target"] for row in rows])
    for row in rows:
        if (row.payload["person_id"], row.payload["target"]) in unverified and row.payload["target"] not in taken:
            _write(tx, sealer, base_url, row, now)


def _write(tx: Connection, sealer: Sealer, base_url: str, row: Any, now: datetime) -> None:
    email = row.payload["target"]
    url = links.verifying(tx, base_url, row.payload["person_id"], email, now)
    letter = _letter(row.name, urlsplit(base_url).hostname or "", url)
    text, html = as_text(letter), as_html(letter)
    with suppress(Invalid):  # an address that was taken for one once, and cannot be mailed
        mail.write(tx, sealer, kind=KIND, recipient=email, subject=letter.heading, text=text, html=html, once=row.id, now=now)


def _letter(organization: str, host: str, url: str) -> Letter:
    return Letter(
        f"Confirm your address for {organization}",
        (
            f"{organization} at {host} no longer signs people in with its own accounts. From now on you sign in with a link that"
            " is mailed to you.",
            "Open this link to show that this address is yours; it signs you in as well. It works once, within 7 days.",
        ),
        f"You get this mail because you are a member of {organization} at {host} with this address. If that is not you, do"
        " nothing: without this mail nobody can sign in as you.",
        link=("Confirm my address", url),
    )
