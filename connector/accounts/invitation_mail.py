"""The mails about invitations: one that invites, and one that says where to sign in now that invitations are over.

Who gets them may never have heard of this installation: they say who wrote, what for, and that nothing happens without a click.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from connector.accounts import mail
from connector.accounts.mail_text import Letter, as_html, as_text
from connector.errors import Invalid
from connector.storage import tables as t
from connector.storage.sealing import Sealer
from connector.storage.sets import among


@dataclass(frozen=True, slots=True)
class Invited:
    """What a mail tells of an invitation; `inviter` is None when the operator invites."""

    email: str
    organization: str
    role: str
    inviter: str | None
    expires_at: datetime


def link_url(base_url: str, token: str) -> str:
    """The address of an invitation."""
    return f"{base_url}/invitations/{token}"


def write(tx: Connection, sealer: Sealer, invited: Invited, url: str, now: datetime) -> None:
    """Put the mail that invites into the outbox."""
    host = urlsplit(url).hostname
    who = invited.inviter or f"The operator of {host}"
    until = f"{invited.expires_at.day} {invited.expires_at:%B %Y, %H:%M} UTC"
    letter = Letter(
        f"You are invited to {invited.organization}",
        (
            f'{who} invites you to join {invited.organization} at {host}, with the role "{invited.role}".',
            f"Open the link to see the invitation; there you accept or decline. It is good until {until}.",
        ),
        f"You get this mail because this address was invited to {invited.organization} at {host}. If you do not know who invites"
        " you, do nothing: without this mail nobody can accept in your place.",
        link=("See the invitation", url),
    )
    _post(tx, sealer, "invitation", invited.email, letter, None, now)


def mail_ended(tx: Connection, sealer: Sealer, base_url: str, event_ids: Sequence[str], now: datetime) -> None:
    """Write to everybody whose invitation ended by these events where to sign in instead."""
    event, organization = t.OutboxEvent, t.Organization
    ended = (
        select(event.id, event.payload, organization.name)
        .join(organization, organization.id == event.organization_id)
        .where(among(event.id, event_ids), event.kind == "invitation.ended", organization.deleted_at.is_(None))
        .order_by(event.id)
    )
    for row in tx.execute(ended):
        with suppress(Invalid):  # an address that was taken for one once, and cannot be mailed
            _post(tx, sealer, "invitation.ended", row.payload["target"], _ended(row, base_url), f"ended:{row.id}", now)


def _ended(row: Any, base_url: str) -> Letter:
    host = urlsplit(base_url).hostname
    return Letter(
        f"Sign in to {row.name} with your work account",
        (
            f"You were invited to {row.name} at {host}. Since then {row.name} has gone over to signing in with its own accounts,"
            " and invitations have ended.",
            "Open the link and type your work address: you are taken to the sign-in of your organization. If it does not know"
            " you, ask its administrator.",
        ),
        f"You get this mail because this address was invited to {row.name} at {host}.",
        link=("Sign in", f"{base_url}/login"),
    )


def _post(tx: Connection, sealer: Sealer, kind: str, to: str, letter: Letter, once: str | None, now: datetime) -> None:
    text, html = as_text(letter), as_html(letter)
    mail.write(tx, sealer, kind=kind, recipient=to, subject=letter.heading, text=text, html=html, once=once, now=now)
