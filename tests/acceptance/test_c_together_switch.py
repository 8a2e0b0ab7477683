"""ORGANIZATIONS.md part C: Together AI, setting up an identity provider oneself, and what happens to logins that were shared."""

from __future__ import annotations

import pytest

from tests.acceptance.idp import connected, prove, told
from tests.acceptance.site import Site


def test_TG_21_an_identity_provider_is_connected_without_an_operator(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Domain, identity provider, test sign-in, going live: the first admin does it all over HTTP. SAML here; OpenID Connect is
    told by issuer and client."""
    acme = site.organization("together")
    prove(acme, "acme.example", monkeypatch)
    oidc = {"name": "Entra", "idp": "entra", "oidc_issuer": "https://login.example/v2.0", "client_id": "c", "client_secret": "s"}
    answer = acme.owner.post(acme / "connections", oidc)
    assert (answer.status, answer.json["sign_on"]) == (201, "oidc")
    idp = told(acme, acme.owner, "okta")
    activate = acme / f"connections/{idp.connection}/activate"
    acme.owner.post(activate, {}).refused(409, "test_sign_in_required")
    idp.tested("owner")
    assert acme.owner.post(activate, {}).ok()["applied"] is True
    assert idp.signed_in("ada").get("/api/orgs/~current").ok()["id"] == acme.id


def test_TG_23_a_login_that_was_shared_is_retired_by_the_switch(site: Site) -> None:
    """The plan lists it among those who are put out, for the identity provider does not know it; applied, it is refused. That
    several people used it cannot be seen, so it is not marked."""
    acme = site.organization("together")
    shared = acme.joined("it-department")
    idp = connected(acme)
    lines = [each for each in idp.proposed("activate").changes if each.subject.email == shared.email]
    assert [(each.target, each.before, each.after) for each in lines] == [("status", "active", "suspended")]
    idp.goes_live()
    shared.get(str(acme)).refused(404, "organization_not_found")
    assert acme.id not in {each["id"] for each in shared.get("/api/orgs").ok()["items"]}
