"""What SAML and OpenID Connect share: a browser leaves for its identity provider and comes back signed in, or learns why not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from connector.accounts import throttle
from connector.membership.identity import LogoutHandle
from connector.storage import tables as t
from connector.web import sso
from tests.web import conftest
from tests.web.conftest import IDP, Journey, Site, set_out, sign_in


def test_a_browser_comes_back_signed_in_where_it_wanted_to_go(either_site: Site) -> None:
    """303 to the identity provider, 303 to `next`; the session cookie is new; the trace says done."""
    world, client = either_site.organization(), either_site.browser()
    journey = set_out(client, world.connection, f"/sso/{world.connection}/login?next=/sessions")
    entered = journey.arrive()
    assert (entered.status_code, entered.headers["Location"]) == (303, "/sessions")
    assert client.get("/sessions").status_code == 200
    assert [(row.stage, row.code, row.purpose) for row in either_site.traces()] == [("done", "ok", "sign_in")]


def test_next_may_be_written_in_any_script(site: Site) -> None:
    """The header carries it encoded (RFC 3986 section 2.5)."""
    world, client = site.organization(), site.browser()
    journey = set_out(client, world.connection, f"/sso/{world.connection}/login?next=/größe?q=1%26r=2")
    assert journey.arrive().headers["Location"] == "/gr%C3%B6%C3%9Fe?q=1&r=2"


def test_without_next_the_start_page_follows(site: Site) -> None:
    """Nobody is left on an empty page."""
    world = site.organization()
    assert sign_in(site.browser(), world.connection).headers["Location"] == "/"


ELSEWHERE = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "/a\\b",
    "/\tevil",
    "evil",
    "/\r\nX: y",
    "/" + "a" * 2000,
    "/\x85",
]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_next_never_leads_to_another_site(site: Site, path: str) -> None:
    """Neither as browsers read it nor as they guess it; the start page follows instead."""
    world, client = site.organization(), site.browser()
    sent = client.get(f"/sso/{world.connection}/login", query_string={"next": path})
    token = sent.headers["Location"].rpartition("state=")[2]
    entered = client.get(f"/sso/{world.connection}/answer", query_string={"state": token, "who": "ada"})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")


def test_an_answer_works_in_the_browser_that_asked_and_in_no_other(site: Site) -> None:
    """Login CSRF: who is sent another's answer is not signed in as them. The page says which address is the right one."""
    world, victim = site.organization(), site.browser()
    journey = set_out(site.browser(), world.connection)
    refused = victim.get(f"/sso/{world.connection}/answer", query_string={"state": journey.token, "who": "ada"})
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "other_browser")
    assert site.base_url in refused.text
    assert site.sessions() == 0
    assert journey.arrive().status_code == 303


def test_two_tabs_sign_in_side_by_side(site: Site) -> None:
    """The second does not take the first one's binding away."""
    world, client = site.organization(), site.browser()
    first, second = set_out(client, world.connection), set_out(client, world.connection)
    assert [first.arrive().status_code, second.arrive().status_code] == [303, 303]


def test_an_answer_counts_once_soon_and_at_its_own_connection(either_site: Site) -> None:
    """Each refusal by its code; an unknown token tells no more than that."""
    site = either_site
    world, client = site.organization(), site.browser()
    other = site.another(world, "Entra")
    journey = set_out(client, world.connection)
    assert journey.arrive(connection=other).headers["X-Connector-Error"] == "request_unknown"
    unknown = client.get(f"/sso/{world.connection}/answer?state=none&who=ada")
    assert unknown.headers["X-Connector-Error"] == "request_unknown"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert journey.arrive().headers["X-Connector-Error"] == "request_expired"
    assert site.sessions() == 0


