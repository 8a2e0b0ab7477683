"""Signing in by a work e-mail address: an identity provider, a choice, a mail with link and code; and the sessions after."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from connector.accounts import mail, recovery, throttle
from connector.directory import domains
from connector.storage import tables as t
from tests.support.statements import statements
from tests.support.world import staged
from tests.web.conftest import IDP, Site, sign_in, site_on


def typed(client: FlaskClient, email: str, **more: str) -> TestResponse:
    """Somebody types an address and presses Continue."""
    return client.post("/login", data={"email": email, **more})


def mails(site: Site) -> list[EmailMessage]:
    """The mail that was sent, oldest first: without SMTP it is written to files."""
    mail.deliver(site.house.database, site.house.settings, site.house.sealer, datetime.now(UTC))
    files = sorted((site.house.settings.data_dir / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def text_of(message: EmailMessage) -> str:
    """The plain text of a mail."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(message: EmailMessage) -> str:
    """The path of the link in a mail."""
    found = re.search(r"http://127\.0\.0\.1:8000(/login/link\?token=\S+)", text_of(message))
    assert found, text_of(message)
    return found[1]


def code_in(message: EmailMessage) -> str:
    """The code in a mail."""
    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", text_of(message))
    assert found, text_of(message)
    return found[0]


def by_mail(site: Site, client: FlaskClient, email: str) -> TestResponse:
    """Sign in by e-mail link."""
    typed(client, email, method="link")
    token = link_in(mails(site)[-1]).partition("token=")[2]
    return client.post("/login/link", data={"token": token})


# ------------------------------------------------------------------------------------------------- home-realm discovery


def test_an_address_of_one_identity_provider_goes_straight_there(either_site: Site) -> None:
    """303 to its sign-in, with `next`."""
    world = either_site.organization()
    answer = typed(either_site.browser(), "Ada@ACME.example", next="/sessions")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/sso/{world.connection}/login?next=%2Fsessions")


def test_an_address_of_several_gets_a_choice(site: Site) -> None:
    """Each by its name, and the e-mail link beside them."""
    world = site.organization()
    other = site.another(world, "Entra")
    page = typed(site.browser(), "ada@acme.example")
    assert page.status_code == 200
    assert re.findall(r'href="/sso/([^/]+)/login"', page.text) == [world.connection, other]
    assert 'name="method" value="link"' in page.text


@pytest.mark.parametrize("state", ["draft", "disabled"])
def test_a_connection_that_is_not_active_is_not_offered(site: Site, state: str) -> None:
    """The mail is what remains."""
    world = site.organization()
    site.state(world.connection, state)
    assert "Check your e-mail" in typed(site.browser(), "ada@acme.example").text


def test_a_domain_that_is_only_claimed_leads_nowhere(either_site: Site) -> None:
    """Whoever claims a domain of somebody else would catch their people."""
    world = either_site.organization()
    domains.add(either_site.house.database, world.organization, "claimed.example")
    assert "Check your e-mail" in typed(either_site.browser(), "ada@claimed.example").text


def test_break_glass_owners_ask_for_the_mail_all_the_same(site: Site) -> None:
    """`method=link`, by button or by address."""
    site.organization()
    assert "Check your e-mail" in typed(site.browser(), "owner@acme.example", method="link").text
    assert "Check your e-mail" in site.browser().post("/login?method=link", data={"email": "owner@acme.example"}).text


def test_the_answer_does_not_tell_whether_somebody_is_known(either_site: Site) -> None:
    """Enumeration: the same page and the same statements for a member, and for an address nobody has."""
    staged(either_site.house.database, slug="globex")
    pages, counts = [], []
    for email in ("owner@globex.example", "nobody@globex.example"):
        with statements(either_site.house.database.engine) as sent:
            pages.append(typed(either_site.browser(), email))
        counts.append(len(sent))
    assert counts[0] == counts[1]
    texts = [page.text.replace("owner@", "X").replace("nobody@", "X") for page in pages]
    assert texts[0] == texts[1]
    assert [page.status_code for page in pages] == [200, 200]


NO_ADDRESSES = [
    "",
    "ada",
    "ada@",
    "@acme.example",
    "a@b@c.example",
    "ada@localhost",
    "ada@acme.example\r\nBcc: x@y.example",
    "a" * 400,
]


