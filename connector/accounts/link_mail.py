"""The mail with a sign-in link and its code. It says the same to everybody, whether or not they have been here before."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection

from connector.accounts import mail
from connector.accounts.mail_text import Letter, as_html, as_text
from connector.storage.sealing import Sealer


def write(tx: Connection, sealer: Sealer, recipient: str, url: str, code: str, now: datetime) -> None:
    """Put it into the outbox."""
    host = urlsplit(url).hostname
    letter = Letter(
        f"Sign in to {host}",
        (
            "Open this link in the browser that asked for it. It works once, within 15 minutes.",
            "If it opens in another browser, type this code where you asked:",
        ),
        f"You get this mail because somebody asked to sign in to {host} with this address. If that was not you, do nothing:"
        " without this mail nobody can sign in as you.",
        link=("Sign in", url),
        code=code,
    )
    text, html = as_text(letter), as_html(letter)
    mail.write(tx, sealer, kind="sign_in", recipient=recipient, subject=letter.heading, text=text, html=html, now=now)
