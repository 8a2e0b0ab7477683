"""What sign-ins give and take where no directory is live: groups, attributes, the gate; unknown is not empty."""

from __future__ import annotations

from sqlalchemy import select, update

from connector.directory import traces
from connector.organizations.member_views import TeamPlace
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import by_claims, counted


def test_claims_give_and_take_what_rules_say(database: Database) -> None:
    """Groups that arrive are kept, so that rules can name them; the next sign-in takes what is no longer said."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="engineering")
    door.world.rule(pattern="proj-*", project="{1}")
    door.world.rule(group="Admins", role="admin")
    door.come("ada", groups=("Engineering", "proj-apollo", "Admins"))
    view = door.world.member("ada")
    assert (view.role, view.teams, view.projects) == ("admin", (TeamPlace("engineering", "member"),), ("apollo",))
    door.come("ada", groups=("Engineering",))
    view = door.world.member("ada")
    assert (view.role, view.teams, view.projects) == ("member", (TeamPlace("engineering", "member"),), ())


def test_unknown_is_not_empty(database: Database) -> None:
    """Nothing said of groups changes nothing; an empty list says "none"."""
    door = by_claims(database)
    door.world.rule(group="Engineering", team="engineering")
    door.come("ada", groups=("Engineering",))
    door.come("ada", groups=None)
    assert door.world.member("ada").teams == (TeamPlace("engineering", "member"),)
    door.come("ada", groups=())
    assert door.world.member("ada").teams == ()


def test_groups_that_were_too_many_are_noted_in_the_trace(database: Database) -> None:
    """The person comes in and keeps what they have; the admins read what to do. With a live directory it does not matter."""
    door = by_claims(database)
    door.come("ada", groups=None, groups_overage=True)
    [item] = traces.list_(database, door.world.organization, door.connection).items
    assert (item.stage, item.code) == ("done", "ok")
    assert "pointer instead of the groups" in item.detail
    assert "SCIM" in item.advice


def test_a_rule_added_later_covers_those_who_signed_in_before(database: Database) -> None:
    """And its removal withdraws what it gave, from everybody at once; a preview changes nothing."""
    door = by_claims(database)
    door.come("ada", groups=("Engineering",))
    door.come("bob", groups=("Sales",))
    plan = door.world.propose("add_rule", id="r", connection=door.connection, group="Engineering", team="engineering")
    assert [(change.subject.email, change.target) for change in plan.changes] == [("ada@acme.example", "team:engineering")]
    assert door.world.member("ada").teams == ()
    rule = door.world.rule(group="Engineering", team="engineering")
    assert door.world.member("ada").teams == (TeamPlace("engineering", "member"),)
    assert door.world.reconciled()
    door.world.carry_out("remove_rule", id=rule)
    assert door.world.member("ada").teams == ()


def test_an_attribute_rule_looks_at_the_attributes_of_the_sign_in(database: Database) -> None:
    """Names and values without case."""
    door = by_claims(database)
    door.world.rule(attribute="Department=Research", team="research")
    door.arrive(door.identity("ada", attributes={"department": ("RESEARCH",)}))
    assert door.world.member("ada").teams == (TeamPlace("research", "member"),)


def test_people_alike_in_their_groups_are_told_apart_by_their_attributes(database: Database) -> None:
    """When everybody is decided at once: before there is a rule that looks at attributes, and after."""
    door = by_claims(database)
    for name, department in (("ada", "Research"), ("bob", "Sales"), ("eve", None)):
        said = {} if department is None else {"Department": (department,)}
        door.arrive(door.identity(name, groups=("Staff",), attributes=said))
    door.arrive(door.identity("kim", groups=None))
    door.world.rule(group="Staff", team="staff")
    door.world.rule(attribute="Department=Research", team="research")
    teams = {name: tuple(each.slug for each in door.world.member(name).teams) for name in ("ada", "bob", "eve", "kim")}
    assert teams == {"ada": ("research", "staff"), "bob": ("staff",), "eve": ("staff",), "kim": ()}
    assert door.world.reconciled()


def test_explain_names_group_and_rule_of_a_claim(database: Database) -> None:
    """As for pushed groups."""
    door = by_claims(database)
    rule = door.world.rule(group="Engineering", team="engineering")
    door.come("ada", groups=("Engineering", "Chess"))
    told = door.world.explain("ada")
    [item] = [each for each in told.because if each.target == "team:engineering"]
    assert (item.rule, item.group) == (rule, "Engineering")
    assert any("Chess" in each.reason for each in told.not_)


def test_under_the_gate_nobody_enters_whom_no_rule_matches(database: Database) -> None:
    """And whoever enters through a group stays a member when they lose it."""
    door = by_claims(database)
    door.world.rule(group="Staff", team="staff")
    database.write(lambda tx: tx.execute(update(t.Organization).values(entry_gate=True)))
    before = counted(database)
    assert door.refused(door.identity("eve", groups=("Visitors",))) == "no_matching_group"
    assert door.refused(door.identity("eve", groups=None)) == "no_matching_group"
    assert counted(database) == before
    assert door.come("ada", groups=("Staff",)).joined
    door.come("ada", groups=())
    assert door.world.member("ada").teams == ()


def test_a_claimed_group_that_is_pushed_later_is_the_same_group(database: Database) -> None:
    """Its id and its rules go over; a rule by id made for the claim speaks of the pushed group."""
    door = by_claims(database)
    door.come("ada", groups=("Engineering",))
    door.world.rule(group="Engineering", team="engineering")
    door.world.directory("staging")
    pushed = door.world.group("Engineering", door.world.create("ada"))
    with database.read() as tx:
        assert tx.execute(select(t.ClaimedGroup.id)).scalar_one() == pushed
    door.world.directory("live")
    assert door.world.member("ada").teams == (TeamPlace("engineering", "member"),)
