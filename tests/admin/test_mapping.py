"""Mapping: what groups become is seen beside them, made by picking, looked at before it is applied, and undone."""

from __future__ import annotations

from typing import Any

import pytest

from connector.accounts.sessions import Proof
from connector.directory import known_groups, plans, rule_views, setup_links
from connector.storage.ids import new_id
from tests.support import world
from tests.support.console import BASE, Browser, Console, Shown
from tests.support.statements import statements
from tests.support.world import World

HERE = "/admin/acme/mapping"


@pytest.fixture
def acme(console: Console) -> World:
    """A live directory: ada in Engineering, bob in Sales, and one rule."""
    acme = world.live(console.database)
    acme.group("Engineering", acme.create("ada"))
    acme.group("Sales", acme.create("bob"))
    acme.rule(group="Engineering", team="eng:maintainer")
    return acme


@pytest.fixture
def owner(console: Console, acme: World) -> Browser:
    """The founder."""
    return console.owner(acme)


def rules_of(acme: World) -> set[tuple[str, str, str]]:
    """Every rule: whom it is for, what it gives, at which level."""
    return {(each.match, each.target, each.level) for each in rule_views.list_(acme.database, acme.organization).items}


def test_groups_are_listed_with_their_people_and_what_they_become(acme: World, owner: Browser) -> None:
    """A rule by a pattern says so, and what it gives to this group."""
    acme.rule(pattern="S*", project="{1}-site")
    page = owner.get(HERE)
    assert page.rows == [
        "Engineering 1 team eng as maintainer Remove Add a rule",
        "Sales 1 project ales-site (groups matching S*) Remove Add a rule",
    ]


@pytest.mark.parametrize(
    ("query", "names"), [("q=SAL", ["Sales"]), ("mapped=yes", ["Engineering"]), ("mapped=no", ["Sales"]), ("q=nothing", [])]
)
def test_groups_are_searched_and_filtered(acme: World, owner: Browser, query: str, names: list[str]) -> None:
    """By their name, and by whether a rule is for them."""
    assert [row.split()[0] for row in owner.get(f"{HERE}?{query}").rows] == names


ROLE = {"gives": "role", "role": "admin"}
TEAM = {"gives": "team", "team": "crew", "team_level": "maintainer"}


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ({"who": "group", "group": "sales", **ROLE}, ('group "Sales"', "role", "admin")),
        ({"who": "group", "group": "Still to come", **TEAM}, ('group named "Still to come"', "team:crew", "maintainer")),
        (
            {"who": "pattern", "pattern": "S*", "gives": "team", "team": "x-{1}"},
            ("groups matching S*", "team:x-{1}", "member"),
        ),
        ({"who": "external_id", "external_id": "00g1", **ROLE}, ('group with externalId "00g1"', "role", "admin")),
        (
            {
                "who": "attribute",
                "attribute": "title",
                "value": "Boss",
                "gives": "project",
                "project": "site",
                "project_level": "admin",
            },
            ('title = "Boss"', "project:site", "admin"),
        ),
        ({"who": "everyone", **TEAM}, ("everyone", "team:crew", "maintainer")),
    ],
)
def test_a_rule_is_made_by_picking_looked_at_and_applied(
    acme: World, owner: Browser, form: dict[str, str], rule: tuple[str, str, str]
) -> None:
    """Nothing is made before the plan is applied; then it leads back, with a greeting."""
    before = rules_of(acme)
    plan = owner.submit(owner.get(f"{HERE}/add"), "Look at the plan", **form)
    assert "Add a rule" in plan.words
    assert rules_of(acme) == before
    page = owner.submit(plan, "Add the rule")
    assert rules_of(acme) - before == {rule}
    assert (page.path.partition("?")[0], "It is done" in page.words) == (HERE, True)


def test_a_rule_for_a_group_is_made_from_its_row(acme: World, owner: Browser) -> None:
    """For this very group, whatever it is called later."""
    page = owner.get(owner.get(HERE).link("Add a rule for Sales"))
    assert "The group Sales" in page.words
    owner.submit(owner.submit(page, "Look at the plan", gives="team", team="sales"), "Add the rule")
    assert ('group "Sales"', "team:sales", "member") in rules_of(acme)
    assert acme.member("bob").teams


