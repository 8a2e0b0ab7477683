"""E-mail links and their codes: who is signed in by them, where, and how often."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import select, update

from connector.accounts import links, sessions
from connector.errors import Forbidden, Invalid, TooMany
from connector.storage import tables as t
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from tests.accounts.people import HERE, NOW, found, holder, later, methods, organization, person
from tests.support.racing import race
from tests.support.statements import statements

SEALER = Sealer(["a key"])
BASE = "https://id.example.com"
BROWSER = "the browser that asked"
OTHER = "another browser"


@dataclass(frozen=True, slots=True)
class Mail:
    """What somebody finds in their mailbox."""

    recipient: str
    subject: str
    text: str
    token: str
    code: str


def mails(database: Database) -> list[Mail]:
    """The mails that wait, oldest first."""
    row = t.OutgoingMail
    with database.read() as tx:
        rows = tx.execute(select(row.id, row.recipient, row.subject, row.sealed).order_by(row.id)).all()
    return [_opened(each.id, each.recipient, each.subject, str(each.sealed)) for each in rows]


def _opened(mail_id: str, recipient: str, subject: str, sealed: str) -> Mail:
    text = json.loads(SEALER.open(sealed, f"outgoing_mail:{mail_id}"))["text"]
    token = re.search(r"token=(\w+)", text)
    code = re.search(r"^ {4}(\S+)$", text, re.MULTILINE)
    assert token
    assert code
    return Mail(recipient, subject, text, token[1], code[1])


def ask(database: Database, email: str, *, browser: str = BROWSER, now: datetime = NOW) -> Mail:
    """Ask for a link; return the mail."""
    links.ask(database, SEALER, BASE, email, browser, "/teams", now)
    return mails(database)[-1]


def use(database: Database, mail: Mail, *, browser: str = BROWSER, now: datetime = NOW) -> links.SignedIn:
    """Open the link of a mail and press the button."""
    return links.use(database, mail.token, browser, HERE, now)


def use_code(database: Database, code: str, *, browser: str = BROWSER, now: datetime = NOW) -> links.SignedIn:
    """Type a code."""
    return links.use_code(database, code, browser, HERE, now)


def refusal(verb: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(Forbidden) as refused:
        verb()
    return refused.value.code


def test_a_mailed_link_signs_in_who_has_the_address(database: Database) -> None:
    """With the path they wanted to see."""
    ada = person(database, "ada@x.example")
    mail = ask(database, "Ada@X.example")
    assert (mail.recipient, mail.subject) == ("Ada@X.example", "Sign in to id.example.com")
    assert f"{BASE}/login/link?token={mail.token}" in mail.text
    entered = use(database, mail)
    assert (entered.person_id, entered.next_path) == (ada, "/teams")
    session = found(database, entered.token)
    assert (session.person_id, methods(session)) == (ada, {"email_link"})


def test_whoever_proves_a_new_address_is_a_new_person(database: Database) -> None:
    """Nobody is made by asking: only by using what was mailed."""
    mail = ask(database, "new@x.example")
    with database.read() as tx:
        assert tx.execute(select(t.Person.id)).all() == []
    entered = use(database, mail)
    assert holder(database, "new@x.example") == entered.person_id
    assert use(database, ask(database, "new@x.example")).person_id == entered.person_id


def test_an_address_that_nobody_proved_leads_to_nobody(database: Database) -> None:
    """An identity provider that put it on somebody gets no account with it, and neither does its owner get theirs."""
    pushed = person(database, "ada@x.example", verified=False)
    entered = use(database, ask(database, "ada@x.example"))
    assert entered.person_id != pushed
    assert holder(database, "ada@x.example") == entered.person_id


@pytest.mark.parametrize(
    ("known", "typed"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ADA@Bücher.example"),
        ("ünal@bücher.example", "ÜNAL@BÜCHER.example"),
        ("ada@x.example", "  ada@X.EXAMPLE\n"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(database: Database, known: str, typed: str) -> None:
    """Letter case, and a domain in its own script or encoded."""
    ada = person(database, known)
    assert use(database, ask(database, typed)).person_id == ada


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "@x.example",
        "a@b@x.example",
        "ada@x.example.",
        "a b@x.example",
        "ada@x.example\nBcc: e@y.fr",
        "a\x00@x.example",
        "\u212aate@x.example",
        "a\u200bda@x.example",
    ],
)
def test_what_is_no_address_gets_no_mail(database: Database, text: str) -> None:
    """Said as it is; nothing is written."""
    with pytest.raises(Invalid) as refused:
        links.ask(database, SEALER, BASE, text, BROWSER, "/", NOW)
    assert refused.value.code == "email_invalid"
    assert mails(database) == []


def test_asking_is_the_same_work_whether_or_not_there_is_an_account(database: Database) -> None:
    """The same statements, so that neither answer nor time tells."""
    person(database, "ada@x.example")
    sent: dict[str, list[str]] = {}
    for email in ("first@x.example", "ada@x.example", "bob@x.example"):
        with statements(database.engine) as sent[email]:
            ask(database, email)
    assert sent["ada@x.example"] == sent["bob@x.example"]


def test_neither_link_nor_code_is_kept(database: Database) -> None:
    """Whoever reads the database can use neither."""
    mail = ask(database, "ada@x.example")
    with database.read() as tx:
        kept = " ".join(
            str(value) for table in (t.EmailLink, t.OutgoingMail) for row in tx.execute(select(table)) for value in row
        )
    assert mail.token not in kept
    assert mail.code not in kept
    assert BROWSER not in kept


def test_looking_at_a_link_does_not_use_it(database: Database) -> None:
    """Mail scanners open every link; the button is pressed by people."""
    mail = ask(database, "ada@x.example")
    for _ in range(3):
        assert links.look(database, mail.token, BROWSER, NOW).email == "ada@x.example"
    assert use(database, mail).email == "ada@x.example"


def test_a_link_is_good_for_one_use(database: Database) -> None:
    """Its code is used with it, and the other way round."""
    first, second = ask(database, "ada@x.example"), ask(database, "ada@x.example")
    use(database, first)
    use_code(database, second.code)
    for mail in (first, second):
        assert refusal(lambda mail=mail: use(database, mail)) == "link_used"  # type: ignore[misc]
        assert refusal(lambda mail=mail: links.look(database, mail.token, BROWSER, NOW)) == "link_used"  # type: ignore[misc]
        assert refusal(lambda mail=mail: use_code(database, mail.code)) == "code_wrong"  # type: ignore[misc]


def test_a_link_is_good_for_fifteen_minutes(database: Database) -> None:
    """Its code too; a day later nobody knows it any more."""
    mail = ask(database, "ada@x.example")
    assert links.look(database, mail.token, BROWSER, later(minutes=14)).purpose == "sign_in"
    assert refusal(lambda: use(database, mail, now=later(minutes=15))) == "link_expired"
    assert refusal(lambda: use_code(database, mail.code, now=later(minutes=15))) == "code_wrong"
    links.sweep(database, later(hours=24))
    assert refusal(lambda: use(database, mail, now=later(hours=24))) == "link_expired"
    links.sweep(database, later(hours=24, minutes=15))
    assert refusal(lambda: use(database, mail)) == "link_unknown"


def test_a_link_works_only_where_it_was_asked_for(database: Database) -> None:
    """A mail that somebody else asked for signs nobody in elsewhere; where it was asked for, it still does."""
    mail = ask(database, "ada@x.example")
    assert refusal(lambda: links.look(database, mail.token, OTHER, NOW)) == "link_other_browser"
    assert refusal(lambda: use(database, mail, browser=OTHER)) == "link_other_browser"
    assert refusal(lambda: use_code(database, mail.code, browser=OTHER)) == "code_wrong"
    assert use(database, mail).email == "ada@x.example"


@pytest.mark.parametrize("token", ["", "unknown", "\ud800"])
def test_an_unknown_link_is_refused(database: Database, token: str) -> None:
    """Whatever stands in the address."""
    assert refusal(lambda: links.look(database, token, BROWSER, NOW)) == "link_unknown"
    assert refusal(lambda: links.use(database, token, BROWSER, HERE, NOW)) == "link_unknown"


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code[:4]} {code[5:]} "])
def test_a_code_is_read_as_people_type_it(database: Database, typed: Callable[[str], str]) -> None:
    """Small letters, without the hyphen, with spaces."""
    mail = ask(database, "ada@x.example")
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", mail.code)
    assert use_code(database, typed(mail.code)).next_path == "/teams"


def test_a_code_is_dead_after_five_wrong_ones(database: Database) -> None:
    """The link in the mail, which nobody can guess, still works."""
    mail = ask(database, "ada@x.example")
    for wrong in ("BBBB-BBBB", "", "BBBB", "ÄÖÜ", "C" * 10_000):
        assert refusal(lambda wrong=wrong: use_code(database, wrong)) == "code_wrong"  # type: ignore[misc]
    assert refusal(lambda: use_code(database, mail.code)) == "code_wrong"
    assert use(database, mail).email == "ada@x.example"


def test_the_codes_of_two_mails_both_work(database: Database) -> None:
    """Who asked twice may type either; another browser's codes are not touched by the tries."""
    elsewhere = ask(database, "bob@x.example", browser=OTHER)
    first, second = ask(database, "ada@x.example"), ask(database, "ada@x.example")
    assert use_code(database, first.code).email == use_code(database, second.code).email == "ada@x.example"
    for _ in range(5):
        refusal(lambda: use_code(database, "BBBB-BBBB"))
    assert use_code(database, elsewhere.code, browser=OTHER).email == "bob@x.example"


