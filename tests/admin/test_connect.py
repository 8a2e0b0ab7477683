"""The wizard that connects an identity provider: each step says how far it is, tells what to do, and does what its form says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from connector.directory import connections, progress, sign_on, tokens, trial_record
from connector.directory.progress import Progress
from connector.organizations import mine, organizations
from connector.outbound.fetch import Fetcher
from connector.saml.metadata import read_metadata
from connector.storage.database import Database
from connector.storage.sealing import Sealer
from idp_fixtures.saml.metadata import metadata
from idp_fixtures.saml.vendors import VENDORS
from tests.oidc.provider import Provider, answered, serving
from tests.support.console import BASE, Browser, Console, Shown
from tests.support.world import OWNER, World, staged

XML = metadata(VENDORS["okta"]).decode()
ISSUER = VENDORS["okta"].issuer


@pytest.fixture
def acme(console: Console) -> Browser:
    """The founder of an organization that has no connection yet, signed in by link."""
    organizations.create(console.database, "acme", "Acme", OWNER)
    return console.as_(OWNER)


@pytest.fixture
def openid(console: Console) -> Iterator[Provider]:
    """An OpenID provider on loopback, which the installation may reach."""
    house = console.app.extensions["connector"]
    console.app.extensions["connector"] = replace(house, fetcher=Fetcher(True))
    with serving() as provider:
        yield provider
    console.app.extensions["connector"] = house


def begun(acme: Browser, idp: str = "okta", by: str = "saml", name: str = "Okta") -> str:
    """Choose a provider and begin; returns the path of the wizard."""
    page = acme.submit(acme.get(f"/admin/acme/connections/new?idp={idp}"), "Begin the set-up", by=by, name=name)
    return page.path.partition("?")[0]


def told(acme: Browser, path: str, **fields: Any) -> Shown:
    """Give what the provider says of itself."""
    page = acme.get(f"{path}/identity-provider")
    return acme.submit(page, "Read it", **fields)


def test_the_empty_list_says_what_a_connection_is_good_for(acme: Browser) -> None:
    """And leads to the grid."""
    page = acme.get("/admin/acme/connections")
    assert "Let people sign in with their work account" in page.words
    assert page.link("Connect an identity provider") == "/admin/acme/connections/new"


@pytest.mark.parametrize(
    ("typed", "found"),
    [("azure", "Microsoft Entra ID"), ("G Suite", "Google Workspace"), ("keycloak", "Any SAML"), ("ping", "PingOne")],
)
def test_the_search_of_the_grid_knows_other_names_too(acme: Browser, typed: str, found: str) -> None:
    """Names that providers had, and programs that people run themselves; who is not found gets the two for all."""
    page = acme.submit(acme.get("/admin/acme/connections/new"), "Search", q=typed)
    assert found in page.section("results")
    assert "JumpCloud" not in page.section("results")
    none = acme.get("/admin/acme/connections/new?q=nobody")
    assert none.link("Any SAML") == "/admin/acme/connections/new?idp=generic&by=saml"


def test_choosing_makes_one_draft_however_often_it_is_sent(console: Console, acme: Browser) -> None:
    """A second click and a reload lead to the same connection."""
    form = acme.get("/admin/acme/connections/new?idp=okta").form("Begin the set-up")
    first, second = (acme.post(form.action, form.fields) for _ in range(2))
    assert first.status == 303
    assert first.location == second.location
    assert len(connections.list_(console.database, _home(console.database), base_url=BASE).items) == 1
    listed = acme.get("/admin/acme/connections")
    assert "Draft" in listed.words
    assert listed.link("Next: Set up sign-in at Okta").endswith("/setup/sign-on")


def test_a_name_that_cannot_be_keeps_what_was_chosen(acme: Browser) -> None:
    """The refusal stands above the form."""
    page = acme.submit(acme.get("/admin/acme/connections/new?idp=okta"), "Begin the set-up", by="oidc", name="   ")
    assert page.status == 400
    assert "Expected:" in page.words
    assert page.form("Begin the set-up").fields["by"] == ["oidc"]


def test_the_steps_of_the_provider_hold_our_addresses(acme: Browser) -> None:
    """In its own words, with the click path; the other protocol is one click away, and stays chosen until something is told."""
    path = begun(acme)
    page = acme.get(f"{path}/sign-on")
    connection = path.split("/")[4]
    assert f"{BASE}/sso/{connection}/acs" in page.words
    assert "Audience URI (SP Entity ID)" in page.words
    assert "Create App Integration" in page.words
    other = acme.get(page.link("OpenID Connect"))
    assert f"{BASE}/sso/{connection}/callback" in other.words
    asked = acme.get(other.link("Next: Tell us about Okta"))
    assert {"oidc_issuer", "client_id", "client_secret"} <= asked.form("Read it").known


@pytest.mark.parametrize("way", ["pasted", "file"])
def test_metadata_are_read_and_shown(acme: Browser, way: str) -> None:
    """Pasted, or as a file: issuer, address and certificates with their ends."""
    path = begun(acme)
    given: dict[str, Any] = {"metadata_paste": XML} if way == "pasted" else {"metadata_file": (BytesIO(XML.encode()), "m.xml")}
    page = told(acme, path, **given)
    assert "What we know of Okta" in page.words
    assert ISSUER in page.words
    assert "was read" in page.words
    steps = acme.get(path).words
    assert f"Tell us about Okta Done SAML, issuer {ISSUER}" in steps


def told_openid(acme: Browser, path: str, **fields: Any) -> Shown:
    """Give what belongs to an OpenID provider."""
    page = acme.get(f"{path}/identity-provider?by=oidc")
    return acme.submit(page, "Read it", client_id="0oa1", client_secret="s3cret-of-ours", **fields)


def test_metadata_that_cannot_be_read_are_refused_with_what_was_typed(acme: Browser) -> None:
    """And with advice in the provider's words; nothing is kept."""
    path = begun(acme)
    page = told(acme, path, metadata_paste="<html>Sign in</html>")
    assert page.status == 400
    assert page.form("Read it").fields["metadata_paste"] == ["<html>Sign in</html>"]
    assert "At Okta:" in page.words
    assert "We do not know how to reach Okta yet." in acme.get(path).words


