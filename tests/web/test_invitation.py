"""Invitations in a browser: from the mail that arrives to the start page; and what people see who cannot accept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from connector.accounts import links, mail
from connector.organizations import invitations, organizations
from connector.organizations.invitation_rows import InvitationView
from connector.storage import tables as t
from tests.outbound.mail_server import MailServer, mail_server
from tests.web.conftest import Site, sign_in, site_on

LEO = "leo@elsewhere.example"
TOKEN = "a" * 43
PAGE = f"/invitations/{TOKEN}"


def acme(site: Site, slug: str = "acme", *, single: bool = False) -> str:
    """An organization by invitation; returns the id."""
    made = organizations.create(site.house.database, slug, slug.title(), f"owner@{slug}.example").id
    if single:
        change = update(t.Organization).where(t.Organization.id == made).values(single_org=True)
        site.house.database.write(lambda tx: tx.execute(change))
    return made


def invite(site: Site, organization: str, email: str = LEO, token: str = TOKEN) -> InvitationView:
    """The operator invites, and knows the token."""
    house = site.house
    return invitations.invite(house.database, house.sealer, site.base_url, organization, email, token=token)


def signed_in(site: Site, email: str = LEO) -> FlaskClient:
    """A browser that somebody signed in with by a link of the operator."""
    client, now = site.browser(), datetime.now(UTC)
    url = site.house.database.write(lambda tx: links.printed(tx, "", email, now))
    done = client.post("/login/link", data={"token": url.partition("token=")[2]})
    assert done.status_code == 303
    return client


def said(response: TestResponse) -> str:
    """What stands on a page, without markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.text.partition("<main")[2]).split())


def answers(response: TestResponse) -> list[str]:
    """The answers that a page offers."""
    return re.findall(r'name="answer" value="(\w+)"', response.text)


@contextmanager
def with_mail(url: str, folder: Path) -> Iterator[tuple[Site, MailServer]]:
    """The application with a mail server."""
    with mail_server() as server:
        site = site_on(url, folder, SMTP_URL=f"smtp://127.0.0.1:{server.port}", MAIL_FROM="connector@id.example")
        try:
            yield site, server
        finally:
            site.house.database.close()


def test_the_mail_arrives_and_its_link_leads_to_the_start_page(fresh_url: str, tmp_path: Path) -> None:
    """TG-7, TG-9, with a real mail server: no account before; one click more than looking, and they are in."""
    with with_mail(fresh_url, tmp_path) as (site, server):
        house = site.house
        invitations.invite(house.database, house.sealer, site.base_url, acme(site), LEO)
        assert mail.deliver(house.database, house.settings, house.sealer, datetime.now(UTC)) == 1
        [arrived] = server.mails
        assert (arrived["To"], arrived["Subject"]) == (LEO, "You are invited to Acme")
        plain, html = (arrived.get_body((kind,)) for kind in ("plain", "html"))
        assert plain is not None
        assert html is not None
        [link] = re.findall(rf"{re.escape(site.base_url)}(/invitations/\w+)", plain.get_content())
        assert f'href="{site.base_url}{link}"' in html.get_content()
        client = site.browser()
        shown = client.get(link)
        assert shown.status_code == 200
        assert "You are invited to Acme" in said(shown)
        assert answers(shown) == ["accept", "decline"]
        done = client.post(link, data={"answer": "accept"})
        assert (done.status_code, done.headers["Location"]) == (303, "/")
        assert "Acme Role: member Open" in said(client.get("/"))
        assert client.get(link).headers["X-Connector-Error"] == "invitation_over"


def test_looking_changes_nothing(site: Site) -> None:
    """Mail scanners look, and some follow every button that is a link."""
    invite(site, acme(site))
    for _ in range(3):
        assert answers(site.browser().get(PAGE)) == ["accept", "decline"]
    assert site.sessions() == 0


def test_who_has_an_account_signs_in_and_comes_back(site: Site) -> None:
    """The way leads through the sign-in to this page; until then they can only decline."""
    invite(site, acme(site))
    client = signed_in(site)
    out = site.browser().get(PAGE)
    assert answers(out) == ["decline"]
    assert "Sign in to accept" in said(out)
    assert re.search(r"/login\?next=%2Finvitations%2Fa{43}&amp;email=leo%40elsewhere\.example", out.text)
    assert site.browser().post(PAGE, data={"answer": "accept"}).status_code == 200
    assert "You are signed in as leo@elsewhere.example" in said(client.get(PAGE))
    assert client.post(PAGE, data={"answer": "accept"}).status_code == 303
    assert "Acme Role: member Open" in said(client.get("/"))


def test_who_is_somebody_else_is_told(site: Site) -> None:
    """And can neither accept nor decline."""
    invite(site, acme(site))
    other = signed_in(site, "mia@b.example")
    for shown in (other.get(PAGE), other.post(PAGE, data={"answer": "accept"}), other.post(PAGE, data={"answer": "decline"})):
        assert "You are signed in as mia@b.example , and this invitation is for somebody else" in said(shown)
        assert answers(shown) == []
    assert site.browser().get(PAGE).status_code == 200