def test_nobodys_mailbox_is_filled(database: Database) -> None:
    """Five mails in a quarter of an hour, however the address is written; other addresses are not held up."""
    for _ in range(5):
        ask(database, "ada@x.example")
    with pytest.raises(TooMany):
        ask(database, "ADA@x.example")
    assert len(mails(database)) == 5
    assert ask(database, "bob@x.example").recipient == "bob@x.example"


def test_a_printed_link_works_anywhere_for_a_day(database: Database) -> None:
    """The operator hands it over and vouches for the address."""
    url = database.write(lambda tx: links.printed(tx, BASE, "ada@x.example", NOW))
    token = url.removeprefix(f"{BASE}/login/link?token=")
    assert refusal(lambda: links.use(database, token, OTHER, HERE, later(hours=24))) == "link_expired"
    entered = links.use(database, token, OTHER, HERE, later(hours=23))
    assert methods(found(database, entered.token, later(hours=23))) == {"operator_link"}
    assert holder(database, "ada@x.example") == entered.person_id
    assert refusal(lambda: links.use(database, token, OTHER, HERE, later(hours=23))) == "link_used"


def test_the_address_is_looked_at_when_the_link_is_used(database: Database) -> None:
    """Whoever lost the address meanwhile is not the one who signs in."""
    ada = person(database, "ada@x.example")
    mail = ask(database, "ada@x.example")
    with database.engine.begin() as tx:
        tx.execute(update(t.Address).values(verified=False))
    assert use(database, mail).person_id != ada


