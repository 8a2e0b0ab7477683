"""Whole journeys: from /login to the identity provider and back to a session; and what is refused on the way, with its trace."""

from __future__ import annotations

import base64
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from connector.directory import sign_on as sign_ons
from connector.saml.metadata import read_metadata
from connector.storage import tables as t
from idp_fixtures.keys import key_pair
from idp_fixtures.people import Person
from idp_fixtures.saml.encryption import Encryption
from idp_fixtures.saml.logout import read_request
from idp_fixtures.saml.metadata import Published, metadata, read_service_provider
from idp_fixtures.saml.names import POST_BINDING
from idp_fixtures.saml.signing import Signer, inflated
from idp_fixtures.saml.vendors import VENDORS
from tests.saml.conftest import Journey, Site, set_out
from tests.saml.samples import ADA


def test_somebody_signs_in(site: Site) -> None:
    """303 to where they wanted to go, a session, a person, an identity; and the trace says so."""
    journey = set_out(site, path=f"/sso/{site.world.connection}/login?next=/sessions")
    assert journey.request.issuer == site.address("metadata")
    assert journey.request.acs_url == site.address("acs")
    assert journey.request.destination == VENDORS["okta"].sso_url
    entered = journey.arrive()
    assert (entered.status_code, entered.headers["Location"]) == (303, "/sessions"), entered.text
    assert site.count(t.Session) == site.count(t.ExternalIdentity) == 1
    assert [trace.code for trace in site.traces()] == ["ok"]
    me = journey.client.get("/")
    assert me.status_code == 200


def test_an_answer_is_good_once(site: Site) -> None:
    """The same again, and another answer to the same request."""
    journey = set_out(site)
    message = site.answer(journey.request.id)
    assert journey.post(message).status_code == 303
    for again in (message, site.answer(journey.request.id)):
        refused = journey.post(again)
        assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "request_used")
    other = set_out(site, journey.client)
    replayed = other.post(message)
    assert replayed.headers["X-Connector-Error"] == "saml_in_response_to"
    assert site.count(t.Session) == 1


def test_of_six_answers_at_once_one_makes_a_session(site: Site) -> None:
    """Concurrent posts of one response."""
    journey = set_out(site)
    message = site.answer(journey.request.id)
    (cookie,) = (each for each in journey.client._cookies.values() if each.key == "__Host-connector_sso")  # type: ignore[union-attr]
    form = {"SAMLResponse": message, "RelayState": journey.relay_state}
    found: list[int] = []

    def post() -> None:
        client = site.app.test_client(use_cookies=False)
        headers = {"Cookie": f"__Host-connector_sso={cookie.value}", "Accept": "text/html"}
        found.append(client.post(f"/sso/{site.world.connection}/acs", data=form, headers=headers).status_code)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [303, 403, 403, 403, 403, 403]
    assert site.count(t.Session) == 1


def test_an_answer_for_another_browser_is_refused(site: Site) -> None:
    """Login CSRF: the attacker's own answer, posted by the victim's browser."""
    journey = set_out(site)
    refused = journey.post(site.answer(journey.request.id), site.browser())
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "other_browser")
    assert site.count(t.Session) == 0


def _too_large(journey: Journey) -> str:
    return "A" * 1_700_000


def _far_too_large(journey: Journey) -> str:
    return "A" * 2_500_000


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (lambda journey: "", 400, "saml_missing"),
        (lambda journey: "%%%", 400, "saml_not_base64"),
        (lambda journey: base64.b64encode(b"<x").decode(), 400, "saml_not_xml"),
        (lambda journey: base64.b64encode(b"\xff\xfe<\0x\0").decode(), 400, "saml_not_xml"),
        (_too_large, 413, "saml_too_large"),
        (_far_too_large, 413, "saml_too_large"),
        (lambda journey: journey.site.answer(journey.request.id, signs=()), 403, "saml_signature_missing"),
        (lambda journey: journey.site.answer("_other"), 403, "saml_in_response_to"),
        (lambda journey: journey.site.answer(journey.request.id, audience="urn:x"), 403, "saml_audience"),
    ],
)
def test_a_message_that_is_refused_is_traced_and_leaves_nothing(site: Site, message: Any, status: int, code: str) -> None:
    """One reference on the page and in the trace, no session, nobody new, no text of the identity provider on the page."""
    journey = set_out(site)
    people = site.count(t.Person)
    refused = journey.post(message(journey))
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (status, code)
    trace = site.traces()[-1]
    assert (trace.code, trace.reference) == (code, refused.headers["X-Connector-Reference"])
    assert trace.reference in refused.text
    assert site.count(t.Session) == site.count(t.ExternalIdentity) == 0
    assert site.count(t.Person) == people
    assert ADA.email not in refused.text


def test_the_trace_shows_what_an_admin_compares_and_nothing_of_the_person(site: Site) -> None:
    """Issuer, audience, times, names of attributes, certificates."""
    journey = set_out(site)
    journey.arrive(audience="https://other.example")
    trace = site.traces()[-1]
    assert (trace.stage, trace.code) == ("check", "saml_audience")
    assert trace.facts["audience"] == ["https://other.example"]
    assert trace.facts["audience_expected"] == site.address("metadata")
    assert trace.facts["issuer"] == VENDORS["okta"].issuer
    assert "groups" in trace.facts["attributes"]
    assert "Audience URI" in trace.advice
    assert ADA.email not in str(trace.facts)
    assert "Lovelace" not in str(trace.facts)