def test_through_another_organization_nothing_of_ones_own_is_accepted(site: Site) -> None:
    """Unless that organization has the domain of the person's own address: then it has the mailbox too."""
    world, client = site.organization("bell"), site.browser()
    sign_in(client, world.connection, "ada@bell.example")
    invite(site, acme(site), "ada@bell.example")
    assert answers(client.get(PAGE)) == ["accept", "decline"]
    with site.house.database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(verified_at=None))
    shown = client.get(PAGE)
    assert answers(shown) == ["decline"]
    assert "sign in once by a mail to your own address" in said(shown)
    assert answers(client.post(PAGE, data={"answer": "accept"})) == ["decline"]


def test_declined(site: Site) -> None:
    """It says so, and is over."""
    invite(site, acme(site))
    assert "You have declined" in said(site.browser().post(PAGE, data={"answer": "decline"}))
    over = site.browser().get(PAGE)
    assert (over.status_code, over.headers["X-Connector-Error"]) == (410, "invitation_over")
    assert "This invitation is over" in said(over)


@pytest.mark.parametrize("answer", ["", "yes", "move"])
def test_what_is_no_answer_shows_the_offer_again(site: Site, answer: str) -> None:
    """Nothing has happened."""
    invite(site, acme(site))
    assert answers(site.browser().post(PAGE, data={"answer": answer})) == ["accept", "decline"]


def test_a_week_later(site: Site) -> None:
    """Said kindly, with what to do."""
    invite(site, acme(site))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, seconds=1)):
        for shown in (site.browser().get(PAGE), site.browser().post(PAGE, data={"answer": "accept"})):
            assert (shown.status_code, shown.headers["X-Connector-Error"]) == (410, "invitation_expired")
            assert "Ask whoever invited you to invite you again" in said(shown)


def test_gone_over_to_sso(site: Site) -> None:
    """The page says where to go instead."""
    invite(site, acme(site))
    with site.house.database.engine.begin() as tx:
        tx.execute(update(t.Invitation).values(status="ended"))
        tx.execute(update(t.Organization).values(membership_mode="sso"))
    shown = site.browser().get(PAGE)
    assert (shown.status_code, shown.headers["X-Connector-Error"]) == (409, "membership_mode")
    assert "Sign in with your work account" in said(shown)
    assert 'href="/login"' in shown.text


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%ED%A0%80"])
def test_an_odd_link_leads_nowhere(site: Site, token: str) -> None:
    """404, whatever stands there."""
    assert site.browser().get(f"/invitations/{token}").status_code == 404
    assert site.browser().post(f"/invitations/{token}", data={"answer": "accept"}).status_code == 404


def test_another_sites_form_answers_nothing(site: Site) -> None:
    """Same origin, as for every form."""
    made = invite(site, acme(site))
    client, foreign = signed_in(site), {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path, data in ((PAGE, {}), ("/invitations", {"id": made.id})):
        assert client.post(path, data={**data, "answer": "accept"}, headers=foreign).status_code == 403


# -------------------------------------------------------------------------------------------------------- the start page


def test_the_start_page_shows_invitations_and_takes_answers(site: Site) -> None:
    """OA-19: accept one, decline the other."""
    invite(site, acme(site))
    other = invite(site, acme(site, "bell"), token="b" * 43)
    client = signed_in(site)
    shown = client.get("/")
    assert re.search(r"Invitations to you Acme Role: member . Good until .* Bell Role: member .", said(shown))
    [first, second] = re.findall(r'name="id" value="([^"]+)"', shown.text)
    assert second == other.id
    assert client.post("/invitations", data={"id": first, "answer": "accept"}).status_code == 303
    assert client.post("/invitations", data={"id": second, "answer": "decline"}).status_code == 303
    after = client.get("/")
    assert "Invitations to you" not in after.text
    assert "Acme Role: member Open" in said(after)
    assert "Bell" not in said(after)


def test_nobody_else_answers_them(site: Site) -> None:
    """Signed out one is asked to sign in; as somebody else there is no such invitation; without an answer nothing happens."""
    made = invite(site, acme(site))
    data = {"id": made.id, "answer": "accept"}
    assert site.browser().post("/invitations", data=data).headers["Location"] == "/login?next=%2F"
    assert signed_in(site, "mia@b.example").post("/invitations", data=data).status_code == 404
    odd = signed_in(site).post("/invitations", data={"id": made.id})
    assert (odd.status_code, odd.headers["X-Connector-Error"]) == (400, "answer_invalid")


@pytest.mark.parametrize("by_link", [True, False])
def test_who_belongs_elsewhere_asks_to_move(site: Site, by_link: bool) -> None:
    """TG-10: the page says what stands in the way; asked, it says what happens next, and the start page keeps saying it."""
    invite(site, acme(site, "bell", single=True))
    client = signed_in(site)
    client.post(PAGE, data={"answer": "accept"})
    made = invite(site, acme(site, single=True), token="b" * 43)
    where, data = (f"/invitations/{'b' * 43}", {}) if by_link else ("/invitations", {"id": made.id})
    refused = client.post(where, data={**data, "answer": "accept"})
    assert (refused.status_code, answers(refused)) == (409, ["move", "decline"])
    assert "You can ask to move" in said(refused)
    assert "You have asked to move" in said(client.post(where, data={**data, "answer": "move"}))
    assert "You have asked to move there" in said(client.get("/"))
