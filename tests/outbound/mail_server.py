"""A real mail server on 127.0.0.1, which keeps what it is given."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class MailServer:
    """What arrived; and what it says to a recipient or to a mail instead of taking it."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    to_recipient: str = "250 OK"
    to_mail: str = "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails, parsed."""
        return [message_from_bytes(each.original_content or b"", policy=default) for each in self.envelopes]

    async def handle_RCPT(self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any) -> str:
        """Called by aiosmtpd."""
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd."""
        if self.to_mail.startswith("250"):
            self.envelopes.append(envelope)
            self.over_tls.append(session.ssl is not None)
        return self.to_mail


@contextmanager
def mail_server(
    *,
    offers: ssl.SSLContext | None = None,
    speaks: ssl.SSLContext | None = None,
    password: str | None = None,
    smtputf8: bool = False,
) -> Iterator[MailServer]:
    """Serve: with STARTTLS if it `offers` a context, with TLS from the start if it `speaks` one, with a password it can check."""

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        right = (given.login, given.password) == (b"connector", (password or "").encode())
        return AuthResult(success=right, handled=False)

    kept = MailServer()
    options: dict[str, Any] = {"enable_SMTPUTF8": smtputf8, "hostname": "127.0.0.1", "port": 0, "ready_timeout": 10}
    if password is not None:
        options |= {"authenticator": authenticate, "auth_require_tls": False}
    if offers:
        options["tls_context"] = offers
    server = _OnAnyPort(kept, ssl_context=speaks, **options)
    server.start()
    kept.port = server.port
    try:
        yield kept
    finally:
        server.stop()


class _OnAnyPort(Controller):
    """aiosmtpd connects to its own port to see that it serves, so it has to know which one the system gave."""

    def _create_server(self) -> Any:
        creating = super()._create_server()

        async def created() -> Any:
            server: Any = await creating
            self.port = server.sockets[0].getsockname()[1]
            return server

        return created()
