"""Outgoing mail: written in the transaction of what it tells of, sent afterwards, tried again for a day.

A mail waits as a row. Whoever sends it claims it first, with one statement, so two processes never send it twice; when a process
dies between sending and noting it, it is sent once more, with the same Message-ID. Its text is sealed, and emptied once sent.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, exists, select, update

from connector.accounts.persons import read_email
from connector.config import Settings
from connector.errors import ConnectorError, Upstream
from connector.membership.domain_names import domain_of
from connector.outbound.smtp import hand_over
from connector.storage.database import Database
from connector.storage.ids import new_id
from connector.storage.sealing import Sealer
from connector.storage.tables import OutgoingMail
from connector.storage.writes import insert_rows

CLAIM = timedelta(minutes=10)
"""How long a mail is left to who claimed it: longer than a mail server can take for one."""

AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""When a mail is tried again; the last for ever."""

PATIENCE = timedelta(days=1)
"""After which it is given up."""

KEPT = timedelta(days=40)
"""How long it is known that a mail was sent. Longer than events are kept: a mail about one is not written again."""

ROUND = 60.0
"""Seconds after which a round claims no more."""

_POLICY = SMTP.clone(max_line_length=998, cte_type="7bit")  # long links stay whole where the text is ASCII
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: str
    recipient: str
    subject: str
    sealed: str
    attempts: int
    created_at: datetime


def write(
    tx: Connection,
    sealer: Sealer,
    *,
    kind: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    once: str | None = None,
    now: datetime,
) -> bool:
    """Put a mail into the outbox, to be sent after the commit. False when one with this `once` is there already.

    Raises Invalid `email_invalid`.
    """
    mail_id = new_id()
    row = {
        "id": mail_id,
        "kind": kind,
        "recipient": read_email(recipient),
        "subject": " ".join("".join(letter if letter.isprintable() else " " for letter in subject).split()),
        "sealed": sealer.seal(json.dumps({"text": text, "html": html}), _about(mail_id)),
        "once": once,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
        "sent_at": None,
        "error": None,
    }
    return insert_rows(tx, OutgoingMail, [row], ignore=once is not None) == 1


def deliver(database: Database, settings: Settings, sealer: Sealer, now: datetime, limit: int = 50) -> int:
    """Send what is due, oldest first, and return how many mails went out. A failure ends the round. Raises Unavailable."""
    until = time.monotonic() + ROUND
    for sent in range(limit):
        claimed = _claim(database, now) if time.monotonic() < until else None
        if claimed is None or not _send(database, settings, sealer, claimed, now):
            return sent
    return limit


def sweep(database: Database, now: datetime) -> None:
    """Forget mails that were written long ago."""
    old = delete(OutgoingMail).where(OutgoingMail.created_at <= now - KEPT, OutgoingMail.due_at.is_(None))
    database.write(lambda tx: tx.execute(old))


def _claim(database: Database, now: datetime) -> _Claimed | None:
    """Take the mail that is due longest, so that nobody else does until the claim has run out."""
    mail = OutgoingMail
    with database.read() as tx:  # on SQLite looking disturbs no writer
        if not tx.execute(select(exists().where(mail.due_at <= now))).scalar_one():
            return None
    columns = (mail.id, mail.recipient, mail.subject, mail.sealed, mail.attempts, mail.created_at)
    oldest = select(mail.id).where(mail.due_at <= now).order_by(mail.due_at, mail.id).limit(1).with_for_update(skip_locked=True)
    taken = update(mail).where(mail.id == oldest.scalar_subquery(), mail.due_at <= now)
    taken = taken.values(due_at=now + CLAIM, attempts=mail.attempts + 1)
    row = database.write(lambda tx: tx.execute(taken.returning(*columns)).one_or_none())
    return _Claimed(row.id, row.recipient, row.subject, row.sealed or "", row.attempts, row.created_at) if row else None


def _send(database: Database, settings: Settings, sealer: Sealer, mail: _Claimed, now: datetime) -> bool:
    try:
        message = _composed(settings, mail, json.loads(sealer.open(mail.sealed, _about(mail.id))), now)
        if settings.smtp_url is None:
            _file(settings.data_dir, mail, message)
        else:
            hand_over(settings.smtp_url, message, _sender(settings).addr_spec, _address(mail.recipient).addr_spec)
    except ConnectorError as error:
        _note_failure(database, mail, error, now)
        return False
    except Exception as error:  # one that cannot be put together must not hold up the others
        lines = "".join(traceback.format_tb(error.__traceback__))  # its text may repeat the address
        _log.error("mail %s cannot be put together: %s\n%s", mail.id, type(error).__name__, lines)
        _note_failure(database, mail, _unforeseen(error), now)
        return False
    _note(database, mail, due_at=None, sent_at=now, sealed=None, error=None)
    return True


def _unforeseen(error: Exception) -> Upstream:
    detail = f"The mail cannot be put together ({type(error).__name__})."
    return Upstream(
        "mail_failed", detail, expected="a mail that can be written", advice="The log of connector has the lines of code."
    )


def _note_failure(database: Database, mail: _Claimed, error: ConnectorError, now: datetime) -> None:
    """Try again later, or give up: after a day, and at once where trying again would change nothing."""
    later = now + AGAIN[min(mail.attempts, len(AGAIN)) - 1]
    final = error.code != "mail_failed" or later >= mail.created_at + PATIENCE
    _log.warning("mail %s was not sent (%s), %s: %s", mail.id, error.code, "given up" if final else "kept", error.detail)
    if final:
        _note(database, mail, due_at=None, sealed=None, error=error.detail)
    else:
        _note(database, mail, due_at=later, error=error.detail)


def _note(database: Database, mail: _Claimed, **values: object) -> None:
    """Only while the claim is ours: one that ran out may be another's by now."""
    ours = update(OutgoingMail).where(OutgoingMail.id == mail.id, OutgoingMail.attempts == mail.attempts)
    database.write(lambda tx: tx.execute(ours.values(**values)))


# ---------------------------------------------------------------------------------------------------------------- the message


def _composed(settings: Settings, mail: _Claimed, content: dict[str, str], now: datetime) -> EmailMessage:
    sender = _sender(settings)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _address(mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(content["text"])
    message.add_alternative(content["html"], subtype="html")
    return message


def _sender(settings: Settings) -> Address:
    """Who it is from. Where mail goes to files nobody need be named."""
    name, address = parseaddr(settings.mail_from or f"connector@{urlsplit(settings.base_url).hostname}")
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _address(email: str) -> Address:
    """The recipient, the domain as DNS has it."""
    return Address(username=email.rpartition("@")[0], domain=domain_of(email) or "")


def _file(data_dir: Path, mail: _Claimed, message: EmailMessage) -> None:
    """Without a mail server a mail is a file, whole or not there; subject and link are logged for who looks at the log only."""
    folder = data_dir / "outbox"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as aside:
            aside.write(message.as_bytes())
        os.replace(aside.name, folder / f"{mail.id}.eml")
    except OSError as error:
        advice = "Make the data directory writable, or set CONNECTOR_SMTP_URL."
        detail = f"The mail cannot be written into the data directory: {error.strerror}."
        raise Upstream("mail_failed", detail, expected="a folder that can be written", advice=advice) from None
    plain = message.get_body(("plain",))
    link = re.search(r"https?://\S+", plain.get_content() if plain else "")
    _log.info("mail written to outbox/%s.eml: %s %s", mail.id, mail.subject, link[0] if link else "")


def _about(mail_id: str) -> str:
    return f"outgoing_mail:{mail_id}"
