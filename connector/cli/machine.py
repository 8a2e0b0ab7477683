"""What `connector doctor` looks at outside the database: secret key, base URL, mail, the libraries of SAML."""

from __future__ import annotations

import smtplib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from connector.config import SECRET_KEY_FILE, Settings

PATIENCE = 5
"""Seconds that a mail server has to answer."""

SHORTEST_KEY = 32

Status = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do about it."""

    check: str
    status: Status
    detail: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Look at secret key, base URL, mail and the libraries of SAML."""
    yield _secret_key(settings)
    yield _base_url(settings)
    yield _mail(settings) if settings.smtp_url else _outbox(settings)
    yield _libraries()


def _secret_key(settings: Settings) -> Check:
    kept = settings.data_dir / SECRET_KEY_FILE
    if min(map(len, settings.secret_keys)) < SHORTEST_KEY:
        advice = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))', and put it first in the list."
        return Check("secret key", "warning", f"one is shorter than {SHORTEST_KEY} characters", advice)
    if kept.exists() and kept.stat().st_mode & 0o077:
        return Check("secret key", "warning", f"{kept} can be read by others", f"chmod 600 {kept}")
    return Check("secret key", "ok", f"{len(settings.secret_keys)} known; keep it with the backups")


def _base_url(settings: Settings) -> Check:
    parts = urlsplit(settings.base_url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return Check("base URL", "ok", settings.base_url)
    advice = "Put a reverse proxy with a certificate in front and set CONNECTOR_BASE_URL to its https address."
    return Check("base URL", "warning", f"{settings.base_url} is neither https nor this machine: tokens travel readable", advice)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _mail(settings: Settings) -> Check:
    """Greet the mail server; nothing is sent."""
    parts = urlsplit(settings.smtp_url or "")
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    where = f"{parts.hostname}:{parts.port or kind.default_port}"
    try:
        with kind(parts.hostname or "", parts.port or 0, timeout=PATIENCE) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Check("mail", "error", f"{where} does not answer ({type(error).__name__})", "Correct CONNECTOR_SMTP_URL.")
    return Check("mail", "ok", f"{where} answers")


def _outbox(settings: Settings) -> Check:
    folder = settings.data_dir / "outbox"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Check("mail", "ok", f"written as files to {folder}; set CONNECTOR_SMTP_URL to send it")
    except OSError as error:
        return Check("mail", "error", f"{folder} cannot be written ({error.strerror})", "Let this user write there.")


def _libraries() -> Check:
    """lxml and xmlsec hand each other trees in memory, so their wheels must hold the same libxml2."""
    advice = "Install lxml and xmlsec as requirements.lock has them."
    try:
        import xmlsec
        from lxml import etree
    except ImportError as error:
        return Check("SAML library", "error", f"it cannot be loaded ({error})", advice)
    ours, theirs = etree.LIBXML_VERSION, xmlsec.get_libxml_version()
    detail = f"libxml2 {'.'.join(map(str, ours))} in lxml, {'.'.join(map(str, theirs))} in xmlsec"
    if ours[:2] != theirs[:2]:
        return Check("SAML library", "error", detail, advice)
    return Check("SAML library", "ok", detail)
