"""What every page has: headers, labels, one heading, nothing inline; who may post to it; and how errors look to browsers."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask, Response
from werkzeug.test import TestResponse

from connector.errors import Unavailable
from connector.organizations import invitations, organizations
from connector.web import pages
from tests.web.conftest import IDP, Site, set_out, sign_in


def visited(site: Site) -> dict[str, TestResponse]:
    """Every page there is, by name."""
    by_themselves = built_alone(site.app)
    world, client = site.organization(), site.browser()
    site.another(world, "Entra")
    tested = set_out(client, world.connection, site.test_path(world.connection)).arrive()
    refused = sign_in(client, world.connection, "eve@elsewhere.example")
    login, mistyped = client.get("/login"), client.post("/login", data={"email": "no"})
    choice, sent = (client.post("/login", data={"email": email}) for email in ("a@acme.example", "a@b.example"))
    sign_in(client, world.connection)
    invited = {state: f"/invitations/{state * 43}" for state in "ab"}
    for email, path in zip(("leo@b.example", "ada@acme.example"), invited.values(), strict=True):
        home = organizations.create(site.house.database, f"home-{path[-1]}", "Home", f"owner@{path[-1]}.example").id
        token = path.rpartition("/")[2]
        invitations.invite(site.house.database, site.house.sealer, site.base_url, home, email, token=token)
    return {
        "invitation": site.browser().get(invited["a"]),
        "invitation to another": client.get(invited["a"]),
        "invitation to an account": site.browser().get(invited["b"]),
        "invitation to me": client.get(invited["b"]),
        "no invitation": client.get("/invitations/none"),
        "declined": site.browser().post(invited["a"], data={"answer": "decline"}),
        "login": login,
        "mistyped": mistyped,
        "choice": choice,
        "sent": sent,
        "code": client.post("/login/code", data={"code": "x"}),
        "link": client.get("/login/link?token=none"),
        "recovery": client.get("/login/recovery"),
        "home": client.get("/"),
        "sessions": client.get("/sessions"),
        "tested": tested,
        "refused": refused,
        "not found": client.get("/nowhere"),
        "method": client.get("/logout"),
        **{name: client.get(f"/{name}") for name in by_themselves},
    }


def built_alone(app: Flask) -> list[str]:
    """The pages that protocols make while a sign-in is under way, each at an address of its own; returns their names."""
    fields = {"SAMLRequest": "PHg+", "RelayState": "r"}
    asked = {"organization": "Acme", "idp": "Okta", "email": "ada@acme.example", "action": "/sso/c/confirm", "token": "t"}
    made: dict[str, Callable[[], Response]] = {
        "auto-post": lambda: pages.auto_post(f"{IDP}/sso", fields, organization="Acme"),
        "confirm": lambda: pages.page("confirm.html", **asked),  # type: ignore[arg-type]
        "repost": lambda: pages.page("repost.html", action="/sso/c/acs", fields=fields.items()),
    }
    for name, view in made.items():
        app.add_url_rule(f"/{name}", name, view)
    return list(made)


class Structure(HTMLParser):
    """What of a page matters to keyboards, screen readers and the policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all tags of this name."""
        return [attributes for name, attributes in self.tags if name == tag]


HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def test_every_page_keeps_to_itself(site: Site) -> None:
    """Clickjacking, sniffing, caches, referrers; a policy that lets nothing inline run and nothing load from elsewhere."""
    for name, page in visited(site).items():
        assert {key: page.headers[key] for key in HEADERS} == HEADERS, name
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'", name
        assert policy["script-src"] == policy["style-src"] == "'self'", name
        assert "Strict-Transport-Security" not in page.headers, name


def test_behind_tls_browsers_stay_there(safe_site: Site) -> None:
    """HSTS, and paths below the base URL's own."""
    page = safe_site.browser().get("/login")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert 'action="/connector/login"' in page.text
    assert 'href="/connector/static/' in page.text


@pytest.mark.parametrize(
    ("name", "away"), [("login", True), ("home", True), ("auto-post", True), ("code", False), ("refused", False)]
)
def test_forms_lead_away_only_where_identity_providers_follow(site: Site, name: str, away: bool) -> None:
    """Browsers apply form-action to redirects as well, and to those of the identity provider."""
    policy = visited(site)[name].headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https: http:" if away else "form-action 'self'")


def test_pages_are_built_for_everybody(site: Site) -> None:
    """A language, a title, one main part with one heading, a label for every field, a name for every button; nothing inline."""
    for name, page in visited(site).items():
        found = Structure(page.text)
        assert found.all("html") == [{"lang": "en"}], name
        assert (len(found.all("main")), len(found.all("h1"))) == (1, 1), name
        assert re.search(r"<title>\S[^<]+</title>", page.text), name
        labelled = {label["for"] for label in found.all("label")}
        fields = [each for each in found.all("input") if each.get("type") != "hidden"]
        assert {each["id"] for each in fields} == labelled, name
        assert not re.search(r"<button[^>]*>\s*</button>", page.text), name
        assert all(each.get("src", "").startswith("/static/") for each in found.all("script")), name  # type: ignore[union-attr]
        assert not found.all("style"), name
        assert not [tag for tag, attributes in found.tags if any(key == "style" or key.startswith("on") for key in attributes)], (
            name
        )
        described = {word for each in fields for word in (each.get("aria-describedby") or "").split()}
        assert described <= {attributes.get("id") for _, attributes in found.tags}, name


