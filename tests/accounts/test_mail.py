"""Outgoing mail: written with what it tells of, sent once, tried again, given up; over a real mail server and into files."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from connector.accounts import mail
from connector.accounts.mail_text import Letter, as_html, as_text
from connector.config import Settings
from connector.errors import Invalid
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.outbound.mail_server import MailServer, mail_server
from tests.support.racing import race

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEALER = Sealer(["a key of this test"])


@pytest.fixture
def to_files(tmp_path: Path) -> Settings:
    """An installation without a mail server."""
    return Settings.from_environment({"CONNECTOR_DATA_DIR": str(tmp_path / "data")})


@contextmanager
def posted(tmp_path: Path, mail_from: str = "Connector <noreply@id.example>") -> Iterator[tuple[Settings, MailServer]]:
    """An installation with a mail server."""
    with mail_server() as server:
        settings = Settings.from_environment(
            {
                "CONNECTOR_DATA_DIR": str(tmp_path / "data"),
                "CONNECTOR_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
                "CONNECTOR_MAIL_FROM": mail_from,
            }
        )
        yield settings, server


def write(database: Database, recipient: str = "ada@acme.example", now: datetime = NOW, **given: Any) -> bool:
    content = {"kind": "test", "subject": "Hello", "text": "Go to https://id.example/x?a=b\n", "html": "<p>Hello</p>", **given}
    return database.write(lambda tx: mail.write(tx, SEALER, recipient=recipient, now=now, **content))


def deliver(database: Database, settings: Settings, now: datetime = NOW, **given: Any) -> int:
    return mail.deliver(database, settings, SEALER, now, **given)


def kept(database: Database) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(t.OutgoingMail.__table__).order_by(t.OutgoingMail.id)).all())


# -------------------------------------------------------------------------------------------------------------------- sending


def test_a_mail_arrives_with_all_its_headers_and_both_parts(database: Database, tmp_path: Path) -> None:
    """RFC 5322, RFC 2046 section 5.1.4 (the best part last), RFC 3834."""
    with posted(tmp_path) as (settings, server):
        write(database, subject="Grüße von Acmé", text="Grüße\n", html="<p>Grüße</p>")
        assert deliver(database, settings) == 1
    message = server.mails[0]
    assert str(message["From"]) == "Connector <noreply@id.example>"
    assert (message["To"], message["Subject"]) == ("ada@acme.example", "Grüße von Acmé")
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{kept(database)[0].id}@id.example>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert ["Grüße" in part.get_content() for part in message.iter_parts()] == [True, True]
    assert [(each.mail_from, each.rcpt_tos) for each in server.envelopes] == [("noreply@id.example", ["ada@acme.example"])]


def test_once_sent_only_that_it_was_sent_is_kept(database: Database, tmp_path: Path) -> None:
    """Links that sign in stand in mails."""
    with posted(tmp_path) as (settings, _):
        write(database)
        assert "id.example" not in str(kept(database)[0])
        deliver(database, settings)
    row = kept(database)[0]
    assert (row.sealed, row.due_at, row.sent_at, row.error) == (None, None, NOW, None)


def test_a_mail_of_a_transaction_that_failed_is_not_sent(database: Database, to_files: Settings) -> None:
    def work(tx: Any) -> None:
        mail.write(tx, SEALER, kind="test", recipient="ada@acme.example", subject="x", text="x", html="x", now=NOW)
        raise RuntimeError("the rest went wrong")

    with pytest.raises(RuntimeError):
        database.write(work)
    assert deliver(database, to_files) == 0


def test_what_is_to_be_told_once_is_written_once(database: Database) -> None:
    """And what has no such name as often as it is written."""
    assert [write(database, once="event-1") for _ in range(3)] == [True, False, False]
    assert [write(database) for _ in range(2)] == [True, True]
    assert len(kept(database)) == 3


def test_two_processes_send_every_mail_once(fresh_url: str, tmp_path: Path) -> None:
    """Eight senders over two Databases, thirty mails."""
    databases = [Database.open(fresh_url), Database.open(fresh_url)]
    try:
        with posted(tmp_path) as (settings, server):
            for number in range(30):
                write(databases[0], f"p{number}@acme.example")
            sent, refused = race([partial(deliver, databases[i % 2], settings) for i in range(8)])
        assert (sum(sent), refused) == (30, [])
        assert sorted(each.rcpt_tos[0] for each in server.envelopes) == sorted(f"p{n}@acme.example" for n in range(30))
    finally:
        for each in databases:
            each.close()


def test_a_sender_that_died_holds_a_mail_up_for_ten_minutes(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been sent: then it comes twice, with the same Message-ID."""

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with posted(tmp_path) as (settings, server):
        write(database)
        with monkeypatch.context() as patched:
            patched.setattr(mail, "_note", killed)
            with pytest.raises(KeyboardInterrupt):
                deliver(database, settings)
        assert deliver(database, settings, NOW + 9 * MINUTE) == 0
        assert deliver(database, settings, NOW + 10 * MINUTE) == 1
    assert len({message["Message-ID"] for message in server.mails}) == 1
    assert len(server.mails) == 2