@pytest.mark.parametrize("email", NO_ADDRESSES)
def test_what_is_no_address_is_asked_for_again(site: Site, email: str) -> None:
    """400, the field filled in and marked, the sentence tied to it."""
    page = typed(site.browser(), email, next="/sessions")
    assert (page.status_code, page.headers["X-Connector-Error"]) == (400, "email_invalid")
    assert 'aria-invalid="true" aria-describedby="email-error"' in page.text
    assert 'id="email-error" role="alert"' in page.text
    assert 'name="next" value="/sessions"' in page.text


def test_what_was_typed_comes_back_as_text(site: Site) -> None:
    """Neither the form nor the prefilled field runs anything."""
    nasty = '"><script>alert(1)</script>@x'
    for page in (typed(site.browser(), nasty), site.browser().get("/login", query_string={"email": nasty})):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text


def test_guessing_addresses_is_slow(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After once the burst is over, per address of the client."""
    monkeypatch.setitem(throttle.LIMITS, "login_page", throttle.Limit(60, 60, burst=60))
    client = site.browser()
    with time_machine.travel(datetime.now(UTC).replace(microsecond=0), tick=False):
        codes = [typed(client, "nobody").status_code for _ in range(61)]
    assert (set(codes[:60]), codes[60]) == ({400}, 429)


def test_signed_in_already_one_may_go_on(site: Site) -> None:
    """The page says as whom."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    page = client.get("/login?next=/sessions").text
    assert "ada@acme.example" in page
    assert '<a href="/sessions">Continue</a>' in page


# --------------------------------------------------------------------------------------------------- e-mail link and code


def test_a_mailed_link_signs_in_where_it_was_asked_for(either_site: Site) -> None:
    """Opening it asks; the button signs in and goes to `next`."""
    client = either_site.browser()
    typed(client, "ada@globex.example", method="link", next="/sessions")
    path = link_in(mails(either_site)[-1])
    assert "<form" in client.get(path).text
    assert either_site.sessions() == 0
    entered = client.post("/login/link", data={"token": path.partition("token=")[2]})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/sessions")
    assert "ada@globex.example" in client.get("/").text


def test_a_scanner_that_opens_links_uses_nothing_up(site: Site) -> None:
    """GET and HEAD change nothing, however often."""
    client = site.browser()
    typed(client, "ada@globex.example", method="link")
    path = link_in(mails(site)[-1])
    for _ in range(3):
        site.browser().get(path)
        client.head(path)
    assert client.post("/login/link", data={"token": path.partition("token=")[2]}).status_code == 303


def test_in_another_browser_the_link_says_where_to_type_the_code(site: Site) -> None:
    """A stolen or forwarded mail signs nobody in; its reader is told what to do."""
    client, other = site.browser(), site.browser()
    typed(client, "ada@globex.example", method="link")
    path = link_in(mails(site)[-1])
    page = other.get(path)
    assert (page.status_code, page.headers["X-Connector-Error"]) == (403, "link_other_browser")
    assert "code" in page.text
    assert other.post("/login/link", data={"token": path.partition("token=")[2]}).status_code == 403
    assert client.post("/login/code", data={"code": code_in(mails(site)[-1])}).status_code == 303


def test_the_code_is_taken_however_it_is_typed(site: Site) -> None:
    """Small letters, spaces, no hyphen."""
    client = site.browser()
    typed(client, "ada@globex.example", method="link", next="/sessions")
    code = code_in(mails(site)[-1]).lower().replace("-", " ")
    assert client.post("/login/code", data={"code": f" {code} "}).headers["Location"] == "/sessions"


def test_a_wrong_code_is_asked_for_again_and_dies_after_five(site: Site) -> None:
    """403 with the sentence tied to the field; then the right one is too late."""
    client = site.browser()
    typed(client, "ada@globex.example", method="link")
    for _ in range(5):
        page = client.post("/login/code", data={"code": "WRON-GONE", "email": "ada@globex.example"})
        assert (page.status_code, page.headers["X-Connector-Error"]) == (403, "code_wrong")
        assert 'id="code-error" role="alert"' in page.text
    assert client.post("/login/code", data={"code": code_in(mails(site)[-1])}).status_code == 403


def test_a_mailbox_is_not_filled(site: Site) -> None:
    """429 at the sixth mail to one address, from wherever it is asked for."""
    codes = [typed(site.browser(), "ada@globex.example", method="link").status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


# ---------------------------------------------------------------------------------------------- start page and break-glass


def test_the_start_page_says_what_is_open_and_what_would_open_the_rest(site: Site) -> None:
    """Signed in by mail: the organization by invitation is open, the other one opens through its identity provider."""
    world = site.organization()
    staged(site.house.database, slug="globex", verified=())
    client = site.browser()
    by_mail(site, client, "owner@acme.example")
    page = client.get("/").text
    assert "Not open" in page
    assert f'href="/sso/{world.connection}/login"' in page
    assert "Sign in through" in page


def test_one_organizations_identity_provider_learns_nothing_of_the_others(site: Site) -> None:
    """Where its word does not open what is personal, only what it opens itself is shown."""
    world, client = site.organization(), site.browser()
    staged(site.house.database, slug="globex", verified=())
    by_mail(site, site.browser(), "ada@acme.example")
    sign_in(client, world.connection)
    with site.house.database.engine.begin() as tx:
        person = tx.execute(select(t.Address.person_id).where(t.Address.email_key == "ada@acme.example")).scalar_one()
        globex = tx.execute(select(t.Organization.id).where(t.Organization.slug == "globex")).scalar_one()
        home = {"organization_id": globex, "created_at": datetime.now(UTC)}
        row = {"id": "m", "person_id": person, "role": "member", "joined_by": "invitation", **home}
        tx.execute(insert(t.Membership).values(row))
    assert "Globex" in client.get("/").text
    with site.house.database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(verified_at=None))
    page = client.get("/").text
    assert "Acme" in page
    assert "Globex" not in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param("suspended", "is paused", id="suspended"),
        pytest.param("away", "not connected at the moment", id="without a way in"),
    ],
)
def test_the_start_page_says_why_an_organization_does_not_open(site: Site, state: str, said: str) -> None:
    """To somebody who came by mail, with whom to ask."""
    world, client = site.organization(), site.browser()
    sign_in(site.browser(), world.connection, "bob")
    if state == "suspended":
        world.suspend("bob")
    else:
        site.state(world.connection, "disabled")
    by_mail(site, client, "bob@acme.example")
    page = client.get("/").text
    assert said in page
    assert "Ask its administrator" in page


