"""The page of a plan: what will happen is looked at, person by person, and applied as it was looked at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from connector.accounts.sessions import Proof
from connector.admin import plans as pages
from connector.directory import plan_lines, plans
from connector.membership.model import AccessChange, Subject
from connector.storage import tables as t
from connector.storage.ids import new_id
from tests.support.console import Browser, Console
from tests.support.statements import statements
from tests.support.world import OWNER, World, live


@pytest.fixture
def acme(console: Console) -> World:
    """A live directory: ada and bob in Engineering, cleo in no group."""
    acme = live(console.database)
    acme.group("Engineering", *(acme.create(name, displayName=f"{name.title()} of Acme") for name in ("ada", "bob")))
    acme.create("cleo")
    return acme


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.owner(acme)


def plan_of(acme: World, kind: str = "add_rule", **given: Any) -> str:
    """The address of a stored plan; without more, of a rule that makes everybody in Engineering an admin."""
    rule = {"id": new_id(), "connection": acme.connection, "group": "Engineering", "role": "admin"}
    plan = plans.propose(acme.database, acme.organization, kind, given or rule)
    return f"/admin/acme/plans/{plan.digest}?back=/mapping"


def test_a_plan_says_what_changes_for_whom_and_why(acme: World, owner: Browser) -> None:
    """In one sentence, then person by person, by name, with what they have and will have; nothing has happened yet."""
    page = owner.get(plan_of(acme))
    assert "2 change role. 2 people in all." in page.words
    assert page.rows == [
        f'{name.title()} of Acme {name}@acme.example Role: before member → , then admin In the group "Engineering"'
        for name in ("ada", "bob")
    ]
    assert acme.member("ada").role == "member"


def test_an_address_does_not_call_a_plan_what_it_is_not(acme: World, owner: Browser) -> None:
    """Whoever mails one cannot have a rule added by a button that says undo."""
    plan = plan_of(acme).partition("&words")[0]
    for words in ("undo", "restore", "disable"):
        page = owner.get(f"{plan}&words={words}")
        assert page.tree.findtext(".//h1") == "Add a rule"
        assert "Add the rule" in page.buttons


def test_it_is_applied_and_leads_back_to_where_it_came_from(acme: World, owner: Browser) -> None:
    """With a greeting there."""
    page = owner.submit(owner.get(plan_of(acme)), "Add the rule")
    assert (page.path, page.status) == ("/admin/acme/mapping?done=applied", 200)
    assert "It is done" in page.words
    assert acme.member("ada").role == "admin"


def test_a_second_click_changes_nothing_and_says_so(acme: World, owner: Browser) -> None:
    """The page of the plan then says when it was applied and by whom, and has no button any more."""
    page = owner.get(plan_of(acme))
    owner.submit(page, "Add the rule")
    before = len(acme.audit())
    again = owner.submit(page, "Add the rule")
    assert "This plan was applied." in again.words
    assert f"by {OWNER}" in again.words
    assert "Add the rule" not in again.buttons
    assert len(acme.audit()) == before


def test_what_changed_meanwhile_is_shown_before_anything_is_applied(acme: World, owner: Browser) -> None:
    """How the new plan differs is said and marked; that one is applied then."""
    page = owner.get(plan_of(acme))
    dan = acme.create("dan")
    acme.put_in(_group(acme), dan)
    shown = owner.submit(page, "Add the rule")
    assert "Something changed since you looked, so nothing was applied." in shown.words
    assert "1 change is new; they are marked below." in shown.words
    assert next(row for row in shown.rows if "New" in row).startswith("Dan dan@acme.example")
    assert acme.member("ada").role == "member"
    owner.submit(shown, "Add the rule")
    assert {acme.member(name).role for name in ("ada", "bob", "dan")} == {"admin"}


def _group(acme: World) -> str:
    with acme.database.read() as tx:
        return str(tx.execute(t.DirectoryGroup.__table__.select()).one().id)


def test_a_digest_that_can_be_none_leads_nowhere(owner: Browser) -> None:
    """Not into a header either."""
    page = owner.post("/admin/acme/plans/a%0Ab/apply")
    assert (page.status, page.location) == (404, "")


def test_a_plan_of_yesterday_is_computed_anew(acme: World, owner: Browser) -> None:
    """It says that it is too old, has no button to apply it, and one to make it again."""
    path = plan_of(acme)
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.StoredPlan).values(expires_at=datetime.now(UTC) - timedelta(hours=1)))
    old = owner.get(path)
    assert "This plan is too old to be applied." in old.words
    assert "Add the rule" not in old.buttons
    anew = owner.submit(old, "Compute it anew")
    assert "too old" not in anew.words
    assert owner.submit(anew, "Add the rule").path.startswith("/admin/acme/mapping")
    assert acme.member("ada").role == "admin"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["ada", "bob", "cleo"]),
        ("&q=ADA", ["ada"]),
        ("&q=nobody", []),
        ("&kind=role_changed", ["ada", "bob", "cleo"]),
        ("&kind=team_taken", ["ada", "bob"]),
        ("&kind=team_taken&q=bob", ["bob"]),
        ("&kind=join", []),
        ("&kind=nonsense", ["ada", "bob", "cleo"]),
    ],
)
def test_people_are_found_by_address_and_by_what_changes(acme: World, owner: Browser, query: str, shown: list[str]) -> None:
    """All that changes for somebody who is found is shown."""
    acme.rule(group="Engineering", team="eng")
    everybody = [{"connection": acme.connection, "everyone": True, "role": "admin"}]
    page = owner.get(plan_of(acme, "rules", rules=everybody) + query)
    found = [re.findall(r"(\w+)@acme", row)[0] for row in page.rows]
    assert sorted(found) == shown
    assert all(("eng" in row) == (not row.startswith("Cleo")) for row in page.rows)


def test_who_is_held_back_is_said_and_why(acme: World, console: Console) -> None:
    """The last owner stays, though the identity provider says otherwise."""
    dan = acme.create("dan")
    acme.owner("dan")
    acme.owner_on_leave()
    acme.edit(dan, active=False)
    through = Proof("saml", acme.organization, acme.connection)
    words = console.as_("dan@acme.example", through).get(plan_of(acme, "rules", rules=None)).words
    assert "Held back dan@acme.example: the last owner stays" in words


def test_what_happens_to_the_organization_is_said(acme: World, console: Console) -> None:
    """Beside what changes for people."""
    owner = console.as_(OWNER, Proof("email_link"), Proof("break_glass", acme.organization))
    words = owner.get(plan_of(acme, "mode", mode="invitation")).words
    assert "Go back to invitations" in words
    assert "Members come by invitation from then on" in words


def test_every_kind_of_plan_has_words() -> None:
    """A heading and what stands on its button."""
    assert set(plans.VERBS) <= set(pages.WORDS)


def test_a_member_sees_no_plan(acme: World, console: Console) -> None:
    """Nor whether there is one."""
    acme.invited("eve@acme.example")
    eve = console.as_("eve@acme.example", Proof("saml", acme.organization, acme.connection))
    pages = [eve.get(path) for path in (plan_of(acme), f"/admin/acme/plans/{'f' * 64}")]
    assert [(page.status, page.headers["X-Connector-Error"]) for page in pages] == [(403, "permission_missing")] * 2


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/../../evil", "javascript:alert(1)"])
def test_a_plan_leads_back_to_a_page_of_the_organization_and_nowhere_else(acme: World, owner: Browser, back: str) -> None:
    """Whatever its address says."""
    page = owner.get(plan_of(acme).replace("back=/mapping", f"back={back}"))
    assert page.link("Cancel").startswith("/admin/acme")
    assert "evil.example/" not in page.link("Cancel")


def test_a_large_plan_is_read_in_pages_and_says_how_long_it_takes(acme: World, owner: Browser) -> None:
    """Each page has fifty people, and costs the same number of statements as that of a small one."""
    path = plan_of(acme)
    with statements(acme.database.engine) as of_small:
        owner.get(path)
    _enlarge(acme, 12_000)
    with statements(acme.database.engine) as of_large:
        page = owner.get(path)
    assert len(of_large) == len(of_small)
    assert "12,000 places in teams are given." in page.words
    assert "Applying takes about 5 seconds." in page.words
    assert (page.rows[0].split()[0], len(page.rows)) == ("p0@acme.example", 50)
    following = owner.get(page.link("Next page"))
    assert (following.rows[0].split()[0], len(following.rows)) == ("p50@acme.example", 50)
    found = owner.get(f"{path}&q=p11999@")
    assert [row.split()[0] for row in found.rows] == ["p11999@acme.example"]
    assert "1 of 12,000 people" in found.words


def _enlarge(acme: World, size: int) -> None:
    """Give the stored plan this many lines, without the people."""
    because = ('IdP group "All" -> rule 1 -> team:all',)
    changes = (AccessChange(Subject(new_id(), f"p{at}@acme.example"), "team:all", None, "member", because) for at in range(size))
    told = {"summary": {"people": size}, "withheld": [], "notes": [], "took": 1.5, "lines": plan_lines.packed(changes)}
    with acme.database.engine.begin() as tx:
        tx.execute(update(t.StoredPlan).values(changes=told))