@pytest.mark.parametrize(("state", "code"), [("draft", "connection_draft"), ("disabled", "connection_disabled")])
def test_a_connection_that_is_not_active_starts_nothing(site: Site, state: str, code: str) -> None:
    """And says so."""
    world = site.organization()
    site.state(world.connection, state)
    refused = site.browser().get(f"/sso/{world.connection}/login")
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, code)


def test_an_unknown_connection_is_a_page_that_is_not_there(site: Site) -> None:
    """404, also for what cannot stand in a database."""
    for path in ("/sso/none/login", "/sso/%00/login", "/sso/none/metadata"):
        answer = site.browser().get(path)
        assert (answer.status_code, answer.headers["X-Connector-Error"]) == (404, "connection_not_found")


def test_a_refusal_carries_one_reference_to_the_page_the_trace_and_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The employee sees whom to ask; the administrator sees the reason, under the same reference."""
    world = site.organization()
    with caplog.at_level("INFO", "connector.refusal"):
        refused = sign_in(site.browser(), world.connection, "eve@elsewhere.example")
    reference = refused.headers["X-Connector-Reference"]
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "domain_not_verified")
    assert reference in refused.text
    assert "administrator" in refused.text
    assert reference in caplog.text
    [trace] = site.traces()
    assert (trace.reference, trace.stage, trace.code) == (reference, "identity", "domain_not_verified")
    assert "outside the domains" in trace.detail
    assert trace.facts["email"] == "eve@elsewhere.example"
    assert trace.facts["attributes"] == ["dept"]


def test_a_stranger_does_not_learn_the_reason(site: Site) -> None:
    """The trace holds it: whether a record, a person or a second subject stood in the way is not for the page."""
    world = site.organization()
    refused = sign_in(site.browser(), world.connection, "owner")  # the break-glass owner
    assert refused.headers["X-Connector-Error"] == "break_glass"
    assert "break-glass" not in refused.text
    assert site.traces()[0].advice


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json", "application/json, text/html;q=0.9"])
def test_programs_get_problem_details(site: Site, accept: str) -> None:
    """RFC 9457, with the same code, words and reference as the page."""
    world = site.organization()
    site.state(world.connection, "disabled")
    problem = site.browser().get(f"/sso/{world.connection}/login", headers={"Accept": accept})
    assert problem.content_type == "application/problem+json"
    body = problem.get_json()
    assert (body["status"], body["code"], body["reference"]) == (
        403,
        "connection_disabled",
        problem.headers["X-Connector-Reference"],
    )


@pytest.mark.parametrize("accept", ["*/*", "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"])
def test_browsers_get_pages(site: Site, accept: str) -> None:
    """So does whoever takes anything."""
    world = site.organization()
    site.state(world.connection, "disabled")
    page = site.browser().get(f"/sso/{world.connection}/login", headers={"Accept": accept})
    assert page.content_type == "text/html; charset=utf-8"


def test_who_fails_all_the_time_is_slowed_down_and_fills_no_table(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After, per connection and address, once the burst is over."""
    monkeypatch.setitem(throttle.LIMITS, "sign_in_failure", throttle.Limit(30, 60, burst=30))
    world, client = site.organization(), site.browser()
    with time_machine.travel(datetime.now(UTC).replace(microsecond=0), tick=False):
        answers = [client.get(f"/sso/{world.connection}/answer?state=x&who=y") for _ in range(32)]
    assert {answer.status_code for answer in answers[:30]} == {403}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert len(site.traces()) == 30


# ----------------------------------------------------------------------------------------------------------------- test


def test_a_test_sign_in_shows_everything_and_makes_nothing(either_site: Site) -> None:
    """In a draft too: what arrived, what it means, what would come of it. No session, no cookie, no member."""
    site = either_site
    world, client = site.organization(), site.browser()
    site.state(world.connection, "draft")
    before = world.members
    shown = set_out(client, world.connection, site.test_path(world.connection)).arrive()
    assert shown.status_code == 200
    assert "ada@acme.example" in shown.text
    assert "R&amp;D" in shown.text
    assert "connector_session" not in str(shown.headers.getlist("Set-Cookie"))
    assert (site.sessions(), world.members) == (0, before)
    assert [(row.stage, row.code, row.purpose) for row in site.traces()] == [("done", "ok", "test")]


