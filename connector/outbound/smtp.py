"""Hand one mail over to the installation's mail server (RFC 5321, RFC 6409).

The server is the operator's own, so any address may be meant. `smtps://` speaks TLS from the start (RFC 8314), `smtp://` as soon
as the server offers it; a password is never sent without, but to this machine itself.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from connector.errors import Upstream
from connector.outbound.trust import trust

SECONDS = 20
"""How long the server may take for each answer."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def hand_over(url: str, message: EmailMessage, sender: str, recipient: str) -> None:
    """Send `message` through the server at `url` (`CONNECTOR_SMTP_URL`). `sender` and `recipient` are bare addresses.

    Raises Upstream: `mail_refused` when the server will never take this recipient, `mail_failed` when it may another time.
    """
    try:
        with _connected(url) as server:
            server.send_message(message, sender, [recipient])
    except smtplib.SMTPRecipientsRefused as error:
        status = max(status for status, _ in error.recipients.values())
        raise (
            _refused(status) if status >= 500 else _failed(f"The mail server put the recipient off (status {status}).")
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise Upstream(
            "mail_refused",
            "The mail server does not take addresses in such letters, or offers no way to sign in.",
            expected="a server with SMTPUTF8 (RFC 6531) for such an address, and with AUTH for a password",
            advice="Change the address, or the server in CONNECTOR_SMTP_URL.",
        ) from None
    except smtplib.SMTPAuthenticationError as error:
        raise _failed(f"The mail server does not take the user name and password (status {error.smtp_code}).") from None
    except smtplib.SMTPResponseException as error:
        raise _failed(f"The mail server did not take the mail (status {error.smtp_code}).") from None
    except ssl.SSLError:
        raise _failed("The mail server speaks no TLS, or shows a certificate that is not trusted for its name.") from None
    except (OSError, smtplib.SMTPException):
        raise _failed("The mail server cannot be reached, or broke off.") from None


def _connected(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 0, timeout=SECONDS, context=trust())
    else:
        server = smtplib.SMTP(host, parts.port or 0, timeout=SECONDS)
    try:
        _introduced(server, host, secure=parts.scheme == "smtps", user=parts.username, password=parts.password)
    except BaseException:
        server.close()
        raise
    return server


def _introduced(server: smtplib.SMTP, host: str, *, secure: bool, user: str | None, password: str | None) -> None:
    server.ehlo()
    if not secure and server.has_extn("starttls"):
        server.starttls(context=trust())
        server.ehlo()
        secure = True
    if user is None:
        return
    if not secure and host not in _LOOPBACK:
        raise _failed("The mail server offers no TLS, and the password is not sent without.")
    server.login(unquote(user), unquote(password or ""))


def _refused(status: int) -> Upstream:
    return Upstream(
        "mail_refused",
        f"The mail server does not take the recipient (status {status}).",
        expected="an address that can be mailed",
        advice="Correct the address; it may have left.",
    )


def _failed(detail: str) -> Upstream:
    advice = "See CONNECTOR_SMTP_URL, and the log of that server. The mail is tried again for a day."
    return Upstream("mail_failed", detail, expected="a mail server that takes the mail", advice=advice)
