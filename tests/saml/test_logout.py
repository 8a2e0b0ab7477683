"""Single logout: what the identity provider signs is done once and answered; what it did not sign does nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from connector.errors import ConnectorError
from connector.saml.logout import AGE, Query, read_posted, read_redirected
from idp_fixtures.keys import key_pair
from idp_fixtures.saml.logout import Logout, logout_request, read_request
from idp_fixtures.saml.metadata import Published
from idp_fixtures.saml.names import encoded, parse
from idp_fixtures.saml.signing import Signer, inflated, query
from idp_fixtures.saml.vendors import VENDORS
from tests.saml.conftest import Site, set_out
from tests.saml.samples import ADA, LOGOUT, NOW, certificate, minutes, pin, sign_on

PING = VENDORS["ping"]
SIGNER = PING.signer
BASIC = Logout(PING.issuer, LOGOUT, ADA.id)


def posted(logout: Logout, **options: Any) -> Any:
    """A LogoutRequest of the POST binding is read."""
    signed = replace(logout, signer=logout.signer or SIGNER)
    return read_posted(encoded(logout_request(signed)), sign_on("ping"), options.get("now", NOW))


def redirected(logout: Logout, *, signer: Signer | None = SIGNER, now: datetime = NOW, **side: Any) -> Any:
    """A LogoutRequest of the redirect binding is read."""
    text = query("SAMLRequest", logout_request(logout), "some state", signer)
    return read_redirected(Query.of(text.encode()), sign_on("ping", **side), now)


@pytest.mark.parametrize("read", [posted, redirected])
def test_a_signed_logout_says_who_and_which_sessions(read: Callable[..., Any]) -> None:
    """NameID and SessionIndex; without one, all sessions."""
    found = read(BASIC)
    assert (found.name_id, found.session_indexes) == (ADA.id, ("_session",))
    assert read(replace(BASIC, session_index=None)).session_indexes == ()


@pytest.mark.parametrize("read", [posted, redirected])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": "https://other.example"}, "saml_issuer"),
        ({"destination": None}, "saml_destination"),
        ({"destination": LOGOUT + "/x"}, "saml_destination"),
        ({"name_id": ""}, "saml_subject"),
        ({"lifetime": timedelta(minutes=-2)}, "saml_expired"),
        ({"now": NOW - AGE - minutes(2)}, "saml_expired"),
        ({"now": NOW - AGE - minutes(2), "lifetime": timedelta(days=300)}, "saml_expired"),
        ({"now": NOW - AGE - minutes(2), "lifetime": None}, "saml_expired"),
        ({"now": NOW + minutes(2)}, "saml_expired"),
        ({"before": lambda tree: tree.set("Version", "1.1")}, "saml_version"),
        ({"before": lambda tree: tree.append(parse(b"<x/>"))}, "saml_structure"),
    ],
)
def test_a_logout_is_checked_like_a_sign_in(read: Callable[..., Any], change: dict[str, Any], code: str) -> None:
    """By equality, and young: a message lies about, and would sign people out for ever."""
    with pytest.raises(ConnectorError) as caught:
        read(replace(BASIC, **change))
    assert caught.value.code == code


def test_a_logout_is_remembered_as_long_as_it_could_be_used() -> None:
    """However long it says it lives."""
    long = posted(replace(BASIC, lifetime=timedelta(days=300)))
    assert NOW + AGE <= long.until <= NOW + AGE + minutes(2)


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        (None, "saml_signature_missing"),
        (Signer(key=key_pair("stranger")), "saml_signature_invalid"),
        (Signer(key=SIGNER.key, algorithm="rsa-sha1"), "saml_algorithm"),
        (Signer(key=SIGNER.key, algorithm="rsa-sha512"), None),
        (Signer(key=key_pair("curve", kind="ec"), algorithm="ecdsa-sha256"), "saml_signature_invalid"),
    ],
)
def test_a_redirected_logout_needs_a_signature_of_the_identity_provider(signer: Signer | None, code: str | None) -> None:
    """Over the query, by a pinned key and a strong algorithm."""
    if code is None:
        redirected(BASIC, signer=signer)
        return
    with pytest.raises(ConnectorError) as caught:
        redirected(BASIC, signer=signer)
    assert caught.value.code == code


def test_an_elliptic_curve_signs_a_query_as_well() -> None:
    """And SHA-1 does while the exception lasts."""
    curve = Signer(key=key_pair("curve", kind="ec"), algorithm="ecdsa-sha256")
    redirected(BASIC, signer=curve, certificates=(pin(curve.key), certificate("ping")))
    redirected(BASIC, signer=Signer(key=SIGNER.key, algorithm="rsa-sha1"), sha1_until=NOW + minutes(1))


@pytest.mark.parametrize("part", ["SAMLRequest", "RelayState", "SigAlg", "Signature"])
def test_a_redirected_logout_that_was_changed_or_doubled_is_refused(part: str) -> None:
    """Every part of what was signed, one letter; and a parameter that comes twice."""
    text = query("SAMLRequest", logout_request(BASIC), "state", SIGNER)
    pieces = dict(each.split("=", 1) for each in text.split("&"))
    read_redirected(Query.of(text.encode()), sign_on("ping"), NOW)
    changed = pieces | {part: ("B" if pieces[part][0] != "B" else "C") + pieces[part][1:]}
    for wrong in ("&".join(f"{name}={value}" for name, value in changed.items()), f"{text}&{part}={pieces[part]}"):
        with pytest.raises(ConnectorError):
            read_redirected(Query.of(wrong.encode()), sign_on("ping"), NOW)


@pytest.mark.parametrize("raw", [b"no deflate", base64.b64decode("eJwDAAAAAAE="), b""])
def test_a_query_that_is_not_deflated_is_refused(raw: bytes) -> None:
    """Whatever it is instead, with a signature or not."""
    algorithm = quote("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", safe="")
    text = f"SAMLRequest={quote(base64.b64encode(raw).decode(), safe='')}&SigAlg={algorithm}&Signature=AAAA"
    with pytest.raises(ConnectorError) as caught:
        read_redirected(Query.of(text.encode()), sign_on("ping"), NOW)
    assert caught.value.code in ("saml_not_deflated", "saml_not_xml")


def test_a_bomb_is_not_unpacked() -> None:
    """A kilobyte that would become a gigabyte stops at the limit."""
    bomb = query("SAMLRequest", b"<x>" + b" " * 50_000_000 + b"</x>", None, SIGNER)
    with pytest.raises(ConnectorError) as caught:
        read_redirected(Query.of(bomb.encode()), sign_on("ping"), NOW)
    assert caught.value.code == "saml_too_large"


def test_an_unsigned_or_forged_posted_logout_is_refused() -> None:
    """The POST binding is signed within."""
    with pytest.raises(ConnectorError) as caught:
        read_posted(encoded(logout_request(BASIC)), sign_on("ping"), NOW)
    assert caught.value.code == "saml_signature_missing"
    for forged in (replace(BASIC, signer=Signer(key=key_pair("stranger"))), replace(BASIC, signer=SIGNER, after=_rename)):
        with pytest.raises(ConnectorError) as caught:
            read_posted(encoded(logout_request(forged)), sign_on("ping"), NOW)
        assert caught.value.code in ("saml_unknown_key", "saml_signature_invalid")


def _rename(tree: Any) -> None:
    tree.find("{urn:oasis:names:tc:SAML:2.0:assertion}NameID").text = "somebody else"


# ------------------------------------------------------------------------------------------------------------------- routes


@pytest.fixture
def ping(site: Site) -> Site:
    """The connection is to PingOne, which offers single logout."""
    other = replace(site, vendor="ping")
    other.configure()
    return other


def signed_in(site: Site, session_index: str = "_session") -> FlaskClient:
    """A browser with a session through the identity provider."""
    journey = set_out(site)
    entered = journey.arrive(session_index=session_index)
    assert entered.status_code == 303, entered.text
    return journey.client


def is_signed_in(client: FlaskClient) -> bool:
    """Whether the session lives."""
    return client.get("/sessions").status_code == 200


def by_redirect(site: Site, logout: Logout) -> str:
    """The path that the identity provider sends a browser to."""
    return f"/sso/{site.world.connection}/logout?" + query("SAMLRequest", logout_request(logout), "their state", SIGNER)


def of(site: Site, **changes: Any) -> Logout:
    """A LogoutRequest about Ada, now."""
    return replace(BASIC, destination=site.address("logout"), now=datetime.now(UTC), **changes)


def test_a_logout_at_the_identity_provider_ends_the_session_it_names(ping: Site) -> None:
    """One of two, by its SessionIndex; answered, with their RelayState; and the same message does nothing again."""
    one, two = signed_in(ping, "_one"), signed_in(ping, "_two")
    path = by_redirect(ping, of(ping, session_index="_one"))
    answered = ping.browser().get(path)
    assert answered.status_code == 303
    assert answered.headers["Location"].startswith(PING.slo_url or "-")
    sent = parse_qs(urlsplit(answered.headers["Location"]).query)
    assert sent["RelayState"] == ["their state"]
    assert parse(inflated(sent["SAMLResponse"][0])).get("Destination") == PING.slo_url
    assert {"SigAlg", "Signature"} <= sent.keys()
    assert (is_signed_in(one), is_signed_in(two)) == (False, True)
    again = ping.browser().get(path)
    assert (again.status_code, again.headers["X-Connector-Error"]) == (403, "message_replayed")


def test_a_logout_without_a_session_index_ends_all_of_that_person(ping: Site) -> None:
    """By the POST binding, without a cookie, as another site's form arrives."""
    one, two = signed_in(ping, "_one"), signed_in(ping, "_two")
    message = encoded(logout_request(of(ping, session_index=None, signer=SIGNER)))
    answered = ping.browser().post(f"/sso/{ping.world.connection}/logout", data={"SAMLRequest": message})
    assert answered.status_code == 303, answered.text
    assert (is_signed_in(one), is_signed_in(two)) == (False, False)


