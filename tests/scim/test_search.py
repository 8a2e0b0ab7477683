"""Queries by POST (RFC 7644 section 3.4.3), over one kind of resource and over all of them (section 3.4.2.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from scim2_models import Context, EnterpriseUser, Group, ListResponse, User

from connector.scim.search import SEARCH_REQUEST
from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp, new_idp
from tests.scim.samples import CUSTOM, ENTERPRISE
from tests.support.heard import heard
from tests.support.statements import statements


def search(idp: Idp, path: str = "/.search", /, **asked: Any) -> list[str]:
    """The names that a search finds, in its order."""
    return found(idp.send("POST", path, message(**asked)))


def message(**asked: Any) -> dict[str, Any]:
    """A SearchRequest."""
    return {"schemas": [SEARCH_REQUEST], **asked}


@pytest.fixture
def crowd(idp: Idp) -> Idp:
    """Three people and three groups, in this order of age: ann, Beta, cid, Delta, Eve, fox; ann and Eve are in Delta."""
    ann = idp.made("Users", userName="ann", displayName="Zoe", title="Boss", **{ENTERPRISE: {"department": "Sales"}})
    idp.made("Groups", displayName="Beta", externalId="x")
    idp.made("Users", userName="cid", externalId="x", active=False)
    delta = idp.made("Groups", displayName="Delta", members=[{"value": ann["id"]}])
    eve = idp.made("Users", userName="Eve", displayName="Carol", groups=[{"value": delta["id"]}])
    idp.made("Groups", displayName="fox", members=[{"value": eve["id"]}])
    return idp


# ------------------------------------------------------------------------------------------------------------------ one kind

SAME: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("/Users", {}, {}),
    ("/Groups", {}, {}),
    ("/Users", {"filter": 'userName eq "ANN"'}, {"filter": 'userName eq "ANN"'}),
    ("/Users", {"attributes": ["userName", "emails.value"]}, {"attributes": "userName,emails.value"}),
    ("/Users", {"attributes": "userName, title"}, {"attributes": "userName,title"}),
    ("/Groups", {"excludedAttributes": ["members"]}, {"excludedAttributes": "members"}),
    ("/Users", {"sortBy": "displayName", "sortOrder": "descending"}, {"sortBy": "displayName", "sortOrder": "descending"}),
    ("/Users", {"startIndex": 2, "count": 1}, {"startIndex": "2", "count": "1"}),
    ("/Users", {"startIndex": -2, "count": -1}, {"startIndex": "-2", "count": "-1"}),
    ("/Users", {"cursor": "", "count": 1, "sortBy": "userName"}, {"cursor": "", "count": "1", "sortBy": "userName"}),
    ("/Users", {"SORTBY": "userName", "startindex": 2, "Count": 1}, {"sortBy": "userName", "startIndex": "2", "count": "1"}),
    ("/Users", {"filter": None, "count": None, "attributes": [], "domain": "x"}, {}),
]


@pytest.mark.parametrize(("path", "asked", "query"), SAME, ids=[f"{path} {asked}" for path, asked, _ in SAME])
def test_a_search_answers_what_the_get_answers(crowd: Idp, path: str, asked: dict[str, Any], query: dict[str, str]) -> None:
    """Section 3.4.3: the same parameters in a message, the same ListResponse; names in any case, null as good as absent."""
    answer = crowd.send("POST", f"{path}/.search", message(**asked))
    assert answer.status_code == 200
    assert said(answer) == said(crowd.get(path, **query))


def test_a_search_goes_on_with_a_cursor(crowd: Idp) -> None:
    """RFC 9865 section 3: nextCursor of one search is the cursor of the next, or of a GET of the same query."""
    asked = {"sortBy": "userName", "count": 1}
    first = said(crowd.send("POST", "/Users/.search", message(cursor="", **asked)))
    assert search(crowd, "/Users/.search", cursor=first["nextCursor"], **asked) == ["cid"]
    assert found(crowd.get("/Users", sortBy="userName", count="1", cursor=first["nextCursor"])) == ["cid"]


def test_what_stands_in_the_address_of_a_search_is_not_looked_at(crowd: Idp) -> None:
    """Section 3.4.3: parameters are sent in the body, so that they stand in no log of addresses."""
    address = "/Users/.search?" + urlencode({"filter": 'userName eq "ann"', "count": 1})
    assert found(crowd.send("POST", address, message())) == ["ann", "cid", "Eve"]


WRONG: list[tuple[Any, str]] = [
    ({}, "invalidSyntax"),
    ({"schemas": []}, "invalidSyntax"),
    ({"schemas": SEARCH_REQUEST}, "invalidSyntax"),
    ({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}, "invalidSyntax"),
    ([], "invalidSyntax"),
    (message(attributes=5), "invalidValue"),
    (message(attributes=[5]), "invalidValue"),
    (message(excludedAttributes={"a": 1}), "invalidValue"),
    (message(attributes=["userName"], excludedAttributes=["title"]), "invalidValue"),
    (message(filter=5), "invalidValue"),
    (message(filter=["userName pr"]), "invalidValue"),
    (message(filter=""), "invalidFilter"),
    (message(filter="nope pr"), "invalidFilter"),
    (message(sortBy=["userName"]), "invalidValue"),
    (message(sortBy="nope"), "invalidValue"),
    (message(sortOrder=True), "invalidValue"),
    (message(sortOrder="up"), "invalidValue"),
    (message(startIndex="1"), "invalidValue"),
    (message(startIndex=1.5), "invalidValue"),
    (message(count=True), "invalidValue"),
    (message(count="10"), "invalidValue"),
    (message(cursor=5), "invalidValue"),
    (message(cursor="x"), "invalidCursor"),
    (message(cursor="", count=-1), "invalidCount"),
    (message(cursor="", startIndex=1), "invalidValue"),
]


@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search"])
@pytest.mark.parametrize(("body", "kind"), WRONG, ids=[str(body) for body, _ in WRONG])
def test_a_search_that_cannot_be_read_is_400(idp: Idp, path: str, body: Any, kind: str) -> None:
    """Sections 3.4.3 and 3.12: the message says what it is, and each parameter is of its kind."""
    refused(idp.send("POST", path, body), 400, kind)


@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search"])
def test_a_search_is_a_post(idp: Idp, path: str) -> None:
    """Section 3.4.3: 405 for anything else, and POST in Allow; nothing but resources is searched."""
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = idp.send(method, path)
        refused(answer, 405)
        assert answer.headers["Allow"] == "POST"
    for other in ("/Schemas/.search", "/Bulk/.search", "/.search/.search"):
        assert idp.send("POST", other, message()).status_code in (404, 405)


def test_a_refused_search_is_called_so_in_the_log(idp: Idp) -> None:
    """The admin sees what was asked for, and not that something was to be created."""
    for path in ("/.search", "/Users/.search", "/Groups/.search"):
        idp.send("POST", path, {})
    told = [item.meaning for item in heard(idp.database, idp.connection_id)]
    assert told == ["search users and groups", "search users", "search groups"]


# ------------------------------------------------------------------------------------------------------------------ all kinds

EVERYBODY = ["ann", "Beta", "cid", "Delta", "Eve", "fox"]
FILTERS: list[tuple[str, list[str]]] = [
    ('meta.resourceType eq "User"', ["ann", "cid", "Eve"]),
    ('(meta.resourceType eq "User") or (meta.resourceType eq "Group")', EVERYBODY),
    ('externalId eq "x"', ["Beta", "cid"]),
    ('displayName sw "c" or displayName sw "d"', ["Delta", "Eve"]),
    ('userName co "e"', ["Eve"]),
    ("userName pr", ["ann", "cid", "Eve"]),
    ("not (userName pr)", ["Beta", "Delta", "fox"]),
    ('userName ne "ann"', ["Beta", "cid", "Delta", "Eve", "fox"]),
    ("members pr", ["Delta", "fox"]),
    ('members[display sw "zo"]', ["Delta"]),
    ('groups[display eq "delta"]', ["ann"]),
    ("active eq false", ["cid"]),
    ('name.familyName pr or emails[type eq "work"]', []),
    (f'{ENTERPRISE}:department eq "sales"', ["ann"]),
    (f"not ({ENTERPRISE}:department pr)", ["Beta", "cid", "Delta", "Eve", "fox"]),
    (f"{CUSTOM}:level pr", []),
]


@pytest.mark.parametrize(("text", "names"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter_goes_over_all_kinds(crowd: Idp, text: str, names: list[str]) -> None:
    """Section 3.4.2.1: an attribute that one kind does not have counts as unassigned there; the oldest come first."""
    assert search(crowd, filter=text) == names


ORDERS: list[tuple[str, list[str]]] = [
    ("displayName", ["Beta", "Eve", "Delta", "fox", "ann", "cid"]),
    ("userName", ["ann", "cid", "Eve", "Beta", "Delta", "fox"]),
    ("externalId", ["Beta", "cid", "ann", "Delta", "Eve", "fox"]),
    ("members.display", ["fox", "Delta", "ann", "Beta", "cid", "Eve"]),
    ("groups", ["ann", "Eve", "Beta", "cid", "Delta", "fox"]),
    ("meta.resourceType", ["Beta", "Delta", "fox", "ann", "cid", "Eve"]),
    ("meta.created", EVERYBODY),
    (f"{ENTERPRISE}:department", ["ann", "Beta", "cid", "Delta", "Eve", "fox"]),
]


@pytest.mark.parametrize(("sort_by", "names"), ORDERS, ids=[sort_by for sort_by, _ in ORDERS])
def test_an_order_goes_across_all_kinds(crowd: Idp, sort_by: str, names: list[str]) -> None:
    """Sections 3.4.2.1 and 3.4.2.3: one list, sorted as one, and paged as one, by index and by cursor."""
    assert search(crowd, sortBy=sort_by) == names
    assert search(crowd, sortBy=sort_by, sortOrder="descending") == names[::-1]
    assert [search(crowd, sortBy=sort_by, startIndex=start, count=2) for start in (1, 3, 5, 7)] == [
        names[:2],
        names[2:4],
        names[4:],
        [],
    ]
    assert walked(crowd, sortBy=sort_by) == names
    assert walked(crowd, sortBy=sort_by, sortOrder="descending") == names[::-1]


def test_a_late_page_may_be_of_one_kind_alone(crowd: Idp) -> None:
    """Section 3.4.2.4: the pages before were of the same kind, so that nothing of the other stands between."""
    for number in range(6):
        crowd.made("Users", userName=f"u{number}")
    assert search(crowd, sortBy="userName", startIndex=7, count=2) == ["u3", "u4"]
    assert search(crowd, sortBy="userName", sortOrder="descending", startIndex=10, count=2) == ["Eve", "cid"]


def walked(idp: Idp, **asked: Any) -> list[str]:
    """The names that come by cursor, a page of two at a time."""
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = idp.send("POST", "/.search", message(cursor=cursor, count=2, **asked))
        names += found(answer)
        cursor = said(answer).get("nextCursor")
    return names


def test_resources_of_all_kinds_are_shown_as_each_is(crowd: Idp) -> None:
    """Section 3.4.2: the same resource as its own endpoint gives, with groups and members; an outside judge reads the mixture."""
    body = said(crowd.send("POST", "/.search", message()))
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (6, 1, 6)
    for item in body["Resources"]:
        assert item == said(crowd.get(item["meta"]["location"].removeprefix(crowd.base)))
    ListResponse[User[EnterpriseUser] | Group].model_validate(body, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def test_attributes_are_chosen_of_each_kind(crowd: Idp) -> None:
    """Section 3.9: a name that one kind does not have chooses nothing there."""
    asked = message(attributes=["userName", "members.value"], filter='displayName sw "d" or userName eq "ann"')
    ann, delta = said(crowd.send("POST", "/.search", asked))["Resources"]
    assert ann.keys() == {"schemas", "id", "userName"}
    assert delta.keys() == {"schemas", "id", "members"}
    without = said(crowd.send("POST", "/.search", message(excludedAttributes=["members", "groups"])))["Resources"]
    assert not any(item.keys() & {"members", "groups"} for item in without)


@pytest.mark.parametrize(
    "asked", [{"filter": "nope pr"}, {"filter": 'userName eq "a" and nope eq 1'}, {"filter": "meta.version pr"}]
)
def test_an_attribute_that_no_kind_has_is_refused(crowd: Idp, asked: dict[str, str]) -> None:
    """C11: a condition that cannot be asked is never dropped."""
    refused(crowd.send("POST", "/.search", message(**asked)), 400, "invalidFilter")


def test_a_search_stays_in_its_connection(crowd: Idp) -> None:
    """C34: what another organization was pushed is not there, in lists and in totals."""
    theirs = new_idp(crowd.database, "globex")
    theirs.made("Users", userName="ann")
    theirs.made("Groups", displayName="Delta")
    assert search(theirs) == ["ann", "Delta"]
    assert search(crowd) == EVERYBODY


def test_a_search_costs_the_same_however_much_it_finds(crowd: Idp) -> None:
    """No statement per resource, and as many over all kinds for 6 as for 30."""
    with statements(crowd.database.engine) as few:
        search(crowd)
    for number in range(12):
        user = crowd.made("Users", userName=f"u{number}")
        crowd.made("Groups", displayName=f"g{number}", members=[{"value": user["id"]}])
    with statements(crowd.database.engine) as many:
        assert len(search(crowd)) == 30
    assert len(many) == len(few)