def test_an_answer_that_nobody_asked_for_is_refused_by_default(site: Site) -> None:
    """`unsolicited`; one that claims an unknown request is called so."""
    client = site.browser()
    acs = f"/sso/{site.world.connection}/acs"
    for relay_state in ("", "/sessions", "x" * 43):
        refused = client.post(acs, data={"SAMLResponse": site.answer(None), "RelayState": relay_state})
        assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, "unsolicited")
    refused = client.post(acs, data={"SAMLResponse": site.answer("_some"), "RelayState": ""})
    assert refused.headers["X-Connector-Error"] == "request_unknown"
    assert site.count(t.Session) == 0


def test_one_message_and_no_two_are_taken(site: Site) -> None:
    """Which one would count?"""
    journey = set_out(site)
    two = [site.answer(journey.request.id)] * 2
    refused = journey.client.post(
        f"/sso/{site.world.connection}/acs", data={"SAMLResponse": two, "RelayState": journey.relay_state}
    )
    assert refused.headers["X-Connector-Error"] == "saml_missing"


def test_the_acs_takes_post_only(site: Site) -> None:
    """saml-profiles-2.0-os section 4.1.2: a Response never comes by redirect, where it would stay in histories and logs."""
    journey = set_out(site)
    query = {"SAMLResponse": site.answer(journey.request.id), "RelayState": journey.relay_state}
    refused = journey.client.get(f"/sso/{site.world.connection}/acs", query_string=query)
    assert (refused.status_code, set(refused.headers["Allow"].split(", "))) == (405, {"OPTIONS", "POST"})
    assert site.count(t.Session) == 0
    assert journey.arrive().status_code == 303