def test_an_admin_who_tests_reads_the_reason_on_the_page(site: Site) -> None:
    """What an employee does not see: the sentence, the advice and what arrived."""
    world, client = site.organization(), site.browser()
    journey = set_out(client, world.connection, site.test_path(world.connection))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        refused = journey.arrive()
    assert "took too long and has expired" in refused.text
    assert "issuer" in refused.text


def test_a_test_needs_a_link_of_this_connection_and_this_hour(site: Site) -> None:
    """403; nothing is started."""
    world, client = site.organization(), site.browser()
    other = site.another(world, "Entra")
    path = site.test_path(world.connection)
    for wrong in (path[:-1], path.replace(world.connection, other), f"/sso/{world.connection}/test"):
        assert client.get(wrong).headers["X-Connector-Error"] == "test_link_unknown"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert client.get(path).headers["X-Connector-Error"] == "test_link_unknown"


# --------------------------------------------------------------------------------------------------------------- cookies


def cookies_of(client: FlaskClient, path: str) -> dict[str, str]:
    """The cookies an answer sets: name -> the whole line."""
    lines = client.get(path).headers.getlist("Set-Cookie")
    return {line.partition("=")[0]: line for line in lines}


def test_over_plain_http_the_binding_cookie_is_lax(site: Site) -> None:
    """SameSite=None needs Secure, which plain http cannot have."""
    world = site.organization()
    line = cookies_of(site.browser(), f"/sso/{world.connection}/login")["connector_sso"]
    assert f"Path=/sso/{world.connection}" in line
    assert "HttpOnly" in line
    assert "Max-Age=3600" in line
    assert "SameSite=Lax" in line
    assert "Secure" not in line


def test_behind_tls_the_binding_cookie_comes_along_from_other_sites(safe_site: Site) -> None:
    """The identity provider posts from its own site; and no neighbour of ours can plant a binding of its own."""
    world = safe_site.organization()
    line = cookies_of(safe_site.browser(), f"/sso/{world.connection}/login")["__Host-connector_sso"]
    assert "Path=/;" in line
    assert "Domain" not in line
    assert "SameSite=None" in line
    assert re.search(r"\bSecure\b", line)


