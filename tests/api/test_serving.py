"""What every operation does by itself: what arrives is checked, answers have versions and pages, requests are done once.

Told at teams, which have all of it.
"""

from __future__ import annotations

from functools import partial

import pytest

from connector.accounts.sessions import Proof
from connector.api.paging import read_cursor, write_cursor
from connector.errors import Invalid
from connector.organizations import break_glass
from tests.accounts.people import acme_in_sso, organization, suspend
from tests.support.api import Api, Client
from tests.support.racing import race

ADA = "ada@acme.example"
TEAMS = "/api/orgs/acme/teams"


@pytest.fixture
def ada(api: Api) -> Client:
    """The owner of acme, in a browser."""
    organization(api.database, "acme", ADA)
    return api.as_(ADA)


def names(client: Client, path: str = TEAMS) -> list[str]:
    """The names of all teams."""
    return [each["name"] for each in client.everything(path)]


# ------------------------------------------------------------------------------------------------------------ what arrives


BODIES: list[tuple[str, str, str]] = [
    ("{", "", "This is no JSON"),
    ('"text"', "", ""),
    ("[]", "", ""),
    ("{}", "/name", "Field required"),
    ('{"name": 7}', "/name", "string"),
    ('{"name": null}', "/name", "string"),
    ('{"name": "a", "extra": 1}', "/extra", "Extra"),
    ('{"name": "a\\u0000b"}', "/name", "cannot be kept"),
    ('{"name": "\\ud800"}', "", "JSON"),
    ('{"name": "a", "a/b~c": "\\u0000"}', "/a~1b~0c", "cannot be kept"),
    ('{"name": "a", "n": 9007199254740992}', "/n", "too large"),
    ('{"name": "a", "n": 1e999}', "/n", "no number"),
    ('{"name": "a", "n": NaN}', "/n", "no number"),
    ('{"name": "a", "n": {"\\u0000": 1}}', "/n", "cannot be kept"),
    ('{"n": ' + "[" * 500 + "]" * 500 + "}", "", "JSON"),
]


@pytest.mark.parametrize(("body", "pointer", "detail"), BODIES, ids=[body[:32] for body, _, _ in BODIES])
def test_a_body_that_is_not_taken_is_told_by_its_place(ada: Client, body: str, pointer: str, detail: str) -> None:
    """As a JSON Pointer (RFC 6901); nothing is made."""
    told = ada.post(TEAMS, data=body.encode()).refused(400, "body_invalid")
    assert told["errors"][0]["pointer"] == pointer
    assert detail in told["errors"][0]["detail"]
    assert names(ada) == []


def test_what_was_sent_is_not_repeated(ada: Client) -> None:
    """A secret may have been typed into the wrong field."""
    for body in ({"name": ["hunter2hunter2"]}, {"name": "a", "slug": 7, "password": "hunter2hunter2"}):
        assert "hunter2" not in ada.post(TEAMS, body).text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", ""])
def test_bodies_are_json_and_say_so(ada: Client, kind: str) -> None:
    """A form of another site could not say so without being asked first (CORS), beside where it comes from."""
    ada.post(TEAMS, data=b'{"name": "a"}', headers={"Content-Type": kind}).refused(415, "content_type")


def test_a_body_may_say_its_charset(ada: Client) -> None:
    """JSON is UTF-8 in any case (RFC 8259 section 8.1)."""
    told = {"Content-Type": "application/json; charset=utf-8"}
    assert ada.post(TEAMS, data='{"name": "Jülich"}'.encode(), headers=told).ok()["name"] == "Jülich"
    ada.post(TEAMS, data='{"name": "Jülich"}'.encode("latin-1"), headers=told).refused(400, "body_invalid")


def test_too_large_a_body_is_refused_unread(ada: Client) -> None:
    """413, in the form of every refusal."""
    ada.post(TEAMS, data=b" " * (2 * 1024 * 1024 + 1)).refused(413, "request_entity_too_large")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=ten", "limit=1&limit=2", "limits=1", "cursor=a%00b", "%00=1", "limit="]
)
def test_a_query_that_is_not_taken(ada: Client, query: str) -> None:
    """Unknown parameters are not passed over: a misspelt filter would answer with everything."""
    ada.get(f"{TEAMS}?{query}").refused(400, "query_invalid")