def test_fields_say_what_may_fill_them_in(site: Site) -> None:
    """Password managers and phones offer the address and the code."""
    found = visited(site)
    email, code = (Structure(found[name].text).all("input")[-1] for name in ("login", "sent"))
    assert (email["type"], email["autocomplete"], email["inputmode"]) == ("email", "email", "email")
    assert (code["autocomplete"], code["autocapitalize"]) == ("one-time-code", "characters")
    assert "autofocus" in email
    assert "autofocus" in code


def test_files_are_kept_for_ever_under_the_hash_of_their_content(site: Site) -> None:
    """A new content has a new address; under an old one the file is sent and not kept."""
    client = site.browser()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/login").text)
    assert len(set(addresses)) == 3
    for address in addresses:
        assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
        old = re.sub(r"/static/\w+/", "/static/0000/", address)
        assert client.get(old).headers["Cache-Control"] == "no-cache"
    assert client.get("/static/0000/none.css").status_code == 404


# ---------------------------------------------------------------------------------------------------------------- errors


def test_errors_are_pages_for_browsers_and_problems_for_programs(site: Site) -> None:
    """404, 405, 500 and 503, each in both forms; 500 tells nothing of what failed."""
    site.app.add_url_rule("/fails", view_func=_fails)
    site.app.add_url_rule("/away", view_func=_away)
    for path, status in (("/nowhere", 404), ("/logout", 405), ("/fails", 500), ("/away", 503)):
        page = site.browser().get(path)
        problem = site.app.test_client().get(path)
        assert (page.status_code, page.mimetype) == (status, "text/html"), path
        assert (problem.status_code, problem.content_type) == (status, "application/problem+json"), path
        assert "secret" not in page.text + problem.text
    assert site.browser().get("/away").headers["Retry-After"] == "5"
    assert "POST" in site.browser().get("/logout").headers["Allow"]


def _fails() -> Response:
    raise RuntimeError("secret")


def _away() -> Response:
    raise Unavailable("busy", "Another change is taking long.", retry_after=5)


# ----------------------------------------------------------------------------------------------------------- same origin

OUR = "http://127.0.0.1:8000"
ALLOWED = [
    pytest.param({}, id="no browser"),
    pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": OUR}, id="our page"),
    pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, id="our page, which hides where it is from"),
    pytest.param({"Sec-Fetch-Site": "none"}, id="typed by its user"),
    pytest.param({"Origin": OUR}, id="an older browser"),
]
REFUSED = [
    pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "foreign_origin", id="another site"),
    pytest.param({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9000"}, "foreign_origin", id="another port"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, "foreign_origin", id="without Origin"),
    pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": OUR}, "foreign_origin", id="contradiction"),
    pytest.param({"Origin": "https://evil.example"}, "foreign_origin", id="an older browser on another site"),
    pytest.param({"Origin": "null"}, "foreign_origin", id="an older browser in a sandbox"),
    pytest.param({"Origin": OUR + ".evil.example"}, "foreign_origin", id="prefix"),
    pytest.param({"Origin": "https://127.0.0.1:8000"}, "foreign_origin", id="another scheme"),
    pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"}, "wrong_address", id="localhost"),
]


@pytest.mark.parametrize("headers", ALLOWED)
def test_our_own_forms_may_post(site: Site, headers: dict[str, str]) -> None:
    """The answer is that of the form."""
    assert site.browser().post("/logout", headers=headers).status_code == 303


@pytest.mark.parametrize(("headers", "code"), REFUSED)
def test_other_sites_may_not_post(site: Site, headers: dict[str, str], code: str) -> None:
    """403; nothing happens, and the page says which address to open."""
    world, client = site.organization(), site.browser()
    sign_in(client, world.connection)
    refused = client.post("/logout", headers=headers)
    assert (refused.status_code, refused.headers["X-Connector-Error"]) == (403, code)
    assert OUR in refused.text
    assert site.sessions() == 1


@pytest.mark.parametrize(
    "path", ["/login", "/login/code", "/login/link", "/login/recovery", "/logout", "/sessions/end", "/sso/c/confirm"]
)
def test_every_form_of_ours_is_guarded(site: Site, path: str) -> None:
    """One rule before all routes."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert site.browser().post(path, headers=headers).headers["X-Connector-Error"] == "foreign_origin"


@pytest.mark.parametrize(
    "path",
    ["/sso/c/acs", "/sso/c/logout", "/sso/c/backchannel-logout", "/scim/v2/c/Users", "/oauth/c/token", "/sso/c/confirm/acs"],
)
def test_what_identity_providers_post_proves_itself(site: Site, path: str) -> None:
    """Their messages come from other sites by design; nothing else is exempt."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": IDP}
    refused = site.browser().post(path, headers=headers).headers.get("X-Connector-Error") == "foreign_origin"
    assert refused is (path == "/sso/c/confirm/acs")
