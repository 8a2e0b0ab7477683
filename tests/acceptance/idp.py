"""The identity provider of an organization: what it pushes through SCIM, and how people come back from it signed in.

idp = connected(acme)                       # a connection that signs people in by SAML, its directory staged
idp.goes_live()                             # activated by the operator, who vouches for the test sign-in
ada = idp.pushed("ada")                     # POST /Users
idp.group("Engineering", ada)
session = idp.signed_in("ada")              # the whole way: request, signed answer, session
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.accounts.sessions import Proof
from connector.directory import connections, domains, plans, sign_on, tokens
from connector.outbound import dns
from connector.outbound.dns import Answer as Found
from connector.saml.metadata import read_metadata
from idp_fixtures.people import person
from idp_fixtures.saml.logout import read_request
from idp_fixtures.saml.message import make
from idp_fixtures.saml.metadata import metadata
from idp_fixtures.saml.names import encoded
from idp_fixtures.saml.signing import inflated
from idp_fixtures.saml.vendors import VENDORS, Asked, answer_of
from tests.acceptance.site import Organization, Someone, address, made
from tests.support.api import BASE, COOKIE, Client


@dataclass(frozen=True)
class Idp:
    """One connection, from the other side."""

    organization: Organization
    connection: str
    token: str
    vendor: str

    # ---------------------------------------------------------------------------------------------------------------- SCIM

    def scim(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Send a request of SCIM; returns the answer."""
        with self.organization.site.api.app.test_client(use_cookies=False) as http:
            headers = {"Authorization": f"Bearer {self.token}"}
            sent = {} if body is None else {"json": body, "content_type": "application/scim+json"}
            return http.open(f"/scim/v2/{self.connection}{path}", method=method, headers=headers, **sent)

    def pushed(self, name: str, **said: Any) -> str:
        """It creates a user; returns the SCIM id."""
        email = address(name)
        body = {"userName": email, "displayName": name.title(), "emails": [{"value": email, "primary": True}], **said}
        return self._made("/Users", body)

    def group(self, name: str, *inside: str) -> str:
        """It creates a group with these users; returns the SCIM id."""
        return self._made("/Groups", {"displayName": name, "members": [{"value": each} for each in inside]})

    def _made(self, path: str, body: Any) -> str:
        answer = self.scim("POST", path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json(force=True)["id"])

    def sets_active(self, user: str, active: bool) -> TestResponse:
        """It deactivates or reactivates a user."""
        change = {"op": "replace", "value": {"active": active}}
        return self.patched(f"/Users/{user}", change)

    def puts_in(self, group: str, *users: str) -> TestResponse:
        """It adds users to a group."""
        return self.patched(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": each} for each in users]})

    def takes_out(self, group: str, user: str) -> TestResponse:
        """It removes a user from a group."""
        return self.patched(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})

    def patched(self, path: str, *operations: Any) -> TestResponse:
        """It sends a PATCH."""
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        answer = self.scim("PATCH", path, {"schemas": [schema], "Operations": list(operations)})
        assert answer.status_code < 300, answer.text
        return answer

    # ------------------------------------------------------------------------------------------------------------- sign-in

    def sign_in(self, name: str, *groups: str, browser: FlaskClient | None = None, path: str = "") -> TestResponse:
        """Somebody goes the whole way from the login URL (or `path`) and back; returns the last answer, or the first refusal."""
        browser = browser or self.organization.site.api.app.test_client()
        sent = browser.get(path or f"/sso/{self.connection}/login")
        if sent.status_code != 303:
            return sent
        query = {key: values[0] for key, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
        request, ours = read_request(inflated(query["SAMLRequest"])), f"{BASE}/sso/{self.connection}"
        who = person(address(name), f"{name.partition('@')[0].title()} Example", *groups)
        asked = Asked(f"{ours}/acs", f"{ours}/metadata", request.id)
        said = encoded(make(answer_of(VENDORS[self.vendor], who, asked, now=datetime.now(UTC))))
        form = {"SAMLResponse": said, "RelayState": query["RelayState"]}
        return browser.post(f"/sso/{self.connection}/acs", data=form)

    def signed_in(self, name: str, *groups: str) -> Someone:
        """The same, as somebody who asks from now on; fails when they are refused."""
        site = self.organization.site
        browser = site.api.app.test_client()
        answer = self.sign_in(name, *groups, browser=browser)
        assert answer.status_code == 303, answer.text
        cookie = browser.get_cookie(COOKIE)
        assert cookie is not None
        who = Someone(site.api.app, {"Cookie": f"{COOKIE}={cookie.value}"}, address(name))
        return Someone(who.app, who.shown, who.email, who.get("/api/me").ok()["person_id"])

    def tested(self, name: str, *groups: str) -> None:
        """Somebody makes a test sign-in through it, by the link that the owner has made."""
        acme = self.organization
        url = acme.owner.post(acme / f"connections/{self.connection}/test").ok()["test_url"]
        answer = self.sign_in(name, *groups, path=url.removeprefix(BASE))
        assert answer.status_code == 200, answer.text

    def refuses(self, name: str, code: str) -> None:
        """Somebody comes and is refused: 403 with this code."""
        answer = self.sign_in(name)
        assert (answer.status_code, answer.headers.get("X-Connector-Error")) == (403, code), answer.text

    # ------------------------------------------------------------------------------------------ by the owner, by the operator

    def with_token(self) -> Idp:
        """The owner makes a SCIM token, with which it can push."""
        acme = self.organization
        return replace(self, token=made(acme.owner.post(acme / f"connections/{self.connection}/tokens", {}))["token"])

    def rule(self, **said: str) -> None:
        """The owner adds a rule: `rule(group="Engineering", team="eng")`."""
        acme = self.organization
        acme.owner.post(acme / "rules", {"connection": self.connection, **said}).ok()

    def goes_live(self, directory: bool = True) -> None:
        """The operator activates it, vouching for the test sign-in; without `directory`, sign-ins decide."""
        if not directory:
            self.carry_out("directory", directory="off")
        self.carry_out("activate")

    def proposed(self, verb: str, **said: Any) -> Any:
        """A plan that the operator looks at."""
        given = {"connection": self.connection, **said}
        return plans.propose(self.organization.site.database, self.organization.id, verb, given)

    def carry_out(self, verb: str, **said: Any) -> Any:
        """A plan of the operator's, at once."""
        given = {"connection": self.connection, **said}
        return plans.carry_out(self.organization.site.database, self.organization.id, verb, given)


def connected(organization: Organization, vendor: str = "okta", *, jit: str = "auto") -> Idp:
    """A connection with a sign-on side and a staged directory, the domain acme.example vouched for, made by the operator.

    From then on `idp.organization.owner` is the founder signed in as break-glass owner, to whom it stays open in `sso`.
    """
    database, home = organization.site.database, organization.id
    domains.add(database, home, "acme.example", verified=True)
    found = read_metadata(metadata(VENDORS[vendor]), datetime.now(UTC))
    made = connections.create(database, home, vendor.title(), vendor, jit, base_url=BASE, setups=[sign_on.saml_setup(found.side)])
    owner = organization.site.person(organization.owner.email, Proof("email_link"), Proof("break_glass", home))
    return Idp(replace(organization, owner=owner), made.id, tokens.create(database, home, made.id).token, vendor)


def told(organization: Organization, owner: Client, vendor: str = "okta", **said: Any) -> Idp:
    """A connection with a sign-on side, made over HTTP by somebody; it has no token yet."""
    wanted = {"name": vendor.title(), "idp": vendor, "saml_metadata": metadata(VENDORS[vendor]).decode(), **said}
    connection = made(owner.post(organization / "connections", wanted))["id"]
    return Idp(organization, connection, "", vendor)


def in_sso(organization: Organization, vendor: str = "okta", *, directory: bool = True, jit: str = "auto") -> Idp:
    """The same, gone live: members come from there from now on."""
    idp = connected(organization, vendor, jit=jit)
    idp.goes_live(directory)
    return idp


def prove(acme: Organization, domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner claims a domain, puts the record into DNS, and has it verified."""
    put_into_dns(made(acme.owner.post(acme / "domains", {"domain": domain})), monkeypatch)
    assert acme.owner.post(acme / f"domains/{domain}/verify").ok()["verified"] is True


def put_into_dns(claimed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on DNS has the record of a claimed domain, and nothing else."""
    zone = {claimed["record_name"]: claimed["record_value"]}
    monkeypatch.setattr(dns, "txt", lambda name: Found("found", (zone[name],)))
