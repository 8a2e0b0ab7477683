"""The audit trail and the events over HTTP: ON-14, with pages, filters and files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from connector.organizations.audit_export import COLUMNS
from connector.provisioning.relay import relay
from connector.storage import tables as t
from connector.storage.ids import new_id
from tests.api.cast import Cast, cast
from tests.support.api import Api

AUDIT, EXPORT, EVENTS = "/api/orgs/acme/audit", "/api/orgs/acme/audit/export", "/api/orgs/acme/events"


@pytest.fixture
def acme(api: Api) -> Cast:
    """An onet organization: owner, editor, viewer and guest; three teams were made."""
    acme = cast(api, "onet", eve="editor", vic="viewer", gus="guest")
    for name in ("Red", "Green", "Blue"):
        acme.owner.post("/api/orgs/acme/teams", {"name": name}).ok()
    return acme


def wrote(acme: Cast, **said: Any) -> None:
    """One entry, with these values."""
    row = {"id": new_id(), "organization_id": acme.organization, "at": datetime.now(UTC), "actor": "operator", "action": "a.b"}
    rest = {"target": "x", "before": None, "after": None, "because": ["one", "two"], "address": None}
    with acme.api.database.engine.begin() as tx:
        tx.execute(insert(t.AuditEntry).values({**row, **rest, **said}))


def test_an_entry_says_who_what_when_and_the_details(acme: Cast) -> None:
    """Newest first; what a person did is theirs, with the address it came from."""
    newest = acme.owner.get(AUDIT).ok()["items"][0]
    assert set(newest) == set(COLUMNS)
    assert (newest["actor"], newest["action"], newest["target"]) == ("owner@acme.example", "team.created", "team:blue")
    assert (newest["before"], newest["after"]["name"], newest["address"]) == (None, "Blue", "127.0.0.1")
    assert newest["at"].endswith("Z")


def test_pages_follow_each_other_in_both_orders(acme: Cast) -> None:
    """The whole trail, whatever the length of a page."""
    newest = acme.owner.everything(AUDIT, limit=2)
    oldest = acme.owner.everything(AUDIT, limit=3, order="oldest")
    assert newest == oldest[::-1] == acme.owner.get(AUDIT, limit=200).ok()["items"]
    assert oldest[0]["action"] == "organization.created"


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ({"actor": "owner@acme.example"}, ["team:blue", "team:green", "team:red"]),
        ({"action": "team.", "q": "GREEN"}, ["team:green"]),
        ({"target": "team:red"}, ["team:red"]),
        ({"target": "team:red", "until": "2000-01-01T00:00:00Z"}, []),
        ({"action": "team.", "since": "2000-01-01T00:00:00+05:30", "order": "oldest"}, ["team:red", "team:green", "team:blue"]),
    ],
)
def test_entries_are_searched(acme: Cast, query: dict[str, Any], targets: list[str]) -> None:
    """What is asked together holds together, in pages and in files."""
    assert [each["target"] for each in acme.owner.get(AUDIT, **query).ok()["items"]] == targets
    filters = {name: said for name, said in query.items() if name != "order"}
    text = acme.owner.get(EXPORT, **filters).text
    assert sorted(json.loads(line)["target"] for line in text.splitlines()) == sorted(targets)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"since": "yesterday"}, "query_invalid"),
        ({"since": "2026-01-01T00:00:00"}, "query_invalid"),
        ({"since": "0001-01-01T00:00:00Z"}, "query_invalid"),
        ({"until": "9999-12-31T23:59:59Z"}, "query_invalid"),
        ({"order": "sideways"}, "query_invalid"),
        ({"limit": "0"}, "query_invalid"),
        ({"limit": "201"}, "query_invalid"),
        ({"q": ""}, "query_invalid"),
        ({"colour": "red"}, "query_invalid"),
        ({"cursor": "nonsense"}, "cursor_invalid"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(acme: Cast, query: dict[str, Any], code: str) -> None:
    """With the place of what is wrong."""
    acme.owner.get(AUDIT, **query).refused(400, code)


def test_a_file_of_lines_has_every_entry_oldest_first(acme: Cast) -> None:
    """One JSON object each, the same as in pages; with a name to keep it under."""
    answer = acme.owner.get(EXPORT)
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert told == acme.owner.everything(AUDIT, order="oldest")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="audit-{datetime.now(UTC):%Y-%m-%d}.ndjson"'


FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(acme: Cast, text: str) -> None:
    """What an identity provider wrote into a name does not run in the spreadsheet of an admin; everything else stays as it is."""
    wrote(acme, target=text, after={"name": text, "n": True}, actor='Zoë "Z", Ltd.')
    answer = acme.owner.get(EXPORT, format="csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    header, *_, last = csv.reader(io.StringIO(answer.text, newline=""))
    cells = dict(zip(header, last, strict=True))
    assert header == list(COLUMNS)
    assert (cells["target"], cells["actor"], cells["because"]) == (f"'{text}", 'Zoë "Z", Ltd.', "one; two")
    assert (json.loads(cells["after"]), cells["before"], cells["address"]) == ({"name": text, "n": True}, "", "")


@pytest.mark.parametrize("path", [AUDIT, EXPORT, EVENTS])
def test_the_trail_is_for_the_owner_here(acme: Cast, path: str) -> None:
    """ON-14: a guest, a viewer and an editor are refused; strangers find nothing; a key must be for it."""
    for name in ("eve", "vic", "gus"):
        acme[name].get(path).refused(403, "permission_missing")
    acme.api.as_("stranger@x.example").get(path).refused(404, "organization_not_found")
    acme.api.nobody().get(path).refused(401, "signed_out")
    acme.key("owner", "org.read").get(path).refused(403, "scope_missing")
    assert acme.key("owner", "audit.read").get(path).status == 200


def test_reading_leaves_no_entry(acme: Cast) -> None:
    """The export is not a change either."""
    before = acme.audit()
    for path in (AUDIT, EXPORT, EVENTS):
        acme.owner.get(path)
    assert acme.audit() == before


def test_events_are_followed_without_gap(acme: Cast) -> None:
    """From the first on, in steps, until there is no more; then the next thing that happens."""
    relay(acme.api.database)
    numbers: list[int] = []
    after = 0
    while True:
        answer = acme.owner.get(EVENTS, after=after, limit=4).ok()
        if not answer["items"]:
            break
        numbers += [each["sequence"] for each in answer["items"]]
        after = answer["next_after"]
    assert numbers == list(range(1, len(numbers) + 1))
    acme.owner.post("/api/orgs/acme/teams", {"name": "White"}).ok()
    assert acme.owner.get(EVENTS, after=after).ok() == {"items": [], "next_after": after}
    relay(acme.api.database)
    [event] = acme.owner.get(EVENTS, after=after).ok()["items"]
    assert (event["sequence"], event["kind"], event["payload"]["target"]) == (after + 1, "team.created", "team:white")
    assert [each["kind"] for each in acme.owner.get(EVENTS, kind="team.").ok()["items"]] == ["team.created"] * 4


def test_a_follower_that_comes_too_late_is_told_so(acme: Cast) -> None:
    """It missed something, and has to know."""
    relay(acme.api.database)
    with acme.api.database.engine.begin() as tx:
        tx.execute(t.OutboxEvent.__table__.delete().where(t.OutboxEvent.sequence < 3))  # type: ignore[attr-defined]
    assert acme.owner.get(EVENTS, after=1).refused(410, "events_swept")["expected"] == "after=2 or later"
    for wrong in ("-1", "x", str(2**53)):
        acme.owner.get(EVENTS, after=wrong).refused(400, "query_invalid")