def test_a_forged_logout_ends_nothing_and_is_traced(ping: Site) -> None:
    """Unsigned, by GET and by POST."""
    client = signed_in(ping)
    path = f"/sso/{ping.world.connection}/logout"
    unsigned = logout_request(of(ping))
    for refused in (
        ping.browser().get(f"{path}?{query('SAMLRequest', unsigned)}"),
        ping.browser().post(path, data={"SAMLRequest": encoded(unsigned)}),
        ping.browser().post(path, data={}),
        ping.browser().post(path, data={"SAMLRequest": "%%%"}),
    ):
        assert 400 <= refused.status_code < 500
        assert refused.headers["X-Connector-Error"].startswith("saml_")
    assert is_signed_in(client)
    assert [trace.stage for trace in ping.traces()][-4:] == ["logout"] * 4


def test_signing_out_here_goes_on_to_the_identity_provider(ping: Site) -> None:
    """Our session ends first; then a signed LogoutRequest names the sign-in as the identity provider does."""
    client = signed_in(ping)
    left = client.post("/logout", headers={"Origin": "https://id.example.com"})
    assert left.status_code == 303
    assert left.headers["Location"].startswith(PING.slo_url or "-"), left.headers["Location"]
    sent = parse_qs(urlsplit(left.headers["Location"]).query)
    asked = read_request(inflated(sent["SAMLRequest"][0]))
    assert (asked.kind, asked.name_id, asked.session_index) == ("LogoutRequest", ADA.id, "_session")
    assert "Signature" in sent
    assert not is_signed_in(client)
    back = client.get(f"/sso/{ping.world.connection}/logout?SAMLResponse=whatever")
    assert (back.status_code, back.headers["Location"]) == (303, "/login?signed_out=1")


def test_without_a_logout_address_nobody_is_sent_away(site: Site) -> None:
    """Okta's template offers none."""
    site.configure(Published())
    left = signed_in(site).post("/logout", headers={"Origin": "https://id.example.com"})
    assert (left.status_code, left.headers["Location"]) == (303, "/login?signed_out=1")