def test_the_host_of_a_request_decides_nothing(site: Site) -> None:
    """Our own address is a setting: an answer for the address somebody typed is refused, whatever Host says."""
    journey = set_out(site)
    fooled = site.answer(journey.request.id, destination=f"https://evil.example/sso/{site.world.connection}/acs")
    refused = journey.client.post(
        f"/sso/{site.world.connection}/acs",
        data={"SAMLResponse": fooled, "RelayState": journey.relay_state},
        headers={"X-Forwarded-Host": "evil.example"},
    )
    assert refused.headers["X-Connector-Error"] == "saml_destination"


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host"])
def test_what_we_ask_and_publish_names_our_own_address_whatever_host_is_asked_for(site: Site, name: str) -> None:
    """Else somebody else's address would be told to the identity provider, and its answer sent there."""
    fooled = {name: "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    sent = site.browser().get(f"/sso/{site.world.connection}/login", headers=fooled)
    asked = read_request(inflated(parse_qs(urlsplit(sent.headers["Location"]).query)["SAMLRequest"][0]))
    assert (asked.issuer, asked.acs_url) == (site.address("metadata"), site.address("acs"))
    published = site.browser().get(f"/sso/{site.world.connection}/metadata", headers=fooled)
    assert read_service_provider(published.data).acs_url == site.address("acs")
    assert b"evil" not in published.data


def test_a_big_list_of_groups_arrives(site: Site) -> None:
    """More than Flask takes in a form by default, less than the limit."""
    person = Person(ADA.id, ADA.email, ADA.first_name, ADA.last_name, tuple(f"group-{n:05d}" for n in range(5000)))
    journey = set_out(site)
    assert journey.arrive(attributes=(("email", (ADA.email,)), ("groups", person.groups))).status_code == 303


def test_the_identity_providers_key_changes_while_sso_is_on(site: Site) -> None:
    """Nothing is switched off for it, and nobody waits: old and new are taken, also by a sign-in that was under way."""
    under_way, next_key = set_out(site), Signer(key=key_pair("okta-next"))
    assert under_way.arrive(signer=next_key).headers["X-Connector-Error"] == "saml_unknown_key"
    site.configure(Published(keys=(next_key.key,)))
    assert under_way.arrive(signer=next_key).status_code == 303
    assert set_out(site).arrive().status_code == 303
    with site.database.read() as tx:
        assert tx.execute(select(t.Organization.membership_mode)).scalar_one() == "sso"


# --------------------------------------------------------------------------------------------------------------- requests


def test_a_request_is_signed_where_that_is_asked_for(site: Site) -> None:
    """By the metadata, in the redirect binding: over the octets that are sent."""
    site.configure(Published(wants_signed=True))
    sent = site.browser().get(f"/sso/{site.world.connection}/login").headers["Location"]
    assert "&SigAlg=" in sent
    assert "&Signature=" in sent
    site.configure(Published(wants_signed=False))
    assert "Signature" not in site.browser().get(f"/sso/{site.world.connection}/login").headers["Location"]


def test_a_request_is_posted_where_the_identity_provider_takes_no_redirect(site: Site) -> None:
    """By a page with a form, which works without scripts; signed within."""
    vendor = replace(VENDORS["okta"], bindings=(POST_BINDING,))
    said = read_metadata(metadata(vendor, Published(wants_signed=True)), datetime.now(UTC))
    sign_ons.configure_saml(site.database, site.world.connection, said.side)
    page = site.browser().get(f"/sso/{site.world.connection}/login")
    assert page.status_code == 200
    assert f'action="{vendor.sso_url}"' in page.text
    value = page.text.partition('name="SAMLRequest" value="')[2].partition('"')[0]
    assert read_request(base64.b64decode(value)).acs_url == site.address("acs")
    assert b"SignatureValue" in base64.b64decode(value)
    assert 'name="RelayState"' in page.text


def test_who_must_sign_in_anew_is_asked_to_and_checked(site: Site) -> None:
    """ForceAuthn, and the moment of the sign-in."""
    site.configure(force_authn=True)
    journey = set_out(site)
    assert journey.request.force_authn
    old = journey.arrive(authenticated_at=datetime.now(UTC) - timedelta(minutes=5))
    assert old.headers["X-Connector-Error"] == "saml_authentication_old"
    assert journey.arrive().status_code == 303


def test_our_metadata_say_where_and_with_which_keys(site: Site) -> None:
    """Readable by an identity provider; what it encrypts for us is read."""
    answered = site.browser().get(f"/sso/{site.world.connection}/metadata")
    assert answered.status_code == 200
    assert answered.content_type == "application/samlmetadata+xml"
    ours = read_service_provider(answered.data)
    assert (ours.entity_id, ours.acs_url, ours.slo_url) == (site.address("metadata"), site.address("acs"), site.address("logout"))
    assert len(ours.signing) == len(ours.encryption) == 1
    journey = set_out(site)
    assert journey.arrive(encryption=Encryption(ours.encryption[0])).status_code == 303


# ----------------------------------------------------------------------------------------------------------- IdP-initiated


def test_an_answer_nobody_asked_for_is_confirmed_by_a_click(site: Site) -> None:
    """Where the connection allows it: verified, used up at once, and a session only after the click in the same browser."""
    site.configure(idp_initiated=True)
    client, acs = site.browser(), f"/sso/{site.world.connection}/acs"
    message = site.answer(None)
    page = client.post(acs, data={"SAMLResponse": message, "RelayState": "/sessions"})
    assert page.status_code == 200, page.text
    assert ADA.email in page.text
    assert site.count(t.Session) == 0
    again = client.post(acs, data={"SAMLResponse": message, "RelayState": "/sessions"})
    assert (again.status_code, again.headers["X-Connector-Error"]) == (403, "message_replayed")
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    other = site.browser().post(f"/sso/{site.world.connection}/confirm", data={"token": token})
    assert other.headers["X-Connector-Error"] == "other_browser"
    entered = client.post(f"/sso/{site.world.connection}/confirm", data={"token": token})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/sessions"), entered.text
    twice = client.post(f"/sso/{site.world.connection}/confirm", data={"token": token})
    assert twice.headers["X-Connector-Error"] == "request_used"
    assert site.count(t.Session) == 1


@pytest.mark.parametrize("state", ["draft", "disabled"])
def test_a_connection_that_is_not_active_takes_no_answer(site: Site, state: str) -> None:
    """Neither one that it had asked for before, nor one nobody asked for."""
    site.configure(idp_initiated=True)
    journey = set_out(site)
    change = update(t.Connection).where(t.Connection.id == site.world.connection).values(state=state)
    site.database.write(lambda tx: tx.execute(change))
    assert journey.arrive().headers["X-Connector-Error"] == f"connection_{state}"
    unasked = site.browser().post(f"/sso/{site.world.connection}/acs", data={"SAMLResponse": site.answer(None)})
    assert unasked.headers["X-Connector-Error"] == "unsolicited"
    assert site.count(t.Session) == 0


@pytest.mark.parametrize("relay_state", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "x"])
def test_relay_state_leads_nowhere_but_to_a_path_of_ours(site: Site, relay_state: str) -> None:
    """The identity provider's default RelayState is often an address, and an attacker's is one."""
    site.configure(idp_initiated=True)
    client = site.browser()
    page = client.post(f"/sso/{site.world.connection}/acs", data={"SAMLResponse": site.answer(None), "RelayState": relay_state})
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    entered = client.post(f"/sso/{site.world.connection}/confirm", data={"token": token})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/")


def test_a_click_token_is_no_relay_state_and_the_other_way_round(site: Site) -> None:
    """Each is taken in its own place only."""
    site.configure(idp_initiated=True)
    client = site.browser()
    page = client.post(f"/sso/{site.world.connection}/acs", data={"SAMLResponse": site.answer(None)})
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    journey = set_out(site, client)
    refused = client.post(f"/sso/{site.world.connection}/confirm", data={"token": journey.relay_state})
    assert refused.headers["X-Connector-Error"] == "request_unknown"
    refused = journey.post(site.answer(journey.request.id), RelayState=token)
    assert refused.headers["X-Connector-Error"] == "request_unknown"
    assert site.count(t.Session) == 0
