"""One mail handed over to a real mail server: with TLS and without, with a password, and refused in every way."""

from __future__ import annotations

import socket
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from connector.errors import Upstream
from connector.outbound import smtp
from connector.outbound.smtp import hand_over
from tests.outbound.mail_server import mail_server
from tests.outbound.servers import Authority, listening, says

SENDER, RECIPIENT = "connector@example.com", "ada@acme.example"


def a_mail(subject: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, subject
    message.set_content("A line.\n.\nAnother after a dot.\n")
    return message


def refused(url: str, message: EmailMessage | None = None, recipient: str = RECIPIENT) -> Upstream:
    with pytest.raises(Upstream) as raised:
        hand_over(url, message or a_mail(), SENDER, recipient)
    return raised.value


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority the operator trusts."""
    made = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


def test_a_mail_arrives_whole_over_plain_smtp() -> None:
    """A line with one dot does not end it (RFC 5321 section 4.5.2)."""
    with mail_server() as server:
        hand_over(f"smtp://127.0.0.1:{server.port}", a_mail(), SENDER, RECIPIENT)
    assert [(each.mail_from, each.rcpt_tos) for each in server.envelopes] == [(SENDER, [RECIPIENT])]
    assert server.mails[0].get_content().split() == ["A", "line.", ".", "Another", "after", "a", "dot."]


def test_tls_is_used_where_it_is_offered(authority: Authority) -> None:
    """STARTTLS (RFC 3207)."""
    with mail_server(offers=authority.serving("127.0.0.1")) as server:
        hand_over(f"smtp://127.0.0.1:{server.port}", a_mail(), SENDER, RECIPIENT)
    assert server.over_tls == [True]


def test_smtps_speaks_tls_from_the_start(authority: Authority) -> None:
    """RFC 8314 section 3.3."""
    with mail_server(speaks=authority.serving("127.0.0.1")) as server:
        hand_over(f"smtps://127.0.0.1:{server.port}", a_mail(), SENDER, RECIPIENT)
    assert len(server.mails) == 1


def test_a_certificate_that_is_not_trusted_ends_it(tmp_path: Path) -> None:
    """Nothing is sent to whoever that is."""
    with mail_server(offers=Authority.make(tmp_path).serving("127.0.0.1")) as server:
        error = refused(f"smtp://127.0.0.1:{server.port}")
    assert (error.code, server.mails) == ("mail_failed", [])
    assert "certificate" in error.detail


@pytest.mark.parametrize("password", ["secret", "p@ss:w/o% +"])
def test_a_password_is_given_as_it_stands_in_the_address(authority: Authority, password: str) -> None:
    """Percent-encoded there, as every URL has it."""
    encoded = "".join(f"%{byte:02X}" for byte in password.encode())
    with mail_server(offers=authority.serving("127.0.0.1"), password=password) as server:
        hand_over(f"smtp://connector:{encoded}@127.0.0.1:{server.port}", a_mail(), SENDER, RECIPIENT)
    assert len(server.mails) == 1


def test_a_wrong_password_is_told_without_repeating_it() -> None:
    with mail_server(password="right") as server:
        error = refused(f"smtp://connector:hunter2@127.0.0.1:{server.port}")
    assert error.code == "mail_failed"
    assert "password" in error.detail
    assert "hunter2" not in error.detail + error.advice


def test_a_password_is_not_sent_in_the_clear_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TLS it is for this machine only; whoever takes STARTTLS out of the answer learns nothing."""
    monkeypatch.setattr(socket, "getaddrinfo", _leading_to_loopback(socket.getaddrinfo))
    with mail_server(password="right") as server:
        error = refused(f"smtp://connector:right@mail.example:{server.port}")
    assert error.code == "mail_failed"
    assert "TLS" in error.detail
    assert server.mails == []


def _leading_to_loopback(real: object) -> object:
    return lambda _host, port, *args, **kwargs: real("127.0.0.1", port, *args, **kwargs)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("to_recipient", "to_mail", "code"),
    [
        ("550 5.1.1 no such user", "250 OK", "mail_refused"),
        ("450 4.2.1 greylisted", "250 OK", "mail_failed"),
        ("250 OK", "554 5.7.1 spam", "mail_failed"),
        ("250 OK", "451 4.3.0 later", "mail_failed"),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(to_recipient: str, to_mail: str, code: str) -> None:
    """A recipient refused for good is not tried again (RFC 5321 section 4.2.1); what a server's settings may change is."""
    with mail_server() as server:
        server.to_recipient, server.to_mail = to_recipient, to_mail
        error = refused(f"smtp://127.0.0.1:{server.port}")
    assert error.code == code
    assert (to_recipient if to_mail == "250 OK" else to_mail)[:3] in error.detail


@pytest.mark.parametrize("smtputf8", [True, False])
def test_an_address_in_other_letters_needs_a_server_that_takes_it(smtputf8: bool) -> None:
    """RFC 6531; the domain is always sent as DNS has it, the part before it cannot be."""
    recipient = "ädä@acme.example"
    with mail_server(smtputf8=smtputf8) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        if smtputf8:
            hand_over(url, a_mail(), SENDER, recipient)
            assert server.envelopes[0].rcpt_tos == [recipient]
        else:
            assert refused(url, recipient=recipient).code == "mail_refused"


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"554 not you\r\n"], ids=["no SMTP", "closes", "turns away"]
)
def test_what_is_no_mail_server_is_told_so(answer: bytes) -> None:
    def talk(sock: socket.socket) -> None:
        with suppress(OSError):
            sock.sendall(answer)

    with listening(talk, greets=True) as server:
        assert refused(f"smtp://127.0.0.1:{server.port}").code == "mail_failed"


def test_a_silent_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the connection and says nothing."""
    monkeypatch.setattr(smtp, "SECONDS", 0.2)
    with listening(says(b"")) as server:
        assert refused(f"smtp://127.0.0.1:{server.port}").code == "mail_failed"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(f"smtp://127.0.0.1:{port}").code == "mail_failed"
