"""Cursors (RFC 9865): pages of a list that goes on changing, and what is refused."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from typing import Any

import pytest
from scim2_models import Context, EnterpriseUser, ListResponse, User

from connector.errors import Invalid
from connector.scim import paging
from connector.scim.cursors import read_cursor, write_cursor
from connector.scim.search import SEARCH_REQUEST
from connector.storage.database import Database
from tests.scim.answers import found, refused, said
from tests.scim.conftest import Idp, new_idp, small_app
from tests.support.statements import statements

ORDERS = [
    {},
    {"sortBy": "userName"},
    {"sortBy": "userName", "sortOrder": "descending"},
    {"sortBy": "title"},
    {"sortBy": "title", "sortOrder": "descending"},
    {"sortBy": "meta.created"},
    {"sortBy": "active", "sortOrder": "descending"},
    {"sortBy": "urn:acme:params:scim:1.0:User:level"},
    {"sortBy": "urn:acme:params:scim:1.0:User:level", "sortOrder": "descending"},
]
LEVELS: list[Any] = [3, 20, 3.5, -1, "high", True]


def pages(idp: Idp, count: int = 2, path: str = "/Users", **query: str) -> Iterator[dict[str, Any]]:
    """The pages of a list, each asked for when the one before has been looked at."""
    cursor: str | None = ""
    while cursor is not None:
        page = said(idp.get(path, cursor=cursor, count=str(count), **query))
        yield page
        cursor = page.get("nextCursor")


def names(page: dict[str, Any]) -> list[str]:
    """Who is on a page."""
    return [item["userName"] for item in page["Resources"]]


def fill(idp: Idp, many: int) -> list[str]:
    """Make users, of whom some have a title, which several share, and some a level of mixed kinds; returns their names by age."""
    said = [f"user{(number * 7) % many:02}" for number in range(many)]
    for number, name in enumerate(said):
        custom = {"urn:acme:params:scim:1.0:User": {"level": LEVELS[number % 7]}} if number % 7 < len(LEVELS) else {}
        title = {"title": "BA"[number % 2]} if number % 3 else {}
        idp.made("Users", userName=name, active=number % 4 > 0, **title, **custom)
    return said


# --------------------------------------------------------------------------------------------------------------------- the pages


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: " ".join(order.values()) or "age")
def test_the_pages_together_are_the_list(idp: Idp, order: dict[str, str]) -> None:
    """Section 2: whatever the order, with ties, with numbers and texts and with people who have no value, nothing is left out and
    nothing comes twice."""
    fill(idp, 15)
    whole = found(idp.get("/Users", **order))
    assert len(whole) == 15
    for count in (1, 4, 5, 15):
        assert [name for page in pages(idp, count, **order) for name in names(page)] == whole


def test_a_page_says_where_the_next_one_begins(idp: Idp) -> None:
    """Section 2, table 2: nextCursor on every page but the last, of unreserved characters; totalResults is exact; there is no
    startIndex. An outside judge reads them."""
    for number in range(5):
        idp.made("Users", userName=f"user{number}")
    first, second, last = pages(idp, sortBy="userName")
    for page in (first, second):
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", page["nextCursor"])
    assert "nextCursor" not in last
    assert [(page["totalResults"], page["itemsPerPage"], "startIndex" in page) for page in (first, second, last)] == [
        (5, 2, False),
        (5, 2, False),
        (5, 1, False),
    ]
    for page in (first, last):
        ListResponse[User[EnterpriseUser]].model_validate(page, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def test_a_full_last_page_is_the_last(idp: Idp) -> None:
    """Section 2: nextCursor is left out only to say that there is no more; also when a page just fits, or nothing is found."""
    fill(idp, 4)
    assert [len(page["Resources"]) for page in pages(idp)] == [2, 2]
    assert [page["Resources"] for page in pages(idp, filter='userName eq "nobody"')] == [[]]


def test_paging_is_by_index_unless_a_cursor_is_given(idp: Idp) -> None:
    """Section 2.3, `defaultPaginationMethod`: who never heard of cursors is not given any. `cursor` may come without a value."""
    fill(idp, 3)
    page = said(idp.get("/Users", count="1"))
    assert (page["startIndex"], "nextCursor" in page) == (1, False)
    assert "nextCursor" in said(idp.send("GET", "/Users?filter=active%20pr&cursor&count=1"))


@pytest.mark.parametrize("order", ORDERS[:5], ids=lambda order: " ".join(order.values()) or "age")
def test_nobody_is_skipped_or_doubled_while_others_come_and_go(idp: Idp, order: dict[str, str]) -> None:
    """What paging by index cannot: between the pages people before and behind the cursor are deleted, the last one sent too, and
    others are made; who was there all the time is seen once."""
    chance = random.Random(9865)
    fill(idp, 20)
    alive = {user["userName"]: user["id"] for user in said(idp.get("/Users"))["Resources"]}
    stayed, seen = set(alive), []
    for number, page in enumerate(pages(idp, 3, **order)):
        seen += names(page)
        for name in {names(page)[-1], chance.choice(sorted(alive))}:
            idp.send("DELETE", f"/Users/{alive.pop(name)}")
            stayed.discard(name)
        new = idp.made("Users", userName=f"user{chance.randrange(100)}new{number}", title=chance.choice("AB"))
        alive[new["userName"]] = new["id"]
    assert len(seen) == len(set(seen))
    assert stayed <= set(seen)


def test_a_list_of_groups_has_cursors_too(idp: Idp) -> None:
    """Section 2: of every list."""
    for name in ("b", "c", "a"):
        idp.made("Groups", displayName=name)
    listed = [group["displayName"] for page in pages(idp, 1, "/Groups", sortBy="displayName") for group in page["Resources"]]
    assert listed == ["a", "b", "c"]


def test_a_cursor_stays_short(idp: Idp) -> None:
    """It travels in an address, of which servers take about 4,000 characters: the longest name of the widest letters."""
    for end in "ab":
        idp.made("Users", userName="\N{GRINNING FACE}" * 499 + end)
    cursor = said(idp.get("/Users", cursor="", count="1", sortBy="userName"))["nextCursor"]
    assert len(cursor) < 1_600
    assert len(found(idp.get("/Users", cursor=cursor, count="1", sortBy="userName"))) == 1


# ---------------------------------------------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("path", ["/Users/.search", "/.search"])
def test_the_last_page_costs_what_the_first_one_costs(idp: Idp, path: str) -> None:
    """The same number of statements, and the page is found by an index from the cursor on, not by counting rows."""
    fill(idp, 9)
    idp.made("Groups", displayName="Staff")
    database, costs, cursor = idp.database, [], ""
    asked = {"schemas": [SEARCH_REQUEST], "count": 2, "excludedAttributes": ["members"]}
    while True:
        with statements(database.engine) as sent:
            page = said(idp.send("POST", path, {**asked, "cursor": cursor}))
        costs.append(len(sent))
        if "nextCursor" not in page:
            break
        cursor, last = page["nextCursor"], sent
    assert len(costs) == 5
    assert len(set(costs)) == 1
    (listed,) = [statement for statement in last if "LIMIT" in statement]
    plan = explained(database, listed)
    found_by_index = r"connection_id=\? AND id>\?" if database.dialect == "sqlite" else r"Index Cond: .*\(id > "
    assert len(re.findall(found_by_index, plan)) == (2 if path == "/.search" else 1), plan


def explained(database: Database, statement: str) -> str:
    """How the database would run a statement with made-up values, if reading whole tables were dear."""
    with database.engine.connect() as tx:
        if database.dialect == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort"):
                tx.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            filled = re.sub(r"(?:%\(\w+\)s|\$\d+)(?:::(\w+))?", lambda found: f"CAST('1' AS {found[1] or 'INTEGER'})", statement)
            return "\n".join(tx.exec_driver_sql(f"EXPLAIN {filled}").scalars())
        marks = ("1",) * statement.count("?")
        return "\n".join(row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", marks))


# ------------------------------------------------------------------------------------------------------------- what is refused


@pytest.fixture
def cursor(idp: Idp) -> str:
    """A cursor of a list of three, sorted and filtered, one on a page."""
    fill(idp, 3)
    made: str = said(idp.get("/Users", cursor="", count="1", **QUERY))["nextCursor"]
    return made


QUERY = {"sortBy": "userName", "filter": "userName pr"}
OTHERS: list[dict[str, str]] = [
    {"sortBy": "userName"},
    {"filter": "userName pr"},
    {"sortBy": "userName", "filter": "id pr"},
    {"sortBy": "displayName", "filter": "userName pr"},
    {**QUERY, "sortOrder": "descending"},
]


def test_a_cursor_goes_on_with_its_own_query(idp: Idp, cursor: str) -> None:
    """Section 2: the same query but for the cursor. What is shown of each resource may differ; a cursor may be used again."""
    for query in (QUERY, QUERY, {**QUERY, "attributes": "userName"}):
        assert found(idp.get("/Users", cursor=cursor, count="1", **query)) == ["user01"]


@pytest.mark.parametrize("query", OTHERS, ids=lambda query: " ".join(query.values()))
def test_another_query_breaks_a_cursor(idp: Idp, cursor: str, query: dict[str, str]) -> None:
    """Section 2.1: invalidCursor; a position in one list means nothing in another."""
    refused(idp.get("/Users", cursor=cursor, count="1", **query), 400, "invalidCursor")


def test_a_cursor_is_good_in_one_place_only(idp: Idp, cursor: str) -> None:
    """Section 5.2: of another kind of resource, or of another connection, it gives the same refusal as one that was made up."""
    theirs = new_idp(idp.database, "globex")
    answers = [
        idp.get("/Groups", cursor=cursor, count="1", filter="id pr"),
        theirs.get("/Users", cursor=cursor, count="1", **QUERY),
    ]
    answers.append(idp.get("/Users", cursor="made-up", count="1", **QUERY))
    assert len({refused(answer, 400, "invalidCursor") for answer in answers}) == 1


def test_no_letter_of_a_cursor_can_be_changed() -> None:
    """Whoever could put together a position could ask the database to compare what they like."""
    made = write_cursor(("key",), "q", 5, (1, 0.5, "ä", "id"))
    for place, letter in enumerate(made):
        for other in set(string.ascii_letters + string.digits + "-_=") - {letter}:
            with pytest.raises(Invalid) as refusal:
                read_cursor(("key",), "q", made[:place] + other + made[place + 1 :])
            assert refusal.value.code == "invalid_cursor"


@pytest.mark.parametrize("cursor", [" ", "x", "ä", "\x00", "====", "AAAA", "a" * 3000, "😀", "null", "%", "1"])
def test_what_is_no_cursor_is_refused(idp: Idp, cursor: str) -> None:
    """Section 2.1: invalidCursor, never a failure, and what to do is said."""
    assert "empty cursor" in refused(idp.get("/Users", cursor=cursor), 400, "invalidCursor")


def test_a_new_secret_key_leaves_old_cursors_alone_until_the_old_one_goes() -> None:
    """The first of CONNECTOR_SECRET_KEY seals, all are tried: keys can be changed while lists are read."""
    made = write_cursor(("old",), "q", 5, (1, 0.5, "ä", "id"))
    assert read_cursor(("new", "old"), "q", made) == (5, (1, 0.5, "ä", "id"))
    assert made != write_cursor(("new", "old"), "q", 5, (1, 0.5, "ä", "id"))


def test_with_another_key_a_cursor_is_not_ours(idp: Idp, cursor: str) -> None:
    """When the key is gone, so are its cursors: the list is begun again."""
    app = small_app(idp.database)
    app.extensions["connector"].settings.secret_keys = ("another",)
    other = Idp(app.test_client(), idp.connection_id, idp.token, idp.database)
    refused(other.get("/Users", cursor=cursor, count="1", **QUERY), 400, "invalidCursor")


@pytest.mark.parametrize("count", ["x", "", "1.5", "-1", "9" * 5000])
def test_with_a_cursor_count_is_taken_at_its_word(idp: Idp, count: str) -> None:
    """Section 2.1: invalidCount; without a cursor RFC 7644 section 3.4.2.4 reads a negative one as 0."""
    refused(idp.get("/Users", cursor="", count=count), 400, "invalidCount")


def test_the_pages_of_a_list_have_one_size(idp: Idp, cursor: str) -> None:
    """Section 2: count too stays as it was, or is invalidCount, and the refusal says what it was."""
    for count in ({"count": "2"}, {}):
        assert "a count of 1" in refused(idp.get("/Users", cursor=cursor, **count, **QUERY), 400, "invalidCount")


def test_more_than_a_page_holds_is_cut(idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 4, maxPageSize: regardless of what count says; the next page is asked for with the same count."""
    monkeypatch.setattr(paging, "MAX_PAGE", 2)
    whole = fill(idp, 5)
    assert [names(page) for page in pages(idp, 5_000)] == [whole[:2], whole[2:4], whole[4:]]


def test_a_count_of_nothing_gives_the_total(idp: Idp) -> None:
    """RFC 7644 section 3.4.2.4: no resource is sent, so there is no place to go on from."""
    fill(idp, 3)
    page = said(idp.get("/Users", cursor="", count="0"))
    assert (page["totalResults"], page["Resources"], "nextCursor" in page) == (3, [], False)


def test_a_list_is_paged_in_one_way_at_a_time(idp: Idp) -> None:
    """Section 2.3: startIndex asks for one way and cursor for the other; to pass over one of them would be a wrong page."""
    refused(idp.get("/Users", cursor="", startIndex="1"), 400, "invalidValue")