def test_behind_tls_the_session_belongs_to_this_host_alone(safe_site: Site) -> None:
    """`__Host-`: Secure, Path=/, no Domain; Lax, and out of reach of scripts."""
    world, client = safe_site.organization(), safe_site.browser()
    sent = client.get(f"/sso/{world.connection}/login")
    binding, token = sent.headers["Set-Cookie"].partition(";")[0], sent.headers["Location"].rpartition("state=")[2]
    by_hand = safe_site.app.test_client(use_cookies=False)
    entered = Journey(by_hand, world.connection, token).arrive(headers={"Cookie": binding})
    assert entered.status_code == 303, entered.text
    [line] = [line for line in entered.headers.getlist("Set-Cookie") if "session" in line]
    assert line.startswith("__Host-connector_session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(line.split("; "))
    assert "Domain" not in line
    assert entered.headers["Location"] == "/connector/"


def test_a_session_that_somebody_planted_is_not_the_one_that_is_opened(site: Site) -> None:
    """Session fixation: every sign-in makes a new token, and the old one opens nothing."""
    world, client = site.organization(), site.browser()
    client.set_cookie("connector_session", "planted-token-planted-token-planted")
    sign_in(client, world.connection)
    cookie = client.get_cookie("connector_session")
    assert cookie is not None
    assert cookie.value != "planted-token-planted-token-planted"
    first = cookie.value
    sign_in(client, world.connection)
    stranger = site.browser()
    stranger.set_cookie("connector_session", first)
    assert stranger.get("/sessions").status_code == 303


# --------------------------------------------------------------------------------------------------------------- re-post


def posted(site: Site, connection: str, client: FlaskClient, **headers: str) -> str:
    """What the re-post page says to an answer that the identity provider's page posts without the cookie."""
    with site.app.test_request_context(
        f"/sso/{connection}/acs", method="POST", data={"SAMLResponse": '<&">', "RelayState": "r"}, headers=headers
    ):
        page = sso.repost()
        return "" if page is None else page.get_data(as_text=True)


def test_a_lax_cookie_is_fetched_by_posting_again_from_our_own_page(site: Site) -> None:
    """The fields come back unchanged, with a mark, to the same address; the form also has a button."""
    text = posted(site, "c1", site.browser(), Origin=IDP, **{"Sec-Fetch-Site": "cross-site"})
    assert '<form method="post" action="/sso/c1/acs"' in text
    assert 'name="SAMLResponse" value="&lt;&amp;&#34;&gt;"' in text
    assert 'name="reposted" value="1"' in text
    assert "<button" in text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no browser sends no Origin"),
        pytest.param({"Origin": IDP}, id="to loopback, every browser says where it comes from"),
        pytest.param({"Origin": "http://127.0.0.1:8000"}, id="from our own page already"),
        pytest.param(
            {"Origin": IDP, "Sec-Fetch-Site": "cross-site", "Cookie": "connector_sso=aaaaaaaaaaaaaaaaaaaa"},
            id="the cookie is there",
        ),
    ],
)
def test_nothing_is_posted_again_without_need(site: Site, headers: dict[str, str]) -> None:
    """The answer is judged as it is."""
    assert posted(site, "c1", site.browser(), **headers) == ""


def test_who_is_signed_in_already_stays_so_when_the_answer_is_posted_without_the_session_cookie(safe_site: Site) -> None:
    """SAML posts from another site, and the session cookie is SameSite=Lax: what is in the session comes along all the same."""
    first, second = safe_site.organization(), safe_site.organization("beta")
    client = safe_site.browser()
    address = "ada@acme.example"
    sign_in(client, first.connection, address)
    assert client.get_cookie("__Host-connector_session") is not None
    person = methods(safe_site)[0][0]
    database = safe_site.house.database
    known = update(t.Address).values(email="ada@beta.example", email_key="ada@beta.example")
    database.write(lambda tx: tx.execute(known.where(t.Address.person_id == person)))
    journey = set_out(client, second.connection)
    client.delete_cookie("__Host-connector_session")
    assert client.get_cookie("__Host-connector_session") is None
    journey.arrive("ada@beta.example")
    assert methods(safe_site) == [(person, first.connection), (person, second.connection)]
    assert safe_site.sessions() == 1


def methods(site: Site) -> list[tuple[str, str]]:
    """Person and connection of every authentication, oldest first."""
    held = t.Authentication
    with site.house.database.read() as tx:
        return [(row.person_id, row.connection_id) for row in tx.execute(select(held).order_by(held.at, held.id))]


def test_signing_out_hands_the_identity_provider_all_that_was_kept_of_the_sign_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ID token as the hint, too (OpenID Connect RP-Initiated Logout section 2): without it some ask the person again."""
    kept, seen = LogoutHandle("sub-ada", {"format": "persistent"}, "1", "the ID token"), list[LogoutHandle]()
    world, client = site.organization(), site.browser()
    known = conftest.identity_of
    monkeypatch.setattr(conftest, "identity_of", lambda sign_on, who: replace(known(sign_on, who), logout=kept))
    leave = {"oidc": replace(conftest.PROTOCOL, leave=lambda _, handle: seen.append(handle))}
    site.app.extensions["connector"] = replace(site.house, protocols=leave)
    sign_in(client, world.connection)
    assert client.post("/logout").status_code == 303
    assert seen == [kept]