def test_a_parameter_where_none_is_taken(ada: Client) -> None:
    """A single thing has no page."""
    made = ada.post(TEAMS, {"name": "Art"}).ok()
    ada.get(f"{TEAMS}/{made['id']}?limit=1").refused(400, "query_invalid")
    ada.post(f"{TEAMS}?dry=1", {"name": "Art"}).refused(400, "query_invalid")


@pytest.mark.parametrize("path", [f"{TEAMS}/a%00b", "/api/orgs/a%00b/teams", "/api/none", "/api", "/api/orgs/acme/teams/"])
def test_addresses_that_there_are_not(ada: Client, path: str) -> None:
    """Refused in the same form, also with what no database can keep."""
    told = ada.get(path, headers={"Accept": "text/html"})
    assert (told.status, told.json["code"], told.headers["Content-Type"]) == (404, "not_found", "application/problem+json")


def test_a_method_that_there_is_not(ada: Client) -> None:
    """405 with those there are (RFC 9110 section 15.5.6)."""
    told = ada.put(TEAMS, {})
    assert (told.status, told.json["code"]) == (405, "method_not_allowed")
    assert set(told.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_head_is_get_without_a_body(ada: Client) -> None:
    """RFC 9110 section 9.3.2."""
    told = ada.send("HEAD", TEAMS)
    assert (told.status, told.text, told.headers["Content-Type"]) == (200, "", "application/json")


def test_every_answer_is_kept_by_nobody_and_is_what_it_says(ada: Client) -> None:
    """Refusals too; the description alone may be kept."""
    for path in (TEAMS, "/api/me", "/api/none", f"{TEAMS}?limit=0"):
        told = ada.get(path).headers
        assert (told["Cache-Control"], told["X-Content-Type-Options"]) == ("no-store", "nosniff")
        assert "Access-Control-Allow-Origin" not in told


def test_a_refusal_says_what_arrived_what_was_expected_and_what_to_do(ada: Client) -> None:
    """RFC 9457; `detail`, `expected` and `advice` each on their own."""
    told = ada.post(TEAMS, {"name": "a", "slug": "A B"}).refused(400, "slug_invalid")
    assert (told["type"], told["title"], told["status"]) == ("about:blank", "Bad Request", 400)
    assert told["detail"].endswith(".")
    assert not told["expected"].endswith(".")
    assert told["reference"]


def test_another_sites_page_cannot_use_the_cookie(ada: Client) -> None:
    """Browsers say where a request comes from."""
    ada.having(Sec_Fetch_Site="cross-site").post(TEAMS, {"name": "a"}).refused(403, "foreign_origin")
    ada.having(Origin="http://localhost:8000").post(TEAMS, {"name": "a"}).refused(403, "foreign_origin")
    ada.having(Sec_Fetch_Site="same-origin", Origin="http://127.0.0.1:8000").post(TEAMS, {"name": "a"}).ok()


# ------------------------------------------------------------------------------------------------------------------- pages


def test_a_list_is_read_page_by_page(ada: Client) -> None:
    """Each once, in order, whatever comes and goes meanwhile; `Link` leads on (RFC 8288)."""
    made = [ada.post(TEAMS, {"name": f"Team {number}"}).ok() for number in range(5)]
    first = ada.get(TEAMS, limit=2)
    assert [each["name"] for each in first.json["items"]] == ["Team 0", "Team 1"]
    ada.delete(f"{TEAMS}/{made[1]['id']}").ok()
    ada.post(TEAMS, {"name": "Team 5"}).ok()
    link = first.headers["Link"].removeprefix("<http://127.0.0.1:8000").removesuffix('>; rel="next"')
    second = ada.get(link)
    assert [each["name"] for each in second.json["items"]] == ["Team 2", "Team 3"]
    last = ada.get(TEAMS, limit=2, cursor=second.json["next_cursor"])
    assert ([each["name"] for each in last.json["items"]], last.json["next_cursor"]) == (["Team 4", "Team 5"], None)
    assert "Link" not in last.headers


def test_a_cursor_belongs_to_its_list(api: Api, ada: Client) -> None:
    """Of another list, or changed, it is refused; so is what was never one."""
    organization(api.database, "beta", ADA)
    for number in range(2):
        ada.post(TEAMS, {"name": f"Team {number}"}).ok()
    cursor = ada.get(TEAMS, limit=1).json["next_cursor"]
    ada.get("/api/orgs/beta/teams", cursor=cursor).refused(400, "cursor_invalid")
    for odd in ("", "x", cursor[:-1], "A" + cursor[1:], cursor + "=", "ä", "AAAAAAAAAAAA"):
        ada.get(TEAMS, cursor=odd).refused(400, "cursor_invalid")


@pytest.mark.parametrize("key", ["a", "0195-ü", "~" * 300])
def test_a_cursor_leads_back_to_its_key(key: str) -> None:
    """And its letters need no escaping."""
    cursor = write_cursor("/api/x", key)
    assert read_cursor("/api/x", cursor) == key
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
    with pytest.raises(Invalid, match="not one that this list"):
        read_cursor("/api/y", cursor)


# ---------------------------------------------------------------------------------------------------------------- versions


def test_what_is_known_is_not_sent_again(ada: Client) -> None:
    """304 with the entity tag, and no body (RFC 9110 section 13.1.2)."""
    made = ada.post(TEAMS, {"name": "Art"})
    path = f"{TEAMS}/{made.json['id']}"
    tag = made.headers["ETag"]
    assert ada.get(path).headers["ETag"] == tag
    assert tag.startswith('"')
    known = ada.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (known.status, known.text, known.headers["ETag"]) == (304, "", tag)
    ada.patch(path, {"name": "Arts"}).ok()
    assert ada.get(path, headers={"If-None-Match": tag}).ok()["name"] == "Arts"


@pytest.mark.parametrize("known", ['"other"', "W/{}", "other", ""])
def test_nobody_writes_over_what_they_have_not_seen(ada: Client, known: str) -> None:
    """A weak tag never matches (RFC 9110 section 13.1.1)."""
    made = ada.post(TEAMS, {"name": "Art"})
    path = f"{TEAMS}/{made.json['id']}"
    said = {"If-Match": known.format(made.headers["ETag"])}
    ada.patch(path, {"name": "Arts"}, headers=said).refused(412, "version_mismatch")
    ada.delete(path, headers=said).refused(412, "version_mismatch")
    assert names(ada) == ["Art"]


def test_a_change_of_what_was_seen_is_made_and_has_a_version_of_its_own(ada: Client) -> None:
    """The answer's tag is good for the next change; `*` is whatever there is."""
    made = ada.post(TEAMS, {"name": "Art"})
    path = f"{TEAMS}/{made.json['id']}"
    changed = ada.patch(path, {"name": "Arts"}, headers={"If-Match": made.headers["ETag"]})
    assert changed.ok()["name"] == "Arts"
    ada.patch(path, {"name": "Crafts"}, headers={"If-Match": made.headers["ETag"]}).refused(412, "version_mismatch")
    ada.patch(path, {"name": "Crafts"}, headers={"If-Match": f'"x", {changed.headers["ETag"]}'}).ok()
    ada.delete(path, headers={"If-Match": "*"}).ok()


def test_of_two_who_change_the_same_version_one_is_refused(api: Api, ada: Client) -> None:
    """The version is compared in the transaction that changes it."""
    made = ada.post(TEAMS, {"name": "Art"})
    path, said = f"{TEAMS}/{made.json['id']}", {"If-Match": made.headers["ETag"]}
    answers, _ = race([partial(ada.patch, path, {"name": name}, headers=said) for name in ("Arts", "Crafts")])
    assert sorted(each.status for each in answers) == [200, 412]


# --------------------------------------------------------------------------------------------------------------- only once


def test_a_request_sent_again_is_answered_as_before(ada: Client) -> None:
    """One thing is made. The answer is told to be one of before."""
    once = ada.having(Idempotency_Key="one")
    first, again = once.post(TEAMS, {"name": "Art"}), once.post(TEAMS, {"name": "Art"})
    assert (again.status, again.text, again.headers["ETag"]) == (first.status, first.text, first.headers["ETag"])
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert names(ada) == ["Art"]


def test_a_key_is_good_for_one_request(ada: Client) -> None:
    """Another body under it is a mistake; a refused request has used nothing up."""
    once = ada.having(Idempotency_Key="one")
    once.post(TEAMS, {"name": "Art", "slug": "A B"}).refused(400, "slug_invalid")
    once.post(TEAMS, {"name": "Art"}).ok()
    once.post(TEAMS, {"name": "Arts"}).refused(409, "idempotency_key_reused")


def test_a_key_belongs_to_who_sent_it_and_to_where(api: Api, ada: Client) -> None:
    """Somebody else's answer is never told; a key of hers is another sender than she in a browser."""
    organization(api.database, "beta", ADA)
    ada.having(Idempotency_Key="one").post(TEAMS, {"name": "Art"}).ok()
    ada.having(Idempotency_Key="one").post("/api/orgs/beta/teams", {"name": "Art"}).ok()
    for workspace in ("acme", "beta"):
        here = ada.having(Idempotency_Key="two", X_Workspace=workspace)
        here.post("/api/orgs/~current/teams", {"name": "Ovens"}).ok()
    api.key(ADA).having(Idempotency_Key="one").post(TEAMS, {"name": "Art"}).ok()
    assert names(ada) == ["Art", "Ovens", "Art"]
    assert names(ada, "/api/orgs/beta/teams") == ["Art", "Ovens"]


def test_who_may_no_longer_is_not_told_the_answer_of_before(api: Api, ada: Client) -> None:
    """Who may is judged first."""
    once = ada.having(Idempotency_Key="one")
    once.post(TEAMS, {"name": "Art"}).ok()
    home = ada.get("/api/me").ok()["organizations"][0]["id"]
    suspend(api.database, home, api.person(ADA))
    once.post(TEAMS, {"name": "Art"}).refused(404, "organization_not_found")


def test_two_at_the_same_moment_make_one_thing(ada: Client) -> None:
    """And get one answer."""
    once = ada.having(Idempotency_Key="one")
    answers, _ = race([lambda: once.post(TEAMS, {"name": "Art"}) for _ in range(4)])
    assert {each.status for each in answers} == {201}
    assert len({each.text for each in answers}) == 1
    assert names(ada) == ["Art"]


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "ä"])
def test_keys_that_cannot_be_used(ada: Client, key: str) -> None:
    """1 to 255 visible ASCII characters."""
    ada.having(Idempotency_Key=key).post(TEAMS, {"name": "a"}).refused(400, "idempotency_key_invalid")