def test_a_provider_for_everybody_has_a_button(sqlite_url: str, tmp_path: Path) -> None:
    """With the settings of the installation-wide provider, and with `next`."""
    login = {"LOGIN_OIDC_ISSUER": "https://accounts.example.com", "LOGIN_OIDC_CLIENT_ID": "c", "LOGIN_OIDC_CLIENT_SECRET": "s"}
    site = site_on(sqlite_url, tmp_path, **login)
    page = site.browser().get("/login?next=/sessions").text
    site.house.database.close()
    assert '<a class="button second" href="/login/oidc?next=%2Fsessions">Continue with accounts.example.com</a>' in page


def test_a_recovery_code_opens_an_organization_whose_identity_provider_is_away(site: Site) -> None:
    """After an e-mail link; the page then says by what it is open."""
    world, client = site.organization(), site.browser()
    [code, *_] = recovery.codes(site.house.database, world.organization, "owner@acme.example")
    assert client.get("/login/recovery").headers["Location"] == "/login?next=%2Flogin%2Frecovery"
    by_mail(site, client, "owner@acme.example")
    wrong = client.post("/login/recovery", data={"code": "AAAA-AAAA-AAAA"})
    assert (wrong.status_code, wrong.headers["X-Connector-Error"]) == (403, "recovery_code_wrong")
    there = "/admin/acme/people"
    assert f'value="{there}"' in client.get(f"/login/recovery?next={there}").text
    assert client.post("/login/recovery", data={"code": code, "next": there}).headers["Location"] == there
    assert "Open by break-glass" in client.get("/").text


