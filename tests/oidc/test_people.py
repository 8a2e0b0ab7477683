"""Who somebody is that comes through an OpenID provider, and what is kept of their sign-in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from connector.directory import trial_record
from connector.storage import tables as t
from idp_fixtures.oidc.tokens import ABSENT
from tests.oidc.conftest import Site
from tests.oidc.provider import SECRET


@pytest.mark.parametrize("said", [False, "false", "False"])
def test_an_address_that_is_not_verified_links_nobody(site: Site, said: Any) -> None:
    """As a truth value, and as the text that some providers send."""
    site.refused(site.sign_in(email_verified=said), "email_unverified")


def test_a_private_google_account_is_nobodys(site: Site) -> None:
    """`hd` is there for accounts of a Workspace only."""
    site.write(update(t.Connection).values(idp="google"))
    site.refused(site.sign_in(), "google_private_account")
    site.refused(site.sign_in(hd=""), "google_private_account")
    assert site.sign_in(hd="acme.example").status_code == 303


def test_a_person_of_entra_is_known_by_object_and_tenant(site: Site) -> None:
    """`sub` differs from app to app."""
    site.write(update(t.Connection).values(idp="entra"))
    site.refused(site.sign_in(), "oidc_tenant")
    site.refused(site.sign_in(oid="o-1"), "oidc_tenant")
    assert site.sign_in(oid="o-1", tid="t-1", email_verified=ABSENT).status_code == 303
    with site.house.database.read() as tx:
        row = tx.execute(t.ExternalIdentity.__table__.select()).one()
    assert (row.kind, row.subject) == ("oid+tid", "o-1@t-1")


def test_a_new_authentication_is_asked_for_and_proved(site: Site) -> None:
    """`prompt` and `max_age` can be taken out of the request on its way; `auth_time` tells."""
    site.configure(force_authn=True)
    browser = site.browser()
    sent = parse_qs(urlsplit(site.set_out(browser)).query)
    assert (sent["prompt"], sent["max_age"]) == (["login"], ["0"])
    stamp = int(datetime.now(UTC).timestamp())
    site.refused(site.sign_in(), "oidc_not_reauthenticated")
    site.refused(site.sign_in(auth_time=stamp - 600), "oidc_not_reauthenticated")
    assert site.sign_in(auth_time=stamp).status_code == 303


def test_a_token_is_good_for_one_sign_in(site: Site) -> None:
    """Even if a provider gave it out twice, and the nonce were the same."""
    kept: list[str] = []

    def same(claims: dict[str, Any]) -> str:
        kept.append(site.provider.sign(claims))
        return kept[0]

    site.provider.token = same
    assert site.sign_in().status_code == 303
    response = site.sign_in()
    assert response.headers["X-Connector-Error"] == "oidc_nonce"


def test_a_test_sign_in_shows_and_makes_nothing(site: Site) -> None:
    """It goes the same way and ends on its page."""
    browser = site.browser()
    base = site.house.settings.base_url
    link = trial_record.make_link(site.house.database, site.world.organization, site.world.connection, base).removeprefix(base)
    answer = site.provider.grant(browser.get(link).headers["Location"])
    response = browser.get(f"/sso/{site.world.connection}/callback", query_string=answer)
    assert response.status_code == 200, response.text
    assert "ada@acme.example" in response.text
    assert site.rows(t.Session) == 0
    assert site.rows(t.ExternalIdentity) == 0


def test_the_trace_has_names_and_no_secrets(site: Site) -> None:
    """Claims by name; of tokens, codes, secrets and other values nothing."""
    site.refused(site.sign_in(nonce="another", shoe_size="forty-one"), "oidc_nonce")
    (trace,) = site.traces()
    assert trace.stage == "check"
    assert "shoe_size" in trace.facts["claims"]
    assert trace.facts["email"] == "ada@acme.example"
    for secret in ("forty-one", SECRET, "access-1", "eyJ"):
        assert secret not in str(tuple(trace))


ODD: list[Any] = ["a\x00b", "\ud800", "x" * 5000, ["\ud800", "eng"], {"a": {"b": "\x00"}}, 10**300, 1e308]


def test_odd_values_never_fail(either_site: Site) -> None:
    """What no database can keep, what is long, and what is of another kind: a sign-in or a refusal, never a failure."""
    browser = either_site.browser()
    for name in ("sid", "email", "name", "groups", "odd\ud800"):
        for value in ODD:
            response = either_site.sign_in(browser, **{name: value})
            assert response.status_code == 303 or response.headers["X-Connector-Error"], (name, value, response.text)