def test_the_oldest_goes_first_and_no_more_than_asked_for(database: Database, tmp_path: Path) -> None:
    with posted(tmp_path) as (settings, server):
        for number in (2, 1, 3):
            write(database, f"p{number}@acme.example", now=NOW + number * MINUTE)
        assert deliver(database, settings, NOW + 9 * MINUTE, limit=2) == 2
    assert [each.rcpt_tos[0] for each in server.envelopes] == ["p1@acme.example", "p2@acme.example"]


# -------------------------------------------------------------------------------------------------------------------- failing


def test_a_mail_is_tried_again_after_1_5_15_60_minutes_and_given_up_after_a_day(database: Database, tmp_path: Path) -> None:
    """Every hour then; the reason is kept, the text is not."""
    with posted(tmp_path) as (settings, server):
        server.to_mail = "451 4.3.0 later"
        write(database)
        tried = [minute for minute in range(26 * 60) if _tried(database, settings, NOW + minute * MINUTE)]
    assert tried[:6] == [0, 1, 6, 21, 81, 141]
    assert 23 * 60 <= tried[-1] < 24 * 60
    row = kept(database)[0]
    assert (row.due_at, row.sealed, row.sent_at) == (None, None, None)
    assert "451" in row.error


def _tried(database: Database, settings: Settings, now: datetime) -> bool:
    """Whether a look at that moment tried the mail."""
    due = kept(database)[0].due_at
    if due is None or datetime.fromisoformat(str(due)).replace(tzinfo=UTC) > now:
        return False
    before = kept(database)[0].attempts
    deliver(database, settings, now)
    return bool(kept(database)[0].attempts > before)


def test_when_the_server_is_back_the_mail_goes(database: Database, tmp_path: Path) -> None:
    with posted(tmp_path) as (settings, server):
        write(database)
        server.to_mail = "451 4.3.0 later"
        assert deliver(database, settings) == 0
        server.to_mail = "250 OK"
        assert deliver(database, settings, NOW + MINUTE) == 1
    assert kept(database)[0].error is None


def test_a_recipient_that_is_refused_for_good_is_not_tried_again(database: Database, tmp_path: Path) -> None:
    with posted(tmp_path) as (settings, server):
        server.to_recipient = "550 5.1.1 nobody"
        write(database)
        deliver(database, settings)
    assert (kept(database)[0].due_at, kept(database)[0].sealed) == (None, None)


def test_a_mail_that_cannot_be_opened_is_given_up_and_holds_up_nobody(database: Database, to_files: Settings) -> None:
    """Sealed with a key that is gone: CONNECTOR_SECRET_KEY was changed without keeping the old one."""
    write(database)
    other = Sealer(["another key"])
    assert mail.deliver(database, to_files, other, NOW) == 0
    write(database)
    assert deliver(database, to_files, NOW + MINUTE) == 1
    assert "secret keys" in kept(database)[0].error