@pytest.mark.parametrize("how", ["link", "code", "both"])
def test_a_link_used_twice_at_once_signs_in_once(database: Database, how: str) -> None:
    """Two presses of the button, a link and its code: one of them wins, and there is one new person."""
    mail = ask(database, "new@x.example")
    ways: Mapping[str, list[Callable[[], links.SignedIn]]] = {
        "link": [lambda: use(database, mail)] * 4,
        "code": [lambda: use_code(database, mail.code)] * 4,
        "both": [lambda: use(database, mail), lambda: use_code(database, mail.code)] * 2,
    }
    entered, refused = race(ways[how])
    assert len(entered) == 1
    assert set(refused) <= {"link_used", "code_wrong"}
    assert len(sessions.list_(database, entered[0].person_id, NOW)) == 1


def test_two_links_for_a_new_address_at_once_make_one_person(database: Database) -> None:
    """Whoever is second finds the person whom the first one made."""
    both = [ask(database, "new@x.example"), ask(database, "new@x.example")]
    entered, refused = race([lambda mail=mail: use(database, mail) for mail in both])  # type: ignore[misc]
    assert refused == []
    assert len({each.person_id for each in entered}) == 1


def test_an_organizations_founder_signs_in_with_the_printed_link(database: Database) -> None:
    """Whom the operator named."""
    organization(database, "acme", "ada@x.example")
    url = database.write(lambda tx: links.printed(tx, BASE, "ada@x.example", NOW))
    assert links.use(database, url.partition("=")[2], BROWSER, HERE, NOW).person_id == holder(database, "ada@x.example")