def test_an_openid_provider_is_told_and_its_secret_never_shown(acme: Browser, openid: Provider) -> None:
    """A second time without the secret keeps it, also while the provider is out of order: then that is the problem shown."""
    path = begun(acme, by="oidc")
    page = told_openid(acme, path, oidc_issuer=openid.issuer)
    assert openid.issuer in page.words
    assert "was read" in page.words
    assert "kept sealed" in page.words
    openid.instead["/.well-known/openid-configuration"] = answered({}, 404)
    again = acme.submit(page, "Read it again", client_id="0oa2", client_secret="")
    assert "Problem:" in again.words
    assert "was read" not in again.words
    assert "0oa2" in again.words
    assert "kept sealed" in again.words
    assert "s3cret" not in page.text + again.text


@pytest.mark.parametrize("wrong", ["another", "silent"])
def test_an_issuer_that_is_wrong_is_not_kept(acme: Browser, openid: Provider, wrong: str) -> None:
    """One that names itself differently, and one that does not answer: the problem first, the form with what was typed."""
    path = begun(acme, by="oidc")
    if wrong == "silent":
        openid.instead["/.well-known/openid-configuration"] = answered({}, 404)
    typed = f"{openid.issuer}/" if wrong == "another" else openid.issuer
    page = told_openid(acme, path, oidc_issuer=typed)
    assert (page.status, "Problem:" in page.words, "Good:" in page.words) == (422, True, False)
    assert page.form("Read it").fields["oidc_issuer"] == [typed]
    assert "We do not know how to reach Okta yet." in acme.get(path).words


def test_what_is_kept_and_is_a_problem_does_not_look_like_success(acme: Browser, openid: Provider) -> None:
    """The step is not ticked there, nothing is greeted, and the form is open."""
    openid.described["code_challenge_methods_supported"] = ["plain"]
    page = told_openid(acme, begun(acme, by="oidc"), oidc_issuer=openid.issuer)
    assert "does not know the code challenge S256" in page.words
    assert ("was read" in page.words, "Good:" in page.words, "Tell it anew" in page.words) == (False, False, False)
    assert "Tell us about Okta , to do" in page.section("course-steps")


def test_userinfo_is_asked_for_by_a_box_or_after_a_test_that_lacked_something(acme: Browser, openid: Provider) -> None:
    """The box says how it is; the button of the test leads to the next one."""
    path = begun(acme, by="oidc")
    told_openid(acme, path, oidc_issuer=openid.issuer)
    house = acme.app.extensions["connector"]
    database, connection = house.database, path.split("/")[4]
    assert "Ask UserInfo as well, then test again" not in acme.get(f"{path}/test").buttons
    arrived(database, connection, house.sealer, passed=False, code="email_missing", email=None)
    form = acme.get(f"{path}/test").form("Ask UserInfo as well, then test again")
    assert acme.post(form.action).location.startswith(f"{BASE}/sso/{connection}/test?token=")
    page = acme.get(f"{path}/identity-provider")
    assert page.form("Read it again").fields["userinfo"] == ["yes"]
    assert "Ask UserInfo as well, then test again" not in acme.get(f"{path}/test").buttons
    page = acme.submit(page, "Read it again", userinfo=None)
    assert "userinfo" not in page.form("Read it again").fields