# ---------------------------------------------------------------------------------------------------------- which is meant


def test_the_current_organization_is_the_one_somebody_works_in(api: Api, ada: Client) -> None:
    """The header first, then the session, then the only one there is."""
    here = "/api/orgs/~current/teams"
    ada.post(here, {"name": "Art"}).ok()
    organization(api.database, "beta", ADA)
    ada.get(here).refused(404, "organization_not_found")
    ada.put("/api/me/workspace", {"organization": "beta"}).ok()
    assert names(ada, here) == []
    assert names(ada.having(X_Workspace="acme"), here) == ["Art"]
    ada.having(X_Workspace="~personal").get(here).refused(404, "organization_not_found")


def test_a_workspace_that_does_not_open_is_refused_and_not_replaced(api: Api, ada: Client) -> None:
    """Whether it is there or not, and also when the session had it; an address that names its organization does not ask."""
    here = "/api/orgs/~current/teams"
    organization(api.database, "other")
    for name in ("other", "none", "%00"):
        ada.having(X_Workspace=name).get(here).refused(403, "workspace_closed")
    assert ada.having(X_Workspace="other").get(TEAMS).ok()
    beta = organization(api.database, "beta", ADA)
    ada.put("/api/me/workspace", {"organization": "beta"}).ok()
    suspend(api.database, beta, api.person(ADA))
    ada.get(here).refused(403, "workspace_closed")