def test_a_mail_that_breaks_the_program_holds_up_nobody(
    database: Database, to_files: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that no version of ours wrote."""
    row = {
        "kind": "x",
        "recipient": "ada@acme.example\r\nBcc: eve@evil.example",
        "subject": "x",
        "attempts": 0,
        "created_at": NOW,
    }
    sealed = SEALER.seal('{"text": "x", "html": "x"}', "outgoing_mail:bad")
    with database.engine.begin() as tx:
        tx.execute(insert(t.OutgoingMail).values(id="bad", sealed=sealed, due_at=NOW - MINUTE, **row))
    write(database)
    assert deliver(database, to_files) == 0
    assert deliver(database, to_files) == 1
    assert "ValueError" in caplog.text
    assert "evil.example" not in caplog.text


# -------------------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "recipient",
    [
        *("ada@acme.example\r\nBcc: eve@evil.example", "ada@acme.example\nX: y", "ada@acme.example, eve@evil.example", "", "ada"),
        *("ada@acme.example\x00", "ada@", "a\u202eda@acme.example"),
    ],
)
def test_what_is_no_address_is_not_written_to(database: Database, recipient: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(database, recipient)
    assert refused.value.code == "email_invalid"
    assert kept(database) == []


@pytest.mark.parametrize("subject", ["Hello\r\nBcc: eve@evil.example", "Hello\n\nBody", "Hello\x00\x1b[31m", "Hello\u2028Bcc: x"])
def test_a_subject_stays_one_line(database: Database, tmp_path: Path, subject: str) -> None:
    """Names of organizations stand in subjects; a header more would be somebody else's mail."""
    with posted(tmp_path) as (settings, server):
        write(database, subject=subject)
        assert deliver(database, settings) == 1
    assert server.mails[0]["Bcc"] is None
    assert str(server.mails[0]["Subject"]).startswith("Hello")
    assert str(server.mails[0]["Subject"]).isprintable()
    assert [each.rcpt_tos for each in server.envelopes] == [["ada@acme.example"]]


@pytest.mark.parametrize(
    ("recipient", "sent_to"),
    [
        ("o'neil+x@acme.example", "o'neil+x@acme.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("a(b)@acme.example", '"a(b)"@acme.example'),
    ],
)
def test_unusual_addresses_are_written_as_mail_has_them(database: Database, tmp_path: Path, recipient: str, sent_to: str) -> None:
    """Domains in other scripts as DNS has them, odd letters in quotes (RFC 5321 section 4.1.2)."""
    with posted(tmp_path, "Größe <c@id.example>") as (settings, server):
        write(database, recipient)
        assert deliver(database, settings) == 1
    assert server.envelopes[0].rcpt_tos == [sent_to]
    assert server.mails[0]["From"].addresses[0].display_name == "Größe"


# ---------------------------------------------------------------------------------------------------------------------- files


def test_without_a_mail_server_mail_is_a_file_and_its_link_is_in_the_log(
    database: Database, to_files: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """To try things on a laptop. Files are their owner's, and the log names no recipient."""
    link = "https://id.example/login/link?token=" + "x" * 80
    write(database, text=f"Sign in:\n\n{link}\n")
    with caplog.at_level(logging.INFO, "connector"):
        assert deliver(database, to_files) == 1
    folder = to_files.data_dir / "outbox"
    (file,) = folder.iterdir()
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert (message["To"], message["Subject"], message["From"]) == ("ada@acme.example", "Hello", "connector@127.0.0.1")
    assert link in file.read_text()  # whole, for eyes and for grep
    assert file.name == f"{kept(database)[0].id}.eml"
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)
    assert "Hello" in caplog.text
    assert link in caplog.text
    assert "ada@acme.example" not in caplog.text


def test_a_folder_that_cannot_be_written_is_tried_again(database: Database, to_files: Settings) -> None:
    (to_files.data_dir / "outbox").write_text("a file stands where the folder should be")
    write(database)
    assert deliver(database, to_files) == 0
    (to_files.data_dir / "outbox").unlink()
    assert deliver(database, to_files, NOW + MINUTE) == 1


def test_old_mails_are_forgotten_and_waiting_ones_are_not(database: Database, to_files: Settings) -> None:
    write(database, now=NOW - timedelta(days=41))
    deliver(database, to_files)
    write(database, now=NOW - timedelta(days=41))
    write(database, now=NOW)
    mail.sweep(database, NOW)
    assert [row.sent_at for row in kept(database)] == [None, None]


# ---------------------------------------------------------------------------------------------------------------------- texts

LETTER = Letter(
    "Sign in to <Acme> & Co",
    ('Ada "the first" <script>alert(1)</script> asked for this. ' + "Many words follow here, more than one line holds. " * 3,),
    "You get this because somebody typed your address.",
    link=("Sign in", "https://id.example/login/link?token=abc&next=%2Fa'\"<>"),
    code="ABCD-EFGH",
)


def test_the_text_of_a_letter_is_plain_and_its_link_whole() -> None:
    text = as_text(LETTER)
    assert text.startswith("Sign in to <Acme> & Co\n\n")
    assert f"\n{LETTER.link[1] if LETTER.link else ''}\n" in text
    assert "    ABCD-EFGH\n" in text
    assert text.endswith("You get this because somebody typed your address.\n")
    assert max(len(line) for line in text.splitlines() if "https://" not in line) <= 76


def test_the_html_of_a_letter_escapes_everything() -> None:
    """Names of organizations and addresses stand in it; nothing of them becomes HTML, nothing is loaded."""
    html = as_html(LETTER)
    assert "<script" not in html
    assert "Sign in to &lt;Acme&gt; &amp; Co" in html
    assert html.count('href="https://id.example/login/link?token=abc&amp;next=%2Fa&#x27;&quot;&lt;&gt;"') == 2
    assert "ABCD-EFGH" in html
    assert "prefers-color-scheme: dark" in html
    assert not any(word in html for word in ("<img", "src=", "@import", "url("))


def test_a_letter_without_code_and_link_has_none() -> None:
    letter = Letter("Heading", ("A sentence.",), "A reason.")
    assert "href" not in as_html(letter)
    assert as_text(letter) == "Heading\n\nA sentence.\n\n-- \nA reason.\n"