def test_the_protocol_that_was_chosen_stays(acme: Browser) -> None:
    """Through all steps, all links among them, and forms that are sent on the way; the second step can change it too."""
    path = begun(acme, "okta", "oidc")
    page = acme.get(f"{path}?by=oidc")
    among = [each for each in page.links.values() if f"{path}/" in each]
    assert len(among) >= 9
    assert [each for each in among if not each.endswith("?by=oidc")] == []
    page = acme.submit(acme.get(f"{path}/domain?by=oidc"), "Add the domain", domain="robots.example")
    page = acme.submit(acme.get(page.link("6 Turn groups into roles and teams , optional")), "Add the rule", gives="role:admin")
    page = acme.get(page.link("2 Tell us about Okta , to do"))
    assert "oidc_issuer" in page.form("Read it").known
    assert "metadata_url" in acme.get(page.link("SAML 2.0")).form("Read it").known


def test_the_token_is_shown_once_and_stands_in_the_steps(console: Console, acme: Browser) -> None:
    """The same form sent again shows the same token, and makes no other."""
    path = begun(acme)
    page = acme.get(f"{path}/provisioning")
    assert "There is no token yet." in page.section("heard")
    form = page.form("Make the token")
    first, second = (acme.post(form.action, form.fields) for _ in range(2))
    token = first.words.partition("cnt_scim_")[2].split()[0]
    assert second.words.count(f"cnt_scim_{token}") == first.words.count(f"cnt_scim_{token}") == 2
    later = acme.get(f"{path}/provisioning")
    assert token not in later.text
    assert f"…{token[-4:]}" in later.words
    assert "Nothing was heard from Okta yet." in later.section("heard")
    assert len(tokens.list_(console.database, _home(console.database), path.split("/")[4]).items) == 1


def test_what_was_pushed_shows_by_itself(console: Console) -> None:
    """The part that looks again every few seconds tells how many there are."""
    acme = staged(console.database)
    acme.group("Engineering", acme.create("ada"), acme.create("grace"))
    page = console.as_(OWNER).get(_path(acme, "provisioning"))
    assert "3 changes, 2 people, 1 group." in page.section("heard")
    assert page.tree.get_element_by_id("heard").get("data-live") == "3"


def test_a_provider_that_pushes_nothing_says_what_that_means(acme: Browser) -> None:
    """And asks for no token."""
    path = begun(acme, "google", "oidc", "Google")
    page = acme.get(f"{path}/provisioning")
    assert "nobody tells us when somebody leaves" in page.words
    assert "Make the token" not in page.buttons


def test_the_test_leads_to_the_provider_by_a_link_of_its_own(acme: Browser) -> None:
    """In a new tab, once both sides know each other."""
    path = begun(acme)
    assert "First both sides have to know each other" in acme.get(f"{path}/test").words
    told(acme, path, metadata_paste=XML)
    form = acme.get(f"{path}/test").form("Start the test sign-in, in a new tab")
    answer = acme.post(form.action)
    assert answer.location.startswith(f"{BASE}/sso/{path.split('/')[4]}/test?token=")


def test_the_result_of_a_test_is_explained_in_the_words_of_the_provider(console: Console) -> None:
    """Who it was, what arrived, what is missing and what to do there; it shows by itself until it counts."""
    acme = staged(console.database)
    configured(acme)
    page = console.as_(OWNER).get(_path(acme, "test"))
    assert page.tree.get_element_by_id("tested").get("data-live") == "3"
    trial(acme, passed=False, code="email_missing", email=None)
    page = console.as_(OWNER).get(_path(acme, "test"))
    assert "something is missing" in page.section("tested")
    assert "At Okta:" in page.section("tested")
    assert "It does not count for going live yet." in page.section("tested")
    trial(acme)
    page = console.as_(OWNER).get(_path(acme, "test"))
    assert "The test sign-in worked" in page.section("tested")
    assert "data-live" not in page.tree.get_element_by_id("tested").attrib


def test_rules_are_made_by_picking_a_group(console: Console) -> None:
    """Of those that were pushed, or everybody; what was typed stays when it cannot be."""
    acme = staged(console.database)
    acme.group("Engineering", acme.create("ada"))
    owner = console.as_(OWNER)
    page = owner.get(_path(acme, "groups"))
    assert page.rows == ["Engineering 1 nothing yet"]
    page = owner.submit(page, "Add the rule", gives="team", team="")
    assert (page.status, "Name the team." in page.words) == (400, True)
    page = owner.submit(page, "Add the rule", gives="team", team="engineering")
    assert 'group "Engineering" gives team engineering' in page.words
    assert page.rows == ["Engineering 1 team engineering"]
    assert _progress(acme).rules == 1