def test_a_printed_link_for_an_owner_says_what_it_does_and_works_in_any_browser(site: Site) -> None:
    """`owner restore`: the operator hands it over; it leads to the console, is not bound to a browser, and works once."""
    world, client = site.organization(), site.browser()
    url = recovery.print_link(site.house.database, world.organization, "owner@acme.example", site.base_url, datetime.now(UTC))
    page = client.get(url.removeprefix(site.base_url)).text
    assert "without its identity provider" in page
    token = url.partition("token=")[2]
    leads = client.post("/login/link", data={"token": token}).headers["Location"]
    assert (leads, client.get(leads).status_code) == (f"/admin/{world.organization}", 200)
    assert "Open by break-glass" in client.get("/").text
    assert site.browser().post("/login/link", data={"token": token}).headers["X-Connector-Error"] == "link_used"


def test_names_of_any_script_are_set_apart(site: Site) -> None:
    """A right-to-left name does not turn the line around it: it stands in <bdi>."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    with site.house.database.engine.begin() as tx:
        tx.execute(update(t.Organization).values(name="شركة <b>النور</b>"))
    assert "<bdi>شركة &lt;b&gt;النور&lt;/b&gt;</bdi>" in client.get("/").text


# --------------------------------------------------------------------------------------------------- sessions, signing out


def test_sessions_are_listed_and_ended(either_site: Site) -> None:
    """One at a time, or all the others; the one that asks stays."""
    site = either_site
    world, here, there, third = site.organization(), *(site.browser() for _ in range(3))
    for client in (here, there, third):
        sign_in(client, world.connection)
    page = here.get("/sessions").text
    assert page.count("Firefox on Linux</h2>") + page.count("Firefox on Linux <span") == 3
    one = re.findall(r'name="session" value="([^"]+)"', page)[0]
    assert here.post("/sessions/end", data={"session": one}).status_code == 303
    assert site.sessions() == 2
    here.post("/sessions/end", data={"others": "yes"})
    assert (site.sessions(), here.get("/sessions").status_code) == (1, 200)
    assert third.get("/sessions").headers["Location"] == "/login?next=%2Fsessions"


def test_nobody_ends_the_session_of_somebody_else(site: Site) -> None:
    """404, and it lives."""
    world, ada, bob = site.organization(), site.browser(), site.browser()
    sign_in(ada, world.connection)
    sign_in(bob, world.connection, "bob")
    with site.house.database.read() as tx:
        ids = tx.execute(select(t.Session.id).order_by(t.Session.id)).scalars().all()
    refused = bob.post("/sessions/end", data={"session": ids[0]})
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (404, "session_not_found")
    assert site.sessions() == 2


def test_an_identity_provider_that_does_not_have_the_persons_domain_shows_one_session_only(site: Site) -> None:
    """DESIGN section 7: what is not inside one organization opens to who has the mailbox, or whose domain it is."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    with site.house.database.engine.begin() as tx:
        tx.execute(update(t.Domain).values(verified_at=None))
    assert "Only this session is shown" in client.get("/sessions").text
    refused = client.post("/sessions/end", data={"others": "yes"})
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "needs_local")


def test_signing_out_ends_the_session_and_goes_on_to_the_identity_provider(site: Site) -> None:
    """First here, then there; the cookie is taken away."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    left = client.post("/logout")
    assert (left.status_code, left.headers["Location"]) == (303, f"{IDP}/logout?hint=sub-ada")
    assert site.sessions() == 0
    assert client.get_cookie("connector_session") is None


def test_signing_out_after_an_e_mail_link_stays_here(site: Site) -> None:
    """There is nobody else to tell; the page says that it is done. Signed out twice is signed out."""
    client = site.browser()
    by_mail(site, client, "ada@globex.example")
    for _ in range(2):
        left = client.post("/logout")
        assert left.headers["Location"] == "/login?signed_out=1"
    assert "You are signed out." in client.get("/login?signed_out=1").text


def test_a_get_signs_nobody_out(site: Site) -> None:
    """An image on some page must not."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    assert client.get("/logout").status_code == 405
    assert site.sessions() == 1


def test_in_one_browser_somebody_else_takes_the_session_over(site: Site) -> None:
    """What the first one had opened is closed to the second."""
    world, client = site.organization(), site.browser()
    by_mail(site, client, "owner@acme.example")
    sign_in(client, world.connection, "bob")
    assert site.sessions() == 1
    assert "bob@acme.example" in client.get("/").text
    assert "recovery code" not in client.get("/").text