def test_what_a_rule_would_change_is_shown_while_it_is_made_and_nothing_is_kept(acme: World, owner: Browser) -> None:
    """Person by person and why; the form stays as it was filled in."""
    before = world.rows(acme.database)
    page = owner.submit(owner.get(f"{HERE}/add"), "Preview", who="group", group="Sales", **ROLE)
    assert page.section("plan").startswith("1 changes role.")
    assert page.rows == ['bob@acme.example Role: before member → , then admin In the group "Sales"']
    form = page.form("Look at the plan")
    assert (form.fields["group"], form.fields["who"], form.fields["gives"]) == (["Sales"], ["group"], ["role"])
    assert world.rows(acme.database) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "The rule does not say whom it is for yet."),
        ({"group": "Sales"}, "The rule does not say what it gives yet."),
        ({"group": "Sales", "team": "!!"}, "!!"),
        ({"who": "pattern", "pattern": "(", **TEAM}, '"(" is never closed'),
        ({"group": "Sales", "gives": "role", "role": "owner"}, "Rules do not give the role owner"),
        ({"group": "Engineering", "gives": "team", "team": "eng", "team_level": "maintainer"}, "has the same rule already"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(acme: World, owner: Browser, form: dict[str, str], said: str) -> None:
    """In the preview as a note, at the plan as a refusal."""
    before = rules_of(acme)
    looked = owner.submit(owner.get(f"{HERE}/add"), "Preview", **form)
    assert (looked.status, said in looked.section("plan")) == (200, True)
    refused = owner.submit(owner.get(f"{HERE}/add"), "Look at the plan", **form)
    assert refused.status in (400, 409)
    assert said in refused.words
    sent = refused.form("Look at the plan").fields
    assert {name: sent[name] for name in form} == {name: [value] for name, value in form.items()}
    assert rules_of(acme) == before


def test_a_rule_is_removed_by_a_plan_and_what_it_gave_goes_or_stays(acme: World, owner: Browser) -> None:
    """Kept, it is as if given by hand."""
    page = owner.get(owner.get(HERE).link('Remove the rule: group "Engineering" gives team:eng maintainer'))
    assert "1 person has something by it now." in page.words
    kept = owner.submit(page, "See what will change", what="keep")
    assert "Nobody's access changes." in kept.words
    taken = owner.submit(page, "See what will change", what="withdraw")
    assert "1 place in a team is taken." in taken.words
    owner.submit(taken, "Remove the rule")
    assert (rules_of(acme), acme.member("ada").teams) == (set(), ())


def test_the_last_change_is_undone_by_a_plan_of_its_own(acme: World, owner: Browser) -> None:
    """It is offered with what was done, by whom and when; undone, the undoing is the last change."""
    owner.submit(owner.submit(owner.get(f"{HERE}/add"), "Look at the plan", group="Sales", **TEAM), "Add the rule")
    page = owner.get(HERE)
    assert 'You added the rule: group "Sales" gives team crew as maintainer · just now Undo' in page.words
    assert acme.member("bob").teams
    plan = owner.submit(page, "Undo the last change")
    assert "1 place in a team is taken." in plan.words
    back = owner.submit(plan, "Undo it")
    assert 'You removed the rule: group "Sales" gave team crew as maintainer' in back.words
    assert not acme.member("bob").teams


def test_an_undo_of_something_that_is_not_the_last_any_more_does_nothing(acme: World, owner: Browser) -> None:
    """What was shown is undone, or nothing."""
    page = owner.get(HERE)
    acme.rule(everyone=True, team="all")
    shown = owner.submit(page, "Undo the last change")
    assert "nothing was undone" in shown.words
    assert len(rules_of(acme)) == 2


def test_what_cannot_be_undone_says_why(acme: World, owner: Browser) -> None:
    """There is no button then."""
    gone = acme.group("Gone")
    acme.carry_out("remove_rule", id=acme.rule(group="Gone", team="gone"))
    acme.delete_group(gone)
    page = owner.get(HERE)
    assert "It cannot be undone: The group that it was for is gone." in page.words
    assert "Undo the last change" not in page.buttons


def test_rules_whose_group_is_gone_stand_apart(acme: World, owner: Browser) -> None:
    """With why, and with a way to remove them."""
    acme.rule(group="Sales", team="sales")
    acme.delete_group(next(each.id for each in _groups(acme) if each.name == "Sales"))
    page = owner.get(f"{HERE}/rules")
    assert "Rules whose group is gone" in page.words
    assert 'Group "Sales" gave team sales Remove' in page.words
    assert [row.split()[1] for row in page.rows] == ['"Engineering"']
    plan = owner.submit(owner.get(page.link('Remove the rule for group "Sales"')), "See what will change")
    owner.submit(plan, "Remove the rule")
    assert "Rules whose group is gone" not in owner.get(f"{HERE}/rules").words


def _groups(acme: World) -> Any:
    return known_groups.list_(acme.database, acme.organization, limit=10).items


def test_where_the_first_rule_decides_rules_are_moved(acme: World, owner: Browser) -> None:
    """A move that changes somebody's role is a plan; one that changes nothing is done at once."""
    acme.carry_out("policy", role_strategy="ordered")
    acme.rule(everyone=True, role="admin")
    acme.rule(everyone=True, role="member")
    page = owner.get(f"{HERE}/rules")
    assert [row.split()[:2] for row in page.rows] == [["1", "Group"], ["2", "Everyone"], ["3", "Everyone"]]
    plan = owner.submit(page, "Move up: everyone", 1)
    assert "2 change role." in plan.words
    moved = owner.submit(plan, "Change the order")
    assert next(row for row in moved.rows if "the role" in row).startswith("2 Everyone the role member")
    assert acme.member("ada").role == "member"
    at_once = owner.submit(moved, 'Move down: group "Engineering"')
    assert "It changed nobody's access." in at_once.words
    assert at_once.rows[1].startswith('2 Group "Engineering"')


def test_how_rules_count_is_changed_by_a_plan(acme: World, owner: Browser) -> None:
    """Everything as it is but what was changed."""
    page = owner.get(f"{HERE}/policy")
    assert (page.form("See what will change").fields["role_strategy"], "owner" in page.form("See what will change").fields) == (
        ["highest"],
        False,
    )
    plan = owner.submit(page, "See what will change", role_strategy="ordered", default_role="admin", entry_gate=True)
    assert "2 change role." in plan.words
    owner.submit(plan, "Change it")
    assert acme.member("ada").role == "admin"
    refused = owner.submit(owner.get(f"{HERE}/policy"), "See what will change", top_by_rules=True)
    assert (refused.status, "two who hold owner by hand" in refused.words) == (409, True)


def test_rules_of_a_connection_that_is_not_in_force_say_what_they_would_give(console: Console) -> None:
    """They are kept, and give nothing yet."""
    acme = world.staged(console.database)
    acme.group("Engineering", acme.create("ada"))
    owner = console.as_(world.OWNER)
    assert "gives nothing" not in owner.get(HERE).words
    assert "not in force yet: its rules are kept, and give nothing before it goes live" in owner.get(HERE).words
    page = owner.submit(owner.get(f"{HERE}/add"), "Preview", group="Engineering", team="eng")
    assert "Now nothing: the connection is not in force." in page.section("plan")
    assert page.rows == ['ada@acme.example Team eng : member In the group "Engineering"']
    assert rules_of(acme) == set()


def test_without_groups_the_page_says_how_to_push_one(console: Console) -> None:
    """In the words of this provider; and without a connection, how to begin."""
    acme = world.staged(console.database)
    page = console.as_(world.OWNER).get(HERE)
    assert "No groups yet" in page.words
    assert "Push Groups" in page.words
    acme.carry_out("delete_connection", connection=acme.connection)
    assert "Connect an identity provider first" in console.as_(world.OWNER).get(HERE).words


def test_of_several_connections_each_has_its_own_page(acme: World, owner: Browser) -> None:
    """The one that decides is shown first; of the others it is said that they give nothing."""
    other = acme.another()
    other.group("Design")
    page = owner.get(HERE)
    assert [row.split()[0] for row in page.rows] == ["Engineering", "Sales"]
    second = owner.get(page.link("Entra"))
    assert [row.split()[0] for row in second.rows] == ["Design"]
    assert "give nothing" in second.words
    added = owner.submit(owner.get(second.link("Add a rule for Design")), "Look at the plan", team="design")
    assert owner.submit(added, "Add the rule").rows == ["Design 0 team design Remove Add a rule"]


def test_a_member_has_no_mapping(acme: World, console: Console) -> None:
    """Neither pages nor forms, though their addresses are known."""
    acme.invited("eve@acme.example")
    eve = console.as_("eve@acme.example", Proof("saml", acme.organization, acme.connection))
    shown: list[Shown] = [eve.get(HERE + tail) for tail in ("", "/rules", "/policy", "/add")]
    shown += [eve.post(HERE + tail, {"who": "everyone", **TEAM}) for tail in ("/add", "/undo", "/policy", "/preview")]
    assert {page.status for page in shown} == {403}
    assert len(rules_of(acme)) == 1


def test_whoever_holds_a_set_up_link_maps_the_groups_of_a_draft(console: Console) -> None:
    """Adding and removing by plans; policy and undo are not shown, and rules in force stay closed."""
    acme = world.staged(console.database)
    acme.group("Engineering", acme.create("ada"))
    token = setup_links.create(console.database, acme.organization, base_url=BASE).url.rpartition("/")[2]
    holder = Browser(console.app, None, token)
    plan = holder.submit(holder.get(f"{HERE}/add"), "Look at the plan", group="Engineering", team="eng")
    page = holder.submit(plan, "Add the rule")
    assert page.rows == ["Engineering 1 team eng Remove Add a rule"]
    assert "How rules count" not in page.links
    assert "Undo the last change" not in page.buttons
    removed = holder.submit(
        holder.get(page.link('Remove the rule: group "Engineering" gives team:eng member')), "See what will change"
    )
    assert holder.submit(removed, "Remove the rule").rows == ["Engineering 1 nothing Add a rule"]
    acme.activate()
    assert holder.get(f"{HERE}?connection={acme.connection}").status == 403


def test_in_a_large_organization_the_preview_waits_for_its_button(
    acme: World, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every preview looks at everybody."""
    assert "data-preview" in owner.get(f"{HERE}/add").text
    monkeypatch.setattr(plans, "QUICK", 2)
    page = owner.get(f"{HERE}/add")
    assert "data-preview" not in page.text
    assert "press Preview" in page.words
    assert "1 changes role." in owner.submit(page, "Preview", group="Sales", **ROLE).words


def test_a_page_costs_the_same_however_many_groups_and_rules_there_are(acme: World, owner: Browser) -> None:
    """A constant number of statements."""
    acme.carry_out("rules", rules=[{"connection": acme.connection, "pattern": "G*", "team": "g"}])
    with statements(acme.database.engine) as before:
        owner.get(HERE)
        owner.get(f"{HERE}/rules")
    for number in range(60):
        acme.group(f"G{number}")
    rules = [{"connection": acme.connection, "pattern": f"G{number}*", "team": f"t{number}"} for number in range(60)]
    acme.carry_out("rules", rules=rules)
    with statements(acme.database.engine) as after:
        page = owner.get(HERE)
        owner.get(f"{HERE}/rules")
    assert len(after) <= len(before)
    assert (len(page.rows), len(owner.get(page.link("Next page")).rows)) == (50, 12)


def test_an_address_of_a_rule_that_is_not_there_is_refused_in_the_frame(acme: World, owner: Browser) -> None:
    """Of another organization as of nobody's."""
    theirs = world.live(acme.database, slug="other", verified=("other.example",))
    other = theirs.rule(everyone=True, team="all")
    for rule in (other, new_id()):
        page = owner.get(f"{HERE}/rules/{rule}")
        assert (page.status, page.headers["X-Connector-Error"]) == (404, "rule_not_found")
        assert "Mapping" in page.links
