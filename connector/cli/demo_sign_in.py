"""The part of the demo in which somebody signs in: a small identity provider on loopback, and what a browser would do there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from connector.cli.common import Tools
from connector.directory import sign_on
from connector.directory.connections import addresses
from connector.errors import Unavailable
from connector.organizations.member_views import MemberView
from connector.outbound.fetch import Fetcher
from connector.saml.metadata import read_metadata
from idp_fixtures.idp import Application, Provider, serving
from idp_fixtures.people import person

WAIT = 20
"""Seconds for each step over loopback."""

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who signed in: whom to choose, where to begin, and their SCIM id."""

    email: str
    login_page: str
    user_url: str


@contextmanager
def demo_idp() -> Iterator[Provider]:
    """Serve an identity provider that nobody is known to yet, for as long as the demo lasts."""
    with serving(Provider(people=(), vendor="okta", name="Northwind's Okta")) as idp:
        yield idp


def connect(at_hand: Tools, connection: str, idp: Provider, people: list[MemberView]) -> None:
    """Make members known to the identity provider, and the identity provider to their connection."""
    for each in people:
        if each.email and each.source == "scim":
            idp.put(person(each.email, each.name or each.email))
    ours = addresses(at_hand.settings.base_url, connection)
    idp.register(Application("connector", entity_id=ours["entity_id"], acs_url=ours["acs_url"]))
    address = f"{idp.url}/saml/metadata"
    found = read_metadata(Fetcher(private_allowed=True).fetch(address).body, datetime.now(UTC))
    sign_on.configure_saml(at_hand.database, connection, found.side, metadata_url=address, plain_http=True)


def try_out(at_hand: Tools, connection: str, scim: tuple[str, str], email: str, say: Callable[[str], None]) -> SignIn:
    """Sign somebody in as their browser would, have their identity provider deactivate them, see the session die, undo it.

    `scim` is the connection's SCIM base URL and a token.
    """
    base_url = at_hand.settings.base_url
    user_url = f"{scim[0]}/Users/{_user(scim, email)}"
    with requests.Session() as browser:
        me = _signed_in(browser, addresses(base_url, connection)["login_url"], email)
        [organization] = me["organizations"]
        teams = ", ".join(team["slug"] for team in organization["teams"])
        say(f"  {me['email']} signs in through it, and comes in as {organization['role']}, in {teams}.")
        _set_active(scim, user_url, active=False)
        status = browser.get(f"{base_url}/api/me", timeout=WAIT).status_code
        say(f"  Okta deactivates her. The next request of her browser is answered {status}: the session is dead.")
        _set_active(scim, user_url, active=True)
        say("  Okta activates her again. Sessions do not come back; she signs in anew.")
    return SignIn(email, f"{base_url}/login", user_url)


def _user(scim: tuple[str, str], email: str) -> str:
    asked = requests.get(f"{scim[0]}/Users", params={"filter": f'userName eq "{email}"'}, headers=_bearer(scim), timeout=WAIT)
    found: str = asked.json()["Resources"][0]["id"]
    return found


def _set_active(scim: tuple[str, str], user_url: str, *, active: bool) -> None:
    requests.patch(user_url, json=active_is(active), headers=_bearer(scim), timeout=WAIT).raise_for_status()


def active_is(active: bool) -> dict[str, Any]:
    """The message of an identity provider that activates or deactivates somebody (RFC 7644 section 3.5.2)."""
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"active": active}}]}


def _bearer(scim: tuple[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {scim[1]}"}


def _signed_in(browser: requests.Session, login_url: str, email: str) -> dict[str, Any]:
    """From the connection's login address to the identity provider, whose page posts the answer, and on to /api/me."""
    sent = browser.get(login_url, params={"next": "/api/me"}, allow_redirects=False, timeout=WAIT)
    as_data = {"Accept": "application/json"}  # where people get a page that posts by itself
    answer = browser.get(sent.headers["Location"], params={"person": email}, headers=as_data, timeout=WAIT).json()
    arrived = browser.post(answer["action"], data=answer["fields"], timeout=WAIT)
    if arrived.status_code != 200:
        code = arrived.headers.get("X-Connector-Error", str(arrived.status_code))
        raise Unavailable("demo_sign_in", f"The sign-in of the demo was refused: {code}.", retry_after=1)
    me: dict[str, Any] = arrived.json()
    return me
