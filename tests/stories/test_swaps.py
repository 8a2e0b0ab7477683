"""Moving from one identity provider to another, and out of a live directory (DESIGN section 5): what stays and what goes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from connector.directory import rule_views
from connector.errors import Conflict
from connector.storage import tables as t
from connector.storage.database import Database
from tests.sign_in.arrivals import by_claims
from tests.support import world
from tests.support.world import OWNER, World


def directories(acme: World) -> dict[str, tuple[str, str]]:
    """State and directory of each connection, by its name."""
    with acme.database.read() as tx:
        found = tx.execute(select(t.Connection.name, t.Connection.state, t.Connection.directory))
        return {row.name: (row.state, row.directory) for row in found}


def _moving(database: Database) -> tuple[World, World]:
    """Okta is live, with a rule and somebody it put out; Entra is staged and knows both, and one more."""
    okta = world.live(database)
    bob = okta.create("bob")
    okta.group("Staff", okta.create("ada"), bob)
    okta.rule(group="Staff", team="okta-staff")
    okta.edit(bob, active=False)
    entra = okta.another()
    entra.group("Staff", entra.create("ada"), entra.create("bob"), entra.create("cleo"))
    entra.rule(group="Staff", team="entra-staff")
    return okta, entra


@pytest.mark.parametrize("way", ["activate", "directory"])
def test_a_swap_is_one_plan_that_can_be_looked_at(database: Database, way: str) -> None:
    """The new connection goes live, or its directory does where it was active already; nobody is out in between."""
    okta, entra = _moving(database)
    if way == "directory":
        entra.directory("off")
        entra.activate()
        entra.directory("staging")
    given: dict[str, Any] = {"connection": entra.connection} | ({"directory": "live"} if way == "directory" else {})
    plan = okta.propose(way, **given)
    assert directories(okta)["Okta"] == ("active", "live")
    assert {(c.subject.email, c.target, c.before, c.after) for c in plan.changes} == {
        ("ada@acme.example", "team:okta-staff", "member", None),
        ("ada@acme.example", "team:entra-staff", None, "member"),
        ("bob@acme.example", "status", "suspended", "active"),
        ("bob@acme.example", "team:okta-staff", "member", None),
        ("bob@acme.example", "team:entra-staff", None, "member"),
        ("cleo@acme.example", "status", None, "active"),
        ("cleo@acme.example", "role", None, "member"),
        ("cleo@acme.example", "team:entra-staff", None, "member"),
    }
    assert okta.apply(plan).changes == plan.changes
    assert directories(okta) == {"Okta": ("active", "staging"), "Entra": ("active", "live")}
    assert okta.reconciled()


def test_every_connection_signs_people_in_by_the_new_directory(database: Database) -> None:
    """The old one's rules stand as they are and give nothing; it can be disabled then, and the way back is the same plan."""
    okta, entra = _moving(database)
    entra.activate()
    assert [each.target for each in rule_views.list_(database, okta.organization, okta.connection).items] == ["team:okta-staff"]
    okta.directory("live")
    assert directories(okta) == {"Okta": ("active", "live"), "Entra": ("active", "staging")}
    assert okta.member("bob").causes == ("directory",)
    assert okta.member("cleo").causes == ("directory",)
    with pytest.raises(Conflict) as refusal:
        okta.carry_out("disable", connection=okta.connection)
    assert refusal.value.code == "directory_live"
    entra.directory("live")
    okta.carry_out("disable", connection=okta.connection)
    assert directories(okta)["Okta"] == ("disabled", "staging")


def test_a_paused_directory_is_swapped_out_like_a_live_one(database: Database) -> None:
    """There is at most one of both."""
    okta, entra = _moving(database)
    okta.directory("paused")
    entra.activate()
    assert directories(okta) == {"Okta": ("active", "staging"), "Entra": ("active", "live")}
    assert okta.events("directory.staged")[-1]["before"] == {"directory": "paused"}


def test_a_directory_that_comes_to_people_who_signed_in_suspends_whom_it_does_not_know(database: Database) -> None:
    """The plan lists them: to be linked, or to go. What waited for the rules is theirs now."""
    door = by_claims(database)
    acme = door.world
    acme.invited("old@acme.example", "admin")
    door.come("ada")
    door.come("zoe")
    acme.directory("staging")
    acme.group("Staff", acme.create("ada"))
    acme.rule(group="Staff", team="staff")
    plan = acme.directory("live")
    assert {(c.subject.email, c.target, c.after) for c in plan.changes} == {
        ("ada@acme.example", "team:staff", "member"),
        ("zoe@acme.example", "status", "suspended"),
        ("old@acme.example", "status", "suspended"),
    }
    assert acme.member(OWNER).status == "active"


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_directory_gave_is_kept_as_asked_when_it_leaves(database: Database, keep: bool) -> None:
    """As given by hand, or as it stands until a sign-in says otherwise. Rows given by hand are never lowered."""
    acme = world.live(database)
    ada = acme.create("ada")
    acme.group("Staff", ada)
    acme.rule(group="Staff", team="staff:maintainer")
    acme.rule(everyone=True, role="billing")
    before = {name: (each.role, each.teams) for name, each in acme.members.items()}
    plan = acme.carry_out("directory", connection=acme.connection, directory="off", keep=keep)
    assert plan.changes == ()
    assert {name: (each.role, each.teams) for name, each in acme.members.items()} == before
    source = "manual" if keep else "rule"
    assert acme.sources("ada") == {("role", "billing", source), ("team:staff", "maintainer", source)}