def test_going_live_is_looked_at_first_and_then_done(console: Console) -> None:
    """What is missing is said; then the plan; then what now happens, and where people sign in."""
    acme = staged(console.database)
    acme.create("ada")
    acme.invited("eva@else.example")
    owner = console.as_(OWNER)
    page = owner.submit(owner.get(_path(acme, "go-live")), "See what would change")
    assert (page.status, "not set up for signing in" in page.words) == (409, True)
    configured(acme)
    trial(acme)
    page = owner.get(_path(acme, "go-live"))
    assert "eva@else.example" in page.words
    assert "the founder becomes one. If that is you" in page.words
    page = owner.submit(page, "See what would change", handing="hand-over")
    assert "/plans/" in page.path
    assert "ada@acme.example" in page.words
    page = owner.submit(page, "Go live")
    assert page.path.startswith(_path(acme, "go-live"))
    assert "Acme opens through its identity provider" in page.words
    assert page.link("Sign in through Okta").startswith(f"/sso/{acme.connection}/login?next=%2Fadmin%2Facme%2Fconnections")
    assert page.link("come in by a recovery code").startswith("/login/recovery?next=%2Fadmin%2Facme%2Fconnections")
    assert acme.member("ada").status == "active"
    page = console.owner(acme).get(_path(acme, "go-live"))
    assert "Okta is in force." in page.words
    assert "You are a break-glass owner" in page.words
    assert page.link("sign in through Okta") == f"{BASE}/sso/{acme.connection}/login"
    assert f"{BASE}/login" in page.words


def test_a_break_glass_owner_is_named_on_the_way(console: Console) -> None:
    """By the address of a member; others are refused with what was typed."""
    acme = staged(console.database)
    owner = console.as_(OWNER)
    page = owner.get(_path(acme, "break-glass"))
    refused = owner.submit(page, "Name a break-glass owner", email="nobody@acme.example")
    assert refused.status == 404
    assert refused.form("Name a break-glass owner").fields["email"] == ["nobody@acme.example"]
    named = owner.submit(page, "Name a break-glass owner", email=OWNER)
    assert "They are a break-glass owner now." in named.words
    there = owner.get(named.link(f"Print codes of {OWNER}"))
    codes = owner.submit(there, f"Make codes for {OWNER}")
    assert "Copy all the codes" in codes.buttons
    assert codes.link("← Back to the set-up") == _path(acme, "break-glass")
    assert "← Back to the set-up" not in owner.get("/admin/acme/break-glass?back=//evil.example").links


def test_every_page_of_the_wizard_is_for_who_may_manage_sign_in_alone(console: Console) -> None:
    """A member finds the refusal in the frame, not the page."""
    acme = staged(console.database)
    acme.invited("bob@acme.example")
    bob = console.as_("bob@acme.example")
    tails = (
        "",
        "/values",
        "/sign-on",
        "/identity-provider",
        "/domain",
        "/provisioning",
        "/test",
        "/groups",
        "/break-glass",
        "/go-live",
    )
    for path in ("/admin/acme/connections", "/admin/acme/domains", *(f"{_path(acme)}{tail}" for tail in tails)):
        page = bob.get(path)
        assert (page.status, page.headers["X-Connector-Error"]) == (403, "permission_missing"), path


# ------------------------------------------------------------------------------------------------------------------ help


def _home(database: Database) -> str:
    found = mine.named(database, "acme")
    assert found
    return found.id


def _path(acme: World, tail: str = "") -> str:
    return f"/admin/acme/connections/{acme.connection}/setup" + (f"/{tail}" if tail else "")


def _progress(acme: World) -> Progress:
    return progress.show(acme.database, acme.organization, acme.connection, base_url=BASE)


def configured(acme: World) -> None:
    """Both sides know each other."""
    sign_on.configure_saml(acme.database, acme.connection, read_metadata(XML.encode(), datetime.now(UTC)).side)


def trial(acme: World, *, passed: bool = True, code: str = "", email: str | None = OWNER) -> None:
    """A test sign-in came back, as its page keeps it."""
    arrived(acme.database, acme.connection, Sealer(["k" * 43]), passed=passed, code=code, email=email)


def arrived(database: Database, connection: str, sealer: Sealer, *, passed: bool, code: str, email: str | None) -> None:
    """The same of a connection that the wizard began."""
    found = sign_on.load(database, sealer, connection, BASE)
    level = "ok" if passed else "problem"
    findings = [{"level": level, "sentence": "No e-mail address arrived." if code else "Good.", "advice": "", "code": code}]
    said = {"subject": "00u1", "email": email, "groups": ["Engineering"], "attributes": ["email"], "role": "member", "teams": []}
    trial_record.record_trial(
        database, found, passed=passed, email=email, result={**said, "findings": findings}, now=datetime.now(UTC)
    )