def test_a_key_works_in_its_organization(api: Api) -> None:
    """Without being told to, in either mode."""
    home, _ = acme_in_sso(api.database)
    organization(api.database, "beta", "owner@acme.example")
    key = api.key("owner@acme.example", organization=home.organization)
    key.post("/api/orgs/~current/teams", {"name": "Art"}).ok()
    assert names(key) == ["Art"]
    key.get("/api/orgs/beta/teams").refused(404, "organization_not_found")


def test_who_is_not_in_an_organization_learns_nothing_of_it(api: Api, ada: Client) -> None:
    """What is there and what is not get the same answer, but for its reference."""
    bob = api.as_("bob@acme.example")
    told = [bob.get(f"/api/orgs/{name}/teams").refused(404, "organization_not_found") for name in ("acme", "none")]
    assert {**told[0], "reference": ""} == {**told[1], "reference": ""}


def test_break_glass_opens_its_organization(api: Api) -> None:
    """And is not what the personal workspace opens to."""
    home, _ = acme_in_sso(api.database)
    break_glass.add(api.database, home.organization, "owner@acme.example")
    owner = api.as_("owner@acme.example", Proof("break_glass", home.organization))
    owner.post(TEAMS, {"name": "Art"}).ok()
    owner.patch("/api/me", {"name": "x"}).refused(403, "personal_closed")
